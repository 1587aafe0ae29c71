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
];
