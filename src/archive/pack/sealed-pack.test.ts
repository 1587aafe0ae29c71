import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { aFragment, aTrackSet, START_MS } from "../../../test/support/fragments.ts";
import { run } from "../../../test/support/run.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { needs } from "../../../test/support/tools.ts";
import { millis } from "../../base/units.ts";
import { nodeFiles } from "../files.ts";
import { readFragmentList } from "../index/fragment-list.ts";
import { rebuildRow } from "../maintenance/pack-row.ts";
import { trackSetId } from "../track-sets.ts";
import { OpenPack } from "./open-pack.ts";
import { fileBytes, readSealed } from "./sealed-pack.ts";

const PACK_ID = "cam/2026/11/23/000000000001-abc";
const SETTINGS = JSON.stringify({ retentionHours: 48 });

/** A sealed pack of `count` fragments. */
async function sealedPack(dir: string, count: number) {
  const trackSet = aTrackSet();
  const fragments = Array.from({ length: count }, (_, i) => {
    const number = { sequence: i + 1, receivedMs: millis(START_MS + i * 2000), salt: i };
    return aFragment({ number, startMs: START_MS + i * 2000, trackSet, session: `s${i >> 2}` });
  });
  const path = join(dir, "pack.mkv");
  const baseNs = fragments[0]?.clusterNs ?? 0n;
  const identity = { stream: "cam", packId: PACK_ID, baseNs, trackSet, settings: SETTINGS };
  const id = trackSetId(trackSet);
  const pack = await OpenPack.create(nodeFiles, { identity, trackSetId: id, path });
  const stored = await pack.append(fragments);
  const sealed = await pack.finish();
  return { path, pack, stored, sealed };
}

suite("a sealed pack", () => {
  test("gives back its list, its totals and its stream's settings from its two ends", async () => {
    using dir = tempDir("sealed");
    const { path, pack, stored, sealed } = await sealedPack(dir.path, 30);
    const read = await readSealed(await fileBytes(nodeFiles, path));
    assert.deepEqual(read.size, sealed);
    assert.equal(read.header.settings, SETTINGS);
    const row = pack.row({ node: "", sealed });
    assert.deepEqual(Buffer.from(read.footer?.totals ?? []), Buffer.from(row.totals));
    const bytes = await fileBytes(nodeFiles, path);
    const list = await bytes.read(sealed.listOffset, sealed.listBytes);
    assert.deepEqual(readFragmentList(list, row).fragments, stored);
  });

  test("its row is made anew as it was, with the footer and without it", async () => {
    using dir = tempDir("sealed");
    const { path, pack, sealed } = await sealedPack(dir.path, 12);
    const place = { node: "n1", archived: true };
    const want = pack.row({ node: "n1", sealed, archived: true });
    const made = await rebuildRow(PACK_ID, await fileBytes(nodeFiles, path), place);
    assert.deepEqual(plain(made.row), plain(want));
    // As a pack of an earlier version: its SeekHead names no footer.
    const bytes = readFileSync(path);
    bytes.set(Buffer.from([0xec]), 52);
    bytes.set(Buffer.from([0x40, 0x7d]), 53);
    writeFileSync(path, bytes);
    const scanned = await rebuildRow(PACK_ID, await fileBytes(nodeFiles, path), place);
    const before = { ...want, listOffset: 0, listBytes: 0 };
    assert.deepEqual(plain(scanned.row), plain(before));
  });

  test("a footer that is cut or changed is damage, not an empty list", async () => {
    using dir = tempDir("sealed");
    const { path, sealed } = await sealedPack(dir.path, 3);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 1));
    await assert.rejects(async () => readSealed(await fileBytes(nodeFiles, path)), {
      code: "store.corrupt",
    });
    const changed = Buffer.from(whole);
    changed[sealed.listOffset + 5] = (changed[sealed.listOffset + 5] ?? 0) ^ 1;
    writeFileSync(path, changed);
    await assert.rejects(async () => readSealed(await fileBytes(nodeFiles, path)), {
      code: "store.corrupt",
    });
  });

  test("of another id is refused", async () => {
    using dir = tempDir("sealed");
    const { path } = await sealedPack(dir.path, 3);
    const bytes = await fileBytes(nodeFiles, path);
    const place = { node: "", archived: true };
    const other = "cam/2026/11/23/000000000002-abc";
    await assert.rejects(rebuildRow(other, bytes, place), { code: "store.corrupt" });
  });

  test(
    "opens without a complaint in ffprobe and mkvtoolnix",
    needs("ffmpeg", "mkvtoolnix"),
    async () => {
      using dir = tempDir("sealed");
      const { path } = await sealedPack(dir.path, 5);
      const probe = await run("ffprobe", ["-v", "warning", "-show_streams", "-of", "json", path]);
      // The frames are not VP8, and the decoder says so; of the file there is nothing to say.
      assert.doesNotMatch(probe.stderr, /matroska|EBML/i);
      assert.equal(JSON.parse(probe.stdout).streams.length, 1);
      const identified = await run("mkvmerge", ["-J", path]);
      const { errors, warnings, attachments } = JSON.parse(identified.stdout);
      assert.deepEqual([errors, warnings, attachments], [[], [], []]);
    },
  );
});

/** Bytes as hex: a Buffer and a Uint8Array of the same bytes are the same. */
function plain(row: object): Record<string, unknown> {
  const entries = Object.entries(row).map(([key, value]) => {
    return [key, value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value];
  });
  return Object.fromEntries(entries);
}
