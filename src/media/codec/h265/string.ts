/** The `codecs` text of HEVC (ISO/IEC 14496-15 annex E.3). */
import { hexByte } from "../hex-byte.ts";
import { readHvcc } from "./hvcc.ts";

/** E.g. `hvc1.1.6.L93.B0` of an hvcC. Throws `codec.bad-config`. */
export function hevcString(config: Uint8Array): string {
  const { general } = readHvcc(config);
  const space = ["", "A", "B", "C"][general.space] ?? "";
  const tier = general.highTier ? "H" : "L";
  const constraints = [...general.constraints];
  while (constraints.at(-1) === 0) constraints.pop();
  const parts = [
    `${space}${general.profile}`,
    reverseBits(general.compatibility).toString(16).toUpperCase(),
    `${tier}${general.level}`,
    ...constraints.map(hexByte),
  ];
  return `hvc1.${parts.join(".")}`;
}

/** The text has the first compatibility flag in the lowest bit. */
function reverseBits(value: number): number {
  let out = 0;
  for (let bit = 0; bit < 32; bit++) out = (out << 1) | ((value >>> bit) & 1);
  return out >>> 0;
}
