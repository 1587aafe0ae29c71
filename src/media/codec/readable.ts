/** Damaged bytes taken as absent ones, where an answer is wanted and nobody can act on the cause. */
import { Fault } from "../../base/errors.ts";

/** What `make` gives; `undefined` when it meets a `Fault`. Our own bugs still throw. */
export function readable<T>(make: () => T | undefined): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
