import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openDirectIndex } from "../../../test/support/archives.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { millis } from "../../base/units.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import { ConsumerGroups } from "./consumer-groups.ts";

const numberOf = (sequence: number) =>
  formatFragmentNumber({ sequence, receivedMs: millis(1000 + sequence), salt: 5 });

async function scene() {
  const index = await openDirectIndex(":memory:");
  const clock = new FakeClock();
  const groups = new ConsumerGroups(index, clock);
  const claim = (consumer: string, stream = "cam") =>
    groups.claim({ group: "g", stream, consumer, ttlMs: 1000 });
  const done = (consumer: string, sequence: number) =>
    groups.checkpoint({ group: "g", stream: "cam", consumer, token: numberOf(sequence) });
  return { clock, groups, claim, done };
}

suite("consumer groups", () => {
  test("a stream is one consumer's until its claim ends or it lets go", async () => {
    const { clock, groups, claim } = await scene();
    const until = clock.now() + 1000;
    assert.deepEqual(await claim("a"), { stream: "cam", consumer: "a", untilMs: until });
    assert.equal((await claim("b")).consumer, "a");
    clock.advance(600);
    assert.equal((await claim("a")).untilMs, until + 600);
    clock.advance(999);
    assert.equal((await claim("b")).consumer, "a");
    clock.advance(1);
    assert.equal((await claim("b")).consumer, "b");
    await groups.release({ group: "g", stream: "cam", consumer: "a" });
    assert.equal((await claim("a")).consumer, "b");
    await groups.release({ group: "g", stream: "cam", consumer: "b" });
    assert.equal((await claim("a")).consumer, "a");
  });

  test("a place is kept over consumers, never goes back, and is refused from who lost the stream", async () => {
    const { clock, claim, done } = await scene();
    await claim("a");
    assert.equal((await done("a", 7)).token, numberOf(7));
    assert.equal((await done("a", 5)).token, numberOf(7));
    clock.advance(1000);
    await assert.rejects(done("a", 8), { code: "group.lost" });
    assert.equal((await claim("b")).token, numberOf(7));
    await assert.rejects(done("a", 8), { code: "group.lost" });
    assert.equal((await done("b", 8)).token, numberOf(8));
    await assert.rejects(
      async () =>
        (await scene()).groups.checkpoint({ group: "g", stream: "cam", consumer: "b", token: "x" }),
      { code: "request.bad" },
    );
  });

  test("a place is its first key's: another that may read changes nothing, who manages the stream may", async () => {
    const { groups } = await scene();
    const mine = { owner: "key:A", manages: false };
    const other = { owner: "key:B", manages: false };
    const place = { group: "g", stream: "cam", consumer: "a" };
    assert.equal((await groups.claim({ ...place, ttlMs: 1000 }, mine)).owner, "key:A");
    const token = numberOf(7);
    const tries = [
      () => groups.claim({ ...place, ttlMs: 1000 }, other),
      () => groups.checkpoint({ ...place, token }, other),
      () => groups.release(place, other),
      () => groups.forget("g", "cam", other),
    ];
    for (const attempt of tries) await assert.rejects(attempt(), { code: "auth.denied" });
    assert.equal((await groups.checkpoint({ ...place, token }, mine)).token, token);
    await groups.release(place, mine);
    await assert.rejects(groups.claim({ ...place, ttlMs: 1000 }, other), { code: "auth.denied" });
    await groups.forget("g", "cam", { ...other, manages: true });
    assert.equal((await groups.claim({ ...place, ttlMs: 1000 }, other)).owner, "key:B");
  });

  test("of many who ask at once one gets it", async () => {
    const { claim, groups } = await scene();
    const names = ["a", "b", "c", "d"];
    const places = await Promise.all(names.map((name) => claim(name)));
    const holders = new Set(places.map(({ consumer }) => consumer));
    assert.equal(holders.size, 1);
    for (let i = 0; i < 3; i++) await claim("a", `dog${i}`);
    await groups.claim({ group: "g2", stream: "cam", consumer: "z", ttlMs: 1 });
    const listed = await groups.list("g");
    assert.deepEqual(
      listed.map(({ stream }) => stream),
      ["cam", "dog0", "dog1", "dog2"],
    );
    await groups.forget("g", "dog1");
    assert.equal((await groups.list("g")).length, 3);
    await assert.rejects(claim("a", "no/name"), { code: "request.bad" });
  });
});
