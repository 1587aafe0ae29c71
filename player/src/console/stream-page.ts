/** One camera: what it sends, how long it is kept, what is held and missing, where it comes from, and its end. */

import { realClock } from "../../../src/base/clock.ts";
import { say as write } from "../html.ts";
import { ask, type StreamView, streamPath } from "./api.ts";
import { factsOf, showFacts } from "./camera-card.ts";
import { confirmed } from "./dialog.ts";
import { button, h, say } from "./dom.ts";
import { storageSentence } from "./forecast.ts";
import { gapsPanel } from "./gaps-panel.ts";
import { holdsPanel } from "./holds-panel.ts";
import { type Context, everySoOften, mayManage, type Page } from "./page.ts";
import { retentionPanel } from "./retention-panel.ts";
import { sourcePanel } from "./source-panel.ts";
import { stillPicture } from "./still-picture.ts";
import { dayTime } from "./times.ts";
import { bytesText, stateText } from "./words.ts";

const REFRESH_MS = 3000;

export async function streamPage(context: Context): Promise<Page> {
  const { argument: name, session } = context;
  const first = await ask<StreamView>("GET", streamPath(name));
  const manages = mayManage(session, name);
  const retention = retentionPanel(first, manages);
  const source = manages ? sourcePanel(name, session) : undefined;
  const overview = overviewOf(name);
  const element = h(
    "section.stream",
    {},
    h("p.back", {}, h("a", { href: "#/cameras" }, "← All cameras")),
    h("div.top", {}, h("h1", {}, name), h("a.button", { href: watchPath(name) }, "Watch")),
    overview.element,
    h(
      "div.panels",
      {},
      retention.element,
      holdsPanel(name, manages, context),
      source?.element,
      gapsPanel(name),
      manages && endPanel(first),
    ),
  );
  const stop = everySoOften(REFRESH_MS, async () => {
    const stream = await ask<StreamView>("GET", streamPath(name));
    overview.update(stream);
    retention.update(stream);
    source?.update(stream);
  });
  const close = () => {
    stop();
    overview.close();
  };
  return { title: name, element, close };
}

const watchPath = (name: string) => `/watch#${encodeURIComponent(name)}`;

function overviewOf(name: string) {
  const still = stillPicture(name, 640);
  const state = h("p.state", {});
  const reason = h("p.reason", {});
  const facts = h("dl.facts", {});
  const forecast = h("p.hint", {});
  const words = h("div.overview-words", {}, state, reason, facts, forecast);
  return {
    element: h("div.overview.panel", {}, still.element, words),
    close: still.close,
    update(stream: StreamView) {
      still.update(stream.live);
      const { condition, text, reason: why } = stateText(stream, now);
      write(state, text);
      state.className = `state ${condition}`;
      reason.textContent = why ?? "";
      const { firstMs, lastMs, rate, retentionHours, retentionBytes } = stream;
      const span: [string, string][] =
        firstMs === undefined || lastMs === undefined
          ? []
          : [["Recorded", `${now(firstMs)} to ${stream.live ? "now" : now(lastMs)}`]];
      showFacts(facts, [...factsOf(stream), ...span]);
      forecast.textContent = storageSentence({
        ...{ retentionHours, retentionBytes, kbits: rate?.kbits ?? 0 },
      });
    },
  };
}

const now = (ms: number) => dayTime(ms, realClock.now());

function endPanel({ name, bytes }: StreamView): HTMLElement {
  const text = "Deletes the stream with all that is recorded. It cannot be taken back.";
  const remove = button("Delete this stream…", () => void ending(), { class: "danger" });
  const ending = async () => {
    const done = await confirmed({
      title: `Delete ${name}?`,
      text: `All its recordings (${bytesText(bytes)}) go with it, at once and for good. A camera that is connected, a source or a hold keeps it: those have to end first.`,
      action: `Delete ${name}`,
      typed: name,
      run: () => ask("DELETE", streamPath(name)),
    });
    if (!done) return;
    say(`${name} is deleted.`);
    location.hash = "#/cameras";
  };
  return h(
    "section.panel",
    { "aria-labelledby": "end-title" },
    h("h2", { id: "end-title" }, "Delete"),
    h("p.quiet", {}, text),
    h("p", {}, remove),
  );
}
