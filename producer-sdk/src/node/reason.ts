/** ffmpeg's last words as one line for people, without the secrets of the address. Pure. */

/** Of standard error so much is kept: enough for its last lines. */
const KEEP_CHARS = 4096;
const MAX_REASON = 200;

/** The address without user, password, query and fragment: what may be shown. */
export function safeAddress(address: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(address) ?? [];
  if (scheme === "") return address;
  // A password may hold a slash or an @ that should have been escaped: up to the last @ all is secret.
  const place = rest.slice(rest.lastIndexOf("@") + 1);
  return scheme + place.split(/[?#]/)[0];
}

/** Replaces the address, and what in it is secret, wherever the text repeats them. */
export function redact(text: string, address: string): string {
  let out = text.replaceAll(address, safeAddress(address));
  for (const secret of secretsOf(address)) out = out.replaceAll(secret, "***");
  return out
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s'"]*@/gi, "$1")
    .replace(/(:\/\/[^\s'"?]*)\?[^\s'"]*/g, "$1");
}

function secretsOf(address: string): string[] {
  const at = address.lastIndexOf("@");
  const user = at < 0 ? "" : address.slice(address.indexOf("://") + 3, at);
  const password = user.includes(":") ? user.slice(user.indexOf(":") + 1) : "";
  const query = address.includes("?") ? address.slice(address.indexOf("?") + 1) : "";
  const values = query.split("&").map((pair) => pair.slice(pair.indexOf("=") + 1));
  const all = [user, password, query, ...values];
  const forms = all.flatMap((secret) => [secret, decoded(secret)]);
  return [...new Set(forms)].filter((s) => s.length > 2).sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What ffmpeg says often, in words an operator can act on. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/\b401\b/, "it refused the user name or the password (401)"],
  [/\b403\b/, "it forbids access (403)"],
  [/\b404\b/, "there is no such path (404)"],
  [/connection refused/i, "connection refused"],
  [/no route to host|network is unreachable/i, "no route to the host"],
  [/timed out/i, "it does not answer"],
  [/name or service not known|failed to resolve|name resolution/i, "its name cannot be resolved"],
  [/no such file or directory/i, "there is no such device or file"],
  [/permission denied/i, "permission denied"],
  [/device or resource busy/i, "another program uses it"],
];

/** Standard error, bounded, and the reason in it. */
export class LastWords {
  readonly #address: string;
  #text = "";

  constructor(address: string) {
    this.#address = address;
  }

  add(piece: string): void {
    this.#text = (this.#text + piece).slice(-KEEP_CHARS);
  }

  /** The output could not be begun: one of the streams is nothing for Matroska. The name of its codec, when it was said. */
  get refusal(): { readonly codec: string | undefined } | undefined {
    if (!/could not write header/i.test(this.#text)) return undefined;
    const [, codec] = /no wav codec tag found for codec (\w+)/i.exec(this.#text) ?? [];
    return { codec };
  }

  /** One line, or undefined when nothing was said. */
  reason(): string | undefined {
    const lines = this.#text
      .split(/[\r\n]+/)
      .map((line) => line.replace(/^(\[[^\]]*\]\s*)+/, "").trim());
    const said = lines.filter((line) => line !== "");
    for (const [pattern, words] of KNOWN)
      if (said.slice(-5).some((line) => pattern.test(redact(line, this.#address)))) return words;
    const last = said.at(-1);
    return last === undefined ? undefined : redact(last, this.#address).slice(0, MAX_REASON);
  }
}
