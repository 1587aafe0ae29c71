/** The settings of the object store, with the keys that files and the environment have. */
import { readFileSync } from "node:fs";
import type { StoreSettings } from "../archive/store/open-store.ts";
import { Fault } from "../base/errors.ts";
import type { Config } from "./config.ts";

/** Throws `config.bad`: a key that is missing, or a file that cannot be read. Never repeats a key. */
export function storeSettings(config: Config): StoreSettings {
  const { encryptionKeyFile, s3Endpoint: endpoint, s3Bucket: bucket } = config;
  if (config.store === "folder" || endpoint === undefined || bucket === undefined)
    return { encryptionKeyFile };
  const { access, secret } = config.s3Keys();
  const accessKey = key("s3AccessKeyFile", config.s3AccessKeyFile, access);
  const secretKey = key("s3SecretKeyFile", config.s3SecretKeyFile, secret);
  const { s3Prefix: prefix, s3Region: region, s3Sse } = config;
  const sse = s3Sse === "off" ? {} : { sse: s3Sse };
  const s3 = { endpoint, bucket, prefix, region, accessKey, secretKey, ...sse };
  return { s3, encryptionKeyFile };
}

function key(name: string, path: string | undefined, fromEnv: string | undefined): string {
  const value = path === undefined ? (fromEnv ?? "") : readKey(name, path);
  if (value !== "") return value;
  throw new Fault("config.bad", `${name}: the key is missing; see docs/reference/object-store.md`);
}

function readKey(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new Fault("config.bad", `${name}: ${(cause as Error).message}`, { cause });
  }
}
