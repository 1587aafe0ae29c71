/** The command streambank-producer as its own process. */
import { join } from "node:path";
import { NodeProgram } from "./node-program.ts";

const MAIN = join(import.meta.dirname, "../../producer-sdk/src/node/main.ts");

export class ProducerProcess extends NodeProgram {
  constructor(...args: string[]) {
    super(MAIN, ...args);
  }
}
