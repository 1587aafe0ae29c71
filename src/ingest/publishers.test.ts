import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { identityOf, type Protocol, Publishers } from "./publishers.ts";

function setUp() {
  const clock = new FakeClock();
  const publishers = new Publishers(clock);
  const told: string[] = [];
  /** Connects; `quiet` moves with what the test sets. */
  const enter = (name: string, protocol: Protocol, identity: string) => {
    const state = { quietMs: 0, leave: () => {} };
    state.leave = publishers.enter("cam", {
      ...{ protocol, identity, quietMs: () => state.quietMs },
      replace(why) {
        told.push(`${name}: ${why.code}`);
        state.leave();
      },
    });
    return state;
  };
  return { clock, publishers, told, enter };
}

const busy = { code: "ingest.busy" };

suite("Publishers", () => {
  test("a different producer is refused while the first is there, over every pair of protocols", () => {
    const all = ["put-media", "websocket", "rtmp", "source"] as const;
    for (const one of all)
      for (const two of all) {
        const { enter, told } = setUp();
        const first = enter("first", one, "a");
        assert.throws(() => enter("second", two, "b"), busy, `${one}, ${two}`);
        assert.deepEqual(told, []);
        first.leave();
        enter("second", two, "b");
      }
  });

  test("other streams are not asked", () => {
    const { publishers, enter } = setUp();
    enter("first", "rtmp", "a");
    publishers.enter("door", {
      ...{ protocol: "rtmp", identity: "b" },
      ...{ quietMs: () => 0, replace() {} },
    });
  });

  test("the same producer takes over at once where RTMP is one of the two; the old one is told", () => {
    for (const [one, two] of [
      ["rtmp", "rtmp"],
      ["rtmp", "websocket"],
      ["put-media", "rtmp"],
    ] as const) {
      const { enter, told } = setUp();
      enter("old", one, "key:a");
      enter("new", two, "key:a");
      assert.deepEqual(told, ["old: ingest.replaced"]);
      assert.throws(() => enter("other", "rtmp", "key:b"), busy);
    }
  });

  test("connections of one producer that sends Matroska may overlap", () => {
    const { enter, told } = setUp();
    const old = enter("old", "put-media", "a");
    const next = enter("new", "put-media", "a");
    enter("third", "websocket", "a");
    assert.deepEqual(told, []);
    old.leave();
    next.leave();
    assert.throws(() => enter("other", "put-media", "b"), busy, "the third is still there");
  });

  test("two that take turns: the one that was displaced is refused as long as it keeps trying", () => {
    const { clock, enter, told } = setUp();
    enter("one", "rtmp", "a");
    enter("two", "rtmp", "a");
    for (let i = 0; i < 20; i++) {
      clock.advance(10_000);
      assert.throws(() => enter("one again", "rtmp", "a"), busy);
    }
    assert.deepEqual(told, ["one: ingest.replaced"]);
    clock.advance(30_000);
    enter("one at last", "rtmp", "a");
    assert.deepEqual(told, ["one: ingest.replaced", "two: ingest.replaced"]);
  });

  test("an encoder on a bad line takes over again and again: its old connection has gone quiet", () => {
    const { clock, enter, told } = setUp();
    let last = enter("0", "rtmp", "a");
    for (let i = 1; i < 10; i++) {
      clock.advance(3000);
      last.quietMs = 3000;
      last = enter(`${i}`, "rtmp", "a");
    }
    assert.equal(told.length, 9);
  });

  test("the same producer at another node ends what it has here; another's stays", () => {
    const { publishers, enter, told } = setUp();
    assert.equal(publishers.replace("cam", "a", "moved"), false);
    enter("here", "rtmp", "a");
    assert.equal(publishers.replace("cam", "b", "moved"), false);
    assert.equal(publishers.replace("cam", "a", "moved"), true);
    assert.deepEqual(told, ["here: ingest.replaced"]);
  });

  test("who it is: its key, else its address, where RTMP and Matroska are not the same", () => {
    assert.equal(identityOf("rtmp", "key:AK", "192.0.2.1"), "key:AK");
    assert.equal(identityOf("websocket", "key:AK", "192.0.2.9"), "key:AK");
    const [pushed, put, socket] = (["rtmp", "put-media", "websocket"] as const).map((protocol) =>
      identityOf(protocol, undefined, "::ffff:192.0.2.1"),
    );
    assert.equal(put, socket);
    assert.notEqual(put, pushed);
    assert.equal(pushed, identityOf("rtmp", undefined, "192.0.2.1"));
  });
});
