/** Archives that are filled, asked, and asked again after something was done to their index. */
import type { Archive } from "../../src/archive/archive.ts";
import {
  type CheckParts,
  checkArchive,
  type Finding,
} from "../../src/archive/maintenance/check.ts";
import { realClock } from "../../src/base/clock.ts";
import { millis } from "../../src/base/units.ts";
import { coverage } from "../../src/play/coverage.ts";
import { listFragments } from "../../src/play/fragments.ts";
import { aFragment, aTrackSet, START_MS } from "./fragments.ts";
import { random } from "./random.ts";

export const EVERYTHING = { fromMs: millis(0), toMs: millis(START_MS * 2) };
export const limits = { maxBytes: 3000 };

/** Streams of different length, with holes, other tracks and several sessions. */
export async function fill(archive: Archive, seed: number): Promise<readonly string[]> {
  const next = random(seed);
  const streams = ["a", "b", "c"].slice(0, 1 + Math.floor(next() * 3));
  for (const [i, name] of streams.entries()) {
    await archive.create({ name, retentionHours: 24 * (i + 1), mediaType: "video/h264" });
    let startMs = START_MS;
    for (let session = 0; session < 2; session++) {
      const recording = await archive.open({ stream: name, session: `${name}-${session}` });
      const count = Math.floor(next() * 14);
      for (let n = 0; n < count; n++) {
        const width = next() < 0.1 ? 128 : 64;
        const fragment = aFragment({
          ...{ number: recording.nextNumber(), startMs, session: `${name}-${session}` },
          ...{ trackSet: aTrackSet({ width }), bytes: 50 + Math.floor(next() * 200) },
        });
        await recording.append(fragment);
        startMs += next() < 0.1 ? 60_000 : 2000;
      }
      await recording.close();
    }
  }
  for (const name of streams) await archive.dropStream(name);
  await archive.settled();
  return streams;
}

/** Whatever can be asked of an archive. */
export async function answers(archive: Archive, streams: readonly string[]) {
  const out: unknown[] = [];
  for (const stream of streams) {
    const base = { reader: archive.reader, stream, range: EVERYTHING } as const;
    out.push(await archive.extent(stream), await archive.index.lastSequence(stream));
    for (const clock of ["producer", "server"] as const) {
      out.push(await listFragments({ ...base, clock, limit: 1000 }));
      const { ranges, gaps } = await coverage({ ...base, clock, resolutionMs: 0 });
      // Why there was nothing is not in packs.
      out.push(
        ranges,
        gaps.map(({ from, to }) => [from, to]),
      );
    }
    out.push(await archive.chain(stream, EVERYTHING));
    const { retentionHours, retentionBytes, mediaType, createdMs } = await archive.get(stream);
    out.push({ retentionHours, retentionBytes, mediaType, createdMs });
  }
  return out;
}

export async function check(archive: Archive, options: Partial<CheckParts> = {}) {
  const found: Finding[] = [];
  const result = await checkArchive({
    ...{ index: archive.index, store: archive.store, node: "", clock: realClock },
    ...{ deep: true, repair: false, ...options },
    found: (finding) => void found.push(finding),
  });
  return { result, problems: found.map(({ problem, repaired }) => ({ problem, repaired })) };
}
