import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Fault } from "../../base/errors.ts";
import { fromAddress } from "../../ingest/push-access.ts";
import { KeyPushAccess } from "./key-push-access.ts";
import { ScopedPrincipal } from "./scope.ts";

const principal = (id: string) =>
  new ScopedPrincipal(id, { actions: ["produce"], streams: "cam", expiresMs: 9 });

const here = fromAddress("192.0.2.1");

const guard = {
  ofToken: (token: string) => principal(token),
  ofRequest: () => principal("key:SIGNED"),
  watch: () => () => {},
};

suite("KeyPushAccess", () => {
  test("says who it is: a key, also by a session's token, or a signature", () => {
    const access = new KeyPushAccess(guard, undefined);
    for (const token of ["key:A", "session:key:A"]) {
      const { expiresMs, who } = access.check("cam", token, here);
      assert.deepEqual([expiresMs, who], [9, "key:A"]);
    }
    const signed = { method: "POST", url: "/", headers: { authorization: "AWS4" } };
    const request = { ...signed, remoteAddress: "192.0.2.1" };
    assert.equal(access.check("cam", undefined, request).who, "key:SIGNED");
    assert.throws(() => access.check("door", "key:A", here), { code: "auth.denied" });
    assert.throws(() => access.check("cam", undefined, here), { code: "auth.required" });
  });

  test("the push key file comes first; what it does not know is asked of the keys", () => {
    const file = {
      required: true,
      check(_stream: string, token: string | undefined) {
        if (token === "secret") return { expiresMs: undefined };
        throw new Fault("auth.denied", "the key is wrong");
      },
    };
    const access = new KeyPushAccess(guard, file);
    assert.deepEqual(access.check("cam", "secret", here), { expiresMs: undefined });
    assert.equal(access.check("cam", "key:A", here).who, "key:A");
  });
});
