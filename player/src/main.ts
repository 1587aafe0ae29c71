/** The page: list of cameras, and the player of the one chosen. The address names it: `#camera`. */
import { type CancelTimer, realClock } from "../../src/base/clock.ts";
import { Api, type StreamView } from "./api.ts";
import { SbPlayer } from "./sb-player.ts";
import { SbTimeline } from "./sb-timeline.ts";

const REFRESH_MS = 3000;

customElements.define("sb-timeline", SbTimeline);
customElements.define("sb-player", SbPlayer);

const api = new Api(location.origin);
const list = element("cameras");
const notice = element("notice");
const stage = element("stage");
let player: SbPlayer | undefined;
let cancelRefresh: CancelTimer = () => {};

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`bug: the page has no #${id}`);
  return found;
}

function chosen(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
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
  notice.textContent =
    streams.length === 0
      ? "No cameras yet. Push one: streambank put FILE.mkv --stream cam --create"
      : "";
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
  choose();
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
  const name = chosen();
  if (name === "" || player?.getAttribute("stream") === name) return;
  if (player === undefined) {
    player = new SbPlayer();
    player.tabIndex = -1;
    player.setAttribute("stream", name);
    stage.replaceChildren(player);
  } else player.setAttribute("stream", name);
}

addEventListener("hashchange", () => void refresh());
// Keys work wherever the focus is on the page, except in links and fields.
document.addEventListener("keydown", (event) => {
  if (event.target === document.body && player !== undefined)
    player.dispatchEvent(new KeyboardEvent("keydown", event));
});
void refresh();
