/** The table of all routes of the native API in the documentation, against the one that the server has. */

/** Rows `| \`METHOD /v1/path\` | …`; `operations`: by `METHOD path` with `:name`. */
export function routeTableProblems(page: string, operations: readonly string[]): string[] {
  const rows = [...page.matchAll(/^\| `([A-Z]+ \/v1\/[^`]*)` \|/gm)].map(([, row]) => row ?? "");
  const said = new Set(rows.map((row) => row.split("?")[0] ?? row));
  const known = new Set(operations.map((one) => one.replace(/:(\w+)/g, "{$1}")));
  const where = "docs/reference/http.md: ";
  return [
    ...[...known].filter((one) => !said.has(one)).map((one) => `${where}no row for ${one}`),
    ...[...said].filter((one) => !known.has(one)).map((one) => `${where}no such route: ${one}`),
  ];
}
