/** Values of settings as they come from flags, the environment and the file, checked. Each throws `config.bad`, which names the setting. */
import { isIP } from "node:net";
import { Fault } from "../base/errors.ts";

const MAX_LIST = 256;

export function text(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Fault("config.bad", `${name}: must be a text, not ${JSON.stringify(value)}`);
}

export function optional(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : text(value, name);
}

export function whole(value: unknown, name: string, max: number): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= max)
    return number;
  throw new Fault(
    "config.bad",
    `${name}: must be a whole number from 0 to ${max}, not ${JSON.stringify(value)}`,
  );
}

export function port(value: unknown, name: string): number {
  return whole(value, name, 65_535);
}

export function hours(value: unknown, name: string): number {
  return whole(value, name, 87_600);
}

export function gigabytes(value: unknown, name: string): number {
  return whole(value, name, 1_000_000);
}

export function optionalPort(value: unknown, name: string): number | undefined {
  return value === undefined ? undefined : port(value, name);
}

/** Shorter leases end while a busy node is only slow. */
export function leaseSeconds(value: unknown, name: string): number {
  const seconds = whole(value, name, 120);
  if (seconds >= 2) return seconds;
  throw new Fault("config.bad", `${name}: at least 2`);
}

export function bool(value: unknown, name: string): boolean {
  if (value === true || value === "true" || value === "1" || value === "on") return true;
  if (value === false || value === "false" || value === "0" || value === "off") return false;
  throw new Fault("config.bad", `${name}: must be true or false, not ${JSON.stringify(value)}`);
}

export function optionalBool(value: unknown, name: string): boolean | undefined {
  return value === undefined ? undefined : bool(value, name);
}

export function labels(value: unknown, name: string): number {
  return whole(value, name, 100_000);
}

export function oneOf(...choices: readonly string[]) {
  return (value: unknown, name: string): string => {
    if (typeof value === "string" && choices.includes(value)) return value;
    throw new Fault(
      "config.bad",
      `${name}: must be one of ${choices.join(", ")}, not ${JSON.stringify(value)}`,
    );
  };
}

/** `https://host` or `http://host:port`, without anything behind it. */
export function origin(value: unknown, name: string): string {
  const given = text(value, name);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const plain =
    url !== undefined && /^https?:$/.test(url.protocol) && /^https?:\/\/[^/@?#]+\/?$/i.test(given);
  if (plain) return url.origin;
  throw new Fault(
    "config.bad",
    `${name}: https://host or http://host:port, not ${JSON.stringify(given)}`,
  );
}

export function optionalOrigin(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : origin(value, name);
}

/** Origins of pages, or `*`. */
export function origins(value: unknown, name: string): readonly string[] {
  return list(value, name).map((one) => (one === "*" ? one : origin(one, name)));
}

/** Names of hosts, without ports. */
export function hosts(value: unknown, name: string): readonly string[] {
  return list(value, name).map((one) => {
    const host = one.toLowerCase();
    if (/^[a-z0-9_.-]{1,253}$/.test(host) || isIP(host.replace(/^\[|\]$/g, "")) !== 0) return host;
    throw new Fault(
      "config.bad",
      `${name}: names of hosts, without ports, not ${JSON.stringify(one)}`,
    );
  });
}

/** `10.0.0.0/8`, `fd00::/8`, a single address, or `all`. */
export function networks(value: unknown, name: string): readonly string[] {
  return list(value, name).map((one) => {
    const [, address = "", bits] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(one) ?? [];
    const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    if (one === "all" || (width > 0 && Number(bits ?? width) <= width)) return one;
    throw new Fault(
      "config.bad",
      `${name}: networks such as 192.168.0.0/16, or all, not ${JSON.stringify(one)}`,
    );
  });
}

export function connections(value: unknown, name: string): number {
  const number = whole(value, name, 1_000_000);
  if (number >= 16) return number;
  throw new Fault("config.bad", `${name}: at least 16`);
}

/** An array in the file, separated by commas elsewhere. */
function list(value: unknown, name: string): readonly string[] {
  const all = typeof value === "string" ? value.split(",").map((one) => one.trim()) : value;
  if (Array.isArray(all) && all.length <= MAX_LIST && all.every((one) => typeof one === "string"))
    return all.filter((one) => one !== "");
  throw new Fault("config.bad", `${name}: texts, separated by commas, at most ${MAX_LIST}`);
}

export function optionalOneOf(...choices: readonly string[]) {
  const read = oneOf(...choices);
  return (value: unknown, name: string) => (value === undefined ? undefined : read(value, name));
}
