/** A pack that is being written: append, sync, seal. Knows bytes and offsets; acks are somebody else's. */

import { assert } from "../../base/assert.ts";
import type { SealedFragment, StoredFragment } from "../../fragment/fragment.ts";
import { TotalsCounter } from "../../fragment/pack-totals.ts";
import {
  CLUSTER_HEADER_BYTES,
  type CuePoint,
  clusterHeader,
  cuesElement,
  tagsElement,
} from "../../media/mkv/writer.ts";
import { crc32 } from "../../native/crc32.ts";
import { blocksCrcOf } from "../blocks-crc.ts";
import type { Files, OpenFile } from "../files.ts";
import type { PackRow } from "../index/fragment-index.ts";
import { FragmentListWriter, type PackBase, writeTotals } from "../index/fragment-list.ts";
import { fragmentTags } from "./fragment-tags.ts";
import { type PackIdentity, packHeader, SEGMENT_START, sealedHeader } from "./pack-header.ts";

export interface OpenPackOptions {
  readonly identity: PackIdentity;
  readonly trackSetId: string;
  readonly path: string;
}

export class OpenPack {
  readonly identity: PackIdentity;
  readonly trackSetId: string;
  readonly path: string;
  readonly #file: OpenFile;
  readonly #base: PackBase;
  readonly #list: FragmentListWriter;
  readonly #totals = new TotalsCounter();
  /** Fragments whose bytes are synced: what may be read. */
  readonly fragments: StoredFragment[] = [];
  #length: number;
  #minUs = Number.POSITIVE_INFINITY;
  #maxUs = Number.NEGATIVE_INFINITY;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #firstSequence = Number.POSITIVE_INFINITY;
  #lastSequence = 0;

  private constructor(file: OpenFile, options: OpenPackOptions, firstOffset: number) {
    const { identity, trackSetId, path } = options;
    this.#file = file;
    this.identity = identity;
    this.trackSetId = trackSetId;
    this.path = path;
    this.#length = firstOffset;
    this.#base = {
      packId: identity.packId,
      trackSetId,
      baseNs: identity.baseNs,
      timestampScaleNs: identity.trackSet.timestampScaleNs,
      firstOffset,
    };
    this.#list = new FragmentListWriter(this.#base);
  }

  /** Makes the file with its header. It is not synced yet: the first append does that. */
  static async create(files: Files, options: OpenPackOptions): Promise<OpenPack> {
    const header = packHeader(options.identity);
    const file = await files.open(options.path, "create");
    try {
      await file.write([header], 0);
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    return new OpenPack(file, options, header.length);
  }

  /** A pack found after a crash, with the fragments known to be whole. */
  static recovered(
    file: OpenFile,
    options: OpenPackOptions,
    found: { firstOffset: number; fragments: readonly StoredFragment[] },
  ): OpenPack {
    const pack = new OpenPack(file, options, found.firstOffset);
    for (const fragment of found.fragments) pack.#add(fragment);
    return pack;
  }

  get length(): number {
    return this.#length;
  }

  /** Earliest and latest producer time, µs. */
  get spanUs(): { min: number; max: number } {
    return { min: this.#minUs, max: this.#maxUs };
  }

  /** Whether this fragment's Cluster can be written here: same tracks, and a time that fits the ticks. */
  takes(fragment: SealedFragment, trackSetId: string): boolean {
    const since = fragment.clusterNs - this.identity.baseNs;
    const scale = BigInt(this.identity.trackSet.timestampScaleNs);
    return trackSetId === this.trackSetId && since >= 0n && since % scale === 0n;
  }

  /** Writes and syncs the fragments. After a rejection the pack must not be written again. */
  async append(batch: readonly SealedFragment[]): Promise<StoredFragment[]> {
    const buffers: Uint8Array[] = [];
    const stored: StoredFragment[] = [];
    let at = this.#length;
    for (const fragment of batch) {
      const made = this.#layOut(fragment, at, buffers);
      stored.push(made);
      at += made.size;
    }
    await this.#file.write(buffers, this.#length);
    await this.#file.sync();
    for (const fragment of stored) this.#add(fragment);
    return stored;
  }

  /** Where the fragment's bytes will be; puts them at the end of `buffers`. */
  #layOut(fragment: SealedFragment, offset: number, buffers: Uint8Array[]): StoredFragment {
    const { blocks, info, clusterNs } = fragment;
    const blocksCrc = blocksCrcOf(fragment);
    const scale = BigInt(this.#base.timestampScaleNs);
    const ticks = (clusterNs - this.#base.baseNs) / scale;
    const tags = tagsElement(fragmentTags(info, fragment.tags), { crc: crc32, sizeWidth: 4 });
    const cluster = clusterHeader({ ticks, blocksBytes: blocks.length, blocksCrc });
    buffers.push(tags, cluster);
    for (const part of blocks.parts) buffers.push(part);
    const head = tags.length + cluster.length;
    return {
      info,
      packId: this.#base.packId,
      trackSetId: this.trackSetId,
      offset,
      size: head + blocks.length,
      blocksOffset: offset + head,
      blocksSize: blocks.length,
      blocksCrc,
      clusterNs,
    };
  }

  #add(f: StoredFragment): void {
    const { producedStartUs, producedEndUs, number } = f.info;
    this.fragments.push(f);
    this.#list.add(f);
    this.#totals.add(f);
    this.#length = f.offset + f.size;
    this.#minUs = Math.min(this.#minUs, producedStartUs);
    this.#maxUs = Math.max(this.#maxUs, producedEndUs);
    this.#firstMs = Math.min(this.#firstMs, number.receivedMs);
    this.#lastMs = Math.max(this.#lastMs, number.receivedMs);
    this.#firstSequence = Math.min(this.#firstSequence, number.sequence);
    this.#lastSequence = Math.max(this.#lastSequence, number.sequence);
  }

  /** The pack's index row as of now. */
  row(sealedBytes?: number): PackRow {
    assert(this.fragments.length > 0, "a row for an empty pack");
    return {
      stream: this.identity.stream,
      packId: this.#base.packId,
      trackSetId: this.trackSetId,
      node: "",
      sealed: sealedBytes !== undefined,
      archived: sealedBytes !== undefined,
      producedStartUs: this.#minUs,
      producedEndUs: this.#maxUs,
      receivedFirstMs: this.#firstMs,
      receivedLastMs: this.#lastMs,
      firstSequence: this.#firstSequence,
      lastSequence: this.#lastSequence,
      bytes: sealedBytes ?? this.#length,
      listOffset: 0,
      listBytes: 0,
      totals: writeTotals(this.#totals.totals()),
      fragments: this.#list.bytes(),
    };
  }

  /** Cues, SeekHead, sizes; synced and closed. Returns the file's length. Doing it twice gives the same file. */
  async finish(): Promise<number> {
    const cues = cuesElement(this.#cuePoints());
    const fileBytes = this.#length + cues.length;
    await this.#file.truncate(this.#length);
    await this.#file.write([cues], this.#length);
    await this.#file.sync();
    const header = sealedHeader(this.identity, {
      cuesAt: this.#length,
      fileBytes,
      durationTicks: this.#durationTicks(),
    });
    await this.#file.write([header], 0);
    await this.#file.sync();
    await this.#file.close();
    return fileBytes;
  }

  /** Gives the file back without sealing it. */
  close(): Promise<void> {
    return this.#file.close();
  }

  #durationTicks(): number {
    const baseUs = Number(this.identity.baseNs / 1000n);
    return ((this.#maxUs - baseUs) * 1000) / this.#base.timestampScaleNs;
  }

  /** One per fragment that can be decoded from its start, for its first track with a key frame. */
  #cuePoints(): CuePoint[] {
    const { tracks } = this.identity.trackSet;
    const main = tracks.find((t) => t.type === "video") ?? tracks[0];
    const scale = BigInt(this.#base.timestampScaleNs);
    const cued = this.fragments.filter((f) => f.info.seekable);
    return cued.map((f) => ({
      ticks: (f.clusterNs - this.#base.baseNs) / scale,
      track: main?.number ?? 1,
      position: f.blocksOffset - CLUSTER_HEADER_BYTES - SEGMENT_START,
    }));
  }
}
