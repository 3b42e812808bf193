package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// forGood is stored for a feature that ends on no day; it sorts after every day.
const forGood edtf.Day = "9999-99-99"

// brief is a context for a question that is answered in microseconds: to hear that the client left would cost a goroutine, and more than the answer.
func brief(ctx context.Context) (context.Context, error) {
	return context.WithoutCancel(ctx), ctx.Err()
}

// briefFor is brief where q asks for one feature, or for a few from where they lie in order.
func briefFor(ctx context.Context, q registry.FeatureQuery) (context.Context, error) {
	const fewInOrder = 101
	if q.ID != "" || q.Limit > 0 && q.Limit <= fewInOrder && q.Offset == 0 && isWhole(q) {
		return brief(ctx)
	}
	return ctx, nil
}

// selectText is ordered for one feature, whose days the index has, and its key.
var selectText = `
	SELECT b.body FROM feature AS f INDEXED BY feature_by_id CROSS JOIN feature_body AS b ON b.key = ` + bodyOf("f.key") + `
	WHERE f.collection = ?1 AND f.detail = ?2 AND f.id = ?3 AND f.valid_from <= ?4 AND f.valid_until > ?4`

// featureText is FeatureTexts for one feature.
func (r reader) featureText(ctx context.Context, q registry.FeatureQuery) (out registry.FeatureTexts, err error) {
	rows, err := r.q.QueryContext(ctx, selectText, q.Collection, q.Detail, q.ID, string(q.Day))
	if err != nil {
		return out, translate("read a feature", err)
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan((*sql.RawBytes)(&out.JSON)); err != nil { // the driver makes a new one for each row, so it is ours to hand on
			return out, translate("read a feature", err)
		}
		out.N, out.Last = 1, q.ID
	}
	return out, translate("read a feature", rows.Err())
}

// FeatureTexts implements registry.Reader. What only the processor is waited for is no sooner done where more do it at once, and their connections' pages
// drive one another out of its caches.
func (r reader) FeatureTexts(ctx context.Context, q registry.FeatureQuery, yield func(registry.FeatureTexts) error) (err error) {
	one := isOne(q) && q.Limit > 0 && !r.plainly
	if one {
		if ctx, err = brief(ctx); err != nil {
			return err
		}
	}
	if one {
		var page registry.FeatureTexts
		if err := r.inTurn(ctx, func() (err error) { page, err = r.featureText(ctx, q); return err }); err != nil {
			return err
		}
		return yield(page)
	}
	g := takeGathered(q.Limit)
	defer g.giveBack()
	if err := r.inTurn(ctx, func() error { return r.gather(ctx, q, g) }); err != nil {
		return err
	}
	return yield(g.texts())
}

// inTurn does what is bounded by texts.
func (r reader) inTurn(ctx context.Context, do func() error) error {
	if r.texts != nil {
		if r.texts.Acquire(ctx, 1) != nil {
			return context.Cause(ctx)
		}
		defer r.texts.Release(1)
	}
	return do()
}

// gather puts a page's texts together.
func (r reader) gather(ctx context.Context, q registry.FeatureQuery, g *gathered) error {
	q.Limit++ // one more tells whether there are others
	s, q, err := r.ordered(ctx, q)
	if err != nil {
		return err
	}
	s.joined(q, g.of(&s.statement, "c.id", "b.body"), "", "")
	if ctx, err = briefFor(ctx, q); err != nil {
		return err
	}
	rows, err := r.q.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return translate("read features", err)
	}
	defer rows.Close()
	for rows.Next() { // once, and there is nothing in it
	}
	return translate("read features", rows.Err())
}

// EachFeature implements registry.Reader.
func (r reader) EachFeature(ctx context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	s, q, err := r.ordered(ctx, q)
	if err != nil {
		return err
	}
	s.joined(q, "c.id, c.valid_from, c.valid_until, p.geometry, b.body", ", f.valid_from, f.valid_until", " CROSS JOIN feature_properties AS p ON p.key = b.key")
	if ctx, err = briefFor(ctx, q); err != nil {
		return err
	}
	rows, err := r.q.QueryContext(amongBoundaries(ctx, q), s.text.String(), s.args...)
	if err != nil {
		return translate("read features", err)
	}
	defer rows.Close()
	for rows.Next() {
		f := registry.Feature{Collection: q.Collection, Detail: q.Detail}
		var geometry, body sql.RawBytes // the driver makes new ones for each row, so they are ours to hand on
		if err := rows.Scan(&f.ID, &f.From, &f.Until, &geometry, &body); err != nil {
			return translate("read features", err)
		}
		f.JSON = body
		if f.Until == forGood {
			f.Until = ""
		}
		if geometry != nil {
			if f.Geometry, err = wkb.Unmarshal(geometry); err != nil {
				return fmt.Errorf("geometry of %s %s: %w", f.Collection, f.ID, err)
			}
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	return translate("read features", rows.Err())
}

// EachSpot implements registry.Reader.
func (r reader) EachSpot(ctx context.Context, q registry.FeatureQuery, yield func(registry.Spot) error) error {
	q.Located = registry.LocatedYes
	s, err := r.selection(q)
	if err != nil {
		return err
	}
	if err := r.inFileOrder(ctx, s, q); err != nil {
		return err
	}
	s.each(fmt.Sprintf("f.key < %d, f.west, f.south, f.east, f.north, coalesce(f.location_precision, ''), f.unit", others))
	rows, err := r.q.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return translate("read where features are", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at registry.Spot
		low, high := &at.Box.Min, &at.Box.Max
		if err := rows.Scan(&at.Point, &low[0], &low[1], &high[0], &high[1], &at.Precision, &at.Unit); err != nil {
			return translate("read where features are", err)
		}
		if err := yield(at); err != nil {
			return err
		}
	}
	return translate("read where features are", rows.Err())
}

// Count implements registry.Reader.
func (r reader) Count(ctx context.Context, q registry.FeatureQuery) (n int, err error) {
	if r.tells(q) {
		return r.countByTally(ctx, q)
	}
	s, err := r.selection(q)
	if err != nil {
		return 0, err
	}
	if err := r.inFileOrder(ctx, s, q); err != nil {
		return 0, err
	}
	s.after(q)
	within := r.bySquares(s, q)
	s.add("SELECT count(*)" + within + " FROM (")
	s.each("1")
	s.page(q)
	s.add(")")
	err = r.q.QueryRowContext(ctx, s.text.String(), s.args...).Scan(&n)
	if within != "" && q.Limit > 0 {
		n = min(n, q.Limit)
	}
	return n, translate("count features", err)
}

// bySquares is what to add to the number of what s selects when it selects no more what is in whole squares of a large box.
func (r reader) bySquares(s *selection, q registry.FeatureQuery) (counted string) {
	boxes := q.Boxes
	q.Boxes = nil
	if q.Located == registry.LocatedYes {
		q.Located = ""
	}
	if !r.tallied || r.plainly || len(boxes) != 1 || q.Detail != "" || q.After != "" || q.Offset != 0 || !isWhole(q) {
		return ""
	}
	squares, looked := countedIn(boxes[0])
	if len(squares) == 0 {
		return ""
	}
	s.sources[0] = s.points(s.ranges(looked))
	return " + (SELECT coalesce(sum(n), 0) FROM " + s.ranges(squares) + "feature_square AS q WHERE q.collection = ?1" +
		fmt.Sprintf(inRange, "q.square") + " AND q.valid_from <= ?3 AND q.valid_until > ?3)"
}

// CountsByUnit implements registry.Reader.
func (r reader) CountsByUnit(ctx context.Context, q registry.FeatureQuery) (map[registry.PlaceCode]int, error) {
	q.Located = registry.LocatedYes
	var s *selection
	if r.tells(q) && len(q.Places) == 0 {
		s = &selection{}
		s.add("SELECT code, sum(n)")
		s.fromTally(q)
		s.add(" AND finest = 1 GROUP BY code")
	} else {
		var err error
		if s, err = r.selection(q); err != nil {
			return nil, err
		}
		if err := r.inFileOrder(ctx, s, q); err != nil {
			return nil, err
		}
		s.add("SELECT unit, count(*) FROM (")
		s.each("f.unit AS unit")
		s.add(") GROUP BY unit")
	}
	rows, err := r.q.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return nil, translate("count by unit", err)
	}
	defer rows.Close()
	out := map[registry.PlaceCode]int{}
	for rows.Next() {
		var code registry.PlaceCode
		var n int
		if err := rows.Scan(&code, &n); err != nil {
			return nil, translate("count by unit", err)
		}
		out[code] = n
	}
	return out, translate("count by unit", rows.Err())
}

// PageBefore implements registry.Reader.
func (r reader) PageBefore(ctx context.Context, q registry.FeatureQuery, size int) (after string, err error) {
	s, err := r.selection(q)
	if err != nil {
		return "", err
	}
	q.Limit = size
	if err := r.inOrder(ctx, s, q); err != nil {
		return "", err
	}
	s.keep("f.id <= " + s.bind(q.After))
	s.each("f.id")
	s.add(" ORDER BY id DESC LIMIT 1 OFFSET " + s.bind(size))
	if ctx, err = briefFor(ctx, q); err != nil {
		return "", err
	}
	err = r.q.QueryRowContext(ctx, s.text.String(), s.args...).Scan(&after)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return after, translate("find the page before", err)
}

const selectExtent = `
	SELECT min(west), min(south), max(east), max(north), min(first_day), max(last_day)
	FROM feature NOT INDEXED
	WHERE collection = ?`

// Extent implements registry.Reader.
func (r reader) Extent(ctx context.Context, collection string) (e registry.Extent, err error) {
	var west, south, east, north sql.NullFloat64
	var first, last sql.NullString
	if err := r.q.QueryRowContext(ctx, selectExtent, collection).Scan(&west, &south, &east, &north, &first, &last); err != nil {
		return e, translate("extent of "+collection, err)
	}
	if west.Valid {
		e.Bound = &orb.Bound{Min: orb.Point{west.Float64, south.Float64}, Max: orb.Point{east.Float64, north.Float64}}
	}
	e.Days = registry.Days{First: edtf.Day(first.String), Last: edtf.Day(last.String)}
	if e.Days.Last == forGood {
		e.Days.Last = ""
	}
	return e, nil
}
