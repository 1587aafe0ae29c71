/**
 * Keeps what Node makes of our sources between starts: a start after a crash should not wait for 120 files to be stripped
 * of their types and compiled again. In Node's own place (the temporary folder, or NODE_COMPILE_CACHE).
 */
import { enableCompileCache, flushCompileCache } from "node:module";

/** For every module loaded from now on in this thread. */
export function keepCompiledCode(): void {
  enableCompileCache();
}

/** Node does it at the end of the process, which a server that is killed does not see. */
export function writeCompiledCode(): void {
  flushCompileCache();
}
