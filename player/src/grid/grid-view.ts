/** Writes what is the case into the grid's bar: clock, mode, buttons, notices. */
import { type CancelTimer, realClock } from "../../../src/base/clock.ts";
import type { Span } from "../coverage-types.ts";
import { fire } from "../events.ts";
import { gapText } from "../gap-model.ts";
import { part, say } from "../html.ts";
import { icon } from "../icons.ts";
import { dateOf, timeOfDay, zoneOf } from "../time-text.ts";

const NOTICE_MS = 5000;

export interface GridShown {
  readonly mode: "live" | "playback";
  readonly positionMs: number | undefined;
  readonly paused: boolean;
  readonly speed: number;
  readonly zone: string | undefined;
}

export class GridView {
  readonly #root: ShadowRoot;
  readonly #host: HTMLElement;
  #second = 0;
  #cancel: CancelTimer = () => {};

  constructor(root: ShadowRoot, host: HTMLElement) {
    this.#root = root;
    this.#host = host;
  }

  show({ mode, positionMs: at, paused, speed, zone }: GridShown): void {
    if (this.#host.getAttribute("mode") !== mode) this.#host.setAttribute("mode", mode);
    say(this.#part("time"), at === undefined ? "--:--:--" : timeOfDay(at, zone));
    say(this.#part("date"), at === undefined ? "" : `${dateOf(at, zone)} ${zoneOf(at, zone)}`);
    const live = this.#part("live");
    live.setAttribute("aria-pressed", String(mode === "live"));
    say(live, mode === "live" ? "Live" : "Go live");
    const toggle = this.#part("toggle");
    const label = paused ? "Play" : "Pause";
    if (toggle.ariaLabel !== label) {
      toggle.ariaLabel = label;
      toggle.title = `${label} (Space)`;
      toggle.innerHTML = icon(paused ? "play" : "pause");
    }
    const speeds = part(this.#root, "speed", HTMLSelectElement);
    if (speeds.value !== String(speed)) speeds.value = String(speed);
    const second = Math.floor((at ?? 0) / 1000);
    if (at === undefined || second === this.#second) return;
    this.#second = second;
    fire(this.#host, "streambank-time", { ms: at, mode });
  }

  /** Stays until something else is said. */
  notice(text: string): void {
    this.#cancel();
    say(this.#part("notice"), text);
  }

  /** Nothing was recorded by any camera there. */
  skipped(gap: Span, zone: string | undefined): void {
    this.notice(`Skipped: no camera recorded ${gapText(gap, zone)}`);
    this.#cancel = realClock.after(NOTICE_MS, () => this.notice(""));
    fire(this.#host, "streambank-gap", gap);
  }

  #part(name: string): HTMLElement {
    return part(this.#root, name, HTMLElement);
  }
}
