/**
 * One oracle for every output: what was sent, by the npm `ebml` decoder, and what came out, by readers that are not ours (`ebml` for
 * Matroska, mediabunny for MP4). Payloads by their hashes, in the order of decoding, and how far frames of a stretch are apart.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  GetMediaForFragmentListCommand,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { GetMediaCommand } from "@aws-sdk/client-kinesis-video-media";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { Streambank } from "../../src/client/index.ts";
import { documentsOf, layoutOf } from "./ebml-layout.ts";
import { type GuardedServer, guardedServer } from "./guarded-server.ts";
import { bytesAt, mediaUrisOf, readPlaylist, textAt } from "./hls-client.ts";
import { signedPut } from "./signed-put.ts";

export interface OutFrame {
  readonly kind: "video" | "audio";
  readonly timeMs: number;
  readonly sha: string;
}

/** One connection of a producer. */
export interface Push {
  readonly body: Buffer;
  readonly startMs: number;
}

/** Further apart, ms: another stretch of a track. */
const APART_MS = 1500;

const shaOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const numberOf = (data?: Buffer) => Number(`0x${data?.toString("hex") || "0"}`);

/** All frames of one or more Matroska documents, times as they stand there (ticks of 1 ms). */
export function framesOfMkv(file: Buffer, startMs = 0): OutFrame[] {
  return documentsOf(file).flatMap((document) => {
    const frames: OutFrame[] = [];
    const kinds = new Map<number, OutFrame["kind"]>();
    let [track, clusterMs] = [0, 0];
    for (const { name, data } of layoutOf(document)) {
      if (name === "TrackNumber") track = numberOf(data);
      if (name === "TrackType") kinds.set(track, numberOf(data) === 1 ? "video" : "audio");
      if (name === "Timecode") clusterMs = numberOf(data);
      if (name !== "SimpleBlock" && name !== "Block") continue;
      const block = data ?? Buffer.alloc(4);
      const kind = kinds.get((block[0] ?? 0) & 0x7f) ?? "video";
      const timeMs = startMs + clusterMs + block.readInt16BE(1);
      frames.push({ kind, timeMs, sha: shaOf(block.subarray(4)) });
    }
    return frames;
  });
}

/** Of an MP4, whole or an init segment with others behind it. */
export async function framesOfMp4(file: Buffer): Promise<OutFrame[]> {
  using input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
  const stretches: OutFrame[][] = [];
  for (const track of await input.getTracks()) {
    const kind = track.type === "video" ? "video" : "audio";
    let lastMs = Number.NEGATIVE_INFINITY;
    for await (const { data, timestamp } of new EncodedPacketSink(track).packets()) {
      const timeMs = timestamp * 1000;
      if (timeMs - lastMs > APART_MS) stretches.push([]);
      stretches.at(-1)?.push({ kind, timeMs, sha: shaOf(data) });
      lastMs = timeMs;
    }
  }
  // Another codec is another track: its frames stand between those of the first.
  return stretches.sort(([a], [b]) => (a?.timeMs ?? 0) - (b?.timeMs ?? 0)).flat();
}

export interface Scene extends AsyncDisposable {
  readonly scene: GuardedServer;
  /** By connection. */
  readonly sent: readonly (readonly OutFrame[])[];
  readonly fromMs: number;
  readonly toMs: number;
}

export async function sceneOf(pushes: readonly Push[]): Promise<Scene> {
  const scene = await guardedServer();
  await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
  const { url, root: credentials } = scene;
  for (const { body, startMs } of pushes) {
    const call = await signedPut({ url, stream: "cam", startMs, credentials });
    await call.write(body);
    call.end();
    const last = (await call.acks).at(-1);
    assert.equal(last?.EventType, "PERSISTED", JSON.stringify(last));
  }
  const sent = pushes.map(({ body, startMs }) => framesOfMkv(body, startMs));
  const times = sent.flat().map(({ timeMs }) => timeMs);
  return {
    ...{ scene, sent, fromMs: Math.min(...times) - 1000, toMs: Math.max(...times) + 1000 },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}

const bearer = ({ token }: GuardedServer) => ({ headers: { authorization: `Bearer ${token}` } });

export async function clipOf({ scene, fromMs, toMs }: Scene, name: string): Promise<Buffer> {
  const [file, layout] = name.split(" ");
  const query = `from=${fromMs}&to=${toMs}${layout === undefined ? "" : `&layout=${layout}`}`;
  const answer = await fetch(`${scene.url}/v1/streams/cam/${file}?${query}`, bearer(scene));
  assert.equal(answer.status, 200, name);
  return Buffer.from(await answer.arrayBuffer());
}

/** Every segment with its own init segment, as a player appends them. */
export async function hlsFrames({ scene, fromMs, toMs }: Scene): Promise<OutFrame[]> {
  const query = `from=${fromMs}&to=${toMs}&token=${await scene.session()}`;
  const master = `${scene.url}/v1/streams/cam/hls/index.m3u8?${query}`;
  const frames: OutFrame[] = [];
  for (const uri of mediaUrisOf(await textAt(master))) {
    const address = new URL(uri, master);
    const { segments, ended } = readPlaylist(await textAt(address));
    assert.ok(ended);
    for (const { map, uri: segment } of segments.filter(({ gap }) => !gap)) {
      const parts = [new URL(map, address), new URL(segment, address)].map(bytesAt);
      frames.push(...(await framesOfMp4(Buffer.concat(await Promise.all(parts)))));
    }
  }
  return frames;
}

export async function dashFrames({ scene, fromMs, toMs }: Scene): Promise<OutFrame[]> {
  const query = `from=${fromMs}&to=${toMs}&token=${await scene.session()}`;
  const url = `${scene.url}/v1/streams/cam/dash/manifest.mpd?${query}`;
  const frames: OutFrame[] = [];
  for (const [set] of (await textAt(url)).matchAll(/<AdaptationSet[\s\S]*?<\/AdaptationSet>/g)) {
    const attribute = (name: string) =>
      new URL(
        (new RegExp(` ${name}="([^"]+)"`).exec(set)?.[1] ?? "").replaceAll("&amp;", "&"),
        url,
      );
    const [init, media] = [await bytesAt(attribute("initialization")), attribute("media").href];
    let time = 0;
    for (const [, t, d, r = "0"] of set.matchAll(/<S (?:t="(\d+)" )?d="(\d+)"(?: r="(\d+)")?/g)) {
      time = t === undefined ? time : Number(t);
      for (let i = 0; i <= Number(r); i++, time += Number(d)) {
        const segment = await bytesAt(media.replace("$Time$", String(time)));
        frames.push(...(await framesOfMp4(Buffer.concat([init, segment]))));
      }
    }
  }
  return frames;
}

/** As many frames as were sent. */
export async function getMediaFrames({ scene, sent }: Scene): Promise<OutFrame[]> {
  const { Payload } = await scene.clients.media.send(
    new GetMediaCommand({ StreamName: "cam", StartSelector: { StartSelectorType: "EARLIEST" } }),
  );
  const body = Payload as unknown as AsyncIterable<Uint8Array> & { destroy(): void };
  const parts: Uint8Array[] = [];
  let bytes = Buffer.alloc(0);
  const numbers = (await listed(scene)).length;
  for await (const part of body) {
    parts.push(part);
    bytes = Buffer.concat(parts);
    // The last thing of each fragment.
    if (
      (bytes.toString("latin1").match(/CONTINUATION_TOKEND\S{4,5}\d{47}/g)?.length ?? 0) === numbers
    )
      break;
  }
  body.destroy();
  assert.ok(sent.length > 0);
  return framesOfMkv(bytes);
}

async function listed({ clients }: GuardedServer): Promise<string[]> {
  const { Fragments = [] } = await clients.archived.send(
    new ListFragmentsCommand({
      StreamName: "cam",
      FragmentSelector: {
        FragmentSelectorType: "SERVER_TIMESTAMP",
        TimestampRange: {
          StartTimestamp: new Date(0),
          EndTimestamp: new Date(Date.now() + 60_000),
        },
      },
    }),
  );
  return Fragments.map(({ FragmentNumber = "" }) => FragmentNumber);
}

export async function listFrames({ scene }: Scene): Promise<OutFrame[]> {
  const Fragments = await listed(scene);
  const { Payload } = await scene.clients.archived.send(
    new GetMediaForFragmentListCommand({ StreamName: "cam", Fragments }),
  );
  const parts: Uint8Array[] = [];
  for await (const part of Payload as unknown as AsyncIterable<Uint8Array>) parts.push(part);
  return framesOfMkv(Buffer.concat(parts));
}

/** From the first fragment that arrived: what came before a place is not told again, whatever its time. */
export async function tailFrames({ scene, sent }: Scene): Promise<OutFrame[]> {
  const from = sent[0]?.[0]?.timeMs ?? 0;
  const bank = new Streambank({ url: scene.url, token: scene.token });
  const frames: OutFrame[] = [];
  const kinds = new Map<number, string>();
  for await (const item of bank.stream("cam").frames({ from })) {
    if (item.kind === "config") for (const { number, type } of item.tracks) kinds.set(number, type);
    if (item.kind !== "frame") continue;
    const { track, timeUs, payload } = item;
    const kind = kinds.get(track) === "audio" ? "audio" : "video";
    frames.push({ kind, timeMs: timeUs / 1000, sha: shaOf(payload) });
    if (frames.length === sent.flat().length) break;
  }
  return frames;
}

export interface Comparison {
  /** Runs of frames in the order in which they are expected; within each, times must be the same distance apart. */
  readonly stretches: readonly (readonly OutFrame[])[];
  /** Times are those of the producer. */
  readonly absolute?: boolean;
}

/** Ms: MP4's ticks, and the whole ms of the sources. */
const NEAR_MS = 2;

export function compare(
  got: readonly OutFrame[],
  { stretches, absolute }: Comparison,
  what: string,
) {
  for (const kind of ["video", "audio"] as const) {
    const is = got.filter((frame) => frame.kind === kind);
    const wanted = stretches.map((stretch) => stretch.filter((frame) => frame.kind === kind));
    assert.equal(is.length, wanted.flat().length, `${what}: how many frames of ${kind}`);
    const other = wanted.flat().findIndex(({ sha }, i) => is[i]?.sha !== sha);
    assert.equal(other, -1, `${what}: the first ${kind} that is another: ${other} of ${is.length}`);
    let at = 0;
    for (const stretch of wanted) {
      const [first, zero] = [is[at]?.timeMs ?? 0, stretch[0]?.timeMs ?? 0];
      const shift = absolute ? 0 : first - zero;
      for (const [i, { timeMs }] of stretch.entries()) {
        const off = Math.abs((is[at + i]?.timeMs ?? 0) - timeMs - shift);
        assert.ok(off <= NEAR_MS, `${what}: ${kind} ${at + i} is ${off} ms off`);
      }
      at += stretch.length;
    }
  }
}
