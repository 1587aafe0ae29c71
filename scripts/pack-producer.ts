/**
 * Packs `@streambank/producer` as npm installs it: JavaScript and declarations of all its entries reach, in the folders they have
 * here, with no package besides and nothing of this repository (docs/decisions/0015-producer-package.md).
 *
 *     npm run pack-producer [-- FOLDER]     # writes FOLDER/streambank-producer-VERSION.tgz, default: here
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { compile, type Manifest, pack, pointAtDeclarations, ROOT } from "./packing.ts";

const SDK = join(ROOT, "producer-sdk/src");

/** Node's part and the browser's see different global names. */
const PARTS = [
  { base: "tsconfig.json", files: ["index.ts", "node.ts", "node/main.ts"] },
  { base: "player/tsconfig.json", files: ["browser/index.ts"] },
];
const COMMAND = `#!/usr/bin/env node
import "../producer-sdk/src/node/main.js";
`;
/** What they need of the repository as it is. */
const AS_IT_IS = ["LICENSE", "producer-sdk/README.md", "samples/camera.mkv"];

async function make(made: string): Promise<void> {
  const compilerOptions = {
    ...{ rewriteRelativeImportExtensions: true, outDir: made },
    typeRoots: [join(ROOT, "node_modules/@types")],
  };
  const parts = PARTS.map(({ base, files }, i) => ({
    ...{ base, compilerOptions, name: `part-${i}.json` },
    files: files.map((file) => join(SDK, file)),
  }));
  await Promise.all(parts.map((part) => compile(made, part)));
  pointAtDeclarations(made);
  for (const path of AS_IT_IS) {
    const to = path.endsWith("README.md") ? "README.md" : path;
    mkdirSync(dirname(join(made, to)), { recursive: true });
    cpSync(join(ROOT, path), join(made, to));
  }
  mkdirSync(join(made, "bin"));
  writeFileSync(join(made, "bin/streambank-producer.js"), COMMAND, { mode: 0o755 });
}

function manifest(): object {
  const own = JSON.parse(readFileSync(join(SDK, "../package.json"), "utf8")) as Manifest;
  const entry = (name: string) => ({
    types: `./producer-sdk/src/${name}.d.ts`,
    default: `./producer-sdk/src/${name}.js`,
  });
  return {
    ...{ name: own.name, version: own.version, license: own.license, type: own.type },
    description: "Sends live video to a Streambank server and loses none: cameras, webcams, files",
    // WebSocket and SQLite of the runtime, without flags.
    engines: { node: ">=22.13" },
    exports: { ".": entry("index"), "./node": entry("node"), "./browser": entry("browser/index") },
    bin: { "streambank-producer": "bin/streambank-producer.js" },
    sideEffects: false,
  };
}

console.log(await pack(resolve(process.argv[2] ?? "."), manifest(), make));
