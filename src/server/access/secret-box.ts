/**
 * Secrets that have to be known again (a signature is checked with them), encrypted with a key that is not in the index:
 * AES-256-GCM. Who has a copy of the index alone has no secret.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/errors.ts";

const FILE = "access.key";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class SecretBox {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The key is in a file of the data folder; nodes derive it from the cluster key that they share. */
  static open(dataDir: string, clusterKeyFile: string | undefined): SecretBox {
    if (clusterKeyFile === undefined) return new SecretBox(keyInFile(dataDir));
    const shared = readFileSync(clusterKeyFile);
    return new SecretBox(
      Buffer.from(hkdfSync("sha256", shared, "", "streambank access", KEY_BYTES)),
    );
  }

  /** base64. `name` belongs to it: a box of another name is not opened. */
  seal(text: string, name: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(name));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
  }

  /** Throws `config.bad`: the key file is another one than these secrets were made with. */
  open(box: string, name: string): string {
    const bytes = Buffer.from(box, "base64");
    const [nonce, tag] = [
      bytes.subarray(0, NONCE_BYTES),
      bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES),
    ];
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, {
        authTagLength: TAG_BYTES,
      }).setAAD(Buffer.from(name));
      decipher.setAuthTag(tag);
      const rest = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(rest), decipher.final()]).toString("utf8");
    } catch (cause) {
      throw new Fault("config.bad", `${FILE} is not the one that access keys were made with`, {
        cause,
      });
    }
  }
}

function keyInFile(dataDir: string): Buffer {
  const path = join(dataDir, FILE);
  try {
    // Fails where there is one: two that start at once have one key.
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(path, `${randomBytes(KEY_BYTES).toString("hex")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw new Fault("config.bad", `cannot write ${path}: ${(error as Error).message}`);
  }
  const key = Buffer.from(readFileSync(path, "utf8").trim(), "hex");
  if (key.length === KEY_BYTES) return key;
  throw new Fault("config.bad", `${path} must have ${2 * KEY_BYTES} hexadecimal digits`);
}
