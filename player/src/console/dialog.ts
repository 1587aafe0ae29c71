/** Questions before something is done that cannot be taken back. The browser's own dialog: it keeps the focus and Escape. */
import { button, h, trouble, wordsOf } from "./dom.ts";

export interface Question {
  readonly title: string;
  readonly text: string;
  /** Of the button that does it. */
  readonly action: string;
  /** What has to be typed first. */
  readonly typed?: string;
  /** Does it. What is thrown is shown, and the dialog stays. */
  run(): Promise<void>;
}

let number = 0;

/** Resolves with whether it was done. */
export function confirmed({ title, text, action, typed, run }: Question): Promise<boolean> {
  const id = `question-${number++}`;
  const place = trouble();
  const input = h("input", { autocomplete: "off", spellcheck: "false", id: `${id}-typed` });
  const act = h("button.danger", { type: "submit", disabled: typed !== undefined }, action);
  input.addEventListener("input", () => {
    act.disabled = input.value !== typed;
  });
  const label = h("label", { for: input.id }, "Type ", h("code", {}, typed ?? ""), " to confirm");
  const form = h(
    "form",
    {},
    h("h2", { id }, title),
    h("p", {}, text),
    typed !== undefined && h("div.field", {}, label, input),
    place,
    h(
      "p.actions",
      {},
      act,
      button("Cancel", () => dialog.close(), { class: "plain" }),
    ),
  );
  const dialog = h("dialog", { "aria-labelledby": id }, form);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let done = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act.disabled = true;
    run()
      .then(() => {
        done = true;
        dialog.close();
      })
      .catch((error: unknown) => {
        act.disabled = false;
        place.tell(wordsOf(error));
      });
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(done);
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}
