/** A server process on a real Ceph and a real PostgreSQL, which can be killed and started again. */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeFiles } from "../src/archive/files.ts";
import { S3Store } from "../src/archive/store/s3-store.ts";
import { Ceph, type CephOptions } from "../test/support/ceph.ts";
import { type PostgresServer, startPostgres } from "../test/support/postgres.ts";
import { type ServerProcess, startServerProcess } from "../test/support/server.ts";
import { tempDir } from "../test/support/temp-dir.ts";

export class Engines implements AsyncDisposable {
  readonly ceph: Ceph;
  readonly postgres: PostgresServer;
  readonly #folder: ReturnType<typeof tempDir>;
  readonly #url: string;
  #server: ServerProcess | undefined;
  readonly #nodes = new Map<string, ServerProcess>();
  /** By data folder: the same again after a restart. */
  readonly #ports = new Map<string, string>();

  private constructor(parts: {
    ceph: Ceph;
    postgres: PostgresServer;
    folder: ReturnType<typeof tempDir>;
    url: string;
  }) {
    this.ceph = parts.ceph;
    this.postgres = parts.postgres;
    this.#folder = parts.folder;
    this.#url = parts.url;
  }

  static async start(ceph: CephOptions): Promise<Engines> {
    const [store, postgres] = await Promise.all([Ceph.start(ceph), startPostgres({ fsync: true })]);
    const folder = tempDir("endurance");
    const url = await postgres.newDatabase();
    writeFileSync(join(folder.path, "access"), store.accessKey);
    writeFileSync(join(folder.path, "secret"), store.secretKey);
    writeFileSync(join(folder.path, "cluster"), randomBytes(24).toString("base64url"));
    mkdirSync(join(folder.path, "data"));
    return new Engines({ ceph: store, postgres, folder, url });
  }

  get server(): ServerProcess {
    if (this.#server === undefined) throw new Error("the server is not started");
    return this.#server;
  }

  get store(): S3Store {
    const { ceph } = this;
    return new S3Store({
      ...{ endpoint: ceph.endpoints[0] ?? "", bucket: "streambank", files: nodeFiles },
      ...{ accessKey: ceph.accessKey, secretKey: ceph.secretKey, prefix: "streambank/" },
    });
  }

  /** Starts the server; the first time on a free port, then on the same. */
  async startServer(extra: readonly string[] = []): Promise<ServerProcess> {
    this.#server = await this.#launch("data", extra);
    return this.#server;
  }

  /** The same for one of several nodes. */
  async startNode(node: string, extra: readonly string[] = []): Promise<ServerProcess> {
    const key = join(this.#folder.path, "cluster");
    const own = ["--node", node, "--cluster-key-file", key, ...extra];
    const server = await this.#launch(node, own);
    this.#nodes.set(node, server);
    return server;
  }

  async #launch(name: string, extra: readonly string[]): Promise<ServerProcess> {
    const { path } = this.#folder;
    const server = await startServerProcess(join(path, name), [
      ...["--http-port", this.#ports.get(name) ?? "0", "--create-missing", "--log-level", "error"],
      ...["--index-url", this.#url, "--store", "s3", "--s3-bucket", "streambank"],
      ...["--s3-endpoint", this.ceph.endpoints[0] ?? ""],
      ...["--s3-access-key-file", join(path, "access")],
      ...["--s3-secret-key-file", join(path, "secret"), ...extra],
    ]);
    this.#ports.set(name, new URL(server.url).port);
    return server;
  }

  /** One figure of the server's metrics. */
  async metric(name: string, url = this.server.url): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text);
    return found === null ? Number.NaN : Number(found[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.kill();
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()));
    await this.ceph[Symbol.asyncDispose]();
    await this.postgres.remove();
    this.#folder[Symbol.dispose]();
  }
}
