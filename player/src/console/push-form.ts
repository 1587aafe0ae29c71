/** A form that makes a stream, and a key that may push to it and do nothing else. */
import { ApiError, ask, type NewKey, type Session, streamPath } from "./api.ts";
import { field, h, onSubmit, trouble } from "./dom.ts";
import type { Context } from "./page.ts";
import type { PushTarget } from "./push-lines.ts";
import { nameInput } from "./stream-name.ts";

/** `show`: what is shown when they are made. */
export function pushForm(
  { session, server }: Context,
  show: (target: PushTarget) => readonly Node[],
): HTMLElement {
  const name = nameInput("camera");
  const place = trouble();
  const submit = h("button", { type: "submit" }, "Make its address");
  const form = h("form", {}, field("Name for it", name, NAME_HINT), place, h("p", {}, submit));
  const result = h("div.result", { tabindex: "-1", role: "group", "aria-label": "What to enter" });
  onSubmit(form, place, async () => {
    const stream = name.value.trim();
    await makeStream(stream);
    const asked = server.auth === "on" && session.server;
    const made = asked ? await makeKey(stream) : undefined;
    const { rtmpUrl } = await ask<{ rtmpUrl: string }>("GET", streamPath(stream, "/endpoint"));
    const key = made?.token ?? (server.pushKey ? "YOUR_KEY" : undefined);
    const { hostname: host, origin } = location;
    const target = { stream, host, origin, rtmpUrl, ...(key === undefined ? {} : { token: key }) };
    result.replaceChildren(...notes(server.auth, session, made), ...show(target));
    result.focus();
  });
  return h("div", {}, form, result);
}

const NAME_HINT = "Letters, digits, and - _ . It is also its address.";

function notes(auth: "on" | "off", session: Session, made: NewKey | undefined): Node[] {
  if (made !== undefined) {
    const text =
      "Its key may push to this stream and do nothing else. It is shown this once: take it along now. It can be taken back under Access.";
    return [h("p.note", {}, text)];
  }
  if (auth === "off") return [];
  if (session.server) return [];
  return [
    h("p.note", {}, "Ask an administrator for a key that may push, and put it where YOUR_KEY is."),
  ];
}

/** There is one already: as wanted. */
export async function makeStream(name: string): Promise<void> {
  await ask("POST", "/v1/streams", { name }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.code === "stream.exists")) throw error;
  });
}

function makeKey(stream: string): Promise<NewKey> {
  const wish = { name: `Push to ${stream}`.slice(0, 128), actions: ["produce"], streams: stream };
  return ask<NewKey>("POST", "/v1/keys", wish);
}
