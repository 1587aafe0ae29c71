/** A plain nginx on a free port, as a reference. Package: nginx-light; for RTMP libnginx-mod-rtmp, too. */
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "./sides.ts";

const NGINX = "/usr/sbin/nginx";

export interface Nginx {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<unknown>;
}

/** Throws when it is not there. `module`: one that is needed besides. */
export function requireNginx(packages: string, module = NGINX): void {
  if (!existsSync(NGINX) || !existsSync(module))
    throw new Error(`this benchmark needs nginx: apt-get install ${packages}`);
}

/** One worker. `configuration`: of what it does, for the port it is given; `module`: loaded before. Resolves when it listens. */
export async function startNginx(
  folder: string,
  configuration: (port: number) => string,
  module?: string,
): Promise<Nginx> {
  const port = await freePort();
  const conf = join(folder, "nginx.conf");
  writeFileSync(
    conf,
    `${module === undefined ? "" : `load_module ${module}; `}user root; worker_processes 1; daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 100; }
     ${configuration(port)}`,
  );
  const child = spawn(NGINX, ["-p", folder, "-c", conf], { stdio: "inherit" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await reachable(port);
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { pid: child.pid ?? -1, port, stop };
}

async function reachable(port: number): Promise<void> {
  for (let open = false; !open; )
    open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
}
