package storetest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"github.com/peterstace/simplefeatures/geom"

	"mithaq/internal/cql"
	"mithaq/internal/registry"
)

// randomFilters asks the store what a plain reading of the tree answers too: for filters that fit their queryables and nothing else.
func randomFilters(t *testing.T, s registry.Store) {
	putFiltered(t, s)
	const seed, tries = 20, 600
	m := maker{rand.New(rand.NewPCG(seed, seed))}
	var answered int
	for range tries {
		e := m.condition(4)
		f := filterOf(t, cql.FormatText(e)) // so that what is written is read back, too
		var want []string
		for _, x := range filtered {
			if evaluate(e, x.properties, x.id, x.geometry) == true {
				want = append(want, x.id)
			}
		}
		if len(want) > 0 && len(want) < len(filtered) {
			answered++
		}
		if got := found(t, s, registry.FeatureQuery{Filter: f}); got != strings.Join(want, " ") {
			t.Errorf("%s\nstore %q\ntree  %q", cql.FormatText(e), got, want)
		}
	}
	if answered < tries/4 {
		t.Errorf("only %d of %d filters tell features apart", answered, tries)
	}
}

// maker makes filters that cql.Check lets pass, of values near those that are stored.
type maker struct{ *rand.Rand }

func one[T any](m maker, list ...T) T { return list[m.IntN(len(list))] }

func several[T any](m maker, least int, make func() T) (out []T) {
	for range least + m.IntN(3) {
		out = append(out, make())
	}
	return out
}

func call(op cql.Op, args ...cql.Expr) cql.Expr { return cql.Call{Op: op, Args: args} }

func (m maker) condition(depth int) cql.Expr {
	if depth > 0 && m.IntN(2) == 0 {
		deeper := func() cql.Expr { return m.condition(depth - 1) }
		switch m.IntN(4) {
		case 0:
			return call(cql.Not, deeper())
		case 1:
			return call(cql.IsNull, deeper())
		case 2:
			return call(cql.Or, several(m, 2, deeper)...)
		}
		return call(cql.And, several(m, 2, deeper)...)
	}
	compare := one(m, cql.Equal, cql.NotEqual, cql.Less, cql.Greater, cql.LessEqual, cql.GreaterEqual)
	operand := one(m, m.text, m.number, m.bool, m.time)
	switch m.IntN(10) {
	case 0, 1:
		return call(compare, operand(), operand())
	case 2:
		return call(cql.In, operand(), cql.List(several(m, 1, operand)))
	case 3:
		return call(cql.Between, m.number(), m.number(), m.number())
	case 4:
		return call(cql.Like, m.text(), m.pattern())
	case 5:
		return call(cql.IsNull, one(m, m.text, m.number, m.bool, m.time, m.geometry, m.listColumn)())
	case 6:
		return call(one(m, cql.ArrayOps...), m.list(), m.list())
	case 7, 8:
		op := one(m, cql.TemporalOps...)
		if slices.Contains([]cql.Op{cql.TAfter, cql.TBefore, cql.TDisjoint, cql.TEquals, cql.TIntersects}, op) && m.IntN(2) == 0 {
			return call(op, m.time(), m.time())
		}
		return call(op, m.stretch(), m.stretch())
	}
	return call(one(m, cql.SpatialOps...), m.geometry(), m.geometry())
}

func (m maker) text() cql.Expr {
	e := one[cql.Expr](m, cql.Property("name"), cql.Property("name_ar"), cql.Property("id"), cql.Text("Fès"), cql.Text("straße"), cql.Text("موسسة أكادير"), cql.Text("line"))
	for m.IntN(3) == 0 {
		e = call(one(m, cql.CaseI, cql.AccentI), e)
	}
	return e
}

func (m maker) pattern() cql.Expr {
	var b strings.Builder
	for range m.IntN(5) {
		b.WriteString(one(m, "%", "_", "F", "è", "e", `\%`, `\\`, `\`, "[", "*", "'", "line", "أ", "ا", "S", "?"))
	}
	e := cql.Expr(cql.Text(b.String()))
	if m.IntN(3) == 0 {
		e = call(one(m, cql.CaseI, cql.AccentI), e)
	}
	return e
}

func (m maker) number() cql.Expr {
	return one[cql.Expr](m, cql.Property("surface_m2"), cql.Property("shops"), cql.Number(-1), cql.Number(0), cql.Number(12.5), cql.Number(25), cql.Number(1000.5))
}

func (m maker) bool() cql.Expr {
	return one[cql.Expr](m, cql.Property("several"), cql.Bool(true), cql.Bool(false))
}

func (m maker) side() cql.Expr {
	return one[cql.Expr](m, cql.Property("signed"), cql.Property("ended"), cql.Property("updated"), cql.Date("2016-02-10"), cql.Date("2015-09-01"),
		cql.Date("2024-05-01"), cql.Timestamp("2024-05-01T10:00:00Z"), cql.Timestamp("2016-02-10T23:59:59.999Z"))
}

func (m maker) time() cql.Expr { return m.side() }

func (m maker) stretch() cql.Expr {
	if m.IntN(3) == 0 {
		return one[cql.Expr](m, cql.Property("signed"), cql.Property("ended"))
	}
	for {
		i := cql.Interval{Start: m.side(), End: m.side()}
		if m.IntN(4) == 0 {
			i.Start = cql.Open{}
		} else if m.IntN(4) == 0 {
			i.End = cql.Open{}
		}
		if _, err := cql.ParseText(cql.FormatText(call(cql.IsNull, i))); err == nil { // one that ends before it begins can't be written
			return i
		}
	}
}

func (m maker) listColumn() cql.Expr {
	return one[cql.Expr](m, cql.Property("works"), cql.Property("sources"))
}

func (m maker) list() cql.Expr {
	if m.IntN(2) == 0 {
		return m.listColumn()
	}
	return cql.List(several(m, 0, func() cql.Expr {
		return one[cql.Expr](m, cql.Text("creation"), cql.Text("equipment"), cql.Text("rehabilitation"), call(cql.CaseI, cql.Text("CREATION")), cql.Property("kind"))
	}))
}

func (m maker) geometry() cql.Expr {
	if m.IntN(2) == 0 {
		return cql.Property("geometry")
	}
	west, south := one(m, -10, -9.5, -9.0, 170), one(m, 29, 29.5, -17.0)
	east, north := west+one(m, 0, 0.5, 1, 10.0), south+one(m, 0, 0.5, 1.0)
	return one[cql.Expr](m,
		cql.BBox{West: west, South: south, East: east, North: north},
		cql.BBox{West: 169, South: -20, East: -179, North: -10},
		cql.Geometry{Geometry: orb.Point{west, south}},
		cql.Geometry{Geometry: orb.LineString{{west, south}, {west + 1, south + 1}}},
		cql.Geometry{Geometry: orb.Polygon{{{west, south}, {west + 1, south}, {west + 1, south + 1}, {west, south}}}},
		cql.Geometry{Geometry: orb.MultiPoint{{west, south}, {-9.73, 29.7}}},
		cql.Geometry{Geometry: orb.Collection{orb.Point{west, south}, orb.LineString{{-10, 29.5}, {-8, 29.5}}}})
}

// evaluate reads a tree for one feature: a bool, string, float64, cql.Span, []string or geometry; nil is unknown.
func evaluate(e cql.Expr, properties, id string, g orb.Geometry) any {
	var values map[string]any
	if err := json.Unmarshal([]byte(properties), &values); err != nil {
		panic(err)
	}
	values["id"], values["geometry"] = id, g
	return evaluator(values).value(e)
}

type evaluator map[string]any

func (v evaluator) all(list []cql.Expr) (out []any) {
	for _, e := range list {
		out = append(out, v.value(e))
	}
	return out
}

func (v evaluator) value(e cql.Expr) any {
	switch e := e.(type) {
	case cql.Property:
		return v.property(queryables[slices.IndexFunc(queryables, func(q cql.Queryable) bool { return q.Name == string(e) })])
	case cql.Text:
		return string(e)
	case cql.Number:
		return float64(e)
	case cql.Bool:
		return bool(e)
	case cql.Date:
		return span(string(e))
	case cql.Timestamp:
		return span(string(e))
	case cql.Open:
		return cql.Always
	case cql.Interval:
		start, ok1 := v.value(e.Start).(cql.Span)
		end, ok2 := v.value(e.End).(cql.Span)
		if both, ok := start.Between(end); ok && ok1 && ok2 {
			return both
		}
		return nil
	case cql.BBox:
		return e.Shape()
	case cql.Geometry:
		return e.Geometry
	case cql.List:
		out := []string{}
		for _, x := range v.all(e) {
			text, ok := x.(string)
			if !ok {
				return nil
			}
			out = append(out, text)
		}
		return out
	case cql.Call:
		return v.call(e)
	}
	panic(e)
}

func span(s string) any {
	if x, ok := cql.ReadSpan(s); ok {
		return x
	}
	return nil
}

// property is nil for a value that isn't of its queryable's type.
func (v evaluator) property(q cql.Queryable) any {
	x := v[q.Name]
	switch q.Type {
	case cql.TypeText:
		if s, ok := x.(string); ok {
			return s
		}
	case cql.TypeNumber, cql.TypeInteger:
		if f, ok := x.(float64); ok {
			return f
		}
	case cql.TypeBoolean:
		if b, ok := x.(bool); ok {
			return b
		}
	case cql.TypeDate, cql.TypeTimestamp:
		if s, ok := x.(string); ok {
			return span(s)
		}
	case cql.TypeGeometry:
		if g, ok := x.(orb.Geometry); ok && g != nil {
			return g
		}
	case cql.TypeList:
		list, ok := x.([]any)
		out := []string{}
		for _, x := range list {
			s, isText := x.(string)
			ok = ok && isText
			out = append(out, s)
		}
		if ok {
			return out
		}
	}
	return nil
}

func (v evaluator) call(c cql.Call) any {
	switch c.Op {
	case cql.And, cql.Or:
		decides := c.Op == cql.Or
		var unknown bool
		for _, x := range v.all(c.Args) {
			if x == decides {
				return decides
			}
			unknown = unknown || x == nil
		}
		if unknown {
			return nil
		}
		return !decides
	case cql.In:
		var any []cql.Expr
		for _, x := range c.Args[1].(cql.List) {
			any = append(any, call(cql.Equal, c.Args[0], x))
		}
		return v.value(call(cql.Or, any...))
	case cql.Between:
		return v.value(call(cql.And, call(cql.LessEqual, c.Args[1], c.Args[0]), call(cql.LessEqual, c.Args[0], c.Args[2])))
	}
	args := v.all(c.Args)
	unknown := slices.Contains(nils(args), true)
	if c.Op == cql.IsNull {
		return unknown
	}
	if unknown {
		return nil
	}
	switch a := args[0].(type) {
	case bool:
		if c.Op == cql.Not {
			return !a
		}
		number := map[bool]float64{true: 1}
		return compared(c.Op, number[a], number[args[1].(bool)])
	case float64:
		return compared(c.Op, a, args[1].(float64))
	case cql.Span:
		switch cql.Relate(c.Op, a, args[1].(cql.Span)) {
		case cql.True:
			return true
		case cql.False:
			return false
		}
		return nil
	case string:
		switch c.Op {
		case cql.CaseI:
			return cql.FoldCase(a)
		case cql.AccentI:
			return cql.FoldAccents(a)
		case cql.Like:
			return like([]rune(a), []rune(args[1].(string)))
		}
		return compared(c.Op, a, args[1].(string))
	case []string:
		b := args[1].([]string)
		within := func(a, b []string) bool {
			return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
		}
		switch c.Op {
		case cql.AContains:
			return within(b, a)
		case cql.AContainedBy:
			return within(a, b)
		case cql.AEquals:
			return within(a, b) && within(b, a)
		}
		return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
	}
	return related(c.Op, args[0].(orb.Geometry), args[1].(orb.Geometry))
}

func nils(args []any) (out []bool) {
	for _, x := range args {
		out = append(out, x == nil)
	}
	return out
}

func compared[T float64 | string](op cql.Op, a, b T) bool {
	switch op {
	case cql.Equal:
		return a == b
	case cql.NotEqual:
		return a != b
	case cql.Less:
		return a < b
	case cql.Greater:
		return a > b
	case cql.LessEqual:
		return a <= b
	}
	return a >= b
}

func like(text, pattern []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	switch p := pattern[0]; {
	case p == '%':
		return like(text, pattern[1:]) || len(text) > 0 && like(text[1:], pattern)
	case p == '_':
		return len(text) > 0 && like(text[1:], pattern[1:])
	case p == '\\' && len(pattern) > 1 && strings.ContainsRune(`%_\`, pattern[1]):
		pattern = pattern[1:]
	}
	return len(text) > 0 && text[0] == pattern[0] && like(text[1:], pattern[1:])
}

// related is the relation by the DE-9IM matrix, read by the standard's patterns.
func related(op cql.Op, x, y orb.Geometry) any {
	shape := func(g orb.Geometry) geom.Geometry {
		raw, err := wkb.Marshal(g)
		if err != nil {
			panic(err)
		}
		out, err := geom.UnmarshalWKB(raw)
		if err != nil {
			panic(err)
		}
		return out
	}
	a, b := shape(x), shape(y)
	matrix, err := geom.Relate(a, b)
	if err != nil {
		panic(err)
	}
	da, db := a.Dimension(), b.Dimension()
	patterns := map[cql.Op][]string{
		cql.SEquals: {"T*F**FFF*"}, cql.SDisjoint: {"FF*FF****"}, cql.STouches: {"FT*******", "F**T*****", "F***T****"},
		cql.SWithin: {"T*F**F***"}, cql.SContains: {"T*****FF*"}, cql.SOverlaps: {"T*T***T**"}, cql.SCrosses: {"T*T******"},
	}[op]
	switch {
	case op == cql.SIntersects:
		return !related(cql.SDisjoint, x, y).(bool)
	case op == cql.SOverlaps && da != db, op == cql.SCrosses && da == db && da != 1, op == cql.STouches && da == 0 && db == 0:
		return false
	case op == cql.SOverlaps && da == 1:
		patterns = []string{"1*T***T**"}
	case op == cql.SCrosses && da == 1 && db == 1:
		patterns = []string{"0********"}
	case op == cql.SCrosses && da > db:
		patterns = []string{"T*****T**"}
	}
	for _, p := range patterns {
		if ok, err := geom.RelateMatches(matrix, p); err != nil {
			panic(err)
		} else if ok {
			return true
		}
	}
	return false
}
