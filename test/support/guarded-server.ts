/** A server that asks who everybody is, and the clients of AWS's SDK for it. */
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMediaClient } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMediaClient } from "@aws-sdk/client-kinesis-video-media";
import type { Scope } from "../../src/server/access/scope.ts";
import type { Config } from "../../src/server/config.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { startTestServer } from "./server.ts";
import type { Credentials } from "./signed-put.ts";

/** Of AWS's SDK, with nothing changed but the endpoint. */
export function clientsOf(endpoint: string, credentials: Credentials, systemClockOffset = 0) {
  const config = { endpoint, region: "us-east-1", credentials, maxAttempts: 1, systemClockOffset };
  return {
    control: new KinesisVideoClient(config),
    media: new KinesisVideoMediaClient(config),
    archived: new KinesisVideoArchivedMediaClient(config),
  };
}

export type Clients = ReturnType<typeof clientsOf>;

export interface GuardedServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly url: string;
  /** Of the key that may do everything. */
  readonly root: Credentials;
  readonly token: string;
  readonly clients: Clients;
  /** A token that may read, for addresses. */
  session(): Promise<string>;
  /** A key that may do this. */
  key(scope: Scope): Promise<Credentials>;
}

/** `credentials`: of the first key, where the data folder has one already. */
export async function guardedServer(
  over: Partial<Config> & { readonly credentials?: Credentials } = {},
): Promise<GuardedServer> {
  const { credentials, ...config } = over;
  const server = await startTestServer({ auth: "on", ...config });
  const { rootKey, keys } = server.parts;
  const made = rootKey && { accessKeyId: rootKey.id, secretAccessKey: rootKey.secret };
  const root = credentials ?? made;
  if (root === undefined || keys === undefined) throw new Error("no first key");
  const clients = clientsOf(server.url, root);
  return {
    ...{
      server,
      url: server.url,
      root,
      token: `${root.accessKeyId}.${root.secretAccessKey}`,
      clients,
    },
    async session() {
      const answer = await fetch(`${server.url}/v1/session`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${root.accessKeyId}.${root.secretAccessKey}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ actions: ["read"], streams: "*" }),
      });
      return ((await answer.json()) as { token: string }).token;
    },
    async key(scope) {
      const { id, secret } = await keys.create({ ...scope, name: "test" }, "test");
      return { accessKeyId: id, secretAccessKey: secret };
    },
    async [Symbol.asyncDispose]() {
      for (const client of Object.values(clients)) client.destroy();
      await server.close();
    },
  };
}
