/** Who is signed in, and their own password. */
import { askForCookie } from "./api.ts";
import { field, h, onSubmit, say, trouble } from "./dom.ts";
import type { Context, Page } from "./page.ts";

/** What the server asks of passwords. */
const SHORTEST = 10;

export function accountPage({ session }: Context): Page {
  const title = "You";
  const name = session.id.replace(/^\w+:/, "");
  const streams = session.streams === "*" ? "all cameras" : session.streams;
  const rights = `You may ${session.actions.join(", ")}: ${streams}${session.server ? ", and the server itself" : ""}.`;
  const isUser = session.id.startsWith("user:");
  const element = h(
    "section.narrow",
    {},
    h("h1", {}, name),
    h(
      "section.panel",
      { "aria-label": "What you may do" },
      h("p", {}, rights),
      isUser ? undefined : h("p.quiet", {}, KEY),
    ),
    isUser && passwordPanel(name),
  );
  return { title, element };
}

const KEY = "You are signed in with a key. An administrator can add a user for you under Access.";

function passwordPanel(name: string): HTMLElement {
  const input = (autocomplete: string, minlength: number) =>
    h("input", { type: "password", required: true, minlength, maxlength: 256, autocomplete });
  const before = input("current-password", 1);
  const next = input("new-password", SHORTEST);
  const again = input("new-password", SHORTEST);
  const place = trouble();
  // Password managers ask for whom it is.
  const user = h("input", {
    autocomplete: "username",
    value: name,
    hidden: true,
    "aria-hidden": "true",
  });
  const form = h(
    "form",
    {},
    user,
    field("Password until now", before),
    field("New password", next, `At least ${SHORTEST} characters.`),
    field("The new one again", again),
    place,
    h("p", {}, h("button", { type: "submit" }, "Change it")),
  );
  onSubmit(form, place, async () => {
    if (next.value !== again.value) throw new Error("the new passwords are not the same");
    await askForCookie("POST", "/v1/password", { password: before.value, newPassword: next.value });
    form.reset();
    say("Your password is changed. Everywhere else you have to sign in again.");
  });
  return h(
    "section.panel",
    { id: "password", "aria-label": "Your password" },
    h("h2", {}, "Your password"),
    form,
  );
}
