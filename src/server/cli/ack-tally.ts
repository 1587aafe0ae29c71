/** Counts the acks of a PutMedia answer: what arrived, what is durable, what was refused. */
import { Fault, type FaultCode } from "../../base/errors.ts";

interface AckLine {
  readonly EventType: string;
  readonly ErrorId?: number;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
  readonly Code?: FaultCode;
  readonly Offset?: number;
}

export interface AckError {
  /** Undefined when the server is not one of ours. */
  readonly code: FaultCode | undefined;
  /** For people. */
  readonly line: string;
}

export class AckTally {
  readonly errors: AckError[] = [];
  #rest = "";
  #received = 0;
  #persisted = 0;

  get received(): number {
    return this.#received;
  }

  get persisted(): number {
    return this.#persisted;
  }

  /** Takes a piece of the answer; acks may be split anywhere. Throws `request.bad` for what is no ack. */
  read(piece: string): void {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.#count(parse(line));
  }

  line(): string {
    return `${this.#received} fragments received, ${this.#persisted} persisted`;
  }

  #count(ack: AckLine): void {
    if (ack.EventType === "RECEIVED") this.#received++;
    if (ack.EventType === "PERSISTED") this.#persisted++;
    if (ack.EventType === "ERROR") this.errors.push(errorOf(ack));
  }
}

function parse(line: string): AckLine {
  try {
    return JSON.parse(line) as AckLine;
  } catch (cause) {
    const shown = line.slice(0, 60);
    throw new Fault("request.bad", `the server's answer is not an ack: ${shown}`, { cause });
  }
}

function errorOf({ ErrorId, ErrorCode, ErrorMessage, Code, Offset }: AckLine): AckError {
  const message = ErrorMessage === undefined ? "" : `: ${ErrorMessage}`;
  const at = Offset === undefined ? "" : ` at byte ${Offset}`;
  const code = Code === undefined ? "" : ` [${Code}]`;
  return { code: Code, line: `error ${ErrorId} ${ErrorCode}${message}${at}${code}` };
}
