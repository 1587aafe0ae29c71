/** The audit's entries in words. Pure. */
import type { AuditRow } from "./api.ts";
import { bytesText } from "./words.ts";

const ACTIONS: Readonly<Record<string, string>> = {
  removed: "Media deleted",
  "stream-created": "Stream made",
  "stream-changed": "Stream changed",
  "stream-deleted": "Stream deleted",
  "hold-added": "Held",
  "hold-ended": "Hold released",
  "clock-confirmed": "Clock confirmed",
  "key-added": "Key made",
  "key-removed": "Key revoked",
  "user-added": "User added",
  "user-changed": "User changed",
  "user-removed": "User removed",
  "signed-in": "Signed in",
  "sign-in-failed": "Sign-in failed",
  "signed-out": "Signed out",
  "session-made": "Token made",
  "source-set": "Source set",
  "source-removed": "Source removed",
  "hook-added": "Webhook added",
  "hook-removed": "Webhook removed",
};

export function auditWords({ action }: Pick<AuditRow, "action">): string {
  return ACTIONS[action] ?? action;
}

export interface AuditFilter {
  /** Part of the action as it is shown, or as the server calls it; empty: all. */
  readonly action: string;
  readonly who: string;
}

export function passesFilter(row: AuditRow, { action, who }: AuditFilter): boolean {
  const has = (text: string, part: string) =>
    text.toLowerCase().includes(part.trim().toLowerCase());
  return (has(auditWords(row), action) || has(row.action, action)) && has(row.who, who);
}

/** `at`: a time as the page writes it. */
export function auditDetail(row: AuditRow, at: (ms: number) => string): string {
  const { cause, from, to, packs, bytes, detail } = row;
  const parts = [
    ...(cause === undefined ? [] : [cause]),
    ...(from === undefined || to === undefined ? [] : [`${at(from)} to ${at(to)}`]),
    ...(packs === undefined || packs === 0 ? [] : [`${packs} pack${packs === 1 ? "" : "s"}`]),
    ...(bytes === undefined || bytes === 0 ? [] : [bytesText(bytes)]),
    ...(detail === undefined ? [] : [detailText(detail, at)]),
  ];
  return parts.join(", ");
}

/** What is JSON is written as names and values. */
function detailText(detail: string, at: (ms: number) => string): string {
  try {
    const value: unknown = JSON.parse(detail);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return detail;
    return Object.entries(value)
      .map(([name, one]) => valueText(name, one, at))
      .join(", ");
  } catch {
    return detail;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  createdMs: "made",
  expiresMs: "ends",
  fromMs: "from",
  toMs: "to",
  retentionHours: "kept",
  retentionBytes: "at most",
};

function valueText(name: string, value: unknown, at: (ms: number) => string): string {
  const label = NAMES[name] ?? name;
  if (name === "retentionHours") return `${label} ${value} hours`;
  if (name === "retentionBytes")
    return value === 0 ? "no limit of size" : `${label} ${bytesText(Number(value))}`;
  if (name.endsWith("Ms") && typeof value === "number") return `${label} ${at(value)}`;
  if (Array.isArray(value)) return `${label} ${value.join(", ")}`;
  return `${label} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
}
