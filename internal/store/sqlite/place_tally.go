package sqlite

import (
	"context"
	"encoding/json"
	"maps"
	"math/bits"
	"slices"

	"mithaq/internal/registry"
)

// The place tally has, for every unit and for the registry as a whole, how many records of each sort touch it. A record's sort stands in
// record.counted.

// mostUncounted bounds the records that wait to be counted: an import has a million in one transaction.
const mostUncounted = 5_000

const (
	uncount = `
		INSERT INTO place_tally (code, counted, n)
		SELECT t.code, r.counted, -1 FROM record AS r JOIN touch AS t ON t.record_id = r.id WHERE r.id = ?1 AND r.counted <> ''
		UNION ALL SELECT '', counted, -1 FROM record WHERE id = ?1 AND counted <> ''
		ON CONFLICT DO UPDATE SET n = n + excluded.n`

	sortRecords = `
		UPDATE record SET counted = CASE type
		  WHEN 'agreement' THEN (
		    SELECT (v.body ->> '$.documentation') || iif(v.body ->> '$.documentation' = 'documented' AND NOT EXISTS (
		      SELECT 1 FROM json_each(v.body, '$.steps') AS s WHERE s.value ->> '$.kind' = 'signed' AND s.value ->> '$.date' <> ''), ' undated', '')
		    FROM revision AS v WHERE v.seq = record.revision)
		  WHEN 'site' THEN iif(EXISTS (SELECT 1 FROM place_at AS p WHERE p.record_id = record.id AND p.code <> ''), 'site', 'site nowhere')
		  ELSE type END
		WHERE id IN (SELECT value FROM json_each(?))`

	countRecords = `
		INSERT INTO place_tally (code, counted, n)
		SELECT code, counted, count(*) FROM (
		  SELECT t.code, r.counted FROM json_each(?1) AS j CROSS JOIN record AS r ON r.id = j.value CROSS JOIN touch AS t ON t.record_id = r.id
		  UNION ALL SELECT '', r.counted FROM json_each(?1) AS j CROSS JOIN record AS r ON r.id = j.value)
		WHERE true GROUP BY 1, 2
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
)

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

// change takes a record out of the place tally before it changes; countPlaces counts it again. known is false for one that was never counted.
func (w *writer) change(ctx context.Context, id registry.ID, known bool) error {
	if w.uncounted[id] {
		return nil
	}
	if known {
		if _, err := w.tx.exec(ctx, uncount, string(id)); err != nil {
			return translate("count "+string(id)+" no more", err)
		}
	}
	if len(w.uncounted) >= mostUncounted {
		if err := w.countPlaces(ctx); err != nil {
			return err
		}
	}
	w.uncounted[id] = true
	return nil
}

const selectIDs = `SELECT id FROM record WHERE key IN (SELECT value FROM json_each(?))`

// countAll counts every record that isn't counted, those from which nothing was derived, too.
func (w *writer) countAll(ctx context.Context) error {
	for {
		if err := w.countPlaces(ctx); err != nil {
			return err
		}
		keys, err := json.Marshal(w.fresh.rest(mostUncounted))
		if err != nil || string(keys) == "null" {
			return err
		}
		rows, err := w.tx.QueryContext(ctx, selectIDs, string(keys))
		if err != nil {
			return translate("find the new records", err)
		}
		defer rows.Close()
		for rows.Next() {
			var id registry.ID
			if err := rows.Scan(&id); err != nil {
				return translate("find the new records", err)
			}
			w.uncounted[id] = true
		}
		if err := rows.Err(); err != nil {
			return translate("find the new records", err)
		}
	}
}

// countPlaces counts the records that were changed.
func (w *writer) countPlaces(ctx context.Context) error {
	if len(w.uncounted) == 0 {
		return nil
	}
	ids, err := json.Marshal(slices.Collect(maps.Keys(w.uncounted)))
	if err != nil {
		return err
	}
	for _, text := range []string{sortRecords, countRecords} {
		if _, err := w.tx.exec(ctx, text, string(ids)); err != nil {
			return translate("count the records", err)
		}
	}
	clear(w.uncounted)
	return nil
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
