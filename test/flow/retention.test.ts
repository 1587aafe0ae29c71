/** Retention through a whole server: media goes in by the command line, is held, previewed, removed, and its gap is told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ErrorBody } from "../../src/server/error-reply.ts";
import { cli, startTestServer } from "../support/server.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const START = "2026-11-22T14:00:00.000Z";
const START_MS = Date.parse(START);

test("put, hold, preview, lower the retention, sweep: the footage goes and its gap says why", async () => {
  await using server = await startTestServer();
  const done = async (...args: string[]) => {
    const { code, out, err } = await cli([...args, "--server", server.url]);
    assert.equal(code, 0, `${args.join(" ")}: ${err}`);
    return out;
  };
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
  const get = async (path: string): Promise<any> => (await fetch(`${server.url}/v1${path}`)).json();
  await done("put", SAMPLE, "--create", "--stream", "cam", "--start", START);
  // A producer that has gone leaves a pack that is sealed after a grace time.
  await server.parts.archive.dropStream("cam");
  await server.parts.archive.settled();
  const before = await get("/streams/cam/coverage");
  const open = { from: before.ranges.at(-1)?.to, cause: "offline", open: true };
  assert.deepEqual(
    before.gaps.map(({ to, ...gap }: { to: number }) => gap),
    [open],
  );

  const range = ["--from", String(START_MS), "--to", String(START_MS + 1000)];
  const id = (await done("holds", "add", "--stream", "cam", ...range, "--why", "case 7")).trim();
  assert.match(await done("holds"), new RegExp(`^${id}\tcam\t`));
  const kept = await done("streams", "preview", "cam", "--hours", "0");
  assert.match(kept, /^nothing would go; held: 1 packs, /);
  const { sweeper } = server.parts.retention;
  await done("streams", "set", "cam", "--hours", "0", "--bytes", "5GB");
  assert.equal((await sweeper.sweepNow()).packs, 0, "held");
  const refusal = await fetch(`${server.url}/v1/streams/cam`, { method: "DELETE" });
  assert.deepEqual(
    [refusal.status, ((await refusal.json()) as ErrorBody).error.code],
    [409, "stream.held"],
  );

  const wrong = await fetch(`${server.url}/v1/streams/cam`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ retentionHours: 1, retentionByte: 5 }),
  });
  assert.equal(wrong.status, 400, "what is not known is refused");

  await done("holds", "end", id);
  assert.match(await done("streams", "preview", "cam", "--hours", "0"), /^1 packs would go, /);
  assert.equal((await sweeper.sweepNow()).packs, 1);
  const after = await get("/streams/cam/coverage");
  assert.deepEqual(after.ranges, []);
  const [{ from, to }] = before.ranges;
  const spans = after.gaps.map((gap: { from: number; to: number; cause: string }) => [
    gap.from,
    gap.to,
    gap.cause,
  ]);
  assert.deepEqual(spans, [[from, to, "age"]]);
  assert.match(await done("streams"), /^cam\toffline\tlive only\t0\.0 MB\tempty\n$/);
  const { audit } = await get("/audit?stream=cam");
  const actions = audit.map(({ action }: { action: string }) => action);
  assert.deepEqual(actions, [
    "removed",
    "hold-ended",
    "stream-changed",
    "hold-added",
    "stream-created",
  ]);
  const { last, paused } = await get("/retention");
  assert.deepEqual([last.packs, paused], [1, undefined]);
});
