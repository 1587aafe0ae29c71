/** What each route of the native API is for and answers with. A route that is not here stops the start. */
import { list, object, ref, type SCHEMAS, type Schema } from "./schemas.ts";

export interface OperationText {
  readonly summary: string;
  /** Of the good answer; default 200. */
  readonly status?: number;
  /** Undefined: the answer has no body. */
  readonly answer?: Schema;
  /** Default `application/json`. */
  readonly type?: string;
}

type Name = keyof typeof SCHEMAS;

const bytes: Schema = { type: "string", format: "binary" };
const of = (summary: string, answer: Name, status = 200): OperationText => ({
  ...{ summary, answer: ref(answer), status },
});
const all = (summary: string, key: string, item: Name, more = {}): OperationText => ({
  ...{ summary, answer: object({ [key]: list(ref(item)), ...more }) },
});
const media = (summary: string, type: string): OperationText => ({
  ...{ summary, answer: bytes, type },
});
const gone = (summary: string): OperationText => ({ summary, status: 204 });

const word: Schema = { type: "string" };
const whole: Schema = { type: "integer" };
const S = "/v1/streams/:name";
const PLACE = "/v1/groups/:group/streams/:name";

/** By `METHOD path`, as Fastify has it. */
export const OPERATIONS: Readonly<Record<string, OperationText>> = {
  "GET /v1/streams": all("The streams one may read", "streams", "Stream"),
  "POST /v1/streams": of("Makes a stream", "Stream", 201),
  [`GET ${S}`]: of("A stream", "Stream"),
  [`PATCH ${S}`]: of("Changes what of a stream can be set", "Stream"),
  [`DELETE ${S}`]: gone("Deletes a stream and all its media"),
  [`GET ${S}/endpoint`]: of("The node that records it", "Endpoint"),
  [`GET ${S}/fragments`]: all("Fragments in a range", "fragments", "Fragment", {
    "nextToken?": word,
  }),
  [`GET ${S}/coverage`]: of("Where there is media, and why there is none between", "Coverage"),
  [`GET ${S}/gaps`]: all("What was written down as without media", "gaps", "Gap", {
    more: { type: "boolean" },
  }),
  [`GET ${S}/keyframes`]: media(
    "Key frames in a range, forwards or backwards",
    "application/vnd.streambank.keyframes",
  ),
  [`GET ${S}/clip.mkv`]: media("A range as Matroska", "video/x-matroska"),
  [`GET ${S}/clip.mp4`]: media("A range as MP4", "video/mp4"),
  [`GET ${S}/image.jpg`]: media("A picture", "image/jpeg"),
  [`GET ${S}/image.png`]: media("A picture", "image/png"),
  [`GET ${S}/images`]: all("Pictures at equal distances", "images", "Image", { "token?": word }),
  [`GET ${S}/thumbnails`]: of("Where each small picture is on the sheet", "Sheet"),
  [`GET ${S}/thumbnails.jpg`]: media("A sheet of small pictures", "image/jpeg"),
  [`GET ${S}/hls/:file`]: media(
    "HLS: index.m3u8, and what it leads to",
    "application/vnd.apple.mpegurl",
  ),
  [`GET ${S}/dash/manifest.mpd`]: media("DASH", "application/dash+xml"),
  [`POST ${S}/retention/preview`]: of("What would go by this retention", "Preview"),
  [`POST ${S}/delete-range`]: of("Deletes media of a range", "Deleted"),
  [`GET ${S}/holds`]: all("Holds on a stream", "holds", "Hold"),
  [`POST ${S}/holds`]: of("Holds a range: nothing removes it", "Hold", 201),
  "GET /v1/holds": all("All holds", "holds", "Hold"),
  "DELETE /v1/holds/:id": of("Ends a hold", "Hold"),
  "GET /v1/retention": of("What the sweeper does", "Retention"),
  "POST /v1/retention/confirm-clock": of("Says that the clock is right", "Retention"),
  "GET /v1/audit": all("What was done, newest first", "audit", "AuditRow", { "next?": whole }),
  [`GET ${S}/source`]: of("The camera that feeds it", "Source"),
  [`PUT ${S}/source`]: of("Pulls a camera into it", "Source", 201),
  [`DELETE ${S}/source`]: gone("Stops pulling"),
  "GET /v1/sources": all("All cameras that are pulled", "sources", "Source"),
  "POST /v1/sources/test": of("Tries a camera's address", "SourceTest"),
  "GET /v1/hooks": all("Webhooks", "hooks", "Hook"),
  "POST /v1/hooks": of("Makes a webhook; its secret is shown this once", "Hook", 201),
  "DELETE /v1/hooks/:id": gone("Removes a webhook"),
  "POST /v1/hooks/:id/test": of("Sends a webhook a test event", "HookTest"),
  "GET /v1/events": all("What happened", "events", "Event", { nextAfter: whole, lastId: whole }),
  "GET /v1/events/stream": media("The same as server-sent events", "text/event-stream"),
  "GET /v1/nodes": all("The nodes there are", "nodes", "Node"),
  "POST /v1/nodes/:id/lost": {
    ...{ summary: "Declares a node lost", answer: object({ packs: whole }) },
  },
  "GET /v1/groups/:group": all("Where a group is in its streams", "streams", "GroupPlace"),
  [`POST ${PLACE}/claim`]: of("Claims a stream for a consumer", "GroupPlace"),
  [`PUT ${PLACE}/checkpoint`]: of("Says up to where a consumer is done", "GroupPlace"),
  [`POST ${PLACE}/release`]: of("Lets a claim go", "GroupPlace"),
  [`DELETE ${PLACE}`]: gone("Forgets where a group is"),
  "GET /v1/keys": all("Access keys, without secrets", "keys", "Key"),
  "POST /v1/keys": of("Makes a key; its secret is shown this once", "NewKey", 201),
  "DELETE /v1/keys/:id": gone("Removes a key, and ends what it opened"),
  "GET /v1/users": all("People who sign in", "users", "User"),
  "POST /v1/users": of("Makes a user", "User", 201),
  "PATCH /v1/users/:user": of("Changes a user, who has to sign in again", "User"),
  "DELETE /v1/users/:user": gone("Removes a user, and ends what they opened"),
  "GET /v1/server": of("What this server is, and where it listens", "Server"),
  "GET /v1/server/history": {
    summary: "How the server did over the last three hours",
    answer: object({ everyMs: whole, samples: list(ref("ServerSample")) }),
  },
  "GET /v1/session": of("Who asks, and what they may do", "Session"),
  "POST /v1/session": of("A short token, for addresses", "SessionToken", 201),
  "POST /v1/sign-in": of("Signs in: sets the cookie", "Session"),
  "POST /v1/password": of("Changes the own password: sets a new cookie", "Session"),
  "POST /v1/sign-out": gone("Signs out: ends this sign-in"),
  "GET /v1/openapi.json": of("This document", "Any"),
  "GET /v1/docs": media("This document, to be read", "text/html"),
};
