import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ToolName } from "../test/support/tools.ts";
import { type Machine, setUpTools } from "./test-tools.ts";

interface Plan extends Partial<Machine> {
  /** What is missing at each look, the last one for good. */
  looks: readonly (readonly ToolName[])[];
}

function machine({ looks, ...over }: Plan) {
  const commands: string[] = [];
  const said: string[] = [];
  let look = 0;
  const made: Machine = {
    platform: "linux",
    debian: true,
    root: true,
    ci: false,
    missing: () => looks[Math.min(look++, looks.length - 1)] ?? [],
    run(program, args) {
      commands.push([program, ...args].join(" "));
      return true;
    },
    say: (line) => said.push(line),
    ...over,
  };
  return { made, commands, said };
}

suite("setting up the tools of the tests", () => {
  test("says and runs nothing when all are there", () => {
    const { made, commands, said } = machine({ looks: [[]] });
    assert.equal(setUpTools(made), 0);
    assert.deepEqual([commands, said], [[], []]);
  });

  test("installs only what is missing, on Debian as root", () => {
    const { made, commands } = machine({ looks: [["chromium"], []], ci: true });
    assert.equal(setUpTools(made), 0);
    assert.deepEqual(commands, [
      "apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core",
    ]);
  });

  test("fetches the package lists when the first try fails, and tries once more", () => {
    const tried: string[] = [];
    const { made } = machine({
      looks: [["ffmpeg"], []],
      run: (_program, args) => tried.push(args[0] ?? "") > 1,
    });
    assert.equal(setUpTools(made), 0);
    assert.deepEqual(tried, ["install", "update", "install"]);
  });

  test("without root, prints the line to run and lets the tests go on", () => {
    const { made, commands, said } = machine({ looks: [["mkvtoolnix"]], root: false });
    assert.equal(setUpTools(made), 0);
    assert.deepEqual(commands, []);
    assert.match(said.join("\n"), /sudo apt-get install --no-install-recommends mkvtoolnix/);
  });

  test("names brew on macOS", () => {
    const { made, said } = machine({ looks: [["chromium"]], platform: "darwin", debian: false });
    setUpTools(made);
    assert.match(said.join("\n"), /brew install --cask chromium/);
  });

  test("fails in CI when a tool stays missing", () => {
    const { made } = machine({ looks: [["ffmpeg"]], ci: true, run: () => false });
    assert.equal(setUpTools(made), 1);
  });
});
