/** Command lines that are wrong, and the parts of the command line that know no server. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { suite, test } from "node:test";
import { realClock } from "../../base/clock.ts";
import { AckTally } from "./ack-tally.ts";
import type { CliContext } from "./context.ts";
import { paced } from "./pace.ts";
import { run } from "./run.ts";

/** Runs a command in this process. */
async function ran(line: string): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = {
    env: {},
    stdin: new PassThrough(),
    ...{ stdout, stderr, clock: realClock },
    signal: new AbortController().signal,
    demoCamera: () => Promise.reject(new Error("no demo here")),
  } as unknown as CliContext;
  const code = await run(line.split(" "), context);
  const said = (stream: PassThrough) => String(stream.read() ?? "");
  return { code, out: said(stdout), err: said(stderr) };
}

suite("a wrong command line gives exit code 2 and one line, and nobody is asked", () => {
  const lines: readonly (readonly [string, RegExp])[] = [
    ["ls --stream cam --from 3 --to 2", /a range must begin before it ends: 3 to 2/],
    ["clip --stream cam --from 2 --to 2 -o x", /a range must begin before it ends/],
    ["ls --stream cam --from yesterday", /--from: not a time: yesterday/],
    ["put x --stream cam --start 2026-02-30", /--start: not a time: 2026-02-30/],
    ["tail --stream cam --from 99999999999999999", /--from: not a time/],
    ["clip --stream cam --from 1 --to 2 --clock moon -o x", /--clock: producer or server/],
    ["clip --stream cam --from 1 --to 2", /--output is missing/],
    ["clip --stream cam --to 2 -o x", /--from is missing/],
    ["clip --stream cam --from 1 --to 2 --format avi -o x", /--format: mkv or mp4, not avi/],
    ["tail --stream cam --format fmp4", /--format: mkv or frames, not fmp4/],
    ["tail", /--stream is missing/],
    ["ls --stream=", /--stream is missing/],
    ["put --stream cam", /the FILE is missing/],
    ["put a b --stream cam", /what is b\?/],
    ["put a --stream cam --retention-hours 2", /add --create/],
    ["streams create", /the NAME is missing/],
    ["streams burn cam", /list, create, preview, set or delete, not burn/],
    ["streams set cam", /--hours or --bytes is missing/],
    ["streams preview cam --who me", /--hours or --bytes is missing/],
    ["streams set cam --hours 87601", /--hours: a whole number from 0 to 87600, not 87601/],
    ["streams set cam --bytes 5XB", /--bytes: bytes such as 500000000 or 500MB, not 5XB/],
    ["streams set cam --bytes 999999TB", /--bytes: bytes such as/],
    ["streams set", /the NAME is missing/],
    ["holds break", /list, add or end, not break/],
    ["holds list cam", /what is cam\?/],
    ["holds end", /the ID is missing/],
    ["holds add --stream cam --from 1 --to 2", /--why is missing/],
    ["holds add --stream cam --from 2 --to 1 --why x", /a range must begin before it ends/],
    ["holds add --from 1 --to 2 --why x", /--stream is missing/],
    ["streams list cam", /what is cam\?/],
    ["streams create cam dram", /what is dram\?/],
    ["streams create cam --retention-hours 99999", /from 0 to 87600, not 99999/],
    ["streams create cam --retention-hours 1.5", /a whole number from 0 to 87600, not 1\.5/],
    ["streams create cam --retention-hours -1", /--retention-hours: a value is missing/],
    ["ls --stream cam --server localhost:8080", /--server: not an http address: localhost:8080/],
    ["ls --stream cam --colour red", /Unknown option '--colour'/],
    ["serve twice", /what is twice\?/],
    ["inspect", /the FILE is missing/],
    ["inspect a b", /what is b\?/],
  ];
  for (const [line, says] of lines)
    test(line, async () => {
      const { code, out, err } = await ran(line);
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.match(err, /^streambank: .+ \[config\.bad\]\n$/);
      assert.match(err, says);
    });

  test("an unknown command", async () => {
    const { code, err } = await ran("toString");
    assert.equal(code, 2);
    assert.equal(err, "streambank: no command toString; streambank help lists them\n");
  });
});

test("help, --help and -h, also behind a command, list every command", async () => {
  const { code, out } = await ran("help");
  assert.equal(code, 0);
  for (const name of "serve demo streams holds put tail clip ls inspect".split(" "))
    assert.match(out, new RegExp(`^ {2}${name} `, "m"));
  for (const line of ["--help", "-h", "put --help", "ls -h"])
    assert.deepEqual(await ran(line), { code: 0, out, err: "" });
});

suite("the acks of a put", () => {
  const acks =
    '{"EventType":"RECEIVED","FragmentNumber":"1"}\n{"EventType":"PERSISTED"}\n' +
    '{"EventType":"ERROR","ErrorId":4006,"ErrorCode":"BAD","Code":"mkv.bad-crc","Offset":7}\n';

  test("are counted wherever the answer is split", () => {
    for (let at = 0; at <= acks.length; at++) {
      const tally = new AckTally();
      tally.read(acks.slice(0, at));
      tally.read(acks.slice(at));
      assert.equal(tally.line(), "1 fragments received, 1 persisted");
      const line = "error 4006 BAD at byte 7 [mkv.bad-crc]";
      assert.deepEqual(tally.errors, [{ code: "mkv.bad-crc", line }]);
    }
  });

  test("an answer that is not ours is a fault", () => {
    assert.throws(() => new AckTally().read("<html>\n"), { code: "request.bad" });
  });
});

test("pacing changes no bytes, and does not wait for what is no Matroska", async () => {
  const input = Buffer.alloc(10_000, "not Matroska");
  const once = async function* () {
    yield input;
  };
  const stopped = new AbortController();
  const out: Uint8Array[] = [];
  for await (const step of paced(once(), { clock: realClock, signal: stopped.signal }))
    out.push(step);
  assert.deepEqual(Buffer.concat(out), input);
});
