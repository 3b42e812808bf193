-- +goose Up

-- The finest unit that a feature is known to be in, '' for none. Sites that were derived before have it in the longest of their codes.
ALTER TABLE feature ADD COLUMN unit TEXT NOT NULL DEFAULT '';
UPDATE feature SET unit = coalesce((SELECT p.code FROM feature_place AS p WHERE p.key = feature.key ORDER BY length(p.code) DESC, p.code DESC LIMIT 1), '')
WHERE collection = 'sites';

-- How many there are in each unit on a day, of a kind, in a status or known so well, without a look at the rows.
CREATE INDEX feature_by_unit ON feature (collection, detail, unit, valid_from, valid_until, kind, status, place_match, location_precision)
WHERE geometry IS NOT NULL;
