/** Makes every part and opens the port. The only place that says `new` to something that does I/O. */
import type { Server } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { ScryptCost } from "./access/passwords.ts";
import { type Config, isLoopback, settings } from "./config.ts";
import { processLogger } from "./log.ts";
import { makeParts } from "./make-parts.ts";
import { nodeRtmpUrl, nodeUrl } from "./nodes/set-up.ts";
import { listenShared, type SharedPort } from "./nodes/shared-port.ts";
import type { Parts } from "./parts.ts";
import { putParts } from "./put-parts.ts";
import { Certificates } from "./tls.ts";

export interface StartOptions {
  readonly config: Config;
  readonly clock: Clock;
  /** Default: JSON lines on standard error, from the configured level up. */
  readonly log?: Logger;
  /** Of passwords that are set. Default: as dear as it should be; tests take less. */
  readonly passwordCost?: ScryptCost;
}

export interface RunningServer {
  readonly config: Config;
  /** `http://host:port`, as a browser on this machine reaches it; `https://` with a certificate. */
  readonly url: string;
  readonly port: number;
  /** Undefined when the default port was taken: then there is no RTMP. */
  readonly rtmpPort: number | undefined;
  /** Undefined without a certificate. */
  readonly rtmpsPort: number | undefined;
  readonly parts: Parts;
  /** Undefined: nothing is encrypted. */
  readonly certificates: Certificates | undefined;
  /** Ends pulled sources, then producers' sessions (all that was received is stored), viewers, the store. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const OPEN = "everybody who reaches this server may record, watch and delete everything";

/** Throws `server.port-taken`, `config.bad` or `store.*`, each with one line for the operator. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { config, clock } = options;
  const log = options.log ?? processLogger(config.logLevel);
  // Not in passing: whoever reaches the port may then watch and delete.
  if (config.auth === "off" && !isLoopback(config.host))
    log.warn("auth.off", { host: config.host, message: OPEN });
  const certificates = Certificates.open(config, { clock, log });
  // A third of the start is loading what speaks HTTP: done while the index is being opened.
  const [parts, { buildApp }, { attachSockets }] = await Promise.all([
    makeParts(config, { clock, log, passwordCost: options.passwordCost }),
    import("./app.ts"),
    import("./sockets.ts"),
  ]).catch((error: unknown) => {
    certificates?.close();
    throw error;
  });
  const app = buildApp(parts, certificates);
  const closeSockets = attachSockets(app.server, parts);
  let rtmp: RunningRtmp | undefined;
  let rtmps: RunningRtmp | undefined;
  const shared: SharedPort[] = [];
  try {
    await listen(app, config);
    rtmp = await startRtmp(parts);
    rtmps = await startRtmps(parts, certificates);
    await startNode({ config, parts, server: app.server, rtmp, shared });
  } catch (error) {
    certificates?.close();
    for (const one of shared) one.close();
    await rtmp?.close();
    await app.close();
    await parts.events.close();
    await parts.archive.close();
    throw error;
  }
  await parts.pulls.start();
  parts.retention.start();
  parts.imageJobs.start();
  parts.history.start();
  parts.notifications.start();
  const port = (app.server.address() as { port: number }).port;
  parts.listening.opened({ http: port, rtmp: rtmp?.port, rtmps: rtmps?.port });
  const close = once(async () => {
    parts.readiness.close();
    certificates?.close();
    // With no room, or another disk in the place of ours, producers' sessions would wait for what does not come.
    parts.archive.gate.stop();
    await parts.retention.stop();
    for (const one of shared) one.close();
    const { imageJobs, notifications, history } = parts;
    const jobs = Promise.all([imageJobs.stop(), notifications.stop(), history.stop()]);
    parts.images.close();
    await jobs;
    await parts.pulls.close();
    await parts.ingest.close();
    await Promise.all([rtmp?.close(), rtmps?.close()]);
    await parts.nodes?.close();
    closeSockets();
    await app.close();
    await parts.events.close();
    parts.directory?.close();
    await parts.archive.close();
  });
  const name = config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host;
  const host = name.includes(":") ? `[${name}]` : name;
  return {
    config,
    url: `${certificates === undefined ? "http" : "https"}://${host}:${port}`,
    port,
    rtmpPort: rtmp?.port,
    rtmpsPort: rtmps?.port,
    parts,
    certificates,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface NodeStart {
  readonly config: Config;
  readonly parts: Parts;
  readonly server: Server;
  readonly rtmp: RunningRtmp | undefined;
  /** Ports that were opened are added. */
  readonly shared: SharedPort[];
}

/** As one of several nodes: tells the others where this one is, then opens the ports it shares with them. */
async function startNode({ config, parts, server, rtmp, shared }: NodeStart) {
  if (parts.nodes === undefined) return;
  const { host, sharedHttpPort, sharedRtmpPort } = config;
  const url = nodeUrl(config, (server.address() as { port: number }).port);
  await parts.nodes.start({ url, rtmpUrl: nodeRtmpUrl(config, rtmp?.port) });
  if (sharedHttpPort !== undefined)
    shared.push(await listenShared(server, { port: sharedHttpPort, host }));
  if (sharedRtmpPort !== undefined && rtmp !== undefined)
    shared.push(await listenShared(rtmp.server, { port: sharedRtmpPort, host }));
}

interface RunningRtmp {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** The default port being taken does not stop the start: several servers may run with defaults. */
async function startRtmp(parts: Parts): Promise<RunningRtmp | undefined> {
  const { config, log } = parts;
  const { RtmpServer } = await import("../ingest/rtmp/server.ts");
  const server = new RtmpServer(putParts(parts));
  try {
    const port = await server.listen(config.rtmpPort, config.host);
    return { port, server: server.server, close: () => server.close() };
  } catch (cause) {
    const fault = listenFault(cause, { ...config, port: config.rtmpPort, flag: "--rtmp-port" });
    const byDefault = config.rtmpPort === settings.rtmpPort.fallback;
    if (fault.code !== "server.port-taken" || !byDefault) throw fault;
    log.warn("rtmp.port-taken", { port: config.rtmpPort, message: "this server takes no RTMP" });
    return undefined;
  }
}

async function startRtmps(
  parts: Parts,
  certificates: Certificates | undefined,
): Promise<RunningRtmp | undefined> {
  if (certificates === undefined) return undefined;
  const { rtmpsPort, host } = parts.config;
  const { RtmpServer } = await import("../ingest/rtmp/server.ts");
  const server = new RtmpServer(putParts(parts), certificates.pair);
  certificates.follow(server);
  try {
    const port = await server.listen(rtmpsPort, host);
    return { port, server: server.server, close: () => server.close() };
  } catch (cause) {
    throw listenFault(cause, { host, port: rtmpsPort, flag: "--rtmps-port" });
  }
}

async function listen(app: FastifyInstance, { host, httpPort: port }: Config): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw listenFault(cause, { host, port, flag: "--http-port" });
  }
}

/** Why a port could not be opened, in one line that names it. */
function listenFault(
  cause: unknown,
  { host, port, flag }: { host: string; port: number; flag: string },
): Fault {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new Fault("server.port-taken", `port ${port} is taken; choose another with ${flag}`);
  return new Fault("config.bad", `cannot listen on ${host}:${port}: ${message}`, { cause });
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
