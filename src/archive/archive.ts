/**
 * Fragments made durable and found again: the sink of ingest, the reader of play, and the catalogue of
 * streams. Puts the parts of this folder together; each promise is kept in the part that names it.
 */
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { asFault, Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { millis } from "../base/units.ts";
import type {
  FragmentReader,
  FragmentSink,
  PackChain,
  PackSelection,
  PackSummary,
  Recording,
  RecordingOptions,
  StoredFragment,
  StreamCatalogue,
  StreamExtent,
  StreamInfo,
  TimeRange,
} from "../fragment/fragment.ts";
import type { TrackSet } from "../media/track.ts";
import { Committer } from "./committer.ts";
import { Duplicates } from "./duplicates.ts";
import { type Files, nodeFiles } from "./files.ts";
import { lockDataDir, makeDataDir, newIdentity, readIdentity, writeIdentity } from "./identity.ts";
import type { FragmentIndex, PageKey } from "./index/fragment-index.ts";
import { readFragmentList } from "./index/fragment-list.ts";
import { SqliteIndex } from "./index/sqlite-index.ts";
import type { OpenPack } from "./pack/open-pack.ts";
import { type RecoveryParts, recoverAll, recoverFile } from "./recovery.ts";
import { FolderStore, readExactly } from "./store/folder-store.ts";
import { newStream } from "./stream-info.ts";
import {
  activeName,
  objectKey,
  PACK_LIMITS,
  type PackLimits,
  StreamWriter,
} from "./stream-writer.ts";
import { loadTrackSet, trackSetRow } from "./track-sets.ts";

export interface ArchiveOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<PackLimits>;
  /** Replaced by tests that make file operations or commits fail. */
  readonly files?: Files;
  readonly wrapIndex?: (index: FragmentIndex) => FragmentIndex;
  /** Default: SQLite in workers. */
  readonly openIndex?: (path: string) => Promise<FragmentIndex>;
}

interface ArchiveParts extends RecoveryParts {
  readonly clock: Clock;
  readonly committer: Committer;
  readonly limits: PackLimits;
  readonly unlock: () => void;
}

interface Taking {
  readonly writer: StreamWriter;
  readonly duplicates: Duplicates;
}

export class Archive implements FragmentSink, FragmentReader, StreamCatalogue {
  readonly #parts: ArchiveParts;
  /** By stream: those that have been recorded since the start. */
  readonly #taken = new Map<string, Taking>();
  /** Packs in `active/` by id: their bytes are there and not in the store. */
  readonly #active = new Map<string, OpenPack | "recovering">();
  readonly #trackSets = new Map<string, TrackSet>();
  #sealing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(parts: ArchiveParts) {
    this.#parts = parts;
  }

  /**
   * Opens or makes the data folder and recovers what a crash left. Throws `store.locked`,
   * `store.unavailable`, `config.bad` (another folder's index, a newer version), `index.unavailable`.
   */
  static async open(options: ArchiveOptions): Promise<Archive> {
    const { dataDir, clock, log, files = nodeFiles } = options;
    makeDataDir(dataDir);
    const unlock = lockDataDir(dataDir);
    let index: FragmentIndex | undefined;
    try {
      index = await openIndex(dataDir, options.openIndex ?? SqliteIndex.open);
      index = options.wrapIndex?.(index) ?? index;
      const store = new FolderStore({ root: join(dataDir, "packs"), files });
      const activeDir = join(dataDir, "active");
      const limits = { ...PACK_LIMITS, ...options.limits };
      const committer = new Committer(index);
      const parts = { activeDir, files, index, store, log, clock, committer, limits, unlock };
      const archive = new Archive(parts);
      await archive.#recover();
      return archive;
    } catch (error) {
      await index?.close().catch(() => {});
      unlock();
      throw error;
    }
  }

  async #recover(): Promise<void> {
    const { index, store } = this.#parts;
    for (const pack of await recoverAll(this.#parts)) {
      this.#active.set(pack.identity.packId, pack);
      this.#seal(pack);
    }
    const garbage = await index.garbage(Number.MAX_SAFE_INTEGER, 1_000_000);
    if (garbage.length > 0) await this.#removeObjects(garbage, store);
  }

  // Catalogue

  async create(options: {
    name: string;
    retentionHours: number;
    mediaType?: string;
  }): Promise<StreamInfo> {
    const info = newStream(options, this.#parts.clock.now());
    await this.#parts.index.createStream(info);
    return info;
  }

  async get(name: string): Promise<StreamInfo> {
    const info = await this.#parts.index.stream(name);
    if (info === undefined) throw new Fault("stream.not-found", `there is no stream ${name}`);
    return info;
  }

  list(): Promise<readonly StreamInfo[]> {
    return this.#parts.index.streams();
  }

  /** Throws `ingest.busy` while it is recorded. Order: rows become garbage, objects go, garbage goes. */
  async delete(name: string): Promise<void> {
    await this.get(name);
    const writer = this.#taken.get(name)?.writer;
    if (writer !== undefined && writer.recordings > 0)
      throw new Fault("ingest.busy", `${name} has a producer connected; stop it first`);
    await writer?.close();
    this.#taken.delete(name);
    await this.#sealing;
    await this.#parts.index.deleteStream(name, "", this.#parts.clock.now());
    const garbage = await this.#parts.index.garbage(Number.MAX_SAFE_INTEGER, 1_000_000);
    await this.#removeObjects(garbage, this.#parts.store);
  }

  async #removeObjects(packIds: readonly string[], store: FolderStore): Promise<void> {
    const { files, activeDir, index } = this.#parts;
    for (const packId of packIds) {
      await store.delete(objectKey(packId));
      await files.remove(join(activeDir, activeName(packId)));
      this.#active.delete(packId);
    }
    await index.forgetGarbage(packIds);
  }

  // Sink

  async open({ stream }: RecordingOptions): Promise<Recording> {
    const info = await this.get(stream);
    const { writer, duplicates } = await this.#taking(stream);
    writer.attach();
    let open = true;
    return {
      persists: info.retentionHours > 0,
      nextNumber: () => writer.nextNumber(),
      append: (fragment) => duplicates.append(fragment, (one) => writer.append(one)),
      get pendingBytes() {
        return writer.pendingBytes;
      },
      close: async () => {
        await writer.idle();
        if (open) writer.detach();
        open = false;
      },
    };
  }

  /** What all recordings of a stream share, made for the first of them. */
  async #taking(stream: string): Promise<Taking> {
    const known = this.#taken.get(stream);
    if (known !== undefined) return known;
    const { index } = this.#parts;
    const [lastSequence, extent] = await Promise.all([
      index.lastSequence(stream),
      index.extent(stream),
    ]);
    const lookup = {
      find: (fromMs: number, toMs: number) => this.#storedIn(stream, fromMs, toMs),
      read: ({ packId, blocksOffset }: StoredFragment, size: number) =>
        this.read(packId, blocksOffset, size),
    };
    // Another connection may have made it while this one asked.
    const made = this.#taken.get(stream) ?? {
      writer: this.#makeWriter(stream, lastSequence),
      duplicates: new Duplicates(lookup, extent?.producedEndUs ?? Number.NEGATIVE_INFINITY),
    };
    this.#taken.set(stream, made);
    return made;
  }

  async #storedIn(stream: string, fromMs: number, toMs: number): Promise<StoredFragment[]> {
    const range = { fromMs: millis(fromMs), toMs: millis(toMs) };
    const found: StoredFragment[] = [];
    for await (const page of this.packs(stream, { by: "time", clock: "producer", range }))
      for (const { packId } of page) found.push(...(await this.fragments(stream, packId)));
    return found.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
  }

  #makeWriter(stream: string, lastSequence: number): StreamWriter {
    const { activeDir, files, committer, clock, limits } = this.#parts;
    const log = this.#parts.log.child({ stream });
    return new StreamWriter({
      ...{ stream, activeDir, files, committer, clock, log, limits, lastSequence },
      opened: (pack) => this.#active.set(pack.identity.packId, pack),
      retire: (pack, broken) => (broken ? this.#recoverLater(pack) : this.#seal(pack)),
    });
  }

  /** Seals in the background, one pack after another. */
  #seal(pack: OpenPack): void {
    this.#sealing = this.#sealing.then(() => this.#sealNow(pack));
  }

  /** Order: Cues, fsync, header, fsync, rename and folders, row (docs/design/write-order.md). */
  async #sealNow(pack: OpenPack): Promise<void> {
    const { store, index, files, log } = this.#parts;
    const { packId, trackSet } = pack.identity;
    try {
      if (pack.fragments.length === 0) {
        await pack.close();
        await files.remove(pack.path);
      } else {
        const bytes = await pack.finish();
        await store.seal(objectKey(packId), pack.path);
        await index.commit({ rows: [pack.row(bytes)], trackSets: [trackSetRow(trackSet)] });
      }
      this.#active.delete(packId);
    } catch (error) {
      // It stays in `active/` and readable; the next start seals it.
      await pack.close().catch(() => {});
      const { code, message } = asFault(error, "store.unavailable");
      log.error("pack.not-sealed", { pack: packId, code, message });
    }
  }

  /** A pack whose last write failed: settled from what is on the disk, as after a crash. */
  #recoverLater(pack: OpenPack): void {
    const { packId, stream } = pack.identity;
    this.#active.set(packId, "recovering");
    this.#sealing = this.#sealing.then(async () => {
      await pack.close().catch(() => {});
      try {
        const row = await this.#parts.index.pack(stream, packId);
        const recovered = await recoverFile(this.#parts, packId, row);
        if (recovered !== undefined) await this.#sealNow(recovered);
      } catch (error) {
        const { code, message } = asFault(error, "store.unavailable");
        this.#parts.log.error("pack.not-recovered", { pack: packId, code, message });
      }
    });
  }

  // Reader

  async *packs(
    stream: string,
    selection: PackSelection,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly PackSummary[]> {
    await this.get(stream);
    let after: PageKey | undefined;
    do {
      signal?.throwIfAborted();
      const page = await this.#parts.index.packs(stream, selection, after);
      if (page.packs.length > 0) yield page.packs;
      after = page.next;
    } while (after !== undefined);
  }

  chain(stream: string, range: TimeRange): Promise<PackChain | undefined> {
    return this.#parts.index.chain(stream, range);
  }

  async fragments(stream: string, packId: string): Promise<readonly StoredFragment[]> {
    const row = await this.#parts.index.pack(stream, packId);
    if (row === undefined) throw new Fault("store.not-found", `there is no pack ${packId}`);
    return readFragmentList(row.fragments ?? new Uint8Array(), row).fragments;
  }

  async trackSet(id: string): Promise<TrackSet> {
    const known = this.#trackSets.get(id);
    if (known !== undefined) return known;
    const trackSet = await loadTrackSet(this.#parts.index, id);
    if (this.#trackSets.size >= 1000) this.#trackSets.clear();
    this.#trackSets.set(id, trackSet);
    return trackSet;
  }

  /** A pack may be sealed between the look and the read: then it is in the other place. */
  async read(packId: string, offset: number, size: number): Promise<Uint8Array> {
    const { store, files, activeDir } = this.#parts;
    const fromStore = () => store.read(objectKey(packId), offset, size);
    const fromActive = () => readExactly(files, join(activeDir, activeName(packId)), offset, size);
    const [first, second] = this.#active.has(packId)
      ? [fromActive, fromStore]
      : [fromStore, fromActive];
    try {
      return await first();
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "store.not-found") throw error;
      return second();
    }
  }

  extent(stream: string): Promise<StreamExtent | undefined> {
    return this.#parts.index.extent(stream);
  }

  /** Decides and seals everything, then lets the folder go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#taken.values()].map(({ writer }) => writer.close()));
    await this.#sealing;
    await this.#parts.index.close();
    this.#parts.unlock();
  }
}

/** The folder's index, after checking that they belong together. */
async function openIndex(
  dataDir: string,
  open: (path: string) => Promise<FragmentIndex>,
): Promise<FragmentIndex> {
  const index = await open(join(dataDir, "index.sqlite"));
  try {
    const onDisk = readIdentity(dataDir);
    const known = await index.meta("uuid", onDisk ?? newIdentity());
    if (onDisk === undefined && (await index.streams()).length > 0)
      throw new Fault(
        "config.bad",
        `${dataDir} has an index but no identity file: is the disk mounted?`,
      );
    if (onDisk !== undefined && onDisk !== known)
      throw new Fault(
        "config.bad",
        `${dataDir}: the identity file and the index belong to different folders`,
      );
    if (onDisk === undefined) writeIdentity(dataDir, known);
    return index;
  } catch (error) {
    await index.close();
    throw error;
  }
}
