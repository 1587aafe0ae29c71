import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { HiddenTab } from "./hidden-tab.ts";

test("a hidden page sleeps after ten seconds, and wakes only when it slept", () => {
  const page = Object.assign(new EventTarget(), { hidden: false });
  Object.assign(globalThis, { document: page });
  const [clock, told] = [new FakeClock(), [] as string[]];
  const tab = new HiddenTab(clock, {
    sleep: () => told.push("sleep") > 0,
    wake: () => told.push("wake"),
  });
  const show = (shown: boolean) => {
    page.hidden = !shown;
    page.dispatchEvent(new Event("visibilitychange"));
  };
  show(false);
  clock.advance(9900);
  show(true);
  assert.deepEqual(told, []);
  show(false);
  clock.advance(10_000);
  assert.deepEqual(told, ["sleep"]);
  show(true);
  show(true);
  assert.deepEqual(told, ["sleep", "wake"]);
  show(false);
  tab.stop();
  clock.advance(20_000);
  assert.deepEqual(told, ["sleep", "wake"]);
  Reflect.deleteProperty(globalThis, "document");
});
