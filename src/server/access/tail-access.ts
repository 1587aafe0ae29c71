/** What a viewer's WebSocket was opened with, and may be renewed with while it is open. */
import type { TailAccess } from "../../play/tail/tail-access.ts";
import type { Guard, Principal, RequestHead } from "./guard.ts";

/** Throws `auth.*`. */
export async function tailAccess(
  guard: Guard,
  head: RequestHead,
  stream: string,
): Promise<TailAccess> {
  const principal = await guard.identify(head);
  return accessOf(principal, { guard, head, stream });
}

function accessOf(
  principal: Principal,
  scene: { readonly guard: Guard; readonly head: RequestHead; readonly stream: string },
): TailAccess {
  const { guard, head, stream } = scene;
  principal.require("read", { stream });
  return {
    expiresMs: principal.expiresMs,
    watch: (revoked) => guard.watch(principal, revoked),
    async renew(token) {
      const headers = { authorization: `Bearer ${token}` };
      const { remoteAddress } = head;
      return accessOf(
        await guard.identify({ method: "GET", url: "/", headers, remoteAddress }),
        scene,
      );
    },
  };
}
