/**
 * Holes of one stream, noticed when media goes on behind them: the cause is known then, and the row is written with the
 * fragment that ends the hole (P4). What was refused is written down before that (refused-spans.ts) and left out here. Times are the producer's. What a later session fills is no hole any more: readers look at the
 * media first.
 */
import { type Micros, type Millis, micros } from "../base/units.ts";
import type { FragmentInfo } from "../fragment/fragment.ts";
import type { GapCause, NewGap } from "./index/index-ledger.ts";
import { MAX_REFUSED } from "./refused-spans.ts";

/** A failure explains this much after it, ms: a producer comes back sooner, unless it is away for another reason. */
const FAILURE_REACH_MS = 10_000;

interface Failure {
  readonly cause: GapCause;
  readonly detail: string;
  readonly atMs: Millis;
}

/** Producer's clock, µs, half open. */
interface Span {
  readonly startUs: number;
  readonly endUs: number;
}

/** What is known of the media before. */
interface State {
  readonly endUs: number;
  readonly receivedMs: number;
  /** Undefined: it was recorded by an earlier process. */
  readonly session: string | undefined;
  readonly run: number;
}

export interface GapPlan {
  readonly gaps: readonly NewGap[];
  /** To be called when the fragments are durable. */
  done(): void;
}

export class GapRecorder {
  readonly #stream: string;
  #last: State | undefined;
  #failure: Failure | undefined;
  /** Refused since the last media, by `failed` with its spans: written down by others. */
  #refused: Span[] = [];

  /** `before`: the end of what is stored, and when its last fragment arrived. */
  constructor(stream: string, before: { endUs: number; receivedMs: number } | undefined) {
    this.#stream = stream;
    if (before !== undefined) this.#last = { ...before, session: undefined, run: 0 };
  }

  /**
   * Something that came was not taken: it explains the hole that follows. The first one counts. `refused`: what is known to
   * be missing and has been written down.
   */
  failed(failure: Failure, refused: readonly Span[] = []): void {
    this.#failure ??= failure;
    for (const span of refused) this.#refuse(span);
  }

  /** Refused media mostly comes in order, so it is one span or a few. */
  #refuse({ startUs, endUs }: Span): void {
    const last = this.#refused.at(-1);
    if (last !== undefined && startUs <= last.endUs && endUs >= last.startUs) {
      const joined = {
        startUs: Math.min(last.startUs, startUs),
        endUs: Math.max(last.endUs, endUs),
      };
      this.#refused[this.#refused.length - 1] = joined;
    } else if (this.#refused.length < MAX_REFUSED) this.#refused.push({ startUs, endUs });
  }

  /** The holes that these fragments, in this order, leave before them. */
  plan(infos: readonly FragmentInfo[], nowMs: Millis): GapPlan {
    let last = this.#last;
    const gaps: NewGap[] = [];
    for (const info of infos) {
      if (last !== undefined) gaps.push(...this.#between(last, info, nowMs));
      last = after(last, info);
    }
    return {
      gaps,
      done: () => {
        this.#last = last;
        if (infos.length === 0) return;
        this.#failure = undefined;
        this.#refused = [];
      },
    };
  }

  #between(last: State, info: FragmentInfo, recordedMs: Millis): NewGap[] {
    const [startUs, endUs] = [micros(last.endUs), info.producedStartUs];
    const sameRun = info.session === last.session && info.run === last.run;
    const failure = this.#failure;
    // Within a run the end of a fragment is an estimate: what lies between two is no hole.
    if (endUs - startUs < 1000 || (sameRun && failure === undefined)) return [];
    const gap = (from: Micros, to: Micros, cause: GapCause, detail?: string): NewGap => ({
      ...{ stream: this.#stream, startUs: from, endUs: to, cause, recordedMs },
      ...(detail === undefined ? {} : { detail }),
    });
    if (failure === undefined)
      return [gap(startUs, endUs, info.session === last.session ? "clock-step" : "offline")];
    const reach = Math.max(0, failure.atMs - last.receivedMs) + FAILURE_REACH_MS;
    const explained = Math.min(endUs, startUs + reach * 1000);
    const of = (from: number, to: number, cause: GapCause, detail?: string) =>
      without({ startUs: from, endUs: to }, this.#refused).map((left) =>
        gap(micros(left.startUs), micros(left.endUs), cause, detail),
      );
    return [
      ...of(startUs, explained, failure.cause, failure.detail),
      ...of(explained, endUs, "offline"),
    ];
  }
}

/** What is left of a span beside others, in order. */
function without(span: Span, others: readonly Span[]): Span[] {
  const left: Span[] = [];
  let at = span.startUs;
  for (const { startUs, endUs } of [...others].sort((a, b) => a.startUs - b.startUs)) {
    const end = Math.min(startUs, span.endUs);
    if (at < end) left.push({ startUs: at, endUs: end });
    at = Math.max(at, endUs);
  }
  if (at < span.endUs) left.push({ startUs: at, endUs: span.endUs });
  return left;
}

function after(last: State | undefined, info: FragmentInfo): State {
  const { session, run, number, producedEndUs } = info;
  const endUs = Math.max(last?.endUs ?? producedEndUs, producedEndUs);
  return { endUs, receivedMs: number.receivedMs, session, run };
}
