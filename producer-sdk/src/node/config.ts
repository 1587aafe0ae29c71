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
  /** File with the token the server asks for; read for every connection. */
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
  readonly tokenFile?: string | undefined;
}

const COMMON_KEYS = ["server", "buffer", "tokenFile"] as const;
const COMMON_FLAGS: readonly string[] = ["config", "server", "buffer", "token-file"];

function commonOf({
  server,
  buffer,
  "token-file": tokenFile,
}: ReturnType<typeof parsed>["values"]): Common {
  return { server, buffer, tokenFile };
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
  const file = fieldsOf(value, "the file", [...COMMON_KEYS, "cameras"]);
  const { cameras } = file;
  if (!Array.isArray(cameras) || cameras.length === 0 || cameras.length > MAX_CAMERAS)
    throw bad(`cameras: a list of 1 to ${MAX_CAMERAS}`);
  for (const key of COMMON_KEYS)
    if (file[key] !== undefined && typeof file[key] !== "string") throw bad(`${key}: a text`);
  const said = file as Common;
  const common = {
    server: flagged.server ?? said.server,
    buffer: flagged.buffer ?? said.buffer,
    tokenFile: flagged.tokenFile ?? said.tokenFile,
  };
  const out = cameras.map((camera: unknown, i) =>
    cameraOf(camera, { common, where: `cameras[${i}]: ` }),
  );
  const names = out.map(({ server: host, stream }) => `${host} ${stream}`);
  const twice = out.find((_, i) => names.indexOf(names[i] ?? "") !== i);
  if (twice !== undefined) throw bad(`two cameras for the stream ${twice.stream}`);
  return out;
}

const KEYS = {
  stream: "string",
  source: "string",
  server: "string",
  create: "boolean",
  loop: "boolean",
  fast: "boolean",
  audio: "boolean",
  inputFormat: "string",
  buffer: "string",
  tokenFile: "string",
} as const;

function cameraOf(
  value: unknown,
  { common, where }: { common: Common; where: string },
): CameraConfig {
  const fields = fieldsOf(
    value,
    where === "" ? "the camera" : where.slice(0, -2),
    Object.keys(KEYS),
  );
  for (const [key, type] of Object.entries(KEYS)) {
    const given = fields[key];
    if (given !== undefined && (typeof given !== type || given === ""))
      throw bad(`${where}${key}: ${type === "string" ? "a text" : "true or false"}`);
  }
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
  };
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
