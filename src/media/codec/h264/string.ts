/** The `codecs` text of H.264 (RFC 6381 §3.3). */
import { hexByte } from "../hex-byte.ts";
import { readAvcc } from "./avcc.ts";

/** `avc1.PPCCLL` of an avcC. Throws `codec.bad-config`. */
export function avcString(config: Uint8Array): string {
  const { profile, constraints, level } = readAvcc(config);
  return `avc1.${[profile, constraints, level].map(hexByte).join("")}`;
}
