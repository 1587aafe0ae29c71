/** The console: which page the address names, who is signed in, and what they are shown. */
import { byId } from "../html.ts";
import { readPlace } from "../share-link.ts";
import { ask, type ServerView, type Session } from "./api.ts";
import { button, h, say, wordsOf } from "./dom.ts";
import type { Context, Page } from "./page.ts";

interface Entry {
  readonly label: string;
  /** Only for those who manage the server; only for those who manage any stream. */
  readonly server?: boolean;
  readonly manage?: boolean;
  /** Not in the navigation. */
  readonly hidden?: boolean;
  make(context: Context): Page | Promise<Page>;
}

const PAGES: Readonly<Record<string, Entry>> = {
  cameras: {
    label: "Cameras",
    make: async (context) => (await import("./cameras-page.ts")).camerasPage(context),
  },
  add: {
    ...{ label: "Add a camera", hidden: true, manage: true },
    make: async (context) => (await import("./add-page.ts")).addPage(context),
  },
  stream: {
    ...{ label: "Camera", hidden: true },
    make: async (context) => (await import("./stream-page.ts")).streamPage(context),
  },
  access: {
    ...{ label: "Access", server: true },
    make: async (context) => (await import("./access-page.ts")).accessPage(context),
  },
  you: {
    ...{ label: "You", hidden: true },
    make: async (context) => (await import("./account-page.ts")).accountPage(context),
  },
  audit: {
    ...{ label: "Audit", server: true },
    make: async () => (await import("./audit-page.ts")).auditPage(),
  },
  system: {
    ...{ label: "System", server: true },
    make: async (context) => (await import("./system-page.ts")).systemPage(context),
  },
};

const main = byId("main", HTMLElement);
let current: Page | undefined;
let turn = 0;

async function start(): Promise<void> {
  // The player was at `/` before: addresses that were kept still lead to it.
  if (location.hash !== "" && !location.hash.startsWith("#/") && location.hash !== "#main") {
    if (readPlace(location.hash).stream !== "") return location.replace(`/watch${location.hash}`);
  }
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  const [session, server] = await Promise.all([
    ask<Session>("GET", "/v1/session"),
    ask<ServerView>("GET", "/v1/server"),
  ]);
  showNavigation(session, server);
  addEventListener("hashchange", () => void go(session, server, true));
  await go(session, server, false);
}

function shown(session: Session): [string, Entry][] {
  const manages = session.actions.includes("manage");
  return Object.entries(PAGES).filter(
    ([, { server = false, manage = false }]) => (session.server || !server) && (manages || !manage),
  );
}

function showNavigation(session: Session, server: ServerView): void {
  const links = shown(session)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, { label }]) => h("li", {}, h("a", { href: `#/${name}` }, label)));
  const watch = h("li", {}, h("a", { href: "/watch" }, "Watch"));
  const grid = h("li", {}, h("a", { href: "/player/grid.html" }, "Side by side"));
  const [first, ...rest] = links;
  byId("pages", HTMLElement).replaceChildren(
    ...(first === undefined ? [] : [first]),
    watch,
    grid,
    ...rest,
  );
  const who = byId("who", HTMLElement);
  if (server.auth === "off") {
    who.replaceChildren(h("a", { href: "#/access" }, "No sign-in: open to everybody"));
    return;
  }
  const name = session.id.replace(/^\w+:/, "");
  const out = button("Sign out", () => void signOut());
  who.replaceChildren(
    h("span", {}, h("span.wide", {}, "Signed in as "), h("a", { href: "#/you" }, name)),
    ...(session.signedIn ? [out] : []),
  );
}

async function signOut(): Promise<void> {
  try {
    // What it would ask for next would be refused, and lead back here.
    current?.close?.();
    await ask("POST", "/v1/sign-out");
    location.assign("/player/sign-in.html");
  } catch (error) {
    say(wordsOf(error));
  }
}

/** `moved`: by a link of the page, so the focus goes with it. */
async function go(session: Session, server: ServerView, moved: boolean): Promise<void> {
  const mine = ++turn;
  const [, name = "cameras", argument = ""] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  const entry = shown(session).find(([key]) => key === name)?.[1];
  let page: Page;
  try {
    const context = { session, server, argument: decode(argument) };
    page = entry === undefined ? nowhere() : await entry.make(context);
  } catch (error) {
    page = { title: "Error", element: h("p.trouble", { role: "alert" }, wordsOf(error)) };
  }
  if (mine !== turn) return page.close?.();
  current?.close?.();
  current = page;
  for (const link of document.querySelectorAll("#pages a")) {
    const isHere = link.getAttribute("href") === `#/${name}`;
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${page.title} · Streambank`;
  main.replaceChildren(page.element);
  if (!moved) return;
  scrollTo(0, 0);
  const heading = main.querySelector<HTMLElement>("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function nowhere(): Page {
  const text = "There is no such page, or it is for those who manage the server.";
  const back = h("p", {}, h("a", { href: "#/cameras" }, "To the cameras"));
  return {
    title: "No such page",
    element: h("section", {}, h("h1", {}, "No such page"), h("p", {}, text), back),
  };
}

start().catch((error) => {
  main.replaceChildren(h("p.trouble", { role: "alert" }, wordsOf(error)));
});
