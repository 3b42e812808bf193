-- +goose Up

-- A region is touched by everything in it and is the own place of little.
CREATE INDEX touch_by_own ON touch (code, record_id) WHERE own = 1;

-- What a site measures, so that sums over all sites read no bodies: shops created, restored and their qualifier, surface and its
-- qualifier, with a unit separator between each two; NULL for what isn't a site.
ALTER TABLE feature ADD COLUMN figures TEXT;
UPDATE feature SET figures = (
  SELECT concat_ws(char(31), coalesce(b.properties ->> '$.shops_created', ''), coalesce(b.properties ->> '$.shops_restored', ''),
    coalesce(b.properties ->> '$.shops_qualifier', ''), coalesce(b.properties ->> '$.surface_m2', ''), coalesce(b.properties ->> '$.surface_qualifier', ''))
  FROM feature_body AS b WHERE b.key = feature.key)
  WHERE collection = 'sites' AND detail = '';
