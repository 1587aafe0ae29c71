/**
 * EXT-X-DISCONTINUITY-SEQUENCE without anything stored: how often media broke between the fragment a session began with
 * and the one its playlist begins with now. Counted from the index, by any node, with the same result; what was counted
 * already is remembered, but only to save work.
 */

import { steps, type Walk } from "../walk.ts";
import { type BreakRule, breaksBetween, type Listed } from "./listed.ts";

/** Sessions remembered. Over it the oldest is counted anew when it asks again. */
const REMEMBERED = 2000;

interface Counted {
  readonly last: Listed | undefined;
  readonly sequence: number;
  readonly breaks: number;
}

export class BreakCounts {
  readonly #known = new Map<string, Counted>();

  /** Breaks between the fragments `since` ≤ sequence ≤ `until`; the one in front of `since` does not count. */
  async count(
    walk: Walk,
    { since, until, rule }: { since: number; until: number; rule: BreakRule },
  ): Promise<number> {
    if (until <= since || rule === "never") return 0;
    const key = `${walk.stream} ${since} ${JSON.stringify(rule)}`;
    const known = this.#known.get(key);
    const usable = known !== undefined && known.sequence <= until;
    let counted: Counted = usable ? known : { last: undefined, sequence: since - 1, breaks: 0 };
    if (counted.sequence < until) counted = await countOn(walk, counted, until, rule);
    this.#known.delete(key);
    this.#known.set(key, counted);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return counted.breaks;
  }
}

async function countOn(
  walk: Walk,
  from: Counted,
  until: number,
  rule: BreakRule,
): Promise<Counted> {
  let { last, breaks } = from;
  for await (const step of steps(walk, { by: "sequence", after: from.sequence })) {
    if (step.kind !== "fragments") continue;
    for (const fragment of step.fragments) {
      if (fragment.info.number.sequence > until) return { last, sequence: until, breaks };
      if (last !== undefined && breaksBetween(last, fragment, rule)) breaks++;
      last = fragment;
    }
  }
  return { last, sequence: until, breaks };
}
