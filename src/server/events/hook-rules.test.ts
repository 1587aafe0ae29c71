/** Which events, which addresses, how long: the rules of hooks one by one. */
import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { suite, test } from "node:test";
import { openEventIndex } from "../../../test/support/event-index.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { errorEvent } from "../../archive/events.ts";
import { silentLogger } from "../../base/logger.ts";
import { EventKeeper } from "./event-keeper.ts";
import { noEventMeters } from "./event-meters.ts";
import { hookLookup, isPublicAddress } from "./hook-address.ts";
import { hookFilter } from "./hook-filter.ts";

suite("stream patterns", () => {
  for (const [pattern, name, expected] of [
    ["*", "", true],
    ["*", "door", true],
    ["door", "door", true],
    ["door", "door-1", false],
    ["door-*", "door-1", true],
    ["door-*", "door-", true],
    ["door-*", "", false],
    ["*-cam", "north-cam", true],
    ["a*a", "a", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["a*bc", "abcbc", true],
    ["***", "x", true],
  ] as const)
    test(`${pattern} ${expected ? "takes" : "leaves"} "${name}"`, () => {
      const filter = hookFilter({ types: [], streams: pattern });
      assert.equal(filter({ type: "error", stream: name }), expected);
    });
});

suite("addresses", () => {
  const closed = [
    ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.8.9.1", "169.254.169.254", "172.31.255.255"],
    ...["192.168.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%lo"],
    ...["fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"],
    ...["2002:7f00:1::", "2001:0:1::", "2001:db8::1", "name", ""],
  ];
  for (const address of closed)
    test(`"${address}" is not public`, () => assert.ok(!isPublicAddress(address)));
  for (const address of ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])
    test(`${address} is public`, () => assert.ok(isPublicAddress(address)));

  const resolved = (found: readonly LookupAddress[], allowPrivate = false) =>
    new Promise((resolve) => {
      const lookup = hookLookup(allowPrivate, (_host, done) => done(null, found));
      lookup("example.com", { all: true }, (error, list) => resolve(error?.message ?? list));
    });
  const inside = { address: "10.0.0.5", family: 4 };
  const outside = { address: "8.8.8.8", family: 4 };

  test("of the addresses of a name only public ones are connected to", async () => {
    assert.deepEqual(await resolved([inside, outside]), [outside]);
    assert.match(String(await resolved([inside])), /not an address of the public Internet/);
    assert.deepEqual(await resolved([inside], true), [inside]);
  });
});

suite("how long events stay", () => {
  test("until every hook has them and they are a day old", async () => {
    const clock = new FakeClock();
    const index = await openEventIndex(clock);
    const tell = () => {};
    const common = { index, clock, log: silentLogger, meters: noEventMeters, tell };
    const keeper = new EventKeeper({ ...common, limits: { keptEvents: 6 } });
    const write = async (count: number) => {
      const event = errorEvent({ code: "test", message: "", atMs: clock.now() });
      await index.commit({ events: Array.from({ length: count }, () => event) });
    };
    const ids = async () => (await index.events(0, 100)).map(({ id }) => id);
    await keeper.purge();
    await write(3);
    clock.advance(86_400_001);
    await write(2);
    const hook = { url: "", secret: "", types: [], streams: "*", createdMs: clock.now() };
    await index.putHook({ ...hook, id: "h", deliveredId: 1 });
    await keeper.purge();
    assert.deepEqual(await ids(), [2, 3, 4, 5]);
    await index.moveHook("h", 5);
    await keeper.purge();
    assert.deepEqual(await ids(), [4, 5]);
    await write(5);
    await index.moveHook("h", 10);
    await keeper.purge();
    assert.deepEqual(await ids(), [5, 6, 7, 8, 9, 10]);
    await index.deleteHook("h");
    clock.advance(86_400_001);
    await keeper.purge();
    assert.deepEqual(await ids(), []);
  });
});
