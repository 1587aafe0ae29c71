import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { suite, test } from "node:test";
import type { WebSocket } from "ws";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { Fault } from "../../base/errors.ts";
import type { PushAccess } from "../push-access.ts";
import { handlePutSocket } from "./put-socket.ts";

const DAY_MS = 24 * 3_600_000;

/** As much of a WebSocket as the handler sees. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  isPaused = false;
  readonly sent: string[] = [];
  readonly closes: number[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
  close(code: number): void {
    this.closes.push(code);
  }
  pause(): void {}
  resume(): void {}
  ping(): void {
    this.emit("pong");
  }
  says(message: object | string): void {
    const isMedia = typeof message === "string";
    this.emit("message", Buffer.from(isMedia ? message : JSON.stringify(message)), isMedia);
  }
}

/** A server whose tokens are their own end, ms from now. */
function setUp() {
  const clock = new FakeClock();
  const start = clock.now();
  const ws = new FakeSocket();
  const did: string[] = [];
  const access: PushAccess = {
    required: true,
    check(_stream, token) {
      if (token === "bad") throw new Fault("auth.denied", "bad");
      return { expiresMs: start + Number(token) };
    },
  };
  const session = {
    push: (data: Buffer) => did.push(`push ${data}`),
    end: () => did.push("end"),
    abort: () => did.push("abort"),
    shutDown: ({ code }: Fault) => did.push(`shut down: ${code}`),
  };
  const opens: (() => void)[] = [];
  const open = () => new Promise((resolve) => opens.push(() => resolve(session)));
  handlePutSocket(
    ws as unknown as WebSocket,
    { stream: "cam", startNs: 0n, grant: undefined, remoteAddress: "192.0.2.1" },
    { ingest: { open } as never, access, clock, ready: async () => {} },
  );
  const opened = async () => {
    while (opens.length === 0) await Promise.resolve();
    opens.shift()?.();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { clock, ws, did, opened };
}

suite("a push socket that wants a token", () => {
  test("what comes in one go with the token waits for the session, in order, the end too", async () => {
    const { ws, did, opened } = setUp();
    ws.says({ type: "token", token: "1000" });
    ws.says("a");
    ws.says("b");
    ws.says({ type: "end" });
    assert.deepEqual(did, []);
    await opened();
    assert.deepEqual(did, ["push a", "push b", "end"]);
  });

  test("silence is refused after ten seconds, media before the token at once and once", () => {
    const silent = setUp();
    silent.clock.advance(9999);
    assert.deepEqual(silent.ws.closes, []);
    silent.clock.advance(1);
    assert.deepEqual(silent.ws.closes, [4401]);
    const hasty = setUp();
    hasty.ws.says("a");
    hasty.ws.says("b");
    assert.deepEqual(hasty.ws.closes, [4401]);
    assert.equal(hasty.ws.sent.length, 1);
  });

  test("its end ends the session, unless a fresh one came; months are not too long for a timer", async () => {
    const { clock, ws, did, opened } = setUp();
    ws.says({ type: "token", token: String(60 * DAY_MS) });
    await opened();
    clock.advance(59 * DAY_MS);
    assert.deepEqual(did, []);
    ws.says({ type: "token", token: String(61 * DAY_MS) });
    clock.advance(DAY_MS);
    assert.deepEqual(did, []);
    clock.advance(DAY_MS);
    assert.deepEqual(did, ["shut down: auth.expired"]);
  });

  test("a fresh token that is wrong ends the session", async () => {
    const { ws, did, opened } = setUp();
    ws.says({ type: "token", token: "1000" });
    await opened();
    ws.says({ type: "token", token: "bad" });
    ws.says("late");
    assert.deepEqual(did, ["shut down: auth.denied"]);
  });
});
