/** The command `streambank-producer`, without a process: cameras to streams until they end or are stopped. */
import { join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { asFault } from "../../../src/base/errors.ts";
import type { Transport } from "../transport.ts";
import { Camera, type CameraView } from "./camera.ts";
import { type CameraConfig, readCommandLine } from "./config.ts";
import { DiskStore } from "./disk-store.ts";
import type { Source, SourceItem } from "./source.ts";
import { deviceSource, fileSource, rtspSource, testSource } from "./sources.ts";
import type { Spawn } from "./spawn.ts";
import { type Out, Status } from "./status.ts";
import { Supervision } from "./supervision.ts";
import { tokenFile as readTokenFile } from "./token-file.ts";

const HELP = `streambank-producer: cameras to streams of a Streambank server

  streambank-producer SOURCE --stream S [--server URL] [--create]
  streambank-producer --config cameras.json [--server URL]

  rtsp://…      an RTSP camera, nothing encoded anew  [--no-audio]
  /dev/video0   a video device                        [--input-format h264]
  FILE.mkv      a recording in real time              [--loop | --fast]
  test          a moving test picture

--server URL names the server (default http://127.0.0.1:8080). With --buffer DIR what is not durable there yet
is kept in DIR and sent by the next start; --buffer-seconds N and --buffer-mb N bound what is kept. --token-file F
has the token the server asks for. A camera that failed is begun again after 30 s. Ctrl-C ends it when all is durable.
`;

export interface ProducerContext {
  readonly stdout: Out;
  readonly stderr: Out;
  readonly clock: Clock;
  /** Aborts on Ctrl-C and on SIGTERM. */
  readonly signal: AbortSignal;
  /** Default: real processes. */
  readonly spawn?: Spawn;
  /** Default: WebSocket. */
  readonly transport?: Transport;
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
  const { clock, stdout, signal, transport } = context;
  const status = new Status({ out: stdout, clock, views: () => cameras.views });
  const makers = configs.map((config) => (changed: (view: CameraView) => void) => {
    const { stream, create, server: url } = config;
    const source = lazySource(config, context);
    const given = { stream, url, create, clock, source, paced: !config.fast, changed };
    const by = transport === undefined ? {} : { transport };
    return new Camera({ ...given, ...by, ...keeping(config) });
  });
  const changed = status.changed.bind(status);
  const cameras = new Supervision(makers, { clock, signal, changed });
  const fine = await cameras.run();
  status.stop();
  return fine ? 0 : 1;
}

function keeping({ buffer, bufferSeconds, bufferMb, stream, tokenFile }: CameraConfig) {
  return {
    ...(bufferSeconds === undefined ? {} : { maxBufferMs: bufferSeconds * 1000 }),
    ...(bufferMb === undefined ? {} : { maxBufferBytes: bufferMb * 1e6 }),
    ...(buffer === undefined
      ? {}
      : { store: new DiskStore({ dir: join(buffer, `${encodeURIComponent(stream)}.kept`) }) }),
    ...(tokenFile === undefined ? {} : { token: readTokenFile(tokenFile) }),
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
