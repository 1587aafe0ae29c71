/** An index in PostgreSQL as each earlier version left it, opened by this one: the answers are those of an index made now. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import postgres from "postgres";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { PostgresIndex } from "../../src/archive/index/postgres-index.ts";
import { MIGRATIONS } from "../../src/archive/index/postgres-schema.ts";
import { millis } from "../../src/base/units.ts";
import { addPacks, makeStream } from "../support/index-packs.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;
const HOUR = 3_600_000;
const RANGE = { fromMs: millis(START - HOUR), toMs: millis(START + 100 * HOUR) };

async function answers(index: FragmentIndex) {
  return {
    streams: await index.streams(),
    packs: await index.packs("cam", { by: "sequence", after: 0 }),
    extent: await index.extent("cam"),
    chain: await index.chain("cam", RANGE),
    stretches: await index.stretches("cam", hours(), 1000),
    last: await index.lastSequence("cam"),
    audit: await index.audit({ limit: 10 }),
    gaps: await index.gaps("cam", RANGE, 10),
  };
}

function hours() {
  const whole = (ms: number) => millis(Math.floor(ms / HOUR) * HOUR);
  return { fromMs: whole(START - HOUR), toMs: whole(START + 100 * HOUR) };
}

/** A database with the tables of that version, and in them what the other has for each of their columns. */
async function asOfVersion(version: number, fromUrl: string, toUrl: string): Promise<void> {
  const [from, to] = [fromUrl, toUrl].map((url) => postgres(url, { max: 1, onnotice: () => {} }));
  assert.ok(from !== undefined && to !== undefined);
  for (const migration of MIGRATIONS.slice(0, version)) await to.unsafe(migration);
  await to.unsafe("CREATE TABLE index_version (version integer NOT NULL)");
  await to.unsafe("INSERT INTO index_version VALUES ($1)", [version]);
  const tables = await to.unsafe(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> 'index_version'`,
  );
  for (const { name } of tables) {
    const columns = await to.unsafe(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 AND table_schema = 'public'",
      [name],
    );
    const list = columns.map((column) => `"${column.name}"`).join(", ");
    const rows = await from.unsafe(`SELECT ${list} FROM "${name}"`);
    await to.unsafe(`DELETE FROM "${name}"`);
    for (const row of rows) await to`INSERT INTO ${to(String(name))} ${to(row)}`;
  }
  await Promise.all([from.end(), to.end()]);
}

suite("an index of an earlier version in PostgreSQL", {
  ...needs("postgresql"),
  timeout: 300_000,
}, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.remove());

  test("is brought up to date and gives the same answers, from every version there was", async () => {
    const url = await server.newDatabase();
    const now = await PostgresIndex.open(url, { connections: 1 });
    await makeStream(now, "cam", { retentionHours: 24 });
    const specs = Array.from({ length: 40 }, (_, i) => ({ atMs: START + i * 17 * 60_000 }));
    const ids = await addPacks(now, "cam", specs);
    const removal = { stream: "cam", cause: "age", who: "retention" } as const;
    await now.remove({ ...removal, packIds: ids.slice(0, 3), atMs: millis(START) });
    const want = await answers(now);
    assert.ok(want.stretches.length > 0 && want.gaps.length > 0 && want.chain !== undefined);
    for (let version = 1; version < MIGRATIONS.length; version++) {
      const old = await server.newDatabase();
      await asOfVersion(version, url, old);
      const index = await PostgresIndex.open(old, { connections: 1 });
      assert.deepEqual(await answers(index), want, `from version ${version}`);
      const [more] = await addPacks(index, "cam", [{ atMs: START + 50 * HOUR }]);
      assert.ok((await index.pack("cam", more ?? "")) !== undefined, "it is written to");
      await index.close();
    }
    await now.close();
  });
});
