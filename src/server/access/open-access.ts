/** Everything that decides who may do what, made from the settings. */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { openAccess, type PushAccess } from "../../ingest/push-access.ts";
import type { Config } from "../config.ts";
import { PushTokens, readSecret } from "../push-tokens.ts";
import { BoundedAudit } from "./bounded-audit.ts";
import { Directory } from "./directory.ts";
import { FailureLimit } from "./failure-limit.ts";
import type { Guard } from "./guard.ts";
import { KeyGuard } from "./key-guard.ts";
import { KeyPushAccess, LimitedPushAccess } from "./key-push-access.ts";
import type { AccessKeys, NewKey } from "./keys.ts";
import { openGuard } from "./open-guard.ts";
import { Passwords, type ScryptCost } from "./passwords.ts";
import { SecretBox } from "./secret-box.ts";
import { SessionTokens } from "./session-tokens.ts";
import { SignIns } from "./sign-ins.ts";

export interface Access {
  readonly guard: Guard;
  readonly access: PushAccess;
  readonly sessions: SessionTokens;
  /** For what happens often: sessions made, sign-ins. */
  readonly accessAudit: BoundedAudit;
  /** Undefined: authentication is off. */
  readonly directory: Directory | undefined;
  readonly keys: AccessKeys | undefined;
  readonly signIns: SignIns | undefined;
  /** Made at this start, because no key could manage the server: to be shown to the operator, once. */
  readonly rootKey: NewKey | undefined;
}

type AccessConfig = Pick<Config, "auth" | "dataDir" | "clusterKeyFile" | "pushKeyFile">;

interface AccessParts {
  readonly index: FragmentIndex;
  readonly clock: Clock;
  /** Of passwords that are set; default as dear as it should be. */
  readonly cost?: ScryptCost | undefined;
}

/** Throws `config.bad`, `index.unavailable`. */
export async function openAccessParts(
  { auth, dataDir, clusterKeyFile, pushKeyFile }: AccessConfig,
  { index, clock, cost }: AccessParts,
): Promise<Access> {
  const limit = new FailureLimit(clock);
  const accessAudit = new BoundedAudit({ index, clock });
  const file =
    pushKeyFile === undefined ? undefined : new PushTokens(readSecret(pushKeyFile), clock);
  if (auth === "off")
    return {
      guard: openGuard,
      access: file === undefined ? openAccess : new LimitedPushAccess(file, limit),
      sessions: await SessionTokens.open(index, clock),
      accessAudit,
      ...{ directory: undefined, keys: undefined, signIns: undefined, rootKey: undefined },
    };
  const box = SecretBox.open(dataDir, clusterKeyFile);
  const passwords = new Passwords(cost);
  const directory = await Directory.open({ index, clock, box, passwords });
  const sessions = await SessionTokens.open(index, clock, (maker) => directory.scope(maker));
  const guard = new KeyGuard({ directory, sessions, clock, limit });
  const { keys } = directory;
  const root = { actions: ["manage"], streams: "*", name: "root" } as const;
  const canManage = keys
    .list()
    .some(({ actions, streams }) => actions.includes("manage") && streams === "*");
  const rootKey = canManage ? undefined : await keys.create(root, "first start");
  const signIns = new SignIns({ directory, sessions, limit, index, clock });
  const access = new KeyPushAccess(guard, file);
  return { guard, access, sessions, accessAudit, directory, keys, signIns, rootKey };
}
