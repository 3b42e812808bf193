package cql

import (
	"maps"
	"slices"
	"strings"
)

// Op names what a Call does, as CQL2 JSON spells it. Any other name is a function that the standard doesn't define.
type Op string

// The operators and functions of the standard.
const (
	And Op = "and"
	Or  Op = "or"
	Not Op = "not"

	Equal        Op = "="
	NotEqual     Op = "<>"
	Less         Op = "<"
	Greater      Op = ">"
	LessEqual    Op = "<="
	GreaterEqual Op = ">="
	Like         Op = "like"
	Between      Op = "between"
	In           Op = "in"
	IsNull       Op = "isNull"

	CaseI   Op = "casei"
	AccentI Op = "accenti"

	SContains   Op = "s_contains"
	SCrosses    Op = "s_crosses"
	SDisjoint   Op = "s_disjoint"
	SEquals     Op = "s_equals"
	SIntersects Op = "s_intersects"
	SOverlaps   Op = "s_overlaps"
	STouches    Op = "s_touches"
	SWithin     Op = "s_within"

	TAfter        Op = "t_after"
	TBefore       Op = "t_before"
	TContains     Op = "t_contains"
	TDisjoint     Op = "t_disjoint"
	TDuring       Op = "t_during"
	TEquals       Op = "t_equals"
	TFinishedBy   Op = "t_finishedBy"
	TFinishes     Op = "t_finishes"
	TIntersects   Op = "t_intersects"
	TMeets        Op = "t_meets"
	TMetBy        Op = "t_metBy"
	TOverlappedBy Op = "t_overlappedBy"
	TOverlaps     Op = "t_overlaps"
	TStartedBy    Op = "t_startedBy"
	TStarts       Op = "t_starts"

	AContainedBy Op = "a_containedBy"
	AContains    Op = "a_contains"
	AEquals      Op = "a_equals"
	AOverlaps    Op = "a_overlaps"

	Plus   Op = "+"
	Minus  Op = "-"
	Times  Op = "*"
	Divide Op = "/"
	Modulo Op = "%"
	Div    Op = "div"
	Power  Op = "^"
)

// sort is the grammar's kind of a node, a set of them where several may stand.
type sort uint16

const (
	aCondition sort = 1 << iota
	aBool
	aNumber
	aText
	anInstant
	anInterval
	aGeometry
	aList
	aProperty
	aFunction
	aPattern // a text, folded or not
	scalars  // a list of scalars that isn't empty
)

const (
	truth    = aCondition | aBool | aFunction
	scalar   = aText | aNumber | aBool | anInstant | aProperty | aFunction
	numeric  = aNumber | aProperty | aFunction
	textual  = aText | aProperty | aFunction
	spatial  = aGeometry | aProperty | aFunction
	temporal = anInstant | anInterval | aProperty | aFunction
	array    = aList | aProperty | aFunction
	nullable = truth | scalar | anInterval | aGeometry
	anything = nullable | aList
)

// sortWords name the sorts to whoever wrote a filter, in this order.
var sortWords = []struct {
	sort
	words string
}{
	{aProperty, "a property"}, {aText, "a text"}, {aNumber, "a number"}, {aBool, "TRUE or FALSE"}, {anInstant, "a DATE or TIMESTAMP"},
	{anInterval, "an INTERVAL"}, {aGeometry, "a geometry"}, {aList, "a list in parentheses"}, {aPattern, "a pattern in quotes"},
	{scalars, "a list of values"}, {aCondition, "a condition"}, {aFunction, "a function"},
}

// String lists the sorts in words.
func (s sort) String() string {
	var out []string
	for _, w := range sortWords {
		if s&w.sort != 0 {
			out = append(out, w.words)
		}
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " or " + out[n-1]
	}
	return strings.Join(out, "")
}

// form is how an Op is used.
type form struct {
	gives sort
	takes []sort // of each operand; of And and Or the one that all are
	infix int    // how tightly an infix operator binds in text; 0 for what is written as a function
}

// How tightly things bind in text, loosest first.
const (
	bindsOr = iota + 1
	bindsAnd
	bindsNot
	bindsPredicate
	bindsSum
	bindsProduct
	bindsPower
	bindsAll
)

var forms = func() map[Op]form {
	m := map[Op]form{
		Or: {aCondition, []sort{truth}, bindsOr}, And: {aCondition, []sort{truth}, bindsAnd}, Not: {aCondition, []sort{truth}, bindsNot},
		Like:    {aCondition, []sort{textual, aPattern}, bindsPredicate},
		Between: {aCondition, []sort{numeric, numeric, numeric}, bindsPredicate},
		In:      {aCondition, []sort{scalar, scalars}, bindsPredicate},
		IsNull:  {aCondition, []sort{nullable}, bindsPredicate},
		CaseI:   {aText, []sort{textual}, 0}, AccentI: {aText, []sort{textual}, 0},
		Power: {aNumber, []sort{numeric, numeric}, bindsPower},
	}
	for _, op := range []Op{Equal, NotEqual, Less, Greater, LessEqual, GreaterEqual} {
		m[op] = form{aCondition, []sort{scalar, scalar}, bindsPredicate}
	}
	for _, op := range []Op{Plus, Minus} {
		m[op] = form{aNumber, []sort{numeric, numeric}, bindsSum}
	}
	for _, op := range []Op{Times, Divide, Modulo, Div} {
		m[op] = form{aNumber, []sort{numeric, numeric}, bindsProduct}
	}
	for _, op := range SpatialOps {
		m[op] = form{aCondition, []sort{spatial, spatial}, 0}
	}
	for _, op := range TemporalOps {
		m[op] = form{aCondition, []sort{temporal, temporal}, 0}
	}
	for _, op := range ArrayOps {
		m[op] = form{aCondition, []sort{array, array}, 0}
	}
	return m
}()

// The standard's functions by what they compare.
var (
	SpatialOps  = []Op{SContains, SCrosses, SDisjoint, SEquals, SIntersects, SOverlaps, STouches, SWithin}
	TemporalOps = []Op{TAfter, TBefore, TContains, TDisjoint, TDuring, TEquals, TFinishedBy, TFinishes, TIntersects, TMeets, TMetBy,
		TOverlappedBy, TOverlaps, TStartedBy, TStarts}
	ArrayOps = []Op{AContainedBy, AContains, AEquals, AOverlaps}
)

// byWord are the functions of the standard by the upper-case word that text uses.
var byWord = func() map[string]Op {
	m := map[string]Op{}
	for op, f := range forms {
		if f.infix == 0 {
			m[strings.ToUpper(string(op))] = op
		}
	}
	return m
}()

// geometryWords are the tags of geometries in text, with the types that JSON calls them.
var geometryWords = map[string]string{
	"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon", "MULTIPOINT": "MultiPoint", "MULTILINESTRING": "MultiLineString",
	"MULTIPOLYGON": "MultiPolygon", "GEOMETRYCOLLECTION": "GeometryCollection",
}

// keywords can't be names in text unless they are quoted.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range []string{"AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "TRUE", "FALSE", "DIV", "DATE", "TIMESTAMP", "INTERVAL", "BBOX"} {
		m[w] = true
	}
	for _, words := range [][]string{slices.Collect(maps.Keys(byWord)), slices.Collect(maps.Keys(geometryWords))} {
		for _, w := range words {
			m[w] = true
		}
	}
	return m
}()

// sortOf is the sort of a node as the grammar sees it: a property may be anything, and so may what a function gives.
func sortOf(e Expr) sort {
	switch e := e.(type) {
	case Property:
		return aProperty
	case Text:
		return aText
	case Number:
		return aNumber
	case Bool:
		return aBool
	case Date, Timestamp:
		return anInstant
	case Interval:
		return anInterval
	case Geometry, BBox:
		return aGeometry
	case List:
		return aList
	case Call:
		if f, ok := forms[e.Op]; ok {
			return f.gives
		}
		return aFunction
	}
	return 0 // Open stands in an Interval alone
}

// fits reports whether a node may stand where takes may.
func fits(e Expr, takes sort) bool {
	switch takes {
	case aPattern:
		for {
			call, ok := e.(Call)
			if !ok || call.Op != CaseI && call.Op != AccentI {
				_, ok := e.(Text)
				return ok
			}
			e = call.Args[0]
		}
	case scalars:
		list, ok := e.(List)
		return ok && len(list) > 0 && !slices.ContainsFunc(list, func(x Expr) bool { return !fits(x, scalar) })
	}
	return sortOf(e)&takes != 0
}

// misfit finds the first operand that doesn't fit: its index, which is len(args) when one is missing, and what fits there.
func misfit(op Op, args []Expr) (i int, takes string, bad bool) {
	f, ok := forms[op]
	if !ok {
		f.takes = slices.Repeat([]sort{anything}, len(args))
	}
	if op == And || op == Or {
		f.takes = slices.Repeat(f.takes, max(2, len(args)))
	}
	for i, x := range args {
		if i >= len(f.takes) {
			return i, "no more operands of " + string(op), true
		}
		if !fits(x, f.takes[i]) {
			return i, f.takes[i].String(), true
		}
	}
	if len(args) < len(f.takes) {
		return len(args), "one more operand of " + string(op), true
	}
	return 0, "", false
}
