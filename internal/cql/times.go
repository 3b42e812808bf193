package cql

import (
	"strings"
	"time"

	"mithaq/internal/edtf"
)

// Truth is what a condition says of a feature: CQL2 knows a third answer where a value isn't known.
type Truth int

// The answers.
const (
	Unknown Truth = iota
	False
	True
)

// TruthOf is a bool as a Truth.
func TruthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Not is the opposite; of unknown it is unknown.
func (t Truth) Not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// And is true when both are, and false when one is false.
func (t Truth) And(u Truth) Truth {
	switch {
	case t == False || u == False:
		return False
	case t == True && u == True:
		return True
	}
	return Unknown
}

// Or is true when one is, and false when both are false.
func (t Truth) Or(u Truth) Truth { return t.Not().And(u.Not()).Not() }

// Span is a stretch of time, both ends included: an instant, a day, an EDTF date from the first to the last day that it may mean, or
// what lies between two such. An end that is open lies beyond every instant; one that nobody knows lies somewhere after the start.
type Span struct{ start, end side }

// side is an end of a Span: somewhere from first to last, which are one where it is known. They are days ("2016-02-10"), instants in UTC
// of one width ("2016-02-10T09:30:00.000000000Z"), or the two that lie beyond all of them.
type side struct{ first, last string }

const (
	ever    = ""  // before every day
	forGood = "~" // after every day
	fixed   = "2006-01-02T15:04:05.000000000Z07:00"
)

// earlier compares two texts of a side. A day and an instant are compared as days of UTC: the coarser of two says what can be known.
func earlier(a, b string) bool {
	if n := len(time.DateOnly); len(a) >= n && len(b) >= n {
		n = min(len(a), len(b))
		a, b = a[:n], b[:n]
	}
	return a < b
}

// before reports whether a side is before another; unknown when that depends on what isn't known.
func (a side) before(b side) Truth {
	switch {
	case earlier(a.last, b.first):
		return True
	case !earlier(a.first, b.last):
		return False
	}
	return Unknown
}

// at reports whether two sides are one.
func (a side) at(b side) Truth { return a.before(b).Or(b.before(a)).Not() }

// instant is the span of an RFC 3339 time.
func instant(s string) (Span, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return Span{}, false
	}
	at := t.UTC().Format(fixed)
	return Span{side{at, at}, side{at, at}}, true
}

// ReadSpan reads a date in EDTF or a time in RFC 3339 as features have them. ok is false for anything else.
func ReadSpan(s string) (span Span, ok bool) {
	if strings.Contains(s, "T") {
		return instant(s)
	}
	if len(s) == len(time.DateOnly) { // most are days, and no part of one is missing
		if day, err := edtf.ParseDay(s); err == nil {
			at := side{string(day), string(day)}
			return Span{at, at}, true
		}
	}
	d, err := edtf.Parse(s)
	if err != nil {
		return Span{}, false
	}
	first, hasFirst := d.Earliest()
	last, hasLast := d.Latest()
	start, end := d.Parts()
	span = Span{side{string(first), string(first)}, side{string(last), string(last)}}
	switch {
	case hasFirst:
	case start.Open:
		span.start = side{ever, ever}
	default:
		span.start = side{ever, string(last)}
	}
	switch {
	case hasLast:
	case end.Open:
		span.end = side{forGood, forGood}
	default:
		span.end = side{string(first), forGood}
	}
	return span, true
}

// Between is the span from the start of one to the end of another. ok is false when it would end before it starts.
func (s Span) Between(end Span) (span Span, ok bool) {
	span = Span{s.start, end.end}
	return span, !earlier(span.end.last, span.start.first)
}

// Always is the span without ends; Between takes from it the side that is open.
var Always = Span{side{ever, ever}, side{forGood, forGood}}

// sideOf is the side of an interval that is written out. ok is false for properties and functions.
func sideOf(e Expr) (side, bool) {
	switch e := e.(type) {
	case Date:
		return side{string(e), string(e)}, true
	case Timestamp:
		s, ok := instant(string(e))
		return s.start, ok
	}
	return side{}, false
}

// Relate answers a temporal function, or a comparison of two times, which is one of them in short: = is T_INTERSECTS, < is T_BEFORE,
// > is T_AFTER, and <>, >=, <= are what those are not. So exactly one of <, = and > holds between two known times.
func Relate(op Op, a, b Span) Truth {
	before, after := a.end.before(b.start), b.end.before(a.start)
	switch op {
	case TBefore, Less:
		return before
	case TAfter, Greater:
		return after
	case TDisjoint, NotEqual:
		return before.Or(after)
	case TIntersects, Equal:
		return before.Or(after).Not()
	case LessEqual:
		return after.Not()
	case GreaterEqual:
		return before.Not()
	case TEquals:
		return a.start.at(b.start).And(a.end.at(b.end))
	case TContains:
		return a.start.before(b.start).And(b.end.before(a.end))
	case TStarts:
		return a.start.at(b.start).And(a.end.before(b.end))
	case TFinishes:
		return a.end.at(b.end).And(b.start.before(a.start))
	case TMeets:
		return a.end.at(b.start)
	case TOverlaps:
		return a.start.before(b.start).And(b.start.before(a.end)).And(a.end.before(b.end))
	}
	if op, ok := inverse[op]; ok {
		return Relate(op, b, a)
	}
	return Unknown
}

var inverse = map[Op]Op{TDuring: TContains, TStartedBy: TStarts, TFinishedBy: TFinishes, TMetBy: TMeets, TOverlappedBy: TOverlaps}
