package edtf

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sfomuseum/go-edtf/parser"
)

// go-edtf v1.2.2 reads plain dates well and the rest unreliably: its season pattern is not anchored, so "2021-07-26~" comes back
// as all of July without a doubt, "2015-09/.." as September alone and "2021-02-31?" as February; "2015/2014" passes; "2021~/2022?",
// which is level 1, does not. So marks and intervals are taken off here, and the library turns each plain date into its
// first and last day, where that takes more than the calendar.

// single is one date with at most its marks; which combinations mean something is decided in parseSingle.
var single = regexp.MustCompile(`^([0-9]{4})([?~%]?)(?:-([?~%]?)([0-9]{2}|XX)(?:-([?~%]?)([0-9]{2}|XX))?)?([?~%]?)$`)

var (
	decade  = regexp.MustCompile(`^[0-9]{3}X$`)
	century = regexp.MustCompile(`^[0-9]{2}XX$`)
)

// Parse reads an EDTF date as the package paragraph lists them. It takes the text as it is: no surrounding space, upper-case X.
// An error is an *Error. The empty text is one too: where no date is allowed, leave the field out or use UnmarshalText.
func Parse(s string) (Date, error) {
	d, reason := parse(s)
	if reason != "" {
		return Date{}, &Error{Got: s, Reason: reason, Takes: Takes}
	}
	return d, nil
}

// MustParse is Parse for constants and tests; it panics on what is no date.
func MustParse(s string) Date {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

// span is one written date and the days it covers.
type span struct {
	part        Part
	first, last Day
}

func parse(s string) (d Date, reason string) {
	from, to, isInterval := strings.Cut(s, "/")
	if !isInterval {
		if s == "" {
			return Date{}, "it is empty"
		}
		one, reason := parseSingle(s)
		if reason != "" {
			return Date{}, reason
		}
		return Date{text: s, precision: one.part.Precision, start: one.part, earliest: one.first, latest: one.last}, ""
	}

	start, reason := parseEnd(from)
	if reason != "" {
		return Date{}, "its start: " + reason
	}
	end, reason := parseEnd(to)
	if reason != "" {
		return Date{}, "its end: " + reason
	}
	if start.part.Precision == "" && end.part.Precision == "" {
		return Date{}, "an interval needs a date on one side at least"
	}
	if start.first != "" && end.last != "" && end.last < start.first {
		return Date{}, "it ends before it begins"
	}
	return Date{text: s, precision: PrecisionInterval, start: start.part, end: end.part, earliest: start.first, latest: end.last}, ""
}

// parseEnd reads one side of an interval: a date, ".." for open or nothing for unknown. Level 1 allows there only years,
// months and days, each doubtful as a whole or not at all.
func parseEnd(s string) (span, string) {
	switch s {
	case "..":
		return span{part: Part{Open: true}}, ""
	case "":
		return span{part: Part{Unknown: true}}, ""
	}
	end, reason := parseSingle(s)
	if reason != "" {
		return span{}, reason
	}
	p := end.part
	if p.Season != 0 || p.MonthUnspecified || p.DayUnspecified || p.Precision == PrecisionDecade || p.Precision == PrecisionCentury {
		return span{}, "an interval runs between years, months or days, without X or season"
	}
	if oneMarked(p) {
		return span{}, "in an interval a mark stands at the end of a date and qualifies all of it"
	}
	return end, ""
}

// oneMarked reports whether p has a doubtful component beside a sure one.
func oneMarked(p Part) bool {
	doubts := []bool{p.YearUncertain || p.YearApproximate}
	if p.Month != 0 {
		doubts = append(doubts, p.MonthUncertain || p.MonthApproximate)
	}
	if p.Day != 0 {
		doubts = append(doubts, p.DayUncertain || p.DayApproximate)
	}
	for _, doubt := range doubts {
		if doubt != doubts[0] {
			return true
		}
	}
	return false
}

func parseSingle(s string) (span, string) {
	switch {
	case decade.MatchString(s):
		year, _ := strconv.Atoi(s[:3] + "0") // digits by the pattern
		return resolve(s, Part{Precision: PrecisionDecade, Year: year})
	case century.MatchString(s):
		year, _ := strconv.Atoi(s[:2] + "00")
		return resolve(s, Part{Precision: PrecisionCentury, Year: year})
	}
	m := single.FindStringSubmatch(s)
	if m == nil {
		return span{}, notSingle(s)
	}
	year, yearMark, monthMark, month, dayMark, day, wholeMark := m[1], m[2], m[3], m[4], m[5], m[6], m[7]
	if month == "" { // "2021?": the pattern gives the mark to the year, and the year is all there is
		yearMark, wholeMark = "", yearMark+wholeMark
	}
	marks := yearMark + monthMark + dayMark + wholeMark
	if len(marks) > 1 {
		return span{}, "one mark (?, ~ or %) is all it may bear"
	}

	var p Part
	p.Year, _ = strconv.Atoi(year)
	p.Precision = PrecisionYear
	switch {
	case month == "XX":
		if day != "" && day != "XX" {
			return span{}, "a known day in an unknown month is level 2"
		}
		p.MonthUnspecified, p.DayUnspecified = true, day == "XX"
	case month != "":
		p.Month, _ = strconv.Atoi(month)
		p.Precision = PrecisionMonth
		switch {
		case p.Month >= 21 && p.Month <= 24 && day == "":
			p.Month, p.Season, p.Precision = 0, p.Month, PrecisionSeason
		case p.Month >= 25 && p.Month <= 41 && day == "":
			return span{}, "groupings of months beyond the four seasons (21 to 24) are level 2"
		case p.Month < 1 || p.Month > 12:
			return span{}, fmt.Sprintf("there is no month %s", month)
		case day == "XX":
			p.DayUnspecified = true
		case day != "":
			p.Day, _ = strconv.Atoi(day)
			p.Precision = PrecisionDay
			if last := daysIn(p.Year, p.Month); p.Day < 1 || p.Day > last {
				return span{}, fmt.Sprintf("%s-%s has days 01 to %d", year, month, last)
			}
		}
	}
	if p.Season == 24 && p.Year == 9999 { // this winter ends in a year of five digits
		return span{}, "years run from 0000 to 9999"
	}
	if marks != "" && (p.Season != 0 || p.MonthUnspecified || p.DayUnspecified) {
		return span{}, "a season or a date with X bears no mark at level 1"
	}

	uncertain, approximate := strings.ContainsAny(marks, "?%"), strings.ContainsAny(marks, "~%")
	if yearMark+wholeMark != "" {
		p.YearUncertain, p.YearApproximate = uncertain, approximate
	}
	if monthMark+wholeMark != "" && p.Month != 0 {
		p.MonthUncertain, p.MonthApproximate = uncertain, approximate
	}
	if dayMark+wholeMark != "" && p.Day != 0 {
		p.DayUncertain, p.DayApproximate = uncertain, approximate
	}
	return resolve(withoutMarks.Replace(s), p)
}

var withoutMarks = strings.NewReplacer("?", "", "~", "", "%", "")

// notSingle says what a text that is no single date seems to be.
func notSingle(s string) string {
	switch {
	case strings.ContainsAny(s, "T:"):
		return "times of day are not kept"
	case strings.ContainsAny(s, "[]{},"):
		return "sets are level 2"
	case strings.Contains(s, "/"):
		return "an interval has two sides only"
	case s == "..":
		return "an open side belongs to an interval"
	case strings.HasPrefix(s, "-") || strings.HasPrefix(s, "Y"):
		return "years run from 0000 to 9999"
	case strings.HasPrefix(s, "?") || strings.HasPrefix(s, "~") || strings.HasPrefix(s, "%"):
		return "a mark on the year stands after it"
	case strings.TrimSpace(s) != s:
		return "it has space around it"
	case strings.TrimRight(s, "?~%") != s && strings.Contains(s, "X"):
		return "a season or a date with X bears no mark at level 1"
	}
	return "it is not in this notation"
}

// resolve finds the days that a plain date covers, which is a date of the calendar.
func resolve(plain string, p Part) (span, string) {
	switch p.Precision {
	case PrecisionDay:
		return span{part: p, first: Day(plain), last: Day(plain)}, ""
	case PrecisionMonth: // its day may be XX
		month := plain[:len("2006-01")]
		return span{part: p, first: Day(month + "-01"), last: Day(month + "-" + strconv.Itoa(daysIn(p.Year, p.Month)))}, ""
	case PrecisionYear: // its month and day may be XX
		year := plain[:len("2006")]
		return span{part: p, first: Day(year + "-01-01"), last: Day(year + "-12-31")}, ""
	}
	return byLibrary(plain, p)
}

// byLibrary is resolve for any plain date; it takes sixty times as long.
func byLibrary(plain string, p Part) (span, string) {
	parsed, err := parser.ParseString(plain)
	if err != nil {
		return span{}, "it is no date of the calendar"
	}
	lower, err := parsed.Lower()
	if err != nil {
		return span{}, "it has no first day"
	}
	upper, err := parsed.Upper()
	if err != nil {
		return span{}, "it has no last day"
	}
	first, last := DayOf(*lower), DayOf(*upper)
	if first == "" || last < first {
		return span{}, "its days are out of order" // the library's mistake, should it make one: no date without ordered bounds
	}
	return span{part: p, first: first, last: last}, ""
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
