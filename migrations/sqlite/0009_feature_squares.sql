-- +goose Up

-- A boundary without a type has none, as its properties say: filters ask the columns of what features are chosen by, not the properties.
UPDATE feature SET type = NULL WHERE key >= 1 << 61 AND type = '';

-- How many points there are in each square of the curve, kept in the transaction that changes them: a large box is mostly whole squares.
CREATE TABLE feature_square (
  collection  TEXT NOT NULL,
  square      INTEGER NOT NULL,  -- what the keys of all its points begin with: see curve.go
  valid_from  TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  n           INTEGER NOT NULL,
  PRIMARY KEY (collection, square, valid_from, valid_until)
) STRICT, WITHOUT ROWID;
INSERT INTO feature_square (collection, square, valid_from, valid_until, n)
  SELECT collection, key >> 33, valid_from, valid_until, count(*) FROM feature WHERE key < 1 << 61 GROUP BY 1, 2, 3, 4;
