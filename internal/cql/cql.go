// Package cql is the filter language of OGC API Features: CQL2 as text and as JSON, read into one tree and written back as either, and
// checked against what a collection may be asked. It follows OGC 21-065r2: the grammar of its annex B for the text, the schema of its
// annex C for the JSON; both admit the same trees, and each tree has a form in both.
//
// It knows no table, no SQL and no record. What it also holds is what the words of the language mean wherever they are answered: which
// texts are equal without case and accents, and how two stretches of time lie to each other.
//
// It refuses what would cost more than an answer is worth (see the limits), geometries that would have to be guessed (open rings, empty
// ones, numbers that aren't finite), and, when checked, what no collection offers: arithmetic and functions other than the standard's.
package cql

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
)

// Limits of one filter. Every node becomes a term that the database works out for every candidate row, and SQLite nests no more than a
// thousand of them; so nodes bound what a row costs, and depth keeps far from that bound. Positions bound what comparing one geometry
// costs, and are as many as a record's own geometry may have. The length is room for that many positions; a pattern of LIKE, which SQLite
// bounds too, is long enough for any name.
const (
	MaxBytes     = 128 << 10
	MaxNodes     = 1000
	MaxDepth     = 64
	MaxPositions = 5000
	MaxPattern   = 1000 // bytes

	maxNesting = 3 * MaxDepth // of parentheses or brackets while reading: what no tree of MaxDepth needs
)

// Expr is a node of a filter: a Call, a Property or one of the literals. Trees are values; two are the same filter when
// reflect.DeepEqual says so.
type Expr interface{ expr() }

// Call is an operator, a standard function or any other function with its operands.
type Call struct {
	Op   Op
	Args []Expr // nil when there are none
}

// Property is the name of a property of the features that are filtered.
type Property string

// The literals.
type (
	Text   string
	Number float64 // finite
	Bool   bool
	// Date is one day.
	Date edtf.Day
	// Timestamp is an instant in UTC, RFC 3339, without zeros at the end of its fraction: two that are one instant are equal.
	Timestamp string
	// Interval is what lies between two instants, both included. Each is a Date, a Timestamp, Open, a Property or a function.
	Interval struct{ Start, End Expr }
	// Open is the side of an Interval that has no limit.
	Open struct{}
	// Geometry is in the coordinates of the filter: degrees, longitude first, unless the request names another system. Heights are
	// read and dropped: no feature has one. Rings are closed; nothing in it is empty.
	Geometry struct{ Geometry orb.Geometry }
	// BBox is a box; West is greater than East in one across 180°. South isn't greater than North.
	BBox struct{ West, South, East, North float64 }
	// List is a list of values, read as a set.
	List []Expr
)

func (Call) expr()      {}
func (Property) expr()  {}
func (Text) expr()      {}
func (Number) expr()    {}
func (Bool) expr()      {}
func (Date) expr()      {}
func (Timestamp) expr() {}
func (Interval) expr()  {}
func (Open) expr()      {}
func (Geometry) expr()  {}
func (BBox) expr()      {}
func (List) expr()      {}

// Bounds are the boxes that a box is: two when it crosses 180°.
func (b BBox) Bounds() []orb.Bound {
	box := func(west, east float64) orb.Bound {
		return orb.Bound{Min: orb.Point{west, b.South}, Max: orb.Point{east, b.North}}
	}
	if b.West > b.East {
		return []orb.Bound{box(b.West, 180), box(-180, b.East)}
	}
	return []orb.Bound{box(b.West, b.East)}
}

// Shape is the box as a geometry: a point or a line where it has no area, two parts where it crosses 180°.
func (b BBox) Shape() orb.Geometry {
	var parts orb.Collection
	var areas orb.MultiPolygon
	for _, x := range b.Bounds() {
		switch {
		case x.Min == x.Max:
			parts = append(parts, x.Min)
		case x.Min[0] == x.Max[0] || x.Min[1] == x.Max[1]:
			parts = append(parts, orb.LineString{x.Min, x.Max})
		default:
			parts = append(parts, x.ToPolygon())
			areas = append(areas, x.ToPolygon())
		}
	}
	switch {
	case len(parts) == 1:
		return parts[0]
	case len(areas) == len(parts):
		return areas
	}
	return parts
}

// operands are the nodes directly below e.
func operands(e Expr) []Expr {
	switch e := e.(type) {
	case Call:
		return e.Args
	case List:
		return e
	case Interval:
		return []Expr{e.Start, e.End}
	}
	return nil
}

// Each calls visit for e and every node below it, parents first.
func Each(e Expr, visit func(Expr)) {
	visit(e)
	for _, x := range operands(e) {
		Each(x, visit)
	}
}

// Project gives e with every geometry passed through f, boxes as the geometries that they are: for filters whose coordinates are in
// another system. Only in degrees may a box lie across 180°. An error of f ends it and is returned.
func Project(e Expr, f func(orb.Geometry) (orb.Geometry, error)) (Expr, error) {
	all := func(list []Expr) (out []Expr, err error) {
		for _, x := range list {
			if x, err = Project(x, f); err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	}
	switch e := e.(type) {
	case Call:
		args, err := all(e.Args)
		return Call{e.Op, args}, err
	case List:
		list, err := all(e)
		return List(list), err
	case Geometry:
		g, err := f(e.Geometry)
		return Geometry{g}, err
	case BBox:
		g, err := f(e.Shape())
		return Geometry{g}, err
	}
	return e, nil
}

// bounded refuses a tree beyond the limits.
func bounded(e Expr) error {
	nodes, positions, pattern := 0, 0, 0
	Each(e, func(x Expr) {
		nodes++
		switch x := x.(type) {
		case Geometry:
			positions += countPositions(x.Geometry)
		case Call:
			if x.Op == Like {
				Each(x.Args[1], func(x Expr) {
					if text, ok := x.(Text); ok {
						pattern = max(pattern, len(text))
					}
				})
			}
		}
	})
	switch {
	case pattern > MaxPattern:
		return &Error{Offset: -1, Got: fmt.Sprintf("a pattern of %d bytes", pattern), Takes: fmt.Sprintf("one of at most %d", MaxPattern)}
	case nodes > MaxNodes:
		return tooMuch(nodes, "parts", MaxNodes)
	case positions > MaxPositions:
		return tooMuch(positions, "positions", MaxPositions)
	}
	if d := depth(e); d > MaxDepth {
		return tooMuch(d, "levels", MaxDepth)
	}
	return nil
}

func depth(e Expr) (deepest int) {
	for _, x := range operands(e) {
		deepest = max(deepest, depth(x))
	}
	return deepest + 1
}

func countPositions(g orb.Geometry) (n int) {
	switch g := g.(type) {
	case orb.Point:
		return 1
	case orb.MultiPoint:
		return len(g)
	case orb.LineString:
		return len(g)
	case orb.MultiLineString:
		for _, l := range g {
			n += len(l)
		}
	case orb.Polygon:
		for _, r := range g {
			n += len(r)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			n += countPositions(p)
		}
	case orb.Collection:
		for _, x := range g {
			n += countPositions(x)
		}
	}
	return n
}

func finite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }
