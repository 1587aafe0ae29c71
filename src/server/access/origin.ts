/**
 * Which web pages may use this server. A browser sends a page's requests from inside a network, with whatever its user may
 * do, so a page of elsewhere is refused what changes something or is read, unless its origin is on the list. Programs
 * say no origin and are none of this file's business: keys are (`guard.ts`).
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import { Fault } from "../../base/errors.ts";
import { type Config, isLoopback } from "../config.ts";
import type { Parts } from "../parts.ts";

type OriginConfig = Pick<
  Config,
  "host" | "publicUrl" | "nodeUrl" | "corsOrigins" | "allowedHosts" | "sharedHttpPort"
>;

/** Reading alone (RFC 9110 §9.2.1). */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
const EXPOSED = [
  ...["accept-ranges", "content-range", "etag", "retry-after", "x-amzn-errortype"],
  ...["x-amzn-requestid", "x-streambank-received", "x-streambank-time"],
].join(", ");
/** Browsers ask again after so long, s. */
const PREFLIGHT_S = 600;

export class OriginRules {
  readonly #config: OriginConfig;
  readonly #nodeUrls: () => readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #namesMatter: boolean;

  /** `nodeUrls`: where the nodes of this server are reached. A page of one may use the others. */
  constructor(config: OriginConfig, nodeUrls: () => readonly string[] = () => []) {
    this.#config = config;
    this.#nodeUrls = nodeUrls;
    const { host, allowedHosts, publicUrl, nodeUrl } = config;
    const known = [publicUrl, nodeUrl].flatMap((url) => nameOf(URL.parse(url ?? "")?.host) ?? []);
    this.#names = new Set([host.toLowerCase(), "localhost", ...known, ...allowedHosts]);
    this.#namesMatter = isLoopback(host) || allowedHosts.length > 0;
  }

  static of({ config, nodes }: Pick<Parts, "config" | "nodes">): OriginRules {
    return new OriginRules(config, () => nodes?.registry.all.map(({ url }) => url) ?? []);
  }

  /**
   * A page can make a name of its own mean this machine (DNS rebinding) and is then of the same origin as what it asks. So
   * names count: any address does, and names that are known. Throws `request.foreign-host`.
   */
  checkHost({ host }: IncomingHttpHeaders): void {
    const name = nameOf(host);
    if (!this.#namesMatter || name === undefined) return;
    const bare = name.replace(/^\[|\]$/g, "");
    if (isIP(bare) !== 0 || this.#names.has(name) || name.endsWith(".localhost")) return;
    throw new Fault(
      "request.foreign-host",
      `this server is not called ${name.slice(0, 100)}; the settings allowedHosts and publicUrl say what it is called`,
    );
  }

  /** For what changes something, and for WebSockets, which CORS does not hold back. Throws `request.foreign-page`. */
  checkPage(method: string, headers: IncomingHttpHeaders): void {
    if (SAFE.has(method) && headers.upgrade === undefined) return;
    const { origin } = headers;
    if (origin === undefined) {
      const site = headers["sec-fetch-site"];
      if (site === undefined || site === "same-origin" || site === "none") return;
    } else if (this.#isOwn(origin, headers.host) || this.#config.corsOrigins.includes(origin))
      return;
    throw foreignPage(origin);
  }

  /** The headers by which a page may read an answer: none for one of elsewhere that is not on the list. */
  headersFor({ origin, host }: IncomingHttpHeaders): Readonly<Record<string, string>> {
    const { corsOrigins } = this.#config;
    const embedded = corsOrigins.length > 0 ? "cross-origin" : "same-origin";
    const always = {
      "cross-origin-resource-policy": embedded,
      "x-content-type-options": "nosniff",
    };
    if (origin === undefined)
      return corsOrigins.length > 0 ? { ...always, vary: "Origin" } : always;
    const named = corsOrigins.includes(origin) || this.#isOwn(origin, host);
    if (!named && !corsOrigins.includes("*")) return { ...always, vary: "Origin" };
    return {
      ...{ ...always, vary: "Origin", "access-control-expose-headers": EXPOSED },
      // Never for everybody with what a browser knows of its user.
      ...(named
        ? { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" }
        : { "access-control-allow-origin": "*" }),
    };
  }

  /** What a browser asks before it sends what a form could not. Throws `request.foreign-page`. */
  preflight(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
    const allowed = this.headersFor(headers);
    const origin = allowed["access-control-allow-origin"];
    if (origin === undefined) throw foreignPage(headers.origin);
    const wanted = headers["access-control-request-headers"] ?? "";
    const near = headers["access-control-request-private-network"] === "true" && origin !== "*";
    return {
      "access-control-allow-methods": origin === "*" ? "GET, HEAD" : METHODS,
      ...(/^[\w ,-]{1,1000}$/.test(wanted) ? { "access-control-allow-headers": wanted } : {}),
      ...(near ? { "access-control-allow-private-network": "true" } : {}),
      "access-control-max-age": String(PREFLIGHT_S),
    };
  }

  /** Pages that may show this server's pages in a frame: `frame-ancestors` of CSP. */
  get framers(): string {
    return ["'self'", ...this.#config.corsOrigins].join(" ");
  }

  /** A page of this server: of the name it was asked by, of its public address, or of one of its nodes. */
  #isOwn(origin: string, host: string | undefined): boolean {
    const page = URL.parse(origin);
    if (page === null || !/^https?:$/.test(page.protocol)) return false;
    // A proxy may add TLS: the scheme does not count, the usual ports of both are none.
    if (host !== undefined && page.host === withoutUsualPort(host.toLowerCase())) return true;
    const { publicUrl, sharedHttpPort } = this.#config;
    if (origin === publicUrl) return true;
    return this.#nodeUrls().some((text) => {
      const node = URL.parse(text);
      if (node === null) return false;
      if (node.origin === origin) return true;
      const sameHost = node.hostname === page.hostname && node.protocol === page.protocol;
      return sameHost && page.port === String(sharedHttpPort);
    });
  }
}

/** Before any route is added, and before the rule that asks who it is. */
export function enforceOrigins(app: FastifyInstance, rules: OriginRules): void {
  app.addHook("onRequest", async (req, reply) => {
    const { method, headers } = req;
    // On the response itself: what is sent without Fastify has them too.
    for (const [name, value] of Object.entries(rules.headersFor(headers)))
      reply.raw.setHeader(name, value);
    rules.checkHost(headers);
    if (method === "OPTIONS" && headers["access-control-request-method"] !== undefined)
      return reply.headers(rules.preflight(headers)).code(204).send();
    rules.checkPage(method, headers);
  });
}

function foreignPage(origin: string | undefined): Fault {
  const page =
    origin === undefined ? "a page of another site" : `a page of ${origin.slice(0, 100)}`;
  return new Fault(
    "request.foreign-page",
    `${page} may not use this server; the setting corsOrigins allows it`,
  );
}

/** Without its port, small; undefined: none. */
function nameOf(host: string | undefined): string | undefined {
  if (host === undefined || host === "") return undefined;
  return host.toLowerCase().replace(/:\d*$/, "");
}

function withoutUsualPort(host: string): string {
  return host.replace(/:(?:80|443)$/, "");
}
