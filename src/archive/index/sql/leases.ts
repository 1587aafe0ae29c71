/** Leases and nodes. A lease that was let go keeps its row, with no node, for its epoch. */
import { Fault } from "../../../base/errors.ts";
import { type Millis, millis } from "../../../base/units.ts";
import type { Fence } from "../fragment-index.ts";
import type { LeaseRow, NodeRow } from "../index-leases.ts";
import { all, type Dialect, first, query, type Row, run, type Step, send } from "./step.ts";

export function* now(db: Dialect): Step<Millis> {
  return millis(Number((yield* first(`SELECT ${db.nowMs} AS now`))?.now));
}

/** What a commit stands on: nobody else can take these leases before its transaction has ended. */
export function* checkFences(db: Dialect, fences: readonly Fence[]): Step<void> {
  const sorted = [...fences].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  const answers = yield* send(
    sorted.map(({ stream, node, epoch }) =>
      query(
        `SELECT epoch FROM leases WHERE stream = ? AND node = ? AND epoch = ?${db.forShare}`,
        ...[stream, node, epoch],
      ),
    ),
  );
  for (const [i, { stream, node }] of sorted.entries())
    if (answers[i]?.rows.length !== 1)
      throw new Fault("ingest.fenced", `${stream} is not recorded by ${node} any more`);
}

export function* takeLease(
  db: Dialect,
  want: { stream: string; node: string; ttlMs: number; steal?: boolean },
  nowMs: number,
): Step<LeaseRow> {
  const { stream, node, ttlMs, steal = false } = want;
  yield* run(
    "INSERT INTO leases (stream, node, epoch, until_ms) VALUES (?, '', 0, 0) ON CONFLICT DO NOTHING",
    stream,
  );
  const row = yield* first(`SELECT * FROM leases WHERE stream = ?${db.forUpdate}`, stream);
  if (row === undefined) throw new Fault("index.unavailable", `the lease of ${stream} is gone`);
  const held = leaseOf(row);
  const ours = held.node === node;
  if (!ours && !steal && held.node !== "" && held.untilMs > nowMs) return held;
  const epoch = ours ? held.epoch : held.epoch + 1;
  const taken = { stream, node, epoch, untilMs: millis(nowMs + ttlMs) };
  yield* run(
    "UPDATE leases SET node = ?, epoch = ?, until_ms = ? WHERE stream = ?",
    ...[node, epoch, taken.untilMs, stream],
  );
  return taken;
}

export function* renewLeases(
  leases: readonly { stream: string; epoch: number }[],
  node: string,
  untilMs: number,
): Step<readonly string[]> {
  const sorted = [...leases].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  const answers = yield* send(
    sorted.map(({ stream, epoch }) =>
      query(
        "UPDATE leases SET until_ms = ? WHERE stream = ? AND node = ? AND epoch = ?",
        ...[untilMs, stream, node, epoch],
      ),
    ),
  );
  return sorted.filter((_, i) => answers[i]?.changes === 1).map(({ stream }) => stream);
}

export function* freeLease(stream: string, node: string, epoch: number): Step<void> {
  yield* run(
    "UPDATE leases SET node = '', until_ms = 0 WHERE stream = ? AND node = ? AND epoch = ?",
    ...[stream, node, epoch],
  );
}

/** Undefined when nobody has it; one that has run out is given. */
export function* lease(stream: string): Step<LeaseRow | undefined> {
  const row = yield* first("SELECT * FROM leases WHERE stream = ? AND node <> ''", stream);
  return row === undefined ? undefined : leaseOf(row);
}

export function* leases(nowMs: number): Step<LeaseRow[]> {
  const sql = "SELECT * FROM leases WHERE node <> '' AND until_ms > ? ORDER BY stream";
  return (yield* all(sql, nowMs)).map(leaseOf);
}

function leaseOf(row: Row): LeaseRow {
  return {
    stream: String(row.stream),
    node: String(row.node),
    epoch: Number(row.epoch),
    untilMs: millis(Number(row.until_ms)),
  };
}

export function* putNode(node: NodeRow): Step<void> {
  yield* run(
    `INSERT INTO nodes (id, url, rtmp_url, seen_ms, status) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET url = excluded.url, rtmp_url = excluded.rtmp_url,
     seen_ms = excluded.seen_ms, status = excluded.status`,
    ...[node.id, node.url, node.rtmpUrl, node.seenMs, node.status],
  );
}

export function* nodes(): Step<NodeRow[]> {
  return (yield* all("SELECT * FROM nodes ORDER BY id")).map((row) => ({
    id: String(row.id),
    url: String(row.url),
    rtmpUrl: String(row.rtmp_url),
    seenMs: millis(Number(row.seen_ms)),
    status: String(row.status),
  }));
}
