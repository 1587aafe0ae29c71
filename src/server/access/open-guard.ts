/** Authentication is off: everybody may do everything. */
import type { Guard, Principal } from "./guard.ts";

export const ANONYMOUS: Principal = {
  id: "anonymous",
  expiresMs: undefined,
  scope: { actions: ["manage"], streams: "*" },
  maker: undefined,
  may: () => true,
  require: () => {},
};

export const openGuard: Guard = {
  required: false,
  identify: async () => ANONYMOUS,
  watch: () => () => {},
};
