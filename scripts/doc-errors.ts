/** The table of docs/reference/errors.md against the codes of src/base/errors.ts and the statuses the server gives. */
import type { FaultCode } from "../src/base/errors.ts";
import { httpStatus } from "../src/server/http-status.ts";

/** A missing row, a row too many, a wrong status. */
export function errorTableProblems(source: string, page: string): string[] {
  const codes = faultCodes(source);
  const rows = tableRows(page);
  if (codes.length === 0) return ["src/base/errors.ts: no FaultCode found"];
  return [
    ...codes.filter((code) => !rows.has(code)).map((code) => `errors.md: no row for ${code}`),
    ...[...rows].flatMap(([code, status]) => {
      if (!codes.includes(code)) return [`errors.md: ${code} is not a FaultCode`];
      const real = String(httpStatus(code as FaultCode));
      return real === status
        ? []
        : [`errors.md: ${code}: status ${status}, the server says ${real}`];
    }),
  ];
}

function faultCodes(source: string): string[] {
  const [, union = ""] = /export type FaultCode =([^;]*);/.exec(source) ?? [];
  return [...union.matchAll(/"([^"]+)"/g)].map(([, code = ""]) => code);
}

/** Code to status, from rows like: | `mkv.bad-id` | 400 | … */
function tableRows(page: string): Map<string, string> {
  const rows = page.matchAll(/^\| `([a-z0-9.-]+)` \| (\d{3}) \|/gm);
  return new Map([...rows].map(([, code = "", status = ""]) => [code, status]));
}
