/** The stream a producer wants, made on its first push where that is allowed. */
import { Fault } from "../base/errors.ts";
import type { StreamCatalogue } from "../fragment/fragment.ts";

interface EnsureParts {
  readonly catalogue: StreamCatalogue;
  readonly defaultRetentionHours: number;
}

/** Throws `stream.not-found` unless it exists or `create` is set; `stream.bad-name`. */
export async function ensureStream(
  name: string,
  create: boolean,
  { catalogue, defaultRetentionHours }: EnsureParts,
): Promise<void> {
  try {
    await catalogue.get(name);
  } catch (error) {
    if (!create || !isFault(error, "stream.not-found")) throw error;
    await catalogue.create({ name, retentionHours: defaultRetentionHours }).catch((failure) => {
      // Another connection of the same camera was faster.
      if (!isFault(failure, "stream.exists")) throw failure;
    });
  }
}

function isFault(error: unknown, code: Fault["code"]): boolean {
  return error instanceof Fault && error.code === code;
}
