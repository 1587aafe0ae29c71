/** Writes what is the case into the player's parts: state, clock, buttons, notice, statistics. */
import { realClock } from "../../src/base/clock.ts";
import type { Engine } from "./engine.ts";
import { fire } from "./events.ts";
import { part, say } from "./html.ts";
import { icon } from "./icons.ts";
import { type PlayerState, stateOf } from "./states.ts";
import { showStats } from "./stats-list.ts";
import { dateOf, timeOfDay, zoneOf } from "./time-text.ts";
import { knownZone, type ZoneChoice } from "./zones.ts";

const NOTICE_MS = 5000;

export interface Shown {
  readonly engine: Engine;
  readonly video: HTMLVideoElement;
  readonly zone: string | undefined;
  readonly zoneChoice: ZoneChoice;
  /** The playhead stands in a gap: which, in words. */
  readonly gap: string | undefined;
}

export class PlayerView {
  readonly #root: ShadowRoot;
  readonly #host: HTMLElement;
  #state: PlayerState = { name: "BUFFERING", detail: "", stale: true };
  #cancelNotice = () => {};
  #second = 0;
  #bytes = 0;
  #bytesAt = 0;
  #bitsPerSecond = 0;

  constructor(root: ShadowRoot, host: HTMLElement) {
    this.#root = root;
    this.#host = host;
  }

  show(shown: Shown): void {
    const { engine, zone, gap } = shown;
    const state = stateOf({ ...engine.facts, gap }, (ms) => timeOfDay(ms, zone));
    this.#showState(state);
    this.#showClock(engine, zone);
    this.#showControls(shown);
    this.#measure(engine);
    const list = this.#part("stats-list");
    if (!list.hidden) showStats(list, { ...shown, bitsPerSecond: this.#bitsPerSecond });
  }

  /** Says something for a few seconds. */
  notice(text: string): void {
    say(this.#part("notice"), text);
    say(this.#part("spoken"), text);
    this.#cancelNotice();
    this.#cancelNotice = realClock.after(NOTICE_MS, () => say(this.#part("notice"), ""));
  }

  toggleStats(): void {
    const list = this.#part("stats-list");
    list.hidden = !list.hidden;
    this.#part("stats").setAttribute("aria-pressed", String(!list.hidden));
  }

  #part(name: string): HTMLElement {
    return part(this.#root, name, HTMLElement);
  }

  #showState(state: PlayerState): void {
    this.#host.setAttribute("state", state.name);
    this.#host.toggleAttribute("stale", state.stale);
    say(this.#part("name"), state.name);
    say(this.#part("detail"), state.detail);
    const big = state.stale && state.name !== "BUFFERING";
    say(this.#part("message-text"), big ? `${state.name} ${state.detail}` : "");
    this.#part("beside").hidden = state.name !== "NO RECORDING";
    const changed = this.#state.name !== state.name;
    this.#state = state;
    if (!changed) return;
    say(this.#part("spoken"), `${state.name} ${state.detail}`);
    fire(this.#host, "streambank-state", state);
  }

  #showClock(engine: Engine, zone: string | undefined): void {
    const at = engine.positionMs;
    say(this.#part("time"), at === undefined ? "--:--:--" : timeOfDay(at, zone));
    say(this.#part("date"), at === undefined ? "" : `${dateOf(at, zone)} ${zoneName(at, zone)}`);
    const second = Math.floor((at ?? 0) / 1000);
    if (at === undefined || second === this.#second) return;
    this.#second = second;
    fire(this.#host, "streambank-time", { ms: at, mode: engine.mode });
  }

  #showControls({ engine, video, zoneChoice }: Shown): void {
    const toggle = this.#part("toggle");
    const label = engine.paused ? "Play" : "Pause";
    if (toggle.getAttribute("aria-label") !== label) {
      toggle.setAttribute("aria-label", label);
      toggle.title = `${label} (Space)`;
      toggle.innerHTML = icon(engine.paused ? "play" : "pause");
    }
    this.#part("live").setAttribute("aria-pressed", String(engine.mode === "live"));
    const mute = this.#part("mute");
    const sound = video.muted ? "Sound on" : "Sound off";
    if (mute.getAttribute("aria-label") !== sound) {
      mute.setAttribute("aria-label", sound);
      mute.innerHTML = icon(video.muted ? "muted" : "sound");
    }
    const speed = part(this.#root, "speed", HTMLSelectElement);
    if (speed.value !== String(engine.speed)) speed.value = String(engine.speed);
    const zones = part(this.#root, "zone", HTMLSelectElement);
    if (zones.value !== zoneChoice) zones.value = zoneChoice;
    const camera = zones.querySelector<HTMLOptionElement>('option[value="camera"]');
    if (camera !== null)
      camera.hidden = knownZone(this.#host.getAttribute("camera-zone")) === undefined;
  }

  #measure({ stats }: Engine): void {
    const now = realClock.elapsed();
    const passed = now - this.#bytesAt;
    if (passed < 1000) return;
    this.#bitsPerSecond = (Math.max(0, stats.bytes - this.#bytes) * 8000) / passed;
    [this.#bytes, this.#bytesAt] = [stats.bytes, now];
  }
}

/** `Europe/Berlin UTC+01:00`; the name of the viewer's own zone when none is given. */
function zoneName(ms: number, zone: string | undefined): string {
  const name = zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const offset = zoneOf(ms, zone);
  return name === "UTC" ? offset : `${name} ${offset}`;
}
