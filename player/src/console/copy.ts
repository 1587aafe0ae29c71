/** Values that are to be taken to another program. Browser only. */
import { button, h, say } from "./dom.ts";

/** A value with its name and a button that copies it. */
export function copyable(name: string, value: string): HTMLElement {
  const code = h("code", {}, value);
  const copy = button("Copy", () => void toClipboard(name, value, code), {
    class: "plain",
    "aria-label": `Copy ${name}`,
  });
  return h("div.copyable", {}, h("span.name", {}, name), code, copy);
}

/** Pages over plain HTTP have no clipboard: then the text is selected, for the reader's own copy. */
async function toClipboard(name: string, value: string, shown: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
    say(`Copied: ${name}.`);
  } catch {
    getSelection()?.selectAllChildren(shown);
    say("This browser copies on pages with TLS only. It is selected: press Ctrl and C.");
  }
}
