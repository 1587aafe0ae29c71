/**
 * Fails if the documentation has drifted: a link that leads nowhere, an error code or status that the table
 * does not have, a route, a setting or a message without a row, a public name without a doc comment, the address of somebody's machine.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { OPERATIONS } from "../src/server/openapi/operations.ts";
import { SOCKETS } from "../src/server/openapi/sockets.ts";
import { errorTableProblems } from "./doc-errors.ts";
import { undocumentedExports } from "./doc-exports.ts";
import { linkProblems } from "./doc-links.ts";
import { ackProblems, tailMessageProblems } from "./doc-messages.ts";
import { routeTableProblems, socketProblems } from "./doc-routes.ts";
import { settingTableProblems } from "./doc-settings.ts";

/** Folders and addresses that exist on one machine only. Written so that this file does not match itself. */
const LOCAL: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.~-])[/](?:work|home|root|Users)[/]\w/, "a path of one machine"],
  [/\bregistry\.[a-z0-9-]+\.[a-z]{2,}\b(?!\()/i, "a registry host"],
  [/"resolved": "[h]ttp/, "a registry address (set omit-lockfile-registry-resolved)"],
];

/** Who writes the texts of a tail. */
const TAIL_SOURCES = [
  "src/play/tail/messages.ts",
  "src/play/tail/tail-socket.ts",
  "src/live/feed-items.ts",
];

/** Texts that name one machine's folders or a package registry, as `path:line: what`. */
export function localNameProblems(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const found = LOCAL.filter(([pattern]) => pattern.test(line));
    return found.map(([, what]) => `${path}:${index + 1}: names ${what}`);
  });
}

/** The files behind the `exports` of the root package and of its workspaces. */
export function publicEntries(root: string): string[] {
  const manifests = ["package.json", "producer-sdk/package.json", "player/package.json"];
  return manifests.flatMap((manifest) => {
    const { exports = {} } = JSON.parse(readFileSync(join(root, manifest), "utf8")) as {
      exports?: Record<string, string>;
    };
    return Object.values(exports).map((path) => normalize(join(dirname(manifest), path)));
  });
}

/** All problems of the checkout under `root`. */
export function findProblems(root: string): string[] {
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const list = (pattern: string) =>
    globSync(pattern, {
      cwd: root,
      exclude: (path) => /(^|\/)(node_modules|data|\.git)$/.test(path.replaceAll("\\", "/")),
    }).sort();
  const pages = list("**/*.md");
  const sources = list("{src,producer-sdk,player,samples,test,bench,scripts,bin}/**/*.{ts,mjs}");
  const entries = [...new Set([...publicEntries(root), ...sources.filter((p) => isIndex(p))])];
  return [
    ...pages.flatMap((path) => linkProblems(root, path, read(path))),
    ...sources.flatMap((path) => linkProblems(root, path, read(path))),
    ...errorTableProblems(read("src/base/errors.ts"), read("docs/reference/errors.md")),
    ...routeTableProblems(read("docs/reference/http.md"), OPERATIONS),
    ...socketProblems(read("docs/reference/http.md"), SOCKETS),
    ...settingTableProblems(read("docs/reference/settings.md")),
    ...ackProblems(read("docs/formats/acks.md")),
    ...tailMessageProblems(read("docs/formats/tail.md"), TAIL_SOURCES.map(read)),
    ...entries.sort().flatMap((path) => undocumentedExports(root, path)),
    ...[...pages, ...sources, "package.json", "package-lock.json"].flatMap((path) =>
      localNameProblems(path, read(path)),
    ),
  ];
}

function isIndex(path: string): boolean {
  return /(^|\/)index\.ts$/.test(path);
}

if (import.meta.main) {
  const problems = findProblems(join(import.meta.dirname, ".."));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
