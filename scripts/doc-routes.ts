/** The table of all routes of the native API in the documentation, against the one that the server has. */

const WHERE = "docs/reference/http.md: ";
const inBraces = (path: string) => path.replace(/:(\w+)/g, "{$1}");

/** Rows `| \`METHOD /v1/path\` | summary |`; `operations`: summaries by `METHOD path` with `:name`. */
export function routeTableProblems(
  page: string,
  operations: Readonly<Record<string, { readonly summary: string }>>,
): string[] {
  const rows = [...page.matchAll(/^\| `([A-Z]+ \/v1\/[^`]*)` \| (.*?) \|$/gm)];
  const said = new Map(rows.map(([, row = "", words = ""]) => [row.split("?")[0] ?? row, words]));
  const known = new Map(
    Object.entries(operations).map(([one, { summary }]) => [inBraces(one), summary]),
  );
  const other = ([one, summary]: readonly [string, string]) =>
    said.has(one) && said.get(one) !== summary;
  return [
    ...[...known.keys()].filter((one) => !said.has(one)).map((one) => `${WHERE}no row for ${one}`),
    ...[...said.keys()]
      .filter((one) => !known.has(one))
      .map((one) => `${WHERE}no such route: ${one}`),
    ...[...known].filter(other).map(([one, words]) => `${WHERE}${one} is described as: ${words}`),
  ];
}

/** Rows `| WebSocket \`/v1/path?a&b\` | …` with what their queries take. */
export function socketProblems(
  page: string,
  sockets: Readonly<Record<string, { readonly query: object }>>,
): string[] {
  const said = new Set([...page.matchAll(/^\| WebSocket `([^`]*)` \|/gm)].map(([, row]) => row));
  return Object.entries(sockets)
    .map(([path, { query }]) => `${inBraces(path)}?${Object.keys(query).join("&")}`)
    .filter((one) => !said.has(one))
    .map((one) => `${WHERE}no row for WebSocket ${one}`);
}
