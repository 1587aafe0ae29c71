/** The first page: every camera with its state in words, its newest picture, what comes in and what it takes. */
import { ask, type ServerView, type StreamView } from "./api.ts";
import { type CameraCard, cameraCard } from "./camera-card.ts";
import { h } from "./dom.ts";
import { diskSentence } from "./forecast.ts";
import { type Context, everySoOften, type Page } from "./page.ts";
import { bitsText, bytesText } from "./words.ts";

const REFRESH_MS = 3000;

export function camerasPage({ session, server }: Context): Page {
  const canAdd = session.actions.includes("manage");
  const summary = h("p.summary", {});
  const disk = h("p.hint", {});
  const list = h("ul.cards", {});
  const empty = h("div.empty", { hidden: true }, noCameras(canAdd));
  const add = h("a.button", { href: "#/add" }, "Add a camera");
  const top = h("div.top", {}, h("h1", {}, "Cameras"), canAdd && add);
  const element = h("section.cameras", {}, top, summary, disk, empty, list);
  const cards = new Map<string, CameraCard>();
  let newest = server;
  let round = 0;

  async function refresh(): Promise<void> {
    const { streams } = await ask<{ streams: readonly StreamView[] }>("GET", "/v1/streams");
    // How full the disk is changes slowly.
    if (server.disk !== undefined && round++ % 10 === 0)
      newest = await ask<ServerView>("GET", "/v1/server");
    empty.hidden = streams.length > 0;
    summary.textContent = streams.length === 0 ? "" : summaryText(streams);
    disk.textContent = streams.length === 0 ? "" : diskText(streams, newest);
    show(streams);
  }

  function show(streams: readonly StreamView[]): void {
    const names = new Set(streams.map(({ name }) => name));
    for (const [name, card] of cards)
      if (!names.has(name)) {
        card.close();
        card.element.remove();
        cards.delete(name);
      }
    for (const [at, stream] of streams.entries()) {
      let card = cards.get(stream.name);
      if (card === undefined) {
        card = cameraCard(stream.name, session);
        cards.set(stream.name, card);
      }
      card.update(stream);
      // In its place already: what has the focus is not moved.
      if (list.children[at] !== card.element)
        list.insertBefore(card.element, list.children[at] ?? null);
    }
  }

  const stop = everySoOften(REFRESH_MS, refresh);
  return {
    title: "Cameras",
    element,
    close() {
      stop();
      for (const card of cards.values()) card.close();
    },
  };
}

function noCameras(canAdd: boolean): Node[] {
  const text = canAdd
    ? "No camera yet. Add one: this device's webcam, an IP camera, OBS or another encoder."
    : "There is no camera that you may watch yet.";
  const add = h("a.button", { href: "#/add" }, "Add your first camera");
  return [h("p", {}, text), ...(canAdd ? [h("p", {}, add)] : [])];
}

function summaryText(streams: readonly StreamView[]): string {
  const live = streams.filter((stream) => stream.live).length;
  const kbits = streams.reduce((sum, { rate }) => sum + (rate?.kbits ?? 0), 0);
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0);
  const count = `${streams.length} camera${streams.length === 1 ? "" : "s"}`;
  return `${count}, ${live} live · ${bitsText(kbits)} coming in · ${bytesText(bytes)} stored`;
}

function diskText(streams: readonly StreamView[], { disk }: ServerView): string {
  if (disk === undefined) return "";
  const stopBytes = Math.max(disk.stopBytes, disk.floorBytes);
  const stored = streams.map((stream) => ({ ...stream, kbits: stream.rate?.kbits ?? 0 }));
  return diskSentence(stored, { freeBytes: disk.freeBytes, stopBytes });
}
