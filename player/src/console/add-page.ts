/** Add a camera: an encoder that pushes, an IP camera that is pulled, this device's webcam, programs. */
import { say as write } from "../html.ts";
import { ask, type StreamView, streamPath } from "./api.ts";
import { copyable } from "./copy.ts";
import { h } from "./dom.ts";
import { ipCameraForm } from "./ip-camera-form.ts";
import { type Context, everySoOften, type Page } from "./page.ts";
import { pushForm } from "./push-form.ts";
import { pushLines, rtmpServer, streamKey } from "./push-lines.ts";
import { tabs } from "./tabs.ts";
import { stateText } from "./words.ts";

const LOOK_MS = 1500;

export function addPage(context: Context): Page {
  const { server } = context;
  const stops = new Set<() => void>();
  /** Says when the first picture of a new camera is there. */
  const waits = (name: string): HTMLElement => {
    const { element, stop } = firstPicture(name);
    stops.add(stop);
    return element;
  };
  const obs = pushForm(context, (target) => {
    const address = rtmpServer(target, server);
    return address === undefined
      ? [h("p.trouble", {}, NO_RTMP)]
      : [
          copyable("Server", address),
          copyable("Stream key", streamKey(target)),
          h("p.hint", {}, OBS),
          waits(target.stream),
        ];
  });
  const programs = pushForm(context, (target) => [
    ...pushLines(target, server).map(({ name, text }) => copyable(name, text)),
    ...(target.token === undefined ? [] : [copyable("Key", target.token)]),
    waits(target.stream),
  ]);
  const all = tabs("Kinds of cameras", [
    { id: "obs", label: "OBS, RTMP", panel: panel("An encoder that pushes here", ENCODER, obs) },
    {
      id: "ip",
      label: "IP camera",
      panel: panel("A camera that this server pulls", IP, ipCameraForm(context, waits)),
    },
    { id: "webcam", label: "This device's webcam", panel: webcamPanel() },
    { id: "programs", label: "Programs", panel: panel("From a program", PROGRAMS, programs) },
  ]);
  const element = h("section.narrow", {}, h("h1", {}, "Add a camera"), all);
  return {
    title: "Add a camera",
    element,
    close() {
      for (const stop of stops) stop();
    },
  };
}

const ENCODER = "OBS, a hardware encoder, a phone app: whatever speaks RTMP.";
const OBS =
  "In OBS: Settings, Stream, Service “Custom…”, then these two. Set the keyframe interval to 2 s, and start streaming.";
const IP = "Give its RTSP address, with user and password. Nothing is encoded anew.";
const PROGRAMS =
  "Lines for a terminal or a program, with this server's address and the key filled in.";
const NO_RTMP =
  "This server takes no RTMP: its port was taken when it started. Start it with another --rtmp-port.";

function panel(title: string, text: string, content: HTMLElement): HTMLElement {
  return h("section.panel", {}, h("h2", {}, title), h("p.quiet", {}, text), content);
}

function webcamPanel(): HTMLElement {
  const text = "Sends this device's camera and microphone from the browser. Keep that page open.";
  const go = h("a.button", { href: "/player/webcam.html" }, "Go live with this camera");
  return h(
    "section.panel",
    {},
    h("h2", {}, "This device's webcam"),
    h("p.quiet", {}, text),
    h("p", {}, go),
  );
}

function firstPicture(name: string): { element: HTMLElement; stop: () => void } {
  const words = h("p.state", { role: "status" }, "Waiting for the first picture…");
  const encoded = encodeURIComponent(name);
  const links = h(
    "p.actions",
    { hidden: true },
    h("a.button", { href: `/watch#${encoded}` }, `Watch ${name}`),
    h("a.button.plain", { href: `#/stream/${encoded}` }, "Set how long it is kept"),
  );
  const stop = everySoOften(LOOK_MS, async () => {
    const stream = await ask<StreamView>("GET", streamPath(name));
    const { condition, reason } = stateText(stream, () => "");
    const isLive = condition === "live" && stream.tracks !== undefined;
    const waiting = reason === undefined ? "Waiting for the first picture…" : `Not yet: ${reason}`;
    const text = isLive ? `${name} is live.` : waiting;
    write(words, text);
    words.className = isLive ? "state live" : "state";
    links.hidden = !isLive;
  });
  return { element: h("div.waiting", {}, words, links), stop };
}
