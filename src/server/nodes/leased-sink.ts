/** The archive as ingest sees it where there are several nodes: a recording opens only with its stream's lease. */
import type {
  FragmentSink,
  Recording,
  RecordingOptions,
  SealedFragment,
} from "../../fragment/fragment.ts";
import type { StreamLeases } from "./stream-leases.ts";

export class LeasedSink implements FragmentSink {
  readonly #sink: FragmentSink;
  readonly #leases: Pick<StreamLeases, "use">;

  constructor(sink: FragmentSink, leases: Pick<StreamLeases, "use">) {
    this.#sink = sink;
    this.#leases = leases;
  }

  /** Throws `stream.not-found`, `ingest.busy` (another node records it), `index.*`. */
  async open(options: RecordingOptions): Promise<Recording> {
    const release = await this.#leases.use(options.stream);
    try {
      return leased(await this.#sink.open(options), release);
    } catch (error) {
      release();
      throw error;
    }
  }
}

function leased(recording: Recording, release: () => void): Recording {
  return {
    persists: recording.persists,
    nextNumber: () => recording.nextNumber(),
    append: (fragment: SealedFragment) => recording.append(fragment),
    failed: (fault) => recording.failed(fault),
    get pendingBytes() {
      return recording.pendingBytes;
    },
    close: () => recording.close().finally(release),
  };
}
