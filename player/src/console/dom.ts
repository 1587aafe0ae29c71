/** Elements from values: text is always text, never markup. Browser only. */

type Child = Node | string | undefined | false | readonly Child[];

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** `h("a.button", { href }, "Watch")`. Attributes that are `undefined` or `false` are left out; `true` is the bare attribute. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  name: Tag | `${Tag}.${string}`,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const [tag = "div", ...classes] = name.split(".");
  const element = document.createElement(tag as Tag);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? "" : String(value));
  append(element, children);
  return element;
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === false) continue;
    if (typeof child === "string" || child instanceof Node) element.append(child);
    else append(element, child);
  }
}

/** A button of a page, which is no form's: `submit` ones are in the forms. */
export function button(
  label: string,
  run: (event: MouseEvent) => void,
  attributes: Attributes & { readonly class?: string } = {},
): HTMLButtonElement {
  const made = h("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", run);
  return made;
}

let nextId = 0;

/** A label with its field, and below it what it is for. */
export function field(
  label: string,
  input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement,
  hint?: string,
): HTMLElement {
  if (input.id === "") input.id = `field-${nextId++}`;
  const about = hint === undefined ? undefined : h("span.hint", { id: `${input.id}-hint` }, hint);
  if (about !== undefined) input.setAttribute("aria-describedby", about.id);
  return h("div.field", {}, h("label", { for: input.id }, label), input, about);
}

/** What happened, for eyes (at the bottom) and for screen readers. */
export function say(text: string): void {
  const said = document.getElementById("said");
  if (said === null) return;
  // The same words twice are said twice.
  said.textContent = "";
  said.textContent = text;
}

/** A form's own place for what goes wrong with it. */
export function trouble(): HTMLElement & { tell(text: string): void } {
  const element = h("p.trouble", { role: "alert" });
  return Object.assign(element, {
    tell(text: string) {
      element.textContent = text;
    },
  });
}

/** Runs while the form cannot be sent twice; what is thrown is told in its place. */
export function onSubmit(
  form: HTMLFormElement,
  place: { tell(text: string): void },
  run: () => Promise<void>,
): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    place.tell("");
    const buttons = [...form.querySelectorAll("button")];
    for (const one of buttons) one.disabled = true;
    run()
      .catch((error: unknown) => place.tell(wordsOf(error)))
      .finally(() => {
        for (const one of buttons) one.disabled = false;
      });
  });
}

/** An error for people: the server's words, with its code. */
export function wordsOf(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const text = message ?? String(error);
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
  return code === undefined ? sentence : `${sentence} (${code})`;
}
