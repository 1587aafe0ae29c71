/** What a producer says about images with a fragment (KVS page "Image generation", event metadata of the Producer SDK). Pure. */
import { isObjectKey } from "../../archive/store/object-key.ts";
import type { SimpleTag } from "../../media/mkv/items.ts";

export interface ImageMark {
  /** An image of this fragment is wanted, whatever the sampling interval. */
  readonly wanted: boolean;
  /** Of its images' keys behind the stream's own: "", or with a slash at its end. */
  readonly prefix: string;
}

const MAX_PREFIX = 256;

/** A prefix that is no part of a key is left out: a producer's tag does not stop images. */
export function markOf(tags: readonly SimpleTag[]): ImageMark {
  const wanted = tags.some(({ name }) => name === "AWS_KINESISVIDEO_IMAGE_GENERATION");
  const said = tags.find(({ name }) => name === "AWS_KINESISVIDEO_IMAGE_PREFIX")?.value ?? "";
  const path = said.replace(/^\/+|\/+$/g, "");
  const good = path !== "" && path.length <= MAX_PREFIX && isObjectKey(path);
  return { wanted, prefix: good ? `${path}/` : "" };
}
