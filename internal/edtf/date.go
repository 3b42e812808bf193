// Package edtf holds dates as sources give them: a day, a month, a year, a season, a span, with the doubt that the source
// leaves. It never pads a date to a day it does not have, and it never widens a doubtful date by a margin of its own.
//
// The notation is the Extended Date/Time Format of ISO 8601-2:2019 and the Library of Congress, levels 0 and 1, plus one thing of
// level 2: one doubtful component inside a date that is otherwise known ("2021?-07-26", where a text names the day and the
// month, and the year has to be inferred).
//
//	2021  2021-07  2021-07-26        level 0: year, month, day
//	2015-09/2016-03                  level 0: from one to the other, both included
//	2021?  2021-07~  2021-07-26%     level 1: the whole date is uncertain, approximate, or both
//	201X  20XX                       level 1: some year of the decade, of the century
//	2004-XX  1985-04-XX  1985-XX-XX  level 1: a month or a day that the source leaves out
//	2001-21 … 2001-24                level 1: spring, summer, autumn, winter
//	2015-09/..  ../2016-03           level 1: open end, open start
//	2015-09/  /2016-03               level 1: end not known, start not known
//	2021?-07-26 2021-?07 2021-07-~26 level 2: this one component is doubtful
//
// Everything else is refused: times, sets, years outside 0000 to 9999, other groupings of months, days that no calendar has,
// spans that end before they begin, and two spellings of one meaning ("?2021-07-26" is written "2021?-07-26").
//
// The bounds follow one rule: a date is taken as stated. Doubt, whatever its kind, moves no bound; it only takes Exact away.
// A part left out spans all it may be. A winter runs from December of its year to the February after it; the other
// seasons are whole months too, as in the northern hemisphere.
package edtf

// Date is a date in a source's own precision. It's a value: it never changes, and two dates are equal (==) when their texts are.
// The zero Date is no date at all.
type Date struct {
	text             string
	precision        Precision
	start, end       Part
	earliest, latest Day
}

// Precision is the finest thing that a date says.
type Precision string

// The precisions, from fine to coarse; an interval's is its own, since each of its ends has another.
const (
	PrecisionDay      Precision = "day"
	PrecisionMonth    Precision = "month"
	PrecisionSeason   Precision = "season"
	PrecisionYear     Precision = "year"
	PrecisionDecade   Precision = "decade"
	PrecisionCentury  Precision = "century"
	PrecisionInterval Precision = "interval"
)

// Precisions lists every precision, finest first.
var Precisions = []Precision{PrecisionDay, PrecisionMonth, PrecisionSeason, PrecisionYear, PrecisionDecade, PrecisionCentury, PrecisionInterval}

// Part is one written date taken apart, so that a page can say it in words: a whole Date, or one end of an interval.
type Part struct {
	Precision Precision // of this part alone; empty when it's open, unknown or not there
	Year      int       // the first year of a decade or a century; 0 is a year too, so ask Precision whether one is given
	Month     int       // 1 to 12; 0 when not given
	Day       int       // 1 to 31; 0 when not given
	Season    int       // 21 spring, 22 summer, 23 autumn, 24 winter; 0 when none

	MonthUnspecified bool // "2004-XX": the source has a month and does not tell it
	DayUnspecified   bool // "1985-04-XX" likewise

	YearUncertain, MonthUncertain, DayUncertain       bool // "?" and "%"
	YearApproximate, MonthApproximate, DayApproximate bool // "~" and "%"

	Open    bool // "..": no limit on this side
	Unknown bool // nothing written: there's a limit and nobody knows it
}

// Uncertain reports whether any component of p is doubtful as to its source ("?" or "%").
func (p Part) Uncertain() bool { return p.YearUncertain || p.MonthUncertain || p.DayUncertain }

// Approximate reports whether any component of p is an estimate ("~" or "%").
func (p Part) Approximate() bool { return p.YearApproximate || p.MonthApproximate || p.DayApproximate }

// String gives the EDTF text, exactly as it was parsed; "" for no date.
func (d Date) String() string { return d.text }

// IsZero reports whether d is no date; encoding/json asks it for omitzero.
func (d Date) IsZero() bool { return d == Date{} }

// Earliest gives the first day that d may mean, as stated. ok is false for no date and when the start is open or unknown.
func (d Date) Earliest() (day Day, ok bool) { return d.earliest, d.earliest != "" }

// Latest gives the last day that d may mean, as stated. ok is false for no date and when the end is open or unknown.
func (d Date) Latest() (day Day, ok bool) { return d.latest, d.latest != "" }

// Precision gives the finest thing that d says; "" for no date.
func (d Date) Precision() Precision { return d.precision }

// Exact reports whether d is one day that its source leaves no doubt about. An interval is a span, even of one day.
func (d Date) Exact() bool {
	return d.precision == PrecisionDay && !d.start.Uncertain() && !d.start.Approximate()
}

// Parts takes d apart for labels. end is the zero Part unless d is an interval.
func (d Date) Parts() (start, end Part) { return d.start, d.end }

// MarshalText gives the EDTF text, and "" for no date; encoding/json makes a JSON string of it.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.text), nil }

// UnmarshalText reads what MarshalText wrote: "" is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
