/**
 * An object that says whose archive a remote store has, by the uuid of the index: two archives never share a bucket and
 * prefix by accident. The first one to come writes it.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";
import { identityText, parseIdentity } from "../identity.ts";
import { replaceFile } from "../small-file.ts";
import type { ObjectStore } from "./object-store.ts";

/** Not in listings: it is no pack. */
export const IDENTITY_OBJECT = "streambank.json";

/** Undefined: the store is nobody's yet. Throws `store.unavailable`, `config.bad` when it is not an identity. */
export async function storeIdentity(store: ObjectStore): Promise<string | undefined> {
  const size = await store.size(IDENTITY_OBJECT);
  if (size === undefined) return undefined;
  const text = Buffer.from(await store.read(IDENTITY_OBJECT, 0, size)).toString("utf8");
  const uuid = parseIdentity(text);
  if (uuid !== undefined) return uuid;
  throw new Fault("config.bad", `${store.name}: ${IDENTITY_OBJECT} is none of this version`);
}

/** Writes it when there is none. Throws `config.bad`: it is another archive's; `store.unavailable`. */
export async function claimStore(
  store: ObjectStore,
  uuid: string,
  { files, dir }: { readonly files: Files; readonly dir: string },
): Promise<void> {
  const found = (await storeIdentity(store)) ?? (await write(store, uuid, { files, dir }));
  if (found === uuid) return;
  throw new Fault(
    "config.bad",
    `${store.name} has the archive ${found}, and this index is of ${uuid}: give each archive its own s3Prefix; an index that was lost is made anew by "streambank reindex"`,
  );
}

/** Of two that come at once the first to be stored wins. */
async function write(
  store: ObjectStore,
  uuid: string,
  { files, dir }: { readonly files: Files; readonly dir: string },
): Promise<string | undefined> {
  const path = join(dir, `claim-${randomUUID()}`);
  const text = identityText(uuid);
  await replaceFile(files, path, text);
  try {
    await store.put(IDENTITY_OBJECT, path, Buffer.byteLength(text));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "store.conflict") throw error;
  } finally {
    await files.remove(path).catch(() => {});
  }
  return storeIdentity(store);
}
