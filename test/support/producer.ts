/** A producer whose server is the test: links that remember what they got and say what they are told to. */
import assert from "node:assert/strict";
import type { ProducerEvent, ProducerOptions } from "../../producer-sdk/src/events.ts";
import { Producer } from "../../producer-sdk/src/producer.ts";
import type { Link, LinkHandlers, Transport } from "../../producer-sdk/src/transport.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import type { Track } from "../../src/media/track.ts";
import { FakeClock } from "./fake-clock.ts";

export const START_US = 1_700_000_000_000_000;
export const START_MS = START_US / 1000;
export const TRACKS: readonly Track[] = [
  {
    number: 1,
    type: "video",
    codecId: "V_TEST",
    encoding: "plain",
    video: { width: 2, height: 2 },
  },
  { number: 2, type: "audio", codecId: "A_TEST", encoding: "plain" },
];

/** A server side that remembers what it got and says what the test tells it to. */
export class FakeLink implements Link {
  readonly sent: Uint8Array[] = [];
  readonly texts: string[] = [];
  readonly handlers: LinkHandlers;
  readonly url: string;
  bufferedBytes = 0;
  closed = false;
  constructor(url: string, handlers: LinkHandlers) {
    this.url = url;
    this.handlers = handlers;
  }
  send(bytes: Uint8Array): void {
    this.sent.push(bytes.slice());
  }
  sendText(text: string): void {
    this.texts.push(text);
  }
  close(): void {
    this.closed = true;
  }
  ack(EventType: string, FragmentTimecode: number, more: object = {}): void {
    const FragmentNumber = String(FragmentTimecode);
    this.handlers.text(
      `${JSON.stringify({ EventType, FragmentTimecode, FragmentNumber, ...more })}\n`,
    );
  }
  /** For each fragment: how many tracks were announced before it, and its frames. */
  told(): [tracks: number, frames: number[]][] {
    const reader = new MkvReader();
    for (const piece of this.sent) reader.push(piece);
    const out: [number, number[]][] = [];
    let tracks = 0;
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
      if (item.kind === "tracks") tracks = item.trackSet.tracks.length;
      if (item.kind === "cluster") out.push([tracks, []]);
      if (item.kind === "block") out.at(-1)?.[1].push(item.block.frames[0]?.at(0) ?? -1);
    }
    return out;
  }
  /** Cluster times with their frames' payload bytes, as a Matroska reader sees them. */
  clusters(): { ms: number; frames: number[]; ended: boolean }[] {
    const reader = new MkvReader();
    for (const piece of this.sent) reader.push(piece);
    const out: { ms: number; frames: number[]; ended: boolean }[] = [];
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
      const last = out.at(-1);
      if (item.kind === "cluster") out.push({ ms: item.ticks, frames: [], ended: false });
      if (item.kind === "block") last?.frames.push(item.block.frames[0]?.at(0) ?? -1);
      if (item.kind === "tags" && last !== undefined) last.ended = true;
    }
    return out;
  }
}

export function setUp(over: Partial<ProducerOptions> = {}) {
  const clock = new FakeClock();
  const links: FakeLink[] = [];
  const transport: Transport = {
    connect(url, handlers) {
      const link = new FakeLink(url, handlers);
      links.push(link);
      return link;
    },
  };
  const options = {
    url: "http://host:1/",
    stream: "a b",
    tracks: TRACKS,
    clock,
    transport,
    random: () => 1,
  };
  const producer = new Producer({ ...options, ...over });
  const events: ProducerEvent[] = [];
  producer.on((event) => events.push(event));
  const link = (index = links.length - 1) => {
    const found = links[index];
    assert.ok(found, `no connection ${index}`);
    return found;
  };
  /** Video at 10 fps, a key frame every `group`; the payload is the frame's number. */
  const video = (from: number, to: number, group = 10, size = 1) => {
    for (let i = from; i < to; i++)
      producer.putFrame({
        track: 1,
        data: new Uint8Array(size).fill(i),
        timestampUs: START_US + i * 100_000,
        key: i % group === 0,
      });
  };
  return { clock, links, link, producer, events, video };
}
