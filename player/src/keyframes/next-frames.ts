/** Resolves when the page has been drawn a few times: what was on its way to the screen is there. Browser only. */

const FRAMES = 3;

export function nextFrames(count = FRAMES): Promise<void> {
  return new Promise((done) => {
    const next = (left: number) => {
      if (left === 0) done();
      else requestAnimationFrame(() => next(left - 1));
    };
    next(count);
  });
}
