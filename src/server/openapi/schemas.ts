/** What the native API answers with, as JSON Schema. Answers are not made from these: a test holds them together. */

export type Schema = Readonly<Record<string, unknown>>;

const text = (description: string): Schema => ({ type: "string", description });
const count = (description: string): Schema => ({ type: "integer", minimum: 0, description });
const number = (description: string): Schema => ({ type: "number", description });
const yes = (description: string): Schema => ({ type: "boolean", description });
const ms = (description: string): Schema => ({
  ...{ type: "integer", description: `${description}, ms since the Unix epoch` },
});

/** An object; names that end with `?` may be missing. */
export function object(members: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(members);
  const properties = names.map((name) => [name.replace("?", ""), members[name]]);
  const required = names.filter((name) => !name.endsWith("?"));
  return {
    ...{ type: "object", properties: Object.fromEntries(properties) },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

export function list(items: Schema): Schema {
  return { type: "array", items };
}

export function ref(name: keyof typeof SCHEMAS): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const words = (...all: readonly string[]): Schema => ({ type: "string", enum: all });
const track = object({
  ...{ number: count("in the stream"), type: text("video, audio, subtitle or metadata") },
  ...{ codec: text("Matroska CodecID"), "codecString?": text("RFC 6381") },
  ...{ "width?": count("pixels"), "height?": count("pixels") },
  ...{ "sampleRate?": number("Hz"), "channels?": count("of sound") },
  hls: yes("HLS and DASH carry it"),
});
/** What its acks say. */
const producer = object({
  ...{ protocol: words("put-media", "websocket", "rtmp", "source"), session: text("its own") },
  ...{ sinceMs: ms("when it connected"), "endedMs?": ms("when it was over") },
  ...{ "received?": text("newest whole fragment"), "persisted?": text("newest durable one") },
  "error?": object({ code: text("of the fault that ended it"), message: text("for people") }),
});
const packSum = object({ packs: count("packs"), bytes: count("bytes") });
const actions = list(words("produce", "read", "manage"));
const pattern = text("names of streams, with `*` for any characters");

const KEY = {
  ...{ id: text("AKSB…"), name: text("as it was given"), createdMs: ms("when it was made") },
  ...{ actions, streams: pattern, "fromMs?": ms("beginning of its window") },
  ...{ "toMs?": ms("end of its window"), "expiresMs?": ms("its own end") },
};

export const SCHEMAS = {
  Error: object({
    error: object({
      ...{ code: text("see docs/reference/errors.md"), message: text("for people") },
      "at?": count("byte of the input"),
    }),
  }),
  Track: track,
  Stream: object({
    ...{ name: text("1 to 256 of A-Z a-z 0-9 _ . -"), createdMs: ms("when it was made") },
    ...{ retentionHours: count("0: live only"), retentionBytes: count("0: no bound") },
    ...{ version: text("changes with every change"), "mediaType?": text("as it was set") },
    ...{ live: yes("a producer is connected"), "node?": text("the other node that records it") },
    "producer?": producer,
    ...{ viewers: count("of live media"), "lastFrameMs?": ms("when the newest frame came") },
    "rate?": object({
      ...{ fps: number("pictures a second"), kbits: number("1000 bit/s of media") },
    }),
    "tracks?": list({ $ref: "#/components/schemas/Track" }),
    ...{ "firstMs?": ms("oldest archived media"), "lastMs?": ms("newest archived media") },
    bytes: count("archived"),
    "source?": object({
      ...{ address: text("without its secrets"), state: text("of the camera") },
      "reason?": text("why it is not live"),
    }),
  }),
  Fragment: object({
    ...{ number: text("47-digit decimal"), producerMs: ms("its first frame") },
    ...{ serverMs: ms("when it began to arrive"), durationMs: count("how long it plays") },
    ...{ bytes: count("in the archive"), seekable: yes("a decoder can start in it") },
    ...{ session: text("of the producer"), run: count("stretch of continuous time in it") },
  }),
  Coverage: object({
    ranges: list(
      object({
        ...{ from: ms("beginning"), to: ms("end") },
        ...{ fragments: count("in it"), bytes: count("in it") },
      }),
    ),
    gaps: list(
      object({
        ...{ from: ms("beginning"), to: ms("end"), cause: text("why"), "detail?": text("more") },
        "open?": yes("no media has come since, and no producer is connected"),
      }),
    ),
    "density?": object({
      ...{ bucketMs: number("of one part"), recordedMs: list(number("of each part")) },
      sampled: yes("not every pack was looked into"),
    }),
  }),
  Gap: object({
    ...{ from: ms("beginning"), to: ms("end"), cause: text("why"), "detail?": text("more") },
    recordedMs: ms("when it was written down"),
  }),
  Hold: object({
    ...{ id: text("of the hold"), stream: text("its name"), from: ms("beginning"), to: ms("end") },
    ...{ who: text("who asked for it"), why: text("what for"), createdMs: ms("when it was made") },
    "untilMs?": ms("not in force from then on"),
  }),
  Preview: object({
    ...{ packs: count("that would go"), bytes: count("that would go") },
    ...{ "from?": ms("beginning of it"), "to?": ms("end of it") },
    ...{ byAge: packSum, bySize: packSum, held: packSum },
    complete: yes("false: there was too much to look at, all figures are the least"),
  }),
  Deleted: {
    type: "object",
    description: "what went and what was left (docs/reference/retention.md)",
  },
  Retention: { type: "object", description: "the sweeper's state (docs/reference/retention.md)" },
  AuditRow: object({
    ...{ id: count("rises"), atMs: ms("when"), action: text("what was done") },
    ...{ stream: text("to which; empty: to none"), who: text("by whom"), "cause?": text("why") },
    ...{ "from?": ms("beginning"), "to?": ms("end"), "packs?": count("touched") },
    ...{ "bytes?": count("touched"), "detail?": text("more") },
  }),
  Image: object({
    ...{ timeMs: ms("what was asked for"), time: text("the same, ISO 8601") },
    ...{ "error?": text("why there is none"), "shownMs?": ms("when it was shown") },
    ...{ "contentType?": text("of the picture"), "content?": text("the picture, base64") },
  }),
  Sheet: object({
    url: text("of the sheet, relative to this answer"),
    ...{ tileWidth: count("pixels"), tileHeight: count("pixels") },
    ...{ columns: count("of tiles"), rows: count("of tiles") },
    tiles: list({ type: "object", description: "one of them, in order" }),
  }),
  Source: object({
    ...{ stream: text("which it feeds"), address: text("without its secrets") },
    ...{ audio: yes("sound is taken"), from: words("config", "api") },
    ...{ state: text("of the camera"), "reason?": text("why it is not live") },
    ...{
      sinceMs: ms("in this state"),
      fps: number("pictures a second"),
      kbits: number("1000 bit/s"),
    },
    ...{ frames: count("put into the stream"), lost: count("given up") },
    "persistedMs?": ms("start of the newest durable fragment"),
    "note?": text("what of the camera is left out, and why"),
  }),
  SourceTest: { type: "object", description: "what the camera sends, or why it cannot be reached" },
  Hook: object({
    ...{ id: text("of the hook"), url: text("where to"), streams: pattern },
    types: list(text("of events; none: all")),
    ...{ createdMs: ms("when it was made"), behind: count("events after its place, at most") },
    ...{
      state: words("idle", "sending", "retrying", "elsewhere"),
      deliveredId: count("its place"),
    },
    ...{ failures: count("of the batch at hand"), "lastError?": text("of them") },
    "lastDeliveredMs?": ms("when a batch was taken"),
    "secret?": text("what deliveries are signed with; shown when it is made"),
  }),
  HookTest: object({
    ...{ delivered: yes("a 2xx came"), ms: count("it took") },
    ...{
      "status?": count("of the answer"),
      "answer?": text("its beginning"),
      "error?": text("why none"),
    },
  }),
  Event: object({
    ...{ id: count("rises"), type: text("see docs/reference/events.md"), "stream?": text("which") },
    ...{ timeMs: ms("when"), time: text("the same, ISO 8601") },
    data: { description: "by type" },
  }),
  Node: object({
    ...{ id: text("of the node"), url: text("where it is"), rtmpUrl: text("for encoders") },
    ...{ state: words("up", "gone", "lost"), "seenMs?": ms("last heard of") },
    here: yes("the one that answers"),
  }),
  Endpoint: object({
    ...{
      node: text("empty: there is one"),
      url: text("where it is"),
      rtmpUrl: text("for encoders"),
    },
  }),
  Key: object(KEY),
  NewKey: object({ ...KEY, secret: text("shown this once"), token: text("`ID.SECRET`") }),
  User: object({
    ...{ name: text("unique"), role: words("viewer", "operator", "admin"), streams: pattern },
    ...{ createdMs: ms("when it was made"), changedMs: ms("when it was changed") },
  }),
  Session: {
    ...object({
      ...{ id: text("who asks"), actions, streams: pattern, server: yes("it is managed by them") },
      ...{ signedIn: yes("a sign-out ends it"), "expiresMs?": ms("its end") },
    }),
    additionalProperties: true,
  },
  SessionToken: object({
    ...{ token: text("for addresses"), expiresMs: ms("its end") },
    credentials: object({
      ...{ accessKeyId: text("for SigV4"), secretAccessKey: text("for SigV4") },
      sessionToken: text("the token"),
    }),
  }),
  GroupPlace: object({
    ...{
      stream: text("which"),
      "consumer?": text("who reads it"),
      "untilMs?": ms("end of the claim"),
    },
    ...{ "token?": text("last fragment that is done"), "doneMs?": ms("when that was said") },
    "owner?": text("whose the claim is, where callers are known"),
  }),
  Server: object({
    ...{ version: text("of Streambank"), timeMs: ms("its clock"), startedMs: ms("its start") },
    ...{ auth: words("on", "off"), pushKey: yes("pushes show a key"), tls: yes("it is HTTPS") },
    ...{ "rtmpPort?": count("where RTMP is taken"), "rtmpsPort?": count("the same over TLS") },
    ffmpeg: object({ found: yes("it is on the PATH"), "version?": text("as it says itself") }),
    defaults: object({
      retentionHours: count("of streams that are made without"),
      createMissing: yes("a first push makes its stream"),
    }),
    store: words("folder", "s3"),
    "disk?": object({
      ...{ freeBytes: count("of the data folder"), totalBytes: count("of it") },
      ...{ stopBytes: count("recording stops with less"), floorBytes: count("0: none") },
    }),
  }),
  ServerSample: object({
    ...{ atMs: ms("when"), kbits: count("1000 bit/s received since the sample before") },
    ...{ "ackMs?": number("mean from RECEIVED to PERSISTED"), "ackMaxMs?": number("the longest") },
    ...{ producers: count("connected"), viewers: count("of live media") },
    ...{ storedBytes: count("of all streams"), freeBytes: count("on the disk") },
    unarchivedMs: count("age of the oldest pack that is not in the store yet"),
  }),
  Ready: object({
    ready: yes("work can be given"),
    checks: {
      type: "object",
      additionalProperties: object({
        state: words("ok", "warning", "failed"),
        "reason?": text("with every state but ok"),
      }),
    },
  }),
  Any: { description: "see the reference pages" },
} as const satisfies Readonly<Record<string, Schema>>;
