/**
 * Starts ffmpeg for a camera whose place has been looked at. ffmpeg is given a port of this process that leads to the camera and
 * nowhere else: a name that means another place by then is not asked again, and an answer that redirects ends the connection
 * before ffmpeg reads it (docs/decisions/0024-cameras-through-a-relay.md).
 */
import { createServer, connect as plain, type Server, type Socket } from "node:net";
import { connect as encrypted } from "node:tls";
import type { Child, Spawn } from "../../../producer-sdk/src/node/spawn.ts";
import { RedirectWatch } from "./redirect-watch.ts";
import type { CameraPlace, SourcePolicy } from "./source-policy.ts";

/** Of `ffmpeg … -i ADDRESS …`. What may not be connected to ends like a process that could not be started. */
export function guardedSpawn(policy: SourcePolicy, spawn: Spawn): Spawn {
  return (program, args) => {
    const at = args.indexOf("-i") + 1;
    const url = args[at] ?? "";
    let relay: Server | undefined;
    const said: Buffer[] = [];
    const begun = policy.place(url).then(async (place) => {
      relay = relayTo(place, (line) => said.push(Buffer.from(`${line}\n`)));
      await listening(relay);
      const { port } = relay.address() as { port: number };
      return spawn(program, args.with(at, throughRelay(url, port)));
    });
    const exited = begun.then(
      (child) => child.exited,
      (error: Error) => ({ code: null, missing: false, error: error.message }),
    );
    void exited.then(() => relay?.close());
    return {
      stdout: outputOf(begun, "stdout"),
      stderr: outputOf(begun, "stderr", said),
      exited,
      kill: (signal) => void begun.then((child) => child.kill(signal)).catch(() => {}),
    };
  };
}

async function* outputOf(
  begun: Promise<Child>,
  name: "stdout" | "stderr",
  more: readonly Uint8Array[] = [],
): AsyncGenerator<Uint8Array> {
  const child = await begun.catch(() => undefined);
  if (child !== undefined) yield* child[name];
  yield* more;
}

/** With its user, password and path. */
function throughRelay(url: string, port: number): string {
  const [, place = "", rest = ""] = /^rtsps?:\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  return `rtsp://${place.slice(0, place.lastIndexOf("@") + 1)}127.0.0.1:${port}${rest}`;
}

function relayTo(place: CameraPlace, say: (line: string) => void): Server {
  const sockets = new Set<Socket>();
  const server = createServer((here) => {
    const there = connectTo(place);
    for (const socket of [here, there]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    here.on("error", () => there.destroy());
    here.once("close", () => there.destroy());
    there.on("error", (error) => {
      say(error.message.includes("ECONNREFUSED") ? "Connection refused" : error.message);
      here.destroy();
    });
    here.pipe(there);
    const watch = new RedirectWatch();
    there.on("data", (piece: Buffer) => {
      const bytes = watch.push(piece);
      if (bytes !== undefined) {
        if (!here.write(bytes)) there.pause();
        return;
      }
      say("it redirects to another address, which is not followed");
      here.destroy();
      there.destroy();
    });
    here.on("drain", () => there.resume());
    there.on("end", () => here.end());
  });
  server.on("close", () => {
    for (const socket of sockets) socket.destroy();
  });
  return server;
}

function connectTo({ address, port, encrypted: isTls, host }: CameraPlace): Socket {
  if (!isTls) return plain({ host: address, port });
  // Cameras sign their own certificates; ffmpeg does not verify them either.
  const name = host === address ? {} : { servername: host };
  return encrypted({ host: address, port, rejectUnauthorized: false, ...name });
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}
