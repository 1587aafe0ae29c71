/** A PutMedia client for tests: bytes when told, acks as they come. */
import { request } from "node:http";

export interface Ack {
  readonly EventType: "BUFFERING" | "RECEIVED" | "PERSISTED" | "ERROR" | "IDLE";
  readonly FragmentTimecode?: number;
  readonly FragmentNumber?: string;
  readonly ErrorId?: number;
  readonly ErrorCode?: string;
}

export interface PutMediaCall {
  /** Resolves when the bytes are handed to the kernel. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  /** Breaks the connection as a lost network does. */
  cut(): void;
  /** All acks, when the answer has ended or the connection broke. */
  readonly acks: Promise<readonly Ack[]>;
  /** The acks so far. */
  readonly seen: readonly Ack[];
  /** Status and exception of the answer; `200 undefined` when it was taken. */
  readonly answer: Promise<string>;
  /** Resolves once the acks so far fulfil the condition; rejects when the answer ends first. */
  until(done: (acks: readonly Ack[]) => boolean): Promise<void>;
}

export interface PutMediaOptions {
  readonly url: string;
  readonly stream: string;
  readonly startMs: number;
  /** In place of those that say stream and start. */
  readonly headers?: Record<string, string>;
}

export function putMedia(options: PutMediaOptions): PutMediaCall {
  const seen: Ack[] = [];
  const waiters = new Set<() => void>();
  let ended = false;
  const out = request(`${options.url}/putMedia`, {
    method: "POST",
    headers: options.headers ?? {
      "x-amzn-stream-name": options.stream,
      "x-amzn-fragment-timecode-type": "RELATIVE",
      "x-amzn-producer-start-timestamp": (options.startMs / 1000).toFixed(3),
      "transfer-encoding": "chunked",
    },
  });
  out.setNoDelay(true);
  out.flushHeaders();
  const answer = new Promise<string>((resolve) => {
    out.once("response", ({ statusCode, headers }) =>
      resolve(`${statusCode} ${headers["x-amzn-errortype"]}`),
    );
    out.once("close", () => resolve("none"));
  });
  const acks = new Promise<readonly Ack[]>((resolve) => {
    const finish = () => {
      ended = true;
      for (const wake of waiters) wake();
      resolve(seen);
    };
    out.on("error", finish);
    out.once("response", (response) => {
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        const lines = (rest + piece).split("\n");
        rest = lines.pop() ?? "";
        if (response.statusCode !== 200) return;
        for (const line of lines) if (line.trim() !== "") seen.push(JSON.parse(line) as Ack);
        for (const wake of waiters) wake();
      });
      response.once("error", finish);
      response.once("close", finish);
    });
  });
  return {
    seen,
    acks,
    answer,
    write: (bytes) => new Promise((resolve) => out.write(bytes, () => resolve())),
    end: () => out.end(),
    cut: () => out.destroy(),
    until: (done) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (done(seen)) resolve();
          else if (ended) reject(new Error(`answer ended; acks: ${JSON.stringify(seen)}`));
          else return;
          waiters.delete(check);
        };
        waiters.add(check);
        check();
      }),
  };
}
