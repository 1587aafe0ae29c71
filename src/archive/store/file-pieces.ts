/** A local file in pieces, for hashing and for sending it with little memory. */
import { createHash } from "node:crypto";
import { Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";

const PIECE = 256 * 1024;

/** The first `bytes` bytes. Throws `store.not-found`, `store.unavailable`, `store.corrupt` when there are fewer. */
export async function* filePieces(
  files: Files,
  path: string,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  const file = await files.open(path, "read");
  try {
    for (let at = 0; at < bytes; ) {
      const piece = await file.read(at, Math.min(PIECE, bytes - at));
      if (piece.length === 0)
        throw new Fault("store.corrupt", `${path} ends before byte ${bytes}`, { at });
      at += piece.length;
      yield piece;
    }
  } finally {
    await file.close();
  }
}

/** Digest in hex. Throws what `filePieces` throws. */
export async function fileDigest(
  files: Files,
  { path, bytes, algorithm }: { path: string; bytes: number; algorithm: "sha256" | "md5" },
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const piece of filePieces(files, path, bytes)) hash.update(piece);
  return hash.digest("hex");
}

/** Throws `store.corrupt` when the file has another size, `store.not-found` when it is not there. */
export async function checkFileSize(files: Files, path: string, bytes: number): Promise<void> {
  const size = await files.size(path);
  if (size === undefined) throw new Fault("store.not-found", `there is no file ${path}`);
  if (size !== bytes)
    throw new Fault("store.corrupt", `${path} has ${size} bytes, it should have ${bytes}`);
}
