/**
 * Packs `@streambank/player` as npm installs it: one module per entry with the chunks they share, minified, and declarations
 * (docs/decisions/0030-player-package.md). Entries are those of player/package.json.
 *
 *     npm run pack-player [-- FOLDER]     # writes FOLDER/streambank-player-VERSION.tgz, default: here
 */
import { cpSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "vite";
import { compile, type Manifest, pack, pointAtDeclarations, ROOT } from "./packing.ts";

const PLAYER = join(ROOT, "player");

interface PlayerManifest extends Manifest {
  readonly exports: Readonly<Record<string, string>>;
}

interface Entry {
  /** As in `exports`: `.`, `./grid`. */
  readonly path: string;
  /** Of the module that is made, without ending. */
  readonly name: string;
  readonly source: string;
}

const own = JSON.parse(readFileSync(join(PLAYER, "package.json"), "utf8")) as PlayerManifest;
const entries: readonly Entry[] = Object.entries(own.exports).map(([path, source]) => ({
  path,
  name: path === "." ? "player" : basename(path),
  source: join(PLAYER, source),
}));

async function make(made: string): Promise<void> {
  await Promise.all([bundle(made), declare(made)]);
  cpSync(join(ROOT, "LICENSE"), join(made, "LICENSE"));
  cpSync(join(PLAYER, "README.md"), join(made, "README.md"));
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
  const outDir = join(made, "types");
  await compile(made, {
    ...{ base: "player/tsconfig.json", name: "tsconfig.json" },
    files: entries.map(({ source }) => source),
    compilerOptions: { emitDeclarationOnly: true, outDir, allowImportingTsExtensions: true },
  });
  pointAtDeclarations(outDir);
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

console.log(await pack(resolve(process.argv[2] ?? "."), manifest(), make));
