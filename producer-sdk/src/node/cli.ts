/** The command `streambank-producer`, without a process: cameras to streams until they end or are stopped. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { asFault } from "../../../src/base/errors.ts";
import { Camera } from "./camera.ts";
import { type CameraConfig, readCommandLine } from "./config.ts";
import { DiskStore } from "./disk-store.ts";
import type { Source, SourceItem } from "./source.ts";
import { deviceSource, fileSource, rtspSource, testSource } from "./sources.ts";
import type { Spawn } from "./spawn.ts";
import { type Out, Status } from "./status.ts";

const HELP = `streambank-producer: cameras to streams of a Streambank server

  streambank-producer SOURCE --stream S [--server URL] [--create]
  streambank-producer --config cameras.json [--server URL]

  rtsp://…      an RTSP camera, nothing encoded anew  [--no-audio]
  /dev/video0   a video device                        [--input-format h264]
  FILE.mkv      a recording in real time              [--loop | --fast]
  test          a moving test picture

--server URL names the server (default http://127.0.0.1:8080). With --buffer DIR what is not durable there yet
is kept in DIR and sent by the next start. --token-file F has the token the server asks for. Ctrl-C ends it
when all is durable.
`;

export interface ProducerContext {
  readonly stdout: Out;
  readonly stderr: Out;
  readonly clock: Clock;
  /** Aborts on Ctrl-C and on SIGTERM. */
  readonly signal: AbortSignal;
  /** Default: real processes. */
  readonly spawn?: Spawn;
}

/** Resolves with the exit code: 0 all is durable, 1 a camera failed or lost media, 2 not understood. */
export async function run(argv: readonly string[], context: ProducerContext): Promise<number> {
  if (argv.some((word) => ["help", "--help", "-h"].includes(word))) {
    context.stdout.write(HELP);
    return 0;
  }
  let configs: readonly CameraConfig[];
  try {
    configs = readCommandLine(argv);
  } catch (error) {
    const { message, code } = asFault(error);
    context.stderr.write(`streambank-producer: ${message} [${code}]\n`);
    return 2;
  }
  return runCameras(configs, context);
}

async function runCameras(
  configs: readonly CameraConfig[],
  context: ProducerContext,
): Promise<number> {
  const { clock, stdout } = context;
  const cameras: Camera[] = [];
  const status = new Status({ out: stdout, clock, views: () => cameras.map(({ view }) => view) });
  for (const config of configs) {
    const { stream, create, server: url } = config;
    const source = lazySource(config, context);
    const changed = status.changed.bind(status);
    const paced = !config.fast;
    const given = { stream, url, create, clock, source, paced, changed };
    cameras.push(new Camera({ ...given, ...keeping(config) }));
  }
  const fine = await Promise.all(cameras.map((camera) => camera.run()));
  status.stop();
  return fine.every(Boolean) ? 0 : 1;
}

function keeping({ buffer, stream, tokenFile }: CameraConfig) {
  return {
    ...(buffer === undefined
      ? {}
      : { store: new DiskStore({ dir: join(buffer, `${encodeURIComponent(stream)}.kept`) }) }),
    // Read anew for each connection: who rotates tokens writes the file.
    ...(tokenFile === undefined
      ? {}
      : { token: async () => (await readFile(tokenFile, "utf8")).trim() }),
  };
}

/** Made when it is read, so that what is wrong with it is this camera's failure alone. */
async function* lazySource(
  config: CameraConfig,
  context: ProducerContext,
): AsyncGenerator<SourceItem> {
  yield* sourceOf(config, context);
}

function sourceOf(config: CameraConfig, context: ProducerContext): Source {
  const { source, loop, fast, audio, inputFormat } = config;
  const { clock, signal, spawn } = context;
  const live = { clock, signal, ...(spawn === undefined ? {} : { spawn }) };
  if (/^rtsps?:/i.test(source)) return rtspSource(source, { ...live, audio });
  if (source === "test") return testSource(live);
  if (source.startsWith("/dev/"))
    return deviceSource(source, { ...live, ...(inputFormat === undefined ? {} : { inputFormat }) });
  return fileSource(source, { clock, signal, loop, realtime: !fast });
}
