/** The page that sends this device's camera: choose, go live, see what is stored, stop. */
import {
  browserWebcam,
  IndexedDbStore,
  type VideoCodec,
  type Webcam,
  type WebcamEvent,
  type WebcamOptions,
} from "../../producer-sdk/src/browser/index.ts";
import { type CancelTimer, realClock } from "../../src/base/clock.ts";
import { say } from "./html.ts";
import { timeOfDay } from "./time-text.ts";
import {
  bits,
  deviceTrouble,
  endWords,
  noCameraHere,
  seconds,
  stateWords,
} from "./webcam-words.ts";

const REFRESH_MS = 250;
const REMEMBERED = "streambank-webcam-stream";
const NONE = "none";

const camera = element("camera", HTMLSelectElement);
const microphone = element("microphone", HTMLSelectElement);
const size = element("size", HTMLSelectElement);
const stream = element("stream", HTMLInputElement);
const key = element("key", HTMLInputElement);
const codec = element("codec", HTMLSelectElement);
const method = element("method", HTMLSelectElement);
const go = element("go", HTMLButtonElement);
const form = element("form", HTMLFormElement);
const preview = element("preview", HTMLVideoElement);
const live = element("live", HTMLElement);

let webcam: Webcam | undefined;
let lost: string | undefined;
let storedMs: number | undefined;
let stopping = false;
let cancelRefresh: CancelTimer = () => {};

function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`bug: the page has no #${id}`);
  return found;
}

function tell(id: string, text: string): void {
  say(element(id, HTMLElement), text);
}

/** Labels are empty until the camera was allowed once: then it is asked again. */
async function listDevices(): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  fill(camera, devices, "videoinput", "Camera", "no camera");
  fill(microphone, devices, "audioinput", "Microphone", "no microphone");
}

function fill(
  select: HTMLSelectElement,
  devices: readonly MediaDeviceInfo[],
  kind: MediaDeviceKind,
  name: string,
  none: string,
): void {
  const chosen = select.value;
  const found = devices.filter((device) => device.kind === kind);
  const options = found.map(
    ({ deviceId, label }, i) =>
      new Option(label === "" ? `${name} ${i + 1}` : label, deviceId === "" ? "any" : deviceId),
  );
  select.replaceChildren(...options, new Option(none, NONE));
  if ([...select.options].some(({ value }) => value === chosen)) select.value = chosen;
}

async function openMedia(): Promise<MediaStream> {
  const [width = 1280, height = 720] = size.value.split("x").map(Number);
  const device = ({ value }: HTMLSelectElement) =>
    value === "any" || value === "" ? {} : { deviceId: { exact: value } };
  const picture = { ...device(camera), width, height, frameRate: 30 };
  return navigator.mediaDevices.getUserMedia({
    video: camera.value === NONE ? false : picture,
    audio: microphone.value === NONE ? false : device(microphone),
  });
}

async function start(): Promise<void> {
  tell("trouble", "");
  go.disabled = true;
  let media: MediaStream;
  try {
    media = await openMedia();
  } catch (error) {
    tell("trouble", deviceTrouble(error as Error));
    go.disabled = false;
    return;
  }
  preview.srcObject = media;
  void listDevices();
  try {
    webcam = await browserWebcam(optionsOf(media));
  } catch (error) {
    end(media);
    tell("trouble", (error as Error).message);
    return;
  }
  localStorage.setItem(REMEMBERED, stream.value);
  webcam.on(heard);
  shown(true);
  refresh();
}

function optionsOf(media: MediaStream): WebcamOptions {
  lost = undefined;
  storedMs = undefined;
  const token = key.value;
  return {
    ...{ url: location.origin, stream: stream.value, create: true, media, clock: realClock },
    codec: codec.value as VideoCodec | "auto",
    method: method.value as "auto" | "webcodecs" | "mediarecorder",
    store: new IndexedDbStore(stream.value),
    ...(token === "" ? {} : { token: async () => token }),
    tap: (frame) => dispatchEvent(new CustomEvent("webcam-frame", { detail: frame })),
  };
}

function heard(event: WebcamEvent): void {
  if (event.kind === "connected") lost = undefined;
  if (event.kind === "disconnected") lost = event.reason;
  if (event.kind === "persisted") storedMs = Math.max(storedMs ?? 0, event.timecodeMs);
  if (event.kind === "refused" && event.errorCode === "NOT_AUTHORIZED")
    tell("trouble", "The server asks for a key, and does not take this one.");
  if (event.kind === "not-kept")
    tell("trouble", `What is not stored yet is in this page alone: ${event.message}.`);
  if (event.kind === "dropped")
    tell("trouble", "The server was away too long: the oldest seconds had to be given up.");
  if (event.kind === "device-ended")
    tell("trouble", `The ${event.device === "video" ? "camera" : "microphone"} was unplugged.`);
  if (event.kind === "failed") tell("trouble", event.reason);
}

async function stop(): Promise<void> {
  const ending = webcam;
  if (ending === undefined || stopping) return;
  stopping = true;
  go.disabled = true;
  const outcome = await ending.stop();
  dispatchEvent(new CustomEvent("webcam-end", { detail: { outcome, stats: ending.stats } }));
  refresh();
  cancelRefresh();
  webcam = undefined;
  stopping = false;
  end(preview.srcObject as MediaStream | null);
  tell("state", endWords(outcome));
}

function end(media: MediaStream | null): void {
  for (const track of media?.getTracks() ?? []) track.stop();
  preview.srcObject = null;
  shown(false);
}

function shown(isLive: boolean): void {
  for (const field of [camera, microphone, size, stream, key, codec, method])
    field.disabled = isLive;
  go.disabled = false;
  go.textContent = isLive ? "Stop" : "Go live";
  go.classList.toggle("stop", isLive);
  if (isLive) live.hidden = false;
  element("watch", HTMLAnchorElement).href = `/watch#${encodeURIComponent(stream.value)}`;
}

function refresh(): void {
  cancelRefresh();
  if (webcam === undefined) return;
  const { stats } = webcam;
  const { producer } = stats;
  tell("state", stateWords(stats, { lost, stopping }));
  tell("stored", storedMs === undefined ? "nothing yet" : timeOfDay(storedMs));
  tell("fragments", String(producer.persisted));
  tell("buffered", seconds(producer.waitingUs));
  tell("bitrate", bits(stats.bitrate));
  tell("fps", `${stats.fps.toFixed(0)} a second`);
  tell("dropped", String(stats.dropped ?? "not told by the recorder"));
  tell(
    "coded",
    `${stats.codec ?? "…"}, ${stats.method === "webcodecs" ? "WebCodecs" : "MediaRecorder"}`,
  );
  cancelRefresh = realClock.after(REFRESH_MS, refresh);
}

function main(): void {
  const trouble = noCameraHere(isSecureContext, "mediaDevices" in navigator, location.origin);
  if (trouble !== undefined) {
    tell("trouble", trouble);
    for (const field of form.elements) (field as HTMLInputElement).disabled = true;
    preview.hidden = true;
    return;
  }
  stream.value = localStorage.getItem(REMEMBERED) ?? "webcam";
  void listDevices();
  navigator.mediaDevices.addEventListener("devicechange", () => void listDevices());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void (webcam === undefined ? start() : stop());
  });
  addEventListener("beforeunload", (event) => {
    if ((webcam?.stats.producer.waiting ?? 0) > 0) event.preventDefault();
  });
}

main();
