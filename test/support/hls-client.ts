/** Reads playlists as a player does, and fetches what they name. */
import assert from "node:assert/strict";

export interface ReadSegment {
  readonly uri: string;
  readonly seconds: number;
  readonly map: string;
  readonly discontinuity: boolean;
  readonly gap: boolean;
  /** Its number, and that of its stretch. */
  readonly sequence: number;
  readonly stretch: number;
}

export interface ReadPlaylist {
  readonly segments: readonly ReadSegment[];
  readonly parts: readonly string[];
  readonly ended: boolean;
  readonly text: string;
}

const numberOf = (text: string, tag: string) =>
  Number(new RegExp(`#${tag}:(\\d+)`).exec(text)?.[1] ?? 0);

/** A media playlist; not a delta update. */
export function readPlaylist(text: string): ReadPlaylist {
  let [sequence, stretch] = [
    numberOf(text, "EXT-X-MEDIA-SEQUENCE"),
    numberOf(text, "EXT-X-DISCONTINUITY-SEQUENCE"),
  ];
  let [map, seconds, discontinuity, gap] = ["", 0, false, false];
  const [segments, parts]: [ReadSegment[], string[]] = [[], []];
  for (const line of text.split("\n")) {
    const uri = /URI="([^"]*)"/.exec(line)?.[1] ?? "";
    if (line.startsWith("#EXT-X-MAP:")) map = uri;
    else if (line.startsWith("#EXT-X-PART:")) parts.push(uri);
    else if (line === "#EXT-X-DISCONTINUITY") discontinuity = true;
    else if (line === "#EXT-X-GAP") gap = true;
    else if (line.startsWith("#EXTINF:")) seconds = Number.parseFloat(line.slice(8));
    else if (line !== "" && !line.startsWith("#")) {
      if (discontinuity) stretch++;
      segments.push({ uri: line, seconds, map, discontinuity, gap, sequence: sequence++, stretch });
      [discontinuity, gap] = [false, false];
    }
  }
  return { segments, parts, ended: text.includes("#EXT-X-ENDLIST"), text };
}

/** URIs of a master playlist: of its variant, then of its sound. */
export function mediaUrisOf(master: string): string[] {
  const variant = master.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const audio = /#EXT-X-MEDIA:.*URI="([^"]*)"/.exec(master)?.[1];
  return audio === undefined ? variant : [...variant, audio];
}

export async function textAt(url: string | URL): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  assert.equal(response.status, 200, `${url}: ${text}`);
  return text;
}

export async function bytesAt(url: string | URL): Promise<Buffer> {
  const response = await fetch(url);
  assert.equal(response.status, 200, String(url));
  return Buffer.from(await response.arrayBuffer());
}
