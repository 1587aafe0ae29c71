/** What has to be typed into an encoder or a terminal to push to this server. Pure. */
import type { ServerView } from "./api.ts";

export interface PushTarget {
  readonly stream: string;
  /** The token of a key; undefined: none is asked for. */
  readonly token?: string;
  /** As this page was reached: `host` without a port. */
  readonly host: string;
  /** `http(s)://host:port` of this page. */
  readonly origin: string;
  /** Of the node that records the stream; empty: this one. */
  readonly rtmpUrl: string;
}

type Ports = Pick<ServerView, "rtmpPort" | "rtmpsPort">;

/** Undefined: this server takes no RTMP. Over TLS where there is a certificate: the key is in it. */
export function rtmpServer({ host, rtmpUrl }: PushTarget, ports: Ports): string | undefined {
  if (rtmpUrl !== "") return `${rtmpUrl.replace(/\/$/, "")}/live`;
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  if (ports.rtmpsPort !== undefined) return `rtmps://${name}:${ports.rtmpsPort}/live`;
  return ports.rtmpPort === undefined ? undefined : `rtmp://${name}:${ports.rtmpPort}/live`;
}

export function streamKey({ stream, token }: PushTarget): string {
  return token === undefined ? stream : `${stream}?key=${token}`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export interface Line {
  readonly name: string;
  readonly text: string;
}

/** One line each, with the right host, port and key. */
export function pushLines(target: PushTarget, ports: Ports): Line[] {
  const { stream, token, origin } = target;
  const server = rtmpServer(target, ports);
  const address = server === undefined ? undefined : quoted(`${server}/${streamKey(target)}`);
  const encode = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -c:a aac";
  const rtmp =
    address === undefined
      ? []
      : [
          { name: "ffmpeg, a file", text: `ffmpeg -re -i FILE.mp4 ${encode} -f flv ${address}` },
          {
            name: "ffmpeg, a test picture",
            text: `ffmpeg -re -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine ${encode} -f flv ${address}`,
          },
          {
            name: "GStreamer",
            text: `gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=50 ! flvmux streamable=true ! rtmp2sink location=${address}`,
          },
        ];
  const file = token === undefined ? "" : " --token-file FILE_WITH_THE_KEY";
  return [
    ...rtmp,
    {
      name: "streambank-producer, keeps what is not stored yet",
      text: `npx streambank-producer test --stream ${stream} --server ${origin}${file}`,
    },
    { name: "Producer SDK, TypeScript", text: sdkText(target) },
  ];
}

/** As texts of their own: the check of what this file imports reads lines. */
const SDK_IMPORTS = [
  'import { Producer, realClock as clock } from "@streambank/producer";',
  'import { rtspSource } from "@streambank/producer/node";',
];

function sdkText({ stream, token, origin }: PushTarget): string {
  const given =
    token === undefined ? "" : '\n  token: async () => process.env.STREAMBANK_KEY ?? "",';
  return `${SDK_IMPORTS.join("\n")}

const producer = new Producer({
  url: "${origin}",
  stream: "${stream}",${given}
  tracks: [],
  clock,
});
const signal = AbortSignal.timeout(60_000);
for await (const item of rtspSource("rtsp://192.0.2.10/live", { clock, signal, audio: true })) {
  if (item.kind === "tracks") producer.setTracks(item.tracks);
  if (item.kind !== "frame") continue;
  const { track, payload, timeUs, key } = item.frame;
  producer.putFrame({ track, data: payload.toBytes(), timestampUs: timeUs, key });
}
await producer.end();`;
}
