/** The archived packs of a stream, oldest first, a page at a time. */
import type { FragmentIndex, OldPack, OldPacksQuery, PageKey } from "../index/fragment-index.ts";

/** Pages that are not empty, until there are no more. Packs may be removed between two of them. */
export async function* oldPages(
  index: FragmentIndex,
  query: OldPacksQuery,
): AsyncGenerator<readonly OldPack[]> {
  let { after } = query;
  for (;;) {
    const page = await index.oldPacks({ ...query, after });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < query.limit) return;
    after = keyOf(last);
  }
}

export function keyOf({ receivedFirstMs, firstSequence }: OldPack): PageKey {
  return { order: receivedFirstMs, firstSequence };
}
