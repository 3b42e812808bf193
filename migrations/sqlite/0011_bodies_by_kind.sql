-- +goose Up

-- What is sent of features, and what filters ask, lies by kind within a square of 39 by 20 km: who asks for one kind reads a tenth of the pages. Rows that sites are
-- chosen by stay where they are, by place alone; an index has those of one kind together. Records are derived anew at the next start.
ALTER TABLE feature ADD COLUMN body INTEGER NOT NULL DEFAULT 0;  -- the key of its rows in feature_body and feature_properties: see curve.go
UPDATE feature SET body = iif(key < 1 << 61, (key >> 41 << 41) | ((key >> 16 & 127) << 34) | ((key >> 23 & 262143) << 16) | (key & 65535), key);
CREATE INDEX feature_by_sort ON feature (body, collection, detail, id, valid_from, valid_until, kind, west, south, east, north);

ALTER TABLE feature_body RENAME TO feature_body_before;
CREATE TABLE feature_body (
  key  INTEGER PRIMARY KEY,
  body BLOB NOT NULL          -- GeoJSON Feature, as it is sent
) STRICT;
INSERT INTO feature_body (key, body)
  SELECT f.body, b.body FROM feature AS f INDEXED BY feature_by_sort CROSS JOIN feature_body_before AS b ON b.key = f.key ORDER BY f.body;
DROP TABLE feature_body_before;

ALTER TABLE feature_properties RENAME TO feature_properties_before;
CREATE TABLE feature_properties (
  key        INTEGER PRIMARY KEY,
  places     TEXT NOT NULL,   -- JSON list of the units that it touches
  properties BLOB,            -- JSONB
  geometry   BLOB             -- WKB, degrees, lon lat (OGC:CRS84)
) STRICT;
INSERT INTO feature_properties (key, places, properties, geometry)
  SELECT f.body, p.places, p.properties, p.geometry FROM feature AS f INDEXED BY feature_by_sort CROSS JOIN feature_properties_before AS p ON p.key = f.key ORDER BY f.body;
DROP TABLE feature_properties_before;
