import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { judge, line, median, percentile, race } from "./harness.ts";

const samples = { a: [{ ms: 4 }, { ms: 2 }, { ms: 9 }], b: [{ ms: 2 }, { ms: 2 }, { ms: 1 }] };

suite("harness", () => {
  test("lets the sides take turns, and the first place too", async () => {
    const order: string[] = [];
    const side = (name: string) => async () => {
      order.push(name);
      return { n: order.length };
    };
    const result = await race({ runs: 3, a: side("a"), b: side("b") });
    assert.equal(order.join(""), "abbaab");
    assert.deepEqual(result, {
      a: [{ n: 1 }, { n: 4 }, { n: 5 }],
      b: [{ n: 2 }, { n: 3 }, { n: 6 }],
    });
  });

  test("judges the ratio of the medians, in both directions", () => {
    const met = (op: "<=" | ">=", ratio: number) =>
      judge({ name: "x", bar: { op, ratio } }, "ms", samples).met;
    assert.deepEqual(
      [met("<=", 2), met("<=", 1.9), met(">=", 2), met(">=", 2.1)],
      [true, false, true, false],
    );
  });

  test("refuses a figure that a side did not measure", () => {
    const claim = { name: "x", bar: { op: "<=", ratio: 1 } } as const;
    assert.throws(() => judge(claim, "other", samples), RangeError);
    assert.throws(() => judge(claim, "ms", { a: [{ ms: 0 }], b: [{ ms: 1 }] }), RangeError);
    assert.throws(() => judge(claim, "ms", { a: [], b: [] }), RangeError);
  });

  test("prints name, ratio, bar, medians and machine in one line", () => {
    const verdict = judge(
      { name: "parse", unit: "ms", bar: { op: "<=", ratio: 1.5 } },
      "ms",
      samples,
    );
    const text = line({
      ...verdict,
      machine: { cpu: "Z80", cores: 2, node: "24.0.0", cpuPressure: 3.5 },
    });
    assert.equal(
      text,
      "parse: 2.00× (bar <= 1.5, MISSED), 4.00 / 2.00 ms, median of 3 [2 × Z80, Node 24.0.0, CPU pressure 3.5 %]",
    );
  });

  test("takes the mean of the middle two of an even count as the median", () => {
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([5, 1, 3]), 3);
  });

  test("gives percentiles by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, n) => 100 - n);
    assert.equal(percentile(values, 0.5), 50);
    assert.equal(percentile(values, 0.99), 99);
    assert.equal(percentile(values, 1), 100);
    assert.equal(percentile([7], 0.01), 7);
  });
});
