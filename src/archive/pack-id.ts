/** Names of packs: `stream/YYYY/MM/DD/serial-salt`, and where their bytes are by them. */
import { randomInt } from "node:crypto";
import { isoMillis, isoTime } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import type { FragmentNumber } from "../fragment/fragment-number.ts";

export interface PackIdParts {
  readonly stream: string;
  /** Days since 1970-01-01 UTC of its first fragment's server time. */
  readonly day: number;
  /** Sequence of its first fragment. Rises with packs; two have the same only after a failure. */
  readonly serial: number;
  /** Below 2^32, random. */
  readonly salt: number;
}

const DAY_MS = 86_400_000;
const PACK_ID = /^([A-Za-z0-9_.-]+)\/(\d{4})\/(\d\d)\/(\d\d)\/(\d{12,16})-([0-9a-z]{1,7})$/;

export function newPackId(stream: string, { sequence, receivedMs }: FragmentNumber): string {
  const day = Math.floor(receivedMs / DAY_MS);
  return formatPackId({ stream, day, serial: sequence, salt: randomInt(2 ** 32) });
}

export function formatPackId({ stream, day, serial, salt }: PackIdParts): string {
  const date = isoTime(day * DAY_MS)
    .slice(0, 10)
    .replaceAll("-", "/");
  return `${stream}/${date}/${String(serial).padStart(12, "0")}-${salt.toString(36)}`;
}

/** Undefined when it is not a pack id. */
export function parsePackId(packId: string): PackIdParts | undefined {
  const found = PACK_ID.exec(packId);
  if (found === null) return undefined;
  const [, stream = "", year, month, date, serial, salt = ""] = found;
  const day = isoMillis(`${year}-${month}-${date}`) / DAY_MS;
  if (Number.isNaN(day)) return undefined;
  const parts = { stream, day, serial: Number(serial), salt: Number.parseInt(salt, 36) };
  return parts.salt < 2 ** 32 && formatPackId(parts) === packId ? parts : undefined;
}

/** Throws `store.not-found`. */
export function packIdParts(packId: string): PackIdParts {
  const parts = parsePackId(packId);
  if (parts === undefined)
    throw new Fault("store.not-found", `not a pack id: ${packId.slice(0, 80)}`);
  return parts;
}

/** File name of a pack in `active/` and `spool/`: names have no `~`, so it stands for the slashes. */
export function localName(packId: string): string {
  return `${packId.replaceAll("/", "~")}.mkv`;
}

/** The pack a file in `active/` or `spool/` is, or undefined for a foreign file. */
export function packIdOf(fileName: string): string | undefined {
  if (!fileName.endsWith(".mkv")) return undefined;
  const packId = fileName.slice(0, -4).replaceAll("~", "/");
  return parsePackId(packId) === undefined ? undefined : packId;
}

/** Where the object of a pack is. */
export function objectKey(packId: string): string {
  return `${packId}.mkv`;
}

/** The pack an object is, or undefined for a foreign one. */
export function packIdOfKey(key: string): string | undefined {
  const packId = key.endsWith(".mkv") ? key.slice(0, -4) : "";
  return parsePackId(packId) === undefined ? undefined : packId;
}
