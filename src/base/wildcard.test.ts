import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { matchesWildcard } from "./wildcard.ts";

/** What it means: a star is any characters, everything else itself. Slow for many stars. */
function means(pattern: string, text: string): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text === "";
  const more = rest.join("");
  if (first !== "*") return text.startsWith(first) && means(more, text.slice(1));
  return Array.from({ length: text.length + 1 }, (_, i) => i).some((i) =>
    means(more, text.slice(i)),
  );
}

suite("patterns of stream names", () => {
  test("match what they mean", () => {
    const word = (letters: string, maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...letters), maxLength });
    fc.assert(
      fc.property(word("ab.*", 7), word("ab.*", 9), (pattern, text) => {
        assert.equal(matchesWildcard(pattern, text), means(pattern, text));
      }),
    );
    for (const special of ["cam.", "c+m", "(cam)"]) {
      assert.ok(matchesWildcard(special, special));
      assert.ok(!matchesWildcard(special, "camX"));
    }
  });

  test("256 characters with many stars are decided in a bounded number of steps", () => {
    const pattern = `${"*a".repeat(127)}*b`;
    for (const text of ["a".repeat(256), `${"a".repeat(255)}b`, `${"ab".repeat(128)}c`]) {
      let steps = 0;
      matchesWildcard(pattern, text, () => steps++);
      assert.ok(steps <= 257 * 257, `${steps} steps`);
    }
  });
});
