/** The timeline as text: the recordings of the stretch that is shown, to be read and chosen by anyone. */
import { causeText, type Loaded } from "./gap-model.ts";
import { part, say } from "./html.ts";
import { dateOf, lengthText, timeOfDay, zoneOf } from "./time-text.ts";
import type { View } from "./timeline-model.ts";

/** More would not be read. */
const MAX_ITEMS = 200;

export interface RangesView {
  readonly loaded: Loaded;
  readonly view: View;
  readonly zone: string | undefined;
  readonly seek: (ms: number) => void;
}

export function openRanges(root: ShadowRoot, { loaded, view, zone, seek }: RangesView): void {
  const dialog = part(root, "list-dialog", HTMLDialogElement);
  const shown = loaded.index.ranges.filter(({ from, to }) => to > view.fromMs && from < view.toMs);
  const items = shown.slice(-MAX_ITEMS).map((range) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const gap = loaded.gaps.find(({ to }) => to === range.from);
    const cause = causeText(gap?.cause);
    const before =
      gap === undefined || gap.to - gap.from < 1000
        ? ""
        : `; after ${lengthText(gap.to - gap.from)} without recording${cause === "" ? "" : `, ${cause}`}`;
    button.textContent = `${dateOf(range.from, zone)} ${timeOfDay(range.from, zone)} – ${timeOfDay(range.to, zone)} ${zoneOf(range.from, zone)}, ${lengthText(range.to - range.from)}${before}`;
    button.addEventListener("click", () => {
      dialog.close();
      seek(range.from);
    });
    item.append(button);
    return item;
  });
  part(root, "list-items", HTMLOListElement).replaceChildren(...items.reverse());
  const count = shown.length === 1 ? "1 recording" : `${shown.length} recordings`;
  const more = shown.length > MAX_ITEMS ? `; the newest ${MAX_ITEMS} are listed` : "";
  say(
    part(root, "list-says", HTMLElement),
    `${count} in the stretch that the timeline shows, newest first${more}.`,
  );
  dialog.showModal();
}
