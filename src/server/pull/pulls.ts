/** All sources of a server: those of the configuration file, and those the API makes and takes away. */
import { Fault, serverClosing } from "../../base/errors.ts";
import { ensureStream } from "../../ingest/ensure-stream.ts";
import { PulledSource, type PullParts, type SourceView } from "./pulled-source.ts";
import { checkAddress, MAX_SOURCES, type SourceConfig } from "./source-config.ts";
import type { SourcePolicy } from "./source-policy.ts";
import { type SourceTestResult, SourceTests } from "./source-test.ts";
import { readSourcesFile, writeSourcesFile } from "./sources-file.ts";

export interface PullsOptions extends PullParts {
  readonly dataDir: string;
  /** Where cameras may be. */
  readonly policy: SourcePolicy;
  /** Of the configuration file. */
  readonly sources: readonly SourceConfig[];
}

export class Pulls {
  readonly #options: PullsOptions;
  readonly #tests: SourceTests;
  /** Of the API, by stream; also those that the configuration file stands in front of. */
  readonly #made: Map<string, SourceConfig>;
  readonly #running = new Map<string, PulledSource>();
  /** Changes come one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #closing = false;

  private constructor(options: PullsOptions, made: readonly SourceConfig[]) {
    this.#options = options;
    this.#tests = new SourceTests(options);
    this.#made = new Map(made.map((source) => [source.stream, source]));
  }

  /** Reads what the API made before. Starts nothing. Throws `source.bad-file`, `source.too-many`, `store.*`. */
  static async open(options: PullsOptions): Promise<Pulls> {
    const made = await readSourcesFile(options.dataDir);
    const streams = new Set([...options.sources, ...made].map(({ stream }) => stream));
    if (streams.size > MAX_SOURCES)
      throw new Fault(
        "source.too-many",
        `${streams.size} sources in the configuration file and from the API; at most ${MAX_SOURCES}`,
      );
    return new Pulls(options, made);
  }

  /** Starts every source. One that cannot be started says so in its state. */
  async start(): Promise<void> {
    const { sources, log } = this.#options;
    for (const source of sources) {
      if (this.#made.has(source.stream))
        log.warn("source.in-both", {
          stream: source.stream,
          message: "the source of the configuration file is used, not the one the API made",
        });
      await this.#begin(source, "config");
    }
    for (const source of this.#made.values())
      if (!this.#running.has(source.stream)) await this.#begin(source, "api");
  }

  /** In the order of their streams' names. */
  list(): SourceView[] {
    const views = [...this.#running.values()].map(({ view }) => view);
    return views.sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** What feeds this stream, if anything does. */
  find(stream: string): SourceView | undefined {
    return this.#running.get(stream)?.view;
  }

  /**
   * Makes or replaces a stream's source, and the stream when it is missing; durable when this resolves. Throws
   * `source.bad-address`, `source.in-config`, `source.too-many`, `stream.bad-name`, `store.*`, `server.closing`.
   */
  put(source: SourceConfig): Promise<{ readonly view: SourceView; readonly isNew: boolean }> {
    return this.#inTurn(async () => {
      const { stream } = source;
      checkAddress(source.url);
      this.#options.policy.checkLiteral(source.url);
      this.#refuseConfig(stream);
      const before = this.#running.get(stream);
      if (before === undefined && this.#running.size >= MAX_SOURCES)
        throw new Fault("source.too-many", `there are ${MAX_SOURCES} sources already`);
      await ensureStream(stream, true, this.#options);
      if (before !== undefined && same(before.config, source))
        return { view: before.view, isNew: false };
      await this.#save(new Map(this.#made).set(stream, source));
      await before?.stop();
      const started = this.#launch(source, "api");
      return { view: started.view, isNew: before === undefined };
    });
  }

  /**
   * Ends a stream's source; what it gave stays. Resolves when its process is gone and its session over. Throws
   * `source.not-found`, `source.in-config`, `store.*`, `server.closing`.
   */
  delete(stream: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseConfig(stream);
      const source = this.#running.get(stream);
      if (source === undefined)
        throw new Fault("source.not-found", `the stream ${stream} has no source`);
      const left = new Map(this.#made);
      left.delete(stream);
      await this.#save(left);
      await source.stop();
      this.#running.delete(stream);
    });
  }

  /** Throws `source.bad-address`, `source.test-busy`, `server.closing`. */
  async test(url: string, audio: boolean): Promise<SourceTestResult> {
    this.#refuseClosing();
    this.#options.policy.checkLiteral(url);
    return this.#tests.run(url, audio);
  }

  /** Ends all sources. Resolves when their processes are gone and what they gave is stored. */
  async close(): Promise<void> {
    this.#closing = true;
    const stopped = [...this.#running.values()].map((source) => source.stop());
    await Promise.all([this.#tests.close(), this.#turn, ...stopped]);
  }

  async #begin(source: SourceConfig, from: SourceView["from"]): Promise<void> {
    const { stream } = source;
    // Its camera tries again at each connection.
    await ensureStream(stream, true, this.#options).catch((error) =>
      this.#options.log.error("source.no-stream", { stream, message: String(error) }),
    );
    if (!this.#closing) this.#launch(source, from);
  }

  #launch(source: SourceConfig, from: SourceView["from"]): PulledSource {
    this.#refuseClosing();
    const started = new PulledSource(source, from, this.#options);
    this.#running.set(source.stream, started);
    return started;
  }

  async #save(made: ReadonlyMap<string, SourceConfig>): Promise<void> {
    await writeSourcesFile(this.#options.dataDir, [...made.values()]);
    this.#made.clear();
    for (const [stream, source] of made) this.#made.set(stream, source);
  }

  #refuseConfig(stream: string): void {
    if (this.#options.sources.some((source) => source.stream === stream))
      throw new Fault(
        "source.in-config",
        `the source of ${stream} is in the configuration file; change it there`,
      );
  }

  #refuseClosing(): void {
    if (this.#closing) throw serverClosing();
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      this.#refuseClosing();
      return run();
    });
    this.#turn = result.catch(() => {});
    return result;
  }
}

function same(a: SourceConfig, b: SourceConfig): boolean {
  return a.url === b.url && a.audio === b.audio;
}
