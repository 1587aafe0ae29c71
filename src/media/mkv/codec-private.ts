/** CodecPrivate put into a Tracks element that came without it; all else in it stays byte for byte. */
import { element, join } from "./out.ts";
import { type Child, children, inside, uint } from "./values.ts";

/**
 * The Tracks element with these CodecPrivates, by track number, in place of its own. Its checksums, which would not
 * match any more, are left out. Throws `mkv.*` when the bytes are not a Tracks element.
 */
export function withCodecPrivate(
  tracksElement: Uint8Array,
  configs: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const [tracks] = children(tracksElement, 0);
  if (tracks === undefined || configs.size === 0) return tracksElement;
  const parts = inside(tracks).map((child) => {
    const config = child.name === "TrackEntry" ? configs.get(numberOf(child)) : undefined;
    return config === undefined ? kept(tracks, child) : configured(child, config);
  });
  return element("Tracks", parts);
}

function numberOf(entry: Child): number {
  const found = inside(entry).find(({ name }) => name === "TrackNumber");
  return found === undefined ? 0 : uint(found);
}

function configured(entry: Child, config: Uint8Array): Uint8Array {
  const others = inside(entry).filter(({ name }) => name !== "CodecPrivate");
  const parts = others.map((child) => kept(entry, child));
  return element("TrackEntry", [...parts, element("CodecPrivate", config)]);
}

/** The child as it is, header included; nothing of a checksum. */
function kept({ payload }: Child, child: Child): Uint8Array {
  if (child.name === "CRC32") return join([]);
  return payload.subarray(child.start, child.payloadStart + child.payload.length);
}
