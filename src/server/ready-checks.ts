/** What a server needs to be able to record: the checks behind `GET /readyz`. */

import { open, readFile, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Archive } from "../archive/archive.ts";
import type { FragmentIndex } from "../archive/index/fragment-index.ts";
import type { ObjectStore } from "../archive/store/object-store.ts";
import type { Clock } from "../base/clock.ts";
import { type Check, type CheckResult, Readiness } from "./readiness.ts";

const OK: CheckResult = { state: "ok" };

/** The index answers a question that costs nothing. */
export function indexCheck(index: Pick<FragmentIndex, "lastEventId">): Check {
  return {
    name: "index",
    run: async () => {
      await index.lastEventId();
      return OK;
    },
  };
}

/** A file can be made in the data folder, and the folder is still the one that this server began with. */
export function folderCheck(dataDir: string): Check {
  let began: string | undefined;
  return {
    name: "dataFolder",
    run: async () => {
      const text = await readFile(join(dataDir, "streambank.json"), "utf8");
      const { uuid } = JSON.parse(text) as { uuid?: unknown };
      if (typeof uuid !== "string") return failed("streambank.json has no identity in it");
      began ??= uuid;
      if (uuid !== began)
        return failed("another folder is mounted there: its identity is not ours");
      const probe = join(dataDir, `.ready-${process.pid}`);
      await (await open(probe, "w")).close();
      await unlink(probe);
      return OK;
    },
  };
}

export interface Room {
  readonly freeBytes: number;
  /** Below this nothing is taken any more. */
  readonly stopBytes: number;
}

/** There is room above the mark at which the archive stops taking fragments. */
export function spaceCheck(room: () => Promise<Room>): Check {
  return {
    name: "space",
    run: async () => {
      const { freeBytes, stopBytes } = await room();
      if (freeBytes > stopBytes) return OK;
      return failed(`${freeBytes} bytes are free; recording stops at ${stopBytes}`);
    },
  };
}

/**
 * The object store answers. One in the network that does not is a warning, as long as the spool takes packs; a folder that
 * cannot be used is a failure.
 */
export function storeCheck(
  store: Pick<ObjectStore, "name" | "remote" | "probe">,
  spoolHasRoom: () => boolean,
): Check {
  return {
    name: "store",
    run: async () => {
      try {
        await store.probe();
        return OK;
      } catch (error) {
        const reason = `${store.name}: ${(error as Error).message}`;
        if (!store.remote) return failed(reason);
        if (spoolHasRoom())
          return { state: "warning", reason: `${reason}; packs wait in the spool` };
        return failed(`${reason}; the spool is full`);
      }
    },
  };
}

/** Packs that cannot be sent although the store works are on this disk alone. */
export function spoolCheck(aside: () => number): Check {
  return {
    name: "spool",
    run: async () => {
      const packs = aside();
      if (packs === 0) return OK;
      return { state: "warning", reason: `${packs} packs cannot be sent: see upload.set-aside` };
    },
  };
}

/** The checks of a server. */
export function readinessOf({
  config,
  clock,
  archive,
}: {
  config: { readonly dataDir: string };
  clock: Clock;
  archive: Pick<Archive, "index" | "store" | "gate" | "uploads">;
}): Readiness {
  const { index, store, gate, uploads } = archive;
  const room = async () => {
    const { freeBytes: free, stopBytes } = gate.state;
    return { freeBytes: free ?? (await freeBytes(config.dataDir)), stopBytes };
  };
  const checks = [
    indexCheck(index),
    folderCheck(config.dataDir),
    spaceCheck(room),
    storeCheck(store, () => gate.state.open),
    spoolCheck(() => uploads.aside),
  ];
  return new Readiness({ clock, checks });
}

/** Room on the disk of a folder, bytes that this process may use. */
export async function freeBytes(dataDir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dataDir);
  return bavail * bsize;
}

function failed(reason: string): CheckResult {
  return { state: "failed", reason };
}
