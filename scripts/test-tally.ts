/** Counts what node:test reports and words it: a line per failure and per skip, one summary at the end. */
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

/** How many of the slowest files the summary names. */
const SLOWEST = 12;
/** Output kept per file, to show when it fails. */
const MAX_OUTPUT = 20_000;

/** The part of a node:test result event that is used here. */
interface Result {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
  readonly line?: number;
  readonly skip?: string | boolean;
  readonly details: {
    readonly duration_ms: number;
    readonly type?: string | undefined;
    readonly error?: Error & { failureType?: string };
  };
}

export class TestTally {
  passed = 0;
  failed = 0;
  readonly #skipped = new Map<string, number>();
  readonly #fileMs = new Map<string, number>();
  readonly #output = new Map<string, string>();
  readonly #failedFiles = new Set<string>();
  readonly #short: (path: string) => string;
  #ms = 0;

  /** `short` makes a path fit to show. */
  constructor(short: (path: string) => string) {
    this.#short = short;
  }

  /** Counts an event; a text when there is something to say about it now. */
  take(event: TestEvent): string | undefined {
    if (event.type === "test:pass") return this.#pass(event.data);
    if (event.type === "test:fail") return this.#fail(event.data as Result);
    if (event.type === "test:stdout" || event.type === "test:stderr") {
      const { file, message } = event.data;
      this.#output.set(file, ((this.#output.get(file) ?? "") + message).slice(-MAX_OUTPUT));
    }
    if (event.type === "test:summary") {
      const { file, duration_ms: ms } = event.data;
      if (file === undefined) this.#ms = ms;
      else this.#fileMs.set(file, ms);
    }
    return undefined;
  }

  /** A file that did not end and was killed with the processes it had started. */
  hangs(file: string, killed: number): string {
    this.failed++;
    this.#failedFiles.add(file);
    return `FAILED: ${this.#short(file)} did not end; killed, ${killed} processes`;
  }

  #pass(result: Result): string | undefined {
    if (result.skip !== undefined && result.skip !== false) {
      const why = typeof result.skip === "string" && result.skip !== "" ? result.skip : "no reason";
      this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + 1);
      return `skipped: ${result.name} (${why})`;
    }
    if (result.name === result.file) {
      // node:test counts a file without a single test as passed; one that lost its tests must not be.
      this.failed++;
      return `FAILED: ${this.#short(result.name)} has no test in it`;
    }
    if (result.details.type !== "suite") this.passed++;
    return undefined;
  }

  #fail(result: Result): string | undefined {
    const error = result.details.error;
    if (error?.failureType === "subtestsFailed") return undefined;
    this.failed++;
    const file = result.file ?? "";
    const where = `${this.#short(file)}:${result.line ?? 0}`;
    this.#failedFiles.add(file);
    const name = result.name === file ? this.#short(file) : result.name;
    return `FAILED: ${name}\n  at ${where}\n${indent(inspect(error?.cause ?? error))}\n`;
  }

  /** What failed files printed, then the figures; slow files are named so that someone looks at them. */
  summary(): string {
    const skipped = [...this.#skipped].map(([why, count]) => `${count} × ${why}`);
    const slowest = [...this.#fileMs].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
    const slow = slowest.map(([file, ms]) => `${this.#short(file)} ${seconds(ms)}`);
    // What a file printed is complete only now: it comes apart from the results.
    const said = [...this.#failedFiles].flatMap((file) => {
      const text = this.#output.get(file)?.trimEnd() ?? "";
      return text === "" ? [] : [`${this.#short(file)} printed:\n${indent(text)}\n`];
    });
    const lines = [
      ...said,
      `${this.passed} passed, ${this.failed} failed, ${this.#fileMs.size} files, ${seconds(this.#ms)}`,
      ...(skipped.length > 0 ? [`SKIPPED: ${skipped.join("; ")}`] : []),
      ...(slow.length > 0 ? [`slowest: ${slow.join(", ")}`] : []),
    ];
    return lines.join("\n");
  }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
