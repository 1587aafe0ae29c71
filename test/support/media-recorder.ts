/** Chrome's MediaRecorder in a page of the server's origin, pushing what it records over the WebSocket. */
import type { Page } from "playwright-core";

/** Flags for `openBrowser`: a camera and a microphone that need no permission. */
export const FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

export interface Ack {
  readonly EventType: string;
  readonly FragmentNumber?: string;
}

/** What the page has to tell of one recording. */
export interface Recorded {
  /** As the recorder itself calls it. */
  readonly mime: string;
  readonly base64: string;
  readonly chunks: number;
  readonly acks: readonly Ack[];
  readonly closed: number;
}

/**
 * Runs in the page. Records until the server has begun the third fragment (the second of another size) and the
 * live tail has been seen or heard, then ends; every chunk is sent the moment it comes.
 */
const RECORD = `async ({ stream, startMs, mime, watched, canvas }) => {
  const drawn = canvas ? draw() : undefined;
  const fresh = drawn?.media ?? (await globalThis.media);
  const kind = mime.split("/")[0];
  const tracks = kind === "audio" ? fresh.getAudioTracks() : fresh.getTracks();
  const recorder = new MediaRecorder(new MediaStream(tracks), {
    mimeType: mime,
    videoKeyFrameIntervalDuration: 1000,
  });
  const url = new URL("/v1/streams/" + stream + "/put?start=" + startMs, location);
  url.protocol = "ws:";
  const socket = new WebSocket(url);
  const acks = [];
  const chunks = [];
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const enough = new Promise((resolve) =>
    socket.addEventListener("message", ({ data }) => {
      acks.push(JSON.parse(data));
      const begun = acks.filter((ack) => ack.EventType === "BUFFERING").length;
      if (begun === 2) drawn?.resize();
      if (begun === (canvas ? 4 : 3)) resolve();
    }),
  );
  recorder.addEventListener("dataavailable", ({ data }) => {
    chunks.push(data);
    socket.send(data);
  });
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start(50);
  const live = watched ? watch(stream) : undefined;
  await Promise.race([Promise.all([enough, live]), closed]);
  recorder.stop();
  await stopped;
  socket.send('{"type":"end"}');
  const { code } = await closed;
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { mime: recorder.mimeType, base64: btoa(text), chunks: chunks.length, acks, closed: code };
}`;

/** Defined in the page: resolves once a MediaSource fed by the live tail has shown ten pictures, or played sound. */
const WATCH = `
globalThis.media = navigator.mediaDevices.getUserMedia({
  video: { width: 320, height: 180, frameRate: 30 },
  audio: true,
});
globalThis.draw = () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const context = canvas.getContext("2d");
  const paint = (ms) => {
    context.fillStyle = "hsl(" + ms / 10 + " 100% 50%)";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.clearRect((ms / 20) % canvas.width, 20, 40, 40);
    requestAnimationFrame(paint);
  };
  paint(0);
  const audio = new AudioContext();
  const sound = audio.createMediaStreamDestination();
  const tone = audio.createOscillator();
  tone.connect(sound);
  tone.start();
  const tracks = [...canvas.captureStream(30).getTracks(), ...sound.stream.getTracks()];
  const resize = () => Object.assign(canvas, { width: 240, height: 320 });
  return { media: new MediaStream(tracks), resize };
};
globalThis.watch = async (stream) => {
  const url = new URL("/v1/streams/" + stream + "/tail?format=fmp4", location);
  url.protocol = "ws:";
  const source = new MediaSource();
  const video = document.createElement("video");
  video.muted = true;
  video.src = URL.createObjectURL(source);
  document.body.append(video);
  await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const waiting = [];
  let buffer;
  const feed = () => {
    if (buffer !== undefined && !buffer.updating && waiting.length > 0)
      buffer.appendBuffer(waiting.shift());
    if (video.buffered.length > 0 && video.currentTime < video.buffered.start(0))
      video.currentTime = video.buffered.start(0);
  };
  const failed = new Promise((_, reject) =>
    video.addEventListener("error", () => reject(new Error(stream + ": " + video.error.message))),
  );
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") waiting.push(data);
    else if (JSON.parse(data).type === "config") {
      buffer = source.addSourceBuffer(JSON.parse(data).mime);
      buffer.addEventListener("updateend", feed);
    }
    feed();
  });
  const shown = new Promise((resolve) => {
    let pictures = 0;
    const picture = () => (++pictures === 10 ? resolve() : video.requestVideoFrameCallback(picture));
    video.requestVideoFrameCallback(picture);
    if (stream === "sound")
      video.addEventListener("timeupdate", () => video.currentTime > 0.5 && resolve());
  });
  await Promise.race([failed, Promise.all([video.play(), shown])]);
  socket.close();
  video.remove();
};`;

export interface RecordOptions {
  readonly stream: string;
  /** Producer time of the first frame, ms since the Unix epoch. */
  readonly startMs: number;
  readonly mime: string;
  /** Wait until the live tail as fMP4 has been shown in the page. */
  readonly watched: boolean;
  /** Not the camera but a canvas, which gets another size in the second fragment, and a tone. */
  readonly canvas?: boolean;
}

/** Opens the camera. The page must be of the server's origin. Tells which of the types it can record. */
export async function prepareRecorder(page: Page, mimes: readonly string[]): Promise<string[]> {
  await page.evaluate(WATCH);
  return page.evaluate<string[]>(
    `${JSON.stringify(mimes)}.filter((mime) => MediaRecorder.isTypeSupported(mime))`,
  );
}

/** Several may run at once. */
export function record(page: Page, options: RecordOptions): Promise<Recorded> {
  return page.evaluate<Recorded>(`(${RECORD})(${JSON.stringify(options)})`);
}
