/** Ports nobody listens on at this moment. */
import { createServer } from "node:net";

/** True when nobody has it now. */
function isFree(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}

/** The first of `count` free ports in a row, on 127.0.0.1. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = (await isFree(0)) ?? 65_535;
    const rest = Array.from({ length: count - 1 }, (_, i) => first + 1 + i);
    // One after the other: each is asked for itself.
    let free = first + count <= 65_535;
    for (const port of rest) free &&= (await isFree(port)) !== undefined;
    if (free) return first;
  }
}
