/**
 * Objects in a bucket of anything that speaks S3. One request per object, conditional, so that nothing is
 * ever overwritten; what a request did is settled by looking, not by its reply. The traps of the client:
 * docs/decisions/0010-minio-client.md.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { type BucketItemStat, Client } from "minio";
import { Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";
import { checkFileSize, fileDigest, filePieces } from "./file-pieces.ts";
import { checkObjectKey } from "./object-key.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { checkPrefix, endpointUrl } from "./s3-address.ts";
import { isMissing, isPastEnd, isRefusal, s3Fault, s3Trouble } from "./s3-errors.ts";
import { type S3Transport, s3Transport, wholeRange } from "./s3-transport.ts";
import { Slots } from "./slots.ts";
import { IDENTITY_OBJECT } from "./store-identity.ts";

/** What one request may send: 5 GiB on every store we know. Packs end long before. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;
/** What one request may delete. */
const DELETE_BATCH = 1000;
const DEFAULT_REGION = "us-east-1";

export interface S3Options {
  /** `https://host`, `http://host:port`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Where in the bucket: "" or a key with a slash at its end. */
  readonly prefix?: string;
  /** Default: us-east-1, which stores without regions take. */
  readonly region?: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Asks the store to encrypt what it writes, with keys of its own. */
  readonly sse?: "AES256";
  /** A request fails when nothing moves for so long. Default 15,000. */
  readonly idleMs?: number;
  /** Most uploads at once. Default 4. */
  readonly uploads?: number;
  /** Most other requests at once. Default 32. */
  readonly requests?: number;
  readonly files: Files;
}

interface Upload {
  readonly object: string;
  readonly localPath: string;
  readonly bytes: number;
  readonly sha256: string;
}

export class S3Store implements ObjectStore {
  readonly name: string;
  readonly remote = true;
  readonly #options: S3Options;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #region: string;
  readonly #client: Client;
  readonly #transport: S3Transport;
  /** Apart, so that reads do not wait behind uploads. */
  readonly #uploads: Slots;
  readonly #requests: Slots;

  /** Makes no request. Throws `config.bad`. */
  constructor(options: S3Options) {
    const { endpoint, bucket, prefix = "", region = DEFAULT_REGION, idleMs = 15_000 } = options;
    const url = endpointUrl(endpoint);
    checkPrefix(prefix);
    this.#options = options;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#region = region;
    this.#uploads = new Slots(options.uploads ?? 4);
    this.#requests = new Slots(options.requests ?? 32);
    this.#transport = s3Transport({ secure: url.protocol === "https:", idleMs });
    this.#client = client(url, options, this.#transport);
    this.name = `s3 ${url.origin}/${bucket}/${prefix}`;
  }

  async put(key: string, localPath: string, bytes: number): Promise<void> {
    const object = this.#object(key);
    if (bytes > MAX_PUT_BYTES)
      throw new Fault("store.full", `${key} has ${bytes} bytes, at most ${MAX_PUT_BYTES}`);
    const { files } = this.#options;
    await this.#uploads.run(async () => {
      if ((await files.size(localPath)) === undefined) return this.#wasPut(object, bytes);
      await checkFileSize(files, localPath, bytes);
      const sha256 = await fileDigest(files, { path: localPath, bytes, algorithm: "sha256" });
      await this.#upload({ object, localPath, bytes, sha256 });
    });
  }

  /** A lost reply, a race, a refusal: what counts is what is there afterwards. */
  async #upload(upload: Upload): Promise<void> {
    const { object } = upload;
    let trouble: unknown;
    try {
      await this.#send(upload);
    } catch (error) {
      if (error instanceof Fault) throw error;
      trouble = error;
    }
    const found = await this.#stat(object);
    if (found === undefined)
      throw trouble === undefined
        ? new Fault("store.unavailable", `${object} was taken and is not there`)
        : s3Fault(trouble, `putting ${object}`);
    if (!(await this.#isSame(found, upload)))
      throw new Fault("store.conflict", `${object} is there with other bytes`);
  }

  /** One request with the file's length and, signed, its SHA-256: the store refuses other bytes. */
  async #send({ object, localPath, bytes, sha256 }: Upload): Promise<void> {
    const { sse, files } = this.#options;
    const headers = {
      "content-length": String(bytes),
      "content-type": "application/octet-stream",
      "if-none-match": "*",
      "x-amz-meta-sha256": sha256,
      ...(sse === undefined ? {} : { "x-amz-server-side-encryption": sse }),
    };
    const request = { method: "PUT", bucketName: this.#bucket, objectName: object, headers };
    let fileTrouble: Fault | undefined;
    const pieces = async function* () {
      try {
        yield* filePieces(files, localPath, bytes);
      } catch (error) {
        if (error instanceof Fault) fileTrouble = error;
        throw error;
      }
    };
    try {
      const body = Readable.from(pieces(), { objectMode: false });
      const reply = await this.#client.makeRequestStreamAsync(request, body, sha256, [200], "");
      reply.resume();
    } catch (error) {
      throw fileTrouble ?? error;
    }
  }

  async #isSame(found: BucketItemStat, { localPath, bytes, sha256 }: Upload): Promise<boolean> {
    if (found.size !== bytes) return false;
    const known: unknown = found.metaData.sha256;
    if (known !== undefined) return known === sha256;
    // Copied here by a tool that drops metadata: the tag of an object sent in one piece is its MD5.
    const { files } = this.#options;
    return found.etag === (await fileDigest(files, { path: localPath, bytes, algorithm: "md5" }));
  }

  /** The local file is gone, so an earlier try has to have done it. */
  async #wasPut(object: string, bytes: number): Promise<void> {
    const found = await this.#stat(object);
    if (found === undefined)
      throw new Fault("store.not-found", `there is neither a file for ${object} nor the object`);
    if (found.size !== bytes)
      throw new Fault("store.conflict", `${object} is there with another size`);
  }

  async read(key: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    const object = this.#object(key);
    signal?.throwIfAborted();
    // No range has no bytes: this asks for nothing.
    if (size === 0) return new Uint8Array();
    const body = await this.#request(`reading ${object}`, signal, async () => {
      try {
        const got = this.#client.getPartialObject(this.#bucket, object, offset, size);
        return await wholeRange((await got) as IncomingMessage, offset, size);
      } catch (error) {
        if (isPastEnd(error)) return undefined;
        throw error;
      }
    });
    if (body !== undefined) return body;
    throw new Fault("store.corrupt", `${object} ends before byte ${offset + size}`, { at: offset });
  }

  async size(key: string): Promise<number | undefined> {
    const object = this.#object(key);
    return (await this.#stat(object))?.size;
  }

  #stat(object: string): Promise<BucketItemStat | undefined> {
    return this.#request(`looking at ${object}`, undefined, async () => {
      try {
        return await this.#client.statObject(this.#bucket, object);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    const objects = keys.map((key) => this.#object(key));
    for (let i = 0; i < objects.length; i += DELETE_BATCH) {
      const batch = objects.slice(i, i + DELETE_BATCH);
      const left = await this.#request("deleting", undefined, () =>
        this.#client.removeObjects(this.#bucket, batch),
      );
      if (left.length > 0) throw deleteFault(left[0]);
    }
  }

  async *list(prefix: string): AsyncGenerator<readonly StoredObject[]> {
    for (let after = ""; ; ) {
      const start = after;
      // By the last key instead of the client's token, which it mangles when it looks like a number.
      const page = await this.#request("listing", undefined, () =>
        this.#client.listObjectsV2Query(this.#bucket, this.#prefix + prefix, "", "", 1000, start),
      );
      const found = page.objects.flatMap(({ name, size }) =>
        name === undefined || name === this.#prefix + IDENTITY_OBJECT
          ? []
          : [{ key: name.slice(this.#prefix.length), bytes: size }],
      );
      const last = page.objects.at(-1)?.name;
      if (found.length > 0) yield found;
      if (!page.isTruncated || last === undefined) return;
      after = last;
    }
  }

  async space(): Promise<undefined> {
    return undefined;
  }

  async probe(): Promise<void> {
    if (!(await this.#bucketExists()))
      throw new Fault("config.bad", `${this.name}: there is no such bucket`);
  }

  /** Makes the bucket when it is not there. Throws `store.unavailable`, `config.bad`. */
  async makeBucket(): Promise<void> {
    if (await this.#bucketExists()) return;
    try {
      await this.#guarded("making the bucket", () =>
        this.#client.makeBucket(this.#bucket, this.#region),
      );
    } catch (error) {
      // Stores of one place know no region of that name.
      const { code } = s3Trouble((error as Fault).cause);
      if (code !== "InvalidLocationConstraint") throw error;
      await this.#guarded("making the bucket", () => this.#client.makeBucket(this.#bucket));
    }
  }

  #bucketExists(): Promise<boolean> {
    return this.#guarded("asking for the bucket", () => this.#client.bucketExists(this.#bucket));
  }

  /** A request whose refusal is a wrong setting. */
  async #guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isRefusal(error)) throw s3Fault(error, `${this.name}, ${what}`);
      const { code } = s3Trouble(error);
      throw new Fault(
        "config.bad",
        `${this.name}: ${code} when ${what}; check keys, bucket, region and this machine's clock`,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    this.#transport.agent.destroy();
  }

  async #request<T>(
    what: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const guarded = async () => {
      try {
        return await this.#transport.within(signal, work);
      } catch (error) {
        signal?.throwIfAborted();
        throw s3Fault(error, what);
      }
    };
    return this.#requests.run(guarded, signal);
  }

  #object(key: string): string {
    checkObjectKey(key);
    return this.#prefix + key;
  }
}

function client(url: URL, options: S3Options, { transport, agent }: S3Transport): Client {
  const { accessKey, secretKey, region = DEFAULT_REGION } = options;
  try {
    const made = new Client({
      endPoint: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
      useSSL: url.protocol === "https:",
      pathStyle: true,
      // Its own retries print to the console, and the callers know better when.
      retryOptions: { disableRetry: true },
      ...{ accessKey, secretKey, region, transport, transportAgent: agent },
    });
    // Signed over TLS, too: then the store checks what it was sent in both cases.
    made.enableSHA256 = true;
    return made;
  } catch (cause) {
    throw new Fault("config.bad", `s3Endpoint: ${s3Trouble(cause).message}`, { cause });
  }
}

/** The client's type puts these fields one level deeper than it does. */
function deleteFault(one: unknown): Fault {
  const { Code = "", Key = "" } = one as { Code?: string; Key?: string };
  return new Fault("store.unavailable", `deleting ${Key}: ${Code}`);
}
