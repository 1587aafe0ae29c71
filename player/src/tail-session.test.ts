import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { SILENT_MS, TailSession } from "./tail-session.ts";

/** Opens when told, never closes by itself: a half-open connection. */
class Socket {
  static all: Socket[] = [];
  binaryType = "";
  closed = false;
  onopen = (): void => {};
  onmessage = (_: { data: string }): void => {};
  onclose = (): void => {};
  readonly url: string;

  constructor(url: string) {
    this.url = url;
    Socket.all.push(this);
  }

  close(): void {
    this.closed = true;
  }
}

suite("a viewer's connection", () => {
  const real = globalThis.WebSocket;
  beforeEach(() => {
    Socket.all = [];
    globalThis.WebSocket = Socket as unknown as typeof WebSocket;
  });
  afterEach(() => {
    globalThis.WebSocket = real;
  });

  function start() {
    const clock = new FakeClock();
    const told: boolean[] = [];
    const handlers = {
      begin: () => {},
      media: () => {},
      message: () => {},
      connection: (open: boolean) => told.push(open),
    };
    const options = { clock, server: "http://s", stream: "cam", codecs: "avc1,mp4a", handlers };
    const session = new TailSession(options);
    session.open(() => undefined);
    const last = () => Socket.all.at(-1) as Socket;
    last().onopen();
    return { clock, told, session, last };
  }

  test("tells the server what this browser can play", () => {
    const { last } = start();
    assert.equal(last().url, "ws://s/v1/streams/cam/tail?format=fmp4&codecs=avc1,mp4a");
  });

  test("that is silent for longer than the server ever is, is given up for another one", () => {
    const { clock, told, last } = start();
    for (let i = 0; i < 20; i++) {
      clock.advance(5000);
      last().onmessage({ data: '{"type":"time","serverNowMs":1}' });
    }
    assert.equal(Socket.all.length, 1, "kept while it speaks");
    clock.advance(SILENT_MS);
    assert.equal(Socket.all[0]?.closed, true);
    clock.advance(500);
    assert.equal(Socket.all.length, 2);
    assert.deepEqual(told, [true, false]);
    // What the old one still brings belongs to nobody.
    Socket.all[0]?.onclose();
    clock.advance(500);
    assert.equal(Socket.all.length, 2);
  });

  test("that never opens is tried again, too", () => {
    const clock = new FakeClock();
    const handlers = { begin() {}, media() {}, message() {}, connection() {} };
    const session = new TailSession({ clock, server: "http://s", stream: "cam", handlers });
    session.open(() => undefined);
    clock.advance(SILENT_MS + 500);
    assert.equal(Socket.all.length, 2);
    session.close();
    clock.advance(60_000);
    assert.equal(Socket.all.length, 2, "closed for good");
    assert.equal(clock.pendingTimers, 0);
  });
});
