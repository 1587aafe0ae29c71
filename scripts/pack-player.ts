/**
 * Packs `@streambank/player` as npm installs it: one module per entry with the chunks they share, minified, and declarations
 * (docs/decisions/0030-player-package.md). Entries are those of player/package.json.
 *
 *     npm run pack-player [-- FOLDER]     # writes FOLDER/streambank-player-VERSION.tgz, default: here
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
import { basename, join, resolve } from "node:path";
import { build } from "vite";
import { run } from "../test/support/run.ts";

const ROOT = join(import.meta.dirname, "..");
const PLAYER = join(ROOT, "player");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly exports: Readonly<Record<string, string>>;
}

interface Entry {
  /** As in `exports`: `.`, `./grid`. */
  readonly path: string;
  /** Of the module that is made, without ending. */
  readonly name: string;
  readonly source: string;
}

const own = JSON.parse(readFileSync(join(PLAYER, "package.json"), "utf8")) as Manifest;
const entries: readonly Entry[] = Object.entries(own.exports).map(([path, source]) => ({
  path,
  name: path === "." ? "player" : basename(path),
  source: join(PLAYER, source),
}));

/** Resolves with the path of the package, made in `folder`. */
async function packPlayer(folder: string): Promise<string> {
  const made = mkdtempSync(join(tmpdir(), "streambank-pack-"));
  try {
    await Promise.all([bundle(made), declare(made)]);
    cpSync(join(ROOT, "LICENSE"), join(made, "LICENSE"));
    cpSync(join(PLAYER, "README.md"), join(made, "README.md"));
    writeFileSync(join(made, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
    mkdirSync(folder, { recursive: true });
    const { stdout } = await run("npm", ["pack", made, "--json", "--pack-destination", folder]);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return join(folder, filename);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

async function bundle(made: string): Promise<void> {
  await build({
    root: PLAYER,
    configFile: false,
    logLevel: "silent",
    build: {
      outDir: join(made, "dist"),
      // A library keeps its white space for bundlers; this one is also loaded as it is.
      minify: true,
      target: "es2022",
      lib: {
        entry: Object.fromEntries(entries.map(({ name, source }) => [name, source])),
        formats: ["es"],
      },
      rolldownOptions: { output: { chunkFileNames: "chunks/[name]-[hash].js" } },
    },
  });
}

/** Declarations in the folders the sources have here; imports name what is there. */
async function declare(made: string): Promise<void> {
  const project = join(made, "tsconfig.json");
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, emitDeclarationOnly: true },
    ...{ rootDir: ROOT, outDir: join(made, "types"), allowImportingTsExtensions: true },
  };
  const files = entries.map(({ source }) => source);
  const config = {
    extends: join(PLAYER, "tsconfig.json"),
    ...{ compilerOptions, include: [], files },
  };
  writeFileSync(project, JSON.stringify(config));
  await run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project]);
  rmSync(project);
  for (const path of globSync("types/**/*.d.ts", { cwd: made }).map((name) => join(made, name))) {
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"));
  }
}

function manifest(): object {
  const exportOf = ({ name, source }: Entry) => ({
    types: `./types/${source.slice(ROOT.length + 1).replace(/\.ts$/, ".d.ts")}`,
    default: `./dist/${name}.js`,
  });
  const { name, version, license, type } = own;
  return {
    ...{ name, version, license, type },
    description: "Live video and archive of a Streambank server in any page: custom elements",
    exports: Object.fromEntries(entries.map((entry) => [entry.path, exportOf(entry)])),
    // Importing an entry defines its elements.
    sideEffects: true,
  };
}

console.log(await packPlayer(resolve(process.argv[2] ?? ".")));
