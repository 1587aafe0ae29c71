/** Sign-ins that were ended before their time: kept until then, so that every node refuses them. */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { RecordMirror } from "./record-mirror.ts";

const KIND = "ended-sign-in";

interface EndedParts {
  readonly index: FragmentIndex;
  readonly clock: Clock;
  readonly changed: () => void;
}

interface Ended {
  /** After this it is refused anyway, ms since 1970. */
  readonly untilMs: number;
}

export class EndedSignIns {
  readonly #parts: EndedParts;
  readonly #ended: RecordMirror<Ended>;

  constructor(parts: EndedParts) {
    this.#parts = parts;
    const { index } = parts;
    this.#ended = new RecordMirror({ index, kind: KIND, parse: (_, body) => JSON.parse(body) });
  }

  has(id: string): boolean {
    return this.#ended.get(id) !== undefined;
  }

  async end(id: string, untilMs: number): Promise<void> {
    const { index, changed } = this.#parts;
    this.#ended.set(id, { untilMs });
    changed();
    await index.putRecord({ kind: KIND, id, body: JSON.stringify({ untilMs }) });
  }

  /** And forgets what has come to its end. */
  async read(): Promise<void> {
    const { index, clock } = this.#parts;
    await this.#ended.read();
    for (const [id, { untilMs }] of this.#ended.entries()) {
      if (untilMs > clock.now()) continue;
      this.#ended.delete(id);
      await index.deleteRecord(KIND, id);
    }
  }
}
