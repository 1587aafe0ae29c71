import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { tempDir } from "../../test/support/temp-dir.ts";
import { readConfig } from "./config.ts";
import { storeSettings } from "./store-settings.ts";

const FLAGS = { store: "s3", "s3-endpoint": "http://h:1", "s3-bucket": "b" };

function read(flags: Record<string, string>, env: Record<string, string> = {}) {
  return storeSettings(readConfig({ flags, env }));
}

suite("storeSettings", () => {
  test("names no bucket for a folder", () => {
    assert.deepEqual(read({ "encryption-key-file": "k" }), { encryptionKeyFile: "k" });
  });

  test("takes keys from files before the environment, without the space around them", () => {
    using dir = tempDir("keys");
    const path = join(dir.path, "secret");
    writeFileSync(path, "from-file\n");
    const env = { STREAMBANK_S3_ACCESS_KEY: "who", STREAMBANK_S3_SECRET_KEY: "from-env" };
    const { s3 } = read({ ...FLAGS, "s3-secret-key-file": path }, env);
    assert.equal(s3?.accessKey, "who");
    assert.equal(s3?.secretKey, "from-file");
    assert.equal(s3?.sse, undefined);
    assert.equal(read({ ...FLAGS, "s3-sse": "AES256" }, env).s3?.sse, "AES256");
  });

  test("says which key is missing, and repeats none", () => {
    const env = { STREAMBANK_S3_SECRET_KEY: "hunter2" };
    assert.throws(
      () => read(FLAGS, env),
      (error: Error) => {
        assert.match(error.message, /s3AccessKeyFile/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
    const gone = { ...FLAGS, "s3-access-key-file": "/nonexistent/key" };
    assert.throws(() => read(gone, env), {
      code: "config.bad",
      message: /s3AccessKeyFile.*ENOENT/,
    });
  });
});
