/** The field for a stream's name, with the server's own rule for it. Browser only. */
import { h } from "./dom.ts";

export function nameInput(value: string): HTMLInputElement {
  return h("input", {
    ...{ required: true, maxlength: 256, value, autocomplete: "off", spellcheck: "false" },
    pattern: "[A-Za-z0-9_.\\-]*[A-Za-z0-9_\\-][A-Za-z0-9_.\\-]*",
    title: "Letters, digits, and - _ .",
  });
}
