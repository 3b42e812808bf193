package cql

import (
	"regexp"
	"time"

	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
)

var timestampForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$`)

// readInstant reads a day or an instant of UTC.
func readInstant(s string) (Expr, bool) {
	if day, err := edtf.ParseDay(s); err == nil {
		return Date(day), true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !timestampForm.MatchString(s) {
		return nil, false
	}
	return Timestamp(t.Format(time.RFC3339Nano)), true
}

// readSide reads a side of an interval that is written out.
func readSide(s string) (Expr, bool) {
	if s == ".." {
		return Open{}, true
	}
	return readInstant(s)
}

// reversed reports whether both sides are known and the end is before the start.
func (i Interval) reversed() bool {
	start, ok1 := sideOf(i.Start)
	end, ok2 := sideOf(i.End)
	return ok1 && ok2 && earlier(end.last, start.first)
}

// newBBox reads a box of four numbers, or of six with heights; takes is what it should have been.
func newBBox(n []float64) (b BBox, takes string) {
	switch len(n) {
	case 4:
		b = BBox{n[0], n[1], n[2], n[3]}
	case 6:
		b = BBox{n[0], n[1], n[3], n[4]}
	default:
		return b, "west, south, east, north: four numbers, or six with heights"
	}
	if b.South > b.North {
		return b, "a south that isn't greater than the north"
	}
	return b, ""
}

// lineTakes says what a line should have been; empty when it is one.
func lineTakes(pts []orb.Point) string {
	if len(pts) < 2 {
		return "a line of two positions or more"
	}
	return ""
}

// ringTakes says what a ring should have been; empty when it is one.
func ringTakes(pts []orb.Point) string {
	switch {
	case len(pts) < 4:
		return "a ring of four positions or more"
	case pts[0] != pts[len(pts)-1]:
		return "a ring whose last position equals its first"
	}
	return ""
}
