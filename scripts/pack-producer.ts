/**
 * Packs `@streambank/producer` as npm installs it: JavaScript and declarations of all its entries reach, in the folders they have
 * here, with no package besides and nothing of this repository (docs/decisions/0015-producer-package.md).
 *
 *     npm run pack-producer [-- FOLDER]     # writes FOLDER/streambank-producer-VERSION.tgz, default: here
 */
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { run } from "../test/support/run.ts";

const ROOT = join(import.meta.dirname, "..");
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

/** Resolves with the path of the package, made in `folder`. */
async function packProducer(folder: string): Promise<string> {
  const made = mkdtempSync(join(tmpdir(), "streambank-pack-"));
  try {
    await Promise.all(PARTS.map((part, i) => compile({ ...part, made, name: `part-${i}.json` })));
    pointAtDeclarations(made);
    for (const path of AS_IT_IS) {
      const to = path.endsWith("README.md") ? "README.md" : path;
      mkdirSync(dirname(join(made, to)), { recursive: true });
      cpSync(join(ROOT, path), join(made, to));
    }
    mkdirSync(join(made, "bin"));
    writeFileSync(join(made, "bin/streambank-producer.js"), COMMAND, { mode: 0o755 });
    writeFileSync(join(made, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
    mkdirSync(folder, { recursive: true });
    const { stdout } = await run("npm", ["pack", made, "--json", "--pack-destination", folder]);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return join(folder, filename);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

interface Part {
  readonly base: string;
  readonly files: readonly string[];
  readonly made: string;
  readonly name: string;
}

async function compile({ base, files, made, name }: Part): Promise<void> {
  const project = join(made, name);
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, rewriteRelativeImportExtensions: true },
    ...{ rootDir: ROOT, outDir: made, typeRoots: [join(ROOT, "node_modules/@types")] },
  };
  const paths = files.map((file) => join(SDK, file));
  const config = { extends: join(ROOT, base), compilerOptions, include: [], files: paths };
  writeFileSync(project, JSON.stringify(config));
  await run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project]);
  rmSync(project);
}

/** The compiler renames imports in JavaScript alone; in declarations they would name sources that are not there. */
function pointAtDeclarations(made: string): void {
  for (const path of globSync("**/*.d.ts", { cwd: made }).map((name) => join(made, name))) {
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"));
  }
}

function manifest(): object {
  const own = JSON.parse(readFileSync(join(SDK, "../package.json"), "utf8"));
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

console.log(await packProducer(resolve(process.argv[2] ?? ".")));
