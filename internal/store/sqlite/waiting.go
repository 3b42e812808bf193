package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"mithaq/internal/registry"
)

// Features wait in tables of the connection's own until somebody asks for them or the publication ends. Then they are put into their places in the order in
// which they lie there: an import has a million, and each by itself would take pages out of the file, everywhere in trees far larger than the cache,
// and put them back half full.

const (
	// createWaiting keeps what is short in front: to read it takes no look at the rest.
	createWaiting = `CREATE TEMP TABLE IF NOT EXISTS waiting (
		n INTEGER PRIMARY KEY, first INTEGER, end INTEGER, collection, detail, id, valid_from, valid_until, kind, status, documentation, place_match, location_precision, type,
		unit, first_day, last_day, west, south, east, north, works, utilities, trades, kinds, figures, places, agreements, geometry, body)`
	createPlaced = `CREATE TEMP TABLE IF NOT EXISTS placed (n INTEGER PRIMARY KEY, key INTEGER, body INTEGER, beyond INTEGER)`

	insertWaiting = `INSERT INTO temp.waiting
		(first, end, collection, detail, id, valid_from, valid_until, kind, status, documentation, place_match, location_precision, type,
		 unit, first_day, last_day, west, south, east, north, works, utilities, trades, kinds, figures, places, agreements, geometry, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	selectBeyond = `SELECT w.collection, w.id, w.end - w.first FROM temp.placed AS p CROSS JOIN temp.waiting AS w ON w.n = p.n WHERE p.beyond LIMIT 1`

	// Narrow rows are sorted, and the wide ones looked up; without a LIMIT an order within means nothing.
	inOrderOf    = ` FROM (SELECT * FROM temp.placed ORDER BY %s LIMIT -1) AS p CROSS JOIN temp.waiting AS w ON w.n = p.n`
	asTheyWaited = ` FROM temp.waiting AS w CROSS JOIN temp.placed AS p ON p.n = w.n`

	forgetWaiting = `DELETE FROM temp.waiting`
	forgetPlaced  = `DELETE FROM temp.placed`

	// A list is sorted in as much memory as the cache may have. What is put in order needs less of a cache, and what waits a larger one than SQLite's: it is looked up,
	// and with 4 MB half of the pages read for a million features were the upper ones of the tree, again and again.
	cacheToPut    = `PRAGMA cache_size = -4096`
	cacheToLookUp = `PRAGMA temp.cache_size = -12288`
	cacheToWrite  = `PRAGMA cache_size = ` + writerCache
)

var (
	// place gives each the first free key from its first one on.
	place = `INSERT INTO temp.placed (n, key, body, beyond) SELECT n, key, ` + bodyOf("key") + `, key >= end FROM (
		SELECT w.n, w.end, row_number() OVER (PARTITION BY w.first ORDER BY w.n) - 1 +
		  coalesce((SELECT max(f.key) + 1 FROM feature AS f WHERE f.key >= w.first AND f.key < w.end), w.first) AS key
		FROM temp.waiting AS w) ORDER BY n`

	placedByKey  = fmt.Sprintf(inOrderOf, "key")
	placedByBody = fmt.Sprintf(inOrderOf, "body")
	putFeatures  = `INSERT OR FAIL INTO feature (key, collection, detail, id, valid_from, valid_until, kind, status, documentation, place_match, location_precision, type,
		  unit, first_day, last_day, west, south, east, north, works, utilities, trades, kinds, figures, body)
		SELECT p.key, w.collection, w.detail, w.id, w.valid_from, w.valid_until, w.kind, w.status, w.documentation, w.place_match, w.location_precision, w.type,
		  w.unit, w.first_day, w.last_day, w.west, w.south, w.east, w.north, w.works, w.utilities, w.trades, w.kinds, w.figures, p.body` + placedByKey
	putOthers = []string{
		`INSERT OR FAIL INTO feature_body (key, body) SELECT p.body, w.body` + placedByBody,
		`INSERT OR FAIL INTO feature_properties (key, places, properties, geometry)
		SELECT p.body, w.places, jsonb_extract(CAST(w.body AS TEXT), '$.properties'), w.geometry` + placedByBody,
		fmt.Sprintf(`INSERT INTO feature_box (key, west, east, south, north) SELECT p.key, w.west, w.east, w.south, w.north
		FROM temp.placed AS p CROSS JOIN temp.waiting AS w ON w.n = p.n WHERE p.key >= %d AND p.key < %d`, others, nowhere),
		`INSERT OR FAIL INTO feature_place (code, key) SELECT t.value, p.key` + asTheyWaited + ` CROSS JOIN json_each(w.places) AS t ORDER BY 1, 2`,
		`INSERT OR FAIL INTO feature_agreement (agreement, key) SELECT t.value, p.key` + asTheyWaited + ` CROSS JOIN json_each(w.agreements) AS t ORDER BY 1, 2`,
		forgetWaiting, forgetPlaced,
	}
)

// mostWaiting bounds the features that wait, some thousand bytes each in a temporary file.
var mostWaiting = 2_000_000

// keySet is a set of keys, most of which are neighbours: 64 in an entry.
type keySet map[int64]uint64

func (s keySet) add(key int64)      { s[key>>6] |= 1 << (key & 63) }
func (s keySet) has(key int64) bool { return s[key>>6]>>(key&63)&1 == 1 }

// wait lets a feature wait.
func (w *writer) wait(ctx context.Context, row featureRow) error {
	if w.waiting == nil {
		for _, text := range []string{createWaiting, createPlaced, forgetWaiting, forgetPlaced} {
			if _, err := w.tx.exec(ctx, text); err != nil {
				return translate("make room for features", err)
			}
		}
		w.waiting = keySet{}
	}
	if _, err := w.tx.exec(ctx, insertWaiting, row.columns...); err != nil {
		return translate("let it wait", err)
	}
	w.waits++
	return nil
}

// settle puts the features that wait into their places.
func (w *writer) settle(ctx context.Context) error {
	if w.waits == 0 {
		return nil
	}
	n := w.waits
	w.settled += n
	w.waits = 0 // first: what is asked from here on waits for nothing
	clear(w.waiting)
	if err := w.put(ctx, n); err != nil {
		return translate("put features into their places", err)
	}
	return nil
}

func (w *writer) put(ctx context.Context, n int) (err error) {
	if n > manyAtOnce {
		debug.FreeOSMemory() // SQLite sorts in memory that isn't Go's
	}
	for _, text := range []string{cacheToPut, cacheToLookUp} {
		if _, err := w.tx.exec(ctx, text); err != nil {
			return err
		}
	}
	defer func() {
		_, failed := w.tx.exec(ctx, cacheToWrite)
		err = errors.Join(err, failed)
	}()
	if _, err := w.tx.exec(ctx, place); err != nil {
		return err
	}
	var collection, id string
	var room int64
	switch err := w.tx.QueryRowContext(ctx, selectBeyond).Scan(&collection, &id, &room); {
	case err == nil:
		return fmt.Errorf("feature %s %s: there are %d at one place already", collection, id, room)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if err := w.putFeatures(ctx, n); err != nil {
		return err
	}
	for _, text := range putOthers {
		if _, err := w.tx.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

const (
	isLargest     = `SELECT (SELECT count(*) FROM (SELECT 1 FROM feature LIMIT ?1)) < ?1`
	selectIndexes = `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'feature' AND sql IS NOT NULL`
)

// manyAtOnce is above how many features a publication is large: they take memory to be sorted, leave a large temporary file, and where they are more than there
// were, the indexes are made anew.
var manyAtOnce = 10_000

// putFeatures puts the narrow rows of n features into their places. They come in the order of the curve, so they are everywhere in the indexes by id: of many,
// these are made anew, which sorts them; only at the end, since rows that somebody in the midst of a publication still reads hold them.
func (w *writer) putFeatures(ctx context.Context, n int) error {
	anew := false
	if w.ends && n > manyAtOnce {
		if err := w.tx.QueryRowContext(ctx, isLargest, n).Scan(&anew); err != nil {
			return err
		}
	}
	if !anew {
		_, err := w.tx.exec(ctx, putFeatures)
		return err
	}
	rows, err := w.tx.QueryContext(ctx, selectIndexes)
	if err != nil {
		return err
	}
	defer rows.Close()
	var drop, create []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return err
		}
		drop, create = append(drop, "DROP INDEX "+name), append(create, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, text := range slices.Concat(drop, []string{putFeatures}, create) {
		if _, err := w.tx.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// settledContext marks questions that nothing which waits is an answer to.
type settledContext struct{}

// amongSettled is a context for a question that nothing which waits is an answer to.
func amongSettled(ctx context.Context) context.Context {
	return context.WithValue(ctx, settledContext{}, true)
}

// amongBoundaries is amongSettled for a question about boundaries, none of which waits when somebody asks.
func amongBoundaries(ctx context.Context, q registry.FeatureQuery) context.Context {
	if q.Detail != "" {
		return amongSettled(ctx)
	}
	return ctx
}
