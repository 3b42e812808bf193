-- +goose NO TRANSACTION
-- +goose Up

-- Hashes of revisions had an index of their own, and came into it in no order; a hash tells its record and number, which can't be there twice. The truth stays as it is, row by row.
-- Records point at the table, so it is replaced without foreign keys: with them, SQLite would delete each row before it drops the table, and keep all of them in memory until then. They can't be
-- put aside within a transaction, so this one is begun here. Made twice, it gives the same.
PRAGMA foreign_keys = OFF;
PRAGMA legacy_alter_table = ON;  -- what names the table goes on naming it
BEGIN IMMEDIATE;
CREATE TABLE revision_after (
  seq       INTEGER PRIMARY KEY,
  record_id TEXT NOT NULL,
  number    INTEGER NOT NULL,
  body      TEXT NOT NULL CHECK (json_valid(body)),  -- canonical JSON
  author    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  at        TEXT NOT NULL,                           -- RFC 3339, UTC
  previous  TEXT NOT NULL,                           -- hash of the record's revision before, '' for the first
  hash      TEXT NOT NULL,
  UNIQUE (record_id, number)
) STRICT;
INSERT INTO revision_after (seq, record_id, number, body, author, reason, at, previous, hash) SELECT seq, record_id, number, body, author, reason, at, previous, hash FROM revision ORDER BY seq;
DROP TABLE revision;
ALTER TABLE revision_after RENAME TO revision;
CREATE INDEX revision_by_time ON revision (rtrim(at, 'Z'), seq);
-- +goose StatementBegin
CREATE TRIGGER revision_is_never_changed BEFORE UPDATE ON revision
BEGIN SELECT RAISE(ABORT, 'a revision is never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_is_never_deleted BEFORE DELETE ON revision
BEGIN SELECT RAISE(ABORT, 'a revision is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_is_never_replaced BEFORE INSERT ON revision
WHEN EXISTS (SELECT 1 FROM revision WHERE seq = NEW.seq OR (record_id = NEW.record_id AND number = NEW.number))
BEGIN SELECT RAISE(ABORT, 'a revision is never replaced'); END;  -- INSERT OR REPLACE would delete without the trigger above
-- +goose StatementEnd
COMMIT;
PRAGMA legacy_alter_table = OFF;
PRAGMA foreign_keys = ON;
