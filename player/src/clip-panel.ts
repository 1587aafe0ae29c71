/** Chooses a stretch and saves it: length, size, gaps in it, progress. */
import { type CancelTimer, type Clock, realClock } from "../../src/base/clock.ts";
import type { Api } from "./api.ts";
import { fieldText, momentsOf, readField } from "./civil.ts";
import type { Gap, Span } from "./coverage-types.ts";
import { fileName, sizeText } from "./file-names.ts";
import { gapText, inside } from "./gap-model.ts";
import { part, say } from "./html.ts";
import type { StreambankTimeline } from "./streambank-timeline.ts";
import { lengthText, zoneOf } from "./time-text.ts";

/** Beyond this the browser's own download is used: the page would hold it all in memory. */
const IN_PAGE_BYTES = 256e6;
const ASK_AFTER_MS = 250;
/** What is shorter is not called a gap of a clip, ms; more of them than this are only counted. */
const LEAST_GAP_MS = 1000;
const MAX_GAPS = 20;
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
  #doubt = "";
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
    const range = this.#timeline.recorded.at(at - 1) ?? { from: at - DEFAULT_MS, to: at };
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

  /** `doubt`: what is to be said of it besides. */
  set(clip: Span, doubt = ""): void {
    if (!this.open) this.toggle();
    this.#doubt = doubt;
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
    const now = this.#timeline.clip;
    const from = this.#read("clip-from", now?.from);
    const to = this.#read("clip-to", now?.to);
    const doubt = [from.doubt, to.doubt].filter((text) => text !== "").join(" ");
    if (from.ms === undefined || to.ms === undefined) this.#say(doubt);
    else if (from.ms >= to.ms) this.#say("The end is to be after the beginning.");
    else this.set({ from: from.ms, to: to.ms }, doubt);
  }

  /** The moment that a field names. Where clocks show it twice or never, `doubt` says so. */
  #read(name: string, now: number | undefined): { ms?: number; doubt: string } {
    const zone = this.#host.zone();
    const text = this.#field(name).value;
    // Not touched: it stays the one of two that it was.
    if (now !== undefined && text === fieldText(now, zone)) return { ms: now, doubt: "" };
    const civil = readField(text);
    const [first, second] = civil === undefined ? [] : momentsOf(civil, zone);
    const time = text.slice(11, 16);
    if (civil === undefined) return { doubt: "A date and a time are needed." };
    if (first === undefined) return { doubt: `Clocks skip ${time} that day: choose another time.` };
    if (second === undefined) return { ms: first, doubt: "" };
    const doubt = `${time} comes twice that day: taken is the first, ${zoneOf(first, zone)}.`;
    return { ms: first, doubt: `${doubt} The other one is marked on the timeline or by key.` };
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
      const [api, stream] = [this.#host.api(), this.#host.stream()];
      const [facts, { ranges, gaps: told }] = await Promise.all([
        api.clipFacts(stream, "mp4", span),
        // As fine as clips are, whatever the timeline shows.
        api.coverage(stream, { ...span, resolutionMs: LEAST_GAP_MS }),
      ]);
      if (this.#timeline.clip !== span) return;
      this.#bytes = facts.bytes;
      const gaps = inside(ranges, span).gaps.filter(({ from, to }) => to - from >= LEAST_GAP_MS);
      this.#list(gaps, told);
      const early = Math.max(0, span.from - facts.from);
      this.#say(
        [
          this.#doubt,
          `${lengthText(span.to - span.from)}, ${sizeText(facts.bytes)}, not encoded again.`,
          early >= 100 ? `Begins ${(early / 1000).toFixed(1)} s earlier, at a key frame.` : "",
          gapsWords(gaps),
        ]
          .filter((text) => text !== "")
          .join(" "),
      );
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  /** The gaps in it, each with its cause. */
  #list(gaps: readonly Span[], told: readonly Gap[]): void {
    const items = gaps.slice(0, MAX_GAPS).map((gap) => {
      const middle = (gap.from + gap.to) / 2;
      const cause = told.find(({ from, to }) => from <= middle && middle < to)?.cause;
      const known = cause === undefined ? gap : { ...gap, cause };
      const item = document.createElement("li");
      item.textContent = `No recording ${gapText(known, this.#host.zone())}`;
      return item;
    });
    part(this.#root, "clip-gaps", HTMLElement).replaceChildren(...items);
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

function gapsWords(gaps: readonly Span[]): string {
  if (gaps.length === 0) return "";
  const ms = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  return `${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"} in it, ${lengthText(ms)} in all.`;
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
