/** Events of the server in sentences. Pure. */
import type { EventRow } from "./api.ts";
import { CAUSES } from "./gap-words.ts";
import { bytesText, spanText } from "./words.ts";

export function eventText({ type, data }: Pick<EventRow, "type" | "data">): string {
  const text = (name: string) => (data[name] === undefined ? "" : String(data[name]));
  const span = spanText(Number(data.endMs ?? 0) - Number(data.startMs ?? 0));
  const cause = CAUSES[text("cause")] ?? text("cause");
  switch (type) {
    case "stream.online":
      return "Came online";
    case "stream.offline":
      return text("reason") === "" ? "Went offline" : `Went offline: ${text("reason")}`;
    case "gap":
      return `Gap of ${span}: ${[cause, text("detail")].filter(Boolean).join(", ")}`;
    case "retention":
      return `${bytesText(Number(data.bytes ?? 0))} of ${span} deleted: ${cause}`;
    case "error":
      return [text("code"), text("message"), text("reason")].filter(Boolean).join(": ") || "Error";
    case "fragment.persisted":
      return `Fragment of ${span} stored`;
    default:
      return type;
  }
}
