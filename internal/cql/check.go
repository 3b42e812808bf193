package cql

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"
)

// Type is what a queryable holds.
type Type string

// The types of queryables.
const (
	TypeText      Type = "text"
	TypeNumber    Type = "number"
	TypeInteger   Type = "integer"
	TypeBoolean   Type = "boolean"
	TypeDate      Type = "date"      // EDTF: from the first to the last day that it may mean
	TypeTimestamp Type = "timestamp" // RFC 3339: an instant
	TypeList      Type = "list"      // of texts
	TypeGeometry  Type = "geometry"
)

// Types lists them all.
var Types = []Type{TypeText, TypeNumber, TypeInteger, TypeBoolean, TypeDate, TypeTimestamp, TypeList, TypeGeometry}

// Queryable is a property that filters may name.
type Queryable struct {
	Name string
	Type Type
	// Codes are the members of the closed set that a text, or each text of a list, is from; nil when the set is open.
	Codes []string
}

// Filter is an expression that was checked against the queryables of a collection: the only kind that a store answers. Every name in
// it is a queryable, and every operand fits.
type Filter struct {
	Expr       Expr
	queryables map[string]Queryable
}

// Queryable is the queryable of a name that stands in the filter.
func (f *Filter) Queryable(name Property) Queryable { return f.queryables[string(name)] }

// Check refuses an expression that these queryables can't answer: another name, operands of types that don't compare, a code that its
// closed set hasn't, positions that aren't degrees, arithmetic, functions of one's own. Its geometries must be degrees by now, longitude
// first (see Project). An error is an *Error with the Offset -1.
func Check(e Expr, queryables []Queryable) (*Filter, error) {
	f := &Filter{Expr: e, queryables: map[string]Queryable{}}
	for _, q := range queryables {
		f.queryables[q.Name] = q
	}
	if err := bounded(e); err != nil {
		return nil, err
	}
	if err := f.condition(e); err != nil {
		return nil, err
	}
	return f, nil
}

// class is what values are as far as comparing them goes.
type class string

const (
	ofText     class = "a text"
	ofNumber   class = "a number"
	ofBool     class = "TRUE or FALSE"
	ofTime     class = "a DATE or TIMESTAMP"
	ofList     class = "a list"
	ofGeometry class = "a geometry"
)

var classes = map[Type]class{TypeText: ofText, TypeNumber: ofNumber, TypeInteger: ofNumber, TypeBoolean: ofBool, TypeDate: ofTime,
	TypeTimestamp: ofTime, TypeList: ofList, TypeGeometry: ofGeometry}

// scalarClasses are the classes that =, <, IN and their like compare.
var scalarClasses = []class{ofText, ofNumber, ofBool, ofTime}

func wrong(got, takes string) error { return &Error{Offset: -1, Got: short(got), Takes: takes} }

// lookUp finds a queryable by its name.
func (f *Filter) lookUp(name Property) (Queryable, error) {
	q, ok := f.queryables[string(name)]
	if ok {
		return q, nil
	}
	var names []string
	for n := range f.queryables {
		names = append(names, n)
	}
	slices.Sort(names)
	return q, &Error{Offset: -1, Property: short(string(name)), Got: "a name that is no queryable of this collection",
		Takes: "one of " + strings.Join(names, ", ") + "; a text stands in single quotes", Near: near(string(name), names)}
}

// condition checks what is true or false.
func (f *Filter) condition(e Expr) error {
	call, ok := e.(Call)
	if !ok {
		if _, ok := e.(Bool); ok {
			return nil
		}
		return wrong(FormatText(e), "a condition")
	}
	args := call.Args
	switch op := call.Op; {
	case op == And || op == Or || op == Not:
		for _, x := range args {
			if err := f.condition(x); err != nil {
				return err
			}
		}
		return nil
	case op == IsNull:
		if fits(args[0], aCondition|aBool) {
			return f.condition(args[0])
		}
		_, err := f.class(args[0])
		return err
	case op == Like:
		return f.all(args[:1], ofText)
	case op == Between:
		return f.all(args, ofNumber)
	case op == In:
		for _, x := range args[1].(List) {
			if err := f.compare(args[0], x); err != nil {
				return err
			}
		}
		return nil
	case slices.Contains(SpatialOps, op):
		return f.all(args, ofGeometry)
	case slices.Contains(TemporalOps, op):
		return f.temporal(op, args)
	case slices.Contains(ArrayOps, op):
		return f.lists(args)
	case forms[op].gives == aCondition: // what is left are =, <>, <, >, <=, >=
		return f.compare(args[0], args[1])
	}
	return wrong("the function "+string(call.Op), "functions of the standard alone")
}

// class finds what a value is and checks what is below it.
func (f *Filter) class(e Expr) (class, error) {
	switch e := e.(type) {
	case Property:
		q, err := f.lookUp(e)
		return classes[q.Type], err
	case Text:
		return ofText, nil
	case Number:
		return ofNumber, nil
	case Bool:
		return ofBool, nil
	case Date, Timestamp:
		return ofTime, nil
	case Interval:
		for _, side := range []Expr{e.Start, e.End} {
			if _, open := side.(Open); open {
				continue
			}
			if err := f.all([]Expr{side}, ofTime); err != nil {
				return "", err
			}
		}
		return ofTime, nil
	case List:
		return ofList, nil
	case Geometry:
		return ofGeometry, inDegrees(e.Geometry.Bound())
	case BBox:
		return ofGeometry, inDegrees(orb.Bound{Min: orb.Point{e.West, e.South}, Max: orb.Point{e.East, e.North}})
	case Call:
		switch {
		case e.Op == CaseI || e.Op == AccentI:
			return ofText, f.all(e.Args, ofText)
		case forms[e.Op].gives == aNumber:
			return "", wrong("arithmetic: "+FormatText(e), "properties and literals")
		case forms[e.Op].gives == aCondition:
			return ofBool, f.condition(e)
		}
		return "", wrong("the function "+string(e.Op), "functions of the standard alone")
	}
	return "", wrong(FormatText(e), "a property or a literal")
}

// inDegrees refuses positions that are nowhere on the world.
func inDegrees(b orb.Bound) error {
	for _, p := range []orb.Point{b.Min, b.Max} {
		if math.Abs(p[0]) > 180 || math.Abs(p[1]) > 90 {
			return wrong(fmt.Sprintf("the position %v, %v", p[0], p[1]), "degrees, longitude first: -180 to 180, -90 to 90")
		}
	}
	return nil
}

// all checks that each of these is of one class.
func (f *Filter) all(args []Expr, want class) error {
	for _, x := range args {
		got, err := f.class(x)
		if err != nil {
			return err
		}
		if got != want {
			return f.mismatch(x, string(want))
		}
	}
	return nil
}

// mismatch is an operand that isn't what its place takes.
func (f *Filter) mismatch(x Expr, takes string) error {
	if name, ok := x.(Property); ok {
		q := f.Queryable(name)
		return &Error{Offset: -1, Property: q.Name, Got: "its use where " + takes + " stands", Takes: uses[classes[q.Type]]}
	}
	return wrong(FormatText(x), takes)
}

// uses say what a property of a class may be compared with.
var uses = map[class]string{
	ofText:     "a text in single quotes, with =, <>, <, >, LIKE or IN, or IS NULL",
	ofNumber:   "a number, with =, <>, <, >, BETWEEN or IN, or IS NULL",
	ofBool:     "TRUE or FALSE, or IS NULL",
	ofTime:     "DATE('2016-02-10') or TIMESTAMP('2016-02-10T09:30:00Z') with =, <, > and their like, the T_ functions, or IS NULL",
	ofList:     "A_CONTAINS, A_CONTAINEDBY, A_EQUALS or A_OVERLAPS with a list in parentheses, or IS NULL",
	ofGeometry: "the S_ functions with a geometry, or IS NULL",
}

// compare checks two operands that are compared as scalars.
func (f *Filter) compare(a, b Expr) error {
	ca, err := f.class(a)
	if err != nil {
		return err
	}
	cb, err := f.class(b)
	if err != nil {
		return err
	}
	for _, side := range []struct {
		this, other Expr
		class
	}{{a, b, ca}, {b, a, cb}} {
		name, isProperty := side.this.(Property)
		switch {
		case isProperty && (ca != cb || !slices.Contains(scalarClasses, side.class)):
			return &Error{Offset: -1, Property: string(name), Got: short(FormatText(side.other)), Takes: uses[side.class]}
		case isProperty:
			if err := f.code(name, side.other); err != nil {
				return err
			}
		case !slices.Contains(scalarClasses, side.class):
			return wrong(FormatText(side.this), "a text, a number, TRUE or FALSE, a DATE or a TIMESTAMP")
		}
	}
	if ca != cb {
		return wrong(FormatText(b), string(ca)+", as is compared with it")
	}
	return nil
}

// code refuses a text that the closed set of a property hasn't.
func (f *Filter) code(name Property, e Expr) error {
	q := f.Queryable(name)
	text, ok := e.(Text)
	if !ok || q.Codes == nil || slices.Contains(q.Codes, string(text)) {
		return nil
	}
	return &Error{Offset: -1, Property: q.Name, Got: short(FormatText(text)), Takes: "one of " + strings.Join(q.Codes, ", "), Near: near(string(text), q.Codes)}
}

// temporal checks the operands of a temporal function. Those that ask how two stretches begin and end don't take what is but an instant.
func (f *Filter) temporal(op Op, args []Expr) error {
	if err := f.all(args, ofTime); err != nil {
		return err
	}
	if slices.Contains([]Op{TAfter, TBefore, TDisjoint, TEquals, TIntersects}, op) {
		return nil
	}
	const takes = "an interval, or a date of which the registry may know a month or a year alone; for an instant there are T_AFTER, T_BEFORE, T_DISJOINT, T_EQUALS and T_INTERSECTS"
	for _, x := range args {
		name, isProperty := x.(Property)
		switch {
		case isProperty && f.Queryable(name).Type == TypeTimestamp:
			return &Error{Offset: -1, Property: string(name), Got: "its use in " + strings.ToUpper(string(op)), Takes: takes}
		case fits(x, anInstant):
			return wrong(FormatText(x)+" in "+strings.ToUpper(string(op)), takes)
		}
	}
	return nil
}

// lists checks the operands of an array function: lists of texts.
func (f *Filter) lists(args []Expr) error {
	if err := f.all(args, ofList); err != nil {
		return err
	}
	for i, x := range args {
		list, ok := x.(List)
		if !ok {
			continue
		}
		if err := f.all(list, ofText); err != nil {
			return err
		}
		name, ok := args[1-i].(Property)
		for _, member := range list {
			if !ok {
				break
			}
			if err := f.code(name, member); err != nil {
				return err
			}
		}
	}
	return nil
}

// near are those of some words that differ from one by a letter or three, or that it is a part of; at most three, the nearest first.
func near(word string, words []string) (out []string) {
	word = strings.ToLower(word)
	rank := map[string]int{}
	for _, w := range words {
		d := distance(word, strings.ToLower(w))
		switch {
		case d <= min(3, len(word)/2):
			rank[w] = d
		case len(word) >= 3 && strings.Contains(strings.ToLower(w), word):
			rank[w] = 4
		default:
			continue
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b string) int { return rank[a] - rank[b] })
	return out[:min(3, len(out))]
}

// distance is the number of bytes to add, drop or change.
func distance(a, b string) int {
	if len(a) > 60 || len(b) > 60 {
		return len(a) + len(b) // no name of ours is so long
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
