/** Why there is no picture, asked of the server: a WebSocket that is refused does not say why. Browser only. */
import { Fault } from "../../src/base/errors.ts";
import type { Api } from "./api.ts";

/** Why a stream cannot be watched, with what to do; `undefined` when the server is away or all is well. */
export async function explain(api: Api, stream: string): Promise<string | undefined> {
  try {
    await api.stream(stream);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault) || error.code === "store.unavailable") return undefined;
    return `${error.message}; check the stream's name and the token`;
  }
}
