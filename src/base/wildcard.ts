/**
 * Patterns with `*` for any characters, as keys and hooks name streams. Whoever may write one must not be able to make it
 * slow: it is decided in at most (pattern + 1) × (text + 1) steps, whatever is in it. Pure.
 */

/** `step` is called for each comparison: for tests. */
export function matchesWildcard(pattern: string, text: string, step?: () => void): boolean {
  let [at, from] = [0, 0];
  // Where the newest star is, and how much of the text it has taken.
  let [star, taken] = [-1, 0];
  while (from < text.length) {
    step?.();
    if (pattern[at] === "*") [star, taken] = [at++, from];
    else if (pattern[at] === text[from]) [at, from] = [at + 1, from + 1];
    else if (star < 0) return false;
    // An earlier star need not take more: what lies between was found as early as it can be.
    else [at, from] = [star + 1, ++taken];
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
