/** A real RTSP camera for tests: GStreamer's RTSP server, driven by Debian's own Python, playing the sample. */
import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";

const PYTHON = "/usr/bin/python3";
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const TYPELIB = "/usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib";

/** Arguments: port (0: any), file, more of the pipeline. Prints the address when it listens. */
const PROGRAM = `
import gi, sys
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch('( filesrc location="%s" ! matroskademux name=d'
  ' d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96%s )' % (sys.argv[2], sys.argv[3]))
server.attach(None)
path = "/cam%d" % server.get_bound_port()
server.get_mount_points().add_factory(path, factory)
print("rtsp://127.0.0.1:%d%s" % (server.get_bound_port(), path), flush=True)
GLib.MainLoop().run()
`;

/** Options for `test`, as `needs` gives them for programs. */
export function needsRtspServer(): { skip: string | false } {
  const isThere = existsSync(PYTHON) && globSync(TYPELIB).length > 0;
  if (isThere || process.env.CI === "true") return { skip: false };
  return { skip: "gir1.2-gst-rtsp-server-1.0 not installed" };
}

export interface RtspServer extends AsyncDisposable {
  readonly url: string;
  readonly port: string;
  /** The camera loses its power. */
  kill(): Promise<void>;
}

const AUDIO = " d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97";
/** Sound that Matroska has no name for: silence in G.726 as cameras pack it. */
const G726 =
  " fakesrc is-live=true format=time sizetype=fixed sizemax=160 filltype=zero datarate=4000" +
  " ! audio/x-adpcm,layout=g726,bitrate=(int)32000,rate=(int)8000,channels=(int)1" +
  " ! rtpg726pay force-aal2=false name=pay1 pt=97";

export interface RtspOptions {
  /** Default: any. */
  readonly port?: string;
  /** Matroska with H.264 and, for `audio`, AAC. Default: the sample. Every client gets it from its start. */
  readonly file?: string;
  readonly audio?: boolean | "g726";
}

export async function startRtspServer(options: RtspOptions = {}): Promise<RtspServer> {
  const { port = "0", file = SAMPLE, audio = false } = options;
  const sound = audio === "g726" ? G726 : audio ? AUDIO : "";
  const args = ["-c", PROGRAM, port, file, sound];
  const child = spawn(PYTHON, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString("utf8");
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (piece: Buffer) => {
      const [found] = /rtsp:\S+/.exec(piece.toString("utf8")) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the RTSP server ended with ${code}: ${said}`)));
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return { url, port: new URL(url).port, kill, [Symbol.asyncDispose]: kill };
}
