/** What the archive may expect of its index, whichever engine it is in: SQLite, in this thread and in workers, and PostgreSQL. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import postgres from "postgres";
import { PostgresIndex } from "../../src/archive/index/postgres-index.ts";
import { fill, packRow, streamInfo, TRACK_SET } from "../support/index-rows.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { needs } from "../support/tools.ts";
import { type Engine, postgresEngine, sqliteDirect, sqliteWorkers } from "./index-engines.ts";
import { ledgerTests, removalTests } from "./index-ledger.ts";
import { packTests, streamTests } from "./index-packs.ts";
import { propertyTest } from "./index-property.ts";
import { concurrencyTests, exportTests, leaseTests, recordTests } from "./index-shared.ts";

function contract(engine: Engine): void {
  streamTests(engine);
  packTests(engine);
  removalTests(engine);
  ledgerTests(engine);
  leaseTests(engine);
  concurrencyTests(engine);
  recordTests(engine);
}

suite("the index in SQLite", () => {
  contract(sqliteDirect);
  exportTests(sqliteDirect, sqliteDirect);
  propertyTest([sqliteDirect]);
});

/** Two threads over one file: what is different is the way, and that reads do not wait. */
suite("the index in SQLite in workers", () => {
  exportTests(sqliteWorkers, sqliteDirect);
  concurrencyTests(sqliteWorkers);
});

suite("the index in PostgreSQL", needs("postgresql"), () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.remove());
  const engine = postgresEngine(() => server);

  contract(engine);
  exportTests(sqliteDirect, engine);
  exportTests(engine, sqliteDirect);
  propertyTest([sqliteDirect, engine]);

  test("nodes that start at once make the tables once", async () => {
    const url = await server.newDatabase();
    const opened = await Promise.all([1, 2, 3].map(() => PostgresIndex.open(url)));
    await opened[0]?.createStream(streamInfo("cam"));
    assert.equal((await opened[2]?.streams())?.length, 1);
    await Promise.all(opened.map((index) => index.close()));
  });

  test("loose indexes are built anew while others write, dense ones are left alone", async () => {
    const url = await server.newDatabase();
    const index = await PostgresIndex.open(url, { loose: { minBytes: 0, maxEntryBytes: 0 } });
    await fill(index, 60);
    const writing = Promise.all(
      Array.from({ length: 40 }, (_, i) => index.commit({ rows: [packRow(60 + i)] })),
    );
    const built = await index.tidy();
    assert.deepEqual(
      built.map((name) => name.startsWith("packs_archived_")),
      [true, true, true, true],
    );
    await writing;
    const { packs } = await index.packs("cam", { by: "sequence", after: 0 });
    assert.equal(packs.length, 100);
    await index.close();
    const strict = await PostgresIndex.open(url);
    assert.deepEqual(await strict.tidy(), []);
    await strict.close();
  });

  test("leases are kept while every other connection waits for a question that takes long", async () => {
    const url = await server.newDatabase();
    const index = await PostgresIndex.open(url, { connections: 2 });
    await fill(index, 1);
    const lease = await index.takeLease(
      { stream: "cam", node: "a", ttlMs: 5000 },
      await index.now(),
    );
    const other = postgres(url, { max: 1 });
    const slow = await other.begin(async (db) => {
      await db.unsafe("LOCK TABLE packs");
      const asked = [1, 2, 3].map(() => index.packs("cam", { by: "sequence", after: 0 }));
      let answered = false;
      void Promise.race(asked).then(() => {
        answered = true;
      });
      const untilMs = (await index.now()) + 5000;
      const kept = await index.renewLeases([{ stream: "cam", epoch: lease.epoch }], "a", untilMs);
      assert.deepEqual([kept, answered], [["cam"], false]);
      return { asked };
    });
    for (const { packs } of await Promise.all(slow.asked)) assert.equal(packs.length, 1);
    await other.end();
    await index.close();
  });

  test("a server that goes away is a fault, what was committed is there when it is back", async () => {
    const index = await PostgresIndex.open(await server.newDatabase());
    await fill(index, 1);
    const tries = Array.from({ length: 60 }, (_, i) => packRow(i + 1));
    const commits = tries.map((row) => index.commit({ rows: [row], trackSets: [TRACK_SET] }));
    await Promise.race(commits);
    const results = Promise.allSettled(commits);
    await server.stop();
    await assert.rejects(index.streams(), { code: "index.unavailable" });
    await server.start();
    for (const [i, result] of (await results).entries())
      if (result.status === "fulfilled")
        assert.notEqual(await index.pack("cam", tries[i]?.packId ?? ""), undefined);
      else assert.equal(result.reason.code, "index.unavailable");
    // Whether the others were done is not known. Doing all again is fine.
    await index.commit({ rows: tries });
    const bytes = [packRow(0), ...tries].reduce((sum, row) => sum + row.bytes, 0);
    assert.equal((await index.extent("cam"))?.bytes, bytes);
    await index.close();
  });

  test("a server that does not answer is a fault, and is used again when it does", async () => {
    const options = { statementMs: 500, silenceMs: 1000 };
    const index = await PostgresIndex.open(await server.newDatabase(), options);
    await index.createStream(streamInfo("cam"));
    try {
      await server.freeze();
      await assert.rejects(index.streams(), { code: "index.unavailable" });
      await assert.rejects(fill(index, 1, { stream: "dog" }), { code: "index.unavailable" });
    } finally {
      await server.thaw();
    }
    await fill(index, 1, { stream: "ant" });
    assert.equal((await index.streams())[0]?.name, "ant");
    await index.close();
  });
});
