/** Wall-clock times for people, always with their zone. Pure but for the rules of the runtime's zones. */

type Parts = Readonly<Record<string, string>>;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, zone: string | undefined, options: Intl.DateTimeFormatOptions) {
  const key = `${name} ${zone ?? ""}`;
  let found = formats.get(key);
  if (found === undefined) {
    const timeZone = zone === undefined ? {} : { timeZone: zone };
    found = new Intl.DateTimeFormat("en-GB", { ...options, ...timeZone, hourCycle: "h23" });
    formats.set(key, found);
  }
  return found;
}

function parts(ms: number, zone: string | undefined): Parts {
  const all = format("all", zone, {
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "longOffset",
  });
  return Object.fromEntries(all.formatToParts(ms).map(({ type, value }) => [type, value]));
}

/** `23:00:05`. */
export function timeOfDay(ms: number, zone?: string): string {
  const { hour, minute, second } = parts(ms, zone);
  return `${hour}:${minute}:${second}`;
}

const FAR_MS = 3 * 3_600_000;

/** Whether clocks of the zone show this time twice, because they are put back. */
export function comesTwice(ms: number, zone?: string): boolean {
  const offset = zoneOffsetMs(ms, zone);
  return [-FAR_MS, FAR_MS].some((by) => {
    const other = zoneOffsetMs(ms + by, zone);
    return other !== offset && zoneOffsetMs(ms + offset - other, zone) === other;
  });
}

/** `23:00:05`; in an hour that comes twice with its offset: `02:30:00 UTC+02:00`. */
export function clockText(ms: number, zone?: string): string {
  const time = timeOfDay(ms, zone);
  return comesTwice(ms, zone) ? `${time} ${zoneOf(ms, zone)}` : time;
}

/** `Sun 22 Nov 2026`. */
export function dateOf(ms: number, zone?: string): string {
  const { weekday, day, month, year } = parts(ms, zone);
  return `${weekday} ${day} ${month} ${year}`;
}

/** `UTC+01:00`. */
export function zoneOf(ms: number, zone?: string): string {
  const name = parts(ms, zone).timeZoneName ?? "GMT";
  return name === "GMT" ? "UTC" : name.replace("GMT", "UTC");
}

/** The zone's offset from UTC at this time, ms: 3,600,000 for UTC+01:00. */
export function zoneOffsetMs(ms: number, zone?: string): number {
  const [, sign, hours, mins] = /UTC([+-])(\d{2}):(\d{2})/.exec(zoneOf(ms, zone)) ?? [];
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(mins)) * 60_000;
}

/** Label of a timeline tick: as much of the time as its step needs. */
export function tickLabel(ms: number, stepMs: number, zone?: string): string {
  const { day, month, year, hour, minute, second } = parts(ms, zone);
  if (stepMs >= 300 * 86_400_000) return `${year}`;
  if (stepMs >= 86_400_000) return `${day} ${month}`;
  if (hour === "00" && minute === "00" && second === "00") return `${day} ${month}`;
  const time = stepMs >= 60_000 ? `${hour}:${minute}` : `${hour}:${minute}:${second}`;
  return comesTwice(ms, zone) ? `${time} ${zoneOf(ms, zone).replace(/UTC|:00/g, "")}` : time;
}

/** `15 min`, `1 h 30 min`, `2 d`: two units at most. */
export function lengthText(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ];
  const first = units.findIndex(([size]) => ms >= size);
  if (first < 0) return "0 s";
  const said: string[] = [];
  let rest = Math.floor(ms / 1000) * 1000;
  for (const [size, name] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) said.push(`${count} ${name}`);
  }
  return said.join(" ");
}
