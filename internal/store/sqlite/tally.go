package sqlite

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// The tally has, for every unit and for the registry as a whole, how many features of each sort there are in each stretch of days.

// tallySort is a sort of features.
type tallySort struct {
	collection, detail string
	located            bool
	where              [6]string // values of registry.FeatureColumns, empty for none
	from, until        edtf.Day
}

// tallyRow is a sort of features in a unit.
type tallyRow struct {
	sort   int                // its place in tally.list: a sort is a dozen texts, and a feature is of the same one in all its units
	code   registry.PlaceCode // empty: everywhere
	finest bool
}

// tally is what a transaction adds to the table.
type tally struct {
	sorts map[tallySort]int // their places in list
	list  []tallySort
	rows  map[tallyRow]int
}

func newTally() tally { return tally{sorts: map[tallySort]int{}, rows: map[tallyRow]int{}} }

// count counts a feature, or with n = -1 one less, in each of the units that it touches.
func (t *tally) count(sort tallySort, unit registry.PlaceCode, places []registry.PlaceCode, n int) {
	at, ok := t.sorts[sort]
	if !ok {
		at = len(t.list)
		t.sorts[sort], t.list = at, append(t.list, sort)
	}
	for _, code := range places {
		t.rows[tallyRow{at, code, code == unit}] += n
	}
	t.rows[tallyRow{at, "", unit == ""}] += n
}

const (
	addToTally = `
		INSERT INTO feature_tally (collection, detail, code, finest, located, kind, status, documentation, place_match, location_precision, type,
		  valid_from, valid_until, n)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
	forgetEmptyTally = `
		DELETE FROM feature_tally
		WHERE collection = ? AND detail = ? AND code = ? AND finest = ? AND located = ? AND kind = ? AND status = ? AND documentation = ? AND place_match = ?
		  AND location_precision = ? AND type = ? AND valid_from = ? AND valid_until = ? AND n = 0`
)

// squareRow are the points of a collection in one square of the curve, in a stretch of days.
type squareRow struct {
	collection  string
	square      int64 // key >> squareBits
	from, until edtf.Day
}

const (
	addToSquares = `
		INSERT INTO feature_square (collection, square, valid_from, valid_until, n) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET n = n + excluded.n`
	forgetEmptySquare = `DELETE FROM feature_square WHERE collection = ? AND square = ? AND valid_from = ? AND valid_until = ? AND n = 0`
)

// countAt counts a feature, or with n = -1 one less, in its square.
func (w *writer) countAt(row tallySort, key int64, n int) {
	if key < others {
		w.squares[squareRow{row.collection, key >> squareBits, row.from, row.until}] += n
	}
}

// putSquares writes what the transaction changed of the squares.
func (w *writer) putSquares(ctx context.Context) error {
	for row, n := range w.squares {
		if n == 0 {
			continue
		}
		at := []any{row.collection, row.square, string(row.from), string(row.until)}
		_, err := w.tx.exec(ctx, addToSquares, append(at, n)...)
		if err == nil && n < 0 {
			_, err = w.tx.exec(ctx, forgetEmptySquare, at...)
		}
		if err != nil {
			return translate("count the points", err)
		}
	}
	clear(w.squares)
	return nil
}

// mostTallied bounds the rows that wait to be written: an import of a million sites changes hundreds of thousands, and the garbage collector would
// look at each again and again.
var mostTallied = 60_000

// putCounts writes what the transaction changed of the tally and the squares once that is much.
func (w *writer) putCounts(ctx context.Context) error {
	if len(w.tally.rows)+len(w.squares) < mostTallied {
		return nil
	}
	return errors.Join(w.putTally(ctx), w.putSquares(ctx))
}

// putTally writes what the transaction changed of the tally.
func (w *writer) putTally(ctx context.Context) error {
	inOrder := slices.SortedFunc(maps.Keys(w.tally.rows), func(a, b tallyRow) int { // as they lie
		x, y := w.tally.list[a.sort], w.tally.list[b.sort]
		return cmp.Or(strings.Compare(x.collection, y.collection), strings.Compare(x.detail, y.detail), strings.Compare(string(a.code), string(b.code)))
	})
	for _, row := range inOrder {
		n, of := w.tally.rows[row], w.tally.list[row.sort]
		if n == 0 {
			continue
		}
		at := []any{of.collection, of.detail, string(row.code), row.finest, of.located}
		for _, value := range of.where {
			at = append(at, value)
		}
		at = append(at, string(of.from), string(of.until))
		_, err := w.tx.exec(ctx, addToTally, append(at, n)...)
		if err == nil && n < 0 {
			_, err = w.tx.exec(ctx, forgetEmptyTally, at...)
		}
		if err != nil {
			return translate("count the features", err)
		}
	}
	w.tally = newTally()
	return nil
}

// tells reports whether the tally has the number of what q selects.
func (r reader) tells(q registry.FeatureQuery) bool {
	for column, value := range q.Where {
		if value == "" || !slices.Contains(registry.FeatureColumns, column) {
			return false
		}
	}
	narrowed := len(q.Places) > 1 || q.After != "" || q.Offset != 0
	q.Places, q.Where, q.Located = nil, nil, "" // which it has counted apart
	return r.tallied && !r.plainly && !narrowed && isWhole(q)
}

// fromTally adds the rows of the tally that q selects, in one unit or everywhere.
func (s *statement) fromTally(q registry.FeatureQuery) {
	s.add(" FROM feature_tally WHERE collection = ? AND detail = ?", q.Collection, q.Detail)
	for _, column := range registry.FeatureColumns {
		if value, ok := q.Where[column]; ok {
			s.add(" AND "+column+" = ?", value) // the name comes from our own list
		}
	}
	switch q.Located {
	case registry.LocatedYes:
		s.add(" AND located = 1")
	case registry.LocatedNo:
		s.add(" AND located = 0")
	}
	s.add(" AND valid_from <= ? AND valid_until > ?", string(q.Day), string(q.Day))
}

// countByTally is Count where the tally tells.
func (r reader) countByTally(ctx context.Context, q registry.FeatureQuery) (n int, err error) {
	var s statement
	s.add("SELECT coalesce(sum(n), 0)")
	s.fromTally(q)
	code := registry.PlaceCode("")
	if len(q.Places) > 0 {
		code = q.Places[0]
	}
	s.add(" AND code = ?", string(code))
	if ctx, err = brief(ctx); err != nil {
		return 0, err
	}
	err = r.q.QueryRowContext(ctx, s.text.String(), s.args...).Scan(&n)
	if q.Limit > 0 {
		n = min(n, q.Limit)
	}
	return n, translate("count features", err)
}
