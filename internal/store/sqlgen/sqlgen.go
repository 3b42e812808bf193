// Package sqlgen turns a checked filter into a condition of SQL and the values that it binds. Every value is bound; a property's name
// becomes the expression that the store gives for it, and nothing else of a filter reaches the text of a statement.
//
// SQL's three truths are those of the language: a comparison with NULL is unknown, so is its NOT, and a WHERE keeps what is true.
// What databases write differently stands behind Dialect; SQLite is the one that is written.
package sqlgen

import (
	"fmt"
	"iter"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
)

// Dialect is what databases write differently. Its operands are expressions of SQL, NULL where a value isn't known.
type Dialect interface {
	// Placeholder stands for the nth value that the statement binds, from 1.
	Placeholder(n int) string
	CaseI(x string) string
	AccentI(x string) string
	// Like matches x with a pattern that is bound as what Pattern makes of it.
	Like(x, pattern string) string
	Pattern(like string) string
	// Spatial relates two geometries; a literal is bound as what Geometry makes of it.
	Spatial(op cql.Op, a, b string) string
	Geometry(g orb.Geometry) (any, error)
	// Temporal relates two stretches, each from the start of one time to the end of another; a time is an EDTF date or an RFC 3339
	// time, or what Open writes for a side without limit.
	Temporal(op cql.Op, a, b [2]string) string
	Open() string
	// List makes a list of texts, as a column of lists is one; Array relates two.
	List(members []string) string
	Array(op cql.Op, a, b string) string
}

// Columns are what a store has of features.
type Columns struct {
	// Of gives the expression of a queryable: NULL where the stored value is missing or isn't of the queryable's type.
	Of func(cql.Queryable) (string, error)
	// Extent are the expressions of a geometry's west, south, east and north, NULL without one: most geometries lie in a box or beside it, and needn't
	// be read. Empty where they aren't stored.
	Extent [4]string
}

// Where is a filter as a condition. first is the number of the first value that it binds.
func Where(f *cql.Filter, d Dialect, columns Columns, first int) (condition string, binds []any, err error) {
	g := generator{filter: f, dialect: d, columns: columns, first: first}
	condition = g.sql(f.Expr)
	return condition, g.binds, g.err
}

type generator struct {
	filter  *cql.Filter
	dialect Dialect
	columns Columns
	first   int
	binds   []any
	err     error // the first one
}

func (g *generator) bind(value any) string {
	g.binds = append(g.binds, value)
	return g.dialect.Placeholder(g.first + len(g.binds) - 1)
}

func (g *generator) fail(err error) string {
	if g.err == nil {
		g.err = err
	}
	return "NULL"
}

func (g *generator) all(exprs []cql.Expr) (out []string) {
	for _, e := range exprs {
		out = append(out, g.sql(e))
	}
	return out
}

// sql is the expression of a node, which needs no parentheses.
func (g *generator) sql(e cql.Expr) string {
	switch e := e.(type) {
	case cql.Property:
		column, err := g.columns.Of(g.filter.Queryable(e))
		if err != nil {
			return g.fail(err)
		}
		return column
	case cql.Text:
		return g.bind(string(e))
	case cql.Number:
		return g.bind(float64(e))
	case cql.Bool:
		return g.bind(bool(e))
	case cql.Date:
		return g.bind(string(e))
	case cql.Timestamp:
		return g.bind(string(e))
	case cql.Open:
		return g.dialect.Open()
	case cql.Geometry:
		return g.geometry(e.Geometry)
	case cql.BBox:
		return g.geometry(e.Shape())
	case cql.List:
		return g.dialect.List(g.all(e))
	case cql.Call:
		return g.call(e)
	}
	return g.fail(fmt.Errorf("no SQL for %T", e))
}

func (g *generator) geometry(x orb.Geometry) string {
	value, err := g.dialect.Geometry(x)
	if err != nil {
		return g.fail(err)
	}
	return g.bind(value)
}

func (g *generator) call(c cql.Call) string {
	switch c.Op {
	case cql.And, cql.Or:
		return balanced(g.all(c.Args), " "+strings.ToUpper(string(c.Op))+" ")
	case cql.Not:
		return "(NOT " + g.sql(c.Args[0]) + ")"
	case cql.IsNull:
		return g.isNull(c.Args[0])
	case cql.Equal, cql.NotEqual, cql.Less, cql.Greater, cql.LessEqual, cql.GreaterEqual:
		return g.compare(c.Op, c.Args[0], c.Args[1])
	case cql.Between:
		return "(" + g.sql(c.Args[0]) + " BETWEEN " + g.sql(c.Args[1]) + " AND " + g.sql(c.Args[2]) + ")"
	case cql.In:
		return g.in(c.Args[0], c.Args[1].(cql.List))
	case cql.Like:
		return g.dialect.Like(g.sql(c.Args[0]), g.bind(g.dialect.Pattern(folded(c.Args[1]))))
	case cql.CaseI:
		if text, ok := literal(c); ok {
			return g.bind(text)
		}
		return g.dialect.CaseI(g.sql(c.Args[0]))
	case cql.AccentI:
		if text, ok := literal(c); ok {
			return g.bind(text)
		}
		return g.dialect.AccentI(g.sql(c.Args[0]))
	}
	switch {
	case isOne(c.Op, cql.SpatialOps):
		if box, ok := boxMet(c); ok && g.columns.Extent[0] != "" {
			return g.meets(box, g.dialect.Spatial(c.Op, g.sql(c.Args[0]), g.sql(c.Args[1])))
		}
		return g.dialect.Spatial(c.Op, g.sql(c.Args[0]), g.sql(c.Args[1]))
	case isOne(c.Op, cql.TemporalOps):
		return g.dialect.Temporal(c.Op, g.span(c.Args[0]), g.span(c.Args[1]))
	case isOne(c.Op, cql.ArrayOps):
		return g.dialect.Array(c.Op, g.sql(c.Args[0]), g.sql(c.Args[1]))
	}
	return g.fail(fmt.Errorf("no SQL for %s", c.Op)) // what cql.Check refuses
}

// boxMet is the box that a condition asks a geometry of the feature to meet.
func boxMet(c cql.Call) (box cql.BBox, ok bool) {
	for i, x := range c.Args {
		if box, ok := x.(cql.BBox); ok && c.Op == cql.SIntersects {
			_, ok := c.Args[1-i].(cql.Property)
			return box, ok
		}
	}
	return box, false
}

// meets is whether the geometry meets a box, which is asked of the geometry itself only where its extent doesn't tell.
func (g *generator) meets(box cql.BBox, itself string) string {
	west, south, east, north := g.columns.Extent[0], g.columns.Extent[1], g.columns.Extent[2], g.columns.Extent[3]
	var apart, within []string
	for _, b := range box.Bounds() {
		w, s, e, n := g.bind(b.Min[0]), g.bind(b.Min[1]), g.bind(b.Max[0]), g.bind(b.Max[1])
		apart = append(apart, "("+west+" > "+e+" OR "+east+" < "+w+" OR "+south+" > "+n+" OR "+north+" < "+s+")")
		within = append(within, "("+west+" >= "+w+" AND "+east+" <= "+e+" AND "+south+" >= "+s+" AND "+north+" <= "+n+")")
	}
	return "(CASE WHEN " + strings.Join(apart, " AND ") + " THEN FALSE WHEN " + strings.Join(within, " OR ") + " THEN TRUE ELSE " + itself + " END)"
}

func isOne(op cql.Op, ops []cql.Op) bool {
	for _, o := range ops {
		if o == op {
			return true
		}
	}
	return false
}

// balanced joins conditions so that they nest as little as may be: a database bounds how deep an expression is.
func balanced(list []string, with string) string {
	if len(list) == 1 {
		return list[0]
	}
	half := len(list) / 2
	return "(" + balanced(list[:half], with) + with + balanced(list[half:], with) + ")"
}

// isNull asks whether a value is unknown. A time that can't be read meets nothing, not even itself.
func (g *generator) isNull(e cql.Expr) string {
	if g.isTime(e) {
		return "(" + g.dialect.Temporal(cql.TIntersects, g.span(e), g.span(e)) + " IS NULL)"
	}
	return "(" + g.sql(e) + " IS NULL)"
}

func (g *generator) compare(op cql.Op, a, b cql.Expr) string {
	if g.isTime(a) {
		return g.dialect.Temporal(op, g.span(a), g.span(b))
	}
	return "(" + g.sql(a) + " " + string(op) + " " + g.sql(b) + ")"
}

func (g *generator) in(x cql.Expr, list cql.List) string {
	if !g.isTime(x) {
		return "(" + g.sql(x) + " IN (" + strings.Join(g.all(list), ", ") + "))"
	}
	var any []string
	for _, member := range list {
		any = append(any, g.compare(cql.Equal, x, member))
	}
	return balanced(any, " OR ")
}

func (g *generator) isTime(e cql.Expr) bool {
	switch e := e.(type) {
	case cql.Date, cql.Timestamp, cql.Interval:
		return true
	case cql.Property:
		t := g.filter.Queryable(e).Type
		return t == cql.TypeDate || t == cql.TypeTimestamp
	}
	return false
}

// span is a time as the two whose start and end it has.
func (g *generator) span(e cql.Expr) [2]string {
	if i, ok := e.(cql.Interval); ok {
		return [2]string{g.sql(i.Start), g.sql(i.End)}
	}
	return [2]string{g.sql(e), g.sql(e)}
}

// literal folds what CASEI and ACCENTI stand around; ok is false where that is no literal.
func literal(e cql.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case cql.Text:
		return string(e), true
	case cql.Call:
		switch e.Op {
		case cql.CaseI:
			text, ok = literal(e.Args[0])
			return cql.FoldCase(text), ok
		case cql.AccentI:
			text, ok = literal(e.Args[0])
			return cql.FoldAccents(text), ok
		}
	}
	return "", false
}

// folded is a pattern, which is always a literal.
func folded(e cql.Expr) string {
	text, _ := literal(e)
	return text
}

// Boxes are boxes that a feature must meet for the filter to hold, each a choice of a few: a spatial relation to a literal that holds
// for true implies it. They are degrees, and let an index choose the candidates.
func Boxes(f *cql.Filter) (all [][]orb.Bound) {
	for c := range required(f.Expr) {
		if !isOne(c.Op, cql.SpatialOps) || c.Op == cql.SDisjoint {
			continue
		}
		for i, x := range c.Args {
			if _, ok := c.Args[1-i].(cql.Property); !ok {
				continue
			}
			switch x := x.(type) {
			case cql.Geometry:
				all = append(all, []orb.Bound{x.Geometry.Bound()})
			case cql.BBox:
				all = append(all, x.Bounds())
			}
		}
	}
	return all
}

// Texts are the texts that properties must be equal to for the filter to hold, for those that are asked about.
func Texts(f *cql.Filter, asked func(property string) bool) (all []string) {
	for c := range required(f.Expr) {
		if c.Op != cql.Equal {
			continue
		}
		for i, x := range c.Args {
			p, ok := c.Args[1-i].(cql.Property)
			if text, literal := x.(cql.Text); ok && literal && asked(f.Queryable(p).Name) {
				all = append(all, string(text))
			}
		}
	}
	return all
}

// required are the conditions that must all hold for e to hold: nothing but AND stands above them.
func required(e cql.Expr) iter.Seq[cql.Call] {
	return func(yield func(cql.Call) bool) {
		var walk func(cql.Expr) bool
		walk = func(e cql.Expr) bool {
			c, ok := e.(cql.Call)
			if !ok {
				return true
			}
			if c.Op != cql.And {
				return yield(c)
			}
			for _, x := range c.Args {
				if !walk(x) {
					return false
				}
			}
			return true
		}
		walk(e)
	}
}
