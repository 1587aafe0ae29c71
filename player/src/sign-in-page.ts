/** Signs in with a name and a password, or with a key, and goes back to the page that asked for it; signs out. */
import { byId } from "./html.ts";

interface Session {
  readonly id: string;
  readonly signedIn: boolean;
}

const trouble = byId("trouble", HTMLElement);
const forms = [byId("person", HTMLFormElement), byId("with-key", HTMLFormElement)] as const;
const [person, withKey] = forms;
const details = document.querySelector("details");

person.addEventListener("submit", (event) => {
  event.preventDefault();
  const { value: name } = byId("name", HTMLInputElement);
  const { value: password } = byId("password", HTMLInputElement);
  signIn({ name, password }).catch(failed);
});

withKey.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn({ key: byId("key", HTMLInputElement).value.trim() }).catch(failed);
});

byId("sign-out", HTMLButtonElement).addEventListener("click", async () => {
  const answer = await fetch("/v1/sign-out", { method: "POST" }).catch(() => undefined);
  if (answer === undefined) say("The server cannot be reached.");
  else location.replace(location.pathname);
});

showWho().catch(failed);

async function signIn(body: object): Promise<void> {
  say("");
  busy(true);
  try {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch("/v1/sign-in", init);
    if (answer.ok) location.replace(next());
    else say(await reason(answer));
  } catch {
    say("The server cannot be reached.");
  } finally {
    busy(false);
  }
}

/** Who is signed in already may go on, or sign out. */
async function showWho(): Promise<void> {
  const answer = await fetch("/v1/session").catch(() => undefined);
  if (answer?.ok !== true) return;
  const { id, signedIn } = (await answer.json()) as Session;
  for (const form of forms) form.hidden = true;
  if (details !== null) details.hidden = true;
  byId("first", HTMLElement).hidden = true;
  byId("who", HTMLElement).textContent = id.replace(/^\w+:/, "");
  byId("onward", HTMLAnchorElement).href = next();
  byId("sign-out", HTMLButtonElement).hidden = !signedIn;
  byId("signed-in", HTMLElement).hidden = false;
}

/** A page of this server, whatever the address says. */
function next(): string {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  const url = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : undefined;
  if (url?.origin !== location.origin) return "/";
  // What stood behind the `#` of the page that sent here stands behind this one's now.
  return url.pathname + url.search + (url.hash === "" ? location.hash : url.hash);
}

async function reason(answer: Response): Promise<string> {
  const body = (await answer.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string };
  };
  const { code, message = `The server answered ${answer.status}.` } = body.error ?? {};
  if (code === "request.no-route")
    return "This server asks for no key: there is nobody to sign in as.";
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

function say(text: string): void {
  trouble.textContent = text;
}

function failed(error: unknown): void {
  say(`That did not work: ${error instanceof Error ? error.message : error}`);
}

function busy(is: boolean): void {
  for (const button of document.querySelectorAll("button")) button.disabled = is;
}
