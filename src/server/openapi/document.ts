/** The OpenAPI document (3.1): made of the routes there are, and of what checks their bodies and queries. */
import type { RouteOptions } from "fastify";
import type { QueryTable } from "../routes/parameters.ts";
import { OPERATIONS, type OperationText } from "./operations.ts";
import { ref, SCHEMAS, type Schema } from "./schemas.ts";
import { SOCKETS, type SocketText } from "./sockets.ts";

/** What of a route is described. */
export interface DescribedRoute {
  readonly method: string;
  readonly url: string;
  readonly body: Schema | undefined;
  readonly query: QueryTable;
}

export type OpenApiDocument = Readonly<Record<string, unknown>> & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** Undefined: not of the native API. */
export function described(route: RouteOptions): DescribedRoute[] {
  const { url, schema, config } = route;
  if (!url.startsWith("/v1/")) return [];
  return [route.method]
    .flat()
    .filter((method) => method !== "HEAD" && OPERATIONS[`${method} ${url}`] !== undefined)
    .map((method) => {
      const { body } = (schema ?? {}) as { readonly body?: Schema };
      return { method, url, body, query: config?.query ?? {} };
    });
}

export function openApi(routes: readonly DescribedRoute[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const text = OPERATIONS[`${route.method} ${route.url}`];
    if (text === undefined) continue;
    const path = route.url.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(route, text);
  }
  for (const [url, socket] of Object.entries(SOCKETS))
    paths[url.replace(/:(\w+)/g, "{$1}")] = { get: socketOperation(url, socket) };
  return {
    openapi: "3.1.0",
    info: {
      ...{
        title: "Streambank",
        version,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      description:
        "Live video in, kept, and found by time. Times in requests are ISO 8601 or ms since the Unix epoch, in answers ms. " +
        "Beside it there are the operations of Kinesis Video Streams, and WebSockets to push and to watch.",
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { signIn: [] }, { inAddress: [] }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "a key, `ID.SECRET`, or a session's token",
        },
        signIn: { type: "apiKey", in: "cookie", name: "streambank_session" },
        inAddress: { type: "apiKey", in: "query", name: "token", description: "a session's token" },
      },
      responses: {
        Refused: {
          description: "what is wrong, with a code",
          content: { "application/json": { schema: ref("Error") } },
        },
      },
    },
  };
}

function operation({ method, url, body, query }: DescribedRoute, text: OperationText): object {
  const { status = 200, answer, type = "application/json" } = text;
  const parameters = [...inPath(url), ...inQuery(query)];
  return {
    operationId: idOf(method, url),
    summary: text.summary,
    tags: [tagOf(url)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      [status]: {
        description: text.summary,
        ...(answer === undefined ? {} : { content: { [type]: { schema: answer } } }),
      },
      default: { $ref: "#/components/responses/Refused" },
    },
  };
}

/** A handshake: OpenAPI has no words for what comes after it, so that is in `x-websocket`. */
function socketOperation(url: string, { summary, query, sends, receives }: SocketText): object {
  return {
    operationId: idOf("GET", url),
    summary,
    tags: [tagOf(url)],
    parameters: [...inPath(url), ...inQuery(query)],
    responses: {
      101: { description: "the handshake of a WebSocket (RFC 6455)" },
      default: { $ref: "#/components/responses/Refused" },
    },
    "x-websocket": { clientSends: sends, serverSends: receives },
  };
}

function inPath(url: string): object[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true, schema: { type: "string" } },
  }));
}

function inQuery(table: QueryTable): object[] {
  return Object.entries(table).map(([name, { schema, required = false }]) => {
    const { description, ...rest } = schema;
    return { name, in: "query", required, description, schema: rest };
  });
}

/** `getStreamsNameClipMp4`. */
function idOf(method: string, url: string): string {
  const words = url
    .replace("/v1/", "")
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method.toLowerCase() + words.map((one) => one[0]?.toUpperCase() + one.slice(1)).join("");
}

function tagOf(url: string): string {
  return url.split("/")[2]?.replace(/\..*/, "") ?? "";
}
