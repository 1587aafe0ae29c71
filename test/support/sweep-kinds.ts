/** Worlds of the sweep on real engines: a Ceph gateway, PostgreSQL, encryption before the gateway. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import connect from "postgres";
import { nodeFiles } from "../../src/archive/files.ts";
import { PostgresIndex } from "../../src/archive/index/postgres-index.ts";
import { EncryptedStore } from "../../src/archive/store/encrypted-store.ts";
import type { ObjectStore } from "../../src/archive/store/object-store.ts";
import { S3Store } from "../../src/archive/store/s3-store.ts";
import { openDirectIndex } from "./archives.ts";
import { Ceph } from "./ceph.ts";
import { FarStore } from "./far-store.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import type { World, WorldKind } from "./sweep.ts";
import { tempDir } from "./temp-dir.ts";

export interface SweepEngines extends AsyncDisposable {
  /** Every `stride`-th step from `offset` on. */
  kinds(stride: number, offset: number): readonly WorldKind[];
}

/** Of all of `startSweepEngines`, for those who make tests before there are engines. */
export const ENGINE_KINDS = [
  "S3 and SQLite",
  "folder and PostgreSQL",
  "far memory and PostgreSQL",
  "S3 and PostgreSQL",
  "encrypted S3 and SQLite",
] as const;

type StoreName = "S3" | "folder" | "far memory" | "encrypted S3";

export async function startSweepEngines(): Promise<SweepEngines> {
  const [ceph, postgres]: [Ceph, PostgresServer] = await Promise.all([
    Ceph.start(),
    startPostgres(),
  ]);
  let made = 0;
  const bucket = (prefix: string) =>
    new S3Store({
      ...{ endpoint: ceph.endpoint, bucket: "sweep", prefix, files: nodeFiles },
      ...{ accessKey: ceph.accessKey, secretKey: ceph.secretKey },
    });
  await bucket("").makeBucket();
  const stores: Record<StoreName, () => Promise<Store>> = {
    folder: async () => ({ store: undefined, close: async () => {} }),
    "far memory": async () => ({ store: new FarStore(), close: async () => {} }),
    S3: async () => plain(bucket(`p${++made}/`)),
    "encrypted S3": () => encrypted(bucket(`p${++made}/`)),
  };
  const database = await postgres.newDatabase();
  await (await PostgresIndex.open(database)).close();
  const admin = connect(database, { max: 1, onnotice: () => {} });
  /** One world at a time: emptying tables is quicker than a new database. */
  const emptied = async () => {
    const rows = await admin`SELECT tablename FROM pg_tables
      WHERE schemaname = 'public' AND tablename NOT IN ('index_version', 'counters')`;
    const names = rows.map(({ tablename }) => `"${tablename}"`);
    await admin.unsafe(`TRUNCATE ${names.join()} RESTART IDENTITY CASCADE`);
    return database;
  };
  const openers = {
    SQLite: async () => openDirectIndex,
    PostgreSQL: async () => {
      const url = await emptied();
      return () => PostgresIndex.open(url, { connections: 2 });
    },
  };
  const make = async (store: StoreName, engine: keyof typeof openers): Promise<World> => {
    const { store: one, close } = await stores[store]();
    return { store: one, openIndex: await openers[engine](), [Symbol.asyncDispose]: close };
  };
  return {
    kinds: (stride, offset) =>
      ENGINE_KINDS.map((name) => {
        const [store, engine] = name.split(" and ") as [StoreName, keyof typeof openers];
        return { name, stride, offset, make: () => make(store, engine) };
      }),
    async [Symbol.asyncDispose]() {
      await admin.end();
      await Promise.all([ceph[Symbol.asyncDispose](), postgres.remove()]);
    },
  };
}

interface Store {
  readonly store: World["store"];
  close(): Promise<void>;
}

function plain(store: ObjectStore): Store {
  return { store, close: () => store.close() };
}

async function encrypted(inner: ObjectStore): Promise<Store> {
  const dir = tempDir("encrypting");
  const tempFolder = join(dir.path, "encrypting");
  const options = { inner, masterKey: randomBytes(32), tempDir: tempFolder, files: nodeFiles };
  const store = await EncryptedStore.open(options);
  const close = async () => {
    await store.close();
    dir[Symbol.dispose]();
  };
  return { store, close };
}
