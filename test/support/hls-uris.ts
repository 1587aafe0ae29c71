/** URIs that say what they stand for. */
import type { MediaUris } from "../../src/play/hls/segments.ts";

export const mediaUris: MediaUris = {
  init: (trackSetId, rendition) => `init ${trackSetId} ${rendition}`,
  segment: ({ sequence, receivedMs }, rendition) =>
    `segment ${sequence} ${receivedMs} ${rendition}`,
  part: (sequence, index, rendition) => `part ${sequence}.${index} ${rendition}`,
  gap: () => "gap",
};
