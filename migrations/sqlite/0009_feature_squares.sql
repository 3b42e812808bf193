-- +goose Up

-- A boundary without a type has none, as its properties say: filters ask the columns of what features are chosen by, not the properties.
UPDATE feature SET type = NULL WHERE key >= 1 << 61 AND type = '';
