/**
 * Packs against the index, stream by stream: what is missing, what is too much, what does not match. Reads two ends of each
 * pack; `deep` reads every byte and checks every checksum. With `repair` the index is made to say what is there.
 */
import type { Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { PackSummary } from "../../fragment/fragment.ts";
import type { FragmentIndex, PackRow, PageKey } from "../index/fragment-index.ts";
import { objectBytes, type PackBytes, readSealed } from "../pack/sealed-pack.ts";
import { objectKey, packIdOfKey } from "../pack-id.ts";
import { isImageKey } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { checkLocal, type LocalFolders } from "./check-local.ts";
import { deepCheck } from "./deep-check.ts";
import { rebuildRow } from "./pack-row.ts";
import { Unreadable } from "./unreadable.ts";

export type Problem =
  /** The index names it, the store does not have it. Repair: its row is removed, with a gap `corrupt`. */
  | "missing"
  /** The store has it, the index does not know it. Repair: its row is made. */
  | "unknown"
  /** Its size or list is not what the index says. Repair: its row is made anew from the pack. */
  | "different"
  /** It is not a whole pack, or a checksum does not match. Not repaired: what is good in it can still be read. */
  | "damaged"
  /** Disk or store did not give its bytes. Not repaired: it may be whole. */
  | "unreadable"
  /** Not the name of a pack. Left alone. */
  | "foreign";

export interface Finding {
  readonly stream: string;
  /** Pack id, or the key of a foreign object. */
  readonly name: string;
  readonly problem: Problem;
  readonly why: string;
  readonly repaired: boolean;
}

export interface CheckParts {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly node: string;
  readonly clock: Clock;
  readonly deep: boolean;
  readonly repair: boolean;
  /** The node's own disk; undefined: it is not looked at. */
  readonly local?: LocalFolders;
  found(finding: Finding): Promise<void> | void;
}

export interface CheckResult {
  packs: number;
  bytes: number;
  problems: number;
  repaired: number;
}

/** Objects looked at in one go. */
const AT_ONCE = 16;

export async function checkArchive(parts: CheckParts): Promise<CheckResult> {
  const check = new Check(parts);
  for (const { name } of await parts.index.streams()) await check.stream(name);
  await check.others();
  if (parts.local !== undefined)
    await checkLocal({ ...parts, ...parts.local }, (finding) => check.report(finding));
  await check.end();
  return check.result;
}

class Check {
  readonly result: CheckResult = { packs: 0, bytes: 0, problems: 0, repaired: 0 };
  readonly #parts: CheckParts;
  readonly #unreadable: Unreadable;
  #garbage: Promise<ReadonlySet<string>> | undefined;

  constructor(parts: CheckParts) {
    this.#parts = parts;
    this.#unreadable = new Unreadable(parts.store);
  }

  /** Throws `store.unavailable` when it is the store, not its packs. */
  end(): Promise<void> {
    return this.#unreadable.storeIsThere();
  }

  async stream(stream: string): Promise<void> {
    const { store } = this.#parts;
    const seen = new Set<string>();
    for await (const page of store.list(`${stream}/`))
      for (let at = 0; at < page.length; at += AT_ONCE) {
        const packs = page.slice(at, at + AT_ONCE).filter(({ key }) => !isImageKey(key));
        const looks = packs.map(({ key, bytes }) => {
          const packId = packIdOfKey(key);
          if (packId === undefined) return this.report({ stream, name: key, problem: "foreign" });
          seen.add(packId);
          return this.#object(stream, packId, bytes);
        });
        await Promise.all(looks);
      }
    await this.#rows(stream, seen);
  }

  /** Objects of streams that the index does not know. */
  async others(): Promise<void> {
    const { index, store } = this.#parts;
    const known = new Set((await index.streams()).map(({ name }) => name));
    for await (const page of store.list(""))
      for (const { key } of page) {
        const stream = key.split("/")[0] ?? "";
        if (known.has(stream) || isImageKey(key)) continue;
        const packId = packIdOfKey(key);
        // Of a stream that was deleted lately.
        if (packId !== undefined && (await this.#isGarbage(packId))) continue;
        const why = "its stream is not there";
        await this.report({ stream, name: key, problem: "unknown", why });
      }
  }

  async #object(stream: string, packId: string, bytes: number): Promise<void> {
    const { index, store } = this.#parts;
    this.result.packs++;
    this.result.bytes += bytes;
    const pack = objectBytes(store, objectKey(packId), bytes);
    const row = await index.pack(stream, packId);
    const wrong = await this.#compare(packId, pack, row);
    if (wrong === undefined) return;
    const { problem } = wrong;
    const whole = problem === "unknown" || problem === "different";
    const repaired = whole && (await this.#rebuild(packId, pack, row));
    await this.report({ stream, name: packId, ...wrong, repaired });
  }

  async #compare(
    packId: string,
    pack: PackBytes,
    row: PackRow | undefined,
  ): Promise<{ problem: Problem; why: string } | undefined> {
    try {
      const sealed = await readSealed(pack);
      if (this.#parts.deep) await deepCheck(pack, packId, sealed);
      this.#unreadable.one(undefined);
      if (row === undefined) {
        const waits = await this.#isGarbage(packId);
        return waits ? undefined : { problem: "unknown", why: "no row" };
      }
      const differs = difference(row, pack.bytes, sealed.footer?.fragments);
      return differs === undefined ? undefined : { problem: "different", why: differs };
    } catch (error) {
      const fault = asFault(error);
      if (fault.code.startsWith("index.")) throw fault;
      return { problem: this.#unreadable.one(fault), why: fault.message };
    }
  }

  /** Removed, and its object has not gone yet: that is as it should be. */
  async #isGarbage(packId: string): Promise<boolean> {
    const { index, clock } = this.#parts;
    this.#garbage ??= index
      .garbage(clock.now() + 1, Number.MAX_SAFE_INTEGER)
      .then((packIds) => new Set(packIds));
    return (await this.#garbage).has(packId);
  }

  async #rebuild(packId: string, pack: PackBytes, old: PackRow | undefined): Promise<boolean> {
    const { repair, index, node } = this.#parts;
    if (!repair) return false;
    const made = await rebuildRow(packId, pack, { node: old?.node ?? node, archived: true });
    await index.commit({ rows: [made.row], trackSets: [made.trackSet] });
    return true;
  }

  async #rows(stream: string, seen: ReadonlySet<string>): Promise<void> {
    const { index } = this.#parts;
    let after: PageKey | undefined;
    do {
      const page = await index.packs(stream, { by: "sequence", after: 0 }, after);
      for (const pack of page.packs) if (!seen.has(pack.packId)) await this.#row(stream, pack);
      after = page.next;
    } while (after !== undefined);
  }

  async #row(stream: string, { packId }: PackSummary): Promise<void> {
    const { index, store, repair, clock } = this.#parts;
    const row = await index.pack(stream, packId);
    // On its way: open, in the spool, or moved since the listing.
    if (row === undefined || !row.archived) return;
    if ((await store.size(objectKey(packId))) !== undefined) return;
    const why = "its object is not in the store";
    if (repair)
      await index.remove({
        ...{ stream, packIds: [packId], cause: "corrupt", who: "check", detail: why },
        atMs: clock.now(),
      });
    await this.report({ stream, name: packId, problem: "missing", why, repaired: repair });
  }

  async report(
    finding: Omit<Finding, "why" | "repaired"> & Partial<Pick<Finding, "why" | "repaired">>,
  ): Promise<void> {
    const { why = "not the name of a pack", repaired = false } = finding;
    this.result.problems++;
    if (repaired) this.result.repaired++;
    await this.#parts.found({ ...finding, why, repaired });
  }
}

function difference(row: PackRow, bytes: number, list: Uint8Array | undefined): string | undefined {
  if (row.archived && row.bytes !== bytes) return `${bytes} bytes, the index says ${row.bytes}`;
  if (!row.archived) return "in the store, the index says it is not";
  if (list === undefined || row.fragments === undefined) return undefined;
  return Buffer.compare(list, row.fragments) === 0 ? undefined : "its list is not the index's";
}
