/** The three tags by which consumers of KVS know a fragment: its number, and when it was received and produced. */
import type { SimpleTag } from "../media/mkv/items.ts";
import type { FragmentInfo } from "./fragment.ts";
import { formatFragmentNumber } from "./fragment-number.ts";

export const NUMBER_TAG = "AWS_KINESISVIDEO_FRAGMENT_NUMBER";

/** Times are epoch seconds with exactly three decimals. */
export function identityTags({
  number,
  producedStartUs,
}: Pick<FragmentInfo, "number" | "producedStartUs">): SimpleTag[] {
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  return [
    { name: NUMBER_TAG, value: formatFragmentNumber(number) },
    { name: "AWS_KINESISVIDEO_SERVER_TIMESTAMP", value: seconds(number.receivedMs) },
    {
      name: "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP",
      value: seconds(Math.floor(producedStartUs / 1000)),
    },
  ];
}
