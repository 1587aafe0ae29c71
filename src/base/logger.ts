/** Where log lines go. Event names are fixed words, so they can be counted and searched. */
export interface Logger {
  child(fields: Readonly<Record<string, string | number>>): Logger;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. For tests and for library users who did not ask for a log. */
export const silentLogger: Logger = {
  child: () => silentLogger,
  info: () => {},
  warn: () => {},
  error: () => {},
};
