/**
 * What a caller of each route must be allowed to do: with the stream in `:name`, or with the server where the path has none. One
 * table, so that it can be read. A route that is neither here nor says so itself stops the start.
 */
import type { Action } from "./guard.ts";

export type RouteAccess = Action | "seen" | "public" | "own";

/** `METHOD path`. HEAD goes with GET. */
export const RULES: Readonly<Record<string, RouteAccess>> = {
  // Pages have no secrets in them; what they show they ask for.
  "GET /*": "public",
  "GET /healthz": "public",
  "GET /readyz": "public",
  "GET /metrics": "read",
  // Whoever is somebody: where to push to. What is of the machine, those who manage it.
  "GET /v1/server": "own",
  "GET /v1/server/history": "manage",
  "GET /v1/openapi.json": "public",
  "GET /v1/docs": "public",
  // Streams that the caller may not read are left out.
  "GET /v1/streams": "own",
  "POST /v1/streams": "manage",
  "GET /v1/streams/:name": "read",
  "PATCH /v1/streams/:name": "manage",
  "DELETE /v1/streams/:name": "manage",
  // Whoever records asks where to.
  "GET /v1/streams/:name/endpoint": "seen",
  "GET /v1/streams/:name/fragments": "read",
  "GET /v1/streams/:name/coverage": "read",
  "GET /v1/streams/:name/gaps": "read",
  "GET /v1/streams/:name/keyframes": "read",
  "GET /v1/streams/:name/clip.mkv": "read",
  "GET /v1/streams/:name/clip.mp4": "read",
  "GET /v1/streams/:name/image.jpg": "read",
  "GET /v1/streams/:name/image.png": "read",
  "GET /v1/streams/:name/images": "read",
  "GET /v1/streams/:name/thumbnails": "read",
  "GET /v1/streams/:name/thumbnails.jpg": "read",
  "POST /v1/streams/:name/retention/preview": "manage",
  "POST /v1/streams/:name/delete-range": "manage",
  "GET /v1/streams/:name/holds": "read",
  "POST /v1/streams/:name/holds": "manage",
  "GET /v1/streams/:name/source": "manage",
  "PUT /v1/streams/:name/source": "manage",
  "DELETE /v1/streams/:name/source": "manage",
  "GET /v1/holds": "manage",
  "DELETE /v1/holds/:id": "manage",
  "GET /v1/sources": "manage",
  "POST /v1/sources/test": "manage",
  "GET /v1/retention": "manage",
  "POST /v1/retention/confirm-clock": "manage",
  "GET /v1/audit": "manage",
  "GET /v1/hooks": "manage",
  "POST /v1/hooks": "manage",
  "DELETE /v1/hooks/:id": "manage",
  "POST /v1/hooks/:id/test": "manage",
  "GET /v1/events": "manage",
  "GET /v1/events/stream": "manage",
  "GET /v1/nodes": "manage",
  "POST /v1/nodes/:id/lost": "manage",
  "GET /v1/keys": "manage",
  "POST /v1/keys": "manage",
  "DELETE /v1/keys/:id": "manage",
  "GET /v1/users": "manage",
  "POST /v1/users": "manage",
  // Not `:name`, which is a stream.
  "PATCH /v1/users/:user": "manage",
  "DELETE /v1/users/:user": "manage",
  // Nobody yet, and then somebody.
  "POST /v1/sign-in": "public",
  "POST /v1/sign-out": "own",
  "POST /v1/password": "own",
  // Every caller about itself; what a session may do is never more than what its maker may.
  "GET /v1/session": "own",
  "POST /v1/session": "own",
  // Signed by other nodes.
  "GET /internal/packs/*": "own",
  "POST /internal/streams/:name/let-go": "own",
  "POST /putMedia": "own",
};

/** Routes that write down who did it: the caller, whatever they say. */
export const SAYS_WHO: ReadonlySet<string> = new Set([
  "PATCH /v1/streams/:name",
  "POST /v1/streams/:name/delete-range",
  "POST /v1/streams/:name/holds",
  "POST /v1/retention/confirm-clock",
  "DELETE /v1/holds/:id",
]);
