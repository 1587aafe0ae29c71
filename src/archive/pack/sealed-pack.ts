/** A sealed pack read from its two ends: what it is, and its fragment list. Media is read only where there is no footer. */
import { Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";
import { readExactly } from "../store/folder-store.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { SealedSize } from "./open-pack.ts";
import { type ReadFooter, readFooter } from "./pack-footer.ts";
import {
  footerOffset,
  MAX_HEADER_BYTES,
  type ParsedPackHeader,
  parsePackHeader,
} from "./pack-header.ts";

/** Enough for the header of nearly every pack. */
const FIRST_READ = 16 << 10;

/** A file or an object, by byte range. */
export interface PackBytes {
  readonly bytes: number;
  read(offset: number, size: number): Promise<Uint8Array>;
}

export interface SealedPack {
  readonly header: ParsedPackHeader;
  /** Undefined: it was sealed before there were footers. */
  readonly footer: ReadFooter | undefined;
  readonly size: SealedSize;
}

export async function fileBytes(files: Files, path: string): Promise<PackBytes> {
  const file = await files.open(path, "read");
  try {
    const bytes = await file.size();
    return { bytes, read: (offset, size) => readExactly(files, path, offset, size) };
  } finally {
    await file.close();
  }
}

export function objectBytes(store: ObjectStore, key: string, bytes: number): PackBytes {
  return { bytes, read: (offset, size) => store.read(key, offset, size) };
}

/** Throws `store.corrupt` when it is not a pack, or its footer is not whole. */
export async function readSealed(pack: PackBytes): Promise<SealedPack> {
  const { bytes } = pack;
  const [header, start] = await headerOf(pack);
  const at = footerOffset(start);
  if (at === undefined) return { header, footer: undefined, size: sizeOf(bytes, undefined) };
  if (at >= bytes)
    throw new Fault("store.corrupt", `${header.packId} ends before its footer`, { at });
  const footer = readFooter(await pack.read(at, bytes - at), at);
  return { header, footer, size: sizeOf(bytes, footer) };
}

function sizeOf(bytes: number, footer: ReadFooter | undefined): SealedSize {
  return {
    bytes,
    listOffset: footer?.listOffset ?? 0,
    listBytes: footer?.fragments.length ?? 0,
  };
}

/** Its header, and the bytes that were read for it. */
async function headerOf(pack: PackBytes): Promise<[ParsedPackHeader, Uint8Array]> {
  const first = await pack.read(0, Math.min(pack.bytes, FIRST_READ));
  try {
    return [parsePackHeader(first), first];
  } catch (error) {
    if (pack.bytes <= FIRST_READ || !(error instanceof Fault)) throw error;
  }
  const more = await pack.read(0, Math.min(pack.bytes, MAX_HEADER_BYTES));
  return [parsePackHeader(more), more];
}
