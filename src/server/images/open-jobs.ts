/** The automatic images of a server, from its parts. They begin when the server has started. */
import { join } from "node:path";
import type { Archive } from "../../archive/archive.ts";
import type { Parts } from "../parts.ts";
import { ImageGenerator } from "./generator.ts";
import { ImageFiles } from "./image-files.ts";

type Needed = Pick<
  Parts,
  "clock" | "log" | "config" | "reader" | "images" | "events" | "metrics" | "nodes"
>;

/** Where images are on their way, below the folder of the store. */
const FOLDER = "images-tmp";
/** Where there is one node, any name will do. */
const ONE_NODE = "local";

export async function openImageJobs(parts: Needed, archive: Archive): Promise<ImageGenerator> {
  const { config, clock, log, reader, images, events, metrics, nodes } = parts;
  const { sharedDir, dataDir, store, s3Bucket } = config;
  const node = nodes?.id ?? ONE_NODE;
  const files = new ImageFiles(archive.store, join(sharedDir ?? dataDir, FOLDER, node));
  await files.open();
  return new ImageGenerator({
    ...{ clock, log, reader, images, files, node, index: archive.index, events: events.source },
    streams: () => archive.list(),
    own: { bucket: store === "s3" ? s3Bucket : undefined },
    counted: (result) => metrics.add("images", 1, { result }),
  });
}
