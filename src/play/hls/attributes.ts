/** The attribute lists of HLS tags (RFC 8216 §4.2). */

/** Already as it stands in the playlist: numbers and names as they are, texts through `quoted`. */
export type Attributes = readonly (readonly [name: string, value: string | number])[];

/** `#TAG:NAME=value,NAME=value`. */
export function tag(name: string, attributes: Attributes): string {
  return `#${name}:${attributes.map(([key, value]) => `${key}=${value}`).join(",")}`;
}

/** A quoted string may hold no quote and no line end; what a producer named is stripped of them. */
export function quoted(text: string): string {
  return `"${text.replace(/["\r\n]/g, "")}"`;
}

/** Seconds with as many as six digits, from µs. */
export function seconds(us: number): string {
  return (us / 1e6).toFixed(6).replace(/\.?0+$/, "");
}
