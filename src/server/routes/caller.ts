/** Who asks, as the audit has them and as limits count them. */
import type { FastifyRequest } from "fastify";
import type { Caller } from "../access/users.ts";
import type { Parts } from "../parts.ts";

export function callerOf(req: FastifyRequest): Caller {
  return { who: req.principal.id, address: req.ip };
}

interface Did {
  readonly action: string;
  readonly stream?: string;
  /** Without secrets: addresses of cameras and of hooks may have some in them. */
  readonly detail?: string;
}

/** An audit row of something that the caller has done. Throws `index.unavailable`. */
export async function audit(
  { archive, clock }: Pick<Parts, "archive" | "clock">,
  req: FastifyRequest,
  { stream = "", ...did }: Did,
): Promise<void> {
  await archive.index.addAudit({ atMs: clock.now(), stream, who: req.principal.id, ...did });
}
