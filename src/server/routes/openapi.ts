/** `/v1/openapi.json` and `/v1/docs`: the native API described, from what its routes are checked by. */
import type { FastifyInstance } from "fastify";
import {
  type DescribedRoute,
  described,
  type OpenApiDocument,
  openApi,
} from "../openapi/document.ts";
import { docsPage } from "../openapi/page.ts";
import { version } from "../version.ts";

/** The page has a style of its own and nothing else. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Before the routes that are described. */
export function openApiRoutes(app: FastifyInstance): void {
  const routes: DescribedRoute[] = [];
  let made: OpenApiDocument | undefined;
  const document = () => {
    made ??= openApi(routes, version());
    return made;
  };
  app.addHook("onRoute", (route) => {
    routes.push(...described(route));
  });
  app.get("/v1/openapi.json", async () => document());
  app.get("/v1/docs", async (_req, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", POLICY)
      .send(docsPage(document())),
  );
}
