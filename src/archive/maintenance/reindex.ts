/**
 * An index made anew from packs alone (P3): objects in the store, packs in the spool; what is in `active/` the next start
 * recovers. Reads two ends of each pack and no media. Objects that retention had removed and whose file was still there
 * come back, and expire again.
 */
import { type Clock, isoTime } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { Files } from "../files.ts";
import type { FragmentIndex, PackRow, TrackSetRow } from "../index/fragment-index.ts";
import { fileBytes, objectBytes, readSealed } from "../pack/sealed-pack.ts";
import { packIdOf, packIdOfKey } from "../pack-id.ts";
import { isImageKey } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { newStream } from "../stream-info.ts";
import { type RebuiltPack, rebuildRow } from "./pack-row.ts";
import { Unreadable } from "./unreadable.ts";

export interface ReindexParts {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly files: Files;
  readonly node: string;
  readonly activeDir: string;
  readonly spoolDir: string;
  readonly clock: Clock;
  /** Called now and then. */
  progress?(done: ReindexResult): void;
}

export interface ReindexResult {
  packs: number;
  bytes: number;
  streams: number;
  /** What is not in the index now: left as it is. */
  readonly refused: Refused[];
}

export interface Refused {
  readonly name: string;
  readonly why: string;
  /** `unreadable`: the disk or the store did not give its bytes, and may another time. */
  readonly problem: "foreign" | "damaged" | "unreadable";
}

/** Packs read at once, and rows of one commit. */
const READS = 16;
const ROWS = 256;

/**
 * Into an index without packs; streams may be there. A pack that cannot be read is no reason to leave out the others. Throws
 * `store.unavailable` when it is the store that cannot.
 */
export async function reindex(parts: ReindexParts): Promise<ReindexResult> {
  return new Reindex(parts).run();
}

class Reindex {
  readonly #parts: ReindexParts;
  readonly #result: ReindexResult = { packs: 0, bytes: 0, streams: 0, refused: [] };
  /** Created here, and the settings of their newest pack. */
  readonly #made = new Map<string, string | undefined>();
  readonly #known = new Set<string>();
  readonly #trackSets = new Set<string>();
  #waiting: RebuiltPack[] = [];
  readonly #unreadable: Unreadable;

  constructor(parts: ReindexParts) {
    this.#parts = parts;
    this.#unreadable = new Unreadable(parts.store);
  }

  async run(): Promise<ReindexResult> {
    const { index } = this.#parts;
    for (const { name } of await index.streams()) this.#known.add(name);
    await this.#objects();
    await this.#spooled();
    await this.#flush();
    await this.#opened();
    await this.#unreadable.storeIsThere();
    for (const [stream, settings] of this.#made) await this.#settle(stream, settings);
    return this.#result;
  }

  async #objects(): Promise<void> {
    const { store, node } = this.#parts;
    for await (const page of store.list("")) {
      for (let at = 0; at < page.length; at += READS) {
        const reading = page.slice(at, at + READS).map(async ({ key, bytes }) => {
          if (isImageKey(key)) return undefined;
          const packId = packIdOfKey(key);
          if (packId === undefined) return this.#refuse(key, "foreign", "not the name of a pack");
          const place = { node, archived: true };
          return this.#guarded(key, () =>
            rebuildRow(packId, objectBytes(store, key, bytes), place),
          );
        });
        for (const pack of await Promise.all(reading))
          if (pack !== undefined) await this.#add(pack);
      }
    }
  }

  async #spooled(): Promise<void> {
    const { files, spoolDir, node } = this.#parts;
    for (const name of await files.list(spoolDir)) {
      const packId = packIdOf(name);
      if (packId === undefined) continue;
      const pack = await this.#guarded(name, async () =>
        rebuildRow(packId, await fileBytes(files, `${spoolDir}/${name}`), {
          node,
          archived: false,
        }),
      );
      if (pack !== undefined) await this.#add(pack);
    }
  }

  /** Packs that were still written: the streams they belong to must be there when the next start looks at them. */
  async #opened(): Promise<void> {
    const { files, activeDir } = this.#parts;
    for (const name of await files.list(activeDir)) {
      const packId = packIdOf(name);
      if (packId === undefined) continue;
      const found = await this.#guarded(name, async () =>
        readSealed(await fileBytes(files, `${activeDir}/${name}`)),
      );
      const stream = packId.split("/")[0] ?? "";
      if (found !== undefined) await this.#stream(stream, found.header.settings);
    }
  }

  async #guarded<T>(name: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await read();
      this.#unreadable.one(undefined);
      return found;
    } catch (error) {
      const fault = asFault(error);
      const problem = this.#unreadable.one(fault);
      return this.#refuse(name, problem, fault.message);
    }
  }

  #refuse(name: string, problem: Refused["problem"], why: string): undefined {
    this.#result.refused.push({ name, problem, why });
    return undefined;
  }

  async #add(pack: RebuiltPack): Promise<void> {
    await this.#stream(pack.row.stream, pack.settings);
    this.#waiting.push(pack);
    this.#result.packs++;
    this.#result.bytes += pack.row.bytes;
    if (this.#waiting.length >= ROWS) await this.#flush();
  }

  async #stream(name: string, settings: string | undefined): Promise<void> {
    if (this.#made.has(name)) this.#made.set(name, settings ?? this.#made.get(name));
    if (this.#known.has(name)) return;
    const { index, clock } = this.#parts;
    this.#known.add(name);
    this.#made.set(name, settings);
    this.#result.streams++;
    await index.createStream(streamOf(name, settings, clock), "reindex");
  }

  async #flush(): Promise<void> {
    const packs = this.#waiting;
    this.#waiting = [];
    if (packs.length === 0) return;
    const rows: PackRow[] = packs.map(({ row }) => row);
    const trackSets = new Map<string, TrackSetRow>();
    for (const { trackSet } of packs)
      if (!this.#trackSets.has(trackSet.id)) trackSets.set(trackSet.id, trackSet);
    await this.#parts.index.commit({ rows, trackSets: [...trackSets.values()] });
    for (const id of trackSets.keys()) this.#trackSets.add(id);
    this.#parts.progress?.(this.#result);
  }

  /** The stream was made from its first pack's settings; its newest pack's are the ones that count. */
  async #settle(stream: string, settings: string | undefined): Promise<void> {
    const { index, clock } = this.#parts;
    const { retentionHours, retentionBytes, mediaType, version } = streamOf(
      stream,
      settings,
      clock,
    );
    await index.updateStream(stream, {
      ...{ retentionHours, retentionBytes, version },
      ...(mediaType === undefined ? {} : { mediaType }),
    });
    await index.addAudit({
      ...{ atMs: clock.now(), action: "stream-rebuilt", stream, who: "reindex" },
      detail: `retention ${retentionHours} h, from its packs, ${isoTime(clock.now())}`,
    });
  }
}

/** Nothing may be removed because its settings were lost: without them, the longest retention there is. */
const LONGEST_HOURS = 87_600;

function streamOf(name: string, settings: string | undefined, clock: Clock): StreamInfo {
  const said = parse(settings);
  const number = (value: unknown, fallback: number) =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : fallback;
  const { mediaType } = said;
  return newStream(
    {
      name,
      retentionHours: Math.min(LONGEST_HOURS, number(said.retentionHours, LONGEST_HOURS)),
      retentionBytes: number(said.retentionBytes, 0),
      ...(typeof mediaType === "string" ? { mediaType } : {}),
    },
    millis(number(said.createdMs, clock.now())),
  );
}

function parse(settings: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(settings ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch (cause) {
    throw new Fault("store.corrupt", "a pack with settings that are not JSON", { cause });
  }
}
