/**
 * Settings, read once at start into a frozen object: flags beat the environment, the environment beats
 * the configuration file, the file beats the defaults. An unknown name stops the start: a typo must not
 * become a default.
 */
import { readFileSync } from "node:fs";
import { Fault } from "../base/errors.ts";
import { readSources, type SourceConfig } from "./pull/source-config.ts";

export interface Config {
  /** Folder of packs, index and identity file. */
  readonly dataDir: string;
  /** Address to listen on. Loopback by default, because there is no authentication yet. */
  readonly host: string;
  /** HTTP and WebSocket port; 0 picks a free one. */
  readonly httpPort: number;
  /** RTMP port; 0 picks a free one. */
  readonly rtmpPort: number;
  readonly auth: "on" | "off";
  /** File with the secret that pushes are allowed by; undefined: everybody may push. */
  readonly pushKeyFile: string | undefined;
  /** PEM files for RTMPS; both or none. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** RTMPS port, opened when there is a certificate; 0 picks a free one. */
  readonly rtmpsPort: number;
  /** Create a stream on its first push. */
  readonly createMissing: boolean;
  /** Hours kept for streams created on first push. */
  readonly defaultRetentionHours: number;
  readonly logLevel: "info" | "warn" | "error" | "silent";
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
  auth: { env: "STREAMBANK_AUTH", flag: "auth", fallback: "off", read: oneOf("on", "off") },
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
  logLevel: {
    env: "STREAMBANK_LOG_LEVEL",
    flag: "log-level",
    fallback: "warn",
    read: oneOf("info", "warn", "error", "silent"),
  },
} as const satisfies Record<Exclude<keyof Config, "sources">, Setting>;

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
  const config = Object.freeze({ ...Object.fromEntries(entries), sources }) as Config;
  if (config.auth === "on")
    throw new Fault("config.bad", "auth: this version has no authentication yet; use --auth off");
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined))
    throw new Fault("config.bad", "tlsCert and tlsKey: both or none");
  return config;
}

function refuseUnknown(env: ConfigSources["env"]): void {
  const known = new Set<string>(Object.values(settings).map((s) => s.env));
  known.add("STREAMBANK_CONFIG");
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

function text(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Fault("config.bad", `${name}: must be a text, not ${JSON.stringify(value)}`);
}

function optional(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : text(value, name);
}

function whole(value: unknown, name: string, max: number): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= max)
    return number;
  throw new Fault(
    "config.bad",
    `${name}: must be a whole number from 0 to ${max}, not ${JSON.stringify(value)}`,
  );
}

function port(value: unknown, name: string): number {
  return whole(value, name, 65_535);
}

function hours(value: unknown, name: string): number {
  return whole(value, name, 87_600);
}

function bool(value: unknown, name: string): boolean {
  if (value === true || value === "true" || value === "1" || value === "on") return true;
  if (value === false || value === "false" || value === "0" || value === "off") return false;
  throw new Fault("config.bad", `${name}: must be true or false, not ${JSON.stringify(value)}`);
}

function oneOf(...choices: readonly string[]) {
  return (value: unknown, name: string): string => {
    if (typeof value === "string" && choices.includes(value)) return value;
    throw new Fault(
      "config.bad",
      `${name}: must be one of ${choices.join(", ")}, not ${JSON.stringify(value)}`,
    );
  };
}
