/** Lets this process trust the certificates of `test/fixtures`, as a machine trusts those of its own authority. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

const FIXTURES = join(import.meta.dirname, "../fixtures");

export const CERTIFICATES = [
  { tlsCert: join(FIXTURES, "localhost-cert.pem"), tlsKey: join(FIXTURES, "localhost-key.pem") },
  {
    tlsCert: join(FIXTURES, "localhost-2-cert.pem"),
    tlsKey: join(FIXTURES, "localhost-2-key.pem"),
  },
] as const;

export function trustFixtures(): void {
  const own = CERTIFICATES.map(({ tlsCert }) => readFileSync(tlsCert, "utf8"));
  setDefaultCACertificates([...getCACertificates("default"), ...own]);
}
