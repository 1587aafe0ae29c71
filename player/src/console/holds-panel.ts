/** Ranges that nothing deletes: who asked, what for, until when; new ones, and their release. */
import { realClock } from "../../../src/base/clock.ts";
import { ask, type Hold, streamPath } from "./api.ts";
import { confirmed } from "./dialog.ts";
import { button, field, h, onSubmit, say, trouble, wordsOf } from "./dom.ts";
import type { Context } from "./page.ts";
import { table } from "./table.ts";
import { fieldMs, localField, wholeTime } from "./times.ts";

const HOUR_MS = 3_600_000;

export function holdsPanel(
  name: string,
  manages: boolean,
  { session, server }: Context,
): HTMLElement {
  const list = h("div", {}, "…");
  const refresh = async () => {
    try {
      const { holds } = await ask<{ holds: readonly Hold[] }>("GET", streamPath(name, "/holds"));
      list.replaceChildren(holdsTable(holds, session.server ? release : undefined));
    } catch (error) {
      list.replaceChildren(h("p.trouble", {}, wordsOf(error)));
    }
  };
  const release = async (hold: Hold) => {
    const done = await confirmed({
      title: "Release this hold?",
      text: `“${hold.why}”, ${wholeTime(hold.from)} to ${wholeTime(hold.to)}. What is too old for the retention is deleted within a minute.`,
      action: "Release it",
      run: () => ask("DELETE", `/v1/holds/${encodeURIComponent(hold.id)}`),
    });
    if (!done) return;
    say("The hold is released.");
    await refresh();
  };
  void refresh();
  const asksWho = server.auth === "off";
  return h(
    "section.panel",
    { id: "holds", "aria-labelledby": "holds-title" },
    h("h2", { id: "holds-title" }, "Holds"),
    h(
      "p.quiet",
      {},
      "A hold keeps a range, whatever the retention says, until it is released or ends.",
    ),
    list,
    manages &&
      h(
        "details",
        {},
        h("summary", {}, "Hold a range…"),
        addForm(name, asksWho, session.id, refresh),
      ),
  );
}

function holdsTable(holds: readonly Hold[], release?: (hold: Hold) => Promise<void>): HTMLElement {
  if (holds.length === 0) return h("p", {}, "Nothing is held.");
  const heads = ["Range", "Why", "Who", "Until", ...(release === undefined ? [] : ["Release"])];
  return table(
    "Holds",
    heads,
    holds.map((hold) => [
      `${wholeTime(hold.from)} to ${wholeTime(hold.to)}`,
      hold.why,
      hold.who.replace(/^user:/, ""),
      hold.untilMs === undefined ? "released" : wholeTime(hold.untilMs),
      ...(release === undefined
        ? []
        : [
            button("Release…", () => void release(hold), {
              class: "plain",
              "aria-label": `Release ${hold.why}`,
            }),
          ]),
    ]),
  );
}

function addForm(
  name: string,
  asksWho: boolean,
  id: string,
  added: () => Promise<void>,
): HTMLFormElement {
  const nowMs = realClock.now();
  const from = timeInput(nowMs - HOUR_MS);
  const to = timeInput(nowMs);
  const until = h("input", { type: "datetime-local", step: 1 });
  const why = h("input", { required: true, maxlength: 500 });
  const who = h("input", { required: true, maxlength: 128, autocomplete: "name" });
  const place = trouble();
  const form = h(
    "form",
    {},
    h("div.pair", {}, field("From", from), field("To", to)),
    field("Why", why, "A case number, a request: whoever releases it will read this."),
    asksWho && field("Your name", who),
    field("Until", until, "Empty: until somebody releases it."),
    place,
    h("p", {}, h("button", { type: "submit" }, "Hold it")),
  );
  onSubmit(form, place, async () => {
    const [fromMs, toMs, untilMs] = [from, to, until].map(({ value }) => fieldMs(value));
    const ends = untilMs === undefined ? {} : { until: untilMs };
    const body = { from: fromMs, to: toMs, why: why.value, who: asksWho ? who.value : id, ...ends };
    await ask("POST", streamPath(name, "/holds"), body);
    say("It is held.");
    why.value = "";
    await added();
  });
  return form;
}

function timeInput(ms: number): HTMLInputElement {
  return h("input", { type: "datetime-local", step: 1, required: true, value: localField(ms) });
}
