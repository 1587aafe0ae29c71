/** Links between pages, and mentions of pages in comments: do they lead somewhere? Web addresses are not tried. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Problems of the links in one text. Markdown: `[..](path#heading)`; any text but a test: `docs/….md`. */
export function linkProblems(root: string, path: string, text: string): string[] {
  const problems: string[] = [];
  for (const [target, place] of targetsIn(path, text)) {
    const [file = "", heading] = place.split("#");
    const full = join(root, file);
    if (!existsSync(full)) problems.push(`${path}: ${target} leads nowhere`);
    else if (heading !== undefined && !hasHeading(full, heading))
      problems.push(`${path}: ${target}: no such heading in ${file}`);
  }
  return problems;
}

/** Pairs of the link as written and the file from the root that it means. */
function targetsIn(path: string, text: string): [string, string][] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  const mentions = [...prose.matchAll(/(?<![\w./-])docs\/[\w/-]+\.md\b/g)].map(
    ([name]): [string, string] => [name, name],
  );
  // Tests make up paths of their own.
  if (path.endsWith(".test.ts")) return [];
  if (!path.endsWith(".md")) return mentions;
  const inline = prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g);
  const named = prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm);
  const links = [...inline, ...named]
    .map(([, target = ""]) => target)
    .filter((target) => !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target));
  return [
    ...mentions,
    ...links.map((target): [string, string] => [
      target,
      target.startsWith("#")
        ? path + target
        : normalize(join(dirname(path), decodeURIComponent(target))),
    ]),
  ];
}

function hasHeading(file: string, heading: string): boolean {
  if (statSync(file).isDirectory()) return false;
  const headings = readFileSync(file, "utf8").matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm);
  return [...headings].some(([, title = ""]) => slug(title) === heading.toLowerCase());
}

/** The anchor that GitHub gives a heading. */
function slug(title: string): string {
  return title
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
