/** How long a camera's media is kept. What a change would delete is said before it is made. */
import { say as write } from "../html.ts";
import { ask, type Preview, type StreamView, streamPath } from "./api.ts";
import { button, field, h, onSubmit, say, trouble } from "./dom.ts";
import { previewText } from "./preview-text.ts";
import { wholeTime } from "./times.ts";
import { bytesText, keptText } from "./words.ts";

interface Wish {
  readonly retentionHours: number;
  readonly retentionBytes: number;
}

const GB = 1e9;

export interface RetentionPanel {
  readonly element: HTMLElement;
  update(stream: StreamView): void;
}

export function retentionPanel(first: StreamView, manages: boolean): RetentionPanel {
  const { name } = first;
  let newest = first;
  const kept = h("p", {}, keptSentence(first));
  const element = h(
    "section.panel",
    { id: "retention", "aria-labelledby": "retention-title" },
    h("h2", { id: "retention-title" }, "How long it is kept"),
    kept,
    manages &&
      editor(
        first,
        () => newest,
        (changed) => update(changed),
      ),
  );
  const update = (stream: StreamView) => {
    newest = stream;
    write(kept, keptSentence(stream));
  };
  element.dataset.stream = name;
  return { element, update };
}

function keptSentence({ retentionHours, retentionBytes }: Wish): string {
  const size = retentionBytes === 0 ? "" : `, at most ${bytesText(retentionBytes)}`;
  return `Now: ${keptText(retentionHours)}${retentionHours === 0 ? "" : size}.`;
}

function editor(
  first: StreamView,
  newest: () => StreamView,
  changed: (stream: StreamView) => void,
): HTMLElement {
  const days = first.retentionHours % 24 === 0 && first.retentionHours > 0;
  const value = String(days ? first.retentionHours / 24 : first.retentionHours);
  const amount = h("input", {
    type: "number",
    min: 0,
    max: 87_600,
    step: 1,
    required: true,
    value,
  });
  const unit = h("select", { "aria-label": "Unit" }, [
    h("option", { value: "24", selected: days }, "days"),
    h("option", { value: "1", selected: !days }, "hours"),
  ]);
  const bytes = first.retentionBytes;
  const size = h("input", {
    ...{ type: "number", min: 0, max: 9_000_000, step: "any", placeholder: "no limit" },
    value: bytes === 0 ? undefined : bytes / GB,
  });
  const place = trouble();
  const look = h("button.plain", { type: "submit" }, "See what would be deleted");
  const answer = h("div.preview", { role: "status" });
  const form = h(
    "form",
    {},
    h("div.pair", {}, field("Keep for", amount), h("div.field", {}, unit)),
    field("At most, in GB", size, "The oldest goes first when there is more. Empty: no limit."),
    place,
    h("p", {}, look),
    answer,
  );
  form.addEventListener("input", () => answer.replaceChildren());
  onSubmit(form, place, async () => {
    const wish = wishOf(amount.value, unit.value, size.value);
    const { name } = newest();
    const preview = await ask<Preview>("POST", streamPath(name, "/retention/preview"), wish);
    answer.replaceChildren(...previewNodes(preview, () => apply(wish)));
    answer.querySelector("button")?.focus();
  });
  const apply = (wish: Wish) => {
    place.tell("");
    const { name, version } = newest();
    void ask<StreamView>("PATCH", streamPath(name), { ...wish, version })
      .then((stream) => {
        answer.replaceChildren();
        changed(stream);
        say(`${name}: ${keptSentence(stream).replace("Now: ", "kept ")}`);
        look.focus();
      })
      .catch((error: unknown) => place.tell(String((error as Error).message)));
  };
  return form;
}

function wishOf(amount: string, unit: string, size: string): Wish {
  return {
    retentionHours: Math.round(Number(amount) * Number(unit)),
    retentionBytes: size === "" ? 0 : Math.round(Number(size) * GB),
  };
}

function previewNodes(preview: Preview, apply: () => void): Node[] {
  const { packs, bytes } = preview;
  const label = packs === 0 ? "Keep it so" : `Keep it so, and delete ${bytesText(bytes)}`;
  const act = button(label, apply, packs === 0 ? {} : { class: "danger" });
  const lines = previewText(preview, wholeTime).map((text) => h("p", {}, text));
  return [...lines, h("p.actions", {}, act)];
}
