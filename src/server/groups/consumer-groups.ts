/**
 * Consumer groups: several programs share the streams of a group, each stream read by one of them at a time, and where they
 * have come to is kept. A claim is a lease with an end: one that is not renewed goes to whoever asks next, and what
 * the former holder then says of its place is refused. Kept as records of the index, so any node answers.
 */

import type { IndexRecords, RecordRow } from "../../archive/index/index-records.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { parseFragmentNumber } from "../../fragment/fragment-number.ts";
import { isStreamName } from "../../fragment/stream-name.ts";

const KIND = "consumer";
/** Others change the same record at the same time: tried again so often. */
const ATTEMPTS = 8;
/** Rows per look. */
const PAGE = 500;

/** Where a group is in a stream. */
export interface GroupPlace {
  readonly stream: string;
  /** Who reads it; undefined: nobody. */
  readonly consumer?: string;
  /** The claim ends then, ms since 1970, unless it is renewed. */
  readonly untilMs?: number;
  /** Number of the last fragment that is done; undefined: none yet. */
  readonly token?: string;
  /** When the token was written. */
  readonly doneMs?: number;
  /** Whose key claimed it first: nobody else changes it but who manages the stream. */
  readonly owner?: string;
}

/** Who asks for a change. */
export interface Asker {
  /** Undefined: the server asks nobody who they are. */
  readonly owner: string | undefined;
  /** May change what is another's. */
  readonly manages: boolean;
}

export const ANYBODY: Asker = { owner: undefined, manages: false };

export interface Claim {
  readonly group: string;
  readonly stream: string;
  readonly consumer: string;
  /** How long the claim holds from now, ms. */
  readonly ttlMs: number;
}

export interface Checkpoint {
  readonly group: string;
  readonly stream: string;
  readonly consumer: string;
  readonly token: string;
}

type Records = Pick<IndexRecords, "record" | "records" | "putRecord" | "deleteRecord">;

export class ConsumerGroups {
  readonly #index: Records;
  readonly #clock: Clock;

  constructor(index: Records, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  /** The place after trying: ours when `consumer` in it is ours. Renews a claim of ours. Throws `request.bad`, `auth.denied`. */
  claim({ group, stream, consumer, ttlMs }: Claim, asker = ANYBODY): Promise<GroupPlace> {
    const now = this.#clock.now();
    return this.#change(group, stream, (place) => {
      requireOwner(place, asker);
      const taken = place.consumer !== undefined && (place.untilMs ?? 0) > now;
      if (taken && place.consumer !== consumer) return undefined;
      const owner = place.owner ?? asker.owner;
      const owned = owner === undefined ? {} : { owner };
      return { ...place, consumer, untilMs: now + ttlMs, ...owned };
    });
  }

  /**
   * Writes down that everything up to this fragment is done. A place never goes back. Throws `group.lost` when the claim is
   * another's or nobody's by now, `request.bad` for what is no fragment number.
   */
  checkpoint({ group, stream, consumer, token }: Checkpoint, asker = ANYBODY): Promise<GroupPlace> {
    parseFragmentNumber(token);
    const now = this.#clock.now();
    return this.#change(group, stream, (place) => {
      requireOwner(place, asker);
      if (place.consumer !== consumer || (place.untilMs ?? 0) <= now)
        throw new Fault("group.lost", `${stream} is not read by ${consumer} any more`);
      // All have 47 digits: the order of texts is that of fragments.
      if (place.token !== undefined && place.token >= token) return undefined;
      return { ...place, token, doneMs: now };
    });
  }

  /** Lets a claim go, so that another need not wait for its end. Fine when it is not ours. */
  release({ group, stream, consumer }: Omit<Claim, "ttlMs">, asker = ANYBODY): Promise<GroupPlace> {
    return this.#change(group, stream, (place) => {
      requireOwner(place, asker);
      const { consumer: holder, untilMs, ...rest } = place;
      return holder === consumer ? rest : undefined;
    });
  }

  /** All places of a group, by stream. */
  async list(group: string): Promise<GroupPlace[]> {
    const first = `${checkName(group, "group")}/`;
    const places: GroupPlace[] = [];
    for (let after = first; ; ) {
      const rows = await this.#index.records(KIND, after, PAGE);
      const own = rows.filter(({ id }) => id.startsWith(first));
      places.push(...own.map(placeOf));
      after = rows.at(-1)?.id ?? "";
      if (own.length < PAGE) return places;
    }
  }

  /** Forgets where a group is in a stream. Throws `auth.denied`. */
  async forget(group: string, stream: string, asker = ANYBODY): Promise<void> {
    const id = idOf(group, stream);
    const row = await this.#index.record(KIND, id);
    if (row === undefined) return;
    requireOwner(placeOf(row), asker);
    await this.#index.deleteRecord(KIND, id);
  }

  /** `change` gives what it becomes; undefined: it stays. */
  async #change(
    group: string,
    stream: string,
    change: (place: GroupPlace) => GroupPlace | undefined,
  ): Promise<GroupPlace> {
    const id = idOf(group, stream);
    for (let attempt = 1; ; attempt++) {
      const row = await this.#index.record(KIND, id);
      const place = row === undefined ? { stream } : placeOf(row);
      const next = change(place);
      if (next === undefined) return place;
      try {
        const body = JSON.stringify(next);
        await this.#index.putRecord({ kind: KIND, id, body }, row?.version ?? 0);
        return next;
      } catch (error) {
        const lost = error instanceof Fault && error.code === "record.conflict";
        if (!lost || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

/** Throws `auth.denied`. */
function requireOwner({ owner, stream }: GroupPlace, asker: Asker): void {
  if (owner === undefined || owner === asker.owner || asker.manages) return;
  throw new Fault("auth.denied", `this group's place in ${stream} is another key's`);
}

function placeOf({ body }: RecordRow): GroupPlace {
  return JSON.parse(body) as GroupPlace;
}

/** Neither name has a slash in it. */
function idOf(group: string, stream: string): string {
  return `${checkName(group, "group")}/${checkName(stream, "stream")}`;
}

function checkName(name: string, what: string): string {
  if (isStreamName(name)) return name;
  throw new Fault("request.bad", `a ${what}'s name is 1 to 256 of A-Z a-z 0-9 _ . -`);
}
