/** Who may do what: keys for programs, users for people. */
import { realClock } from "../../../src/base/clock.ts";
import { ask, type KeyView, type NewKey } from "./api.ts";
import { copyable } from "./copy.ts";
import { confirmed } from "./dialog.ts";
import { button, field, h, onSubmit, say, trouble, wordsOf } from "./dom.ts";
import type { Context, Page } from "./page.ts";
import { table } from "./table.ts";
import { fieldMs, wholeTime } from "./times.ts";
import { usersPanel } from "./users-panel.ts";

export function accessPage({ server, session }: Context): Page {
  const title = "Access";
  const open =
    "This server asks nobody who they are: whoever reaches it may do everything. Start it with --auth on for users and keys.";
  const panels =
    server.auth === "off" ? [h("p.note", {}, open)] : [usersPanel(session), keysPanel()];
  return { title, element: h("section.access", {}, h("h1", {}, title), ...panels) };
}

const RIGHTS = [
  ["produce", "Push", "send media to the streams"],
  ["read", "Read", "watch and download them"],
  ["manage", "Manage", "both, and change and delete them"],
] as const;

function keysPanel(): HTMLElement {
  const list = h("div", {}, "…");
  const refresh = async () => {
    try {
      const { keys } = await ask<{ keys: readonly KeyView[] }>("GET", "/v1/keys");
      list.replaceChildren(keysTable(keys, revoke));
    } catch (error) {
      list.replaceChildren(h("p.trouble", {}, wordsOf(error)));
    }
  };
  const revoke = async ({ id, name }: KeyView) => {
    const done = await confirmed({
      title: `Revoke “${name}”?`,
      text: "Whatever uses it is cut off at once, and cannot come back with it.",
      action: "Revoke it",
      run: () => ask("DELETE", `/v1/keys/${encodeURIComponent(id)}`),
    });
    if (!done) return;
    say(`“${name}” is revoked.`);
    await refresh();
  };
  void refresh();
  return h(
    "section.panel",
    { id: "keys", "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, "Keys"),
    h("p.quiet", {}, "For programs and encoders. A secret is shown once, when its key is made."),
    list,
    h("details", {}, h("summary", {}, "Make a key…"), keyForm(refresh)),
  );
}

function keysTable(keys: readonly KeyView[], revoke: (key: KeyView) => Promise<void>): HTMLElement {
  const heads = ["Name", "Id", "May", "Streams", "Made", "Ends", "Revoke"];
  const nowMs = realClock.now();
  return table(
    "Keys",
    heads,
    keys.map((key) => [
      key.name,
      h("code", {}, key.id),
      key.actions.map((one) => RIGHTS.find(([name]) => name === one)?.[1] ?? one).join(", "),
      key.streams === "*" ? "all" : key.streams,
      wholeTime(key.createdMs),
      endText(key.expiresMs, nowMs),
      button("Revoke…", () => void revoke(key), {
        class: "plain",
        "aria-label": `Revoke ${key.name}`,
      }),
    ]),
  );
}

function endText(expiresMs: number | undefined, nowMs: number): string {
  if (expiresMs === undefined) return "never";
  return expiresMs <= nowMs ? `ended ${wholeTime(expiresMs)}` : wholeTime(expiresMs);
}

function keyForm(made: () => Promise<void>): HTMLElement {
  const name = h("input", { required: true, maxlength: 128 });
  const boxes = RIGHTS.map(([value]) =>
    h("input", { type: "checkbox", value, id: `right-${value}`, checked: value === "produce" }),
  );
  const rights = h(
    "fieldset",
    {},
    h("legend", {}, "It may"),
    RIGHTS.map(([value, label, about], at) =>
      h("div.check", {}, boxes[at], h("label", { for: `right-${value}` }, `${label}: ${about}`)),
    ),
  );
  const streams = h("input", { required: true, maxlength: 256, value: "*", spellcheck: "false" });
  const ends = h("input", { type: "datetime-local", step: 1 });
  const place = trouble();
  const result = h("div.result", { tabindex: "-1", role: "group", "aria-label": "The new key" });
  const form = h(
    "form",
    {},
    field("Name", name, "What it is for: you will know it by this."),
    rights,
    field(
      "Streams",
      streams,
      "A name; * stands for any characters. * alone: all, and with Manage the server.",
    ),
    field("Ends", ends, "Empty: never."),
    place,
    h("p", {}, h("button", { type: "submit" }, "Make the key")),
  );
  onSubmit(form, place, async () => {
    const actions = boxes.filter(({ checked }) => checked).map(({ value }) => value);
    if (actions.length === 0) throw new Error("choose what it may do");
    const endMs = fieldMs(ends.value);
    const expires = endMs === undefined ? {} : { expires: endMs };
    const wish = { name: name.value.trim(), actions, streams: streams.value.trim(), ...expires };
    const key = await ask<NewKey>("POST", "/v1/keys", wish);
    result.replaceChildren(...secretNodes(key));
    form.reset();
    await made();
    result.focus();
  });
  return h("div", {}, form, result);
}

function secretNodes({ name, id, secret, token }: NewKey): Node[] {
  const text = `“${name}” is made. Its secret is shown this once: take it along now.`;
  return [
    h("p.note", {}, text),
    copyable("Token (id and secret)", token),
    copyable("Access key id", id),
    copyable("Secret access key", secret),
  ];
}
