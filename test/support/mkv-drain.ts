/** Everything a Matroska parser or reader gives for some chunks, as plain values that can be compared. */
import { Fault } from "../../src/base/errors.ts";
import type { MkvEvent } from "../../src/media/mkv/events.ts";
import type { Block, MkvItem } from "../../src/media/mkv/items.ts";
import { MkvParser, type MkvParserOptions } from "../../src/media/mkv/parser.ts";
import { MkvReader, type MkvReaderOptions } from "../../src/media/mkv/reader.ts";

interface Source<T> {
  push(chunk: Uint8Array): void;
  pull(): T | undefined;
  end(): void;
}

export interface Drained<T> {
  readonly list: readonly T[];
  /** Code and offset, or undefined when the input was good. Anything but a `Fault` is thrown. */
  readonly fault: string | undefined;
}

/** Pushes, pulls after every push, ends, pulls the rest. */
export function drain<T>(source: Source<T>, chunks: Iterable<Uint8Array>): Drained<T> {
  const list: T[] = [];
  const pull = () => {
    for (let next = source.pull(); next !== undefined; next = source.pull()) list.push(next);
  };
  try {
    for (const chunk of chunks) {
      source.push(chunk);
      pull();
    }
    source.end();
    pull();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { list, fault: `${error.code}@${error.at}` };
  }
  return { list, fault: undefined };
}

/** One line per event: `+Info@5` open, `-Info@9` close, `Title@12=hex`, `~ec@20:3` skipped. */
export function eventLines(
  chunks: Iterable<Uint8Array>,
  options: Partial<MkvParserOptions> = {},
): string[] {
  const { list, fault } = drain(new MkvParser(options), chunks);
  return [...list.map(eventLine), ...(fault === undefined ? [] : [`!${fault}`])];
}

function eventLine(event: MkvEvent): string {
  const { kind, at } = event;
  if (kind === "open") return `+${event.name}@${at}:${event.size ?? "?"}`;
  if (kind === "close") return `-${event.name}@${at}${event.crcOk ? "" : " bad crc"}`;
  if (kind === "skipped") return `~${event.id.toString(16)}@${at}:${event.size}`;
  const payload = event.element.slice(event.headerBytes).toBytes();
  return `${event.name}@${at}=${Buffer.from(payload).toString("hex")}`;
}

/** Items with their bytes as hex. */
export function itemsOf(
  chunks: Iterable<Uint8Array>,
  options: Partial<MkvReaderOptions> = {},
): Drained<unknown> {
  const { list, fault } = drain(new MkvReader(options), chunks);
  return { list: list.map(plainItem), fault };
}

/** Only the blocks, plain. */
export function blocksOf(input: Uint8Array): Drained<ReturnType<typeof plainBlock>> {
  const { list, fault } = drain(new MkvReader(), [input]);
  const found = list.flatMap((item) => (item.kind === "block" ? [plainBlock(item.block)] : []));
  return { list: found, fault };
}

function plainItem(item: MkvItem): unknown {
  if (item.kind === "block") return { ...item, block: plainBlock(item.block) };
  return item;
}

/** A block with bytes as hex, so that how it was cut into pieces does not count. */
export function plainBlock(block: Block) {
  const { track, relativeTicks, key, invisible, discardable, lacing, durationTicks } = block;
  const { element, timeOffset, at } = block;
  return {
    ...{ track, relativeTicks, key, invisible, discardable, lacing, durationTicks },
    ...{ timeOffset, at },
    element: Buffer.from(element.toBytes()).toString("hex"),
    frames: block.frames.map((frame) => Buffer.from(frame.toBytes()).toString("hex")),
  };
}
