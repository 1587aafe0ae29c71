/** What packs do not know goes from an old index into the one that is made anew. */
import { EXPORT_KINDS, type FragmentIndex, type PackRow } from "../index/fragment-index.ts";
import { exportIndex, importIndex } from "./transfer.ts";

/** Of one commit. */
const ROWS = 256;
const EVENTS = 500;
/** Rows asked for at once: more than any node's disk has packs. */
const ALL = 10_000_000;

/**
 * Streams without packs, gaps, holds, the audit, records, webhooks and what they have not been told, and the packs that are on
 * the disks of other nodes. Events get new numbers, so hooks begin at the first of them.
 */
export async function carryOver(
  old: FragmentIndex,
  index: FragmentIndex,
  node: string,
): Promise<void> {
  await importIndex(index, linesOf(old));
  await carryEvents(old, index);
  for (const { id } of await old.nodes()) if (id !== node) await carryPacks(old, index, id);
}

async function* linesOf(old: FragmentIndex): AsyncGenerator<string> {
  const kinds = EXPORT_KINDS.filter((kind) => kind !== "packs" && kind !== "trackSets");
  for await (const line of exportIndex(old, kinds)) {
    const { kind, row, ...rest } = JSON.parse(line);
    yield kind === "hooks"
      ? JSON.stringify({ kind, row: { ...row, deliveredId: 0 }, ...rest })
      : line;
  }
}

async function carryEvents(old: FragmentIndex, index: FragmentIndex): Promise<void> {
  const hooks = await old.hooks();
  if (hooks.length === 0) return;
  let after = Math.min(...hooks.map(({ deliveredId }) => deliveredId));
  for (;;) {
    const events = await old.events(after, EVENTS);
    const last = events.at(-1);
    if (last === undefined) return;
    await index.commit({ events: events.map(({ id, ...event }) => event) });
    after = last.id;
  }
}

async function carryPacks(old: FragmentIndex, index: FragmentIndex, node: string): Promise<void> {
  const rows: PackRow[] = [...(await old.openPacks(node)), ...(await old.unarchived(node, ALL))];
  for (let at = 0; at < rows.length; at += ROWS) {
    const some = rows.slice(at, at + ROWS);
    const ids = [...new Set(some.map(({ trackSetId }) => trackSetId))];
    const found = await Promise.all(ids.map((id) => old.trackSet(id)));
    const trackSets = found.filter((set) => set !== undefined);
    await index.commit({ rows: some, trackSets });
  }
}
