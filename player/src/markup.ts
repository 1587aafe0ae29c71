/** Pieces of markup that the player and the grid share. Text only. */
import { type IconName, icon } from "./icons.ts";
import { speedText } from "./speeds.ts";

const MINUTE = 60_000;
const spans: readonly (readonly [string, number])[] = [
  ["1 min", MINUTE],
  ["15 min", 15 * MINUTE],
  ["1 h", 60 * MINUTE],
  ["1 d", 24 * 60 * MINUTE],
  ["30 d", 30 * 24 * 60 * MINUTE],
];

/** A button with a picture. `hint`: what its title says besides. */
export function iconButton(action: string, name: IconName, label: string, hint = ""): string {
  return `<button type="button" part="${action}" data-action="${action}" aria-label="${label}" title="${label}${hint}">${icon(name)}</button>`;
}

/** Buttons for how much of time the timeline shows, up to this, ms. */
export function spanButtons(most = Number.POSITIVE_INFINITY): string {
  return spans
    .filter(([, ms]) => ms <= most)
    .map(([name, ms]) => `<button type="button" data-span="${ms}">${name}</button>`)
    .join("");
}

/** For lists of speeds; 1 × is chosen. */
export function speedOptions(speeds: readonly number[]): string {
  return speeds
    .map(
      (speed) =>
        `<option value="${speed}"${speed === 1 ? " selected" : ""}>${speedText(speed)}</option>`,
    )
    .join("");
}
