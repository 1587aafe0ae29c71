import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { ask, askForCookie } from "./api.ts";

/** What the server answers, one after the other; returns where the page was sent and what was asked for. */
function server(t: TestContext, answers: readonly (readonly [number, object])[]) {
  const left = [...answers];
  const asked: string[] = [];
  const sentTo: string[] = [];
  t.mock.method(globalThis, "fetch", async (path: string, { method }: RequestInit) => {
    asked.push(`${method} ${path}`);
    const [status, body] = left.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status });
  });
  const location = {
    pathname: "/",
    search: "",
    hash: "#/you",
    assign: (to: string) => sentTo.push(to),
  };
  Object.assign(globalThis, { location });
  t.after(() => Reflect.deleteProperty(globalThis, "location"));
  return { asked, sentTo };
}

const EXPIRED = { error: { code: "auth.expired", message: "sign in again" } };

suite("the console and its server", () => {
  test("a request that was refused while the cookie changes waits for the new one, and is made again", async (t) => {
    const { promise: changed, resolve: change } = Promise.withResolvers<void>();
    const asked: string[] = [];
    let isChanged = false;
    t.mock.method(globalThis, "fetch", async (path: string) => {
      asked.push(path);
      if (path === "/v1/password") {
        await changed;
        isChanged = true;
        return new Response("{}");
      }
      return isChanged
        ? new Response("[1]")
        : new Response(JSON.stringify(EXPIRED), { status: 401 });
    });
    const password = askForCookie("POST", "/v1/password", {});
    const other = ask("GET", "/v1/streams");
    change();
    await password;
    assert.deepEqual(await other, [1]);
    assert.deepEqual(asked, ["/v1/password", "/v1/streams", "/v1/streams"]);
  });

  test("whoever is nobody any more is sent to sign in, and back here", async (t) => {
    const { asked, sentTo } = server(t, [
      [401, EXPIRED],
      [401, EXPIRED],
    ]);
    await assert.rejects(ask("GET", "/v1/streams"), { code: "auth.expired", status: 401 });
    assert.equal(asked.length, 2);
    assert.deepEqual(sentTo, ["/player/sign-in.html?next=%2F%23%2Fyou"]);
  });

  test("what is refused for another reason is not asked again", async (t) => {
    const denied = { error: { code: "auth.denied", message: "the password is wrong" } };
    const { asked, sentTo } = server(t, [[403, denied]]);
    await assert.rejects(askForCookie("POST", "/v1/password", {}), { code: "auth.denied" });
    assert.deepEqual([asked.length, sentTo.length], [1, 0]);
  });
});
