/** Public names without a doc comment. A name may have its comment in the index or where it is declared. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Problems of one public file; follows its re-exports. */
export function undocumentedExports(root: string, path: string, depth = 0): string[] {
  if (!existsSync(join(root, path))) return [`${path}: public, but not there`];
  if (depth > 5) return [`${path}: re-exports too deep`];
  const text = readFileSync(join(root, path), "utf8");
  const lists = [
    ...text.matchAll(
      /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?^export (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm,
    ),
  ];
  const stars = [...text.matchAll(/^export \* from "(\.[^"]+)"/gm)];
  return [
    ...lists.flatMap(([, comment, names = "", from = ""]) =>
      comment === undefined ? listProblems(root, names, normalize(join(dirname(path), from))) : [],
    ),
    ...stars.flatMap(([, from = ""]) =>
      undocumentedExports(root, normalize(join(dirname(path), from)), depth + 1),
    ),
    ...declaredNames(text)
      .filter((name) => !isDocumented(text, name))
      .map((name) => `${path}: ${name} has no doc comment`),
  ];
}

function listProblems(root: string, list: string, from: string): string[] {
  if (!existsSync(join(root, from))) return [`${from}: re-exported, but not there`];
  const source = readFileSync(join(root, from), "utf8");
  const named = list.matchAll(
    /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?(?:type\s+)?([\w$]+)(?:\s+as\s+[\w$]+)?\s*(?:,|$)/g,
  );
  return [...named]
    .filter(([, comment, name = ""]) => comment === undefined && !isDocumented(source, name))
    .map(([, , name]) => `${from}: ${name} is public and has no doc comment`);
}

const DECLARATION =
  "export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\\*?|class|interface|type) ";

function declaredNames(text: string): string[] {
  return [...text.matchAll(new RegExp(`^${DECLARATION}([\\w$]+)`, "gm"))].map(([, n = ""]) => n);
}

function isDocumented(text: string, name: string): boolean {
  const escaped = name.replaceAll("$", "\\$");
  return new RegExp(`\\*/\\n${DECLARATION}${escaped}(?![\\w$])`).test(text);
}
