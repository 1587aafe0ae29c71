import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { SourceItem } from "../../../producer-sdk/src/node/source.ts";
import { Rope } from "../../base/rope.ts";
import { micros } from "../../base/units.ts";
import { Episodes } from "./episodes.ts";

const payload = Rope.of(new Uint8Array(1));
const frame: SourceItem = {
  kind: "frame",
  frame: { track: 1, timeUs: micros(0), key: true, payload },
};
const tracks: SourceItem = { kind: "tracks", tracks: [] };
const trouble = (reason: string): SourceItem => ({ kind: "trouble", reason, retryMs: 500 });

/** A camera that does this and then has its process ended, or breaks for good. */
function camera(script: readonly SourceItem[], fault?: Error) {
  const seen = { opened: 0, closed: 0 };
  const episodes = new Episodes(async function* () {
    seen.opened++;
    try {
      yield* script;
      if (fault !== undefined) throw fault;
    } finally {
      seen.closed++;
    }
  });
  return { seen, episodes };
}

async function kinds(items: AsyncIterable<SourceItem>): Promise<string[]> {
  const out: string[] = [];
  for await (const item of items) out.push(item.kind === "trouble" ? item.reason : item.kind);
  return out;
}

suite("Episodes", () => {
  test("a short break is within one; a second failure in a row ends it, and the process goes on", async () => {
    const { seen, episodes } = camera([
      ...[tracks, frame, trouble("a"), tracks, frame, trouble("b"), trouble("c")],
      ...[trouble("d"), trouble("e"), tracks, frame],
    ]);
    const first = ["tracks", "frame", "a", "tracks", "frame", "b"];
    assert.deepEqual(await kinds(episodes.next()), first);
    assert.equal(episodes.outage, "c; next try in 0.5 s");
    assert.deepEqual(seen, { opened: 1, closed: 0 });
    assert.deepEqual(await kinds(episodes.next()), ["d", "e", "tracks", "frame"]);
    assert.deepEqual(seen, { opened: 1, closed: 1 });
  });

  test("the outage lasts until there are frames, not only tracks", async () => {
    const { episodes } = camera([frame, trouble("a"), trouble("b"), tracks, frame]);
    await kinds(episodes.next());
    const next = episodes.next();
    await next.next();
    assert.equal(episodes.outage, "b; next try in 0.5 s");
    await next.next();
    assert.equal(episodes.outage, undefined);
    await next.return(undefined);
  });

  test("one that is left ends the process; the next one opens the camera anew", async () => {
    const { seen, episodes } = camera([tracks, frame, frame]);
    for await (const _ of episodes.next()) break;
    assert.deepEqual(seen, { opened: 1, closed: 1 });
    await kinds(episodes.next());
    assert.deepEqual(seen, { opened: 2, closed: 2 });
  });

  test("a fault for good goes through and is no outage", async () => {
    const fault = new Error("no ffmpeg");
    const { episodes } = camera([frame, trouble("a"), trouble("b")], fault);
    await kinds(episodes.next());
    assert.equal(episodes.outage, "b; next try in 0.5 s");
    await assert.rejects(kinds(episodes.next()), fault);
    assert.equal(episodes.outage, undefined);
  });
});
