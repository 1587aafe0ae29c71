/** The process's log: one JSON line per event on standard error, through pino. */
import { pino } from "pino";
import type { Logger } from "../base/logger.ts";

/** Levels as pino names them; `silent` writes nothing. */
export type LogLevel = "info" | "warn" | "error" | "silent";

/** A logger that writes JSON lines to standard error from the given level up. */
export function processLogger(level: LogLevel): Logger {
  return wrap(pino({ level, base: null }, pino.destination({ fd: 2, sync: true })));
}

function wrap(log: pino.Logger): Logger {
  return {
    child: (fields) => wrap(log.child(fields)),
    info: (event, fields) => log.info({ ...fields, event }),
    warn: (event, fields) => log.warn({ ...fields, event }),
    error: (event, fields) => log.error({ ...fields, event }),
  };
}
