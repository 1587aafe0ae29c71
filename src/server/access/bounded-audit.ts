/** Audit rows that anybody can cause: so many a minute are written, the rest is counted and told with the next. */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";

const ROWS = 60;
const SPAN_MS = 60_000;

interface Row {
  readonly action: string;
  readonly who: string;
  readonly stream?: string;
  readonly detail?: string;
}

interface Spell {
  beganMs: number;
  rows: number;
  left: number;
}

export class BoundedAudit {
  readonly #index: Pick<FragmentIndex, "addAudit">;
  readonly #clock: Clock;
  readonly #spells = new Map<string, Spell>();

  constructor({ index, clock }: { index: Pick<FragmentIndex, "addAudit">; clock: Clock }) {
    this.#index = index;
    this.#clock = clock;
  }

  /** `action` is one of few. Throws `index.unavailable`. */
  async add({ action, who, stream = "", detail }: Row): Promise<void> {
    const spell = this.#spell(action);
    if (spell.rows >= ROWS) {
      spell.left++;
      return;
    }
    spell.rows++;
    const { left } = spell;
    spell.left = 0;
    const said = left === 0 ? detail : `${detail ?? ""} (${left} more were not written down)`;
    const atMs = this.#clock.now();
    const row = { atMs, action, stream, who };
    await this.#index.addAudit(said === undefined ? row : { ...row, detail: said.trim() });
  }

  #spell(action: string): Spell {
    const now = this.#clock.elapsed();
    const before = this.#spells.get(action);
    if (before !== undefined && now - before.beganMs < SPAN_MS) return before;
    const spell = { beganMs: now, rows: 0, left: before?.left ?? 0 };
    this.#spells.set(action, spell);
    return spell;
  }
}
