-- +goose Up

-- The days that a feature's date may mean, both NULL without a date; '' and '9999-99-99' where an end is open or unknown. Features
-- that were derived before have none until mithaq reindex.
ALTER TABLE feature ADD COLUMN first_day TEXT;
ALTER TABLE feature ADD COLUMN last_day TEXT;

-- Every box is answered with the features that are nowhere, too.
CREATE INDEX feature_nowhere ON feature (collection, detail) WHERE geometry IS NULL;
