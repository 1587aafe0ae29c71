/**
 * What the player says about itself, always in words. Pure. The one rule above all: a picture that does not
 * move must never be called live.
 */

/** Without a new picture for so long, the player says so. */
export const FROZEN_MS = 2000;
const SLOW = ", slow network: pictures are left out";
/** Farther behind the camera than this it is BEHIND, not LIVE. */
export const BEHIND_MS = 5000;

export interface PlayerFacts {
  readonly mode: "live" | "playback";
  readonly paused: boolean;
  /** The tail socket is open. */
  readonly connected: boolean;
  /** The server said that no producer is connected; since when, ms (0: never seen). */
  readonly offlineSinceMs: number | undefined;
  /** Nothing can be shown; a whole sentence. */
  readonly error: string | undefined;
  /** Since the last new picture, ms; `undefined`: none yet. */
  readonly pictureAgeMs: number | undefined;
  /** Camera to screen, ms; `undefined` until measured. */
  readonly latencyMs: number | undefined;
  /** Playback: the archive has nothing at or after the time that was asked for. */
  readonly nothingRecorded: boolean;
  /** Playback stands in a gap: from when to when and why, in words. */
  readonly gap?: string | undefined;
  /** Pictures are left out, or playback stops again and again. */
  readonly slow?: boolean;
  /** Playback shows key frames alone. */
  readonly byKeyframes?: boolean;
  /** The page was hidden, nothing was loaded meanwhile. */
  readonly returning?: boolean;
}

/** What is shown, and kept in the attribute `state`. */
export type StateName =
  | "LIVE"
  | "BEHIND"
  | "PLAYBACK"
  | "PAUSED"
  | "BUFFERING"
  | "NO RECORDING"
  | "OFFLINE"
  | "ERROR";

/** What the player says of itself. */
export interface PlayerState {
  readonly name: StateName;
  /** What is shown beside the name; may be empty. */
  readonly detail: string;
  /** The picture on screen is not current: grey it. */
  readonly stale: boolean;
}

/** `timeOf` writes a time of day for people. */
export function stateOf(facts: PlayerFacts, timeOf: (ms: number) => string): PlayerState {
  if (facts.error !== undefined) return { name: "ERROR", detail: facts.error, stale: true };
  if (facts.mode === "playback") return playbackState(facts);
  return liveState(facts, timeOf);
}

function playbackState(facts: PlayerFacts): PlayerState {
  const { paused, pictureAgeMs } = facts;
  if (facts.gap !== undefined) return { name: "NO RECORDING", detail: facts.gap, stale: true };
  if (facts.nothingRecorded) return { name: "NO RECORDING", detail: "from here on", stale: true };
  if (pictureAgeMs === undefined) return { name: "BUFFERING", detail: "", stale: true };
  const behind = facts.latencyMs === undefined ? "" : `−${minutes(facts.latencyMs)}`;
  if (paused) return { name: "PAUSED", detail: behind, stale: false };
  if (pictureAgeMs > FROZEN_MS) return frozen(pictureAgeMs, facts.connected);
  const how = facts.byKeyframes ? `${behind === "" ? "" : ", "}keyframes only` : "";
  return { name: "PLAYBACK", detail: `${behind}${how}`, stale: false };
}

function liveState(facts: PlayerFacts, timeOf: (ms: number) => string): PlayerState {
  const { offlineSinceMs, pictureAgeMs, latencyMs } = facts;
  // The last frames may still be on their way to the screen when the camera goes.
  const still = pictureAgeMs === undefined || pictureAgeMs > FROZEN_MS;
  if (offlineSinceMs !== undefined && still) {
    const detail = offlineSinceMs > 0 ? `since ${timeOf(offlineSinceMs)}` : "no camera connected";
    return { name: "OFFLINE", detail, stale: true };
  }
  if (pictureAgeMs === undefined) {
    const detail = facts.connected ? "waiting for the first picture" : "connecting";
    const back = facts.returning ? "coming back, the page was hidden" : detail;
    return { name: "BUFFERING", detail: back, stale: true };
  }
  if (facts.paused) return { name: "PAUSED", detail: "", stale: false };
  if (still) return frozen(pictureAgeMs, facts.connected);
  const slow = facts.slow ? SLOW : "";
  if (latencyMs !== undefined && latencyMs > BEHIND_MS)
    return { name: "BEHIND", detail: `−${minutes(latencyMs)}${slow}`, stale: false };
  const late = latencyMs === undefined ? "" : seconds(latencyMs);
  return { name: "LIVE", detail: `${late}${slow}`, stale: false };
}

function frozen(ageMs: number, connected: boolean): PlayerState {
  const cause = connected ? "" : ", connection lost, connecting again";
  const detail = `no new picture for ${Math.floor(ageMs / 1000)} s${cause}`;
  return { name: "BUFFERING", detail, stale: true };
}

/** `0.2 s`; never negative: clocks of camera and server differ a little. */
function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

/** `mm:ss`, or `h:mm:ss` from an hour on. */
export function minutes(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
