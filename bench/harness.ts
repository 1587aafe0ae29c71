/**
 * Measures A against B on a machine that others use too: the two take turns, so that a busy minute hits both,
 * and a claim is the ratio of their medians. Absolute numbers are printed but never judged.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

export interface Bar {
  readonly op: "<=" | ">=";
  /** What median(a) / median(b) has to be. */
  readonly ratio: number;
}

/** One figure of one side per name, e.g. `{ cpuPerGb: 1.2, mbPerSecond: 400 }`. */
export type Sample = Readonly<Record<string, number>>;

export interface Verdict {
  readonly name: string;
  /** Medians. */
  readonly a: number;
  readonly b: number;
  readonly unit: string;
  readonly ratio: number;
  readonly bar: Bar;
  readonly met: boolean;
  readonly runs: readonly (readonly [a: number, b: number])[];
  readonly machine: Machine;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Share of the last minute in which something waited for a core, per cent; Linux only. */
  readonly cpuPressure: number | undefined;
}

export interface Race {
  /** Rounds; each runs both sides once. */
  readonly runs: number;
  a(): Promise<Sample>;
  b(): Promise<Sample>;
}

/** Runs both sides in turns: a b, b a, a b … so that neither always comes after the other. */
export async function race({ runs, a, b }: Race): Promise<{ a: Sample[]; b: Sample[] }> {
  const samples = { a: [] as Sample[], b: [] as Sample[] };
  for (let round = 0; round < runs; round++) {
    const order = round % 2 === 0 ? (["a", "b"] as const) : (["b", "a"] as const);
    for (const side of order) samples[side].push(await (side === "a" ? a() : b()));
  }
  return samples;
}

export interface Claim {
  readonly name: string;
  readonly bar: Bar;
  readonly unit?: string;
}

/** Holds one figure of a race against its bar. Throws when a side does not report it. */
export function judge(
  claim: Claim,
  figure: string,
  samples: { a: readonly Sample[]; b: readonly Sample[] },
): Verdict {
  const a = samples.a.map((sample) => measured(sample, figure));
  const b = samples.b.map((sample) => measured(sample, figure));
  const ratio = median(a) / median(b);
  const { op, ratio: limit } = claim.bar;
  return {
    name: claim.name,
    a: median(a),
    b: median(b),
    unit: claim.unit ?? "",
    ratio,
    bar: claim.bar,
    met: op === "<=" ? ratio <= limit : ratio >= limit,
    runs: a.map((value, index) => [value, b[index] ?? Number.NaN]),
    machine: machine(),
  };
}

export interface Comparison extends Claim {
  readonly runs: number;
  /** What we built; a number in `unit`. */
  a(): Promise<number>;
  /** What it is held against. */
  b(): Promise<number>;
}

/** Measures one figure, prints its line, sets the exit code when the bar is missed. */
export async function compare({ runs, a, b, ...claim }: Comparison): Promise<Verdict> {
  const samples = await race({
    runs,
    a: async () => ({ value: await a() }),
    b: async () => ({ value: await b() }),
  });
  const verdict = judge(claim, "value", samples);
  report(verdict);
  return verdict;
}

/** One line on standard output, as JSON with `--json`. A missed bar makes the process end with 1. */
export function report(verdict: Verdict, args: readonly string[] = process.argv): void {
  console.log(args.includes("--json") ? JSON.stringify(verdict) : line(verdict));
  if (!verdict.met) process.exitCode = 1;
}

/** For people: name, ratio and bar, both medians, the machine. */
export function line({ name, a, b, unit, ratio, bar, met, runs, machine: m }: Verdict): string {
  const pressure = m.cpuPressure === undefined ? "" : `, CPU pressure ${m.cpuPressure} %`;
  const medians = `${figure(a)} / ${figure(b)}${unit === "" ? "" : ` ${unit}`}`;
  const where = `${m.cores} × ${m.cpu}, Node ${m.node}${pressure}`;
  const result = met ? "met" : "MISSED";
  return `${name}: ${figure(ratio)}× (bar ${bar.op} ${bar.ratio}, ${result}), ${medians}, median of ${runs.length} [${where}]`;
}

/** Middle value; of an even count, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (low === undefined || high === undefined) throw new RangeError("median of nothing");
  return (low + high) / 2;
}

/** Value below which `share` (0 to 1) of the values lie; nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError("percentile of nothing");
  return value;
}

function measured(sample: Sample, figure: string): number {
  const value = sample[figure];
  if (value === undefined || !Number.isFinite(value) || value <= 0)
    throw new RangeError(`a side of the race did not measure ${figure}: ${value}`);
  return value;
}

/** Where a figure was measured. */
export function machine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown CPU",
    cores: cpus().length,
    node: process.versions.node,
    cpuPressure: cpuPressure(),
  };
}

function cpuPressure(): number | undefined {
  try {
    const [, share] =
      /^some .*avg60=([\d.]+)/m.exec(readFileSync("/proc/pressure/cpu", "utf8")) ?? [];
    return share === undefined ? undefined : Number(share);
  } catch {
    return undefined;
  }
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
