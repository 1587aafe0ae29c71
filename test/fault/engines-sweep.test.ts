/** The sweep of archive-sweep.test.ts on real engines: a Ceph gateway as the store, PostgreSQL as the index. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { nodeFiles } from "../../src/archive/files.ts";
import { PostgresIndex } from "../../src/archive/index/postgres-index.ts";
import { S3Store } from "../../src/archive/store/s3-store.ts";
import { openDirectIndex } from "../support/archives.ts";
import { Ceph } from "../support/ceph.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { sweep, type WorldKind } from "../support/sweep.ts";
import { needs } from "../support/tools.ts";

suite("an archive on real engines whose n-th operation fails", {
  ...needs("ceph", "postgresql"),
  timeout: 300_000,
}, () => {
  let ceph: Ceph;
  let postgres: PostgresServer;
  let made = 0;
  before(async () => {
    [ceph, postgres] = await Promise.all([Ceph.start(), startPostgres()]);
    await bucket("").makeBucket();
  });
  after(async () => {
    await Promise.all([ceph?.[Symbol.asyncDispose](), postgres?.remove()]);
  });

  const bucket = (prefix: string) =>
    new S3Store({
      ...{ endpoint: ceph.endpoints[0] ?? "", bucket: "sweep", prefix, files: nodeFiles },
      ...{ accessKey: ceph.accessKey, secretKey: ceph.secretKey },
    });

  const kinds: readonly WorldKind[] = [
    {
      name: "S3 and SQLite",
      stride: 5,
      make: async () => {
        const store = bucket(`p${++made}/`);
        return {
          ...{ store, openIndex: openDirectIndex },
          [Symbol.asyncDispose]: () => store.close(),
        };
      },
    },
    {
      name: "folder and PostgreSQL",
      stride: 5,
      make: async () => {
        const url = await postgres.newDatabase();
        const openIndex = () => PostgresIndex.open(url, { connections: 2 });
        return { ...{ store: undefined, openIndex }, async [Symbol.asyncDispose]() {} };
      },
    },
    {
      name: "S3 and PostgreSQL",
      stride: 5,
      make: async () => {
        const store = bucket(`p${++made}/`);
        const url = await postgres.newDatabase();
        const openIndex = () => PostgresIndex.open(url, { connections: 2 });
        return { ...{ store, openIndex }, [Symbol.asyncDispose]: () => store.close() };
      },
    },
  ];

  for (const kind of kinds)
    for (const effect of ["lost", "done"] as const)
      test(`${kind.name}: ${effect}`, async (t) => {
        const steps = await sweep(kind, { effect, persistent: false });
        t.diagnostic(`${steps} operations, every fifth failed once`);
        assert.ok(steps >= 60, `only ${steps} operations were there to fail`);
      });
});
