/** What people take away of a moment: its picture as a file, its address. Browser only. */
import { downloadBlob } from "./clip-panel.ts";
import { fileName } from "./file-names.ts";
import { placeText } from "./share-link.ts";
import type { Still } from "./still.ts";

export interface SavedMomentsHost {
  readonly stream: () => string;
  readonly zone: () => string | undefined;
  readonly positionMs: () => number | undefined;
  readonly still: Still;
  readonly notice: (text: string) => void;
}

export class SavedMoments {
  readonly #host: SavedMomentsHost;

  constructor(host: SavedMomentsHost) {
    this.#host = host;
  }

  async picture(kind: "png" | "jpeg"): Promise<void> {
    const { stream, zone, positionMs, still, notice } = this.#host;
    const at = positionMs();
    const image = at === undefined ? undefined : await still.image(`image/${kind}`);
    if (image === undefined || at === undefined) {
      notice("There is no picture to save yet");
      return;
    }
    const ending = kind === "jpeg" ? "jpg" : kind;
    const name = fileName(stream(), { ms: at, ending, zone: zone() });
    downloadBlob(image, name);
    notice(`Saved ${name}`);
  }

  async share(): Promise<void> {
    const { stream, positionMs, notice } = this.#host;
    const at = positionMs();
    const place = at === undefined ? { stream: stream() } : { stream: stream(), atMs: at };
    const url = `${location.href.split("#")[0]}#${placeText(place)}`;
    if (await copied(url)) notice("Link to this moment copied");
    else notice(`Copy this link: ${url}`);
  }
}

/** Pages on plain http have no clipboard to write to, but may have what is selected copied. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}
