/** Events of `<streambank-producer>`. They bubble out of shadow roots; `detail` is what is written here. */
import type { WebcamEvent, WebcamStats } from "../../../producer-sdk/src/browser/index.ts";
import type { Outcome, PutFrame } from "../../../producer-sdk/src/events.ts";

/** Events by name, with their details. */
export interface StreambankProducerEvents {
  /** It begins to send, to this stream. */
  readonly "streambank-producer-start": { readonly stream: string };
  /** What the connection, the store and the devices say. */
  readonly "streambank-producer-event": WebcamEvent;
  /** Every frame that is put. */
  readonly "streambank-producer-frame": PutFrame;
  /** Something is wrong, in words for the person in front of it; empty when nothing is any more. */
  readonly "streambank-producer-trouble": { readonly message: string };
  /** It has stopped: what became of everything. */
  readonly "streambank-producer-end": { readonly outcome: Outcome; readonly stats: WebcamStats };
}

export function fireProducer<Name extends keyof StreambankProducerEvents>(
  element: HTMLElement,
  name: Name,
  detail: StreambankProducerEvents[Name],
): void {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
