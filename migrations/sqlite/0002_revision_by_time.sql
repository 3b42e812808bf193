-- +goose Up

-- Which revision was the last at a moment. Times are compared without their Z: RFC 3339 leaves out a fraction that is zero, and
-- "05Z" would sort behind "05.6Z".
CREATE INDEX revision_by_time ON revision (rtrim(at, 'Z'), seq);
