/** The table of docs/reference/settings.md against the settings of src/server/config.ts. */
import { settings } from "../src/server/config.ts";

/** A setting without a row, a row without a setting, another flag, variable or default than the server has. */
export function settingTableProblems(page: string): string[] {
  const rows = [...page.matchAll(/^\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|/gm)].map((row) =>
    row.slice(1).map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text)),
  );
  const documented = new Map<string, readonly (string | undefined)[]>();
  // Some rows have two settings: the n-th of each column belong together.
  for (const [keys = [], flags = [], variables = [], fallbacks = []] of rows)
    for (const [i, key] of keys.entries())
      documented.set(key, [flags[i], variables[i], fallbacks[i] ?? fallbacks[0]]);
  const problems: string[] = [];
  for (const [key, { flag, env, fallback }] of Object.entries(settings)) {
    const row = documented.get(key);
    documented.delete(key);
    const expected = [`--${flag}`, env, fallback === undefined ? undefined : String(fallback)];
    if (row === undefined) problems.push(`settings.md: no row for ${key}`);
    else if (row.join() !== expected.join())
      problems.push(`settings.md: ${key} is ${expected.join(" ")}, not ${row.join(" ")}`);
  }
  const known = new Set(["sources"]);
  for (const key of documented.keys())
    if (!known.has(key)) problems.push(`settings.md: ${key} is not a setting`);
  return problems;
}
