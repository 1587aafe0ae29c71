/** Who is not let in: control plane, media and PutMedia, each with KVS's name for it; and sessions that sign. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, suite, test } from "node:test";
import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import {
  GetHLSStreamingSessionURLCommand,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { GetMediaCommand } from "@aws-sdk/client-kinesis-video-media";
import {
  type Clients,
  clientsOf,
  type GuardedServer,
  guardedServer,
} from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { type Credentials, putFile, signedPut, signHeaders } from "../support/signed-put.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const nameOf = (call: Promise<unknown>) =>
  call.then(
    () => "taken",
    (error: Error) => error.name,
  );

suite("KVS with keys", { timeout: 300_000, ...needs("ffmpeg") }, () => {
  let scene: GuardedServer;
  let file: string;

  const control = ({ control: client }: Clients) =>
    nameOf(client.send(new DescribeStreamCommand({ StreamName: "cam" })));
  const media = ({ media: client }: Clients) =>
    nameOf(
      client
        .send(
          new GetMediaCommand({ StreamName: "cam", StartSelector: { StartSelectorType: "NOW" } }),
        )
        .then(({ Payload }) => (Payload as unknown as { destroy(): void }).destroy()),
    );
  const put = async (credentials: Credentials, more: { atMs?: number; stream?: string } = {}) => {
    const call = await signedPut({
      ...{ url: scene.url, stream: "cam", startMs: START_MS, credentials },
      ...more,
    });
    const answer = await call.answer;
    call.cut();
    return answer;
  };

  // Failures are counted per address: each test has its own server.
  beforeEach(async () => {
    scene = await guardedServer();
    file = await makeMedia("short-groups");
    for (const name of ["cam", "dog"])
      await scene.server.parts.archive.create({ name, retentionHours: 24 });
    const { url, root: credentials } = scene;
    await putFile({ url, stream: "cam", startMs: START_MS, credentials }, file);
  });
  afterEach(() => scene[Symbol.asyncDispose]());

  test("a wrong secret, an unknown key, one of another stream, an expired one", async () => {
    const wrong = { ...scene.root, secretAccessKey: "wrong" };
    const unknown = { ...scene.root, accessKeyId: "AKIAUNKNOWN" };
    const other = await scene.key({ actions: ["manage"], streams: "dog" });
    const expired = await scene.key({ actions: ["manage"], streams: "*", expiresMs: 1 });
    for (const [credentials, ofControl, ofPut] of [
      [wrong, "InvalidSignatureException", "403 InvalidSignatureException"],
      [unknown, "AccessDeniedException", "403 AccessDeniedException"],
      [other, "AccessDeniedException", "403 AccessDeniedException"],
      [expired, "RequestExpired", "401 NotAuthorizedException"],
    ] as const) {
      const clients = clientsOf(scene.url, credentials);
      assert.equal(await control(clients), ofControl);
      assert.equal(await media(clients), ofControl);
      assert.equal(await put(credentials), ofPut);
    }
    const reader = await scene.key({ actions: ["read"], streams: "cam" });
    assert.equal(await media(clientsOf(scene.url, reader)), "taken");
    assert.equal(await put(reader), "403 AccessDeniedException", "who reads may not send");
    const producer = await scene.key({ actions: ["produce"], streams: "cam" });
    assert.equal(await put(producer), "200 undefined");
    assert.equal(await media(clientsOf(scene.url, producer)), "AccessDeniedException");
  });

  test("a clock that is 16 minutes off is refused, one that is 14 off is not", async () => {
    for (const off of [-16 * MINUTE_MS, 16 * MINUTE_MS]) {
      const clients = clientsOf(scene.url, scene.root, off);
      assert.equal(await control(clients), "RequestExpired");
      assert.equal(await put(scene.root, { atMs: Date.now() + off }), "401 NotAuthorizedException");
    }
    assert.equal(await control(clientsOf(scene.url, scene.root, 14 * MINUTE_MS)), "taken");
    assert.equal(await put(scene.root, { atMs: Date.now() - 14 * MINUTE_MS }), "200 undefined");
  });

  test("what was changed on the way is refused: body, signed headers, path", async () => {
    const { root: credentials, url } = scene;
    const { host } = new URL(url);
    const body = '{"StreamName":"cam"}';
    const headers = { host, "content-type": "application/json" };
    const signed = await signHeaders({ path: "/describeStream", headers, body, credentials });
    const send = async (path: string, sent: string, more: Record<string, string> = {}) => {
      const answer = await fetch(url + path, {
        ...{ method: "POST", body: sent, headers: { ...signed, ...more } },
      });
      return `${answer.status} ${answer.headers.get("x-amzn-errortype")}`;
    };
    const bad = "403 InvalidSignatureException";
    assert.equal(await send("/describeStream", body), "200 null");
    assert.equal(await send("/describeStream", '{"StreamName":"dog"}'), bad);
    assert.equal(await send("/deleteStream", body), bad);
    assert.equal(await send("/describeStream", body, { "content-type": "text/plain" }), bad);
    for (const tampered of [
      { "x-amzn-stream-name": "dog" },
      { "x-amzn-producer-start-timestamp": "1.000" },
      { "user-agent": "AWS-SDK-KVS/3.7.0" },
    ]) {
      const put = await signedPut({ url, stream: "cam", startMs: START_MS, credentials, tampered });
      assert.equal(await put.answer, bad, JSON.stringify(tampered));
      put.cut();
    }
  });

  test("a session's credentials: id, secret and token, for what the session may and no more", async () => {
    const { url } = scene;
    const open = async (body: object) => {
      const answer = await fetch(`${url}/v1/session`, {
        method: "POST",
        headers: { authorization: `Bearer ${scene.token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      assert.equal(answer.status, 201);
      return ((await answer.json()) as { credentials: Credentials }).credentials;
    };
    const credentials = await open({ actions: ["read"], streams: "cam", seconds: 60 });
    assert.match(credentials.accessKeyId, /^[A-Z0-9]{20}$/);
    const { archived, ...clients } = clientsOf(url, credentials);
    const StreamName = "cam";
    const FragmentSelector = {
      FragmentSelectorType: "PRODUCER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(START_MS), EndTimestamp: new Date(Date.now()) },
    } as const;
    const { Fragments } = await archived.send(
      new ListFragmentsCommand({ StreamName, FragmentSelector }),
    );
    assert.ok((Fragments?.length ?? 0) > 0);
    assert.equal(await media({ archived, ...clients }), "taken");
    assert.equal(await put(credentials), "403 AccessDeniedException");
    const producing = await open({ actions: ["produce"], streams: "cam", seconds: 60 });
    const call = await signedPut({ url, stream: "cam", startMs: START_MS, credentials: producing });
    assert.equal(
      await call.answer,
      "200 undefined",
      "the token is not signed, as the C SDK sends it",
    );
    await call.write(readFileSync(file));
    call.end();
    assert.equal((await call.acks).at(-1)?.EventType, "PERSISTED");
    for (const [changed, name] of [
      [{ secretAccessKey: producing.secretAccessKey }, "InvalidSignatureException"],
      [{ sessionToken: producing.sessionToken ?? "" }, "AccessDeniedException"],
      [{ sessionToken: `${credentials.sessionToken}x` }, "AccessDeniedException"],
    ] as const)
      assert.equal(await control(clientsOf(url, { ...credentials, ...changed })), name);
    // A playback session lives no longer than what it was asked for with.
    const hls = await archived.send(
      new GetHLSStreamingSessionURLCommand({
        ...{ StreamName, PlaybackMode: "ON_DEMAND", Expires: 3600 },
        HLSFragmentSelector: {
          ...FragmentSelector,
          TimestampRange: {
            StartTimestamp: new Date(START_MS),
            EndTimestamp: new Date(START_MS + 60_000),
          },
        },
      }),
    );
    const [, claims = ""] = hls.HLSStreamingSessionURL?.split("SessionToken=")[1]?.split(".") ?? [];
    const { expiresMs } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
    assert.ok(expiresMs <= Date.now() + 60_000, `${expiresMs - Date.now()}`);
  });
});
