import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Fault, type FaultCode } from "../base/errors.ts";
import { ACK_ERRORS, ackErrorId, ackLine } from "./ack.ts";

/** What may end a producer's connection, and what its SDK is told. */
const TOLD: readonly (readonly [FaultCode, number])[] = [
  ["mkv.element-too-large", 4001],
  ["mkv.not-matroska", 4006],
  ["mkv.truncated", 4006],
  ["mkv.bad-crc", 4006],
  ["mkv.no-tracks", 4006],
  ["codec.bad-config", 4006],
  ["ingest.bad-timestamp", 4007],
  ["stream.deleted", 4008],
  ["stream.not-found", 4008],
  ["mkv.unknown-track", 4010],
  ["mkv.too-many-tracks", 4012],
  ["ingest.fenced", 5000],
  ["server.closing", 5000],
  ["internal", 5000],
  ["store.unavailable", 5001],
  ["store.full", 5001],
  ["index.unavailable", 5001],
  ["auth.denied", 6001],
  ["auth.expired", 6001],
];

/** Ids at which kvssink ends its pipeline: only where a producer cannot go on. */
const FOR_GOOD = new Set([4007, 4008, 4010, 4012]);

suite("acks", () => {
  test("every fault has its ErrorId, and every ErrorId a fault", () => {
    for (const [code, id] of TOLD) assert.equal(ackErrorId(new Fault(code, "x")), id, code);
    const ids = Object.keys(ACK_ERRORS).map(Number);
    assert.deepEqual([...new Set(TOLD.map(([, id]) => id))], ids);
  });

  test("what a producer gets over by trying again does not stop it for good", () => {
    for (const code of ["server.closing", "ingest.fenced", "store.full", "mkv.truncated"] as const)
      assert.ok(!FOR_GOOD.has(ackErrorId(new Fault(code, "x"))), code);
  });

  test("a line is within what the C parser takes: no negative time, no empty number, under 1024 characters", () => {
    const line = ackLine({
      ...{ type: "ERROR", id: 4006, timecode: undefined, number: undefined },
      ...{ code: "mkv.bad-id", message: "x".repeat(5000), at: 7 },
    });
    assert.ok(line.endsWith("}\n") && line.length < 1024);
    const { ErrorMessage, ...rest } = JSON.parse(line);
    assert.equal(ErrorMessage.length, 300);
    assert.deepEqual(rest, {
      ...{ EventType: "ERROR", ErrorId: 4006, ErrorCode: "INVALID_MKV_DATA" },
      ...{ Code: "mkv.bad-id", Offset: 7 },
    });
  });
});
