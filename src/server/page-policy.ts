/** What our own pages may load and do, and which page an address is. Pure. */
import type { Asset } from "./static.ts";

interface Surroundings {
  /** Whose pages may show ours, as `frame-ancestors` has it. */
  readonly framers: string;
  /** Cameras may be recorded by other nodes: their addresses are not known beforehand. */
  readonly otherNodes: boolean;
  /** By which name producers are sent here. */
  readonly publicUrl: string | undefined;
}

/** Scripts of this server's files alone, nothing in the page itself. Styles of the elements are written by them. */
const PAGE = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
];

/** The Content-Security-Policy of an answer. Samples have scripts in their pages and are somebody's own. */
export function pagePolicy(
  { type, sample }: Pick<Asset, "type" | "sample">,
  { framers, otherNodes, publicUrl }: Surroundings,
): string {
  const frames = `frame-ancestors ${framers}`;
  if (!type.startsWith("text/html") || sample) return frames;
  const own = publicUrl === undefined ? "" : ` ${publicUrl} ${publicUrl.replace(/^http/, "ws")}`;
  const others = otherNodes ? " http: https: ws: wss:" : own;
  return [...PAGE, `connect-src 'self'${others}`, frames].join("; ");
}

/** The path of a request line. `/` with a query is of the time when the player was there: `/?stream=door`, `/?token=…`. */
export function pagePath(url: string): string {
  const [path = "/", query = ""] = url.split("?");
  return path === "/" && query !== "" ? "/watch" : path;
}
