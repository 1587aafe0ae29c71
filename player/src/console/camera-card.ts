/** One camera on the first page. Made once; what changes is written into it. */

import { realClock } from "../../../src/base/clock.ts";
import { say as write } from "../html.ts";
import type { Session, StreamView } from "./api.ts";
import { h } from "./dom.ts";
import { storageSentence } from "./forecast.ts";
import { stillPicture } from "./still-picture.ts";
import { dayTime } from "./times.ts";
import { bitsText, bytesText, keptText, producerText, stateText, trackText } from "./words.ts";

export interface CameraCard {
  readonly element: HTMLElement;
  update(stream: StreamView): void;
  close(): void;
}

const WIDTH = 480;

export function cameraCard(name: string, session: Session): CameraCard {
  const still = stillPicture(name, WIDTH);
  const state = h("p.state", {});
  const reason = h("p.reason", { hidden: true });
  const facts = h("dl.facts", {});
  const forecast = h("p.hint", {});
  const encoded = encodeURIComponent(name);
  const watch = h(
    "a.button",
    { href: `/watch#${encoded}`, "aria-label": `Watch ${name}` },
    "Watch",
  );
  const label = session.actions.includes("manage") ? "Manage" : "Details";
  const more = { href: `#/stream/${encoded}`, "aria-label": `${label} ${name}` };
  const actions = h("p.actions", {}, watch, h("a.button.plain", more, label));
  const body = h("div.card-body", {}, h("h2", {}, name), state, reason, facts, forecast, actions);
  const element = h("li.card", {}, still.element, body);
  return {
    element,
    close: still.close,
    update(stream) {
      still.update(stream.live);
      const {
        condition,
        text,
        reason: why,
      } = stateText(stream, (ms) => dayTime(ms, realClock.now()));
      write(state, text);
      state.className = `state ${condition}`;
      write(reason, why ?? "");
      reason.hidden = why === undefined;
      showFacts(facts, factsOf(stream));
      const { retentionHours, retentionBytes, rate } = stream;
      write(forecast, storageSentence({ retentionHours, retentionBytes, kbits: rate?.kbits ?? 0 }));
      forecast.hidden = !stream.live;
    },
  };
}

/** What is known of a camera, as names and values. */
export function factsOf(stream: StreamView): [string, string][] {
  const { rate, tracks = [], viewers, bytes, retentionHours } = stream;
  const coming = rate === undefined ? "–" : `${bitsText(rate.kbits)}, ${rate.fps} fps`;
  return [
    ["Coming in", coming],
    ["Sent by", producerText(stream)],
    ...(tracks.length === 0
      ? []
      : [["Coded as", tracks.map(trackText).join(", ")] as [string, string]]),
    ["Stored", `${bytesText(bytes)}, kept ${keptText(retentionHours)}`],
    ["Viewers", String(viewers)],
  ];
}

/** Values that are still the same are not touched: a selection in them stays. */
export function showFacts(list: HTMLElement, facts: readonly (readonly [string, string])[]): void {
  const names = [...list.querySelectorAll("dt")].map(({ textContent }) => textContent);
  if (names.join() !== facts.map(([name]) => name).join())
    list.replaceChildren(...facts.map(([name]) => h("div", {}, h("dt", {}, name), h("dd", {}))));
  for (const [i, dd] of [...list.querySelectorAll("dd")].entries()) write(dd, facts[i]?.[1] ?? "");
}
