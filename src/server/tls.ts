/**
 * The certificate of every port, and how a new one comes in without a restart: the files are looked at every few seconds, and
 * a pair that has been the same for two looks is taken by all ports at once. One that cannot be used is logged and the
 * old one stays. Connections that are open keep what they began with.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type Server as TlsServer } from "node:tls";
import type { CancelTimer, Clock } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "./config.ts";

/** PEM texts. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

type Port = Pick<TlsServer, "setSecureContext">;

const LOOK_MS = 5000;

export interface CertificateParts {
  readonly clock: Clock;
  readonly log: Logger;
}

export class Certificates {
  readonly #files: { readonly cert: string; readonly key: string };
  readonly #parts: CertificateParts;
  readonly #ports = new Set<Port>();
  #pair: CertificatePair;
  /** Of the files as last read, and as last seen. */
  #read: string;
  #seen: string;
  #cancel: CancelTimer = () => {};
  #closed = false;

  /** Undefined: no certificate is set. Throws `config.bad` for one that cannot be used. */
  static open(
    { tlsCert, tlsKey }: Pick<Config, "tlsCert" | "tlsKey">,
    parts: CertificateParts,
  ): Certificates | undefined {
    if (tlsCert === undefined || tlsKey === undefined) return undefined;
    return new Certificates({ cert: tlsCert, key: tlsKey }, parts);
  }

  private constructor(files: { cert: string; key: string }, parts: CertificateParts) {
    this.#files = files;
    this.#parts = parts;
    this.#read = this.#stamp();
    this.#seen = this.#read;
    try {
      this.#pair = readPair(files);
    } catch (cause) {
      const { message } = cause as Error;
      throw new Fault("config.bad", `the certificate cannot be used: ${message}`, { cause });
    }
    const { validToDate } = new X509Certificate(this.#pair.cert);
    if (validToDate.getTime() <= parts.clock.now())
      parts.log.warn("tls.expired", { expired: validToDate.toISOString() });
    this.#later();
  }

  /** What is in force. */
  get pair(): CertificatePair {
    return this.#pair;
  }

  /** This port has every new pair from now on. */
  follow(port: Port): void {
    this.#ports.add(port);
  }

  /** Looks at the files once. */
  look(): void {
    const stamp = this.#stamp();
    // The two files are written one after the other: what is still changing is looked at again.
    const settled = stamp === this.#seen;
    this.#seen = stamp;
    if (!settled || stamp === this.#read) return;
    this.#read = stamp;
    const { clock, log } = this.#parts;
    try {
      const pair = readPair(this.#files);
      const { validToDate } = new X509Certificate(pair.cert);
      if (validToDate.getTime() <= clock.now()) throw new Error("it has expired");
      for (const port of this.#ports) port.setSecureContext(pair);
      this.#pair = pair;
      log.warn("tls.renewed", { expires: validToDate.toISOString() });
    } catch (error) {
      const { message } = error as Error;
      log.error("tls.refused", { message, kept: "the certificate that was in force" });
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.after(LOOK_MS, () => {
      this.look();
      this.#later();
    });
  }

  #stamp(): string {
    return Object.values(this.#files).map(stampOf).join(" ");
  }
}

/** Changes when the file does, also when a link points to another one. */
function stampOf(path: string): string {
  const info = statSync(path, { throwIfNoEntry: false });
  return info === undefined ? "none" : `${info.ino}-${info.size}-${info.mtimeMs}`;
}

/** Throws what is wrong with it. */
function readPair(files: { readonly cert: string; readonly key: string }): CertificatePair {
  const pair = { cert: readFileSync(files.cert, "utf8"), key: readFileSync(files.key, "utf8") };
  if (!new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)))
    throw new Error("the key is not this certificate's");
  createSecureContext(pair);
  return pair;
}
