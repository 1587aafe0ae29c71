import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { suite, test } from "node:test";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "../../../../test/support/signed-put.ts";
import { signerOf, verifySigV4 } from "./verify.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ID = "AKIDEXAMPLE";
const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);

interface Made {
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly sent?: Record<string, string>;
}

/** Signed by AWS's own signer. */
async function signed({ path = "/describeStream", query = {}, headers = {}, body = "{}" }: Made) {
  const signer = new SignatureV4({
    credentials: { accessKeyId: ID, secretAccessKey: SECRET },
    ...{ region: "eu-west-1", service: "kinesisvideo", sha256: Sha256 as never },
    applyChecksum: false,
  });
  const request = await signer.sign(
    {
      ...{ method: "POST", protocol: "http:", hostname: "127.0.0.1", path, query, body },
      headers: { host: "127.0.0.1:8080", ...headers },
    },
    { signingDate: new Date(NOW) },
  );
  const text = new URLSearchParams(query).toString().replaceAll("+", "%20");
  return {
    method: "POST",
    url: text === "" ? path : `${path}?${text}`,
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ) as Record<string, string>,
    body: new TextEncoder().encode(body),
  };
}

/** By hand, for what that signer would not do: the C SDK signs hop-by-hop headers. */
function byHand(headers: Record<string, string>, url: string, payload: string) {
  const names = Object.keys(headers).sort();
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const [path, query = ""] = url.split("?");
  const canonical = [
    ...["POST", path, query],
    names.map((name) => `${name}:${headers[name]}\n`).join(""),
    ...[names.join(";"), payload],
  ].join("\n");
  const scope = "20261123/us-west-2/kinesisvideo/aws4_request";
  const text = `AWS4-HMAC-SHA256\n20261123T120000Z\n${scope}\n${hash(canonical)}`;
  let key: Buffer | string = `AWS4${SECRET}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${ID}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { method: "POST", url, headers: { ...headers, authorization }, body: undefined };
}

const EMPTY = createHash("sha256").update("").digest("hex");

suite("SigV4", () => {
  test("what AWS's signer signs is right, with queries, odd headers and a body", async () => {
    for (const made of [
      {},
      { body: '{"StreamName":"a"}' },
      { query: { b: "2 3", a: "ä/ö", "X-Amz-Expires": "600" } },
      { headers: { "x-amz-meta": "a   b", "content-type": "application/json" } },
      { path: "/v1/streams/a%20b" },
    ]) {
      const request = await signed(made);
      assert.equal(signerOf(request.headers.authorization ?? ""), ID);
      verifySigV4(request, SECRET, NOW);
    }
  });

  test("anything that is changed is refused", async () => {
    const request = await signed({ body: '{"StreamName":"a"}', query: { a: "1" } });
    const bad = { code: "auth.signature" };
    const refused = (change: object, secret = SECRET) =>
      assert.throws(() => verifySigV4({ ...request, ...change }, secret, NOW), bad);
    refused({}, `${SECRET}x`);
    refused({ method: "GET" });
    refused({ url: "/deleteStream?a=1" });
    refused({ url: "/describeStream?a=2" });
    refused({ url: "/describeStream?a=1&b=1" });
    refused({ body: new TextEncoder().encode('{"StreamName":"b"}') });
    refused({ headers: { ...request.headers, host: "other" } });
    refused({ headers: { ...request.headers, "x-amz-date": "20261123T120001Z" } });
    refused({ headers: { ...request.headers, "x-amz-date": undefined } });
    const { authorization = "" } = request.headers;
    for (const [from, to] of [
      ["kinesisvideo", "s3"],
      ["20261123/", "20261122/"],
      ["eu-west-1", "us-east-1"],
      [/Signature=./.source.slice(0, 10), "Signature=0"],
    ] as const)
      refused({ headers: { ...request.headers, authorization: authorization.replace(from, to) } });
    for (const text of ["", "AWS4-HMAC-SHA256 x", authorization.slice(0, -1)])
      assert.throws(() => signerOf(text), bad);
  });

  test("the body's hash that is sent must be the body's; words are taken as they are", async () => {
    const right = createHash("sha256").update("{}").digest("hex");
    verifySigV4(await signed({ headers: { "x-amz-content-sha256": right } }), SECRET, NOW);
    const wrong = await signed({ headers: { "x-amz-content-sha256": EMPTY } });
    assert.throws(() => verifySigV4(wrong, SECRET, NOW), { code: "auth.signature" });
    for (const word of ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
      verifySigV4(
        byHand(
          { host: "h:1", "x-amz-date": "20261123T120000Z", "x-amz-content-sha256": word },
          "/putMedia",
          word,
        ),
        SECRET,
        NOW,
      );
  });

  test("clocks may be 15 minutes apart", async () => {
    const request = await signed({});
    const minutes = 60_000;
    for (const off of [-15, 15]) verifySigV4(request, SECRET, NOW + off * minutes);
    for (const off of [-15.1, 15.1])
      assert.throws(() => verifySigV4(request, SECRET, NOW + off * minutes), {
        code: "auth.expired",
      });
  });

  test("the C SDK: a host without a port, hop-by-hop headers, an empty body; Go: a query beside the header", () => {
    const c = {
      connection: "keep-alive",
      host: "127.0.0.1",
      "transfer-encoding": "chunked",
      "user-agent": "AWS-SDK-KVS/3.6.0 GCC/12.2.0",
      "x-amz-date": "20261123T120000Z",
      "x-amzn-fragment-acknowledgment-required": "1",
      "x-amzn-fragment-timecode-type": "ABSOLUTE",
      "x-amzn-producer-start-timestamp": "1795404383.3",
      "x-amzn-stream-name": "cam",
    };
    verifySigV4(byHand(c, "/putMedia", EMPTY), SECRET, NOW);
    const go = { host: "h", "x-amz-date": "20261123T120000Z" };
    verifySigV4(byHand(go, "/putMedia?X-Amz-Expires=600", EMPTY), SECRET, NOW);
    const noHost = byHand({ "x-amz-date": "20261123T120000Z" }, "/putMedia", EMPTY);
    assert.throws(() => verifySigV4(noHost, SECRET, NOW), { code: "auth.signature" });
  });
});
