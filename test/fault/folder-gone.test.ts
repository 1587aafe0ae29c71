/** A data folder that is deleted under a server with a producer: the server ends when it is told to, without waiting for the folder. */
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, sleep } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/start.ts";
import { makeMedia } from "../support/media.ts";
import { putMedia } from "../support/put-media.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

function codesOf(event: string) {
  const codes: unknown[] = [];
  const take = (name: string, fields: Readonly<Record<string, unknown>> = {}) => {
    if (name === event) codes.push(fields.code);
  };
  const log: Logger = { child: () => log, info: take, warn: take, error: take };
  return { codes, log };
}

test(
  "a server whose data folder is gone ends at once, and what waited is refused as by any stop",
  needs("ffmpeg"),
  async () => {
    using dir = tempDir("gone");
    const dataDir = join(dir.path, "data");
    const { codes, log } = codesOf("archive.not-stored");
    const flags = { createMissing: true };
    const config = { ...readConfig({ flags: {}, env: {} }), ...flags, httpPort: 0, rtmpPort: 0 };
    const server = await startServer({ config: { ...config, dataDir }, clock: realClock, log });
    const file = readFileSync(await makeMedia("short-groups"));
    const put = putMedia({ url: server.url, stream: "cam", startMs: 1_790_000_000_000 });
    const half = file.length >> 1;
    await put.write(file.subarray(0, half));
    await put.until((acks) => acks.some(({ EventType }) => EventType === "PERSISTED"));
    // Its files stay open, its names are gone: as after rm -r, but for what tests leave behind.
    renameSync(dataDir, join(dir.path, "away"));
    while (server.parts.archive.gate.state.open) await sleep(realClock, 20);
    const before = put.seen.length;
    await put.write(file.subarray(half));
    await put.until((acks) => acks.slice(before).some(({ EventType }) => EventType === "RECEIVED"));
    await server.close();
    // Whoever waited for the gate's patience was told store.unavailable.
    assert.deepEqual([...new Set(codes)], ["server.closing"]);
    const acks = await put.acks;
    assert.equal(acks.at(-1)?.EventType, "ERROR");
    const recorded = acks.slice(before).filter(({ EventType }) => EventType === "PERSISTED");
    assert.deepEqual(recorded, []);
  },
);
