/** Events of the elements. They bubble out of shadow roots; `detail` is what is written here. */
import type { Gap, Span } from "./coverage-types.ts";
import type { PlayerState } from "./states.ts";
import type { View } from "./timeline-model.ts";

/** Times are ms since the Unix epoch on the producer's clock. */
export interface StreambankEvents {
  /** The state in words has changed. */
  readonly "streambank-state": PlayerState;
  /** About once a second: the time of the picture on screen. */
  readonly "streambank-time": { readonly ms: number; readonly mode: "live" | "playback" };
  /** Somebody went into a gap, or playback left one out. */
  readonly "streambank-gap": Gap;
  /** The timeline: a time was chosen. */
  readonly "streambank-seek": number;
  /** The timeline: the playhead is dragged; a seek follows when it is let go. */
  readonly "streambank-scrub": number;
  /** The timeline: another stretch is shown. */
  readonly "streambank-view": View;
  /** The timeline: a stretch was marked for export. */
  readonly "streambank-clip": Span;
  /** The grid: one camera fills it, or all are there again (`undefined`). */
  readonly "streambank-enlarge": { readonly stream: string | undefined };
}

export function fire<Name extends keyof StreambankEvents>(
  element: HTMLElement,
  name: Name,
  detail: StreambankEvents[Name],
): void {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
