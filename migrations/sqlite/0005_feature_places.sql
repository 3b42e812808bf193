-- +goose Up

-- These two views named a column that json_each has, too, so nobody could ask them.
DROP VIEW party;
DROP VIEW statement;

-- Features are laid out for reading: rows of neighbours lie side by side, what is filtered by lies apart from what is sent. They are derived
-- anew at the next start; the boundaries are read in again then, or, where they are the operator's own, kept as they are.
ALTER TABLE feature RENAME TO feature_before;
DROP INDEX feature_by_id;
DROP INDEX feature_nowhere;
DROP INDEX feature_by_unit;
DROP TABLE feature_box;
ALTER TABLE feature_place RENAME TO feature_place_before;

-- What features are chosen by; a record has one for each stretch of days on which it is the same.
CREATE TABLE feature (
  key                INTEGER PRIMARY KEY,  -- its place on a curve through all places, so that neighbours are read together: see curve.go
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
  works              TEXT,                 -- JSON lists
  utilities          TEXT,
  trades             TEXT,
  kinds              TEXT,
  unit               TEXT NOT NULL,        -- the finest unit that it is known to be in, '' for none
  first_day          TEXT,                 -- the days that its date may mean, both NULL without a date;
  last_day           TEXT,                 -- '' and '9999-99-99' where an end is open or unknown
  west REAL, south REAL, east REAL, north REAL  -- the exact box, degrees; NULL without geometry
) STRICT;

-- The order of every answer. It holds the days, so that pages are found without a look at the rows.
CREATE UNIQUE INDEX feature_by_id ON feature (collection, detail, id, valid_from, valid_until);
CREATE INDEX feature_of_record ON feature (id, detail);
-- Every box is answered with the features that are nowhere, too.
CREATE INDEX feature_nowhere ON feature (collection, detail) WHERE west IS NULL;
CREATE INDEX feature_in_no_unit ON feature (collection, detail) WHERE unit = '';

-- What features are made of.
CREATE TABLE feature_body (
  key        INTEGER PRIMARY KEY,
  places     TEXT NOT NULL,   -- JSON list of the units that it touches
  properties BLOB,            -- JSONB: what filters ask
  geometry   BLOB,            -- WKB, degrees, lon lat (OGC:CRS84)
  body       BLOB NOT NULL    -- GeoJSON Feature, as it is sent
) STRICT;

-- Candidates only, of features that aren't points: the R*Tree keeps 32-bit floats, rounded outward.
CREATE VIRTUAL TABLE feature_box USING rtree (key, west, east, south, north);

CREATE TABLE feature_place (
  code TEXT NOT NULL,
  key  INTEGER NOT NULL,
  PRIMARY KEY (code, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE feature_agreement (
  agreement TEXT NOT NULL,
  key       INTEGER NOT NULL,
  PRIMARY KEY (agreement, key)
) STRICT, WITHOUT ROWID;

-- How many features there are of each sort in each unit, kept in the transaction that changes them: counting looks at no feature.
CREATE TABLE feature_tally (
  collection         TEXT NOT NULL,
  detail             TEXT NOT NULL,
  code               TEXT NOT NULL,     -- a unit that they touch; '' counts them all
  finest             INTEGER NOT NULL,  -- 1: code is the finest unit that they are known to be in, with '' for none
  located            INTEGER NOT NULL,
  kind               TEXT NOT NULL,     -- '' where there is none, as for the next five
  status             TEXT NOT NULL,
  documentation      TEXT NOT NULL,
  place_match        TEXT NOT NULL,
  location_precision TEXT NOT NULL,
  type               TEXT NOT NULL,
  valid_from         TEXT NOT NULL,
  valid_until        TEXT NOT NULL,
  n                  INTEGER NOT NULL,
  PRIMARY KEY (collection, detail, code, finest, located, kind, status, documentation, place_match, location_precision, type, valid_from, valid_until)
) STRICT, WITHOUT ROWID;

-- Boundaries keep their rows, since they may be the operator's own.
INSERT INTO feature (key, collection, detail, id, valid_from, valid_until, type, unit, west, south, east, north)
  SELECT (1 << 61) + key, collection, detail, id, valid_from, valid_until, type, unit, west, south, east, north FROM feature_before WHERE detail <> '' AND west IS NOT NULL;
INSERT INTO feature_body (key, places, properties, geometry, body)
  SELECT (1 << 61) + f.key, (SELECT json_group_array(p.code) FROM feature_place_before AS p WHERE p.key = f.key),
    jsonb_extract(CAST(f.body AS TEXT), '$.properties'), f.geometry, f.body
  FROM feature_before AS f WHERE f.detail <> '' AND f.west IS NOT NULL;
INSERT INTO feature_box (key, west, east, south, north)
  SELECT key, west, east, south, north FROM feature;
INSERT INTO feature_place (code, key)
  SELECT p.code, (1 << 61) + p.key FROM feature_place_before AS p JOIN feature_before AS f ON f.key = p.key WHERE f.detail <> '' AND f.west IS NOT NULL;
INSERT INTO feature_tally
  SELECT f.collection, f.detail, c.code, c.code = f.unit, 1, '', '', '', '', '', coalesce(f.type, ''), f.valid_from, f.valid_until, count(*)
  FROM feature AS f JOIN (SELECT '' AS code, key FROM feature UNION ALL SELECT code, key FROM feature_place) AS c ON c.key = f.key
  GROUP BY f.collection, f.detail, c.code, c.code = f.unit, coalesce(f.type, ''), f.valid_from, f.valid_until;
DROP TABLE feature_before;
DROP TABLE feature_place_before;

-- Names what the records' features were derived with, so that they are derived anew under the operator's boundaries, too.
UPDATE setting SET value = value || ' 2' WHERE name = 'boundaries' AND value LIKE 'operator:%';

CREATE VIEW party AS
  SELECT v.id AS record_id, p.key AS position,
    p.value ->> '$.organisation' AS organisation,
    p.value ->> '$.role' AS role,
    p.value ->> '$.name_as_written' AS name_as_written
  FROM published AS v, json_each(v.body, '$.parties') AS p;

CREATE VIEW statement AS
  SELECT v.id AS record_id, s.key AS position,
    s.value ->> '$.path' AS path,
    s.value ->> '$.source' AS source,
    s.value ->> '$.paragraph' AS paragraph,
    s.value ->> '$.sentence' AS sentence,
    s.value ->> '$.words' AS words,
    s.value ->> '$.sentence_sha256' AS sentence_sha256
  FROM published AS v, json_each(v.body, '$.statements') AS s;
