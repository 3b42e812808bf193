-- +goose Up

-- What place_tally counts a record as, '' before it is counted: its type; an agreement's documentation, and whether no source dates its
-- signature; whether a site is in a unit of the gazetteer.
ALTER TABLE record ADD COLUMN counted TEXT NOT NULL DEFAULT '';

-- How many records of each sort touch each unit, kept in the transaction that changes them: the counts on the pages read no record.
CREATE TABLE place_tally (
  code    TEXT NOT NULL,     -- a unit, the country, or '' for the whole registry
  counted TEXT NOT NULL,     -- as in record
  n       INTEGER NOT NULL,
  PRIMARY KEY (code, counted)
) STRICT, WITHOUT ROWID;

UPDATE record SET counted = CASE type
  WHEN 'agreement' THEN (
    SELECT (v.body ->> '$.documentation') || iif(v.body ->> '$.documentation' = 'documented' AND NOT EXISTS (
      SELECT 1 FROM json_each(v.body, '$.steps') AS s WHERE s.value ->> '$.kind' = 'signed' AND s.value ->> '$.date' <> ''), ' undated', '')
    FROM revision AS v WHERE v.seq = record.revision)
  WHEN 'site' THEN iif(EXISTS (SELECT 1 FROM place_at AS p WHERE p.record_id = record.id AND p.code <> ''), 'site', 'site nowhere')
  ELSE type END;
INSERT INTO place_tally (code, counted, n)
  SELECT t.code, r.counted, count(*) FROM touch AS t JOIN record AS r ON r.id = t.record_id GROUP BY 1, 2
  UNION ALL SELECT '', counted, count(*) FROM record GROUP BY 2;
