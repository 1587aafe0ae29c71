/**
 * Where cameras may be. A server that connects to any address it is told can be made to talk to what only it reaches, so the
 * addresses that hand out a cloud's secrets are never connected to, and an operator can name the networks that cameras
 * are in (`sourceNetworks`).
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { Fault } from "../../base/errors.ts";

/** Link-local: metadata services, and what has no address of its own yet. */
const NEVER = ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"];
const ALL = "all";
const PORTS: Readonly<Record<string, number>> = { "rtsp:": 554, "rtsps:": 322 };

/** Asks for a name: all its addresses. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** One address of a camera that may be connected to. */
export interface CameraPlace {
  readonly address: string;
  readonly port: number;
  readonly encrypted: boolean;
  /** As the camera's URL has it. */
  readonly host: string;
}

export class SourcePolicy {
  /** Cameras may be in some networks only. */
  readonly #restricted: boolean;
  readonly #allowed: BlockList;
  readonly #never = listOf(NEVER);
  readonly #resolve: Resolve;

  /** `networks` as the setting has them, checked. */
  constructor(networks: readonly string[], resolve: Resolve = addressesOf) {
    this.#restricted = !networks.includes(ALL);
    this.#allowed = listOf(networks.filter((one) => one !== ALL));
    this.#resolve = resolve;
  }

  /** For an address that is one already: a name is looked at when it is connected to. Throws `source.bad-address`. */
  checkLiteral(url: string): void {
    const { host } = partsOf(url);
    if (isIP(host) !== 0) this.#require([host], host);
  }

  /** Where to connect to now. Throws `source.bad-address`. */
  async place(url: string): Promise<CameraPlace> {
    const { host, port, encrypted } = partsOf(url);
    const found = isIP(host) === 0 ? await this.#addresses(host) : [host];
    return { address: this.#require(found, host), port, encrypted, host };
  }

  async #addresses(host: string): Promise<readonly string[]> {
    try {
      return await this.#resolve(host);
    } catch (cause) {
      throw new Fault("source.bad-address", "its name cannot be resolved", { cause });
    }
  }

  #require(addresses: readonly string[], host: string): string {
    const found = addresses.find((one) => this.#allows(one));
    if (found !== undefined) return found;
    const why = this.#restricted
      ? "sourceNetworks does not have it"
      : "link-local addresses never are";
    throw new Fault("source.bad-address", `${host.slice(0, 100)} is no place for a camera: ${why}`);
  }

  #allows(address: string): boolean {
    const plain = address.split("%")[0] ?? "";
    const bare = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain;
    const family = isIP(bare) === 6 ? "ipv6" : "ipv4";
    if (isIP(bare) === 0 || this.#never.check(bare, family)) return false;
    return !this.#restricted || this.#allowed.check(bare, family);
  }
}

/** An RTSP address as ffmpeg reads it: the host is behind the last @. */
function partsOf(text: string): { host: string; port: number; encrypted: boolean } {
  const [, scheme = "", place = ""] = /^(rtsps?:)\/\/([^/?#]*)/i.exec(text) ?? [];
  const known = scheme.toLowerCase();
  const bare = place.slice(place.lastIndexOf("@") + 1);
  const [, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(bare) ?? [];
  // Other spellings of an address (0x7f.1, 2852039166) are what the URL parser says they are.
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (name === "") throw new Fault("source.bad-address", "the address has no host");
  return { host: name, port: Number(port ?? PORTS[known]), encrypted: known === "rtsps:" };
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const [family, width] =
      isIP(address) === 6 ? (["ipv6", 128] as const) : (["ipv4", 32] as const);
    list.addSubnet(address, Number(bits ?? width), family);
  }
  return list;
}

async function addressesOf(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
