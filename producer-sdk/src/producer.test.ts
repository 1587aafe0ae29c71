import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { START_MS, START_US, setUp, TRACKS } from "../../test/support/producer.ts";

const NOTHING_LEFT = { waiting: 0, kept: 0, refused: 0, dropped: 0, waitingUs: 0, lostUs: 0 };

suite("Producer", () => {
  test("sends each frame at once, one Cluster per group of pictures, with epoch times", () => {
    const { link, video } = setUp();
    assert.equal(link().url, "ws://host:1/v1/streams/a%20b/put?timecode=ABSOLUTE");
    link().handlers.opened();
    video(0, 1);
    assert.deepEqual(link().clusters(), [{ ms: START_MS, frames: [0], ended: false }]);
    video(1, 12);
    const [first, second] = link().clusters();
    assert.deepEqual(first?.frames, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual([second?.ms, second?.frames], [START_MS + 1000, [10, 11]]);
  });

  test("leaves out video and sound before the first key frame", () => {
    const { link, producer, video } = setUp();
    link().handlers.opened();
    producer.putFrame({ track: 2, data: Uint8Array.of(99), timestampUs: START_US, key: true });
    video(5, 12);
    assert.deepEqual(link().clusters()[0]?.frames, [10, 11]);
  });

  test("cuts streams without video every two seconds", () => {
    const { link, producer } = setUp({ tracks: TRACKS.slice(1) });
    link().handlers.opened();
    for (let i = 0; i < 50; i++)
      producer.putFrame({
        track: 2,
        data: Uint8Array.of(i),
        timestampUs: START_US + i * 100_000,
        key: true,
      });
    const times = link()
      .clusters()
      .map(({ ms }) => ms - START_MS);
    assert.deepEqual(times, [0, 2000, 4000]);
  });

  test("after a break sends again exactly the fragments that are not PERSISTED, whole", () => {
    const { link, links, clock, producer, video } = setUp();
    link().handlers.opened();
    video(0, 25);
    link().ack("BUFFERING", START_MS);
    link().ack("RECEIVED", START_MS + 1000);
    link().ack("PERSISTED", START_MS);
    link().handlers.closed("cut");
    video(25, 32);
    assert.equal(producer.stats.connected, false);
    clock.advance(499);
    assert.equal(links.length, 1);
    clock.advance(1);
    link().handlers.opened();
    const resent = link().clusters();
    assert.deepEqual(
      resent.map(({ ms }) => ms - START_MS),
      [1000, 2000, 3000],
    );
    assert.deepEqual(resent[0]?.frames, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    assert.deepEqual(resent[1]?.frames, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
    assert.equal(producer.stats.persisted, 1);
  });

  test("an ack removes nothing that this connection has not sent completely", () => {
    const { link, clock, producer, video } = setUp();
    link().handlers.opened();
    video(0, 21);
    link().handlers.closed("cut");
    clock.advance(500);
    link().bufferedBytes = 1 << 20;
    link().handlers.opened();
    link().ack("PERSISTED", START_MS + 1000);
    assert.equal(producer.stats.waiting, 3);
    link().bufferedBytes = 0;
    clock.advance(20);
    link().ack("PERSISTED", START_MS + 1000);
    assert.equal(producer.stats.waiting, 1);
  });

  test("waits longer after each failed connection, up to ten seconds", () => {
    const { link, clock, events } = setUp();
    for (let i = 0; i < 7; i++) {
      link().handlers.closed("refused");
      clock.advance(10_000);
    }
    const waits = events.flatMap((e) => (e.kind === "disconnected" ? [e.retryMs] : []));
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  test("drops the oldest fragments when the server stays away, and says which", () => {
    const { producer, video, events, link } = setUp({ maxBufferBytes: 100_000 });
    video(0, 100, 10, 1000);
    assert.ok(producer.stats.waitingBytes <= 100_000 + 1100, `${producer.stats.waitingBytes}`);
    const dropped = events.filter((e) => e.kind === "dropped");
    assert.ok(dropped.length > 0);
    assert.equal(dropped[0]?.fromUs, START_US);
    assert.equal(dropped[0]?.frames, 10);
    link().handlers.opened();
    const first = link().clusters()[0];
    assert.equal(first?.ms, START_MS + dropped.length * 1000);
    assert.equal(producer.stats.dropped, dropped.length);
  });

  test("a fragment the server refuses is not sent again, others are", () => {
    const { link, clock, video, events } = setUp();
    link().handlers.opened();
    video(0, 21);
    link().ack("ERROR", START_MS, { ErrorId: 4006, ErrorCode: "INVALID_MKV_DATA" });
    assert.ok(link().closed);
    assert.ok(events.some((e) => e.kind === "refused" && e.errorId === 4006));
    clock.advance(500);
    link().handlers.opened();
    assert.deepEqual(
      link()
        .clusters()
        .map(({ ms }) => ms - START_MS),
      [1000, 2000],
    );
  });

  test("a server's own trouble, a stream that is gone, an expired token: the fragment is sent again", () => {
    for (const ErrorId of [5000, 4008, 6001]) {
      const { link, clock, video } = setUp();
      link().handlers.opened();
      video(0, 11);
      link().ack("ERROR", START_MS, { ErrorId, ErrorCode: "X" });
      clock.advance(500);
      link().handlers.opened();
      assert.deepEqual(
        link()
          .clusters()
          .map(({ ms }) => ms - START_MS),
        [0, 1000],
      );
    }
  });

  test("a connection that takes media and never acks is given up after 30 s", () => {
    const { link, links, clock, video } = setUp();
    link().handlers.opened();
    video(0, 5);
    clock.advance(29_000);
    assert.equal(link(0).closed, false);
    clock.advance(6000);
    assert.ok(link(0).closed);
    assert.equal(links.length, 2);
  });

  test("does not hand more to a slow connection than it drains", () => {
    const { link, clock, video } = setUp();
    link().handlers.opened();
    link().bufferedBytes = 1 << 20;
    video(0, 30);
    assert.equal(link().sent.length, 0);
    link().bufferedBytes = 0;
    clock.advance(20);
    assert.equal(link().clusters().length, 3);
  });

  test("end tells the server that the last fragment is whole, and waits until all is durable", async () => {
    const { link, producer, video } = setUp();
    link().handlers.opened();
    video(0, 15);
    const ended = producer.end();
    assert.deepEqual(
      link()
        .clusters()
        .map((c) => c.ended),
      [false, true],
    );
    link().ack("PERSISTED", START_MS + 1000);
    const { durable, ...rest } = await ended;
    assert.equal(durable, 2);
    assert.deepEqual(rest, NOTHING_LEFT);
    assert.ok(link().closed);
    const late = { track: 1, data: new Uint8Array(1), timestampUs: START_US, key: true };
    assert.throws(() => producer.putFrame(late), { code: "server.closing" });
  });

  test("end gives up after its time and says how many fragments are not durable", async () => {
    const { clock, producer, video } = setUp();
    video(0, 15);
    const ended = producer.end(1000);
    clock.advance(1000);
    const { waiting, waitingUs, kept } = await ended;
    assert.deepEqual([waiting, waitingUs, kept], [2, 1_400_000, 0]);
  });

  test("streams that keep nothing are satisfied with RECEIVED", () => {
    const { link, producer, video } = setUp({ keepUntil: "received" });
    link().handlers.opened();
    video(0, 11);
    link().ack("RECEIVED", START_MS);
    assert.equal(producer.stats.waiting, 1);
  });

  test("refuses what it could not send", () => {
    const { producer } = setUp();
    const frame = { track: 1, data: new Uint8Array(1), timestampUs: START_US, key: true };
    assert.throws(() => producer.putFrame({ ...frame, track: 3 }), { code: "mkv.unknown-track" });
    for (const timestampUs of [-1, 0.5, Number.NaN, 2 ** 60])
      assert.throws(() => producer.putFrame({ ...frame, timestampUs }), {
        code: "ingest.bad-timestamp",
      });
  });

  test("keeps its own copy of a frame's bytes", () => {
    const { link, producer } = setUp();
    const data = Uint8Array.of(7);
    producer.putFrame({ track: 1, data, timestampUs: START_US, key: true });
    data[0] = 8;
    link().handlers.opened();
    assert.deepEqual(link().clusters()[0]?.frames, [7]);
  });

  test("a stream that keeps nothing says so with RECEIVED: nothing more is waited for", () => {
    const { link, producer, video } = setUp();
    link().handlers.opened();
    video(0, 11);
    link().ack("RECEIVED", START_MS, { LiveOnly: true });
    assert.equal(producer.stats.waiting, 1);
  });

  test("after the clock was set back, an ack still means the fragment it names and those sent before", () => {
    const { link, producer } = setUp();
    link().handlers.opened();
    for (const [i, ms] of [5000, 0, 1000].entries())
      producer.putFrame({
        ...{ track: 1, data: Uint8Array.of(i), key: true },
        timestampUs: START_US + ms * 1000,
      });
    link().ack("PERSISTED", START_MS + 5000);
    assert.equal(producer.stats.waiting, 2);
    assert.deepEqual(
      link()
        .clusters()
        .map(({ ms }) => ms - START_MS),
      [5000, 0, 1000],
    );
  });

  test("a step back without a key frame begins a fragment the server is told of", () => {
    const { link, producer } = setUp();
    link().handlers.opened();
    for (const [i, ms] of [5000, 5040, 2000].entries())
      producer.putFrame({
        ...{ track: 1, data: Uint8Array.of(i), key: i === 0 },
        timestampUs: START_US + ms * 1000,
      });
    assert.deepEqual(
      link()
        .clusters()
        .map(({ frames, ended }) => [frames, ended]),
      [
        [[0, 1], true],
        [[2], false],
      ],
    );
  });

  test("other tracks are announced on the same connection, and again on the next one", () => {
    const { link, clock, producer, video } = setUp();
    link().handlers.opened();
    video(0, 5);
    producer.setTracks(TRACKS.slice(1));
    for (const i of [90, 91])
      producer.putFrame({
        ...{ track: 2, data: Uint8Array.of(i), key: true },
        timestampUs: START_US + i * 1000,
      });
    const expected = [
      [2, [0, 1, 2, 3, 4]],
      [1, [90, 91]],
    ];
    assert.deepEqual(link().told(), expected);
    link().handlers.closed("cut");
    clock.advance(500);
    link().handlers.opened();
    assert.deepEqual(link().told(), expected);
    assert.throws(
      () => producer.putFrame({ track: 1, data: new Uint8Array(1), timestampUs: 0, key: true }),
      { code: "mkv.unknown-track" },
    );
  });

  test("every ack is told as it came", () => {
    const { link, events, video } = setUp();
    link().handlers.opened();
    video(0, 11);
    for (const type of ["BUFFERING", "RECEIVED", "PERSISTED"]) link().ack(type, START_MS);
    const told = events.flatMap((e) => (e.kind === "ack" ? [e.ack.type] : []));
    assert.deepEqual(told, ["BUFFERING", "RECEIVED", "PERSISTED"]);
  });
});

suite("Producer with a token", () => {
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  test("tells it before the media, and a fresh one on the open connection before it ends", async () => {
    let count = 0;
    const { link, links, clock, video } = setUp({
      token: async () => ({ token: `t${++count}`, expiresMs: clock.now() + 20_000 }),
    });
    link().handlers.opened();
    video(0, 1);
    assert.equal(link().sent.length, 0, "no media before the token");
    await settle();
    assert.deepEqual(link().texts, ['{"type":"token","token":"t1"}']);
    assert.deepEqual(link().clusters()[0]?.frames, [0]);
    clock.advance(14_000);
    await settle();
    assert.equal(link().texts.length, 1);
    clock.advance(1000);
    await settle();
    assert.deepEqual(link().texts[1], '{"type":"token","token":"t2"}');
    assert.equal(links.length, 1);
  });

  test("a provider that fails is the reason of the lost connection, and asked again", async () => {
    let count = 0;
    const { link, links, clock, events } = setUp({
      token: async () => {
        if (++count === 1) throw new Error("the vault is closed");
        return "t";
      },
    });
    link().handlers.opened();
    await settle();
    const lost = events.find((e) => e.kind === "disconnected");
    assert.match(lost?.kind === "disconnected" ? lost.reason : "", /the vault is closed/);
    clock.advance(500);
    assert.equal(links.length, 2);
    link().handlers.opened();
    await settle();
    assert.deepEqual(link().texts, ['{"type":"token","token":"t"}']);
  });

  test("a token that comes when the connection is gone is not sent on the next one", async () => {
    const answers: ((token: string) => void)[] = [];
    const { link, clock } = setUp({ token: () => new Promise((resolve) => answers.push(resolve)) });
    link().handlers.opened();
    link().handlers.closed("cut");
    clock.advance(500);
    link().handlers.opened();
    answers[0]?.("old");
    await settle();
    assert.deepEqual(link().texts, []);
    answers[1]?.("new");
    await settle();
    assert.deepEqual(link().texts, ['{"type":"token","token":"new"}']);
  });
});
