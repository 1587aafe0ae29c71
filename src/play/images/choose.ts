/**
 * Which picture is shown at a time, and which frames a decoder needs for it. Pure: frames in, places out.
 *
 * A picture is shown from its presentation time to the next picture's. A decoder that has had every frame from a key frame
 * up to the picture's own, in decode order, has all that the picture refers to.
 */

export interface TimedFrame {
  /** Presentation time, µs. */
  readonly timeUs: number;
  readonly key: boolean;
}

/** Places in the list that was given. */
export interface Chosen {
  /** A key frame. */
  readonly first: number;
  /** The picture; not before `first`. */
  readonly last: number;
}

/** `exact`: the picture shown at the time; `key`: the key frame shown last before it. */
export type Precision = "exact" | "key";

/**
 * @param frames pictures of one track in decode order
 * @param timeUs before the first picture: the first is meant
 * Undefined when there is no frame, or no key frame to begin at: then what came before these frames is needed.
 */
export function choosePicture(
  frames: readonly TimedFrame[],
  timeUs: number,
  precision: Precision,
): Chosen | undefined {
  const shown = shownAt(frames, timeUs);
  const picture = frames[shown];
  if (picture === undefined) return undefined;
  let first = -1;
  for (let i = 0; i <= shown; i++) {
    const frame = frames[i];
    // A picture shown before a key frame that it follows refers to what was before that (an open group).
    if (frame?.key && frame.timeUs <= picture.timeUs) first = i;
  }
  return first < 0 ? undefined : { first, last: precision === "exact" ? shown : first };
}

/** The first picture that can be decoded, where what is shown cannot be. Undefined: there is none. */
export function firstDecodable(frames: readonly TimedFrame[]): Chosen | undefined {
  const first = frames.findIndex(({ key }) => key);
  return first < 0 ? undefined : { first, last: first };
}

/**
 * The frames themselves, without those that follow the key frame and are shown before it: they refer to what was before it,
 * and nothing that is shown later refers to them.
 */
export function neededFrames<T extends TimedFrame>(frames: readonly T[], chosen: Chosen): T[] {
  const needed = frames.slice(chosen.first, chosen.last + 1);
  const startUs = needed[0]?.timeUs ?? 0;
  return needed.filter(({ timeUs }) => timeUs >= startUs);
}

/** The latest presentation time not after `timeUs`, else the earliest there is; −1: no frame. */
function shownAt(frames: readonly TimedFrame[], timeUs: number): number {
  let [best, earliest] = [-1, -1];
  for (const [i, frame] of frames.entries()) {
    if (earliest < 0 || frame.timeUs < (frames[earliest]?.timeUs ?? 0)) earliest = i;
    if (frame.timeUs > timeUs) continue;
    if (best < 0 || frame.timeUs >= (frames[best]?.timeUs ?? 0)) best = i;
  }
  return best < 0 ? earliest : best;
}
