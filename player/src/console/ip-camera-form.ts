/** The form for a camera that the server pulls: a test that really asks the camera, and what is wrong in words. */
import { ask, type SourceTest, streamPath } from "./api.ts";
import { button, field, h, onSubmit, trouble, wordsOf } from "./dom.ts";
import type { Context } from "./page.ts";
import { nameInput } from "./stream-name.ts";
import { trackText } from "./words.ts";

/** `waits`: says when its first picture is there. */
export function ipCameraForm(
  { session, server }: Context,
  waits: (name: string) => HTMLElement,
): HTMLElement {
  const url = addressInput();
  const name = nameInput("camera");
  const audio = h("input", { type: "checkbox", checked: true, id: "add-audio" });
  const place = trouble();
  const add = h("button", { type: "submit" }, "Add it");
  const { element: test, says } = testButton(url, audio);
  const result = h("div.result");
  const form = h(
    "form",
    {},
    server.ffmpeg.found ? undefined : h("p.trouble", {}, NO_FFMPEG),
    field("RTSP address", url, "User and password are kept by the server and never shown again."),
    h("div.field.check", {}, audio, h("label", { for: audio.id }, "With its sound")),
    field("Name for it", name),
    place,
    h("p.actions", {}, session.server && test, add),
    says,
  );
  onSubmit(form, place, async () => {
    const stream = name.value.trim();
    const body = { url: url.value.trim(), audio: audio.checked };
    await ask("PUT", streamPath(stream, "/source"), body);
    result.replaceChildren(waits(stream));
  });
  return h("div", {}, form, result);
}

const NO_FFMPEG =
  "There is no ffmpeg on this server: it is what pulls IP cameras. Install it; the server looks again by itself.";

export function addressInput(): HTMLInputElement {
  return h("input", {
    ...{ type: "text", inputmode: "url", required: true, pattern: "rtsps?://.+" },
    ...{ title: "rtsp://… or rtsps://…", autocomplete: "off", spellcheck: "false" },
    placeholder: "rtsp://user:password@192.0.2.10/stream1",
  });
}

/** Tries the address that stands in the field, for ten seconds at most. */
export function testButton(url: HTMLInputElement, audio: HTMLInputElement) {
  const says = h("div.test-result", { role: "status" });
  const element = button("Test", () => void run(), { class: "plain" });
  const run = async () => {
    if (!url.reportValidity()) return;
    element.disabled = true;
    says.replaceChildren(h("p", {}, "Asking the camera, for ten seconds at most…"));
    try {
      const body = { url: url.value.trim(), audio: audio.checked };
      says.replaceChildren(...testWords(await ask<SourceTest>("POST", "/v1/sources/test", body)));
    } catch (error) {
      says.replaceChildren(h("p.trouble", {}, wordsOf(error)));
    } finally {
      element.disabled = false;
    }
  };
  return { element, says };
}

function testWords(result: SourceTest): Node[] {
  if (!result.ok) return [h("p.trouble", {}, `No picture: ${result.reason}.`)];
  const { tracks, picture, note } = result;
  const words = `It works. The camera sends ${tracks.map(trackText).join(" and ")}.`;
  const alt = "The first picture of the camera";
  return [
    h("p.state.live", {}, words),
    ...(note === undefined ? [] : [h("p.hint", {}, note)]),
    ...(picture === undefined
      ? []
      : [h("img.tested", { alt, src: `data:image/jpeg;base64,${picture}` })]),
  ];
}
