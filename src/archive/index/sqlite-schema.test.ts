import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { millis } from "../../base/units.ts";
import type { PackChain, PackStretch, StreamExtent } from "../../fragment/fragment.ts";
import type { PackPage, PackRow } from "./fragment-index.ts";
import { writeTotals } from "./fragment-list.ts";
import { MIGRATIONS } from "./sqlite-schema.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { BlobWriter } from "./varint.ts";

const PACKS = 8;

/** As the schema before numbers had it: a stream of sealed packs in one chain, and an open pack. */
function oldIndex(path: string): void {
  const db = new DatabaseSync(path);
  db.exec(`${MIGRATIONS[0]};${MIGRATIONS[1]}; PRAGMA user_version = 2`);
  db.exec("INSERT INTO meta VALUES ('uuid', 'the folder')");
  db.exec("INSERT INTO streams VALUES ('cam', 5, 24, NULL, 'v', 0)");
  db.prepare("INSERT INTO track_sets VALUES ('aa', 1000000, ?)").run(Uint8Array.of(1, 2));
  const insert = db.prepare(
    `INSERT INTO packs VALUES ('cam', ?, 'aa', ?, ?, ?, ?, ?, ?, ?, 100, ?, ?, ?, ?)`,
  );
  for (let i = 0; i < PACKS; i++) {
    const sealed = i < PACKS - 1 ? 1 : 0;
    const from = i * 60_000_000;
    const sums = new BlobWriter();
    for (const value of [i + 1, i + 1]) sums.uint(value);
    sums.append(totalsOf(i + 1));
    insert.run(
      packIdOf(i),
      sealed,
      from,
      from + 60_000_000,
      i * 60_000,
      i * 60_000 + 58_000,
      i * 30 + 1,
      i * 30 + 30,
      totalsOf(1),
      Uint8Array.of(9, i),
      sealed,
      sealed ? sums.bytes() : null,
    );
    if (sealed)
      db.prepare("INSERT OR REPLACE INTO chains VALUES ('cam', 1, 'aa', 0, ?, ?, ?, ?)").run(
        from + 60_000_000,
        from,
        i * 30 + 30,
        sums.bytes(),
      );
  }
  db.exec(`INSERT INTO garbage VALUES ('gone/2026/01/02/000000000007-zz')`);
  db.close();
}

function packIdOf(i: number): string {
  return `cam/1970/01/01/${String(i * 30 + 1).padStart(12, "0")}-1z141${i}`;
}

function totalsOf(packs: number): Uint8Array {
  const track = { track: 1, fragments: 30 * packs, frames: 900 * packs, keyframes: 30 * packs };
  const tracks = [{ ...track, payloadBytes: 80 * packs }];
  return writeTotals({ fragments: 30 * packs, blocksBytes: 90 * packs, tracks });
}

test("an index of schema 2 is brought up to date with everything in it", () => {
  using dir = tempDir("schema");
  const path = join(dir.path, "index.sqlite");
  oldIndex(path);
  const store = new SqliteStore(path, { readOnly: false });
  const all = { fromMs: millis(-1000), toMs: millis(10_000_000) };
  assert.equal(store.call("meta", ["uuid", "another"]), "the folder");
  const selection = { by: "time", clock: "producer", range: all };
  const { packs } = store.call("packs", ["cam", selection]) as PackPage;
  assert.deepEqual(
    packs.map(({ packId, sealed }) => [packId, sealed]),
    Array.from({ length: PACKS }, (_, i) => [packIdOf(i), i < PACKS - 1]),
  );
  const first = store.call("pack", ["cam", packIdOf(3)]) as PackRow;
  assert.deepEqual(first.fragments, Uint8Array.of(9, 3));
  assert.ok(first.sealed && first.archived && first.trackSetId === "aa" && first.node === "");
  const [open] = store.call("openPacks", [""]) as PackRow[];
  assert.equal(open?.packId, packIdOf(PACKS - 1));
  const chain = store.call("chain", ["cam", all]) as PackChain;
  assert.equal(chain.totals.fragments, 30 * (PACKS - 2));
  assert.equal(store.call("lastSequence", ["cam"]), PACKS * 30);
  assert.equal((store.call("extent", ["cam"]) as StreamExtent).bytes, PACKS * 100);
  assert.deepEqual(store.call("garbage", [1000, 10]), ["gone/2026/01/02/000000000007-zz"]);
  const hours = { fromMs: millis(-3_600_000), toMs: millis(36_000_000) };
  const stretches = store.call("stretches", ["cam", hours, 0]) as PackStretch[];
  assert.equal(
    stretches.reduce((sum, one) => sum + one.packs, 0),
    PACKS,
  );
  store.close();
  const again = new SqliteStore(path, { readOnly: true });
  assert.equal(again.call("lastSequence", ["cam"]), PACKS * 30);
  again.close();
});

test("an index of a newer version is refused", () => {
  using dir = tempDir("schema");
  const path = join(dir.path, "index.sqlite");
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
  db.close();
  assert.throws(() => new SqliteStore(path, { readOnly: false }), { code: "config.bad" });
});
