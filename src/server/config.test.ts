import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { readConfig } from "./config.ts";

function withFile(text: string, run: (path: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), "streambank-config-"));
  try {
    const path = join(dir, "config.json");
    writeFileSync(path, text);
    run(path);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

suite("readConfig", () => {
  test("gives the documented defaults when nothing is set", () => {
    const config = readConfig({ flags: {}, env: {} });
    assert.equal(config.dataDir, "./data");
    assert.equal(config.host, "127.0.0.1");
    assert.equal(config.httpPort, 8080);
    assert.equal(config.rtmpPort, 1935);
  });

  test("takes a flag before the environment and the environment before the file", () => {
    withFile('{"httpPort": 1, "host": "a", "dataDir": "f"}', (path) => {
      const env = { STREAMBANK_HTTP_PORT: "2", STREAMBANK_HOST: "b" };
      const config = readConfig({ flags: { config: path, "http-port": "3" }, env });
      assert.equal(config.httpPort, 3);
      assert.equal(config.host, "b");
      assert.equal(config.dataDir, "f");
    });
  });

  test("asks everybody for a key where others reach the server, unless it is told not to", () => {
    const auth = (flags: Record<string, string>) => readConfig({ flags, env: {} }).auth;
    for (const host of ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
      assert.equal(auth({ host }), "off", host);
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "cam.lan"])
      assert.equal(auth({ host }), "on", host);
    assert.equal(auth({ host: "0.0.0.0", auth: "off" }), "off");
    assert.equal(auth({ auth: "on" }), "on");
  });

  test("takes origins, names and networks as lists, and nothing that is none", () => {
    const read = (flags: Record<string, string>) => readConfig({ flags, env: {} });
    const { corsOrigins, allowedHosts, sourceNetworks, publicUrl } = read({
      "cors-origins": "https://Wall.example/, http://b:81",
      "allowed-hosts": "Door.lan,[::1]",
      "source-networks": "10.0.0.0/8,fd00::/8,192.168.1.7",
      "public-url": "https://cam.example:443",
    });
    assert.deepEqual(corsOrigins, ["https://wall.example", "http://b:81"]);
    assert.deepEqual(allowedHosts, ["door.lan", "[::1]"]);
    assert.deepEqual(sourceNetworks, ["10.0.0.0/8", "fd00::/8", "192.168.1.7"]);
    assert.equal(publicUrl, "https://cam.example");
    withFile('{"corsOrigins": ["https://a.example"]}', (path) => {
      const fromFile = readConfig({ flags: { config: path }, env: {} });
      assert.deepEqual(fromFile.corsOrigins, ["https://a.example"]);
    });
    const bad = {
      "cors-origins": ["wall.example", "https://a/b", "https://u@a", "null", "ftp://a"],
      "allowed-hosts": ["a:80", "https://a", "a b"],
      "source-networks": ["10.0.0.0/33", "10.0.0/8", "lan", "fd00::/129", "1.2.3.4/"],
      "public-url": ["cam.example", "https://cam/x", "*", ""],
      "max-connections": ["15", "many"],
    };
    for (const [flag, values] of Object.entries(bad))
      for (const value of values)
        assert.throws(() => read({ [flag]: value }), { code: "config.bad" }, `${flag} ${value}`);
  });

  test("refuses a key in the file that it does not know, by name", () => {
    withFile('{"htttpPort": 1}', (path) => {
      assert.throws(() => readConfig({ flags: { config: path }, env: {} }), {
        code: "config.bad",
        message: /htttpPort/,
      });
    });
  });

  test("refuses an unknown STREAMBANK_ variable and ignores everyone else's", () => {
    assert.throws(() => readConfig({ flags: {}, env: { STREAMBANK_PORT: "1" } }), {
      code: "config.bad",
      message: /STREAMBANK_PORT/,
    });
    assert.doesNotThrow(() => readConfig({ flags: {}, env: { PATH: "x" } }));
  });

  test("refuses ports that are not whole numbers from 0 to 65535", () => {
    for (const bad of ["-1", "65536", "80x", "", "1.5"])
      assert.throws(() => readConfig({ flags: { "http-port": bad }, env: {} }), {
        code: "config.bad",
        message: /httpPort/,
      });
  });

  test("says which file is not JSON or not there", () => {
    withFile("{", (path) => {
      assert.throws(() => readConfig({ flags: { config: path }, env: {} }), {
        code: "config.bad",
        message: /config\.json/,
      });
    });
    assert.throws(() => readConfig({ flags: { config: "/nonexistent/x.json" }, env: {} }), {
      code: "config.bad",
    });
  });

  test("takes sources from the file alone, and none by default", () => {
    assert.deepEqual(readConfig({ flags: {}, env: {} }).sources, []);
    withFile('{"sources": {"door": {"url": "rtsp://u:hunter2@cam/"}}}', (path) => {
      const { sources } = readConfig({ flags: { config: path }, env: {} });
      assert.deepEqual(sources, [{ stream: "door", url: "rtsp://u:hunter2@cam/", audio: true }]);
    });
    assert.throws(() => readConfig({ flags: {}, env: { STREAMBANK_SOURCES: "{}" } }), {
      code: "config.bad",
    });
  });

  test("names what is wrong in the file and where, and never a password in it", () => {
    const files = [
      ['{"sources": {"door": {"url": "rtsp://u:hunter2@cam/", "x": 1}}}', /sources\.door: .* x /],
      ['{"sources": ["rtsp://u:hunter2@cam/"]}', /sources: must be an object/],
      [
        '{\n  "sources": {"door": "rtsp://u:hunter2@cam/" hunter2',
        /not JSON \(line 2 column \d+\)/,
      ],
      ['{"constructor": 1}', /unknown: constructor/],
    ] as const;
    for (const [text, message] of files)
      withFile(text, (path) => {
        assert.throws(
          () => readConfig({ flags: { config: path }, env: {} }),
          (error: Error & { code?: string }) => {
            assert.equal(error.code, "config.bad");
            assert.match(error.message, message);
            assert.doesNotMatch(error.message, /hunter2/);
            return true;
          },
        );
      });
  });

  test("keeps packs in a folder unless it is told of a bucket", () => {
    const config = readConfig({ flags: {}, env: {} });
    assert.equal(config.store, "folder");
    assert.deepEqual([config.spoolMaxGb, config.localCacheGb], [0, 0]);
    assert.equal(config.encryptionKeyFile, undefined);
    const flags = {
      store: "s3",
      "s3-endpoint": "http://h:1",
      "s3-bucket": "b",
      "s3-sse": "AES256",
    };
    const s3 = readConfig({ flags, env: { STREAMBANK_S3_PREFIX: "here/" } });
    assert.equal(s3.s3Endpoint, "http://h:1");
    assert.equal(s3.s3Prefix, "here/");
    assert.equal(s3.s3Sse, "AES256");
    assert.equal(s3.s3Region, "us-east-1");
  });

  test("refuses half a bucket, and a bucket nobody uses", () => {
    const endpoint = { "s3-endpoint": "http://h:1" };
    for (const flags of [{ store: "s3" }, { store: "s3", ...endpoint }, endpoint, { store: "gcs" }])
      assert.throws(() => readConfig({ flags, env: {} }), { code: "config.bad" });
    for (const sse of ["aws:kms", ""])
      assert.throws(() => readConfig({ flags: { "s3-sse": sse }, env: {} }), {
        code: "config.bad",
      });
  });

  test("takes the bucket's keys from the environment, and does not print them", () => {
    const env = { STREAMBANK_S3_ACCESS_KEY: "who", STREAMBANK_S3_SECRET_KEY: "hunter2" };
    const config = readConfig({ flags: {}, env });
    assert.deepEqual(config.s3Keys(), { access: "who", secret: "hunter2" });
    assert.doesNotMatch(JSON.stringify(config), /hunter2/);
    withFile('{"s3SecretKey": "hunter2"}', (path) => {
      assert.throws(() => readConfig({ flags: { config: path }, env: {} }), { code: "config.bad" });
    });
  });
});
