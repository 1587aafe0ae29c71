/** Which version this is, as package.json has it. */
import { readFileSync } from "node:fs";

const PACKAGE = new URL("../../package.json", import.meta.url);

let known: string | undefined;

/** Read once. */
export function version(): string {
  known ??= (JSON.parse(readFileSync(PACKAGE, "utf8")) as { readonly version: string }).version;
  return known;
}
