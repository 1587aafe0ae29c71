/** Tabs as the ARIA authoring practices have them: arrows move, Home and End go to the ends. Browser only. */
import { h } from "./dom.ts";

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly panel: HTMLElement;
}

export function tabs(label: string, all: readonly Tab[]): HTMLElement {
  const heads = all.map(({ id, label: text }) =>
    h(
      "button",
      { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}` },
      text,
    ),
  );
  for (const { id, panel } of all) {
    panel.id = `panel-${id}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${id}`);
  }
  const choose = (at: number) => {
    for (const [i, head] of heads.entries()) {
      head.setAttribute("aria-selected", String(i === at));
      head.tabIndex = i === at ? 0 : -1;
      const panel = all[i]?.panel;
      if (panel !== undefined) panel.hidden = i !== at;
    }
  };
  for (const [at, head] of heads.entries()) {
    head.addEventListener("click", () => choose(at));
    head.addEventListener("keydown", (event) => {
      const { length } = heads;
      const places: Record<string, number> = {
        ...{ ArrowRight: (at + 1) % length, ArrowLeft: (at + length - 1) % length },
        ...{ Home: 0, End: length - 1 },
      };
      const next = places[event.key];
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
      heads[next]?.focus();
    });
  }
  choose(0);
  const list = h("div.tabs", { role: "tablist", "aria-label": label }, heads);
  return h("div", {}, list, ...all.map(({ panel }) => panel));
}
