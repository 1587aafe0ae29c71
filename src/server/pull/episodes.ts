/**
 * A camera's frames in episodes: one ends when the camera stays away. A short break is no end, so that viewers and
 * the fragment that is open go on; after a longer one all is made durable and the stream is not live any more.
 */
import type { SourceItem } from "../../../producer-sdk/src/node/source.ts";

/** So many failures in a row are the end of an episode. */
const FAILURES = 2;

export class Episodes {
  readonly #open: () => AsyncGenerator<SourceItem>;
  #items: AsyncGenerator<SourceItem> | undefined;
  #outage: string | undefined;

  constructor(open: () => AsyncGenerator<SourceItem>) {
    this.#open = open;
  }

  /** Why the last episode ended, until a frame or other news comes. */
  get outage(): string | undefined {
    return this.#outage;
  }

  /** The next one. What ends without an outage, or is left, has ended the camera's process, too. */
  async *next(): AsyncGenerator<SourceItem> {
    this.#items ??= this.#open();
    const items = this.#items;
    let goesOn = false;
    try {
      const tally = new Tally();
      for (let item = await items.next(); !item.done; item = await items.next()) {
        goesOn = tally.isOver(item.value);
        this.#outage = outageAfter(item.value, goesOn, this.#outage);
        if (goesOn) return;
        yield item.value;
      }
    } finally {
      if (!goesOn) {
        this.#items = undefined;
        this.#outage = undefined;
        await items.return(undefined);
      }
    }
  }
}

function outageAfter(item: SourceItem, isOver: boolean, before: string | undefined) {
  // As a camera says it of a short break.
  if (item.kind === "trouble" && isOver)
    return `${item.reason}; next try in ${(item.retryMs / 1000).toFixed(1)} s`;
  return item.kind === "tracks" ? before : undefined;
}

/** Failures in a row, once there was a frame. */
class Tally {
  #hasFrames = false;
  #failures = 0;

  isOver({ kind }: SourceItem): boolean {
    if (kind === "frame") {
      this.#hasFrames = true;
      this.#failures = 0;
    } else if (kind === "trouble") this.#failures++;
    return this.#hasFrames && this.#failures >= FAILURES;
  }
}
