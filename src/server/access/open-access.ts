/** Everything that decides who may do what, made from the settings. */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { openAccess, type PushAccess } from "../../ingest/push-access.ts";
import type { Config } from "../config.ts";
import { PushTokens, readSecret } from "../push-tokens.ts";
import type { Guard } from "./guard.ts";
import { KeyGuard } from "./key-guard.ts";
import { KeyPushAccess } from "./key-push-access.ts";
import { AccessKeys, type NewKey } from "./keys.ts";
import { openGuard } from "./open-guard.ts";
import { SecretBox } from "./secret-box.ts";
import { SessionTokens } from "./session-tokens.ts";

export interface Access {
  readonly guard: Guard;
  readonly access: PushAccess;
  readonly sessions: SessionTokens;
  /** Undefined: authentication is off. */
  readonly keys: AccessKeys | undefined;
  /** Made at this start, because no key could manage the server: to be shown to the operator, once. */
  readonly rootKey: NewKey | undefined;
}

type AccessConfig = Pick<Config, "auth" | "dataDir" | "clusterKeyFile" | "pushKeyFile">;

/** Throws `config.bad`, `index.unavailable`. */
export async function openAccessParts(
  { auth, dataDir, clusterKeyFile, pushKeyFile }: AccessConfig,
  { index, clock }: { readonly index: FragmentIndex; readonly clock: Clock },
): Promise<Access> {
  const sessions = await SessionTokens.open(index, clock);
  const file =
    pushKeyFile === undefined ? undefined : new PushTokens(readSecret(pushKeyFile), clock);
  if (auth === "off")
    return {
      ...{ guard: openGuard, access: file ?? openAccess, sessions },
      ...{ keys: undefined, rootKey: undefined },
    };
  const box = SecretBox.open(dataDir, clusterKeyFile);
  const keys = await AccessKeys.open({ index, clock, box });
  const guard = new KeyGuard({ keys, sessions, clock });
  const root = { actions: ["manage"], streams: "*", name: "root" } as const;
  const canManage = keys
    .list()
    .some(({ actions, streams }) => actions.includes("manage") && streams === "*");
  const rootKey = canManage ? undefined : await keys.create(root, "first start");
  return { guard, access: new KeyPushAccess(guard, file), sessions, keys, rootKey };
}
