/** What an archive is told when it is opened. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import type { EventSource } from "./events.ts";
import type { Files } from "./files.ts";
import type { Fence, FragmentIndex } from "./index/fragment-index.ts";
import type { RemoteRead } from "./places.ts";
import type { BackOffLimits } from "./retry.ts";
import type { SpaceLimits } from "./space-gate.ts";
import type { ObjectStore } from "./store/object-store.ts";
import type { PackLimits } from "./stream-writer.ts";

export interface ArchiveOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<PackLimits>;
  readonly space?: Partial<SpaceLimits>;
  /** Kept free for the index when the disk is full, bytes; 0: nothing. */
  readonly reserveBytes?: number;
  readonly backOff?: BackOffLimits;
  /** How long appends wait for an index that is away, ms. */
  readonly indexPatienceMs?: number;
  /** Most bytes of packs that stay on the local disk although a remote store has them. Default 0: none. */
  readonly cacheBytes?: number;
  /** Packs sent to a remote store at once. */
  readonly uploads?: number;
  /** Where sealed packs go. Default: the folder `packs` of the data folder. */
  readonly store?: ObjectStore;
  /** Default: SQLite in workers. */
  readonly openIndex?: (path: string) => Promise<FragmentIndex>;
  /** Folder of index and packs where several nodes on one machine share them; the data folder keeps what is this node's. */
  readonly sharedDir?: string;
  /** The index is shared by several nodes: a fresh data folder is then no surprise. */
  readonly sharedIndex?: boolean;
  /** This node's name where several share an index; "" where there is one. */
  readonly node?: string;
  /** What must still be true of a stream when its rows are committed. */
  readonly fence?: (stream: string) => Fence | undefined;
  /** See `RecoveryParts`. */
  readonly mayComplete?: (stream: string) => Promise<Fence | undefined>;
  readonly remoteRead?: RemoteRead;
  readonly events?: EventSource;
  readonly meters?: Meters;
  /** Makes sure that a remote store is this archive's, by its uuid. Throws `config.bad`, `store.unavailable`. */
  readonly claimStore?: ((uuid: string) => Promise<void>) | undefined;
  /** Makes what an encrypted store still has of a deleted stream unreadable. */
  readonly eraseKey?: ((stream: string) => Promise<void>) | undefined;
  /** Replaced by tests that make file operations or commits fail. */
  readonly files?: Files;
  readonly wrapIndex?: (index: FragmentIndex) => FragmentIndex;
}
