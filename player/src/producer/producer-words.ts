/** What the webcam page says, in words a person can act on. Pure. */
import type { WebcamStats } from "../../../producer-sdk/src/browser/webcam.ts";
import type { Outcome } from "../../../producer-sdk/src/events.ts";

/** Why there can be no camera on this page; undefined: there can be. */
export function noCameraHere(
  isSecure: boolean,
  hasDevices: boolean,
  origin: string,
): string | undefined {
  if (!isSecure)
    return (
      `Browsers give cameras only to pages they trust, and ${origin} is not encrypted. ` +
      "Open this page with https:// (put the server behind a proxy with a certificate), " +
      "or as http://localhost on the machine where the server runs."
    );
  return hasDevices ? undefined : "This browser gives pages no cameras.";
}

const DEVICE_WORDS: Readonly<Record<string, string>> = {
  NotAllowedError:
    "The camera was not allowed. Allow it in the browser's address bar, then press Go live again.",
  NotFoundError: "There is no camera and no microphone on this device.",
  NotReadableError: "The camera cannot be read: another program may be using it.",
  OverconstrainedError: "The camera that was chosen is not there any more. Choose another one.",
  AbortError: "The camera could not be started. Try again.",
};

/** Why `getUserMedia` failed, by the name of its error. */
export function deviceTrouble({ name, message }: { name: string; message: string }): string {
  return DEVICE_WORDS[name] ?? `The camera cannot be used: ${message}`;
}

/** What is known of the connection besides the figures. */
export interface Connection {
  /** Reason of the last break; undefined while it is well. */
  readonly lost: string | undefined;
  readonly stopping: boolean;
}

/** One line: what happens now. */
export function stateWords({ producer }: WebcamStats, { lost, stopping }: Connection): string {
  const kept = seconds(producer.waitingUs);
  if (stopping) return "Stopping: waiting until everything is stored…";
  if (!producer.connected)
    return lost === undefined
      ? "Connecting…"
      : `The server is away (${lost}). Keeping ${kept} until it is back.`;
  if (producer.persisted === 0) return "Live. Nothing is stored yet…";
  return "Live, and being stored.";
}

/** What became of everything, when it is over. */
export function endWords({ waiting, kept, refused, dropped }: Outcome): string {
  if (waiting + refused + dropped === 0) return "Stopped. Everything is stored.";
  const said = [
    kept > 0 &&
      `${fragments(kept)} not stored yet: this page keeps what is missing and sends it when you go live again.`,
    waiting > kept && `${fragments(waiting - kept)} not stored, and lost.`,
    dropped > 0 && `${fragments(dropped)} given up, because there was no room to keep more.`,
    refused > 0 && `${fragments(refused)} refused by the server, and lost.`,
  ];
  return ["Stopped.", ...said.filter((words) => words !== false)].join(" ");
}

function fragments(count: number): string {
  return count === 1 ? "1 fragment was" : `${count} fragments were`;
}

/** `1.2 s`. */
export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(1)} s`;
}

/** `640 kbit/s`, `2.4 Mbit/s`. */
export function bits(perSecond: number): string {
  if (perSecond < 1e6) return `${Math.round(perSecond / 1000)} kbit/s`;
  return `${(perSecond / 1e6).toFixed(1)} Mbit/s`;
}
