/** Where a camera has no media, and why. */
import { realClock } from "../../../src/base/clock.ts";
import { ask, type Gap, streamPath } from "./api.ts";
import { button, h, wordsOf } from "./dom.ts";
import { CAUSES } from "./gap-words.ts";
import { table } from "./table.ts";
import { wholeTime } from "./times.ts";
import { spanText } from "./words.ts";

const DAY_MS = 86_400_000;
const DAYS = 7;
const MOST = 200;

export function gapsPanel(name: string): HTMLElement {
  const list = h("div", { role: "status" });
  const show = button("Look through the last 7 days", () => void look(), { class: "plain" });
  const look = async () => {
    show.disabled = true;
    try {
      const to = realClock.now();
      const query = `from=${to - DAYS * DAY_MS}&to=${to}&resolution=1000`;
      const path = streamPath(name, `/coverage?${query}`);
      const { gaps } = await ask<{ gaps: readonly Gap[] }>("GET", path);
      list.replaceChildren(...gapNodes(gaps));
    } catch (error) {
      list.replaceChildren(h("p.trouble", {}, wordsOf(error)));
    } finally {
      show.disabled = false;
    }
  };
  return h(
    "section.panel",
    { id: "gaps", "aria-labelledby": "gaps-title" },
    h("h2", { id: "gaps-title" }, "Gaps"),
    h("p.quiet", {}, "Where nothing is recorded between recordings, and why."),
    h("p", {}, show),
    list,
  );
}

function gapNodes(gaps: readonly Gap[]): Node[] {
  if (gaps.length === 0) return [h("p", {}, "No gap of a second or more.")];
  const newest = [...gaps].reverse().slice(0, MOST);
  const more = gaps.length > MOST ? `The newest ${MOST} of ${gaps.length} gaps.` : undefined;
  const rows = newest.map(({ from, to, cause, detail }) => [
    wholeTime(from),
    wholeTime(to),
    spanText(to - from),
    [CAUSES[cause] ?? cause, ...(detail === undefined ? [] : [detail])].join(": "),
  ]);
  const list = table("Gaps", ["From", "To", "Length", "Why"], rows);
  return [...(more === undefined ? [] : [h("p", {}, more)]), list];
}
