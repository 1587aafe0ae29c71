/**
 * The container's recipe without a container engine: what it copies, with the packages it installs, is a server that starts. The
 * unit and the compose file name only settings that there are.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { readConfig, settings } from "../../src/server/config.ts";
import { run } from "../support/run.ts";
import { startServerProcess } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** `COPY a b to/` as pairs. */
function copies(dockerfile: string): (readonly [from: string, to: string])[] {
  return [...dockerfile.matchAll(/^COPY (.+)$/gm)].flatMap(([, line = ""]) => {
    const words = line.trim().split(/\s+/);
    const to = words.pop() ?? "";
    return words.map(
      (from) => [from, to.endsWith("/") ? join(to, from.split("/").at(-1) ?? "") : to] as const,
    );
  });
}

suite("deployment", () => {
  test("what the Dockerfile copies, with production packages, starts and is healthy", async () => {
    using dir = tempDir("deploy");
    const app = join(dir.path, "app");
    for (const [from, to] of copies(read("deploy/Dockerfile"))) {
      mkdirSync(dirname(join(app, to)), { recursive: true });
      cpSync(join(ROOT, from), join(app, to), {
        recursive: true,
        filter: (path) => !path.includes("node_modules"),
      });
    }
    const install = /^RUN npm (ci [^&]+)&&/m.exec(read("deploy/Dockerfile"))?.[1] ?? "";
    assert.match(install, /--omit=dev/);
    await run("npm", ["--prefix", app, ...install.trim().split(" "), "--prefer-offline"]);
    await using server = await startServerProcess(join(dir.path, "data"), [], {
      main: join(app, "src/main.ts"),
    });
    const page = await fetch(`${server.url}/`);
    assert.equal(page.status, 200);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    const [, health = "[]"] =
      /HEALTHCHECK [\s\S]*?CMD (\[.*\])/.exec(read("deploy/Dockerfile")) ?? [];
    const [program = "", flag = "", script = ""] = JSON.parse(health) as string[];
    assert.deepEqual([program, flag], ["node", "-e"]);
    const own = script.replace("8080", new URL(server.url).port);
    assert.notEqual(own, script);
    await run(process.execPath, ["-e", own]);
    assert.equal(await server.stop(), 0);
    await assert.rejects(run(process.execPath, ["-e", own]), "nobody is there");
  });

  test("in the container and in compose, everybody is asked for a key", () => {
    const env = (text: string) =>
      Object.fromEntries(
        [...text.matchAll(/\b(STREAMBANK_[A-Z]+)(?:=|: )"?([^\s"]+)"?/g)].map(([, name, value]) => [
          name,
          value,
        ]),
      );
    const image = env(/^ENV .*$/m.exec(read("deploy/Dockerfile"))?.[0] ?? "");
    assert.equal(image.STREAMBANK_HOST, "0.0.0.0");
    assert.equal(readConfig({ flags: {}, env: image }).auth, "on");
    assert.equal(env(read("deploy/compose.yaml")).STREAMBANK_AUTH, "on");
  });

  test("every variable that the container, the compose file and the unit set is a setting", () => {
    const known = new Set<string>(Object.values(settings).map(({ env }) => env));
    known.add("STREAMBANK_CONFIG");
    for (const path of ["deploy/Dockerfile", "deploy/compose.yaml", "deploy/streambank.service"]) {
      const named = [...read(path).matchAll(/\bSTREAMBANK_[A-Z0-9_]+/g)].map(([name]) => name);
      assert.ok(named.length >= 2, path);
      for (const name of named) assert.ok(known.has(name), `${path}: ${name}`);
    }
  });
});
