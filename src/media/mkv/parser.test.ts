import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { everySplit } from "../../../test/support/chunks.ts";
import {
  ascii,
  cat,
  ebml,
  el,
  inCluster,
  info,
  liveFile,
  simple,
  sizedFile,
  tracks,
  unknown,
} from "../../../test/support/mkv-build.ts";
import { drain, eventLines } from "../../../test/support/mkv-drain.ts";
import { MkvParser } from "./parser.ts";

/** Names only, in order, without offsets. */
function shape(input: Uint8Array): string {
  return eventLines([input])
    .map((line) => line.replace(/[@=:].*/, ""))
    .join(" ");
}

suite("MkvParser", () => {
  test("tells every element with its offset, size and bytes", () => {
    const input = cat(ebml(), el("18538067", cat(info(), el("ec", "0000"), el("4f4f", "07"))));
    assert.deepEqual(
      eventLines([input]),
      [
        "+EBML@0:11",
        "DocType@5=6d6174726f736b61",
        "-EBML@16",
        "+Segment@16:24",
        "+Info@21:12",
        "TimestampScale@26=00000000000f4240",
        "-Info@38",
        "~ec@38:2",
        "~4f4f@42:1",
        "-Segment@46",
      ].map((line) =>
        line
          .replace("Segment@46", `Segment@${input.length}`)
          .replace(":24", `:${input.length - 21}`),
      ),
    );
  });

  test("gives the same events however the bytes are split", () => {
    const block = simple(1, 0, new Uint8Array(20));
    const inputs = [
      liveFile(inCluster(0, block, simple(2, 3)), inCluster(900, block)),
      sizedFile(inCluster(0, block, el("ec", new Uint8Array(30))), inCluster(7)),
      cat(liveFile(inCluster(0, block)), liveFile(inCluster(1, block))),
    ];
    for (const input of inputs) {
      const whole = eventLines([input]);
      assert.ok(!whole.some((line) => line.startsWith("!")), whole.at(-1));
      for (const chunks of everySplit(input)) assert.deepEqual(eventLines(chunks), whole);
    }
  });

  test("a payload in many pieces is not joined, and one in a single chunk is not copied", () => {
    const input = liveFile(inCluster(0, simple(1, 0, new Uint8Array(10_000))));
    const chunks = [input.slice(0, 3000), input.slice(3000, 6000), input.slice(6000)];
    const values = (list: readonly Uint8Array[]) =>
      drain(new MkvParser(), list).list.flatMap((e) => (e.kind === "value" ? [e] : []));
    const [split] = values(chunks).filter((e) => e.name === "SimpleBlock");
    assert.equal(split?.element.parts.length, 3);
    assert.equal(split?.element.parts[1]?.buffer, chunks[1]?.buffer);
    const [whole] = values([input]).filter((e) => e.name === "SimpleBlock");
    assert.equal(whole?.element.parts[0]?.buffer, input.buffer);
  });

  test("sizes are unknown at every width, the one-byte 0xFF included", () => {
    const cluster = inCluster(0, simple(1, 0));
    const want =
      "+EBML DocType -EBML +Segment +Info TimestampScale -Info +Cluster Timestamp SimpleBlock -Cluster +Cluster Timestamp SimpleBlock -Cluster -Segment";
    for (let width = 1; width <= 8; width++) {
      const [segment, header] = [unknown("18538067", width), unknown("1f43b675", width)];
      assert.equal(header[4], 0xff >> (width - 1));
      assert.equal(shape(cat(ebml(), segment, info(), header, cluster, header, cluster)), want);
    }
  });

  test("a Cluster of unknown size ends at its parent's end when that is known", () => {
    const cluster = cat(unknown("1f43b675"), inCluster(0, simple(1, 0)));
    const segment = el("18538067", cat(tracks(), cluster));
    const events = eventLines([cat(ebml(), segment, ebml(), segment)]);
    const closes = events.filter((line) => /^-(Cluster|Segment)/.test(line));
    const first = 16 + segment.length;
    const second = first + 16 + segment.length;
    assert.deepEqual(closes, [
      `-Cluster@${first}`,
      `-Segment@${first}`,
      `-Cluster@${second}`,
      `-Segment@${second}`,
    ]);
  });

  test("a Cluster of unknown size ends at Cues, Tags, another Cluster, another file", () => {
    const open = cat(unknown("1f43b675"), inCluster(0));
    const next = [el("1c53bb6b"), el("1254c367"), el("1f43b675"), cat(ebml(), unknown("18538067"))];
    for (const after of next) {
      const events = shape(cat(ebml(), unknown("18538067"), open, after));
      assert.match(events, /\+Cluster Timestamp -Cluster (-Segment )?\+(Cues|Tags|Cluster|EBML)/);
    }
  });

  test("a second file may follow the first at once, or after Void", () => {
    const file = sizedFile(inCluster(0));
    for (const between of ["", el("ec", "00")]) {
      const segments = eventLines([cat(file, between, file)]).filter((l) =>
        l.startsWith("+Segment"),
      );
      assert.equal(segments.length, 2);
    }
  });

  test("attachment data and elements without a name pass without being held", () => {
    const data = el("465c", new Uint8Array(3 << 20));
    const file = el("61a7", cat(el("466e", ascii("a.ttf")), data, el("46ae", [1])));
    const input = cat(
      ebml(),
      unknown("18538067"),
      el("1941a469", file),
      el("5f5f5f".slice(0, 4), new Uint8Array(1 << 20)),
    );
    const parser = new MkvParser();
    const seen: string[] = [];
    let held = 0;
    for (let at = 0; at < input.length; at += 1000) {
      parser.push(input.subarray(at, at + 1000));
      for (let e = parser.pull(); e !== undefined; e = parser.pull())
        if (e.kind === "skipped") seen.push(`${e.id.toString(16)}:${e.size}`);
      held = Math.max(held, parser.heldBytes);
    }
    assert.deepEqual(seen, [`465c:${3 << 20}`, `5f5f:${1 << 20}`]);
    assert.ok(held < 2000, `${held} bytes held`);
  });

  test("masters asked for whole come as one value", () => {
    const input = liveFile(inCluster(0));
    const events = eventLines([input], {
      whole: new Set(["EBML", "Tracks"]),
      skip: new Set(["Info"]),
    });
    assert.deepEqual(
      events.map((line) => line.replace(/[@=:].*/, "")),
      ["EBML", "+Segment", "~1549a966", "Tracks", "+Cluster", "Timestamp", "-Cluster", "-Segment"],
    );
  });

  test("offset counts every byte once, however they come", () => {
    const input = sizedFile(inCluster(0, simple(1, 0, new Uint8Array(300))));
    for (const step of [1, 7, 4000]) {
      const parser = new MkvParser();
      for (let at = 0; at < input.length; at += step) {
        parser.push(input.subarray(at, at + step));
        while (parser.pull() !== undefined);
        assert.equal(parser.offset + parser.heldBytes, Math.min(at + step, input.length));
      }
      assert.equal(parser.offset, input.length);
    }
  });
});

suite("MkvParser at the end of the input", () => {
  const live = liveFile(inCluster(0, simple(1, 0)));

  test("closes what has no size, and nothing comes after that", () => {
    const parser = new MkvParser();
    const { list } = drain(parser, [live]);
    assert.deepEqual(
      list.slice(-2).map((e) => `${e.kind} ${"name" in e ? e.name : ""}`),
      ["close Cluster", "close Segment"],
    );
    assert.equal(parser.pull(), undefined);
  });

  test("an empty input gives nothing and no fault", () => {
    assert.deepEqual(eventLines([]), []);
  });

  test("any cut inside an element is a fault at the element that is not whole", () => {
    const start = live.length - simple(1, 0).length;
    for (let cut = start + 1; cut < live.length; cut++)
      assert.equal(
        eventLines([live.slice(0, cut)]).at(-1),
        `!mkv.truncated@${start}`,
        `cut ${cut}`,
      );
    assert.equal(eventLines([live.slice(0, start)]).at(-1), `-Segment@${start}`);
  });

  test("a master of known size that is not complete is a fault, even between its children", () => {
    const sized = sizedFile(inCluster(0, simple(1, 0), simple(1, 1)));
    for (let cut = 1; cut < sized.length; cut++) {
      const last = eventLines([sized.slice(0, cut)]).at(-1) ?? "";
      // After the EBML header alone nothing is open.
      assert.equal(
        last.startsWith("!mkv.truncated@"),
        cut !== ebml().length,
        `cut ${cut}: ${last}`,
      );
    }
  });

  test("an element being passed over that is cut is a fault at its start", () => {
    const head = cat(ebml(), unknown("18538067"));
    const input = cat(head, el("ec", new Uint8Array(100)).slice(0, 50));
    assert.deepEqual(eventLines([input]).at(-1), `!mkv.truncated@${head.length}`);
  });
});
