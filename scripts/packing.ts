/** What packing this repository's packages has in common: a folder in which one is made, declarations, npm. */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../test/support/run.ts";

export const ROOT = join(import.meta.dirname, "..");

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
}

/** Packs what `make` puts into an empty folder. Resolves with the path of the package, which is made in `target`. */
export async function pack(
  target: string,
  manifest: object,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const made = mkdtempSync(join(tmpdir(), "streambank-pack-"));
  try {
    await make(made);
    writeFileSync(join(made, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    mkdirSync(target, { recursive: true });
    const { stdout } = await run("npm", ["pack", made, "--json", "--pack-destination", target]);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return join(target, filename);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

export interface Compilation {
  /** A tsconfig.json that is extended, with this changed. */
  readonly base: string;
  readonly compilerOptions: object;
  readonly files: readonly string[];
  /** Of the project file, while it is compiled. */
  readonly name: string;
}

/** By the compiler, with declarations, into the folders the sources have here. */
export async function compile(
  made: string,
  { base, compilerOptions, files, name }: Compilation,
): Promise<void> {
  const project = join(made, name);
  const options = { noEmit: false, declaration: true, rootDir: ROOT, ...compilerOptions };
  const config = { extends: join(ROOT, base), compilerOptions: options, include: [], files };
  writeFileSync(project, JSON.stringify(config));
  await run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", project]);
  rmSync(project);
}

/** The compiler renames imports in JavaScript alone; in declarations they would name sources that are not there. */
export function pointAtDeclarations(folder: string): void {
  for (const path of globSync("**/*.d.ts", { cwd: folder }).map((name) => join(folder, name))) {
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"));
  }
}
