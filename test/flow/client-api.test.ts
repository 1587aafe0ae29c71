/** `streambank/client` where the server asks who is there: keys, users, sessions, events, pictures, players' addresses. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Producer } from "../../producer-sdk/src/index.ts";
import { openRecording } from "../../producer-sdk/src/node.ts";
import { realClock } from "../../src/base/clock.ts";
import { type BankEvent, Streambank } from "../../src/client/index.ts";
import { notDurable } from "../support/outcome.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");

/** The first seconds of the sample, as fast as they are taken. */
async function record(url: string, stream: string, token: string): Promise<void> {
  const { tracks, frames } = await openRecording(SAMPLE);
  const given = { clock: realClock, token: async () => token };
  const producer = new Producer({ url, stream, create: true, tracks, ...given });
  for (const { track, payload, timeUs, key } of frames) {
    if (timeUs > 6_000_000) continue;
    const timestampUs = START_MS * 1000 + timeUs;
    producer.putFrame({ track, data: payload.toBytes(), timestampUs, key });
  }
  assert.equal(notDurable(await producer.end(20_000)), 0);
}

suite("the client, by whom it is used", { ...needs("ffmpeg"), timeout: 300_000 }, () => {
  test("keys, users, sessions; events as they happen; a picture; addresses for players", async () => {
    await using server = await startTestServer({ auth: "on" });
    const { url, parts } = server;
    const { rootKey } = parts;
    assert.ok(rootKey);
    const root = new Streambank({ url, token: rootKey.token });
    const stop = new AbortController();
    const came: BankEvent[] = [];
    const { promise: recorded, resolve } = Promise.withResolvers<void>();
    const listening = (async () => {
      // From the first there is: what happens before the connection stands is told, too.
      for await (const event of root.events({ after: 0, signal: stop.signal })) {
        came.push(event);
        if (event.stream === "cam") resolve();
      }
    })();

    const wish = { name: "hall", actions: ["produce", "read"], streams: "cam*" } as const;
    const made = await root.createKey({ ...wish, expires: realClock.now() + 600_000 });
    assert.equal(made.token, `${made.id}.${made.secret}`);
    assert.deepEqual((await root.keys()).map(({ name }) => name).sort(), ["hall", "root"]);
    await record(url, "cam", made.token);
    await recorded;
    stop.abort();
    await listening;
    const ids = came.map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...new Set(ids)].sort((a, b) => a - b),
      "each once, in order",
    );

    const hall = new Streambank({ url, token: made.token });
    const session = await hall.session();
    assert.deepEqual(
      [session.id, session.actions, session.streams, session.server],
      [`key:${made.id}`, ["produce", "read"], "cam*", false],
    );
    const cam = hall.stream("cam");
    const picture = await cam.image({ at: START_MS + 1000, width: 64 });
    assert.equal(picture.headers.get("content-type"), "image/jpeg");
    const bytes = new Uint8Array(await picture.arrayBuffer());
    assert.deepEqual([...bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
    const range = { from: START_MS, to: START_MS + 4000 };
    const times: number[] = [];
    for await (const image of cam.images({ ...range, interval: 1000, width: 64 })) {
      assert.ok(image.content, image.error ?? "no picture");
      times.push(image.timeMs - START_MS);
    }
    assert.deepEqual(times, [0, 1000, 2000, 3000]);

    // Without a header, as players ask; and the list goes on with the same permission.
    for (const kind of ["hls", "dash"] as const) {
      const address = await cam.playUrl({ ...range, kind, seconds: 60 });
      assert.doesNotMatch(address, new RegExp(made.secret));
      const answer = await fetch(address);
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.match(await answer.text(), /token=ss1\./);
    }
    await assert.rejects(hall.keys(), { code: "auth.denied", status: 403 });

    const user = { name: "ann", role: "viewer", password: "a-long-password" } as const;
    assert.equal((await root.createUser(user)).streams, "*");
    assert.equal((await root.changeUser("ann", { role: "operator" })).role, "operator");
    assert.deepEqual(
      (await root.users()).map(({ name }) => name),
      ["ann"],
    );
    await root.removeUser("ann");
    const { token } = await hall.makeSession({ actions: ["read"], streams: "cam", seconds: 60 });
    assert.equal((await new Streambank({ url, token }).stream("cam").info()).name, "cam");
    await root.removeKey(made.id);
    await assert.rejects(hall.streams(), { code: "auth.denied" });
    await assert.rejects(new Streambank({ url, token }).stream("cam").info(), {
      code: "auth.denied",
    });
  });
});
