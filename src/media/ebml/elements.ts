/** The elements of EBML and Matroska that occur in practice. Ids, types, places: RFC 8794 §11, RFC 9559 §5.1. */

export type ElementType =
  | "master"
  | "uint"
  | "int"
  | "float"
  | "string"
  | "utf8"
  | "date"
  | "binary";

export interface ElementSpec {
  readonly id: number;
  readonly type: ElementType;
}

export const elements = {
  EBML: { id: 0x1a45dfa3, type: "master" },
  EBMLVersion: { id: 0x4286, type: "uint" },
  EBMLReadVersion: { id: 0x42f7, type: "uint" },
  EBMLMaxIDLength: { id: 0x42f2, type: "uint" },
  EBMLMaxSizeLength: { id: 0x42f3, type: "uint" },
  DocType: { id: 0x4282, type: "string" },
  DocTypeVersion: { id: 0x4287, type: "uint" },
  DocTypeReadVersion: { id: 0x4285, type: "uint" },
  Void: { id: 0xec, type: "binary" },
  CRC32: { id: 0xbf, type: "binary" },
  Segment: { id: 0x18538067, type: "master" },
  SeekHead: { id: 0x114d9b74, type: "master" },
  Seek: { id: 0x4dbb, type: "master" },
  SeekID: { id: 0x53ab, type: "binary" },
  SeekPosition: { id: 0x53ac, type: "uint" },
  Info: { id: 0x1549a966, type: "master" },
  SegmentUUID: { id: 0x73a4, type: "binary" },
  TimestampScale: { id: 0x2ad7b1, type: "uint" },
  Duration: { id: 0x4489, type: "float" },
  DateUTC: { id: 0x4461, type: "date" },
  Title: { id: 0x7ba9, type: "utf8" },
  MuxingApp: { id: 0x4d80, type: "utf8" },
  WritingApp: { id: 0x5741, type: "utf8" },
  Tracks: { id: 0x1654ae6b, type: "master" },
  TrackEntry: { id: 0xae, type: "master" },
  TrackNumber: { id: 0xd7, type: "uint" },
  TrackUID: { id: 0x73c5, type: "uint" },
  TrackType: { id: 0x83, type: "uint" },
  FlagEnabled: { id: 0xb9, type: "uint" },
  FlagDefault: { id: 0x88, type: "uint" },
  FlagForced: { id: 0x55aa, type: "uint" },
  FlagLacing: { id: 0x9c, type: "uint" },
  MinCache: { id: 0x6de7, type: "uint" },
  MaxCache: { id: 0x6df8, type: "uint" },
  DefaultDuration: { id: 0x23e383, type: "uint" },
  TrackTimestampScale: { id: 0x23314f, type: "float" },
  MaxBlockAdditionID: { id: 0x55ee, type: "uint" },
  Name: { id: 0x536e, type: "utf8" },
  Language: { id: 0x22b59c, type: "string" },
  LanguageBCP47: { id: 0x22b59d, type: "string" },
  CodecID: { id: 0x86, type: "string" },
  CodecPrivate: { id: 0x63a2, type: "binary" },
  CodecName: { id: 0x258688, type: "utf8" },
  CodecDelay: { id: 0x56aa, type: "uint" },
  SeekPreRoll: { id: 0x56bb, type: "uint" },
  Video: { id: 0xe0, type: "master" },
  FlagInterlaced: { id: 0x9a, type: "uint" },
  AlphaMode: { id: 0x53c0, type: "uint" },
  PixelWidth: { id: 0xb0, type: "uint" },
  PixelHeight: { id: 0xba, type: "uint" },
  DisplayWidth: { id: 0x54b0, type: "uint" },
  DisplayHeight: { id: 0x54ba, type: "uint" },
  DisplayUnit: { id: 0x54b2, type: "uint" },
  Colour: { id: 0x55b0, type: "master" },
  Audio: { id: 0xe1, type: "master" },
  SamplingFrequency: { id: 0xb5, type: "float" },
  OutputSamplingFrequency: { id: 0x78b5, type: "float" },
  Channels: { id: 0x9f, type: "uint" },
  BitDepth: { id: 0x6264, type: "uint" },
  ContentEncodings: { id: 0x6d80, type: "master" },
  ContentEncoding: { id: 0x6240, type: "master" },
  ContentEncodingOrder: { id: 0x5031, type: "uint" },
  ContentEncodingScope: { id: 0x5032, type: "uint" },
  ContentEncodingType: { id: 0x5033, type: "uint" },
  ContentCompression: { id: 0x5034, type: "master" },
  ContentCompAlgo: { id: 0x4254, type: "uint" },
  ContentCompSettings: { id: 0x4255, type: "binary" },
  ContentEncryption: { id: 0x5035, type: "master" },
  Cluster: { id: 0x1f43b675, type: "master" },
  Timestamp: { id: 0xe7, type: "uint" },
  Position: { id: 0xa7, type: "uint" },
  PrevSize: { id: 0xab, type: "uint" },
  SimpleBlock: { id: 0xa3, type: "binary" },
  BlockGroup: { id: 0xa0, type: "master" },
  Block: { id: 0xa1, type: "binary" },
  BlockDuration: { id: 0x9b, type: "uint" },
  ReferenceBlock: { id: 0xfb, type: "int" },
  ReferencePriority: { id: 0xfa, type: "uint" },
  CodecState: { id: 0xa4, type: "binary" },
  DiscardPadding: { id: 0x75a2, type: "int" },
  BlockAdditions: { id: 0x75a1, type: "master" },
  BlockMore: { id: 0xa6, type: "master" },
  BlockAddID: { id: 0xee, type: "uint" },
  BlockAdditional: { id: 0xa5, type: "binary" },
  Cues: { id: 0x1c53bb6b, type: "master" },
  CuePoint: { id: 0xbb, type: "master" },
  CueTime: { id: 0xb3, type: "uint" },
  CueTrackPositions: { id: 0xb7, type: "master" },
  CueTrack: { id: 0xf7, type: "uint" },
  CueClusterPosition: { id: 0xf1, type: "uint" },
  CueRelativePosition: { id: 0xf0, type: "uint" },
  CueDuration: { id: 0xb2, type: "uint" },
  CueBlockNumber: { id: 0x5378, type: "uint" },
  Attachments: { id: 0x1941a469, type: "master" },
  AttachedFile: { id: 0x61a7, type: "master" },
  FileDescription: { id: 0x467e, type: "utf8" },
  FileName: { id: 0x466e, type: "utf8" },
  FileMediaType: { id: 0x4660, type: "string" },
  FileData: { id: 0x465c, type: "binary" },
  FileUID: { id: 0x46ae, type: "uint" },
  Chapters: { id: 0x1043a770, type: "master" },
  Tags: { id: 0x1254c367, type: "master" },
  Tag: { id: 0x7373, type: "master" },
  Targets: { id: 0x63c0, type: "master" },
  TargetTypeValue: { id: 0x68ca, type: "uint" },
  TagTrackUID: { id: 0x63c5, type: "uint" },
  SimpleTag: { id: 0x67c8, type: "master" },
  TagName: { id: 0x45a3, type: "utf8" },
  TagLanguage: { id: 0x447a, type: "string" },
  TagDefault: { id: 0x4484, type: "uint" },
  TagString: { id: 0x4487, type: "utf8" },
  TagBinary: { id: 0x4485, type: "binary" },
} as const satisfies Record<string, ElementSpec>;

export type ElementName = keyof typeof elements;

/** Ids the parser itself acts on. */
export const ID = {
  EBML: elements.EBML.id,
  Segment: elements.Segment.id,
  Cluster: elements.Cluster.id,
  Void: elements.Void.id,
  CRC32: elements.CRC32.id,
  SimpleBlock: elements.SimpleBlock.id,
  BlockGroup: elements.BlockGroup.id,
  Block: elements.Block.id,
} as const;

export interface KnownElement {
  readonly name: ElementName;
  readonly type: ElementType;
  readonly master: boolean;
}

const byId = new Map<number, KnownElement>(
  Object.entries(elements).map(([name, spec]) => [
    spec.id,
    { name: name as ElementName, type: spec.type, master: spec.type === "master" },
  ]),
);

/** What we know of an id, or `undefined`. */
export function elementById(id: number): KnownElement | undefined {
  return byId.get(id);
}

const LEVEL_1: ReadonlySet<number> = new Set(
  (
    ["SeekHead", "Info", "Tracks", "Cluster", "Cues", "Attachments", "Chapters", "Tags"] as const
  ).map((name) => elements[name].id),
);

/** Whether an element ends a master of unknown size that is open (RFC 8794 §6.2). */
export function endsUnknownSize(openId: number, nextId: number): boolean {
  if (nextId === elements.EBML.id || nextId === elements.Segment.id) return true;
  return openId === elements.Cluster.id && LEVEL_1.has(nextId);
}
