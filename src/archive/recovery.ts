/**
 * What a crash left in `active/`: every file is checked from its last known good byte, cut at the first
 * bad one, completed in the index, and given back to be sealed. Known-good bytes are not read again, so
 * the time does not grow with the footage (docs/design/write-order.md).
 */
import { join } from "node:path";
import { Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { StoredFragment } from "../fragment/fragment.ts";
import type { Files, OpenFile } from "./files.ts";
import type { Fence, FragmentIndex, PackRow } from "./index/fragment-index.ts";
import { readFragmentList } from "./index/fragment-list.ts";
import { OpenPack } from "./pack/open-pack.ts";
import { MAX_HEADER_BYTES, type ParsedPackHeader, parsePackHeader } from "./pack/pack-header.ts";
import { scanFragments } from "./pack/pack-scan.ts";
import { fileBytes, objectBytes, readSealed } from "./pack/sealed-pack.ts";
import { localName, objectKey, packIdOf } from "./pack-id.ts";
import type { Places } from "./places.ts";
import type { ObjectStore } from "./store/object-store.ts";
import { trackSetId, trackSetRow } from "./track-sets.ts";

export interface RecoveryParts {
  /** This node's name in the index. */
  readonly node: string;
  readonly activeDir: string;
  readonly files: Files;
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly places: Places;
  readonly log: Logger;
  /**
   * Where several nodes share an index: the fence under which what no row names may be kept, or undefined when another
   * node has recorded the stream since. Without it, everything that is whole is kept.
   */
  readonly mayComplete?: ((stream: string) => Promise<Fence | undefined>) | undefined;
}

export interface Recovered {
  /** Whole; they wait to be sealed. */
  readonly packs: readonly OpenPack[];
  /** Could not be read or written now: they stay as they are, to be tried again. */
  readonly failed: readonly { readonly packId: string; readonly error: Fault }[];
}

/** Goes through `active/`. One bad file, or a store that is away, does not stop the start. Throws `index.unavailable`, `store.*` of the folder. */
export async function recoverAll(parts: RecoveryParts): Promise<Recovered> {
  const { index, node, files, activeDir, places } = parts;
  const rows = new Map((await index.openPacks(node)).map((row) => [row.packId, row]));
  const packs: OpenPack[] = [];
  const failed: { packId: string; error: Fault }[] = [];
  for (const name of await files.list(activeDir)) {
    const packId = packIdOf(name);
    if (packId === undefined) continue;
    const pack = await orOfThePack(recoverFile(parts, packId, rows.get(packId)));
    rows.delete(packId);
    if (pack === undefined) continue;
    places.set(packId, "active");
    if (pack instanceof Fault) failed.push({ packId, error: pack });
    else packs.push(pack);
  }
  for (const row of rows.values()) {
    const error = await orOfThePack(settleMoved(parts, row));
    if (error instanceof Fault) failed.push({ packId: row.packId, error });
  }
  return { packs, failed };
}

/** Trouble with a file or an object says nothing about the others; with the index it does. */
async function orOfThePack<T>(settling: Promise<T>): Promise<T | Fault> {
  try {
    return await settling;
  } catch (error) {
    if (error instanceof Fault && error.code.startsWith("store.")) return error;
    throw error;
  }
}

/** An open row without a file in `active/`: the crash came between the move and the row. */
export async function settleMoved(parts: RecoveryParts, row: PackRow): Promise<void> {
  const { index, store, files, places, log } = parts;
  const { packId } = row;
  const spooled = places.path(packId, "spool");
  if (await files.exists(spooled)) {
    const found = await readSealed(await fileBytes(files, spooled));
    await index.commit({ rows: [{ ...row, ...found.size, sealed: true }] });
    places.set(packId, "spool");
    return;
  }
  const bytes = await store.size(objectKey(packId));
  if (bytes !== undefined) {
    const found = await readSealed(objectBytes(store, objectKey(packId), bytes));
    await index.commit({ rows: [{ ...row, ...found.size, sealed: true, archived: true }] });
    places.set(packId, undefined);
    return;
  }
  log.error("recovery.pack-missing", { pack: packId, bytes: row.bytes });
}

/** One file of `active/`, ready to be sealed; undefined when nothing in it counts. Throws `store.*`. */
export async function recoverFile(
  parts: RecoveryParts,
  packId: string,
  row: PackRow | undefined,
): Promise<OpenPack | undefined> {
  const { files, activeDir } = parts;
  const path = join(activeDir, localName(packId));
  const file = await files.open(path, "change");
  try {
    return await settle(parts, { packId, row, path, file });
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
}

interface FoundFile {
  readonly packId: string;
  readonly row: PackRow | undefined;
  readonly path: string;
  readonly file: OpenFile;
}

async function settle(parts: RecoveryParts, found: FoundFile): Promise<OpenPack | undefined> {
  const { index, log } = parts;
  const { packId, row, path, file } = found;
  const header = await headerOf(file);
  const stream = packId.split("/")[0] ?? "";
  if (header === undefined || (await index.stream(stream)) === undefined)
    return discard({ ...parts, file, path, row });
  const known = row === undefined ? [] : readFragmentList(listOf(row), row).fragments;
  const fence = await parts.mayComplete?.(stream);
  const foreign = parts.mayComplete !== undefined && fence === undefined;
  const whole = foreign ? cutToRow(header, known) : await completed(file, header, known);
  if (whole.fragments.length === 0) return discard({ ...parts, file, path, row });
  const identity = { ...header, stream, packId };
  const setId = trackSetId(header.trackSet);
  const options = { identity, trackSetId: setId, path };
  const { firstOffset } = header;
  const { fragments } = whole;
  await file.truncate(whole.goodLength);
  await file.sync();
  const pack = OpenPack.recovered(file, options, { firstOffset, fragments });
  const rows = [pack.row({ node: parts.node })];
  const fences = fence === undefined ? [] : [fence];
  await index.commit({ rows, trackSets: [trackSetRow(header.trackSet)], fences });
  log.info("recovery.pack", { pack: packId, known: known.length, found: fragments.length });
  return pack;
}

function listOf({ packId, fragments }: PackRow): Uint8Array {
  if (fragments !== undefined) return fragments;
  throw new Fault("store.corrupt", `the index has no list of the open pack ${packId}`);
}

async function headerOf(file: OpenFile): Promise<ParsedPackHeader | undefined> {
  const size = await file.size();
  const bytes = await file.read(0, Math.min(size, MAX_HEADER_BYTES));
  try {
    return parsePackHeader(bytes);
  } catch (error) {
    if (error instanceof Fault && error.code === "store.corrupt") return undefined;
    throw error;
  }
}

/** Another node goes on with the stream: what no row names was acked to nobody, and has been sent to that node. */
function cutToRow(header: ParsedPackHeader, known: readonly StoredFragment[]) {
  const last = known.at(-1);
  const goodLength = last === undefined ? header.firstOffset : last.offset + last.size;
  return { fragments: [...known], goodLength };
}

/** The known fragments and those that are whole behind them. */
async function completed(
  file: OpenFile,
  header: ParsedPackHeader,
  known: readonly StoredFragment[],
): Promise<{ fragments: StoredFragment[]; goodLength: number }> {
  const last = known.at(-1);
  const from = last === undefined ? header.firstOffset : last.offset + last.size;
  const base = {
    packId: header.packId,
    trackSetId: trackSetId(header.trackSet),
    baseNs: header.baseNs,
    timestampScaleNs: header.trackSet.timestampScaleNs,
    firstOffset: header.firstOffset,
  };
  if ((await file.size()) < from)
    throw new Fault("store.corrupt", `${header.packId} is shorter than its acked fragments`);
  const scan = await scanFragments(file, base, from);
  return { fragments: [...known, ...scan.fragments], goodLength: scan.goodLength };
}

/** A file nothing was acked from: it goes. With acked fragments it stays, and that is said loudly. */
async function discard({
  files,
  log,
  file,
  path,
  row,
}: RecoveryParts & { file: OpenFile; path: string; row: PackRow | undefined }): Promise<undefined> {
  await file.close();
  if (row !== undefined) log.error("recovery.pack-unreadable", { path, bytes: row.bytes });
  else await files.remove(path);
  return undefined;
}
