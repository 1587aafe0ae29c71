/** This node's name among the others, kept in its data folder: packs on its disk are found by it. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/errors.ts";

const FORMAT = 1;
const FILE = "node.json";
const NODE_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * The id in the folder; where there is none, `wanted` or a random one is written. Throws `config.bad` when `wanted` is not an
 * id (1 to 64 of `A-Z a-z 0-9 _ . -`) or the folder is another node's; `store.unavailable`.
 */
export function nodeId(dataDir: string, wanted: string | undefined): string {
  if (wanted !== undefined && !NODE_ID.test(wanted))
    throw new Fault("config.bad", `not the id of a node: ${wanted.slice(0, 80)}`);
  const known = readId(join(dataDir, FILE));
  if (known !== undefined && wanted !== undefined && known !== wanted)
    throw new Fault("config.bad", `${dataDir} is the folder of node ${known}, not of ${wanted}`);
  if (known !== undefined) return known;
  const id = wanted ?? `n-${randomBytes(5).toString("hex")}`;
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, FILE), `${JSON.stringify({ format: FORMAT, id })}\n`, {
      flush: true,
    });
  } catch (cause) {
    const { message } = cause as Error;
    throw new Fault("store.unavailable", `writing ${FILE}: ${message}`, { cause });
  }
  return id;
}

function readId(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Fault("store.unavailable", `reading ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    const { format, id } = JSON.parse(text) as { format: number; id: string };
    if (format === FORMAT && NODE_ID.test(id)) return id;
  } catch {}
  throw new Fault("config.bad", `${path} does not name a node`);
}
