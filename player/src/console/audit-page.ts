/** What was done, by whom, newest first: by stream, action and person, as far back as one likes. */
import { type AuditRow, ask } from "./api.ts";
import { auditDetail, auditWords, passesFilter } from "./audit-words.ts";
import { button, field, h, onSubmit, trouble, wordsOf } from "./dom.ts";
import type { Page } from "./page.ts";
import { table } from "./table.ts";
import { wholeTime } from "./times.ts";

/** Rows that are shown at once, and that are asked for at once. */
const SHOWN = 50;
const ASKED = 500;
/** A filter that finds nothing stops here, and says how far it looked. */
const MOST_ASKS = 10;

interface Answer {
  readonly audit: readonly AuditRow[];
  readonly next?: number;
}

export function auditPage(): Page {
  const stream = h("input", { spellcheck: "false", autocomplete: "off" });
  const action = h("input", { spellcheck: "false", autocomplete: "off" });
  const who = h("input", { spellcheck: "false", autocomplete: "off" });
  const place = trouble();
  const said = h("p.quiet", { role: "status" });
  const list = h("div", {});
  const older = button("Older", () => void more().catch(failed), { class: "plain", hidden: true });
  const failed = (error: unknown) => place.tell(wordsOf(error));
  let rows: AuditRow[] = [];
  /** Found and not shown yet. */
  let waiting: AuditRow[] = [];
  let before: number | undefined;
  let looked = 0;

  async function more(): Promise<void> {
    older.disabled = true;
    try {
      let end = looked > 0 && before === undefined;
      for (let asks = 0; waiting.length < SHOWN && !end && asks < MOST_ASKS; asks++) {
        const from = before === undefined ? "" : `&before=${before}`;
        const of =
          stream.value.trim() === "" ? "" : `&stream=${encodeURIComponent(stream.value.trim())}`;
        const answer = await ask<Answer>("GET", `/v1/audit?limit=${ASKED}${from}${of}`);
        looked += answer.audit.length;
        const filter = { action: action.value, who: who.value };
        waiting.push(...answer.audit.filter((row) => passesFilter(row, filter)));
        before = answer.next;
        end = before === undefined;
      }
      rows = [...rows, ...waiting.splice(0, SHOWN)];
      show(end && waiting.length === 0);
    } finally {
      older.disabled = false;
    }
  }

  function show(end: boolean): void {
    older.hidden = end;
    const back = end ? "That is all there is." : "There may be more, further back.";
    said.textContent = `${rows.length} entries, of ${looked} that were looked through. ${back}`;
    list.replaceChildren(rows.length === 0 ? h("p", {}, "Nothing.") : auditTable(rows));
  }

  const form = h(
    "form.filters",
    { "aria-label": "Filter" },
    field("Stream", stream),
    field("What was done", action),
    field("Who", who),
    h("div.field", {}, h("button", { type: "submit" }, "Look")),
  );
  const restart = async () => {
    rows = [];
    waiting = [];
    before = undefined;
    looked = 0;
    await more();
  };
  onSubmit(form, place, restart);
  void restart().catch(failed);
  const body = [form, place, said, list, h("p", {}, older)];
  return { title: "Audit", element: h("section.audit", {}, h("h1", {}, "Audit"), ...body) };
}

function auditTable(rows: readonly AuditRow[]): HTMLElement {
  return table(
    "Audit",
    ["When", "Who", "What", "Stream", "More"],
    rows.map((row) => [
      wholeTime(row.atMs),
      row.who,
      auditWords(row),
      row.stream,
      auditDetail(row, wholeTime),
    ]),
  );
}
