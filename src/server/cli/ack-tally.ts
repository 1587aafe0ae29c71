/** Counts the acks of a PutMedia answer: what arrived, what is durable, what was refused. */

interface AckLine {
  readonly EventType: string;
  readonly FragmentNumber?: string;
  readonly ErrorId?: number;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
}

export class AckTally {
  readonly errors: string[] = [];
  #rest = "";
  #received = 0;
  #persisted = 0;
  #ended = false;

  /** True when no more acks will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True when everything that was received is durable and nothing was refused. */
  get complete(): boolean {
    const kept = this.#persisted === this.#received || this.#persisted === 0;
    return this.errors.length === 0 && this.#received > 0 && kept;
  }

  /** Takes a piece of the answer; acks may be split anywhere. */
  read(piece: string): void {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.#count(JSON.parse(line) as AckLine);
  }

  end(): void {
    this.#ended = true;
  }

  line(): string {
    return `${this.#received} fragments received, ${this.#persisted} persisted`;
  }

  #count(ack: AckLine): void {
    if (ack.EventType === "RECEIVED") this.#received++;
    if (ack.EventType === "PERSISTED") this.#persisted++;
    if (ack.EventType !== "ERROR") return;
    const detail = ack.ErrorMessage === undefined ? "" : `: ${ack.ErrorMessage}`;
    this.errors.push(`error ${ack.ErrorId} ${ack.ErrorCode}${detail}`);
  }
}
