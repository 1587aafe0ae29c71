/** Tables of the embedded index, as numbered migrations: docs/formats/index.md. */
import type { DatabaseSync } from "node:sqlite";
import { packIdParts } from "../pack-id.ts";
import { packKey } from "./sql/pack-rows.ts";

/** Each runs once, in order, in one transaction; `user_version` says how many have run. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE streams (
     name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, retention_hours INTEGER NOT NULL,
     media_type TEXT, version TEXT NOT NULL, bytes INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
   CREATE TABLE track_sets (
     id TEXT PRIMARY KEY, scale_ns INTEGER NOT NULL, tracks BLOB NOT NULL) WITHOUT ROWID;
   CREATE TABLE packs (
     stream TEXT NOT NULL, pack_id TEXT NOT NULL, track_set TEXT NOT NULL, sealed INTEGER NOT NULL,
     produced_start INTEGER NOT NULL, produced_end INTEGER NOT NULL,
     received_first INTEGER NOT NULL, received_last INTEGER NOT NULL,
     first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
     bytes INTEGER NOT NULL, totals BLOB NOT NULL, fragments BLOB NOT NULL,
     PRIMARY KEY (stream, pack_id)) WITHOUT ROWID;
   CREATE INDEX packs_produced ON packs (stream, produced_start, first_sequence);
   CREATE INDEX packs_received ON packs (stream, received_first, first_sequence);
   CREATE INDEX packs_sequence ON packs (stream, last_sequence);
   CREATE INDEX packs_open ON packs (stream, pack_id) WHERE sealed = 0;
   CREATE TABLE garbage (pack_id TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TRIGGER packs_insert AFTER INSERT ON packs BEGIN
     UPDATE streams SET bytes = bytes + NEW.bytes WHERE name = NEW.stream; END;
   CREATE TRIGGER packs_update AFTER UPDATE OF bytes ON packs BEGIN
     UPDATE streams SET bytes = bytes + NEW.bytes - OLD.bytes WHERE name = NEW.stream; END;
   CREATE TRIGGER packs_delete AFTER DELETE ON packs BEGIN
     UPDATE streams SET bytes = bytes - OLD.bytes WHERE name = OLD.stream; END;`,
  // Running sums (sql/chains.ts). Packs with chain 0 are open, or were sealed before there were chains.
  `ALTER TABLE packs ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE packs ADD COLUMN sums BLOB;
   CREATE INDEX packs_unchained ON packs (stream, produced_start) WHERE chain = 0;
   CREATE TABLE chains (
     stream TEXT NOT NULL, chain INTEGER NOT NULL, track_set TEXT NOT NULL,
     start INTEGER NOT NULL, end INTEGER NOT NULL, last_start INTEGER NOT NULL,
     last_sequence INTEGER NOT NULL, sums BLOB NOT NULL,
     PRIMARY KEY (stream, chain)) WITHOUT ROWID;
   CREATE INDEX chains_end ON chains (stream, end);
   CREATE INDEX chains_last ON chains (stream, last_sequence);
   CREATE TRIGGER packs_delete_chain AFTER DELETE ON packs WHEN OLD.chain > 0 BEGIN
     UPDATE chains SET start = max(start, OLD.produced_start + 1)
     WHERE stream = OLD.stream AND chain = OLD.chain; END;`,
  // Names become numbers, fragment lists have their own table, and what is remembered besides packs begins.
  `DROP TRIGGER packs_insert; DROP TRIGGER packs_update; DROP TRIGGER packs_delete;
   DROP TRIGGER packs_delete_chain;
   ALTER TABLE streams RENAME TO old_streams;
   ALTER TABLE track_sets RENAME TO old_track_sets;
   ALTER TABLE packs RENAME TO old_packs;
   ALTER TABLE chains RENAME TO old_chains;
   ALTER TABLE garbage RENAME TO old_garbage;
   DROP INDEX packs_produced; DROP INDEX packs_received; DROP INDEX packs_sequence;
   DROP INDEX packs_open; DROP INDEX packs_unchained; DROP INDEX chains_end; DROP INDEX chains_last;
   CREATE TABLE streams (
     id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
     retention_hours INTEGER NOT NULL, retention_bytes INTEGER NOT NULL DEFAULT 0, media_type TEXT,
     version TEXT NOT NULL, bytes INTEGER NOT NULL DEFAULT 0,
     last_sequence INTEGER NOT NULL DEFAULT 0, sequence_span INTEGER NOT NULL DEFAULT 0);
   CREATE TABLE track_sets (
     num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, scale_ns INTEGER NOT NULL,
     tracks BLOB NOT NULL);
   CREATE TABLE node_names (num INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
   CREATE TABLE packs (
     stream INTEGER NOT NULL, serial INTEGER NOT NULL, salt INTEGER NOT NULL, day INTEGER NOT NULL,
     track_set INTEGER NOT NULL, node INTEGER NOT NULL, state INTEGER NOT NULL,
     produced_start INTEGER NOT NULL, produced_end INTEGER NOT NULL,
     received_first INTEGER NOT NULL, received_last INTEGER NOT NULL,
     first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL, bytes INTEGER NOT NULL,
     list_offset INTEGER NOT NULL, list_bytes INTEGER NOT NULL, totals BLOB NOT NULL,
     chain INTEGER NOT NULL DEFAULT 0, sums BLOB,
     PRIMARY KEY (stream, serial, salt)) WITHOUT ROWID;
   CREATE TABLE lists (
     stream INTEGER NOT NULL, serial INTEGER NOT NULL, salt INTEGER NOT NULL, thin_ms INTEGER,
     fragments BLOB NOT NULL, PRIMARY KEY (stream, serial, salt));
   CREATE TABLE unsettled (
     stream INTEGER NOT NULL, serial INTEGER NOT NULL, salt INTEGER NOT NULL, node INTEGER NOT NULL,
     state INTEGER NOT NULL, loose INTEGER NOT NULL, produced_start INTEGER NOT NULL,
     received_first INTEGER NOT NULL, bytes INTEGER NOT NULL,
     PRIMARY KEY (stream, serial, salt)) WITHOUT ROWID;
   CREATE TABLE chains (
     stream INTEGER NOT NULL, chain INTEGER NOT NULL, start_us INTEGER NOT NULL,
     track_set INTEGER NOT NULL, end_us INTEGER NOT NULL, last_start INTEGER NOT NULL,
     last_sequence INTEGER NOT NULL, sums BLOB NOT NULL,
     PRIMARY KEY (stream, chain, start_us)) WITHOUT ROWID;
   CREATE TABLE garbage (
     stream TEXT NOT NULL, serial INTEGER NOT NULL, salt INTEGER NOT NULL, day INTEGER NOT NULL,
     removed_ms INTEGER NOT NULL, PRIMARY KEY (stream, serial, salt, day)) WITHOUT ROWID;
   CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO counters VALUES ('gaps', 0), ('audit', 0), ('events', 0);
   CREATE TABLE gaps (
     id INTEGER PRIMARY KEY, stream TEXT NOT NULL, cause TEXT NOT NULL, start_us INTEGER NOT NULL,
     end_us INTEGER NOT NULL, detail TEXT, recorded_ms INTEGER NOT NULL,
     UNIQUE (stream, cause, start_us));
   CREATE TABLE holds (
     id TEXT PRIMARY KEY, stream TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
     who TEXT NOT NULL, why TEXT NOT NULL, created_ms INTEGER NOT NULL, until_ms INTEGER);
   CREATE TABLE audit (
     id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, action TEXT NOT NULL, stream TEXT NOT NULL,
     who TEXT NOT NULL, cause TEXT, start_us INTEGER, end_us INTEGER, packs INTEGER, bytes INTEGER,
     detail TEXT);
   CREATE TABLE events (
     id INTEGER PRIMARY KEY, type TEXT NOT NULL, stream TEXT NOT NULL, at_ms INTEGER NOT NULL,
     body TEXT NOT NULL);
   CREATE TABLE hooks (
     id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, types TEXT NOT NULL,
     streams TEXT NOT NULL, created_ms INTEGER NOT NULL, delivered_id INTEGER NOT NULL);
   CREATE TABLE leases (
     stream TEXT PRIMARY KEY, node TEXT NOT NULL, epoch INTEGER NOT NULL,
     until_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE nodes (
     id TEXT PRIMARY KEY, url TEXT NOT NULL, rtmp_url TEXT NOT NULL, seen_ms INTEGER NOT NULL,
     status TEXT NOT NULL);
   INSERT INTO streams (name, created_ms, retention_hours, media_type, version, bytes, last_sequence,
     sequence_span)
     SELECT name, created_ms, retention_hours, media_type, version, bytes,
     coalesce((SELECT max(last_sequence) FROM old_packs p WHERE p.stream = name), 0),
     coalesce((SELECT max(last_sequence - first_sequence) FROM old_packs p WHERE p.stream = name), 0)
     FROM old_streams ORDER BY name;
   INSERT INTO track_sets (id, scale_ns, tracks) SELECT id, scale_ns, tracks FROM old_track_sets;
   INSERT INTO packs
     SELECT s.id, pack_serial(pack_id), pack_salt(pack_id), pack_day(pack_id), t.num, 0,
     CASE sealed WHEN 1 THEN 2 ELSE 0 END, produced_start, produced_end, received_first,
     received_last, first_sequence, p.last_sequence, p.bytes, 0, 0, totals, chain, sums
     FROM old_packs p JOIN streams s ON s.name = p.stream JOIN track_sets t ON t.id = p.track_set;
   INSERT INTO lists
     SELECT s.id, pack_serial(pack_id), pack_salt(pack_id), NULL, fragments
     FROM old_packs p JOIN streams s ON s.name = p.stream;
   INSERT INTO unsettled
     SELECT stream, serial, salt, node, state, 1, produced_start, received_first, bytes FROM packs
     WHERE chain = 0;
   INSERT INTO chains
     SELECT s.id, chain, start, t.num, end, last_start, c.last_sequence, sums
     FROM old_chains c JOIN streams s ON s.name = c.stream JOIN track_sets t ON t.id = c.track_set;
   INSERT INTO garbage
     SELECT pack_stream(pack_id), pack_serial(pack_id), pack_salt(pack_id), pack_day(pack_id), 0
     FROM old_garbage;
   DROP TABLE old_chains; DROP TABLE old_packs; DROP TABLE old_track_sets; DROP TABLE old_streams;
   DROP TABLE old_garbage;
   CREATE INDEX packs_produced ON packs (stream, produced_start);
   CREATE INDEX packs_received ON packs (stream, received_first);
   CREATE INDEX packs_sequence ON packs (stream, first_sequence);
   CREATE INDEX unsettled_node ON unsettled (node, state, received_first);
   CREATE INDEX unsettled_loose ON unsettled (stream, produced_start) WHERE loose = 1;
   CREATE INDEX lists_thin ON lists (thin_ms) WHERE thin_ms IS NOT NULL;
   CREATE INDEX chains_end ON chains (stream, end_us);
   CREATE INDEX chains_last ON chains (stream, last_sequence);
   CREATE INDEX garbage_removed ON garbage (removed_ms);
   CREATE INDEX gaps_start ON gaps (stream, start_us);
   CREATE INDEX holds_stream ON holds (stream);
   CREATE INDEX audit_stream ON audit (stream, id);`,
  `ALTER TABLE streams ADD COLUMN attributes TEXT;
   CREATE TABLE records (
     kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (kind, id)) WITHOUT ROWID;`,
  `CREATE TABLE hours (
     stream INTEGER NOT NULL, hour INTEGER NOT NULL, stretches BLOB NOT NULL,
     PRIMARY KEY (stream, hour)) WITHOUT ROWID;`,
];

/** An index of an earlier schema has packs that no row of `hours` knows. */
export const HOURS_SINCE = 5;

/** What migrations call: the parts of a pack's name. */
export function addPackFunctions(db: DatabaseSync): void {
  const key = (packId: string) => packKey(packId, { id: 0, name: packIdParts(packId).stream });
  const options = { deterministic: true };
  db.function("pack_stream", options, (packId) => packIdParts(String(packId)).stream);
  db.function("pack_day", options, (packId) => key(String(packId)).day);
  db.function("pack_serial", options, (packId) => key(String(packId)).serial);
  db.function("pack_salt", options, (packId) => key(String(packId)).salt);
}
