/** Tags elements as name and value pairs (RFC 9559 §5.1.8). */
import { Fault } from "../../base/errors.ts";
import type { SimpleTag } from "./items.ts";
import { children, inside, text } from "./values.ts";

/** `maxTags` bounds what one element may hold. Throws `mkv.too-many-elements`. Binary values are left out. */
export function readTags(payload: Uint8Array, at: number, maxTags: number): SimpleTag[] {
  const tags: SimpleTag[] = [];
  for (const tag of children(payload, at)) {
    if (tag.name !== "Tag") continue;
    for (const simple of inside(tag)) {
      if (simple.name !== "SimpleTag") continue;
      const parts = inside(simple);
      const name = parts.find((p) => p.name === "TagName");
      const value = parts.find((p) => p.name === "TagString");
      if (name === undefined || value === undefined) continue;
      if (tags.length >= maxTags)
        throw new Fault("mkv.too-many-elements", `more than ${maxTags} tags`, { at: simple.at });
      tags.push({ name: text(name), value: text(value) });
    }
  }
  return tags;
}
