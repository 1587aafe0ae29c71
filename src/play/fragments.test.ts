import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  bareFragment,
  FAKE_START_MS,
  FakeReader,
  scatter,
} from "../../test/support/fake-reader.ts";
import { millis } from "../base/units.ts";
import { parseFragmentNumber } from "../fragment/fragment-number.ts";
import { listFragments } from "./fragments.ts";

const EVERYTHING = { fromMs: millis(0), toMs: millis(FAKE_START_MS + 1e9) };
const base = { stream: "cam", clock: "producer", range: EVERYTHING } as const;

suite("listFragments", () => {
  for (const clock of ["producer", "server"] as const)
    test(`gives every fragment once, whatever the page size, on the ${clock} clock`, async () => {
      const reader = new FakeReader({ perPack: 3 });
      reader.addAll("cam", scatter(3, 70));
      // Equal keys on a page's border: the token must tell them apart.
      reader.addAll(
        "cam",
        [71, 72, 73].map((sequence) => bareFragment({ sequence, producedMs: 5000 })),
      );
      const whole = await listFragments({ ...base, clock, reader, limit: 1000 });
      assert.equal(whole.fragments.length, 73);
      assert.equal(whole.nextToken, undefined);
      for (const limit of [1, 2, 7, 72, 73]) {
        const all = [];
        let token: string | undefined;
        do {
          const page = await listFragments({
            ...{ ...base, clock, reader, limit },
            ...(token === undefined ? {} : { token }),
          });
          assert.ok(page.fragments.length <= limit);
          all.push(...page.fragments);
          token = page.nextToken;
        } while (token !== undefined);
        assert.deepEqual(all, whole.fragments, `limit ${limit}`);
      }
    });

  test("says times in ms, the size in the archive, and the number as KVS writes it", async () => {
    const reader = new FakeReader();
    const fragment = { sequence: 7, producedMs: 1.5, receivedMs: 250, durationMs: 1999.6 };
    const [stored] = reader.addAll("cam", [bareFragment({ ...fragment, seekable: false })]);
    const { fragments } = await listFragments({ ...base, reader, limit: 1 });
    const [item] = fragments;
    assert.equal(item?.number.length, 47);
    assert.equal(parseFragmentNumber(item?.number ?? "").sequence, 7);
    assert.equal(item?.producerMs, FAKE_START_MS + 1);
    assert.equal(item?.serverMs, FAKE_START_MS + 250);
    assert.equal(item?.durationMs, 2000);
    assert.equal(item?.bytes, stored?.size);
    assert.equal(item?.seekable, false);
  });

  test("reads in proportion to the page, not to what comes before it", async () => {
    const reader = new FakeReader({ perPack: 2, perPage: 4 });
    const list = Array.from({ length: 1000 }, (_, i) =>
      bareFragment({ sequence: i + 1, producedMs: i * 2000 }),
    );
    reader.addAll("cam", list);
    const page = await listFragments({ ...base, reader, limit: 800 });
    reader.lists = 0;
    const token = page.nextToken ?? "";
    const next = await listFragments({ ...base, reader, limit: 4, token });
    assert.equal(next.fragments[0]?.producerMs, FAKE_START_MS + 800 * 2000);
    assert.ok(reader.lists <= 6, `${reader.lists} lists`);
  });

  test("refuses a limit out of 1 to 1000 and a token that is not its own", async () => {
    const reader = new FakeReader();
    reader.addAll("cam", scatter(1, 5));
    for (const limit of [0, 1001, 1.5, Number.NaN])
      await assert.rejects(listFragments({ ...base, reader, limit }), { code: "request.bad" });
    for (const token of [
      "",
      "x",
      "server-1-1",
      "producer-1",
      `producer-${"9".repeat(16)}-1`,
      "producer--1-1",
    ])
      await assert.rejects(listFragments({ ...base, reader, limit: 5, token }), {
        code: "request.bad",
      });
  });
});
