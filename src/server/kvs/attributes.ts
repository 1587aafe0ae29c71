/** What KVS knows of a stream and nobody else does: kept with the stream. */
import { Fault } from "../../base/errors.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { KvsContext } from "./context.ts";
import { KvsFault } from "./errors.ts";
import type { KvsAttributes } from "./inputs.ts";

const MAX_TAGS = 50;
/** Others change the stream at the same time: tried again so often. */
const ATTEMPTS = 5;

export function kvsOf({ attributes }: StreamInfo): KvsAttributes {
  return (attributes?.kvs ?? {}) as KvsAttributes;
}

/** As they are kept, beside those of others. */
export function withKvs({ attributes }: Partial<StreamInfo>, kvs: KvsAttributes) {
  const { kvs: _, ...others } = attributes ?? {};
  return Object.keys(kvs).length === 0 ? others : { ...others, kvs };
}

/** `change` is asked again when somebody else changed the stream meanwhile. */
export async function changeKvs(
  { parts, principal, stream }: KvsContext & { readonly stream: StreamInfo },
  change: (kvs: KvsAttributes) => KvsAttributes,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const info = await parts.archive.get(stream.name);
    const attributes = withKvs(info, change(kvsOf(info)));
    try {
      const { version } = info;
      await parts.retention.change(stream.name, { attributes, version, who: principal.id });
      return;
    } catch (error) {
      const other = error instanceof Fault && error.code === "stream.version-mismatch";
      if (!other || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Throws `TagsPerResourceExceededLimitException`. */
export function addTags(kvs: KvsAttributes, tags: Readonly<Record<string, string>>): KvsAttributes {
  const all = { ...kvs.tags, ...tags };
  if (Object.keys(all).length > MAX_TAGS)
    throw new KvsFault(
      "TagsPerResourceExceededLimitException",
      `a stream may have ${MAX_TAGS} tags`,
    );
  return { ...kvs, tags: all };
}

export function removeTags(kvs: KvsAttributes, keys: readonly string[]): KvsAttributes {
  const left = Object.entries(kvs.tags ?? {}).filter(([key]) => !keys.includes(key));
  const { tags: _, ...rest } = kvs;
  return left.length === 0 ? rest : { ...rest, tags: Object.fromEntries(left) };
}
