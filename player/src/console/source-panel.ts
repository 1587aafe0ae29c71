/** The camera that the server pulls into a stream: how it does, another address, none. */
import { ask, type Session, type SourceView, type StreamView, streamPath } from "./api.ts";
import { confirmed } from "./dialog.ts";
import { button, field, h, onSubmit, say, trouble } from "./dom.ts";
import { addressInput, testButton } from "./ip-camera-form.ts";
import { bitsText } from "./words.ts";

export interface SourcePanel {
  readonly element: HTMLElement;
  update(stream: StreamView): void;
}

export function sourcePanel(name: string, session: Session): SourcePanel {
  const words = h("div", {});
  const stop = button("Stop pulling…", () => void end(), { class: "plain", hidden: true });
  const end = async () => {
    const done = await confirmed({
      title: `Stop pulling ${name}?`,
      text: "The stream and what is recorded stay. Its address is forgotten.",
      action: "Stop pulling",
      run: () => ask("DELETE", streamPath(name, "/source")),
    });
    if (!done) return;
    say(`${name} is not pulled any more.`);
    tell(undefined);
  };
  const summary = h("summary", {}, "Pull an IP camera…");
  const change = h(
    "details",
    {},
    summary,
    changeForm(name, session, () => void show()),
  );
  let shown = "";
  const show = async () => {
    tell(await ask<SourceView>("GET", streamPath(name, "/source")));
  };
  const tell = (source: SourceView | undefined) => {
    stop.hidden = source?.from !== "api";
    change.hidden = source?.from === "config";
    summary.textContent = source === undefined ? "Pull an IP camera…" : "Another address…";
    const lines = sourceLines(source);
    if (shown === lines.join("\n")) return;
    shown = lines.join("\n");
    words.replaceChildren(...lines.map((text) => h("p", {}, text)));
  };
  const element = h(
    "section.panel",
    { id: "source", "aria-labelledby": "source-title" },
    h("h2", { id: "source-title" }, "Source"),
    words,
    h("p", {}, stop),
    change,
  );
  tell(undefined);
  return {
    element,
    update({ source }) {
      if (source === undefined) tell(undefined);
      // Gone in between: the next look says so.
      else void show().catch(() => {});
    },
  };
}

function sourceLines(source: SourceView | undefined): string[] {
  if (source === undefined) return ["Whoever has a key pushes to it; the server pulls nothing."];
  const { address, state, reason, fps, kbits, lost, from, note, audio } = source;
  const why = reason === undefined ? "" : `: ${reason}`;
  return [
    `The server pulls ${address}${audio ? "" : ", without sound"}.`,
    `State: ${state}${why}. ${bitsText(kbits)}, ${fps} fps, ${lost} frames lost.`,
    ...(note === undefined ? [] : [note]),
    ...(from === "config" ? ["It is in the configuration file, and changed there."] : []),
  ];
}

function changeForm(name: string, session: Session, changed: () => void): HTMLFormElement {
  const url = addressInput();
  const audio = h("input", { type: "checkbox", checked: true, id: "source-audio" });
  const place = trouble();
  const { element: test, says } = testButton(url, audio);
  const form = h(
    "form",
    {},
    field("RTSP address", url, "Replaces the one there is."),
    h("div.field.check", {}, audio, h("label", { for: audio.id }, "With its sound")),
    place,
    h("p.actions", {}, session.server && test, h("button", { type: "submit" }, "Pull it")),
    says,
  );
  onSubmit(form, place, async () => {
    const body = { url: url.value.trim(), audio: audio.checked };
    await ask("PUT", streamPath(name, "/source"), body);
    say(`${name} is pulled from there.`);
    url.value = "";
    changed();
  });
  return form;
}
