/** Nodes of one test: what they share, and how they are started. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { realClock, sleep } from "../../src/base/clock.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import type { Config } from "../../src/server/config.ts";
import { Ceph } from "./ceph.ts";
import { NumberedCamera } from "./node-camera.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { startServerProcess, startTestServer, tempDir } from "./server.ts";

export const LEASE_SECONDS = 2;

/** Index and store of all nodes, as settings. */
export interface Shared {
  readonly config: Partial<Config>;
  readonly flags: readonly string[];
}

/** What nodes share: `shared` gives each test its own. */
export interface NodeEngines extends AsyncDisposable {
  /** `folder`: of this test alone. */
  shared(folder: string): Promise<Shared>;
}

/** One folder: SQLite and files. */
export const folderEngines: NodeEngines = {
  async shared(folder) {
    const sharedDir = join(folder, "shared");
    return { config: { sharedDir }, flags: ["--shared-dir", sharedDir] };
  },
  async [Symbol.asyncDispose]() {},
};

/** One PostgreSQL and one S3: nothing but these is common. */
export async function startNodeEngines(): Promise<NodeEngines> {
  const [ceph, postgres]: [Ceph, PostgresServer] = await Promise.all([
    Ceph.start(),
    startPostgres(),
  ]);
  let made = 0;
  return {
    async shared(folder) {
      const indexUrl = await postgres.newDatabase();
      const [s3AccessKeyFile, s3SecretKeyFile] = [join(folder, "access"), join(folder, "secret")];
      writeFileSync(s3AccessKeyFile, ceph.accessKey);
      writeFileSync(s3SecretKeyFile, ceph.secretKey);
      const [s3Endpoint, s3Bucket] = [ceph.endpoint, `nodes-${++made}`];
      const keys = { s3AccessKeyFile, s3SecretKeyFile };
      return {
        config: { indexUrl, store: "s3", s3Endpoint, s3Bucket, ...keys },
        flags: [
          ...["--index-url", indexUrl, "--store", "s3", "--s3-endpoint", s3Endpoint],
          ...["--s3-bucket", s3Bucket, "--s3-access-key-file", s3AccessKeyFile],
          ...["--s3-secret-key-file", s3SecretKeyFile],
        ],
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([ceph[Symbol.asyncDispose](), postgres.remove()]);
    },
  };
}

/** A folder for all nodes of a test, each with its own in it. */
export async function place(engines: NodeEngines) {
  const dir = tempDir("nodes");
  const keyFile = join(dir.path, "key");
  writeFileSync(keyFile, randomBytes(24).toString("base64url"));
  const { config, flags } = await engines.shared(dir.path);
  return {
    /** In this process. */
    here: (node: string) =>
      startTestServer({
        ...{ dataDir: join(dir.path, node), node, clusterKeyFile: keyFile, ...config },
        ...{ leaseSeconds: LEASE_SECONDS, createMissing: true },
      }),
    process: (node: string) =>
      startServerProcess(join(dir.path, node), [
        ...[...flags, "--node", node, "--cluster-key-file", keyFile],
        ...["--lease-seconds", String(LEASE_SECONDS), "--create-missing"],
      ]),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

/** Makes the stream, recorded by the node at this address. */
export async function own(url: string, stream: string): Promise<void> {
  // Its pictures are in no clip that is looked at here.
  const camera = new NumberedCamera(url, stream, 1_000_000_000_000);
  await until(() => camera.producer.stats.connected);
  await camera.end();
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(realClock, 20);
}

export interface Listed {
  readonly number: string;
  readonly packId?: string;
}

export async function listed(url: string, stream: string): Promise<Listed[]> {
  const answer = await fetch(`${url}/v1/streams/${stream}/fragments`);
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { fragments: Listed[] }).fragments;
}

/** The pictures' numbers of a clip, read to its end. */
export async function clipped(url: string, camera: NumberedCamera): Promise<number[]> {
  const range = `from=${camera.startMs - 1000}&to=${camera.startMs + 600_000}`;
  const answer = await fetch(`${url}/v1/streams/cam/clip.mkv?${range}`);
  assert.equal(answer.status, 200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  assert.equal(bytes.length, Number(answer.headers.get("content-length")));
  const reader = new MkvReader();
  reader.push(bytes);
  reader.end();
  const numbers: number[] = [];
  for (let item = reader.pull(); item !== undefined; item = reader.pull())
    if (item.kind === "block")
      for (const frame of item.block.frames)
        numbers.push(new DataView(frame.toBytes().slice().buffer).getUint32(0));
  return numbers;
}
