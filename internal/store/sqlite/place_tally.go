package sqlite

import (
	"context"
	"encoding/json"
	"math/bits"

	"mithaq/internal/registry"
)

// The place tally has, for every unit and for the registry as a whole, how many records of each sort touch it. A record's sort stands in
// record.counted (see registry.CountedAs). It is counted when something is derived from it, or at the end.

const (
	// countAgain counts a record ?2 times more as it stands.
	countAgain = `
		INSERT INTO place_tally (code, counted, n)
		SELECT t.code, r.counted, ?2 FROM record AS r JOIN touch AS t ON t.record = r.key WHERE r.key = ?1
		UNION ALL SELECT '', counted, ?2 FROM record WHERE key = ?1
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
	setCounted     = `UPDATE record SET counted = ?1 WHERE key = ?2 AND counted <> ?1`
	addToPlaces    = `INSERT INTO place_tally (code, counted, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n`
	countUnderived = `
		INSERT INTO place_tally (code, counted, n)
		SELECT '', r.counted, count(*) FROM json_each(?) AS j CROSS JOIN record AS r ON r.key = j.value GROUP BY 2
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
)

// placeRow is a sort of records in a unit, or with no code everywhere.
type placeRow struct {
	code    registry.PlaceCode
	counted registry.Counted
}

// fresh are the new records from which nothing is derived yet, by their key: a bit for each key from the first on, since an import has a million.
type fresh struct {
	first int64
	bits  []uint64
}

// add adds a key; keys grow.
func (f *fresh) add(key int64) {
	if f.bits == nil {
		f.first = key
	}
	i := int(key - f.first)
	for len(f.bits) <= i/64 {
		f.bits = append(f.bits, 0)
	}
	f.bits[i/64] |= 1 << (i % 64)
}

// has reports whether a key is there.
func (f *fresh) has(key int64) bool {
	i := key - f.first
	return i >= 0 && i/64 < int64(len(f.bits)) && f.bits[i/64]>>(i%64)&1 == 1
}

// take takes a key away and reports whether it was there.
func (f *fresh) take(key int64) bool {
	there := f.has(key)
	if there {
		i := key - f.first
		f.bits[i/64] &^= 1 << (i % 64)
	}
	return there
}

// rest takes some of the keys that are left, the first ones, and none when there are none.
func (f *fresh) rest(atMost int) (keys []int64) {
	for i, word := range f.bits {
		for ; word != 0 && len(keys) < atMost; word = f.bits[i] {
			key := f.first + int64(64*i+bits.TrailingZeros64(word))
			f.take(key)
			keys = append(keys, key)
		}
	}
	return keys
}

// countRecord counts a record in the units that it touches, each once, from now on.
func (w *writer) countRecord(ctx context.Context, key int64, as registry.Counted, codes []registry.PlaceCode) error {
	if _, err := w.tx.exec(ctx, setCounted, string(as), key); err != nil {
		return err
	}
	w.places[placeRow{"", as}]++
	for _, code := range codes {
		w.places[placeRow{code, as}]++
	}
	return nil
}

// recount counts a record with a new revision, as long as nothing is derived from that; a site is where it was.
func (w *writer) recount(ctx context.Context, key int64, r registry.Record) error {
	if r.Head().Type == registry.TypeSite {
		return nil
	}
	as := []any{string(registry.CountedAs(r, nil)), key}
	if w.fresh.has(key) { // it isn't counted yet
		_, err := w.tx.exec(ctx, setCounted, as...)
		return err
	}
	_, err := w.tx.exec(ctx, countAgain, key, -1)
	if err == nil {
		_, err = w.tx.exec(ctx, setCounted, as...)
	}
	if err == nil {
		_, err = w.tx.exec(ctx, countAgain, key, 1)
	}
	return err
}

// putPlaces writes what the transaction added to the place tally, with the new records that nothing was derived from.
func (w *writer) putPlaces(ctx context.Context) error {
	for row, n := range w.places {
		if _, err := w.tx.exec(ctx, addToPlaces, string(row.code), string(row.counted), n); err != nil {
			return translate("count the records", err)
		}
	}
	clear(w.places)
	for {
		keys, err := json.Marshal(w.fresh.rest(5_000))
		if err != nil || string(keys) == "null" {
			return err
		}
		if _, err := w.tx.exec(ctx, countUnderived, string(keys)); err != nil {
			return translate("count the records", err)
		}
	}
}

const selectPlaceTally = `
	SELECT code,
	  coalesce(sum(n) FILTER (WHERE counted IN ('documented', 'documented undated')), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'mentioned'), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'amendment'), 0),
	  coalesce(sum(n) FILTER (WHERE counted IN ('site', 'site nowhere')), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'event'), 0)
	FROM place_tally
	WHERE n > 0 AND code <> ''
	GROUP BY code`

const selectTotals = `
	SELECT
	  coalesce(sum(n) FILTER (WHERE counted IN ('documented', 'documented undated')), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'mentioned'), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'amendment'), 0),
	  coalesce(sum(n) FILTER (WHERE counted IN ('site', 'site nowhere')), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'organisation'), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'source'), 0),
	  (SELECT count(*) FROM feature AS f WHERE f.collection = 'communes' AND f.detail = 'medium' AND EXISTS (
	    SELECT 1 FROM place_tally AS t WHERE t.code = f.id AND t.n > 0 AND t.counted IN ('documented', 'documented undated', 'site', 'site nowhere'))),
	  coalesce(sum(n) FILTER (WHERE counted = 'site nowhere'), 0),
	  coalesce(sum(n) FILTER (WHERE counted = 'documented undated'), 0)
	FROM place_tally
	WHERE code = ''`
