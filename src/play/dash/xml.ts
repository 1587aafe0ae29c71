/** Just enough XML to write a manifest. */

export type XmlAttributes = Readonly<Record<string, string | number | undefined>>;

/** An element; attributes that are undefined are left out. */
export function element(
  name: string,
  attributes: XmlAttributes,
  children: readonly string[] = [],
): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const head = [name, ...given.map(([key, value]) => `${key}="${escaped(String(value))}"`)].join(
    " ",
  );
  return children.length === 0 ? `<${head}/>` : `<${head}>${children.join("")}</${name}>`;
}

/** Neither comment nor attribute can be left by what a producer named. */
export function escaped(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, "?")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}

/** ISO 8601 duration of µs. */
export function duration(us: number): string {
  return `PT${(us / 1e6).toFixed(6).replace(/\.?0+$/, "")}S`;
}
