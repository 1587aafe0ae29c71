/** The stream a publisher means. Pure. */
import { Fault } from "../../base/errors.ts";
import { isStreamName } from "../../fragment/stream-name.ts";

export interface PublishTarget {
  readonly stream: string;
  /** What came as `?key=`, in the address or, as OBS sends it, in the stream key field. */
  readonly key: string | undefined;
}

/** `rtmp://host/live/<stream>?key=K`: `app` is `live`, `name` the rest. Throws `stream.bad-name`. */
export function publishTarget(app: string, name: string): PublishTarget {
  const [path = "", query = ""] = splitAt(name, "?");
  const [, appQuery = ""] = splitAt(app, "?");
  const stream = decode(path.replace(/^\/+|\/+$/g, ""));
  if (!isStreamName(stream))
    throw new Fault("stream.bad-name", `not a stream name: ${stream.slice(0, 80)}`);
  const key = new URLSearchParams(query).get("key") ?? new URLSearchParams(appQuery).get("key");
  return { stream, key: key ?? undefined };
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
