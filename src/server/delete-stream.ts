/** The end of a stream and all its media, when nobody is using it. */
import { Fault } from "../base/errors.ts";
import type { Parts } from "./parts.ts";

/** Throws `stream.not-found`, `ingest.busy` (a source, a producer here or on another node), `stream.held`. */
export async function deleteStream(parts: Parts, name: string): Promise<void> {
  if (parts.pulls.find(name) !== undefined)
    throw new Fault("ingest.busy", `${name} has a source; take that away first`);
  if (parts.hub.status(name)?.live)
    throw new Fault("ingest.busy", `${name} has a producer connected; stop it first`);
  const owner = await parts.nodes?.placement.lookUp(name);
  if (owner !== undefined)
    throw new Fault(
      "ingest.busy",
      `${name} is recorded by node ${owner.node}; stop its producer first`,
    );
  await parts.archive.delete(name);
  parts.hub.forget(name);
}
