import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { fileProblems, findProblems, importedModules, mayImport } from "./check-imports.ts";

/** True when one line of import in that file breaks a rule. */
function refuses(path: string, line: string): boolean {
  return fileProblems(path, `${line}\n`).length > 0;
}

suite("check-imports", () => {
  test("sees a module however it is imported", () => {
    const text = [
      `import { a } from "./a.ts";`,
      `import type {\n  B,\n} from "./b.ts";`,
      `import "./c.ts";`,
      `export { d } from "./d.ts";`,
      `export * from './e.ts';`,
      `const f = await ${"import"}("./f.ts");`,
      `type G = ${"import"}("./g.ts").G;`,
      `new Worker(new ${"URL"}("./h.ts", import.meta.url));`,
    ].join("\n");
    const found = importedModules(text).sort();
    assert.deepEqual(
      found,
      [..."abcdefgh"].map((letter) => `./${letter}.ts`),
    );
  });

  test("does not take a text or a comment for an import", () => {
    assert.deepEqual(importedModules(`// from "./a.ts"\nconst from = "from './b.ts'";\n`), []);
  });

  test("refuses what the table does not allow, in every form of import", () => {
    const path = "src/media/mkv/parser.ts";
    assert.ok(refuses(path, `import { A } from "../../archive/archive.ts";`));
    assert.ok(refuses(path, `export { A } from "../../archive/archive.ts";`));
    // Put together here, because this file is checked like any other.
    assert.ok(refuses(path, `await ${"import"}("../../archive/archive.ts");`));
    assert.ok(refuses(path, `new Worker(new ${"URL"}("../../archive/w.ts", import.meta.url));`));
    assert.ok(!refuses(path, `import { Fault } from "../../base/errors.ts";`));
    assert.ok(!refuses(path, `import { A } from "../ebml/vint.ts";`));
  });

  test("keeps ingest and archive, and archive and play, apart", () => {
    assert.ok(refuses("src/ingest/a.ts", `import "../archive/b.ts";`));
    assert.ok(refuses("src/archive/a.ts", `import "../ingest/b.ts";`));
    assert.ok(refuses("src/play/a.ts", `import "../archive/b.ts";`));
    assert.ok(!refuses("src/play/a.ts", `import "../live/b.ts";`));
  });

  test("lets only the process file reach the samples", () => {
    assert.ok(!refuses("src/main.ts", `import "../samples/demo-camera.ts";`));
    assert.ok(refuses("src/server/start.ts", `import "../../samples/demo-camera.ts";`));
    assert.ok(refuses("src/main.ts", `import "./archive/a.ts";`));
  });

  test("keeps test helpers out of the product, and lets unit tests use them", () => {
    const line = `import "../../test/support/hex.ts";`;
    assert.ok(refuses("src/media/a.ts", line));
    assert.ok(!refuses("src/media/a.test.ts", line));
    assert.ok(refuses("src/ingest/a.test.ts", `import "../archive/b.ts";`));
  });

  test("keeps packages and Node out of what runs in a browser", () => {
    assert.ok(refuses("src/live/hub.ts", `import { open } from "node:fs";`));
    assert.ok(refuses("player/src/player.ts", `import x from "ws";`));
    assert.ok(refuses("producer-sdk/src/index.ts", `import "node:net";`));
    assert.ok(!refuses("producer-sdk/src/node.ts", `import "node:net";`));
    assert.ok(!refuses("src/live/hub.test.ts", `import "node:test";`));
    assert.ok(!refuses("src/archive/a.ts", `import "node:fs";`));
  });

  test("takes a folder whose name begins like another for what it is", () => {
    assert.ok(refuses("src/fragment/a.ts", `import "../base-two/b.ts";`));
  });

  test("refuses a file of 401 lines and takes one of 400", () => {
    assert.deepEqual(fileProblems("src/base/a.ts", "\n".repeat(400)), []);
    assert.match(fileProblems("test/flow/a.ts", "\n".repeat(401))[0] ?? "", /401 lines/);
  });

  test("walks a tree, and reports a file of src that belongs to no folder of the table", (t) => {
    const root = mkdtempSync(join(tmpdir(), "streambank-imports-"));
    t.after(() => rmSync(root, { recursive: true }));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    write("src/base/a.ts", `import "../media/b.ts";\n`);
    write("src/utils/c.ts", "");
    write("player/node_modules/x/d.ts", `import "../../../src/server/e.ts";\n`);
    assert.deepEqual(findProblems(root), [
      "src/base/a.ts: src/base may not import src/media/b.ts",
      "src/utils/c.ts: not in a folder of the import table",
    ]);
  });

  test("its table allows no circle between folders", () => {
    const reach = (from: string, seen = new Set<string>()): Set<string> => {
      for (const next of mayImport[from] ?? [])
        if (!seen.has(next)) {
          seen.add(next);
          reach(next, seen);
        }
      return seen;
    };
    for (const zone of Object.keys(mayImport)) assert.ok(!reach(zone).has(zone), zone);
  });
});
