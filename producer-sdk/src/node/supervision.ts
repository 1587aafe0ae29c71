/**
 * Cameras that run until they are over. One whose source failed is begun anew after a pause, for as long as it takes: the
 * program, the file or the disk that it missed may come. It is left alone when what failed it stays as it is and no other
 * camera is left to run for.
 */
import { type Clock, sleep } from "../../../src/base/clock.ts";
import type { Camera, CameraEnd, CameraView } from "./camera.ts";

/** As the server does with cameras it pulls. */
const AGAIN_MS = 30_000;
/** An address that is none, no ffmpeg, a file that is not there or not Matroska: it takes somebody to mend these. */
const STAYS = /^(config|request|mkv)\./;

export interface SupervisionOptions {
  readonly clock: Clock;
  /** Ends everything; the sources have it, too. */
  readonly signal: AbortSignal;
  readonly changed: (view: CameraView) => void;
}

/** Makes a camera for one try, with a source and a store of its own. */
export type MakeCamera = (changed: (view: CameraView) => void) => Camera;

export class Supervision {
  readonly #cameras: readonly SupervisedCamera[];
  readonly #hopeless = new AbortController();

  constructor(makers: readonly MakeCamera[], { clock, signal, changed }: SupervisionOptions) {
    const ends = AbortSignal.any([signal, this.#hopeless.signal]);
    const given = { clock, signal: ends, changed, settled: () => this.#look() };
    this.#cameras = makers.map((make) => new SupervisedCamera(make, given));
  }

  get views(): readonly CameraView[] {
    return this.#cameras.map(({ view }) => view);
  }

  /** Resolves when all are over: true when none failed and nothing was lost. */
  async run(): Promise<boolean> {
    const fine = await Promise.all(this.#cameras.map((camera) => camera.run()));
    return fine.every(Boolean);
  }

  #look(): void {
    if (this.#cameras.every(({ hasHope }) => !hasHope)) this.#hopeless.abort();
  }
}

interface Given extends SupervisionOptions {
  /** `hasHope` became false. */
  settled(): void;
}

class SupervisedCamera {
  readonly #make: MakeCamera;
  readonly #given: Given;
  #camera: Camera;
  #hasHope = true;
  #pausing = false;
  /** Of the tries before this one. */
  #frames = 0;
  #lost = 0;
  #lostFragments = 0;
  #persistedMs: number | undefined;

  constructor(make: MakeCamera, given: Given) {
    this.#make = make;
    this.#given = given;
    this.#camera = this.#next();
  }

  /** It runs, or failed for something that may pass by itself. */
  get hasHope(): boolean {
    return this.#hasHope;
  }

  get view(): CameraView {
    const { view } = this.#camera;
    const { persistedMs = this.#persistedMs, reason } = view;
    const again = this.#pausing ? `${reason}; next try in ${AGAIN_MS / 1000} s` : reason;
    const frames = this.#frames + view.frames;
    return { ...view, persistedMs, reason: again, frames, lost: this.#lost + view.lost };
  }

  async run(): Promise<boolean> {
    const { clock, signal } = this.#given;
    for (;;) {
      const end = await this.#camera.run();
      this.#decide(end);
      this.#tell();
      if (end.fault === undefined || signal.aborted)
        return end.fault === undefined && end.missing === 0 && this.#lostFragments === 0;
      await sleep(clock, AGAIN_MS, signal);
      this.#pausing = false;
      if (signal.aborted) return false;
      this.#replace(end);
    }
  }

  /** Whether there is one, and whether it is worth it. */
  #decide({ fault }: CameraEnd): void {
    this.#hasHope = fault !== undefined && !STAYS.test(fault.code);
    this.#given.settled();
    this.#pausing = fault !== undefined && !this.#given.signal.aborted;
  }

  #replace({ lost }: CameraEnd): void {
    const { frames, lost: said, persistedMs = this.#persistedMs } = this.#camera.view;
    this.#frames += frames;
    this.#lost += said;
    this.#lostFragments += lost;
    this.#persistedMs = persistedMs;
    this.#camera = this.#next();
    this.#hasHope = true;
  }

  #next(): Camera {
    return this.#make((view) => {
      // Whether it is begun anew is known a moment later, and then told.
      if (view.state !== "failed" && view.state !== "ended") this.#tell();
    });
  }

  #tell(): void {
    this.#given.changed(this.view);
  }
}
