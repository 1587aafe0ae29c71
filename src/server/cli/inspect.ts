/** `streambank inspect FILE`: tracks, fragments, frames and the first error of a Matroska file. */
import { Fault } from "../../base/errors.ts";
import { MkvInspector } from "../../media/mkv/inspect.ts";
import { readArgs } from "./args.ts";
import { type Command, write } from "./context.ts";
import { openInput } from "./input.ts";

/** Exit code 1 when the file has an error, 0 otherwise. */
export const inspect: Command = async (argv, context) => {
  const args = readArgs(argv, { json: { type: "boolean" } }, { most: 1 });
  const [path] = args.rest;
  if (path === undefined) throw new Fault("config.bad", "inspect: the FILE is missing");
  const inspector = new MkvInspector();
  for await (const chunk of openInput(path, context)) inspector.push(chunk);
  inspector.end();
  const found = inspector.summary();
  if (args.on("json")) await write(context.stdout, `${JSON.stringify(found)}\n`);
  else await write(context.stdout, describe(path, found));
  return found.error === null ? 0 : 1;
};

function describe(path: string, found: ReturnType<MkvInspector["summary"]>): string {
  const tracks = found.tracks.map(
    (t) =>
      `  track ${t.number}  ${t.type}  ${t.codec}  ${found.framesPerTrack[t.number] ?? 0} frames`,
  );
  const error =
    found.error === null ? "no errors" : `error ${found.error.code} at byte ${found.error.offset}`;
  return [
    path,
    ...tracks,
    `  ${found.fragments} fragments, ${found.frames} frames, ${found.keyframes} key frames`,
    `  ${error}`,
    "",
  ].join("\n");
}
