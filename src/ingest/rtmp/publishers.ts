/**
 * Who publishes what over RTMP. Two encoders on one stream would give alternating garbage: an encoder that comes back
 * from the same address takes over at once (its old connection may be dead without knowing), any other is refused.
 */
import { Fault } from "../../base/errors.ts";

interface Publisher {
  readonly address: string;
  replace(reason: string): void;
}

export class Publishers {
  readonly #byStream = new Map<string, Publisher>();

  /** Returns how to leave. Throws `ingest.busy`. */
  enter(stream: string, address: string, replace: (reason: string) => void): () => void {
    const before = this.#byStream.get(stream);
    if (before !== undefined && before.address !== address)
      throw new Fault("ingest.busy", `${stream} is being published from another address`);
    const publisher = { address, replace };
    this.#byStream.set(stream, publisher);
    before?.replace("the same encoder has connected again");
    return () => {
      if (this.#byStream.get(stream) === publisher) this.#byStream.delete(stream);
    };
  }

  /** The same encoder has come to another node: its connection here ends. False: another one publishes, or none. */
  replace(stream: string, address: string, reason: string): boolean {
    const publisher = this.#byStream.get(stream);
    if (publisher?.address !== address) return false;
    publisher.replace(reason);
    return true;
  }
}
