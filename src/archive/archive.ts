/**
 * Fragments made durable and found again: the sink of ingest, the reader of play, and the catalogue of
 * streams. Puts the parts of this folder together; each promise is kept in the part that names it.
 */
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { asFault, Fault } from "../base/errors.ts";
import { noMeters } from "../base/meters.ts";
import { millis } from "../base/units.ts";
import type {
  FragmentReader,
  FragmentSink,
  PackChain,
  PackSelection,
  PackStretch,
  PackSummary,
  RecordedGap,
  Recording,
  RecordingOptions,
  StoredFragment,
  StreamCatalogue,
  StreamExtent,
  StreamInfo,
  TimeRange,
} from "../fragment/fragment.ts";
import type { TrackSet } from "../media/track.ts";
import type { ArchiveOptions } from "./archive-options.ts";
import { Committer } from "./committer.ts";
import { noEvents } from "./events.ts";
import { type Files, nodeFiles, type Space } from "./files.ts";
import { lockDataDir, makeDataDir, newIdentity } from "./identity.ts";
import type { FragmentIndex, PackRow } from "./index/fragment-index.ts";
import { readFragmentList } from "./index/fragment-list.ts";
import { SqliteIndex } from "./index/sqlite-index.ts";
import { KeyErasures } from "./key-erasures.ts";
import { LocalCache } from "./local-cache.ts";
import { openIndex } from "./open-index.ts";
import { OwnFolder } from "./own-folder.ts";
import { objectKey } from "./pack-id.ts";
import { PackReader } from "./pack-reader.ts";
import { Places } from "./places.ts";
import { Recordings } from "./recordings.ts";
import { type RecoveryParts, recoverAll } from "./recovery.ts";
import { Reserve } from "./reserve.ts";
import { BACK_OFF } from "./retry.ts";
import { Sealer } from "./sealer.ts";
import { SPACE_LIMITS, SpaceGate } from "./space-gate.ts";
import { clearSpool, findSpool } from "./spool.ts";
import { FolderStore } from "./store/folder-store.ts";
import type { ObjectStore } from "./store/object-store.ts";
import { StoreClaim } from "./store/store-claim.ts";
import { newStream } from "./stream-info.ts";
import { PACK_LIMITS } from "./stream-writer.ts";
import { Thinning } from "./thinning.ts";
import { Uploads } from "./uploads.ts";

const RESERVE_BYTES = 16 << 20;
const INDEX_PATIENCE_MS = 15_000;
const UPLOADS = 4;
/** Cached packs go when less than so many times the mark of the space gate is free. */
const ROOM_AHEAD = 1.5;

interface ArchiveParts extends RecoveryParts {
  readonly clock: Clock;
  readonly unlock: () => void;
  readonly folder: OwnFolder;
  readonly claim: StoreClaim;
  readonly cache: LocalCache;
}

export type { ArchiveOptions };

export class Archive implements FragmentSink, FragmentReader, StreamCatalogue {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly uploads: Uploads;
  readonly gate: SpaceGate;
  readonly reader: PackReader;
  readonly #parts: ArchiveParts;
  readonly #recordings: Recordings;
  readonly #sealer: Sealer;
  readonly #reserve: Reserve;
  readonly #thinning: Thinning;
  readonly #erasures: KeyErasures | undefined;
  #spool: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(parts: ArchiveParts, options: ArchiveOptions) {
    const { index, store, places, files, clock, log, node, activeDir } = parts;
    const { backOff = BACK_OFF, dataDir, meters = noMeters, events = noEvents } = options;
    this.#parts = parts;
    this.index = index;
    this.store = store;
    this.reader = new PackReader(index, places);
    this.#thinning = new Thinning({ index, clock, log });
    const { eraseKey: erase } = options;
    this.#erasures =
      erase && new KeyErasures({ ...{ index, node, erase, clock, log, events, backOff } });
    const archived = (row: PackRow) => this.#archived(row);
    const reserveBytes = options.reserveBytes ?? RESERVE_BYTES;
    const path = join(dataDir, "reserve");
    this.#reserve = new Reserve({ files, log, path, bytes: reserveBytes });
    const concurrency = options.uploads ?? UPLOADS;
    const checkFolder = () => parts.folder.check();
    const checkPlaces = async () => {
      await checkFolder();
      await parts.claim.check();
    };
    this.uploads = new Uploads({
      ...{ ...parts, backOff, concurrency, archived, meters, events, checkPlaces },
    });
    this.gate = new SpaceGate({
      clock,
      log,
      limits: { ...SPACE_LIMITS, ...options.space },
      space: () => this.#room(dataDir),
      spoolBytes: () => this.uploads.bytes,
      trouble: () => parts.folder.trouble(),
      changed: (open) => {
        if (open) this.#reserve.hold();
        else if (!this.gate.foreign) this.#reserve.release();
      },
    });
    const spooled = ({ bytes }: PackRow) => this.uploads.added(bytes);
    this.#sealer = new Sealer({
      ...{ ...parts, backOff, archived, spooled, meters, events, checkFolder },
    });
    this.#recordings = new Recordings({
      ...{ index, node, activeDir, files, clock, log, gate: this.gate },
      committer: new Committer(index, {
        ...{ clock, meters, written: () => events.written() },
        patienceMs: options.indexPatienceMs ?? INDEX_PATIENCE_MS,
      }),
      limits: { ...PACK_LIMITS, ...options.limits },
      fence: options.fence ?? (() => undefined),
      ...{ events, meters },
      lookup: (stream) => ({
        find: (fromMs, toMs) => this.reader.storedIn(stream, range(fromMs, toMs)),
        read: ({ packId, blocksOffset }, size) => this.read(packId, blocksOffset, size),
      }),
      opened: ({ identity }) => places.set(identity.packId, "active"),
      retire: (pack, broken) => (broken ? this.#sealer.recover(pack) : this.#sealer.seal(pack)),
    });
  }

  /** What the cache takes counts as free, and is given back in time. */
  async #room(dataDir: string): Promise<Space> {
    const { files, cache } = this.#parts;
    let space = await files.space(dataDir);
    const lack = this.gate.state.stopBytes * ROOM_AHEAD - space.free;
    if (lack > 0 && cache.bytes > 0) {
      await cache.makeRoom(lack);
      space = await files.space(dataDir);
    }
    return { ...space, free: space.free + cache.bytes };
  }

  /**
   * Opens or makes the data folder and recovers what a crash left. Throws
   * `store.locked`, `store.unavailable`, `config.bad` (another folder's index, a newer version), `index.unavailable`.
   */
  static async open(options: ArchiveOptions): Promise<Archive> {
    const { dataDir, clock, log, files = nodeFiles, node = "", sharedDir = dataDir } = options;
    makeDataDir(dataDir, sharedDir);
    const unlock = lockDataDir(dataDir);
    let index: FragmentIndex | undefined;
    try {
      index = await openIndex({
        ...{ dataDir, sharedDir, node, files },
        shared: options.sharedIndex ?? sharedDir !== dataDir,
        open: options.openIndex ?? SqliteIndex.open,
      });
      const uuid = await index.meta("uuid", newIdentity());
      index = options.wrapIndex?.(index) ?? index;
      const store = options.store ?? new FolderStore({ root: join(sharedDir, "packs"), files });
      const [activeDir, spoolDir] = [join(dataDir, "active"), join(dataDir, "spool")];
      const { remoteRead, mayComplete } = options;
      const nodeOf = otherNode(index, node);
      const cache = cacheOf(options, { index, files, remote: store.remote });
      await cache.open();
      const places = new Places({ files, store, activeDir, spoolDir, cache, remoteRead, nodeOf });
      const claim = new StoreClaim(options.claimStore, uuid);
      await claim.atStart(log);
      const folder = new OwnFolder(files, dataDir, uuid);
      const of = { node, index, store, places, mayComplete, folder, claim, cache };
      const parts = { ...of, activeDir, files, log, clock, unlock };
      const archive = new Archive(parts, options);
      await archive.#start(spoolDir);
      return archive;
    } catch (error) {
      await index?.close().catch(() => {});
      unlock();
      throw error;
    }
  }

  async #start(spoolDir: string): Promise<void> {
    const { packs, failed } = await recoverAll(this.#parts);
    for (const pack of packs) this.#sealer.seal(pack);
    for (const { packId, error } of failed) this.#sealer.tryLater(packId, error);
    this.#reserve.hold();
    this.#thinning.start();
    void this.#erasures?.run();
    await this.gate.start();
    const spooled = await findSpool(this.#parts, spoolDir);
    // The spool may be long: it is looked through and counted behind the start.
    this.#spool = clearSpool(this.#parts, spooled).then(async () => {
      this.#parts.cache.start();
      await this.uploads.state();
      this.uploads.wake();
    });
    this.#spool = this.#spool.catch((error) =>
      this.#parts.log.error("spool.not-read", { message: String(error) }),
    );
  }

  #archived(row: PackRow): void {
    if (!this.#recordings.anyToTell || row.fragments === undefined) return;
    this.#recordings.archived(readFragmentList(row.fragments, row).fragments);
  }

  // Catalogue

  async create(options: Parameters<StreamCatalogue["create"]>[0]): Promise<StreamInfo> {
    const info = newStream(options, this.#parts.clock.now());
    try {
      await this.index.createStream(info, options.who);
    } catch (error) {
      // The key of an earlier stream of this name may be waiting to be erased.
      if (this.#erasures === undefined || asFault(error).code !== "store.unavailable") throw error;
      await this.#erasures.run();
      await this.index.createStream(info, options.who);
    }
    return info;
  }

  async get(name: string): Promise<StreamInfo> {
    const info = await this.index.stream(name);
    if (info === undefined) throw new Fault("stream.not-found", `there is no stream ${name}`);
    return info;
  }

  list(): Promise<readonly StreamInfo[]> {
    return this.index.streams();
  }

  /**
   * Throws `ingest.busy` while it is recorded, `stream.held`. Order: rows become garbage, the key goes, objects go, garbage goes.
   */
  async delete(name: string, who = "user"): Promise<void> {
    await this.get(name);
    await this.#parts.folder.check();
    await this.dropStream(name);
    const { clock } = this.#parts;
    await this.index.deleteStream(name, who, clock.now(), this.#erasures !== undefined);
    await this.#erasures?.run();
    const garbage = await this.index.garbage(clock.now() + 1, Number.MAX_SAFE_INTEGER);
    const own = garbage.filter((packId) => packId.startsWith(`${name}/`));
    await this.store.delete(own.map(objectKey));
    await this.forget(own);
    await this.index.forgetGarbage(own);
  }

  // Sink

  open(options: RecordingOptions): Promise<Recording> {
    return this.#recordings.open(options);
  }

  /** See `Recordings.take`. */
  takeStream(stream: string, skip: number): Promise<void> {
    return this.#recordings.take(stream, skip);
  }

  /** Seals and forgets what is kept of a stream: another node records it from now on. Throws `ingest.busy`. */
  async dropStream(stream: string): Promise<void> {
    await this.#recordings.drop(stream);
    await this.#sealer.idle();
  }

  // Reader

  packs(
    stream: string,
    selection: PackSelection,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly PackSummary[]> {
    return this.reader.packs(stream, selection, signal);
  }

  chain(stream: string, of: TimeRange): Promise<PackChain | undefined> {
    return this.reader.chain(stream, of);
  }

  stretches(stream: string, of: TimeRange, joinMs: number): Promise<readonly PackStretch[]> {
    return this.reader.stretches(stream, of, joinMs);
  }

  fragments(stream: string, packId: string): Promise<readonly StoredFragment[]> {
    return this.reader.fragments(stream, packId);
  }

  trackSet(id: string): Promise<TrackSet> {
    return this.reader.trackSet(id);
  }

  read(packId: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.reader.read(packId, offset, size, signal);
  }

  /** As `read`, for other nodes that ask this one: what only they have is not looked for. */
  readHere(packId: string, offset: number, size: number): Promise<Uint8Array> {
    return this.#parts.places.readHere(packId, offset, size);
  }

  gaps(stream: string, of: TimeRange, limit: number): Promise<readonly RecordedGap[]> {
    return this.reader.gaps(stream, of, limit);
  }

  /**
   * Packs whose rows are gone: their local files go, and what memory knows of them. Throws `store.unavailable` when the
   * data folder is not ours any more: nothing would be removed.
   */
  async forget(packIds: readonly string[]): Promise<void> {
    await this.#parts.folder.check();
    for (const packId of packIds) {
      await this.#parts.places.removeLocal(packId);
      this.reader.forget(packId);
    }
  }

  extent(stream: string): Promise<StreamExtent | undefined> {
    return this.reader.extent(stream);
  }

  /** Resolves when all that was given away to be sealed or sent has been tried. */
  async settled(): Promise<void> {
    await this.#spool;
    await this.#sealer.idle();
    await this.uploads.idle();
    await this.#erasures?.idle();
  }

  /** Decides and seals everything, then lets the folder go. What waits in the spool is sent after the next start. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.gate.stop();
    await this.#recordings.close();
    await this.#sealer.close();
    await this.#spool;
    await this.uploads.close();
    await this.#thinning.stop();
    await this.#parts.cache.close();
    await this.#erasures?.close();
    await this.#reserve.idle();
    await this.store.close();
    await this.index.close();
    this.#parts.unlock();
  }
}

/** Says which other node has a pack that is not archived. */
function otherNode(index: FragmentIndex, own: string) {
  return async (packId: string): Promise<string | undefined> => {
    const row = await index.pack(packId.split("/")[0] ?? "", packId);
    return row === undefined || row.archived || row.node === own ? undefined : row.node;
  };
}

function cacheOf(
  { dataDir, clock, log, cacheBytes = 0 }: ArchiveOptions,
  { index, files, remote }: { index: FragmentIndex; files: Files; remote: boolean },
): LocalCache {
  const exists = async (packId: string) =>
    (await index.pack(packId.split("/")[0] ?? "", packId)) !== undefined;
  const [dir, maxBytes] = [join(dataDir, "cache"), remote ? cacheBytes : 0];
  return new LocalCache({ files, clock, log, dir, maxBytes, exists });
}

function range(fromMs: number, toMs: number): TimeRange {
  return { fromMs: millis(fromMs), toMs: millis(toMs) };
}
