/** By which address a client reached this server: what it is told to come back to. */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";

type Reached = Pick<IncomingMessage, "headers"> & {
  readonly socket: Pick<TLSSocket, "localAddress" | "localPort"> & { readonly encrypted?: boolean };
};

const HOST = /^(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;

/**
 * `http://host:port` without a slash at its end: `publicUrl` where it is set; else as the client says, with the port it came to
 * when it says none, as KVS's C SDK does whatever the port is (it sends `Host: 127.0.0.1`).
 */
export function ownUrl(
  { headers, socket }: Reached,
  { publicUrl }: { readonly publicUrl: string | undefined },
): string {
  if (publicUrl !== undefined) return publicUrl;
  const { encrypted = false, localAddress = "127.0.0.1", localPort } = socket;
  const scheme = encrypted ? "https" : "http";
  const said = HOST.exec(headers.host ?? "");
  const host = said?.[0] ?? (localAddress.includes(":") ? `[${localAddress}]` : localAddress);
  const usual = encrypted ? 443 : 80;
  const port = said?.[1] !== undefined || localPort === undefined || localPort === usual;
  return `${scheme}://${host}${port ? "" : `:${localPort}`}`;
}
