-- +goose Up

-- Who asks for one kind in a unit is told by the index whether a site is in it.
DROP INDEX feature_by_sort;
CREATE INDEX feature_by_sort ON feature (body, collection, detail, id, valid_from, valid_until, kind, unit, west, south, east, north);
