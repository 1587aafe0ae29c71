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
}

/** `names`: the methods that count. Files that it opens fail in their turn. */
export function failing<T extends object>(target: T, plan: Plan, names: ReadonlySet<string>): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name);
      if (typeof value !== "function") return value;
      if (!names.has(String(name))) return value.bind(object);
      return async (...args: readonly unknown[]) => {
        plan.calls++;
        const fails = plan.calls === plan.failAt || (plan.persistent && plan.calls > plan.failAt);
        if (!fails) return wrapFile(await value.apply(object, args), plan);
        if (plan.effect === "done") {
          const result = await value.apply(object, args);
          if (isFile(result)) await result.close();
        }
        const code = plan.code ?? "store.unavailable";
        throw new Fault(code, `call ${plan.calls} (${String(name)}) failed by plan`);
      };
    },
  });
}

const FILE_CALLS = new Set(["write", "sync", "truncate"]);

function isFile(value: unknown): value is OpenFile {
  return typeof value === "object" && value !== null && "truncate" in value && "write" in value;
}

function wrapFile(value: unknown, plan: Plan): unknown {
  return isFile(value) ? failing(value, plan, FILE_CALLS) : value;
}
