/** Ports whose n-th call fails, once having done nothing and once having done its work without saying so. */
import type { OpenFile } from "../../src/archive/files.ts";
import { Fault, type FaultCode } from "../../src/base/errors.ts";

export type Effect = "lost" | "done";

/** Counts calls over all ports that share it; the n-th fails, and with `persistent` every one after it too. */
export interface Plan {
  calls: number;
  readonly failAt: number;
  readonly effect: Effect;
  readonly persistent: boolean;
  /** Default `store.unavailable`, as EIO is; `store.full` as ENOSPC is. */
  readonly code?: FaultCode;
  /** Only calls of this kind count: the port's name, a dot, the method's. Default: all. */
  readonly kind?: string;
  /** Told of every call that counts, and whether it is the one that fails first. */
  seen?(kind: string, fails: boolean): void;
}

/** `names`: the methods that count. Files that it opens fail in their turn. `port`: for the names of kinds. */
export function failing<T extends object>(
  target: T,
  plan: Plan,
  names: ReadonlySet<string>,
  port = "",
): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name);
      if (typeof value !== "function") return value;
      if (!names.has(String(name))) return value.bind(object);
      return async (...args: readonly unknown[]) => {
        const kind = `${port}.${String(name)}`;
        if (plan.kind === undefined || plan.kind === kind) plan.calls++;
        else return wrapFile(await value.apply(object, args), plan);
        const fails = plan.calls === plan.failAt || (plan.persistent && plan.calls > plan.failAt);
        plan.seen?.(kind, plan.calls === plan.failAt);
        if (!fails) return wrapFile(await value.apply(object, args), plan);
        if (plan.effect === "done") {
          const result = await value.apply(object, args);
          if (isFile(result)) await result.close();
        }
        const code = plan.code ?? "store.unavailable";
        throw new Fault(code, `call ${plan.calls} (${kind}) failed by plan`);
      };
    },
  });
}

const FILE_CALLS = new Set(["write", "sync", "truncate"]);

function isFile(value: unknown): value is OpenFile {
  return typeof value === "object" && value !== null && "truncate" in value && "write" in value;
}

function wrapFile(value: unknown, plan: Plan): unknown {
  return isFile(value) ? failing(value, plan, FILE_CALLS, "file") : value;
}
