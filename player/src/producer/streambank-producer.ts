/**
 * `<streambank-producer server="http://host" stream="name" token="…">`: this device's camera and microphone as a stream. Choose, go
 * live, see what is stored, stop. The server defaults to the page's own; a stream or token that the page gives is not asked for.
 */
import {
  browserWebcam,
  IndexedDbStore,
  type VideoCodec,
  type Webcam,
  type WebcamEvent,
  type WebcamOptions,
  type WebcamStats,
} from "../../../producer-sdk/src/browser/index.ts";
import type { Outcome } from "../../../producer-sdk/src/events.ts";
import { type CancelTimer, realClock } from "../../../src/base/clock.ts";
import { part, say } from "../html.ts";
import { timeOfDay } from "../time-text.ts";
import { type DeviceFields, listDevices, openDevices } from "./devices.ts";
import { fireProducer } from "./producer-events.ts";
import { producerMarkup } from "./producer-markup.ts";
import {
  bits,
  deviceTrouble,
  endWords,
  noCameraHere,
  seconds,
  stateWords,
} from "./producer-words.ts";

const REFRESH_MS = 250;

/** The webcam. `start()` and `stop()` are for pages; what is sent in between is told by events. */
export class StreambankProducer extends HTMLElement {
  static readonly observedAttributes = ["stream", "token"];
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #devices: DeviceFields;
  readonly #stream: HTMLInputElement;
  readonly #key: HTMLInputElement;
  readonly #go: HTMLButtonElement;
  readonly #preview: HTMLVideoElement;
  #webcam: Webcam | undefined;
  #ending: Promise<Outcome> | undefined;
  #starting = false;
  #lost: string | undefined;
  #storedMs: number | undefined;
  #cancelRefresh: CancelTimer = () => {};

  constructor() {
    super();
    this.#root.innerHTML = producerMarkup;
    const select = (name: string) => part(this.#root, name, HTMLSelectElement);
    this.#devices = {
      camera: select("camera"),
      microphone: select("microphone"),
      size: select("size"),
    };
    this.#stream = part(this.#root, "stream", HTMLInputElement);
    this.#key = part(this.#root, "key", HTMLInputElement);
    this.#go = part(this.#root, "go", HTMLButtonElement);
    this.#preview = part(this.#root, "preview", HTMLVideoElement);
    // The property, too: as an attribute it does not reach a video that markup has made.
    this.#preview.muted = true;
    part(this.#root, "form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void (this.#webcam === undefined ? this.start() : this.stop());
    });
  }

  connectedCallback(): void {
    const trouble = noCameraHere(isSecureContext, "mediaDevices" in navigator, location.origin);
    if (trouble !== undefined) {
      this.#trouble(trouble);
      for (const field of part(this.#root, "form", HTMLFormElement).elements)
        (field as HTMLInputElement).disabled = true;
      this.#preview.hidden = true;
      return;
    }
    this.#list();
    navigator.mediaDevices.addEventListener("devicechange", this.#list);
  }

  /** What was captured is sent to its end. */
  disconnectedCallback(): void {
    navigator.mediaDevices?.removeEventListener("devicechange", this.#list);
    void this.stop();
  }

  attributeChangedCallback(name: "stream" | "token"): void {
    const given = this.getAttribute(name);
    const field = name === "stream" ? this.#stream : this.#key;
    field.value = given ?? "";
    const label = field.closest("label");
    if (label !== null) label.hidden = given !== null;
  }

  get server(): string {
    return (this.getAttribute("server") ?? location.origin).replace(/\/+$/, "");
  }

  /** Where it sends to: the attribute, or what was typed. */
  get stream(): string {
    return this.#stream.value;
  }

  /** Proposes a name that can be changed, unlike the attribute. */
  set stream(name: string) {
    this.#stream.value = name;
  }

  /** As it is now; `undefined` while nothing is sent. */
  get stats(): WebcamStats | undefined {
    return this.#webcam?.stats;
  }

  /** Asks for the camera and begins to send. What goes wrong is said, and told as `streambank-producer-trouble`. */
  async start(): Promise<void> {
    if (this.#webcam !== undefined || this.#starting) return;
    this.#starting = true;
    this.#trouble("");
    this.#go.disabled = true;
    let media: MediaStream | undefined;
    try {
      media = await openDevices(this.#devices);
      this.#preview.srcObject = media;
      this.#list();
      this.#webcam = await browserWebcam(this.#optionsOf(media));
    } catch (error) {
      this.#release(media);
      this.#trouble(media === undefined ? deviceTrouble(error as Error) : (error as Error).message);
      return;
    } finally {
      this.#starting = false;
    }
    fireProducer(this, "streambank-producer-start", { stream: this.stream });
    this.#webcam.on((event) => this.#heard(event));
    this.#show(true);
    this.#refresh();
  }

  /** Resolves when everything that was captured is stored or given up; `undefined`: nothing was being sent. */
  async stop(): Promise<Outcome | undefined> {
    const webcam = this.#webcam;
    if (webcam === undefined) return undefined;
    this.#ending ??= this.#end(webcam);
    return this.#ending;
  }

  async #end(webcam: Webcam): Promise<Outcome> {
    this.#go.disabled = true;
    const outcome = await webcam.stop();
    this.#refresh();
    this.#cancelRefresh();
    this.#webcam = undefined;
    this.#ending = undefined;
    this.#release(this.#preview.srcObject as MediaStream | null);
    say(this.#part("state"), endWords(outcome));
    fireProducer(this, "streambank-producer-end", { outcome, stats: webcam.stats });
    return outcome;
  }

  readonly #list = (): void => {
    void listDevices(this.#devices);
  };

  #part(name: string): HTMLElement {
    return part(this.#root, name, HTMLElement);
  }

  #trouble(message: string): void {
    say(this.#part("trouble"), message);
    fireProducer(this, "streambank-producer-trouble", { message });
  }

  #optionsOf(media: MediaStream): WebcamOptions {
    this.#lost = undefined;
    this.#storedMs = undefined;
    const token = this.#key.value;
    const choice = (name: string) => part(this.#root, name, HTMLSelectElement).value;
    return {
      ...{ url: this.server, stream: this.stream, create: true, media, clock: realClock },
      codec: choice("codec") as VideoCodec | "auto",
      method: choice("method") as "auto" | "webcodecs" | "mediarecorder",
      store: new IndexedDbStore(this.stream),
      ...(token === "" ? {} : { token: async () => token }),
      tap: (frame) => fireProducer(this, "streambank-producer-frame", frame),
    };
  }

  #heard(event: WebcamEvent): void {
    fireProducer(this, "streambank-producer-event", event);
    if (event.kind === "connected") this.#lost = undefined;
    if (event.kind === "disconnected") this.#lost = event.reason;
    if (event.kind === "persisted")
      this.#storedMs = Math.max(this.#storedMs ?? 0, event.timecodeMs);
    const trouble = troubleOf(event);
    if (trouble !== undefined) this.#trouble(trouble);
  }

  #release(media: MediaStream | null | undefined): void {
    for (const track of media?.getTracks() ?? []) track.stop();
    this.#preview.srcObject = null;
    this.#show(false);
  }

  #show(isLive: boolean): void {
    for (const field of part(this.#root, "form", HTMLFormElement).elements)
      (field as HTMLInputElement).disabled = isLive;
    this.#go.disabled = false;
    this.#go.textContent = isLive ? "Stop" : "Go live";
    this.#go.classList.toggle("stop", isLive);
    this.toggleAttribute("live", isLive);
    if (isLive) this.#part("figures").hidden = false;
  }

  #refresh(): void {
    this.#cancelRefresh();
    const webcam = this.#webcam;
    if (webcam === undefined) return;
    const { stats } = webcam;
    const method = stats.method === "webcodecs" ? "WebCodecs" : "MediaRecorder";
    const stored = this.#storedMs;
    const figures: Readonly<Record<string, string>> = {
      state: stateWords(stats, { lost: this.#lost, stopping: this.#ending !== undefined }),
      stored: stored === undefined ? "nothing yet" : timeOfDay(stored),
      fragments: String(stats.producer.persisted),
      buffered: seconds(stats.producer.waitingUs),
      bitrate: bits(stats.bitrate),
      fps: `${stats.fps.toFixed(0)} a second`,
      dropped: String(stats.dropped ?? "not told by the recorder"),
      coded: `${stats.codec ?? "…"}, ${method}`,
    };
    for (const [name, text] of Object.entries(figures)) say(this.#part(name), text);
    this.#cancelRefresh = realClock.after(REFRESH_MS, () => this.#refresh());
  }
}

/** What the person in front of the camera should know; `undefined`: nothing. */
function troubleOf(event: WebcamEvent): string | undefined {
  switch (event.kind) {
    case "refused":
      return event.errorCode === "NOT_AUTHORIZED"
        ? "The server asks for a key, and does not take this one."
        : undefined;
    case "not-kept":
      return `What is not stored yet is in this page alone: ${event.message}.`;
    case "dropped":
      return "The server was away too long: the oldest seconds had to be given up.";
    case "device-ended":
      return `The ${event.device === "video" ? "camera" : "microphone"} was unplugged.`;
    case "failed":
      return event.reason;
    default:
      return undefined;
  }
}
