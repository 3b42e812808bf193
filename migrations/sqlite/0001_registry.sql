-- +goose Up

-- The truth: every version of every record, each sealed by the hash of the one before. Nothing is changed or taken away.
CREATE TABLE revision (
  seq       INTEGER PRIMARY KEY,
  record_id TEXT NOT NULL,
  number    INTEGER NOT NULL,
  body      TEXT NOT NULL CHECK (json_valid(body)),  -- canonical JSON
  author    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  at        TEXT NOT NULL,                           -- RFC 3339, UTC
  previous  TEXT NOT NULL,                           -- hash of the record's revision before, '' for the first
  hash      TEXT NOT NULL UNIQUE,
  UNIQUE (record_id, number)
) STRICT;

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
WHEN EXISTS (SELECT 1 FROM revision
             WHERE seq = NEW.seq OR (record_id = NEW.record_id AND number = NEW.number) OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'a revision is never replaced'); END;  -- INSERT OR REPLACE would delete without the trigger above
-- +goose StatementEnd

-- Everything below is derived from the revisions, for reading.

-- The published revision of each record.
CREATE TABLE record (
  key      INTEGER PRIMARY KEY,  -- our own, for record_words: VACUUM may renumber a bare rowid
  id       TEXT NOT NULL UNIQUE,
  type     TEXT NOT NULL,
  revision INTEGER NOT NULL UNIQUE REFERENCES revision (seq)
) STRICT;
CREATE INDEX record_by_type ON record (type, revision);

-- Which record points at which; deferred, because the records of one file may point at one another.
CREATE TABLE reference (
  from_id TEXT NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  pointer TEXT NOT NULL,
  to_id   TEXT NOT NULL REFERENCES record (id) DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (from_id, pointer)
) STRICT;
CREATE INDEX reference_by_target ON reference (to_id, from_id);

-- The gazetteer's answer for each written place of a record.
CREATE TABLE place_at (
  record_id  TEXT NOT NULL REFERENCES record (id),
  position   INTEGER NOT NULL,   -- the order in the record
  pointer    TEXT NOT NULL,
  match      TEXT NOT NULL,
  code       TEXT NOT NULL,      -- '' unless the match is located
  score      REAL NOT NULL,
  similar    INTEGER NOT NULL,
  candidates TEXT NOT NULL,      -- JSON list of codes
  PRIMARY KEY (record_id, position)
) STRICT;

-- Which units a record touches; own = 1 where the record itself is in that very unit.
CREATE TABLE touch (
  code      TEXT NOT NULL,
  record_id TEXT NOT NULL REFERENCES record (id),
  own       INTEGER NOT NULL,
  PRIMARY KEY (code, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX touch_by_record ON touch (record_id);

-- Map features, encoded; a record has one for each stretch of days on which it is the same.
CREATE TABLE feature (
  key                INTEGER PRIMARY KEY,  -- our own: VACUUM may renumber a bare rowid
  collection         TEXT NOT NULL,
  detail             TEXT NOT NULL,        -- low, medium, high for boundaries; '' for records
  id                 TEXT NOT NULL,
  valid_from         TEXT NOT NULL,        -- first day, '' since ever
  valid_until        TEXT NOT NULL,        -- first day after, '9999-99-99' for good
  kind               TEXT,
  status             TEXT,
  documentation      TEXT,
  place_match        TEXT,
  location_precision TEXT,
  type               TEXT,
  west  REAL, south REAL, east REAL, north REAL,  -- the exact box, degrees; NULL without geometry
  geometry           BLOB,                 -- WKB, degrees, lon lat (OGC:CRS84)
  body               BLOB NOT NULL,        -- GeoJSON Feature
  UNIQUE (collection, detail, id, valid_from)
) STRICT;

CREATE INDEX feature_by_id ON feature (id, detail);

-- Candidates only: the R*Tree keeps 32-bit floats, rounded outward.
CREATE VIRTUAL TABLE feature_box USING rtree (key, west, east, south, north);

CREATE TABLE feature_place (
  code TEXT NOT NULL,
  key  INTEGER NOT NULL REFERENCES feature (key) ON DELETE CASCADE,
  PRIMARY KEY (code, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX feature_place_by_feature ON feature_place (key);

-- Words are folded by the program before they come here, so the tokenizer has only to split. The rowid is record.key.
CREATE VIRTUAL TABLE record_words USING fts5 (words, tokenize = "unicode61 remove_diacritics 0", prefix = '2 3');

-- Its words, each once: what a misspelt word is compared with. It stores nothing of its own.
CREATE VIRTUAL TABLE record_vocabulary USING fts5vocab (record_words, row);

-- A source's text that the operator attached. Not derived, and not part of the public record.
CREATE TABLE source_text (
  source_id TEXT PRIMARY KEY REFERENCES record (id),
  raw       BLOB NOT NULL,
  sha256    TEXT NOT NULL,
  attached  TEXT NOT NULL
) STRICT;

-- What the database knows of itself: 'generation' counts the publications, 'boundaries' names the boundaries it holds.
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Typed views of the published records, for analysts.
CREATE VIEW published AS
  SELECT r.id, r.type, v.number AS revision, v.at AS updated, v.body, v.hash
  FROM record AS r JOIN revision AS v ON v.seq = r.revision;

CREATE VIEW agreement AS
  SELECT id, revision, updated,
    body ->> '$.kind' AS kind,
    body ->> '$.documentation' AS documentation,
    body ->> '$.titles[0].text' AS title,
    body ->> '$.scope' AS scope,
    (SELECT s.value ->> '$.date' FROM json_each(body, '$.steps') AS s WHERE s.value ->> '$.kind' = 'signed') AS signed
  FROM published WHERE type = 'agreement';

CREATE VIEW amendment AS
  SELECT id, revision, updated,
    body ->> '$.target' AS target,
    body ->> '$.number' AS number,
    body ->> '$.effective' AS effective,
    body ->> '$.titles[0].text' AS title
  FROM published WHERE type = 'amendment';

CREATE VIEW site AS
  SELECT id, revision, updated,
    body ->> '$.kind' AS kind,
    body ->> '$.names[0].text' AS name,
    body ->> '$.place.as_written' AS place_as_written,
    body ->> '$.surface.total.value' AS surface_total_m2,
    body ->> '$.surface.total.qualifier' AS surface_total_qualifier,
    body ->> '$.shops.created.value' AS shops_created,
    body ->> '$.shops.created.qualifier' AS shops_created_qualifier,
    body ->> '$.shops.restored.value' AS shops_restored,
    body ->> '$.shops.restored.qualifier' AS shops_restored_qualifier,
    body ->> '$.status' AS status
  FROM published WHERE type = 'site';

CREATE VIEW party AS
  SELECT id AS record_id, p.key AS position,
    p.value ->> '$.organisation' AS organisation,
    p.value ->> '$.role' AS role,
    p.value ->> '$.name_as_written' AS name_as_written
  FROM published, json_each(body, '$.parties') AS p;

CREATE VIEW statement AS
  SELECT id AS record_id, s.key AS position,
    s.value ->> '$.path' AS path,
    s.value ->> '$.source' AS source,
    s.value ->> '$.paragraph' AS paragraph,
    s.value ->> '$.sentence' AS sentence,
    s.value ->> '$.words' AS words,
    s.value ->> '$.sentence_sha256' AS sentence_sha256
  FROM published, json_each(body, '$.statements') AS s;
