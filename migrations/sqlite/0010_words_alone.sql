-- +goose Up

-- The words of records are looked up and never read back, so they are kept in the index alone. Records are derived anew at the next start.
DROP TABLE record_vocabulary;
DROP TABLE record_words;
CREATE VIRTUAL TABLE record_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0", prefix = '2 3');
CREATE VIRTUAL TABLE record_vocabulary USING fts5vocab (record_words, row);
