/** The page: list of cameras, and the player of the one chosen. The address names it, and the moment: `#camera?t=…Z`. */

import { type CancelTimer, realClock } from "../../src/base/clock.ts";
import { Api, type StreamView } from "./api.ts";
import { byId } from "./html.ts";
import { placeText, readPlace } from "./share-link.ts";
import { StreambankPlayer } from "./streambank.ts";
import { welcome } from "./welcome.ts";

const REFRESH_MS = 3000;

const api = new Api(location.origin);
const list = byId("cameras", HTMLElement);
const notice = byId("notice", HTMLElement);
const stage = byId("stage", HTMLElement);
let player: StreambankPlayer | undefined;
/** The address as this page wrote it last: only other ones are somebody's wish. */
let written = "";
let cancelRefresh: CancelTimer = () => {};

function chosen(): string {
  return readPlace(location.hash).stream;
}

async function refresh(): Promise<void> {
  try {
    const streams = await api.streams();
    show(streams);
  } catch (error) {
    notice.textContent = error instanceof Error ? error.message : String(error);
  }
  cancelRefresh();
  cancelRefresh = realClock.after(REFRESH_MS, () => void refresh());
}

function show(streams: readonly StreamView[]): void {
  notice.textContent = "";
  const names = streams.map(({ name }) => name);
  const first = streams.find(({ live }) => live) ?? streams[0];
  if (!names.includes(chosen()) && first !== undefined)
    history.replaceState(null, "", `#${encodeURIComponent(first.name)}`);
  const links = streams.map(link);
  const focused = list.querySelector<HTMLElement>("a:focus")?.getAttribute("href");
  list.replaceChildren(...links);
  links
    .find((item) => item.querySelector("a")?.getAttribute("href") === focused)
    ?.querySelector("a")
    ?.focus();
  // Streams that were made and have had no picture yet are still to be set up.
  if (streams.some(({ live, bytes }) => live || bytes > 0) || player !== undefined) choose();
  else if (stage.querySelector(".welcome") === null) stage.replaceChildren(welcome(api));
}

function link(stream: StreamView): HTMLElement {
  const item = document.createElement("li");
  const anchor = document.createElement("a");
  anchor.href = `#${encodeURIComponent(stream.name)}`;
  if (stream.name === chosen()) anchor.setAttribute("aria-current", "true");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = stream.name;
  const about = document.createElement("span");
  about.className = stream.live ? "about live" : "about";
  about.textContent = [stream.live ? "live" : "offline", size(stream), stored(stream.bytes)]
    .filter((text) => text !== "")
    .join(" · ");
  anchor.append(name, about);
  item.append(anchor);
  return item;
}

function size(stream: StreamView): string {
  const video = stream.tracks?.find((track) => track.width !== undefined);
  return video === undefined ? "" : `${video.width}×${video.height}`;
}

function stored(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} KB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function choose(): void {
  const { stream, atMs } = readPlace(location.hash);
  if (stream === "") return;
  const isNew = player?.stream !== stream;
  if (player === undefined) {
    player = new StreambankPlayer();
    player.addEventListener("streambank-time", write);
    player.setAttribute("stream", stream);
    stage.replaceChildren(player);
  } else if (isNew) player.setAttribute("stream", stream);
  const wished = location.hash !== written;
  written = location.hash;
  if (atMs !== undefined && wished) player.seek(atMs);
  else if (wished && !isNew) player.live();
}

/** The address follows playback, so that it can be copied, reloaded and kept. */
function write(): void {
  if (player === undefined || player.stream !== chosen()) return;
  const { stream, mode, positionMs } = player;
  const place =
    mode === "live" || positionMs === undefined ? { stream } : { stream, atMs: positionMs };
  written = `#${placeText(place)}`;
  if (location.hash !== written) history.replaceState(null, "", written);
  written = location.hash;
}

addEventListener("hashchange", () => void refresh());
// Keys work wherever the focus is on the page, except in links and fields.
document.addEventListener("keydown", (event) => {
  if (event.target === document.body && player !== undefined)
    player.dispatchEvent(new KeyboardEvent("keydown", event));
  // 1 to 9 choose a camera.
  const nth = list.querySelectorAll("a")[Number(event.key) - 1];
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const [at] = event.composedPath();
  const typing = at instanceof Element && at.closest("input, select, dialog") !== null;
  const free = !typing && (event.target === document.body || event.target === player);
  if (plain && free && nth !== undefined) nth.click();
});
void refresh();
