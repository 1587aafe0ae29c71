/** What the keys do, once for the player and for the list that `?` shows. Pure. */

export type Action =
  | "toggle"
  | "back"
  | "forward"
  | "far-back"
  | "far-forward"
  | "frame-back"
  | "frame-forward"
  | "slower"
  | "faster"
  | "oldest"
  | "live"
  | "next"
  | "previous"
  | "clip-in"
  | "clip-out"
  | "export"
  | "snapshot"
  | "jpeg"
  | "gaps"
  | "full"
  | "mute"
  | "stats"
  | "zoom-in"
  | "zoom-out"
  | "jump"
  | "list"
  | "share"
  | "help";

/** Keys as `KeyboardEvent.key`; `Shift+` in front where the key alone does not tell. */
export const keyList: readonly (readonly [readonly string[], Action, string])[] = [
  [[" ", "k"], "toggle", "play or pause"],
  [["ArrowLeft"], "back", "5 seconds back"],
  [["ArrowRight"], "forward", "5 seconds on"],
  [["Shift+ArrowLeft"], "far-back", "1 minute back"],
  [["Shift+ArrowRight"], "far-forward", "1 minute on"],
  [[","], "frame-back", "one picture back"],
  [["."], "frame-forward", "one picture on"],
  [["<"], "slower", "slower, then backwards"],
  [[">"], "faster", "faster"],
  [["Home"], "oldest", "oldest recording"],
  [["End", "l"], "live", "live"],
  [["n"], "next", "next recording"],
  [["p"], "previous", "previous recording"],
  [["g"], "jump", "go to a date and time"],
  [["r"], "list", "list of recordings"],
  [["+", "="], "zoom-in", "zoom in"],
  [["-"], "zoom-out", "zoom out"],
  [["i"], "clip-in", "clip begins here"],
  [["o"], "clip-out", "clip ends here"],
  [["e"], "export", "export a clip"],
  [["s"], "snapshot", "save the picture (PNG)"],
  [["j"], "jpeg", "save the picture (JPEG)"],
  [["w"], "gaps", "play through gaps in real time, or leave them out"],
  [["c"], "share", "copy a link to this moment"],
  [["f"], "full", "full screen"],
  [["m"], "mute", "sound on or off"],
  [["d"], "stats", "statistics"],
  [["?"], "help", "this list"],
];

export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

export function actionOf(press: KeyPress): Action | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const name = press.shiftKey && key.length > 1 ? `Shift+${key}` : key;
  return keyList.find(([keys]) => keys.includes(name))?.[1];
}

const NAMES: Readonly<Record<string, string>> = { " ": "Space" };

/** For people: `Space`, `Shift ←`, `L`. */
export function keyName(key: string): string {
  const bare = key.replace("Shift+", "");
  const arrow = bare.replace("ArrowLeft", "←").replace("ArrowRight", "→");
  const name = NAMES[bare] ?? (arrow.length === 1 ? arrow.toUpperCase() : arrow);
  return key.startsWith("Shift+") ? `Shift ${name}` : name;
}
