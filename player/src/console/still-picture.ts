/** The newest picture of a camera: loaded when it is on the screen, again now and then, and in words when there is none. */
import { realClock } from "../../../src/base/clock.ts";
import { ApiError, askBlob, streamPath } from "./api.ts";
import { h, wordsOf } from "./dom.ts";

/** The server decodes it for us: not more often than it is looked at. */
const AGAIN_MS = 20_000;

const REASONS: Readonly<Record<string, string>> = {
  "ffmpeg.missing":
    "No still pictures: there is no ffmpeg on the server. The video is not concerned.",
  "image.not-found": "No picture yet",
  "fragment.not-found": "No picture yet",
};

export interface StillPicture {
  readonly element: HTMLElement;
  /** `live`: newer ones come. */
  update(live: boolean): void;
  close(): void;
}

export function stillPicture(stream: string, width: number): StillPicture {
  const image = h("img", { alt: `Newest picture of ${stream}`, hidden: true });
  const words = h("span.no-picture", {}, "Loading the picture…");
  const element = h("div.still", {}, image, words);
  let visible = false;
  let loading = false;
  let url: string | undefined;
  /** When it was asked for last, on the monotonic clock. */
  let askedMs = Number.NEGATIVE_INFINITY;
  let isLive = false;
  const observer = new IntersectionObserver((entries) => {
    visible = entries.at(-1)?.isIntersecting ?? false;
    void load();
  });
  observer.observe(element);

  async function load(): Promise<void> {
    const pause = isLive || url === undefined ? AGAIN_MS : Number.POSITIVE_INFINITY;
    if (!visible || loading || realClock.elapsed() - askedMs < pause) return;
    loading = true;
    askedMs = realClock.elapsed();
    try {
      const blob = await askBlob(streamPath(stream, `/image.jpg?exact=false&width=${width}`));
      if (url !== undefined) URL.revokeObjectURL(url);
      url = URL.createObjectURL(blob);
      image.src = url;
      image.hidden = false;
      words.hidden = true;
    } catch (error) {
      const { code = "" } = error instanceof ApiError ? error : {};
      words.textContent = REASONS[code] ?? wordsOf(error);
      words.hidden = url !== undefined;
    } finally {
      loading = false;
    }
  }

  return {
    element,
    update(live) {
      // The first picture of a camera that has just begun is asked for soon.
      if (live && !isLive && url === undefined) askedMs = Number.NEGATIVE_INFINITY;
      isLive = live;
      element.classList.toggle("past", !live);
      void load();
    },
    close() {
      observer.disconnect();
      if (url !== undefined) URL.revokeObjectURL(url);
    },
  };
}
