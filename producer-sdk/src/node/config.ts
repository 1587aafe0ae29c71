/** What cameras to run: from the command line or a JSON file. What is not known is refused. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Fault } from "../../../src/base/errors.ts";

export interface CameraConfig {
  readonly stream: string;
  /** `rtsp://…`, `/dev/video0`, a Matroska file, or `test`. */
  readonly source: string;
  readonly server: string;
  readonly create: boolean;
  /** Files: round and round; as fast as the server takes it. */
  readonly loop: boolean;
  readonly fast: boolean;
  /** RTSP: take the sound along. */
  readonly audio: boolean;
  /** Devices: `h264` is sent as it is. */
  readonly inputFormat: string | undefined;
  /** Folder for what is not durable at the server yet: it survives the end of this process. */
  readonly buffer: string | undefined;
  /** So much media is kept, with or without a folder: seconds, and MB. */
  readonly bufferSeconds: number | undefined;
  readonly bufferMb: number | undefined;
  /** File with the token the server asks for; read for every connection, and before it ends. */
  readonly tokenFile: string | undefined;
}

const SERVER = "http://127.0.0.1:8080";
const MAX_CAMERAS = 256;

const flags = {
  stream: { type: "string" },
  server: { type: "string" },
  config: { type: "string" },
  create: { type: "boolean" },
  loop: { type: "boolean" },
  fast: { type: "boolean" },
  "no-audio": { type: "boolean" },
  "input-format": { type: "string" },
  buffer: { type: "string" },
  "buffer-seconds": { type: "string" },
  "buffer-mb": { type: "string" },
  "token-file": { type: "string" },
} as const;

/** Throws `config.bad` in one line. */
export function readCommandLine(argv: readonly string[]): readonly CameraConfig[] {
  const { values, positionals } = parsed(argv);
  const [source, extra] = positionals;
  if (extra !== undefined) throw bad(`what is ${extra}?`);
  if (values.config !== undefined) {
    const others = Object.keys(values).filter((name) => !COMMON_FLAGS.includes(name));
    if (source !== undefined || others.length > 0)
      throw bad(
        `with --config, cameras are described in the file alone: ${others.map((n) => `--${n}`).join(" ") || source}`,
      );
    return readConfigFile(values.config, commonOf(values));
  }
  if (source === undefined) throw bad("the SOURCE is missing (or --config FILE)");
  if (values.stream === undefined) throw bad("--stream is missing");
  const { stream, create = false, loop = false, fast = false } = values;
  const { "no-audio": noAudio = false, "input-format": inputFormat } = values;
  const given = { stream, source, create, loop, fast, audio: !noAudio };
  const camera = inputFormat === undefined ? given : { ...given, inputFormat };
  return [cameraOf(camera, { common: commonOf(values), where: "" })];
}

/** What the file may say once for all its cameras. */
interface Common {
  readonly server?: string | undefined;
  readonly buffer?: string | undefined;
  readonly bufferSeconds?: number | undefined;
  readonly bufferMb?: number | undefined;
  readonly tokenFile?: string | undefined;
}

type Types = Readonly<Record<string, keyof typeof TYPES>>;

const TYPES = { string: "a text", boolean: "true or false", number: "a number above 0" } as const;

/** What the file may say once, and its type. */
const COMMON_KEYS: Types = {
  server: "string",
  buffer: "string",
  bufferSeconds: "number",
  bufferMb: "number",
  tokenFile: "string",
};
const COMMON_FLAGS: readonly string[] = [
  ...["config", "server", "buffer", "buffer-seconds", "buffer-mb", "token-file"],
];

function commonOf(values: ReturnType<typeof parsed>["values"]): Common {
  const { server, buffer, "token-file": tokenFile } = values;
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    ...{ server, buffer, tokenFile },
    bufferSeconds: number(values["buffer-seconds"]),
    bufferMb: number(values["buffer-mb"]),
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true, strict: true });
  } catch (cause) {
    const line = (cause as Error).message.split("\n")[0] ?? "";
    throw bad(line.replace(/ To specify a positional.*/, ""), cause);
  }
}

function readConfigFile(path: string, flagged: Common): readonly CameraConfig[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw bad(`cannot read ${path}: ${(cause as Error).message}`, cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's message quotes the text, and there are passwords in it.
    throw bad(`${path} is not JSON`, cause);
  }
  return readConfig(value, flagged);
}

/**
 * The parsed file: `{"server", "buffer", "tokenFile", "cameras": [{"stream", "source", …}]}`; `flagged` goes before
 * what the file says for all. Throws `config.bad`.
 */
export function readConfig(value: unknown, flagged: Common = {}): readonly CameraConfig[] {
  const file = fieldsOf(value, "the file", [...Object.keys(COMMON_KEYS), "cameras"]);
  const { cameras } = file;
  if (!Array.isArray(cameras) || cameras.length === 0 || cameras.length > MAX_CAMERAS)
    throw bad(`cameras: a list of 1 to ${MAX_CAMERAS}`);
  checkTypes(file, COMMON_KEYS, "");
  const said = file as Common;
  const common = {
    server: flagged.server ?? said.server,
    buffer: flagged.buffer ?? said.buffer,
    tokenFile: flagged.tokenFile ?? said.tokenFile,
    bufferSeconds: flagged.bufferSeconds ?? said.bufferSeconds,
    bufferMb: flagged.bufferMb ?? said.bufferMb,
  };
  const out = cameras.map((camera: unknown, i) =>
    cameraOf(camera, { common, where: `cameras[${i}]: ` }),
  );
  const names = out.map(({ server: host, stream }) => `${host} ${stream}`);
  const twice = out.find((_, i) => names.indexOf(names[i] ?? "") !== i);
  if (twice !== undefined) throw bad(`two cameras for the stream ${twice.stream}`);
  return out;
}

const KEYS: Types = {
  stream: "string",
  source: "string",
  create: "boolean",
  loop: "boolean",
  fast: "boolean",
  audio: "boolean",
  inputFormat: "string",
  ...COMMON_KEYS,
};

function checkTypes(fields: Record<string, unknown>, keys: Types, where: string): void {
  for (const [key, type] of Object.entries(keys)) {
    const given = fields[key];
    if (given === undefined) continue;
    if (typeof given !== type || given === "" || (type === "number" && !isAbove0(given)))
      throw bad(`${where}${key}: ${TYPES[type]}`);
  }
}

function isAbove0(value: unknown): boolean {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}

function cameraOf(
  value: unknown,
  { common, where }: { common: Common; where: string },
): CameraConfig {
  const fields = fieldsOf(
    value,
    where === "" ? "the camera" : where.slice(0, -2),
    Object.keys(KEYS),
  );
  checkTypes(fields, KEYS, where);
  const given = fields as { readonly [K in keyof CameraConfig]?: CameraConfig[K] };
  if (given.stream === undefined) throw bad(`${where}stream is missing`);
  if (given.source === undefined) throw bad(`${where}source is missing`);
  const camera: CameraConfig = {
    ...{
      stream: given.stream,
      source: given.source,
      server: given.server ?? common.server ?? SERVER,
    },
    ...{ create: given.create ?? false, loop: given.loop ?? false, fast: given.fast ?? false },
    ...{ audio: given.audio ?? true, inputFormat: given.inputFormat },
    buffer: given.buffer ?? common.buffer,
    tokenFile: given.tokenFile ?? common.tokenFile,
    bufferSeconds: given.bufferSeconds ?? common.bufferSeconds,
    bufferMb: given.bufferMb ?? common.bufferMb,
  };
  // Once more, for what the flags said.
  checkTypes({ ...camera }, COMMON_KEYS, where);
  if (!URL.canParse(camera.server) || !/^https?:/.test(camera.server))
    throw bad(`${where}server: not http:// or https://`);
  if (camera.loop && camera.fast) throw bad(`${where}a recording that loops cannot be sent fast`);
  return camera;
}

function fieldsOf(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad(`${what} is not an object`);
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange !== undefined)
    throw bad(`${what}: unknown key ${strange} (known: ${known.join(", ")})`);
  return value as Record<string, unknown>;
}

function bad(message: string, cause?: unknown): Fault {
  return new Fault("config.bad", message, { cause });
}
