/** The sink of ingest: what all recordings of a stream share, and who is told when a pack is archived. */
import { Fault } from "../base/errors.ts";
import type {
  FragmentSink,
  Recording,
  RecordingOptions,
  StoredFragment,
  StreamInfo,
} from "../fragment/fragment.ts";
import { Duplicates, type StoredLookup } from "./duplicates.ts";
import type { EventSource } from "./events.ts";
import { GapRecorder } from "./gap-recorder.ts";
import type { Fence, FragmentIndex } from "./index/fragment-index.ts";
import type { OpenPack } from "./pack/open-pack.ts";
import { RefusedSpans } from "./refused-spans.ts";
import { StreamWriter, type StreamWriterParts } from "./stream-writer.ts";

type Shared = Pick<
  StreamWriterParts,
  "node" | "activeDir" | "files" | "committer" | "clock" | "log" | "limits" | "gate" | "meters"
>;

export interface RecordingsParts extends Shared {
  readonly index: FragmentIndex;
  /** Stored fragments of a stream, for those that are sent again. */
  lookup(stream: string): StoredLookup;
  fence(stream: string): Fence | undefined;
  readonly events: EventSource;
  opened(pack: OpenPack): void;
  retire(pack: OpenPack, broken: boolean): void;
}

interface Taking {
  readonly writer: StreamWriter;
  readonly duplicates: Duplicates;
  readonly gaps: GapRecorder;
}

export class Recordings implements FragmentSink {
  readonly #parts: RecordingsParts;
  /** By stream: those that have been recorded since the start. */
  readonly #taken = new Map<string, Taking>();
  /** By stream: how far behind the last number the next recording begins. */
  readonly #skips = new Map<string, number>();
  /** By session. */
  readonly #told = new Map<string, (stored: readonly StoredFragment[]) => void>();

  constructor(parts: RecordingsParts) {
    this.#parts = parts;
  }

  /** Throws `stream.not-found`. */
  async open({ stream, session, archived }: RecordingOptions): Promise<Recording> {
    const info = await this.#info(stream);
    const { writer, duplicates, gaps } = await this.#taking(info);
    writer.attach();
    if (archived !== undefined) this.#told.set(session, archived);
    let open = true;
    return {
      persists: info.retentionHours > 0,
      nextNumber: () => writer.nextNumber(),
      append: (fragment) => duplicates.append(fragment, (one) => writer.append(one)),
      failed: ({ code, message }) =>
        gaps.failed({
          cause: "error",
          detail: `${code}: ${message}`,
          atMs: this.#parts.clock.now(),
        }),
      get pendingBytes() {
        return writer.pendingBytes;
      },
      close: async () => {
        await writer.idle();
        if (open) writer.detach();
        open = false;
        this.#told.delete(session);
      },
    };
  }

  /** A pack is archived: sessions whose fragments are in it are told, if they wanted to know. */
  archived(stored: readonly StoredFragment[]): void {
    if (this.#told.size === 0) return;
    const bySession = Map.groupBy(stored, ({ info }) => info.session);
    for (const [session, fragments] of bySession) this.#told.get(session)?.(fragments);
  }

  /** Whether sessions want to know: else nobody needs to look at the fragments. */
  get anyToTell(): boolean {
    return this.#told.size > 0;
  }

  /**
   * The stream has come from another node: its numbers go on `skip` behind the last that the index knows, because that node
   * may have given out more. Throws `ingest.busy`.
   */
  async take(stream: string, skip: number): Promise<void> {
    await this.drop(stream);
    this.#skips.set(stream, skip);
  }

  /** Decides what waits, gives the stream's pack away to be sealed, and forgets the stream. Throws `ingest.busy`. */
  async drop(stream: string): Promise<void> {
    const writer = this.#taken.get(stream)?.writer;
    if (writer !== undefined && writer.recordings > 0)
      throw new Fault("ingest.busy", `${stream} has a producer connected; stop it first`);
    await writer?.close();
    this.#taken.delete(stream);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#taken.values()].map(({ writer }) => writer.close()));
  }

  async #info(stream: string): Promise<StreamInfo> {
    const info = await this.#parts.index.stream(stream);
    if (info === undefined) throw new Fault("stream.not-found", `there is no stream ${stream}`);
    return info;
  }

  async #taking(info: StreamInfo): Promise<Taking> {
    const stream = info.name;
    const known = this.#taken.get(stream);
    if (known !== undefined) return known;
    const { index, lookup } = this.#parts;
    const [lastSequence, extent] = await Promise.all([
      index.lastSequence(stream),
      index.extent(stream),
    ]);
    // Another connection may have made it while this one asked.
    const again = this.#taken.get(stream);
    if (again !== undefined) return again;
    const before =
      extent === undefined
        ? undefined
        : { endUs: extent.producedEndUs, receivedMs: extent.receivedLastMs };
    const gaps = new GapRecorder(stream, before);
    const skip = this.#skips.get(stream) ?? 0;
    this.#skips.delete(stream);
    const made = {
      writer: this.#writer(info, lastSequence + skip, gaps),
      duplicates: new Duplicates(lookup(stream), before?.endUs ?? Number.NEGATIVE_INFINITY),
      gaps,
    };
    this.#taken.set(stream, made);
    return made;
  }

  #writer(info: StreamInfo, lastSequence: number, gaps: GapRecorder): StreamWriter {
    const { fence, events, opened, retire, ...shared } = this.#parts;
    const stream = info.name;
    const { index, clock, meters } = this.#parts;
    const log = shared.log.child({ stream });
    const refused = new RefusedSpans({ stream, index, clock, log, meters });
    const { createdMs, retentionHours, retentionBytes, mediaType } = info;
    const settings = JSON.stringify({ createdMs, retentionHours, retentionBytes, mediaType });
    return new StreamWriter({
      ...{ ...shared, stream, lastSequence, gaps, refused, opened, retire },
      log,
      settings: () => settings,
      fence: () => fence(stream),
      events: (stored) => events.forPersisted(stream, stored),
    });
  }
}
