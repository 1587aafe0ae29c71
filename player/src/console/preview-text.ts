/** What a change of retention would delete, in sentences. Pure. */
import type { Preview } from "./api.ts";
import { bytesText } from "./words.ts";

/** `at`: a time as the page writes it. */
export function previewText(preview: Preview, at: (ms: number) => string): string[] {
  const { packs, bytes, from, to, byAge, bySize, held, complete } = preview;
  const least = complete ? "" : "at least ";
  const kept = held.packs === 0 ? [] : [`Held, and kept all the same: ${bytesText(held.bytes)}.`];
  if (packs === 0) return ["Nothing would be deleted.", ...kept];
  const span = from === undefined || to === undefined ? "" : `, from ${at(from)} to ${at(to)}`;
  const causes = [
    ...(byAge.packs === 0 ? [] : [`${bytesText(byAge.bytes)} too old`]),
    ...(bySize.packs === 0 ? [] : [`${bytesText(bySize.bytes)} over the size`]),
  ];
  return [
    `This would delete ${least}${bytesText(bytes)}${span}, within a minute and for good.`,
    ...(causes.length < 2 ? [] : [`${causes.join(", ")}.`]),
    ...kept,
  ];
}
