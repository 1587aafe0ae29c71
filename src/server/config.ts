/**
 * Settings, read once at start into a frozen object: flags beat the environment, the environment beats
 * the configuration file, the file beats the defaults. An unknown name stops the start: a typo must not
 * become a default.
 */
import { readFileSync } from "node:fs";
import { Fault } from "../base/errors.ts";
import {
  bool,
  connections,
  gigabytes,
  hosts,
  hours,
  labels,
  leaseSeconds,
  networks,
  oneOf,
  optional,
  optionalBool,
  optionalOneOf,
  optionalOrigin,
  optionalPort,
  origins,
  port,
  text,
} from "./config-values.ts";
import { readSources, type SourceConfig } from "./pull/source-config.ts";

export interface Config {
  /** Folder of packs, index and identity file. */
  readonly dataDir: string;
  /** Address to listen on. Loopback by default. */
  readonly host: string;
  /** HTTP and WebSocket port; 0 picks a free one. */
  readonly httpPort: number;
  /** RTMP port; 0 picks a free one. */
  readonly rtmpPort: number;
  /** Undefined in the sources: on, unless only this machine reaches the server. */
  readonly auth: "on" | "off";
  /** Where clients reach this server when that is not where they say: `https://host`, behind a proxy. */
  readonly publicUrl: string | undefined;
  /** Origins of other servers' pages that may use this one. */
  readonly corsOrigins: readonly string[];
  /** Names by which this server may be called, besides those it knows. */
  readonly allowedHosts: readonly string[];
  /** Most HTTP connections at once. */
  readonly maxConnections: number;
  /** Where cameras that are pulled may be. */
  readonly sourceNetworks: readonly string[];
  /** File with the secret that pushes are allowed by; undefined: everybody may push. */
  readonly pushKeyFile: string | undefined;
  /** PEM files; both or none. With them HTTP is HTTPS, and RTMPS is opened. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** RTMPS port, opened when there is a certificate; 0 picks a free one. */
  readonly rtmpsPort: number;
  /** Create a stream on its first push. */
  readonly createMissing: boolean;
  /** Hours kept for streams created on first push. */
  readonly defaultRetentionHours: number;
  /** Webhooks may go to private addresses; undefined: when the server listens on loopback alone. */
  readonly hooksAllowPrivate: boolean | undefined;
  /** Streams with metrics of their own; the rest are counted together. */
  readonly metricsStreams: number;
  readonly logLevel: "info" | "warn" | "error" | "silent";
  /** Oldest media of all streams goes when less than this is free on the disk, GB (10^9 bytes); 0: never. */
  readonly retentionFloorGb: number;
  /** `postgres://…` of the index; undefined: SQLite in the data folder. */
  readonly indexUrl: string | undefined;
  /** Where finished packs go: a folder below `dataDir`, or a bucket. */
  readonly store: "folder" | "s3";
  /** `http://host:port` or `https://host`. With `s3Bucket` when the store is `s3`, not else. */
  readonly s3Endpoint: string | undefined;
  readonly s3Bucket: string | undefined;
  /** Where in the bucket, with a slash at its end. */
  readonly s3Prefix: string;
  readonly s3Region: string;
  /** Files with one key each; undefined: from the environment. */
  readonly s3AccessKeyFile: string | undefined;
  readonly s3SecretKeyFile: string | undefined;
  /** Asks the bucket to encrypt with keys of its own. */
  readonly s3Sse: "off" | "AES256";
  /** The keys of the environment. A function, so that settings can be printed. */
  readonly s3Keys: () => {
    readonly access: string | undefined;
    readonly secret: string | undefined;
  };
  /** File with the key everything is encrypted with before it goes to the store; undefined: nothing is. */
  readonly encryptionKeyFile: string | undefined;
  /** Most GB (10^9 bytes) of packs that wait for the store; 0: as many as the disk takes. */
  readonly spoolMaxGb: number;
  /** Most GB (10^9 bytes) of packs that stay on the disk although the bucket has them; 0: none. */
  readonly localCacheGb: number;
  /** File with the secret that nodes share; with it this server is one of several. */
  readonly clusterKeyFile: string | undefined;
  /** This node's id; undefined: the one in its data folder, a random one at first. */
  readonly node: string | undefined;
  /** Where producers and other nodes reach this node: `http://host`, with or without a port (its own). */
  readonly nodeUrl: string | undefined;
  /** Folder of index and packs when nodes of one machine share it; undefined: the data folder. */
  readonly sharedDir: string | undefined;
  /** A port that several processes of this machine listen on at once, beside `httpPort`; and for RTMP. */
  readonly sharedHttpPort: number | undefined;
  readonly sharedRtmpPort: number | undefined;
  /** A lease on a stream ends so long after its node was last heard of, s. */
  readonly leaseSeconds: number;
  /** A node that is not heard of for so long is declared lost, hours. */
  readonly nodeLostHours: number;
  /** Cameras the server pulls. From the configuration file alone: an address has a password in it. */
  readonly sources: readonly SourceConfig[];
}

interface Setting {
  readonly env: string;
  readonly flag: string;
  readonly fallback: string | number | boolean | undefined;
  read(value: unknown, name: string): unknown;
}

export const settings = {
  dataDir: { env: "STREAMBANK_DATA_DIR", flag: "data-dir", fallback: "./data", read: text },
  host: { env: "STREAMBANK_HOST", flag: "host", fallback: "127.0.0.1", read: text },
  httpPort: { env: "STREAMBANK_HTTP_PORT", flag: "http-port", fallback: 8080, read: port },
  rtmpPort: { env: "STREAMBANK_RTMP_PORT", flag: "rtmp-port", fallback: 1935, read: port },
  auth: {
    env: "STREAMBANK_AUTH",
    flag: "auth",
    fallback: undefined,
    read: optionalOneOf("on", "off"),
  },
  publicUrl: {
    env: "STREAMBANK_PUBLIC_URL",
    flag: "public-url",
    fallback: undefined,
    read: optionalOrigin,
  },
  corsOrigins: {
    env: "STREAMBANK_CORS_ORIGINS",
    flag: "cors-origins",
    fallback: "",
    read: origins,
  },
  allowedHosts: {
    env: "STREAMBANK_ALLOWED_HOSTS",
    flag: "allowed-hosts",
    fallback: "",
    read: hosts,
  },
  maxConnections: {
    env: "STREAMBANK_MAX_CONNECTIONS",
    flag: "max-connections",
    fallback: 20_000,
    read: connections,
  },
  sourceNetworks: {
    env: "STREAMBANK_SOURCE_NETWORKS",
    flag: "source-networks",
    fallback: "all",
    read: networks,
  },
  pushKeyFile: {
    env: "STREAMBANK_PUSH_KEY_FILE",
    flag: "push-key-file",
    fallback: undefined,
    read: optional,
  },
  tlsCert: { env: "STREAMBANK_TLS_CERT", flag: "tls-cert", fallback: undefined, read: optional },
  tlsKey: { env: "STREAMBANK_TLS_KEY", flag: "tls-key", fallback: undefined, read: optional },
  rtmpsPort: { env: "STREAMBANK_RTMPS_PORT", flag: "rtmps-port", fallback: 1936, read: port },
  createMissing: {
    env: "STREAMBANK_CREATE_MISSING",
    flag: "create-missing",
    fallback: false,
    read: bool,
  },
  defaultRetentionHours: {
    env: "STREAMBANK_DEFAULT_RETENTION_HOURS",
    flag: "default-retention-hours",
    fallback: 24,
    read: hours,
  },
  retentionFloorGb: {
    env: "STREAMBANK_RETENTION_FLOOR_GB",
    flag: "retention-floor-gb",
    fallback: 0,
    read: gigabytes,
  },
  indexUrl: { env: "STREAMBANK_INDEX_URL", flag: "index-url", fallback: undefined, read: optional },
  hooksAllowPrivate: {
    env: "STREAMBANK_HOOKS_ALLOW_PRIVATE",
    flag: "hooks-allow-private",
    fallback: undefined,
    read: optionalBool,
  },
  metricsStreams: {
    env: "STREAMBANK_METRICS_STREAMS",
    flag: "metrics-streams",
    fallback: 1000,
    read: labels,
  },
  clusterKeyFile: {
    env: "STREAMBANK_CLUSTER_KEY_FILE",
    flag: "cluster-key-file",
    fallback: undefined,
    read: optional,
  },
  node: { env: "STREAMBANK_NODE", flag: "node", fallback: undefined, read: optional },
  nodeUrl: { env: "STREAMBANK_NODE_URL", flag: "node-url", fallback: undefined, read: optional },
  sharedDir: {
    env: "STREAMBANK_SHARED_DIR",
    flag: "shared-dir",
    fallback: undefined,
    read: optional,
  },
  sharedHttpPort: {
    env: "STREAMBANK_SHARED_HTTP_PORT",
    flag: "shared-http-port",
    fallback: undefined,
    read: optionalPort,
  },
  sharedRtmpPort: {
    env: "STREAMBANK_SHARED_RTMP_PORT",
    flag: "shared-rtmp-port",
    fallback: undefined,
    read: optionalPort,
  },
  leaseSeconds: {
    env: "STREAMBANK_LEASE_SECONDS",
    flag: "lease-seconds",
    fallback: 10,
    read: leaseSeconds,
  },
  nodeLostHours: {
    env: "STREAMBANK_NODE_LOST_HOURS",
    flag: "node-lost-hours",
    fallback: 24,
    read: hours,
  },
  logLevel: {
    env: "STREAMBANK_LOG_LEVEL",
    flag: "log-level",
    fallback: "warn",
    read: oneOf("info", "warn", "error", "silent"),
  },
  store: {
    env: "STREAMBANK_STORE",
    flag: "store",
    fallback: "folder",
    read: oneOf("folder", "s3"),
  },
  s3Endpoint: {
    env: "STREAMBANK_S3_ENDPOINT",
    flag: "s3-endpoint",
    fallback: undefined,
    read: optional,
  },
  s3Bucket: { env: "STREAMBANK_S3_BUCKET", flag: "s3-bucket", fallback: undefined, read: optional },
  s3Prefix: { env: "STREAMBANK_S3_PREFIX", flag: "s3-prefix", fallback: "streambank/", read: text },
  s3Region: { env: "STREAMBANK_S3_REGION", flag: "s3-region", fallback: "us-east-1", read: text },
  s3AccessKeyFile: {
    env: "STREAMBANK_S3_ACCESS_KEY_FILE",
    flag: "s3-access-key-file",
    fallback: undefined,
    read: optional,
  },
  s3SecretKeyFile: {
    env: "STREAMBANK_S3_SECRET_KEY_FILE",
    flag: "s3-secret-key-file",
    fallback: undefined,
    read: optional,
  },
  s3Sse: {
    env: "STREAMBANK_S3_SSE",
    flag: "s3-sse",
    fallback: "off",
    read: oneOf("off", "AES256"),
  },
  encryptionKeyFile: {
    env: "STREAMBANK_ENCRYPTION_KEY_FILE",
    flag: "encryption-key-file",
    fallback: undefined,
    read: optional,
  },
  spoolMaxGb: {
    env: "STREAMBANK_SPOOL_MAX_GB",
    flag: "spool-max-gb",
    fallback: 0,
    read: gigabytes,
  },
  localCacheGb: {
    env: "STREAMBANK_LOCAL_CACHE_GB",
    flag: "local-cache-gb",
    fallback: 0,
    read: gigabytes,
  },
} as const satisfies Record<Exclude<keyof Config, "sources" | "s3Keys">, Setting>;

/** Secrets have no flag, because everybody on the machine sees flags, and no key in the file. */
const S3_ACCESS_KEY = "STREAMBANK_S3_ACCESS_KEY";
const S3_SECRET_KEY = "STREAMBANK_S3_SECRET_KEY";

type Values = Readonly<Record<string, unknown>>;

export interface ConfigSources {
  /** By flag name without dashes in front, e.g. `http-port`; `config` names the file. */
  flags: Values;
  env: Readonly<Record<string, string | undefined>>;
}

/** Throws `config.bad` with one line that names the setting. */
export function readConfig({ flags, env }: ConfigSources): Config {
  refuseUnknown(env);
  const path = flags.config ?? env.STREAMBANK_CONFIG;
  const file = path === undefined ? {} : readFile(String(path));
  const entries = Object.entries(settings).map(([key, setting]) => {
    const value = flags[setting.flag] ?? env[setting.env] ?? file[key] ?? setting.fallback;
    return [key, setting.read(value, key)];
  });
  const sources = readSources(file.sources ?? {}, "sources");
  const s3Keys = () => ({ access: env[S3_ACCESS_KEY], secret: env[S3_SECRET_KEY] });
  const values = { ...Object.fromEntries(entries), sources, s3Keys } as Config;
  const config = Object.freeze({ ...values, auth: authOf(values) });
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined))
    throw new Fault("config.bad", "tlsCert and tlsKey: both or none");
  checkStore(config);
  if (config.clusterKeyFile === undefined && (config.node ?? config.sharedDir) !== undefined)
    throw new Fault("config.bad", "several nodes need a clusterKeyFile that all of them have");
  return config;
}

/** Whoever is not on this machine has to say who they are, unless an operator says otherwise. */
function authOf({ auth, host }: Partial<Pick<Config, "auth">> & Pick<Config, "host">) {
  return auth ?? (isLoopback(host) ? "off" : "on");
}

/** Only this machine reaches a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function checkStore({ store, s3Endpoint, s3Bucket }: Config): void {
  const given = [s3Endpoint, s3Bucket].filter((one) => one !== undefined).length;
  if (store === "s3" && given < 2)
    throw new Fault("config.bad", "store: s3 needs s3Endpoint and s3Bucket");
  if (store === "folder" && given > 0)
    throw new Fault("config.bad", "s3Endpoint, s3Bucket: for --store s3, which is not set");
}

function refuseUnknown(env: ConfigSources["env"]): void {
  const known = new Set<string>(Object.values(settings).map((s) => s.env));
  for (const name of ["STREAMBANK_CONFIG", S3_ACCESS_KEY, S3_SECRET_KEY]) known.add(name);
  const unknown = Object.keys(env).filter((n) => n.startsWith("STREAMBANK_") && !known.has(n));
  if (unknown.length > 0)
    throw new Fault("config.bad", `unknown settings in the environment: ${unknown.join(", ")}`);
}

function readFile(path: string): Values {
  const parsed = parse(path);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new Fault("config.bad", `configuration file ${path}: not a JSON object`);
  const unknown = Object.keys(parsed).filter(
    (key) => key !== "sources" && !Object.hasOwn(settings, key),
  );
  if (unknown.length > 0)
    throw new Fault("config.bad", `configuration file ${path}: unknown: ${unknown.join(", ")}`);
  return parsed as Values;
}

function parse(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const { message } = cause as Error;
    throw new Fault("config.bad", `configuration file ${path}: ${message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text, and there are passwords in it: only the place is taken.
    const [place = ""] = / \(line \d+ column \d+\)/.exec((error as Error).message) ?? [];
    throw new Fault("config.bad", `configuration file ${path}: not JSON${place}`);
  }
}
