/** docs/reference/elements.md names every attribute, event, part and custom property there is, and no other. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { gridMarkup } from "./grid/grid-markup.ts";
import { playerMarkup } from "./player-markup.ts";
import { producerMarkup } from "./producer/producer-markup.ts";
import { themeStyles } from "./theme.ts";

const PAGE = join(import.meta.dirname, "../../docs/reference/elements.md");
const page = readFileSync(PAGE, "utf8");
const source = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, n = ""]) => n);

/** What is quoted as code in the list that begins so. */
const listed = (begins: string) => {
  const line = page.split("\n").find((text) => text.startsWith(begins)) ?? "";
  return sorted(all(line.slice(begins.length), /`([\w-]+)`/g));
};

/** Of markup: parts but those of buttons, which are called by what they do. */
const parts = (markup: string) =>
  all(markup.replace(/<button[^>]*data-action[^>]*>/g, ""), /\bpart="([^"]+)"/g).flatMap((names) =>
    names.split(" "),
  );

const CLASSES = {
  "streambank-player": "streambank-player.ts",
  "streambank-grid": "grid/streambank-grid.ts",
  "streambank-producer": "producer/streambank-producer.ts",
} as const;

suite("the page about the elements", () => {
  test("names every attribute", () => {
    const rows = [...page.matchAll(/^\| `(streambank-[a-z]+)` \| `([\w-]+)` \|/gm)];
    for (const [element, file] of Object.entries(CLASSES)) {
      const text = source(file);
      const observed = /observedAttributes = \[([^\]]*)\]/.exec(text)?.[1] ?? "";
      const read = all(text, /\bgetAttribute\("([\w-]+)"\)/g);
      const written = rows.filter(([, of]) => of === element).map(([, , name = ""]) => name);
      assert.deepEqual(
        sorted(written),
        sorted([...all(observed, /"([\w-]+)"/g), ...read]),
        element,
      );
    }
  });

  test("names every event", () => {
    const files = globSync("**/*events.ts", { cwd: import.meta.dirname });
    const events = files.flatMap((file) => all(source(file), /readonly "(streambank-[\w-]+)":/g));
    assert.ok(events.length >= 12);
    const table = /^## Events$(.*?)^## /ms.exec(page)?.[1] ?? "";
    assert.deepEqual(sorted(all(table, /^\| `([\w-]+)` \|/gm)), sorted(events));
  });

  test("names every part and custom property", () => {
    const own = {
      "- `streambank-player`:": parts(playerMarkup),
      "- `streambank-timeline`:": parts(source("streambank-timeline.ts")),
      "- `streambank-grid`:": [
        ...parts(gridMarkup),
        ...all(source("grid/grid-tile.ts"), /part(?:\.add\(|: )"([\w-]+)"/g),
      ],
      "- `streambank-producer`:": parts(producerMarkup),
    };
    for (const [begins, names] of Object.entries(own))
      assert.deepEqual(listed(begins), sorted(names), begins);
    const properties = all(themeStyles, /var\(--streambank-([\w-]+)/g);
    assert.deepEqual(listed("`--streambank-` and "), sorted(properties));
  });
});
