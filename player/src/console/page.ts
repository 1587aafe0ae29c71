/** What a page of the console is: made when its address is gone to, closed when it is left. */
import { type CancelTimer, realClock } from "../../../src/base/clock.ts";
import type { ServerView, Session } from "./api.ts";
import { say, wordsOf } from "./dom.ts";
import { matches } from "./words.ts";

/** What every page knows. */
export interface Context {
  readonly session: Session;
  readonly server: ServerView;
  /** Of the address: `stream/front%20door` gives `front door`. */
  readonly argument: string;
}

export interface Page {
  readonly title: string;
  readonly element: HTMLElement;
  close?(): void;
}

/** Whether manage buttons are shown; the server is asked anyhow. */
export function mayManage({ actions, streams }: Session, stream: string): boolean {
  return actions.includes("manage") && matches(streams, stream);
}

/** Runs at once, then again so long after each run is over. What goes wrong is said, once, and it goes on. */
export function everySoOften(ms: number, run: () => Promise<void>): () => void {
  let open = true;
  let cancel: CancelTimer = () => {};
  let told = "";
  const turn = async () => {
    try {
      await run();
      if (told !== "") say("The server answers again.");
      told = "";
    } catch (error) {
      const words = wordsOf(error);
      if (words !== told) say(words);
      told = words;
    }
    if (open) cancel = realClock.after(ms, () => void turn());
  };
  void turn();
  return () => {
    open = false;
    cancel();
  };
}
