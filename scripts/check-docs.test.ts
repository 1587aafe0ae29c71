import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { localNameProblems } from "./check-docs.ts";
import { errorTableProblems } from "./doc-errors.ts";
import { undocumentedExports } from "./doc-exports.ts";
import { linkProblems } from "./doc-links.ts";
import { ackProblems, tailMessageProblems } from "./doc-messages.ts";
import { settingTableProblems } from "./doc-settings.ts";

/** A folder with these files, gone when the test ends. */
function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "streambank-docs-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

suite("links", () => {
  const page = "# First\n\n## What it is, `exactly`\n";

  test("to a page, a folder, a heading and the web are fine", (t) => {
    const root = tree(t, { "docs/a.md": page, "README.md": "# Top\n" });
    const text =
      "[a](docs/a.md) [b](docs/) [c](docs/a.md#what-it-is-exactly) [d](https://example.org/x) [e](#top)";
    assert.deepEqual(linkProblems(root, "README.md", text), []);
  });

  test("to a missing page or heading are named", (t) => {
    const root = tree(t, { "docs/a.md": page });
    const problems = linkProblems(root, "docs/b.md", "[x](c.md) [y](a.md#second) [z](../a.md)");
    assert.deepEqual(problems, [
      "docs/b.md: c.md leads nowhere",
      "docs/b.md: a.md#second: no such heading in docs/a.md",
      "docs/b.md: ../a.md leads nowhere",
    ]);
  });

  test("in examples of code are not links", (t) => {
    const text = "```md\n[x](nowhere.md)\n```\n";
    assert.deepEqual(linkProblems(tree(t, {}), "a.md", text), []);
  });

  test("a comment that names a missing page is a problem", (t) => {
    const root = tree(t, { "docs/a.md": page });
    const text = "/** See docs/a.md and docs/b.md. */";
    assert.deepEqual(linkProblems(root, "src/x.ts", text), ["src/x.ts: docs/b.md leads nowhere"]);
  });
});

suite("the table of errors", () => {
  const source = 'export type FaultCode =\n  | "store.full" // disk\n  | "internal";\n';
  const head = "| code | status |\n|---|---|\n";

  test("with every code and its status is fine", () => {
    const page = `${head}| \`store.full\` | 507 | x |\n| \`internal\` | 500 | y |\n`;
    assert.deepEqual(errorTableProblems(source, page), []);
  });

  test("names a missing code, one too many, and a wrong status", () => {
    const page = `${head}| \`store.full\` | 500 | x |\n| \`store.empty\` | 500 | y |\n`;
    assert.deepEqual(errorTableProblems(source, page), [
      "errors.md: no row for internal",
      "errors.md: store.full: status 500, the server says 507",
      "errors.md: store.empty is not a FaultCode",
    ]);
  });

  test("is not checked against an empty list", () => {
    assert.equal(errorTableProblems("", head).length, 1);
  });
});

suite("public names", () => {
  test("are fine with a comment at the declaration, in the index, or above the list", (t) => {
    const root = tree(t, {
      "index.ts": [
        `export { a, type B } from "./a.ts";`,
        `export {\n  /** Says c. */\n  c,\n} from "./c.ts";`,
        `/** All of d. */\nexport { d } from "./c.ts";`,
      ].join("\n"),
      "a.ts": "/** A. */\nexport function a(): void {}\n/** B. */\nexport interface B {}\n",
      "c.ts": "export const c = 1;\nexport const d = 2;\n",
    });
    assert.deepEqual(undocumentedExports(root, "index.ts"), []);
  });

  test("without a comment are named, through lists, stars and declarations", (t) => {
    const root = tree(t, {
      "index.ts":
        'export { a } from "./a.ts";\nexport * from "./c.ts";\nexport class E {}\nexport { x } from "./x.ts";\n',
      "a.ts": "/** Header. */\n\nexport async function a(): Promise<void> {}\n",
      "c.ts": "export type C = string;\n/** D. */\nexport abstract class D {}\n",
    });
    assert.deepEqual(undocumentedExports(root, "index.ts"), [
      "a.ts: a is public and has no doc comment",
      "x.ts: re-exported, but not there",
      "c.ts: C has no doc comment",
      "index.ts: E has no doc comment",
    ]);
  });
});

suite("names of one machine", () => {
  test("are found with their line", () => {
    const text = `fine\nsee /${"home"}/anna/x\n`;
    assert.deepEqual(localNameProblems("a.md", text), ["a.md:2: names a path of one machine"]);
    assert.equal(localNameProblems("a.md", `from registry${"."}npmjs.org`).length, 1);
    assert.equal(localNameProblems("l.json", `"resolved": "${"http"}s://x/y.tgz"`).length, 1);
  });

  test("do not include relative paths, routes and URLs of our own", () => {
    const text =
      'GET /v1/streams, ./work/x, src/home/a.ts, http://127.0.0.1/home, "resolved": "player"';
    assert.deepEqual(localNameProblems("a.md", text), []);
  });
});

suite("the table of settings", () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/reference/settings.md"), "utf8");

  test("is that of the server", () => {
    assert.deepEqual(settingTableProblems(page), []);
  });

  test("names a missing row, one too many, another default", () => {
    const row = "| `leaseSeconds` | `--lease-seconds` | `STREAMBANK_LEASE_SECONDS` | `10` |";
    assert.ok(page.includes(row));
    assert.deepEqual(settingTableProblems(page.replace(row, row.replace("`10`", "`11`"))), [
      "settings.md: leaseSeconds is --lease-seconds STREAMBANK_LEASE_SECONDS 10, not --lease-seconds STREAMBANK_LEASE_SECONDS 11",
    ]);
    const other = row.replace("leaseSeconds", "other");
    assert.deepEqual(settingTableProblems(page.replace(row, other)), [
      "settings.md: no row for leaseSeconds",
      "settings.md: other is not a setting",
    ]);
  });
});

suite("messages", () => {
  const read = (name: string) =>
    readFileSync(join(import.meta.dirname, "../docs/formats", name), "utf8");

  test("an ack, one of its keys or an ErrorId that the page does not have, and one it has too many", () => {
    const page = read("acks.md");
    assert.deepEqual(ackProblems(page), []);
    const other = page
      .replace("| `IDLE` |", "| `REST` |")
      .replaceAll("LiveOnly", "Live")
      .replace("| 4006 ", "| 4999 ");
    assert.deepEqual(ackProblems(other), [
      "docs/formats/acks.md: nothing of IDLE",
      "docs/formats/acks.md: nothing of LiveOnly",
      "docs/formats/acks.md: nothing of | 4006 `INVALID_MKV_DATA`",
      "docs/formats/acks.md: no such id: | 4999 `INVALID_MKV_DATA`",
    ]);
  });

  test("a tail's text message, one of its keys, and a row too many", () => {
    const sources = [
      'JSON.stringify({ type: "lost", frames: item.frames, tracks })',
      'type A = | { readonly kind: "live" } | { readonly kind: "offline"; readonly sinceMs?: Millis }',
    ];
    const page =
      '| `{"type":"lost","frames":n}` | a |\n| `{"type":"live"}` | b |\n| `{"type":"old"}` | c |';
    assert.deepEqual(tailMessageProblems(page, sources), [
      "docs/formats/tail.md: no row for offline",
      "docs/formats/tail.md: no such message: old",
      "docs/formats/tail.md: no tracks of lost",
      "docs/formats/tail.md: no sinceMs of offline",
    ]);
  });
});
