package sqlite

import (
	"cmp"
	"encoding/hex"
	"sync"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"github.com/peterstace/simplefeatures/geom"

	"mithaq/internal/cql"
	"mithaq/internal/registry"
)

// relations are the spatial functions as simplefeatures has them, by the DE-9IM of the standard.
var relations = map[cql.Op]func(a, b geom.Geometry) (bool, error){
	cql.SIntersects: func(a, b geom.Geometry) (bool, error) { return geom.Intersects(a, b), nil },
	cql.SDisjoint:   func(a, b geom.Geometry) (bool, error) { return !geom.Intersects(a, b), nil },
	cql.SEquals:     geom.Equals, cql.STouches: geom.Touches, cql.SWithin: geom.Within,
	cql.SContains: geom.Contains, cql.SCrosses: geom.Crosses, cql.SOverlaps: geom.Overlaps,
}

// prepared are those that are quicker where the first geometry is one literal for many rows.
var prepared = map[cql.Op]func(geom.PreparedGeometry, geom.Geometry) (bool, error){
	cql.SIntersects: geom.PreparedGeometry.Intersects, cql.SDisjoint: geom.PreparedGeometry.Disjoint, cql.STouches: geom.PreparedGeometry.Touches,
	cql.SContains: geom.PreparedGeometry.Contains, cql.SWithin: geom.PreparedGeometry.Within, cql.SOverlaps: geom.PreparedGeometry.Overlaps,
}

// turned is the same relation with the geometries the other way round, where it has another name.
var turned = map[cql.Op]cql.Op{cql.SContains: cql.SWithin, cql.SWithin: cql.SContains}

// operand is a geometry of cql_spatial. prepared is nil for what is stored.
type operand struct {
	geom.Geometry
	prepared *preparedShape
}

// preparedShape is a literal with its index, which one goroutine at a time may use.
type preparedShape struct {
	mu    sync.Mutex
	index geom.PreparedGeometry
}

func (p *preparedShape) ask(f func(geom.PreparedGeometry, geom.Geometry) (bool, error), g geom.Geometry) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f(p.index, g)
}

// spatial is cql_spatial: whether a relation holds between two geometries. A stored one is a blob, a literal is text. What can't be read or
// compared isn't known.
func spatial(op string, a, b any) (truth any) {
	defer calm(&truth)
	x, okX := shape(a)
	y, okY := shape(b)
	if !okX || !okY {
		return nil
	}
	holds, err := relate(cql.Op(op), x, y)
	if err != nil {
		return nil
	}
	return holds
}

func relate(op cql.Op, a, b operand) (bool, error) {
	switch f := prepared[op]; {
	case f != nil && a.prepared != nil:
		return a.prepared.ask(f, b.Geometry)
	case f != nil && b.prepared != nil:
		return b.prepared.ask(prepared[cmp.Or(turned[op], op)], a.Geometry)
	}
	return relations[op](a.Geometry, b.Geometry)
}

// shape reads an operand. Stored geometries aren't validated again: each was when it was published.
func shape(x any) (g operand, ok bool) {
	switch x := x.(type) {
	case []byte:
		if x == nil {
			return g, false
		}
		stored, err := geom.UnmarshalWKB(x, geom.NoValidate{})
		return operand{Geometry: stored}, err == nil
	case string:
		return literals.of(x)
	}
	return g, false
}

// literals keeps the last few literals, since a statement hands the same one over for every row. Each has at most cql.MaxPositions.
var literals = memo[operand]{most: 16, read: func(text string) (g operand, ok bool) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return g, false
	}
	if g.Geometry, err = geom.UnmarshalWKB(raw, geom.NoValidate{}); err != nil {
		return g, false
	}
	if index, err := geom.Prepare(g.Geometry); err == nil {
		g.prepared = &preparedShape{index: index}
	}
	return g, true
}}

// valid refuses a filter with a geometry whose relations mean nothing: a ring that crosses itself, a hole outside its polygon.
func valid(f *cql.Filter) (err error) {
	cql.Each(f.Expr, func(e cql.Expr) {
		if g, ok := e.(cql.Geometry); ok && err == nil {
			err = validShape(g.Geometry)
		}
	})
	return err
}

func validShape(g orb.Geometry) error {
	raw, err := wkb.Marshal(g)
	if err != nil {
		return err
	}
	if _, err = geom.UnmarshalWKB(raw); err != nil {
		return &registry.Error{Code: registry.Invalid, Message: "A geometry of the filter is not valid.", Param: "filter",
			Got: err.Error(), Takes: "polygons whose rings don't cross themselves or each other, lines of more than one position"}
	}
	return nil
}
