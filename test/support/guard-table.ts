/**
 * Who may ask for what: every route, every operation of KVS, every other way in, each with the smallest request that gets as far
 * as the question. No stream is there, so whoever may ask is told that (404), or what is missing in the request (400).
 */

export const ROLES = [
  "none",
  "wrong",
  "expired",
  "other",
  "produce",
  "read",
  "windowed",
  "manage",
  "session",
  "viewer",
  "operator",
  "admin",
] as const;
export type RoleName = (typeof ROLES)[number];

/** What a way in asks of who comes: the roles that pass. */
export const PASS = {
  anybody: ROLES,
  /** Whoever is somebody. */
  known: [
    "other",
    "produce",
    "read",
    "windowed",
    "manage",
    "session",
    "viewer",
    "operator",
    "admin",
  ],
  read: ["read", "manage", "session", "viewer", "operator", "admin"],
  /** The same, where the request names a time inside the window. */
  timed: ["read", "windowed", "manage", "session", "viewer", "operator", "admin"],
  produce: ["produce", "manage", "operator", "admin"],
  /** Whoever records, and whoever watches. */
  seen: ["produce", "read", "manage", "session", "viewer", "operator", "admin"],
  manage: ["manage", "operator", "admin"],
  server: ["admin"],
  /** Who has a password. */
  user: ["viewer", "operator", "admin"],
  nobody: [],
} as const satisfies Record<string, readonly RoleName[]>;

export interface Row {
  readonly pass: keyof typeof PASS;
  /** Default: the route's own path with `cam` for a stream and `none` for another id. */
  readonly path?: string;
  readonly body?: object;
}

const TIME = "from=1790000000000&to=1790000001000";
const row = (pass: keyof typeof PASS, more: Omit<Row, "pass"> = {}): Row => ({ pass, ...more });
const timed = (path: string) => row("timed", { path: `${path}?${TIME}` });
const CAM = "/v1/streams/cam";
/** Refused as a request, behind the question who asks. */
const SAME = { password: "a-long-password", newPassword: "a-long-password" };

/** By `METHOD path`, as Fastify has it. */
export const ROUTES: Readonly<Record<string, Row>> = {
  "GET /*": row("anybody", { path: "/player/page.css" }),
  "GET /healthz": row("anybody"),
  "GET /readyz": row("anybody"),
  "GET /metrics": row("server"),
  "GET /v1/server": row("known"),
  "GET /v1/server/history": row("server"),
  "GET /v1/openapi.json": row("anybody"),
  "GET /v1/docs": row("anybody"),
  "GET /v1/streams": row("known"),
  "POST /v1/streams": row("server", { body: {} }),
  "GET /v1/streams/:name": row("read"),
  "PATCH /v1/streams/:name": row("manage", { body: {} }),
  "DELETE /v1/streams/:name": row("manage"),
  "GET /v1/streams/:name/endpoint": row("seen"),
  "GET /v1/streams/:name/fragments": timed(`${CAM}/fragments`),
  "GET /v1/streams/:name/coverage": timed(`${CAM}/coverage`),
  "GET /v1/streams/:name/gaps": timed(`${CAM}/gaps`),
  "GET /v1/streams/:name/keyframes": timed(`${CAM}/keyframes`),
  "GET /v1/streams/:name/clip.mkv": timed(`${CAM}/clip.mkv`),
  "GET /v1/streams/:name/clip.mp4": timed(`${CAM}/clip.mp4`),
  "GET /v1/streams/:name/image.jpg": row("timed", { path: `${CAM}/image.jpg?at=1790000000000` }),
  "GET /v1/streams/:name/image.png": row("timed", { path: `${CAM}/image.png?at=1790000000000` }),
  "GET /v1/streams/:name/images": timed(`${CAM}/images`),
  "GET /v1/streams/:name/thumbnails": timed(`${CAM}/thumbnails`),
  "GET /v1/streams/:name/thumbnails.jpg": timed(`${CAM}/thumbnails.jpg`),
  "GET /v1/streams/:name/hls/:file": row("read", { path: `${CAM}/hls/index.m3u8` }),
  "GET /v1/streams/:name/dash/manifest.mpd": row("read"),
  "POST /v1/streams/:name/retention/preview": row("manage", { body: {} }),
  "POST /v1/streams/:name/delete-range": row("manage", { body: {} }),
  "GET /v1/streams/:name/holds": row("read"),
  "POST /v1/streams/:name/holds": row("manage", { body: {} }),
  "GET /v1/streams/:name/source": row("manage"),
  "PUT /v1/streams/:name/source": row("manage", { body: {} }),
  "DELETE /v1/streams/:name/source": row("manage"),
  "GET /v1/groups/:group": row("server", { path: "/v1/groups/g" }),
  "POST /v1/groups/:group/streams/:name/claim": row("read", { body: {} }),
  "PUT /v1/groups/:group/streams/:name/checkpoint": row("read", { body: {} }),
  "POST /v1/groups/:group/streams/:name/release": row("read", { body: {} }),
  "DELETE /v1/groups/:group/streams/:name": row("read"),
  "GET /v1/holds": row("server"),
  "DELETE /v1/holds/:id": row("server"),
  "GET /v1/sources": row("server"),
  "POST /v1/sources/test": row("server", { body: {} }),
  "GET /v1/retention": row("server"),
  "POST /v1/retention/confirm-clock": row("server", { body: {} }),
  "GET /v1/audit": row("server"),
  "GET /v1/hooks": row("server"),
  "POST /v1/hooks": row("server", { body: {} }),
  "DELETE /v1/hooks/:id": row("server"),
  "POST /v1/hooks/:id/test": row("server"),
  "GET /v1/events": row("server"),
  "GET /v1/events/stream": row("server", { path: "/v1/events/stream?no=1" }),
  "GET /v1/nodes": row("server"),
  "POST /v1/nodes/:id/lost": row("server"),
  "GET /v1/keys": row("server"),
  "POST /v1/keys": row("server", { body: {} }),
  "DELETE /v1/keys/:id": row("server"),
  "GET /v1/users": row("server"),
  "POST /v1/users": row("server", { body: {} }),
  "PATCH /v1/users/:user": row("server", { body: {} }),
  "DELETE /v1/users/:user": row("server"),
  "GET /v1/session": row("known"),
  "POST /v1/session": row("read", { body: { actions: ["read"], streams: "cam" } }),
  "POST /v1/sign-in": row("anybody", { body: {} }),
  "POST /v1/sign-out": row("known"),
  "POST /v1/password": row("user", { body: SAME }),
  // Signed by other nodes.
  "GET /internal/packs/*": row("nobody", { path: "/internal/packs/x" }),
  "POST /internal/streams/:name/let-go": row("nobody", { body: {} }),
  "POST /putMedia": row("produce"),
};

/** What a playback session's address leads to: its own token opens it, and nothing else. */
export const SESSION_ROUTE = /^GET \/(?:hls|dash)\/v1\//;

const StreamName = "cam";
const times = { StartTimestamp: 1_790_000_000, EndTimestamp: 1_790_000_001 };
const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: times };
const CurrentVersion = "v";
const ResourceARN = "arn:aws:kinesisvideo:eu-west-1:0:stream/cam/1";
const tags = { Tags: { a: "b" } };
const play = { PlaybackMode: "ON_DEMAND" };

/** By the operation's name, with its input. */
export const OPERATIONS: Readonly<Record<string, Row>> = {
  CreateStream: row("manage", { body: { StreamName: "cam-new" } }),
  DescribeStream: row("seen", { body: { StreamName } }),
  ListStreams: row("known", { body: {} }),
  UpdateStream: row("manage", { body: { StreamName, CurrentVersion } }),
  DeleteStream: row("manage", { body: { StreamARN: ResourceARN } }),
  UpdateDataRetention: row("manage", {
    body: {
      ...{ StreamName, CurrentVersion, Operation: "INCREASE_DATA_RETENTION" },
      DataRetentionChangeInHours: 1,
    },
  }),
  GetDataEndpoint: row("seen", { body: { StreamName, APIName: "GET_MEDIA" } }),
  TagStream: row("manage", { body: { StreamName, ...tags } }),
  UntagStream: row("manage", { body: { StreamName, TagKeyList: ["a"] } }),
  ListTagsForStream: row("read", { body: { StreamName } }),
  TagResource: row("manage", { body: { ResourceARN, Tags: [{ Key: "a", Value: "b" }] } }),
  UntagResource: row("manage", { body: { ResourceARN, TagKeyList: ["a"] } }),
  ListTagsForResource: row("read", { body: { ResourceARN } }),
  DescribeImageGenerationConfiguration: row("read", { body: { StreamName } }),
  UpdateImageGenerationConfiguration: row("manage", { body: { StreamName } }),
  DescribeNotificationConfiguration: row("read", { body: { StreamName } }),
  UpdateNotificationConfiguration: row("manage", { body: { StreamName } }),
  DescribeStreamStorageConfiguration: row("read", { body: { StreamName } }),
  UpdateStreamStorageConfiguration: row("manage", {
    body: {
      ...{ StreamName, CurrentVersion },
      StreamStorageConfiguration: { DefaultStorageTier: "HOT" },
    },
  }),
  DescribeMappedResourceConfiguration: row("read", { body: { StreamName } }),
  GetMedia: row("read", { body: { StreamName, StartSelector: { StartSelectorType: "NOW" } } }),
  ListFragments: row("read", { body: { StreamName, FragmentSelector: selector } }),
  GetMediaForFragmentList: row("read", { body: { StreamName, Fragments: ["1"] } }),
  GetClip: row("read", { body: { StreamName, ClipFragmentSelector: selector } }),
  GetImages: row("read", {
    body: { StreamName, ImageSelectorType: "PRODUCER_TIMESTAMP", ...times, Format: "JPEG" },
  }),
  GetHLSStreamingSessionURL: row("read", {
    body: { StreamName, ...play, HLSFragmentSelector: selector },
  }),
  GetDASHStreamingSessionURL: row("read", {
    body: { StreamName, ...play, DASHFragmentSelector: selector },
  }),
};

/** Of signaling and edge agents: that it is not built is told to whoever is somebody. */
export const NOT_BUILT_ROW = row("known", { body: {} });

/** What is no route. */
export const SOCKETS = {
  "WS /v1/streams/:name/put": row("produce", { path: `${CAM}/put` }),
  "WS /v1/streams/:name/tail": row("read", { path: `${CAM}/tail` }),
  rtmp: row("produce"),
} as const;
