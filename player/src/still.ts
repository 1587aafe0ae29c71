/** Keeps the last picture on screen while another source is being opened, and saves it as a file. Browser only. */

export class Still {
  readonly #video: HTMLVideoElement;
  readonly #canvas: HTMLCanvasElement;
  /** What stands over the video, when something does. */
  over: () => HTMLVideoElement | HTMLCanvasElement | undefined = () => undefined;

  constructor(video: HTMLVideoElement, canvas: HTMLCanvasElement) {
    this.#video = video;
    this.#canvas = canvas;
  }

  /** Copies what the video shows over the video. */
  keep(): void {
    if (!this.#copy(this.#canvas)) return;
    this.#canvas.hidden = false;
  }

  /** A new picture is there. */
  drop(): void {
    this.#canvas.hidden = true;
  }

  /** What is on screen as a file; `undefined` when nothing is. */
  async image(type: "image/png" | "image/jpeg"): Promise<Blob | undefined> {
    const canvas = this.#canvas.hidden ? document.createElement("canvas") : this.#canvas;
    if (canvas !== this.#canvas && !this.#copy(canvas)) return undefined;
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, 0.92));
    return blob ?? undefined;
  }

  #copy(canvas: HTMLCanvasElement): boolean {
    const source = this.over() ?? this.#video;
    const plays = source instanceof HTMLVideoElement;
    const [width, height] = plays
      ? [source.videoWidth, source.videoHeight]
      : [source.width, source.height];
    if (width === 0 || (plays && source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA))
      return false;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d")?.drawImage(source, 0, 0);
    return true;
  }
}
