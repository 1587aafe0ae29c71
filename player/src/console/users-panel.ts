/** People who sign in: their roles, passwords and streams. */
import { ask, type Session, type UserView } from "./api.ts";
import { confirmed } from "./dialog.ts";
import { button, field, h, onSubmit, say, trouble, wordsOf } from "./dom.ts";
import { table } from "./table.ts";
import { wholeTime } from "./times.ts";

const ROLES = [
  ["viewer", "Viewer: watches and downloads"],
  ["operator", "Operator: also records, changes and deletes"],
  ["admin", "Administrator: also users, keys and the server"],
] as const;

/** What the server asks of passwords. */
const SHORTEST = 10;

export function usersPanel(session: Session): HTMLElement {
  const list = h("div", {}, "…");
  const edit = h("div", {});
  const refresh = async () => {
    try {
      const { users } = await ask<{ users: readonly UserView[] }>("GET", "/v1/users");
      list.replaceChildren(usersTable(users, { change, remove }));
    } catch (error) {
      list.replaceChildren(h("p.trouble", {}, wordsOf(error)));
    }
  };
  const remove = async ({ name }: UserView) => {
    const done = await confirmed({
      title: `Remove ${name}?`,
      text: "They are signed out at once everywhere.",
      action: `Remove ${name}`,
      run: () => ask("DELETE", `/v1/users/${encodeURIComponent(name)}`),
    });
    if (!done) return;
    say(`${name} is removed.`);
    await refresh();
  };
  const change = (user: UserView) => {
    const form = changeForm(user, session.id === `user:${user.name}`, async () => {
      edit.replaceChildren();
      say(`${user.name} is changed, and has to sign in again.`);
      await refresh();
    });
    edit.replaceChildren(form);
    form.querySelector("select")?.focus();
  };
  void refresh();
  return h(
    "section.panel",
    { id: "users", "aria-labelledby": "users-title" },
    h("h2", { id: "users-title" }, "Users"),
    h("p.quiet", {}, "People who sign in on this page."),
    list,
    edit,
    h("details", {}, h("summary", {}, "Add a user…"), newForm(refresh)),
  );
}

interface Acts {
  change(user: UserView): void;
  remove(user: UserView): Promise<void>;
}

function usersTable(users: readonly UserView[], { change, remove }: Acts): HTMLElement {
  if (users.length === 0)
    return h("p", {}, "No user yet: everybody signs in with a key. Add one for each person.");
  return table(
    "Users",
    ["Name", "Role", "Streams", "Changed", "Do"],
    users.map((user) => [
      user.name,
      user.role,
      user.streams === "*" ? "all" : user.streams,
      wholeTime(user.changedMs),
      h("span.actions", {}, [
        button("Change…", () => change(user), {
          class: "plain",
          "aria-label": `Change ${user.name}`,
        }),
        button("Remove…", () => void remove(user), {
          class: "plain",
          "aria-label": `Remove ${user.name}`,
        }),
      ]),
    ]),
  );
}

function roleSelect(chosen: string): HTMLSelectElement {
  const options = ROLES.map(([value, text]) =>
    h("option", { value, selected: value === chosen }, text),
  );
  return h("select", {}, options);
}

const streamsInput = (value: string) =>
  h("input", { required: true, maxlength: 256, value, spellcheck: "false" });

const passwordInput = (required: boolean) =>
  h("input", {
    ...{ type: "password", minlength: SHORTEST, maxlength: 256, required },
    autocomplete: "new-password",
  });

const STREAMS_HINT = "A name; * stands for any characters.";

function newForm(made: () => Promise<void>): HTMLFormElement {
  const name = h("input", {
    ...{ required: true, pattern: "[A-Za-z0-9_.@\\-]{1,64}", autocomplete: "off" },
    ...{ spellcheck: "false", title: "1 to 64 letters, digits, and _ . @ -" },
  });
  const [role, streams, password] = [roleSelect("viewer"), streamsInput("*"), passwordInput(true)];
  const place = trouble();
  const form = h(
    "form",
    {},
    field("Name", name),
    field("Role", role),
    field("Streams", streams, STREAMS_HINT),
    field("Password", password, `At least ${SHORTEST} characters. Tell it to them in person.`),
    place,
    h("p", {}, h("button", { type: "submit" }, "Add the user")),
  );
  onSubmit(form, place, async () => {
    const body = { name: name.value, role: role.value, streams: streams.value.trim() };
    await ask("POST", "/v1/users", { ...body, password: password.value });
    say(`${body.name} may sign in now.`);
    form.reset();
    await made();
  });
  return form;
}

function changeForm(user: UserView, isOwn: boolean, done: () => Promise<void>): HTMLFormElement {
  const [role, streams] = [roleSelect(user.role), streamsInput(user.streams)];
  const password = passwordInput(false);
  const place = trouble();
  const form = h(
    "form.panel",
    { "aria-label": `Change ${user.name}` },
    h("h3", {}, `Change ${user.name}`),
    isOwn && h("p.note", {}, "This is you: you have to sign in again after it."),
    field("Role", role),
    field("Streams", streams, STREAMS_HINT),
    field("New password", password, "Empty: it stays."),
    place,
    h("p.actions", {}, h("button", { type: "submit" }, "Change"), cancel()),
  );
  function cancel(): HTMLButtonElement {
    return button("Cancel", () => form.remove(), { class: "plain" });
  }
  onSubmit(form, place, async () => {
    const secret = password.value === "" ? {} : { password: password.value };
    const body = { role: role.value, streams: streams.value.trim(), ...secret };
    await ask("PATCH", `/v1/users/${encodeURIComponent(user.name)}`, body);
    await done();
  });
  return form;
}
