/**
 * The player's files. Browser code is TypeScript in this repository; it is sent as JavaScript with its
 * types stripped, so that there is no build step and line numbers in the browser are ours. Only listed
 * folders are served, and only files that are in them.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { extname, join, normalize, sep } from "node:path";
import { Fault } from "../base/errors.ts";

const FOLDERS = [
  "player/",
  "samples/",
  "src/media/",
  "src/base/",
  "src/fragment/",
  "producer-sdk/src/",
];

/** Addresses of pages that are no files. */
export const PAGES: Readonly<Record<string, string>> = {
  "/": "player/console.html",
  "/watch": "player/index.html",
};

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".ts": "text/javascript; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
};

export interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Of the folder of samples. */
  readonly sample: boolean;
}

export class StaticFiles {
  readonly #root: string;
  readonly #cache = new Map<string, { readonly mtimeMs: number; readonly asset: Asset }>();

  /** `root` is the repository's (or package's) top folder. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Throws `request.no-route` for whatever is not a served file. */
  async get(urlPath: string): Promise<Asset> {
    const path = normalize(PAGES[urlPath] ?? urlPath.slice(1));
    const type = TYPES[extname(path)];
    const inside = FOLDERS.some((folder) => path.startsWith(folder.replaceAll("/", sep)));
    if (type === undefined || !inside || path.endsWith(".test.ts")) throw notFound(urlPath);
    const full = join(this.#root, path);
    const info = await stat(full).catch(() => undefined);
    if (info === undefined || !info.isFile()) throw notFound(urlPath);
    const cached = this.#cache.get(path);
    if (cached?.mtimeMs === info.mtimeMs) return cached.asset;
    const asset = { ...(await load(full, type)), sample: path.startsWith("samples") };
    this.#cache.set(path, { mtimeMs: info.mtimeMs, asset });
    return asset;
  }
}

async function load(full: string, type: string): Promise<Omit<Asset, "sample">> {
  const raw = await readFile(full);
  const body = full.endsWith(".ts") ? Buffer.from(stripTypeScriptTypes(raw.toString("utf8"))) : raw;
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { body, type, etag };
}

function notFound(urlPath: string): Fault {
  return new Fault("request.no-route", `there is nothing at ${urlPath.slice(0, 200)}`);
}
