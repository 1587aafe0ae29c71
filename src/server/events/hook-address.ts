/**
 * Where hooks may go. A server that posts to any address it is told can be made to talk to what only it can reach: its own
 * ports, other machines of its network, a cloud's metadata address. So such addresses are refused, unless allowed by the
 * setting `hooksAllowPrivate`, and it is the address connected to that is looked at: a name may mean another one by then.
 */
import { type LookupAddress, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Fault } from "../../base/errors.ts";

/** IANA's special-purpose registries: what is not an address of the public Internet. */
const V4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

/** Public IPv6 is 2000::/3; in it, these are not, or stand for IPv4 addresses (Teredo, 6to4). */
const V6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const closed = new BlockList();
for (const [net, bits] of V4) closed.addSubnet(net, bits, "ipv4");
for (const [net, bits] of V6) closed.addSubnet(net, bits, "ipv6");
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

/** Whether this literal address is one of the public Internet. */
export function isPublicAddress(address: string): boolean {
  const bare = address.split("%")[0] ?? "";
  if (isIP(bare) === 4) return !closed.check(bare, "ipv4");
  return isIP(bare) === 6 && global6.check(bare, "ipv6") && !closed.check(bare, "ipv6");
}

/** Longest address of a hook. */
const MAX_URL = 2048;

/**
 * Checks what can be checked without asking for the name. Throws `request.bad`. The URL parser has already turned
 * spellings such as `http://0x7f.1/` into the address they mean.
 */
export function checkHookUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || text.length > MAX_URL)
    throw new Fault("request.bad", `url: not an address, or longer than ${MAX_URL} characters`);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Fault("request.bad", "url: must begin with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw new Fault(
      "request.bad",
      "url: no user name or password in it; the signature says who it is",
    );
  const host = literalHost(url);
  if (host !== undefined && !allowPrivate && !isPublicAddress(host)) throw refused(host);
  return url;
}

/** The host when it is an address and not a name. */
export function literalHost(url: URL): string | undefined {
  const bare = url.hostname.replace(/^\[|\]$/g, "");
  return isIP(bare) === 0 ? undefined : bare;
}

/** How a connection finds its address: only public ones come out, unless `allowPrivate`. */
export function hookLookup(allowPrivate: boolean, resolve = resolveAll): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, found) => {
      if (error !== null) return done(error, "");
      const allowed = allowPrivate ? found : found.filter((one) => isPublicAddress(one.address));
      const [first] = allowed;
      if (first === undefined) return done(refused(host) as NodeJS.ErrnoException, "");
      if (options.all) done(null, [...allowed]);
      else done(null, first.address, first.family);
    });
  };
}

function resolveAll(
  host: string,
  done: (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[]) => void,
): void {
  lookup(host, { all: true }, (error, found) => done(error, found ?? []));
}

function refused(host: string): Fault {
  return new Fault(
    "request.bad",
    `${host} is not an address of the public Internet; hooksAllowPrivate allows it`,
  );
}
