/** Keys of objects: what every store takes, so that a key that works in one works in all. */
import { Fault } from "../../base/errors.ts";

/** Slashes between parts of `A-Z a-z 0-9 _ . -`. */
const KEY = /^(?:[A-Za-z0-9_.-]+\/)*[A-Za-z0-9_.-]+$/;
const DOTS = /(?:^|\/)\.+(?:\/|$)/;
/** S3 ends at 1024 bytes; a prefix inside the bucket needs some of them. */
const MAX_KEY = 900;

/** No part is dots alone, so no key leaves its folder. At most 900 characters. */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY && KEY.test(key) && !DOTS.test(key);
}

/** Throws `store.not-found`: there is no object of a name that cannot be one. */
export function checkObjectKey(key: string): void {
  if (!isObjectKey(key))
    throw new Fault("store.not-found", `not an object key: ${key.slice(0, 80)}`);
}

/** Images that the server makes lie beside the packs (docs/reference/images.md); no pack's key ends like theirs. */
export function isImageKey(key: string): boolean {
  return key.startsWith("images/") && /\.(?:jpg|png)$/.test(key);
}
