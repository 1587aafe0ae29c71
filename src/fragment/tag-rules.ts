/**
 * Which fragment a producer's tags belong to (docs/formats/acks.md): those before Info come with the
 * first fragment only, those between Tracks and the first Cluster with every one, those after a Cluster
 * with that one. Tags over the limits are left out and counted; media never suffers for them.
 */
import type { SimpleTag } from "../media/mkv/items.ts";
import type { FragmentLimits } from "./limits.ts";

/** Names the service itself uses; a producer may send only those listed. */
const RESERVED = /^AWS/i;
const ALLOWED = new Set([
  "AWS_KINESISVIDEO_IMAGE_GENERATION",
  "AWS_KINESISVIDEO_IMAGE_PREFIX",
  "AWS_KINESISVIDEO_NOTIFICATION",
]);

export class TagRules {
  readonly #limits: FragmentLimits;
  #first: SimpleTag[] = [];
  #every: SimpleTag[] = [];
  dropped = 0;

  constructor(limits: FragmentLimits) {
    this.#limits = limits;
  }

  /** A new Segment: what was said before it does not hold any more. */
  reset(): void {
    this.#first = [];
    this.#every = [];
  }

  /** `open` are the tags of the fragment they follow, when there is one. */
  add(tags: readonly SimpleTag[], open: SimpleTag[] | undefined, afterTracks: boolean): void {
    const target = open ?? (afterTracks ? this.#every : this.#first);
    for (const tag of tags) {
      if (tag.name === "AWS_KINESISVIDEO_END_OF_FRAGMENT") continue;
      if (this.#keeps(tag) && target.length < this.#limits.maxTags) target.push(tag);
      else this.dropped++;
    }
  }

  /** The tags a fragment starts with. */
  forNextFragment(): SimpleTag[] {
    const tags = [...this.#every, ...this.#first].slice(0, this.#limits.maxTags);
    this.#first = [];
    return tags;
  }

  #keeps({ name, value }: SimpleTag): boolean {
    const bytes = (text: string) => new TextEncoder().encode(text).length;
    if (RESERVED.test(name) && !ALLOWED.has(name)) return false;
    return (
      bytes(name) <= this.#limits.maxTagNameBytes && bytes(value) <= this.#limits.maxTagValueBytes
    );
  }
}
