/** The document as one page to be read: no script, nothing from elsewhere. */
import type { OpenApiDocument } from "./document.ts";

interface Operation {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: object }>>;

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 960px; padding: 24px 16px 64px; font: 16px/1.5 system-ui, sans-serif; }
h2 { margin-top: 48px; border-bottom: 1px solid; text-transform: capitalize; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 12px; border: 1px solid; border-radius: 8px; }
details { margin: 8px 0; }
summary { cursor: pointer; padding: 6px 0; }
b { display: inline-block; min-width: 64px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; }
`;

export function docsPage(document: OpenApiDocument): string {
  const { info, components } = document as unknown as {
    readonly info: {
      readonly title: string;
      readonly version: string;
      readonly description: string;
    };
    readonly components: { readonly schemas: Readonly<Record<string, object>> };
  };
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods) as [string, Operation][]) {
      const tag = operation.tags[0] ?? "";
      groups.set(tag, [...(groups.get(tag) ?? []), operationText(path, method, operation)]);
    }
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${json(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)}: the API</title><style>${STYLE}</style>
</head>
<body>
<h1>${escaped(info.title)} <small>${escaped(info.version)}</small></h1>
<p>${escaped(info.description)} For programs: <a href="openapi.json">openapi.json</a>.</p>
${[...groups].map(([tag, texts]) => `<h2>${escaped(tag)}</h2>\n${texts.join("\n")}`).join("\n")}
<h2>Schemas</h2>
${schemas.join("\n")}
</body>
</html>
`;
}

function operationText(path: string, method: string, operation: Operation): string {
  const { summary, parameters = [], requestBody, responses } = operation;
  const rows = parameters.map(({ name, in: where, required = false, description = "", schema }) => {
    const said = `${where}${required ? ", needed" : ""}`;
    return `<tr><td><code>${escaped(name)}</code></td><td>${said}</td><td>${escaped(description)} <code>${escaped(JSON.stringify(schema))}</code></td></tr>`;
  });
  const table = rows.length === 0 ? "" : `<table>${rows.join("")}</table>`;
  const body = requestBody === undefined ? "" : `<p>Body</p>${content(requestBody.content)}`;
  const answers = Object.entries(responses)
    .filter(([status]) => status !== "default")
    .map(([status, answer]) => `<p>${escaped(status)}</p>${content(answer.content ?? {})}`);
  const head = `<b>${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code> ${escaped(summary)}`;
  return `<details><summary>${head}</summary>${table}${body}${answers.join("")}</details>`;
}

function content(types: Content): string {
  return Object.entries(types)
    .map(([type, { schema }]) => `<p><code>${escaped(type)}</code></p>${json(schema)}`)
    .join("");
}

function json(value: object): string {
  const text = escaped(JSON.stringify(value, null, 1));
  const linked = text.replace(
    /&quot;#\/components\/schemas\/(\w+)&quot;/g,
    '<a href="#$1">&quot;$1&quot;</a>',
  );
  return `<pre>${linked}</pre>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
