-- +goose Up

-- A record that is published goes into fewer trees, and smaller ones.

-- Which record points at which; deferred, because the records of one file may point at one another.
CREATE TABLE reference_after (
  from_id TEXT NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  pointer TEXT NOT NULL,
  to_id   TEXT NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (from_id, pointer)
) STRICT, WITHOUT ROWID;
INSERT INTO reference_after (from_id, pointer, to_id) SELECT from_id, pointer, to_id FROM reference ORDER BY 1, 2;
DROP TABLE reference;
ALTER TABLE reference_after RENAME TO reference;
CREATE INDEX reference_by_target ON reference (to_id, from_id);

-- The gazetteer's answer for each written place of a record.
CREATE TABLE place_at_after (
  record_id  TEXT NOT NULL REFERENCES record (id),
  position   INTEGER NOT NULL,   -- the order in the record
  pointer    TEXT NOT NULL,
  match      TEXT NOT NULL,
  code       TEXT NOT NULL,      -- '' unless the match is located
  score      REAL NOT NULL,
  similar    INTEGER NOT NULL,
  candidates TEXT NOT NULL,      -- JSON list of codes
  PRIMARY KEY (record_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO place_at_after (record_id, position, pointer, match, code, score, similar, candidates)
  SELECT record_id, position, pointer, match, code, score, similar, candidates FROM place_at ORDER BY 1, 2;
DROP TABLE place_at;
ALTER TABLE place_at_after RENAME TO place_at;

-- Which units a record touches; own = 1 where the record itself is in that very unit. A region is touched by everything in it and is the own place of little, so these lie apart.
CREATE TABLE touch_after (
  code   TEXT NOT NULL,
  own    INTEGER NOT NULL,
  record INTEGER NOT NULL REFERENCES record (key),
  PRIMARY KEY (code, own, record)
) STRICT, WITHOUT ROWID;
INSERT INTO touch_after (code, own, record) SELECT t.code, t.own, r.key FROM touch AS t JOIN record AS r ON r.id = t.record_id ORDER BY 1, 2, 3;
DROP TABLE touch;
ALTER TABLE touch_after RENAME TO touch;
CREATE INDEX touch_by_record ON touch (record);
