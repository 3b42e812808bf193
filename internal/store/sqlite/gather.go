package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// gathered are rows of a feature_place or feature_agreement that wait to be written, a unit or an agreement with the key of a feature each. One import
// writes millions, everywhere in a tree far larger than the cache; written in their order, many go to one page.
type gathered struct {
	insert string // takes the name and a JSON list of keys
	rows   []gatheredRow
}

type gatheredRow struct {
	name string
	key  int64
}

// mostGathered bounds the rows that wait, of 24 bytes each.
var mostGathered = 100_000

// keysAtOnce bounds the keys in one list.
const keysAtOnce = 1_000

const (
	insertPlaces     = `INSERT OR FAIL INTO feature_place (code, key) SELECT ?, value FROM json_each(?)`
	insertAgreements = `INSERT OR FAIL INTO feature_agreement (agreement, key) SELECT ?, value FROM json_each(?)`
)

// gather lets a row wait.
func (w *writer) gather(ctx context.Context, g *gathered, name string, key int64) error {
	g.rows = append(g.rows, gatheredRow{name, key})
	if len(g.rows) < mostGathered {
		return nil
	}
	return w.putGathered(ctx)
}

// putGathered writes what waits.
func (w *writer) putGathered(ctx context.Context) error {
	for _, g := range []*gathered{&w.places, &w.agreements} {
		slices.SortFunc(g.rows, func(a, b gatheredRow) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) })
		for rest := g.rows; len(rest) > 0; {
			name := rest[0].name
			var keys []int64
			for len(rest) > 0 && rest[0].name == name && len(keys) < keysAtOnce {
				keys, rest = append(keys, rest[0].key), rest[1:]
			}
			list, err := json.Marshal(keys)
			if err != nil {
				return err
			}
			if _, err := w.tx.exec(ctx, g.insert, name, string(list)); err != nil {
				return translate("insert the units and agreements of features", err)
			}
		}
		g.rows = g.rows[:0]
	}
	clear(w.waiting)
	return nil
}
