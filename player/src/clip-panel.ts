/** Chooses a stretch and saves it: length, size, gaps in it, progress. */
import { type CancelTimer, type Clock, realClock } from "../../src/base/clock.ts";
import type { Api } from "./api.ts";
import { fieldText, momentsOf, readField } from "./civil.ts";
import { fileName, sizeText } from "./file-names.ts";
import { inside } from "./gap-model.ts";
import { part, say } from "./html.ts";
import type { StreambankTimeline } from "./streambank-timeline.ts";
import { lengthText } from "./time-text.ts";
import { rangeAt, type Span } from "./timeline-model.ts";

/** Beyond this the browser's own download is used: the page would hold it all in memory. */
const IN_PAGE_BYTES = 256e6;
const ASK_AFTER_MS = 250;
/** What the panel begins with, ms. */
const DEFAULT_MS = 30_000;

export interface ClipHost {
  readonly api: () => Api;
  readonly stream: () => string;
  readonly zone: () => string | undefined;
  readonly nowMs: () => number;
  readonly positionMs: () => number | undefined;
  readonly clock: Clock;
}

export class ClipPanel {
  readonly #root: ShadowRoot;
  readonly #host: ClipHost;
  readonly #timeline: StreambankTimeline;
  #bytes = 0;
  #cancelAsk: CancelTimer = () => {};
  #saving: AbortController | undefined;

  constructor(root: ShadowRoot, timeline: StreambankTimeline, host: ClipHost) {
    this.#root = root;
    this.#host = host;
    this.#timeline = timeline;
    const button = (name: string) => part(root, name, HTMLButtonElement);
    for (const format of ["mp4", "mkv"] as const)
      button(format).addEventListener("click", () => void this.#save(format));
    button("clip-cancel").addEventListener("click", () => this.#saving?.abort());
    for (const name of ["clip-from", "clip-to"] as const)
      this.#field(name).addEventListener("change", () => this.#typed());
  }

  get open(): boolean {
    return !part(this.#root, "clip", HTMLElement).hidden;
  }

  /** Shows or hides it; with nothing chosen yet, the half minute before the playhead. */
  toggle(): void {
    const panel = part(this.#root, "clip", HTMLElement);
    panel.hidden = !panel.hidden;
    part(this.#root, "export", HTMLElement).setAttribute("aria-expanded", String(!panel.hidden));
    if (panel.hidden) {
      this.#timeline.clip = undefined;
      return;
    }
    const at = this.#host.positionMs() ?? this.#host.nowMs();
    this.set(this.#timeline.clip ?? this.#around(at));
  }

  /** What was recorded in the half minute before; at the start of a recording, what comes after. */
  #around(at: number): Span {
    const range = rangeAt(this.#timeline.ranges, at - 1) ?? { from: at - DEFAULT_MS, to: at };
    const from = Math.max(range.from, at - DEFAULT_MS);
    return at - from > DEFAULT_MS / 6
      ? { from, to: at }
      : { from, to: Math.max(at, Math.min(range.to, from + DEFAULT_MS)) };
  }

  /** One end at the playhead; the other one gives way when it has to. */
  mark(end: "from" | "to"): void {
    const at = this.#host.positionMs();
    if (at === undefined) return;
    if (!this.open) this.toggle();
    const { from, to } = this.#timeline.clip ?? { from: at, to: at };
    if (end === "from") this.set({ from: at, to: to > at ? to : at + DEFAULT_MS });
    else this.set({ from: from < at ? from : at - DEFAULT_MS, to: at });
  }

  set(clip: Span): void {
    if (!this.open) this.toggle();
    this.#timeline.clip = clip;
    const zone = this.#host.zone();
    this.#field("clip-from").value = fieldText(clip.from, zone);
    this.#field("clip-to").value = fieldText(clip.to, zone);
    this.#ask();
  }

  #field(name: string): HTMLInputElement {
    return part(this.#root, name, HTMLInputElement);
  }

  #typed(): void {
    const read = (name: string) => {
      const civil = readField(this.#field(name).value);
      return civil === undefined ? undefined : momentsOf(civil, this.#host.zone())[0];
    };
    const [from, to] = [read("clip-from"), read("clip-to")];
    if (from === undefined || to === undefined || from >= to)
      this.#say("The end is to be after the beginning.");
    else this.set({ from, to });
  }

  /** Asks the server for the size, once nothing has changed for a moment. */
  #ask(): void {
    this.#cancelAsk();
    this.#cancelAsk = this.#host.clock.after(ASK_AFTER_MS, () => void this.#describe());
  }

  async #describe(): Promise<void> {
    const span = this.#timeline.clip;
    if (span === undefined) return;
    try {
      const facts = await this.#host.api().clipFacts(this.#host.stream(), "mp4", span);
      if (this.#timeline.clip !== span) return;
      this.#bytes = facts.bytes;
      const { gaps } = inside(this.#timeline.ranges, span);
      const early = Math.max(0, span.from - facts.from);
      this.#say(
        [
          `${lengthText(span.to - span.from)}, ${sizeText(facts.bytes)}, not encoded again.`,
          early >= 100 ? `Begins ${(early / 1000).toFixed(1)} s earlier, at a key frame.` : "",
          gaps.length === 0
            ? ""
            : `${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"} in it, ${lengthText(gaps.reduce((sum, { from, to }) => sum + to - from, 0))} in all.`,
        ]
          .filter((text) => text !== "")
          .join(" "),
      );
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  async #save(format: "mp4" | "mkv"): Promise<void> {
    const span = this.#timeline.clip;
    if (span === undefined || this.#saving !== undefined) return;
    const { api, stream, zone } = this.#host;
    const name = fileName(stream(), { ms: span.from, ending: format, zone: zone() });
    if (this.#bytes > IN_PAGE_BYTES) {
      download(api().clipUrl(stream(), format, span), name);
      return;
    }
    const saving = new AbortController();
    this.#saving = saving;
    this.#progress(0);
    try {
      const progress = (bytes: number) => this.#progress(bytes / Math.max(1, this.#bytes));
      const blob = await api().clip(stream(), format, { span, progress, signal: saving.signal });
      downloadBlob(blob, name);
      this.#say(`Saved as ${name}, ${sizeText(blob.size)}.`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#say(saving.signal.aborted ? "Cancelled." : `Not saved: ${message}. Try again.`);
    }
    this.#saving = undefined;
    this.#progress(undefined);
  }

  #progress(part01: number | undefined): void {
    const bar = part(this.#root, "clip-progress", HTMLProgressElement);
    bar.hidden = part01 === undefined;
    part(this.#root, "clip-cancel", HTMLButtonElement).hidden = part01 === undefined;
    bar.value = Math.min(1, part01 ?? 0);
  }

  #say(text: string): void {
    say(part(this.#root, "clip-says", HTMLElement), text);
  }
}

/** Has the browser save what is at an address. */
function download(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** Has the browser save bytes. */
export function downloadBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  download(url, name);
  // Some browsers take hold of it only after `click` has returned.
  realClock.after(60_000, () => URL.revokeObjectURL(url));
}
