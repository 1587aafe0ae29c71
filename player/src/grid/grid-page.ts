/** The page with cameras side by side. The address names them and the moment: `#front-door,garden?tiles=4&t=…Z`; without names: all. */

import { type CancelTimer, realClock } from "../../../src/base/clock.ts";
import { Api } from "../api.ts";
import { byId } from "../html.ts";
import { gridPlaceText, readGridPlace } from "./grid-place.ts";
import { StreambankGrid } from "./index.ts";

const REFRESH_MS = 5000;

const api = new Api(location.origin);
const list = byId("cameras", HTMLElement);
const notice = byId("notice", HTMLElement);
const stage = byId("stage", HTMLElement);
let grid: StreambankGrid | undefined;
let known: readonly string[] = [];
/** The address as this page wrote it last: only other ones are somebody's wish. */
let written = "";
let cancelRefresh: CancelTimer = () => {};

async function refresh(): Promise<void> {
  try {
    const streams = await api.streams();
    notice.textContent = "";
    const names = streams.map(({ name }) => name);
    if (names.join(" ") !== known.join(" ")) {
      known = names;
      showList();
    }
    showGrid();
  } catch (error) {
    notice.textContent = error instanceof Error ? error.message : String(error);
  }
  cancelRefresh();
  cancelRefresh = realClock.after(REFRESH_MS, () => void refresh());
}

/** Those of the address that there are; all, when it names none. */
function chosen(): readonly string[] {
  const { streams } = readGridPlace(location.hash);
  const found = streams.filter((name) => known.includes(name));
  return found.length === 0 ? known : found;
}

function showList(): void {
  const on = chosen();
  const items = known.map((name) => {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name, checked: on.includes(name) });
    const text = document.createElement("span");
    text.className = "name";
    text.textContent = name;
    label.append(box, text);
    item.append(label);
    return item;
  });
  list.replaceChildren(...items);
}

function showGrid(): void {
  const streams = chosen().join(" ");
  const { tiles, atMs } = readGridPlace(location.hash);
  const isNew = grid === undefined;
  grid ??= new StreambankGrid();
  if (grid.getAttribute("streams") !== streams) grid.setAttribute("streams", streams);
  const wished = location.hash !== written;
  written = location.hash;
  if (isNew) {
    grid.tabIndex = -1;
    grid.setAttribute("tiles", String(tiles ?? fitting(chosen().length)));
    grid.addEventListener("streambank-time", write);
    stage.replaceChildren(grid);
  } else if (wished && tiles !== undefined) grid.setAttribute("tiles", String(tiles));
  if (wished && atMs !== undefined) grid.seek(atMs);
  else if (wished && !isNew) grid.live();
}

/** So many at once that all are in view, up to nine: more are for large screens. */
function fitting(count: number): number {
  if (count <= 1) return 1;
  return count <= 4 ? 4 : 9;
}

/** The address follows playback, so that it can be copied, reloaded and kept. */
function write(): void {
  if (grid === undefined) return;
  const isAll = chosen().join(" ") === known.join(" ");
  const { mode, positionMs, tiles } = grid;
  written = `#${gridPlaceText({
    streams: isAll ? [] : chosen(),
    tiles,
    ...(mode === "live" || positionMs === undefined ? {} : { atMs: positionMs }),
  })}`;
  if (location.hash !== written) history.replaceState(null, "", written);
  written = location.hash;
}

list.addEventListener("change", () => {
  const boxes = [...list.querySelectorAll<HTMLInputElement>("input")];
  const on = boxes.filter(({ checked }) => checked).map(({ name }) => name);
  const { tiles, atMs } = readGridPlace(location.hash);
  written = `#${gridPlaceText({
    streams: on,
    ...(tiles === undefined ? {} : { tiles }),
    ...(atMs === undefined ? {} : { atMs }),
  })}`;
  history.replaceState(null, "", written);
  written = location.hash;
  showGrid();
});
addEventListener("hashchange", () => {
  showList();
  void refresh();
});
// Keys work wherever the focus is on the page, except in links and fields.
document.addEventListener("keydown", (event) => {
  if (event.target === document.body) grid?.dispatchEvent(new KeyboardEvent("keydown", event));
});
void refresh();
