/** What the handler of a KVS operation is given besides its input. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { Principal } from "../access/guard.ts";
import type { Parts } from "../parts.ts";

export interface KvsContext {
  readonly parts: Parts;
  readonly principal: Principal;
  /** Base URL by which the client reached this server: `http://host:port`, no slash at its end. */
  readonly baseUrl: string;
  readonly request: IncomingMessage;
  /** For operations whose answer is media: they write to it themselves and return undefined. */
  readonly response: ServerResponse;
}

/** An operation on one stream, which is there and which the principal may use. Throws `Fault`. */
export type StreamOperation<Input, Output> = (
  input: Input,
  context: KvsContext & { readonly stream: StreamInfo },
) => Promise<Output>;
