/** Tables that can be read on a phone: each cell knows its column's name. Browser only. */
import { h } from "./dom.ts";

export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (string | Node)[])[],
): HTMLElement {
  const head = h(
    "tr",
    {},
    heads.map((text) => h("th", { scope: "col" }, text)),
  );
  const body = rows.map((cells) =>
    h(
      "tr",
      {},
      cells.map((cell, at) => h("td", { "data-name": heads[at] ?? "" }, cell)),
    ),
  );
  return h(
    "table",
    {},
    h("caption.unseen", {}, caption),
    h("thead", {}, head),
    h("tbody", {}, body),
  );
}
