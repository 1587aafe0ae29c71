/**
 * What an operator should hear without reading the log: some lines of the archive's log, each written once per trouble, become
 * `error` events, and so does the end of a store's outage, which is an upload that works. Names of lines and of codes: TOLD.
 */
import { errorEvent } from "../../archive/events.ts";
import type { NewEvent } from "../../archive/index/index-events.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Meters } from "../../base/meters.ts";

type Fields = Readonly<Record<string, unknown>>;

/** By line: code of the event and what it says. docs/reference/events.md. */
const TOLD: ReadonlyMap<string, { readonly code: string; readonly message: string }> = new Map(
  Object.entries({
    "upload.failed": { code: "store.away", message: "packs do not reach the object store" },
    "upload.set-aside": { code: "upload.aside", message: "a pack cannot be sent to the store" },
    "pack.not-sealed": { code: "pack.not-sealed", message: "a pack cannot be sealed" },
    "space.closed": { code: "space.closed", message: "media waits for room" },
    "space.opened": { code: "space.opened", message: "there is room again" },
    "clock.suspect": { code: "clock.suspect", message: "nothing is removed" },
    "clock.trusted": { code: "clock.trusted", message: "the clock is believed again" },
  }),
);

export interface TroubleParts {
  readonly log: Logger;
  readonly meters: Meters;
  readonly clock: Clock;
  tell(event: NewEvent): void;
}

/** To be given to the archive in place of the log and the meters. */
export function withTrouble(parts: TroubleParts): {
  readonly log: Logger;
  readonly meters: Meters;
} {
  const { clock, tell, meters } = parts;
  let away = false;
  const say = (code: string, message: string, fields: Fields = {}) => {
    const detail: Record<string, string> = {};
    for (const name of ["pack", "reason"])
      if (typeof fields[name] === "string" && fields[name] !== "") detail[name] = fields[name];
    const why = typeof fields.message === "string" ? `${message}: ${fields.message}` : message;
    const cause = typeof fields.code === "string" ? { cause: fields.code } : {};
    const stream = detail.pack?.split("/")[0];
    tell(
      errorEvent({
        ...{ code, message: why, atMs: clock.now(), detail: { ...detail, ...cause } },
        ...(stream === undefined || code === "store.away" ? {} : { stream }),
      }),
    );
  };
  const heard = (line: string, fields?: Fields) => {
    const told = TOLD.get(line);
    if (told === undefined) return;
    if (line === "upload.failed") {
      // Another code in the same outage.
      if (away) return;
      away = true;
    }
    say(told.code, told.message, fields);
  };
  const upload: Meters["upload"] = (result, ...rest) => {
    meters.upload(result, ...rest);
    if (result !== "ok" || !away) return;
    away = false;
    say("store.back", "packs reach the object store again");
  };
  return { log: listening(parts.log, heard), meters: { ...meters, upload } };
}

function listening(log: Logger, heard: (line: string, fields?: Fields) => void): Logger {
  const also = (level: "warn" | "error") => (line: string, fields?: Fields) => {
    log[level](line, fields);
    heard(line, fields);
  };
  return {
    child: (fields) => listening(log.child(fields), heard),
    info: (line, fields) => log.info(line, fields),
    warn: also("warn"),
    error: also("error"),
  };
}
