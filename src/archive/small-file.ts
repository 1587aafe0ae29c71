/** Small files that are replaced as a whole: a crash or a full disk leaves the old one or the new one. */
import { dirname } from "node:path";
import type { Files } from "./files.ts";

/** Durable when it resolves. Throws `store.*`; the old file is there then, or none. */
export async function replaceFile(files: Files, path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  await files.remove(next);
  const file = await files.open(next, "create");
  try {
    await file.write([Buffer.from(text, "utf8")], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(next, path);
  await files.syncDir(dirname(path));
}

/** Throws `store.not-found`, `store.unreadable`. */
export async function readWhole(files: Files, path: string): Promise<string> {
  const file = await files.open(path, "read");
  try {
    const bytes = await file.read(0, await file.size());
    return Buffer.from(bytes).toString("utf8");
  } finally {
    await file.close();
  }
}
