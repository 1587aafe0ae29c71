/** What the Matroska parser gives: the first layer, elements in the order of the input. Pure values. */
import type { Rope } from "../../base/rope.ts";
import type { ElementName } from "../ebml/elements.ts";

/** Every element gives one value or skipped event, or an open and a close around its children. */
export type MkvEvent = OpenEvent | CloseEvent | ValueEvent | SkippedEvent;

/** A master element began. */
export interface OpenEvent {
  readonly kind: "open";
  readonly name: ElementName;
  readonly at: number;
  /** Payload bytes, or undefined when the size is unknown. */
  readonly size: number | undefined;
}

/** A master element ended: by its size, by what follows it, or with the input. */
export interface CloseEvent {
  readonly kind: "close";
  readonly name: ElementName;
  /** Byte offset after its last byte. */
  readonly at: number;
  /** False only with `onBadCrc: "report"`, where the bytes do not match the CRC-32 element. */
  readonly crcOk: boolean;
  /** CRC-32 of everything behind its CRC-32 element, when it had one and it was checked. */
  readonly crc: number | undefined;
}

/** An element that is not a master, or a master asked for whole. */
export interface ValueEvent {
  readonly kind: "value";
  readonly name: ElementName;
  readonly at: number;
  /** Header and payload, as they came. */
  readonly element: Rope;
  readonly headerBytes: number;
}

/** An element that was passed over: Void, unknown, or not wanted. */
export interface SkippedEvent {
  readonly kind: "skipped";
  readonly id: number;
  readonly at: number;
  /** Payload bytes. */
  readonly size: number;
}
