/** What a newcomer runs first: every program of samples/ and every line of its pages, against a real server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser } from "../support/browser.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { FAKE_CAMERA } from "../support/media-recorder.ts";
import { NodeProgram } from "../support/node-program.ts";
import { putMedia } from "../support/put-media.ts";
import { needsRtspServer, startRtspServer } from "../support/rtsp-server.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const ROOT = join(import.meta.dirname, "../..");
const sample = (name: string) => join(ROOT, "samples", name);

/** Resolves when so many frames of the stream are stored: senders do not wait for their last bytes. */
async function stored({ url }: RunningServer, stream: string, count: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/v1/streams/${stream}/clip.mkv?from=0&to=9000000000000`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (answer.ok && oracleFrames(bytes).length >= count) return;
  }
}

/** The commands of a page, and the stream each is for: the last word of an address, or `--stream`. */
function commandsOf(page: string): readonly { readonly line: string; readonly stream: string }[] {
  const blocks = [...readFileSync(sample(page), "utf8").matchAll(/```sh\n([\s\S]*?)```/g)];
  return blocks.map(([, line = ""]) => {
    const [, a, b, c] = /live\/([\w-]+)|--stream ([\w-]+)|stream-name: ([\w-]+)/.exec(line) ?? [];
    return { line, stream: a ?? b ?? c ?? assert.fail(line) };
  });
}

suite("samples", { ...needs("ffmpeg", "gstreamer"), concurrency: 3, timeout: 300_000 }, () => {
  for (const { line, stream } of commandsOf("one-liners.md"))
    test(`one line: ${stream}`, async () => {
      await using server = await startTestServer({ createMissing: true });
      const mine = line
        .replaceAll("127.0.0.1:8080", `127.0.0.1:${server.port}`)
        .replaceAll("127.0.0.1:1935", `127.0.0.1:${server.rtmpPort}`)
        // In real time it would be a minute of tests that wait.
        .replaceAll(" -re ", " ")
        .replace("npx streambank", "node bin/streambank")
        .replace("bin/streambank-producer ", "bin/streambank-producer.mjs ")
        .replace("bin/streambank ", "bin/streambank.mjs ");
      await run("sh", ["-c", `cd "${ROOT}" && ${mine}`]);
      await stored(server, stream, 500);
    });

  test("node-camera.ts", async () => {
    using dir = tempDir("sample");
    await using server = await startTestServer();
    using camera = new NodeProgram(sample("node-camera.ts"), server.url, join(dir.path, "kept"));
    await camera.said(/^stored: \d{47}$/m);
    await camera.stop();
    assert.match(camera.out, /^\d+ fragments stored, 0 to be sent next time, 0 lost$/m);
    await stored(server, "node-camera", 50);
  });

  test("rtsp-camera.ts", needsRtspServer(), async () => {
    await using server = await startTestServer();
    await using rtsp = await startRtspServer({ audio: true });
    using camera = new NodeProgram(sample("rtsp-camera.ts"), rtsp.url, "door", server.url);
    await camera.said(/^\d00 frames, [1-9]\d* fragments stored$/m);
    await camera.stop();
    assert.match(camera.out, /^\d+ fragments stored, 0 not$/m);
    await stored(server, "door", 200);
  });

  test("webhook-receiver.ts", async () => {
    await using server = await startTestServer({ createMissing: true });
    using receiver = new NodeProgram(sample("webhook-receiver.ts"), server.url, "hall*");
    await receiver.said(/^\S+ test - \{\}$/m);
    await receiver.said(/^test: \{"delivered":true,"ms":\d+,"status":204,"answer":""\}$/m);
    const call = putMedia({ url: server.url, stream: "hall-1", startMs: 1_790_000_000_000 });
    await call.write(readFileSync(sample("camera.mkv")));
    call.end();
    await receiver.said(/^\S+ stream\.online hall-1 \{"session":"[\w-]+"\}$/m);
    await receiver.stop();
    const { hooks } = (await (await fetch(`${server.url}/v1/hooks`)).json()) as {
      hooks: unknown[];
    };
    assert.deepEqual(hooks, []);
  });

  test("browser-webcam.html", needs("chromium"), async () => {
    await using server = await startTestServer();
    await using browser = await openBrowser({ flags: FAKE_CAMERA });
    const { page } = browser;
    await page.goto(`${server.url}/samples/browser-webcam.html`);
    await page.click("#go");
    await page.waitForFunction(
      "/^[2-9] fragments stored/.test(document.querySelector('#said').value)",
    );
    await page.click("#go");
    await page.waitForFunction("/ not$/.test(document.querySelector('#said').value)");
    assert.match((await page.textContent("#said")) ?? "", /^\d+ fragments stored, 0 not$/);
    await stored(server, "my-webcam", 40);
  });
});
