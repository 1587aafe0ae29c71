/** Where a bucket is: the settings' texts, checked. */
import { Fault } from "../../base/errors.ts";
import { isObjectKey } from "./object-key.ts";

/** Scheme, host and port, nothing else: no keys in it, no folder. Throws `config.bad`. */
export function endpointUrl(endpoint: string): URL {
  const url = URL.parse(endpoint);
  const fine =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.origin === `${url.protocol}//${url.host}` &&
    [url.username, url.password, url.search, url.hash].every((part) => part === "") &&
    url.pathname === "/";
  if (!fine)
    throw new Fault("config.bad", "s3Endpoint: must be http://host:port or https://host, no more");
  return url;
}

/** Empty, or a beginning of keys with a slash at its end. Throws `config.bad`. */
export function checkPrefix(prefix: string): void {
  if (prefix === "" || (prefix.endsWith("/") && isObjectKey(prefix.slice(0, -1)))) return;
  throw new Fault(
    "config.bad",
    "s3Prefix: must be parts of letters, digits and _.- with a slash behind each",
  );
}
