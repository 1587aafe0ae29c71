/** Which camera feeds which stream: as the configuration file, the API and the sources file write it. Pure. */
import { Fault } from "../../base/errors.ts";
import { isStreamName } from "../../fragment/stream-name.ts";

export interface SourceConfig {
  readonly stream: string;
  /** `rtsp://…` or `rtsps://…`, with its secrets. */
  readonly url: string;
  /** Take the sound along. */
  readonly audio: boolean;
}

/** How many sources a server may have. */
export const MAX_SOURCES = 256;
/** How long an address may be, characters. */
export const MAX_ADDRESS = 2048;

/**
 * Throws `source.bad-address` unless it is RTSP. ffmpeg opens files and a hundred protocols, so this is what keeps
 * a caller of the API from reading the server's disk. Never repeats the address: there may be a password in it.
 */
export function checkAddress(url: string): void {
  if (url.length > MAX_ADDRESS)
    throw new Fault("source.bad-address", `the address has more than ${MAX_ADDRESS} characters`);
  // Printable ASCII; everything else is percent-encoded in a URL.
  if (!/^rtsps?:\/\/[!-~]+$/i.test(url))
    throw new Fault(
      "source.bad-address",
      "the address must be rtsp:// or rtsps://, without spaces; other characters than ASCII percent-encoded",
    );
}

/**
 * The object `{"stream name": {"url", "audio"?}}`. `name` is what messages call it. Throws `config.bad`, which names
 * the place and never repeats a value.
 */
export function readSources(value: unknown, name: string): readonly SourceConfig[] {
  if (!isObject(value)) throw bad(`${name}: must be an object of stream names`);
  const entries = Object.entries(value);
  if (entries.length > MAX_SOURCES) throw bad(`${name}: more than ${MAX_SOURCES}`);
  return entries.map(([stream, source]) => {
    if (!isStreamName(stream))
      throw bad(
        `${name}: not a stream name (1 to 256 of A-Z a-z 0-9 _ . -): ${JSON.stringify(stream.slice(0, 80))}`,
      );
    return readSource(source, stream, `${name}.${stream}`);
  });
}

function readSource(value: unknown, stream: string, where: string): SourceConfig {
  try {
    return { stream, ...readSourceFields(value) };
  } catch (cause) {
    throw bad(`${where}: ${(cause as Fault).message}`, cause);
  }
}

/** The object `{"url", "audio"?}`; the sound is taken unless it says otherwise. Throws `request.bad`, `source.bad-address`. */
export function readSourceFields(value: unknown): Omit<SourceConfig, "stream"> {
  if (!isObject(value)) throw new Fault("request.bad", "must be a JSON object of url and audio");
  const strange = Object.keys(value).find((key) => key !== "url" && key !== "audio");
  if (strange !== undefined)
    throw new Fault("request.bad", `unknown key ${strange.slice(0, 80)} (known: url, audio)`);
  const { url, audio = true } = value;
  if (typeof url !== "string") throw new Fault("request.bad", "url must be a text");
  if (typeof audio !== "boolean") throw new Fault("request.bad", "audio must be true or false");
  checkAddress(url);
  return { url, audio };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(message: string, cause?: unknown): Fault {
  return new Fault("config.bad", message, { cause });
}
