/**
 * `@streambank/player` as a package: installed without a network in an empty folder, in a page of another site (samples/embed.html),
 * with a token of that site, live from a server that allows its origin.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { runDemoCamera } from "../../samples/demo-camera.ts";
import { realClock } from "../../src/base/clock.ts";
import { openBrowser } from "../support/browser.ts";
import { freePorts } from "../support/free-port.ts";
import { guardedServer } from "../support/guarded-server.ts";
import { NodeProgram } from "../support/node-program.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const ROOT = join(import.meta.dirname, "../..");
const MINUTES = 60_000;

/** The declarations say what is what: the last line is refused. */
const TYPED = `
import type { PlayerState, StreambankEvents, StreambankPlayer } from "@streambank/player";
import { StreambankGrid } from "@streambank/player/grid";
import type { StreambankProducerEvents } from "@streambank/player/producer";
import "@streambank/player/elements";
const player: StreambankPlayer = document.createElement("streambank-player");
player.seek(Date.now() - 60_000);
player.addEventListener("streambank-state", (event) => {
  const state: PlayerState = (event as CustomEvent<StreambankEvents["streambank-state"]>).detail;
  document.title = state.name;
});
export const grid: StreambankGrid = document.createElement("streambank-grid");
export const end: keyof StreambankProducerEvents = "streambank-producer-end";
export const wrong: number = player.mode;
`;

suite("the player as a package", { timeout: 4 * MINUTES }, () => {
  const dir = tempDir("player-package");
  const home = join(dir.path, "site");
  const own = join(home, "node_modules/@streambank/player");

  before(async () => {
    const pack = join(ROOT, "scripts/pack-player.ts");
    const { stdout } = await run(process.execPath, [pack, join(dir.path, "packed")]);
    const quiet = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await run("npm", ["install", "--prefix", home, ...quiet, stdout.trim()]);
  });
  after(() => dir[Symbol.dispose]());

  test("brings modules and declarations, nothing besides and nothing of this machine", () => {
    const installed = globSync("node_modules/{@*/,}*/package.json", { cwd: home });
    assert.deepEqual(installed, ["node_modules/@streambank/player/package.json"], "nothing else");
    assert.deepEqual(globSync("**/*.ts", { cwd: own, exclude: ["**/*.d.ts"] }), []);
    const modules = globSync("dist/**/*.js", { cwd: own });
    const text = (path: string) => readFileSync(join(own, path), "utf8");
    for (const path of modules) assert.ok(!text(path).includes(ROOT), path);
    // What every page loads names the rest, and has none of it.
    const first = text("dist/elements.js");
    assert.ok(first.length < 2000, `${first.length}`);
    for (const name of ["player", "grid", "producer"])
      assert.ok(first.includes(`import("./${name}.js")`), first);
  });

  test("its declarations fit a strict program", async () => {
    writeFileSync(join(home, "typed.mts"), TYPED);
    const strict = [
      ...["--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2024"],
      ...["--types", "", "--lib", "es2024,dom,dom.iterable,dom.asynciterable"],
    ];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const checked = new NodeProgram(tsc, ...strict, join(home, "typed.mts"));
    assert.notEqual(await checked.exited, 0);
    assert.match(checked.out.trim(), /^[^\n]*typed\.mts\(14,14\): error TS2322:/);
    assert.equal(checked.out.match(/error TS/g)?.length, 1, checked.out);
  });

  test("plays live in a page of another site, with its token", needs("chromium"), async (t) => {
    const port = await freePorts(1);
    const origin = `http://127.0.0.1:${port}`;
    await using guarded = await guardedServer({ corsOrigins: [origin], createMissing: true });
    const { url, token } = guarded;
    const stop = new AbortController();
    const feed = { url, stream: "front-door", clock: realClock, signal: stop.signal };
    const camera = runDemoCamera({ ...feed, token: async () => token, log: () => {} });
    process.env.STREAMBANK_TOKEN = token;
    t.after(() => delete process.env.STREAMBANK_TOKEN);
    using site = new NodeProgram(
      join(ROOT, "samples/embed-site.ts"),
      ...[own, url, "front-door", String(port)],
    );
    await site.said(/http:/);
    {
      await using browser = await openBrowser();
      const { page } = browser;
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(origin);
      const player = 'document.querySelector("streambank-player")';
      const video = `${player}?.shadowRoot?.querySelector("video")`;
      const live = `${player}.getAttribute("state") === "LIVE" && ${video}.currentTime > 1`;
      await page.waitForFunction(live, undefined, { timeout: 60_000 }).catch(async () => {
        const said = await page.evaluate(`document.querySelector("#said").value`);
        assert.fail(`${said}; ${browser.log.join("\n")}; ${site.err}`);
      });
      assert.match(String(await page.evaluate(`document.querySelector("#said").value`)), /^LIVE/);
      const accent = `getComputedStyle(${player}.shadowRoot.querySelector("button")).getPropertyValue("--_accent").trim()`;
      assert.equal(await page.evaluate(accent), "#0a7d4f", "the page's own colour");
      const modules = asked.filter((address) => address.endsWith(".js"));
      assert.ok(
        modules.every((address) => address.startsWith(origin)),
        "all of the site's own",
      );
      const heavy = modules.filter((address) => /\/(grid|producer)\.js$/.test(address));
      assert.deepEqual(heavy, [], "what the page has not is not loaded");
      await page.evaluate(`document.body.append(document.createElement("streambank-producer"))`);
      await page.waitForFunction(`customElements.get("streambank-producer") !== undefined`);
    }
    stop.abort();
    await camera;
  });
});
