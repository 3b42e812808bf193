-- +goose Up

-- What filters ask of features apart from what is sent: an answer reads twice as many features with each page of the file.
CREATE TABLE feature_properties (
  key        INTEGER PRIMARY KEY,
  places     TEXT NOT NULL,   -- JSON list of the units that it touches
  properties BLOB,            -- JSONB
  geometry   BLOB             -- WKB, degrees, lon lat (OGC:CRS84)
) STRICT;
INSERT INTO feature_properties (key, places, properties, geometry) SELECT key, places, properties, geometry FROM feature_body;

ALTER TABLE feature_body RENAME TO feature_body_before;
CREATE TABLE feature_body (
  key  INTEGER PRIMARY KEY,
  body BLOB NOT NULL          -- GeoJSON Feature, as it is sent
) STRICT;
INSERT INTO feature_body (key, body) SELECT key, body FROM feature_body_before;
DROP TABLE feature_body_before;
