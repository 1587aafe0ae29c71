/** XML as text: enough for a manifest. Pure. */

export type XmlAttributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its children, one to a line. Attributes that are undefined are left out. */
export function element(
  name: string,
  attributes: XmlAttributes,
  children: readonly string[] = [],
): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const head = [name, ...given.map(([key, value]) => `${key}="${escaped(`${value}`)}"`)].join(" ");
  if (children.length === 0) return `<${head}/>`;
  return `<${head}>\n${children.join("\n")}\n</${name}>`;
}

export function textElement(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

/** A comment may not hold two hyphens; what a producer named is stripped of them. */
export function comment(text: string): string {
  return `<!-- ${text.replace(/--+|[\r\n]/g, " ").replace(/-$/, "")} -->`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" },
};

/** Control characters have no place in XML 1.0 at all. */
function escaped(text: string): string {
  const plain = [...text].filter((char) => char >= " ").join("");
  return plain.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? "");
}
