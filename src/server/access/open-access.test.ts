/** Who may do what as a whole, over an index in memory: several nodes on it, guesses by every way in, what ends with whom. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import { Fault } from "../../base/errors.ts";
import { fromAddress } from "../../ingest/push-access.ts";
import type { RequestHead } from "./guard.ts";
import { type Access, openAccessParts } from "./open-access.ts";

const REFRESH_MS = 5000;
const PASSWORD = "a-long-password";
const caller = { who: "test", address: "test" };

/** What of an index these parts ask. */
function memoryIndex() {
  const rows = new Map<string, { kind: string; id: string; body: string; version: number }>();
  const metas = new Map<string, string>();
  const audit: { readonly action: string; readonly who: string; readonly detail?: string }[] = [];
  const index = {
    async records(kind: string, after: string, limit: number) {
      const own = [...rows.values()].filter((row) => row.kind === kind && row.id > after);
      return own.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    async putRecord(row: { kind: string; id: string; body: string }, version?: number) {
      const key = `${row.kind}/${row.id}`;
      const before = rows.get(key)?.version ?? 0;
      if (version !== undefined && version !== before) throw new Fault("record.conflict", key);
      rows.set(key, { ...row, version: before + 1 });
      return before + 1;
    },
    deleteRecord: async (kind: string, id: string) => rows.delete(`${kind}/${id}`),
    async meta(name: string, fallback: string) {
      if (!metas.has(name)) metas.set(name, fallback);
      return metas.get(name);
    },
    addAudit: async (row: (typeof audit)[number]) => void audit.push(row),
  };
  return { index: index as unknown as FragmentIndex, audit, rows };
}

async function scene() {
  const clock = new FakeClock();
  const dir = tempDir("access");
  const memory = memoryIndex();
  const config = {
    ...({ auth: "on", dataDir: dir.path } as const),
    ...{ clusterKeyFile: undefined, pushKeyFile: undefined },
  };
  const cost = { N: 2, r: 1, p: 1 };
  const open = () => openAccessParts(config as never, { index: memory.index, clock, cost });
  const [one, two] = [await open(), await open()];
  const nodes = [one, two];
  return {
    ...{ clock, one, two, ...memory },
    /** Every node has read the index again. */
    async refreshed() {
      clock.advance(REFRESH_MS);
      await new Promise<void>((done) => setImmediate(done));
      assert.equal(clock.pendingTimers, nodes.length, "each waits for its next reading");
    },
    [Symbol.dispose]() {
      for (const { directory } of nodes) directory?.close();
      dir[Symbol.dispose]();
    },
  };
}

function partsOf({ directory, signIns, guard }: Access) {
  assert.ok(directory && signIns);
  return { directory, signIns, guard };
}

function page(cookie: string): RequestHead {
  const headers = { cookie: `streambank_session=${cookie}`, "sec-fetch-site": "same-origin" };
  return { method: "GET", url: "/v1/session", headers, remoteAddress: "page" };
}

suite("who may do what, on two nodes of one index", () => {
  test("a key, a user and a sign-in end on the other node when it reads again, and close what is open there", async () => {
    using it = await scene();
    const { clock, refreshed } = it;
    const [here, there] = [partsOf(it.one), partsOf(it.two)];
    const scope = { name: "k", actions: ["produce"], streams: "cam" } as const;
    const key = await here.directory.keys.create(scope, "test");
    const ann = { name: "ann", role: "viewer", streams: "*", password: PASSWORD } as const;
    await here.directory.users.create(ann, caller);
    await refreshed();
    const closed: string[] = [];
    const grant = it.two.access.check("cam", key.token, fromAddress("camera"));
    grant.watch?.(({ code }) => closed.push(`put ${code}`));
    const { token, principal } = await here.signIns.withPassword("ann", PASSWORD, "page");
    const seen = await there.guard.identify(page(token));
    assert.equal(seen.id, "user:ann");
    there.guard.watch(seen, ({ code }) => closed.push(`tail ${code}`));
    const maker = seen.maker;
    const claims = { purpose: "hls", stream: "cam", expiresMs: clock.now() + 3_600_000 };
    const playing = it.two.sessions.issue({ ...claims, ...(maker === undefined ? {} : { maker }) });
    assert.equal(it.one.sessions.read(playing, "hls").stream, "cam");

    await here.directory.keys.remove(key.id, "test");
    assert.throws(() => it.one.access.check("cam", key.token, fromAddress("x")), {
      code: "auth.denied",
    });
    assert.deepEqual(closed, [], "the other node has not read it yet");
    await refreshed();
    assert.deepEqual(closed, ["put auth.denied"]);
    await here.signIns.signOut(principal);
    assert.throws(() => it.one.sessions.read(playing, "hls"), { code: "auth.expired" });
    await refreshed();
    assert.deepEqual(closed, ["put auth.denied", "tail auth.denied"]);
    await assert.rejects(there.guard.identify(page(token)), { code: "auth.expired" });
    assert.throws(() => it.two.sessions.read(playing, "hls"), { code: "auth.expired" });
  });

  test("an ended sign-in is kept for as long as its cookie would have been good", async () => {
    using it = await scene();
    const { signIns, directory } = partsOf(it.one);
    const ann = { name: "ann", role: "viewer", streams: "*", password: PASSWORD } as const;
    await directory.users.create(ann, caller);
    const { principal, expiresMs } = await signIns.withPassword("ann", PASSWORD, "page");
    await signIns.signOut(principal);
    const kept = () => [...it.rows.keys()].filter((key) => key.startsWith("ended-sign-in/"));
    assert.equal(kept().length, 1);
    await it.refreshed();
    assert.equal(kept().length, 1);
    it.clock.advance(expiresMs - it.clock.now());
    await it.refreshed();
    assert.equal(kept().length, 0);
  });

  test("guesses by a WebSocket's token, an encoder's key, HTTP and signing in are one account", async () => {
    using it = await scene();
    const { guard, signIns } = partsOf(it.one);
    const from = fromAddress("guesser");
    const tries = [
      () => Promise.resolve().then(() => it.one.access.check("cam", "AKSBNO.no", from)),
      () => guard.identify({ ...from, headers: { authorization: "Bearer AKSBNO.no" } }),
      () => signIns.withPassword("ann", "no", "guesser"),
      () => signIns.withKey("AKSBNO.no", "guesser"),
    ];
    for (let i = 0; i < 20; i++)
      await assert.rejects(tries[i % 4]?.() ?? Promise.resolve(), { code: "auth.denied" });
    for (const attempt of tries) await assert.rejects(attempt(), { code: "auth.limited" });
    const failed = it.audit.filter(({ action }) => action === "sign-in-failed");
    assert.equal(failed.length, 10);
    assert.deepEqual(new Set(failed.map(({ who }) => who)), new Set(["nobody known", "a key"]));
  });

  test("an operator of all streams manages every stream and not the server", async () => {
    using it = await scene();
    const { directory, signIns } = partsOf(it.one);
    const bob = { name: "bob", role: "operator", streams: "*", password: PASSWORD } as const;
    await directory.users.create(bob, caller);
    const { principal } = await signIns.withPassword("bob", PASSWORD, "page");
    assert.equal(principal.may("manage", { stream: "cam" }), true);
    assert.equal(principal.may("manage", {}), false);
    assert.equal(principal.may("read", {}), true);
  });
});
