/** Tables of the embedded index, as numbered migrations: docs/formats/index.md. */

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
  // Running sums (sqlite-chains.ts). Packs with chain 0 are open, or were sealed before there were chains.
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
];
