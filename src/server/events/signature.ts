/** The signature of a webhook: HMAC-SHA256 over the time of sending and the body, so that neither can be changed. */
import { createHmac } from "node:crypto";

/** Header of the signature, lower case as Node has it. */
export const SIGNATURE_HEADER = "streambank-signature";
/** Header of the delivery's id: the same however often it is tried. */
export const DELIVERY_HEADER = "streambank-delivery";

/** `t=<unix seconds>,v1=<hex>`. */
export function sign(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${signatureHex(secret, seconds, body)}`;
}

/** HMAC-SHA256 of `<seconds>.<body>`. */
export function signatureHex(secret: string, seconds: number, body: string | Uint8Array): string {
  return createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex");
}
