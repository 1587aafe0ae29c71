/** Sums over fragments and over packs: what clips are sized by. Pure. */
import type { PackTotals, StoredFragment } from "./fragment.ts";

type OfTrack = PackTotals["tracks"][number];

/** Adds up, or takes away; tracks that are left without a fragment are left out. */
export class TotalsCounter {
  #fragments = 0;
  #blocksBytes = 0;
  readonly #tracks = new Map<number, OfTrack>();

  add({ info, blocksSize }: Pick<StoredFragment, "info" | "blocksSize">): void {
    this.#fragments++;
    this.#blocksBytes += blocksSize;
    for (const track of info.totals) this.#track({ ...track, fragments: 1 }, 1);
  }

  addAll({ fragments, blocksBytes, tracks }: PackTotals, sign: 1 | -1 = 1): void {
    this.#fragments += sign * fragments;
    this.#blocksBytes += sign * blocksBytes;
    for (const track of tracks) this.#track(track, sign);
  }

  totals(): PackTotals {
    const tracks = [...this.#tracks.values()].filter(({ fragments }) => fragments > 0);
    return { fragments: this.#fragments, blocksBytes: this.#blocksBytes, tracks };
  }

  #track(more: OfTrack, sign: 1 | -1): void {
    const sum = this.#tracks.get(more.track);
    this.#tracks.set(more.track, {
      track: more.track,
      fragments: (sum?.fragments ?? 0) + sign * more.fragments,
      frames: (sum?.frames ?? 0) + sign * more.frames,
      keyframes: (sum?.keyframes ?? 0) + sign * more.keyframes,
      payloadBytes: (sum?.payloadBytes ?? 0) + sign * more.payloadBytes,
    });
  }
}
