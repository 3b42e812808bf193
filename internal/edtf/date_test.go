package edtf

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		in               string
		precision        Precision
		earliest, latest Day // empty: open or unknown
		exact            bool
	}{
		{"2021", PrecisionYear, "2021-01-01", "2021-12-31", false},
		{"0000", PrecisionYear, "0000-01-01", "0000-12-31", false},
		{"9999", PrecisionYear, "9999-01-01", "9999-12-31", false},
		{"2021-07", PrecisionMonth, "2021-07-01", "2021-07-31", false},
		{"2024-02", PrecisionMonth, "2024-02-01", "2024-02-29", false},
		{"2023-02", PrecisionMonth, "2023-02-01", "2023-02-28", false},
		{"2021-07-26", PrecisionDay, "2021-07-26", "2021-07-26", true},
		{"2020-02-29", PrecisionDay, "2020-02-29", "2020-02-29", true},
		{"0000-01-01", PrecisionDay, "0000-01-01", "0000-01-01", true},
		{"2021?", PrecisionYear, "2021-01-01", "2021-12-31", false},
		{"2021~", PrecisionYear, "2021-01-01", "2021-12-31", false},
		{"2021%", PrecisionYear, "2021-01-01", "2021-12-31", false},
		{"2021-07?", PrecisionMonth, "2021-07-01", "2021-07-31", false},
		{"2021-07-26~", PrecisionDay, "2021-07-26", "2021-07-26", false},
		{"2021-07-26%", PrecisionDay, "2021-07-26", "2021-07-26", false},
		{"2021?-07-26", PrecisionDay, "2021-07-26", "2021-07-26", false},
		{"2021~-07", PrecisionMonth, "2021-07-01", "2021-07-31", false},
		{"2021-?07", PrecisionMonth, "2021-07-01", "2021-07-31", false},
		{"2021-~07-26", PrecisionDay, "2021-07-26", "2021-07-26", false},
		{"2021-07-%26", PrecisionDay, "2021-07-26", "2021-07-26", false},
		{"201X", PrecisionDecade, "2010-01-01", "2019-12-31", false},
		{"000X", PrecisionDecade, "0000-01-01", "0009-12-31", false},
		{"20XX", PrecisionCentury, "2000-01-01", "2099-12-31", false},
		{"2004-XX", PrecisionYear, "2004-01-01", "2004-12-31", false},
		{"1985-XX-XX", PrecisionYear, "1985-01-01", "1985-12-31", false},
		{"1985-04-XX", PrecisionMonth, "1985-04-01", "1985-04-30", false},
		{"2024-02-XX", PrecisionMonth, "2024-02-01", "2024-02-29", false},
		{"2001-21", PrecisionSeason, "2001-03-01", "2001-05-31", false},
		{"2001-22", PrecisionSeason, "2001-06-01", "2001-08-31", false},
		{"2001-23", PrecisionSeason, "2001-09-01", "2001-11-30", false},
		{"2001-24", PrecisionSeason, "2001-12-01", "2002-02-28", false},
		{"2003-24", PrecisionSeason, "2003-12-01", "2004-02-29", false},
		{"2015-09/2016-03", PrecisionInterval, "2015-09-01", "2016-03-31", false},
		{"2021/2022", PrecisionInterval, "2021-01-01", "2022-12-31", false},
		{"2021-07/2021-07", PrecisionInterval, "2021-07-01", "2021-07-31", false},
		{"2021-07-26/2021-07", PrecisionInterval, "2021-07-26", "2021-07-31", false},
		{"2021-07-26/2021-07-26", PrecisionInterval, "2021-07-26", "2021-07-26", false},
		{"2021~/2022?", PrecisionInterval, "2021-01-01", "2022-12-31", false},
		{"2021-07-26?/2022", PrecisionInterval, "2021-07-26", "2022-12-31", false},
		{"2015-09/..", PrecisionInterval, "2015-09-01", "", false},
		{"../2016-03", PrecisionInterval, "", "2016-03-31", false},
		{"2015-09/", PrecisionInterval, "2015-09-01", "", false},
		{"/2016-03-04", PrecisionInterval, "", "2016-03-04", false},
	} {
		t.Run(tc.in, func(t *testing.T) {
			d, err := Parse(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if d.String() != tc.in || d.IsZero() {
				t.Errorf("String() = %q, IsZero() = %v", d, d.IsZero())
			}
			if d.Precision() != tc.precision || d.Exact() != tc.exact {
				t.Errorf("precision %s, exact %v; want %s, %v", d.Precision(), d.Exact(), tc.precision, tc.exact)
			}
			earliest, hasEarliest := d.Earliest()
			latest, hasLatest := d.Latest()
			if earliest != tc.earliest || latest != tc.latest || hasEarliest != (earliest != "") || hasLatest != (latest != "") {
				t.Errorf("bounds %q (%v) to %q (%v), want %q to %q", earliest, hasEarliest, latest, hasLatest, tc.earliest, tc.latest)
			}
			if again := MustParse(tc.in); again != d {
				t.Errorf("parsed twice, not equal: %+v and %+v", d, again)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ in, reason string }{
		{"", "empty"},
		{" ", "space"},
		{"2021 ", "space"},
		{"2021\n", "space"},
		{"26/07/2021", "its start"},
		{"26 juillet 2021", "notation"},
		{"2021-7-26", "notation"},
		{"20210726", "notation"},
		{"2021--07", "notation"},
		{"٢٠٢١", "notation"},
		{"２０２１", "notation"},
		{"201x", "notation"},
		{"2XXX", "notation"},
		{"XXXX", "notation"},
		{"uuuu", "notation"},
		{"2021-1X", "notation"},
		{"2015-2016", "notation"},
		{"1950S2", "notation"},
		{"2021-00", "no month 00"},
		{"2021-13", "no month 13"},
		{"2021-20", "no month 20"},
		{"2021-42", "no month 42"},
		{"2021-21-01", "no month 21"},
		{"2021-25", "level 2"},
		{"2021-33", "level 2"},
		{"2023-02-30", "days 01 to 28"},
		{"2024-02-30", "days 01 to 29"},
		{"1900-02-29", "days 01 to 28"},
		{"2021-02-31?", "days 01 to 28"},
		{"2024-06-31", "days 01 to 30"},
		{"2024-06-00", "days 01 to 30"},
		{"-2021", "0000 to 9999"},
		{"Y12021", "0000 to 9999"},
		{"9999-24", "0000 to 9999"},
		{"2021-07-26T10:00:00", "times"},
		{"2021-07-26T10:00:00Z/2022", "its start"},
		{"[2021,2022]", "sets"},
		{"{2021..2022}", "sets"},
		{"1985-XX-12", "level 2"},
		{"15XX-12-XX", "notation"},
		{"?2021-07-26", "stands after it"},
		{"2021?-07-26?", "one mark"},
		{"2021?~", "one mark"},
		{"2021-07?-26", "notation"}, // two doubtful components
		{"201X?", "no mark"},
		{"2004-XX~", "no mark"},
		{"2021-21~", "no mark"},
		{"..", "open side"},
		{"/", "one side at least"},
		{"../..", "one side at least"},
		{"../", "one side at least"},
		{"2015/2014", "before it begins"},
		{"2023-02/2023-01", "before it begins"},
		{"2021-07-26/2021-07-25", "before it begins"},
		{"2021/2022/2023", "its end"},
		{"2023-02-30/2024", "its start: 2023-02"},
		{"2021/open", "its end"},
		{"2001-21/2003", "without X or season"},
		{"201X/2021", "without X or season"},
		{"2004-06-XX/2004-07-03", "without X or season"},
		{"2021?-07-26/2022", "qualifies all of it"},
		{"2021/2022-?07", "qualifies all of it"},
		{"2021/2022-07-?26", "qualifies all of it"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			d, err := Parse(tc.in)
			var refusal *Error
			if !errors.As(err, &refusal) {
				t.Fatalf("Parse = %q, %v; want an *Error", d, err)
			}
			if !strings.Contains(refusal.Reason, tc.reason) {
				t.Errorf("reason %q, want one with %q", refusal.Reason, tc.reason)
			}
			if refusal.Got != tc.in || refusal.Takes == "" || !d.IsZero() {
				t.Errorf("got %q, takes %q, date %q", refusal.Got, refusal.Takes, d)
			}
		})
	}
}

func TestParts(t *testing.T) {
	for _, tc := range []struct {
		in         string
		start, end Part
	}{
		{"2021-07-26", Part{Precision: PrecisionDay, Year: 2021, Month: 7, Day: 26}, Part{}},
		{"2021?-07-26", Part{Precision: PrecisionDay, Year: 2021, Month: 7, Day: 26, YearUncertain: true}, Part{}},
		{"2021-~07", Part{Precision: PrecisionMonth, Year: 2021, Month: 7, MonthApproximate: true}, Part{}},
		{"2021-07-%26", Part{Precision: PrecisionDay, Year: 2021, Month: 7, Day: 26, DayUncertain: true, DayApproximate: true}, Part{}},
		{"2021-07?", Part{Precision: PrecisionMonth, Year: 2021, Month: 7, YearUncertain: true, MonthUncertain: true}, Part{}},
		{"2021~", Part{Precision: PrecisionYear, Year: 2021, YearApproximate: true}, Part{}},
		{"2021-23", Part{Precision: PrecisionSeason, Year: 2021, Season: 23}, Part{}},
		{"201X", Part{Precision: PrecisionDecade, Year: 2010}, Part{}},
		{"19XX", Part{Precision: PrecisionCentury, Year: 1900}, Part{}},
		{"2004-XX", Part{Precision: PrecisionYear, Year: 2004, MonthUnspecified: true}, Part{}},
		{"1985-XX-XX", Part{Precision: PrecisionYear, Year: 1985, MonthUnspecified: true, DayUnspecified: true}, Part{}},
		{"1985-04-XX", Part{Precision: PrecisionMonth, Year: 1985, Month: 4, DayUnspecified: true}, Part{}},
		{"2015-09/2016", Part{Precision: PrecisionMonth, Year: 2015, Month: 9}, Part{Precision: PrecisionYear, Year: 2016}},
		{"2015-09/..", Part{Precision: PrecisionMonth, Year: 2015, Month: 9}, Part{Open: true}},
		{"/2016?", Part{Unknown: true}, Part{Precision: PrecisionYear, Year: 2016, YearUncertain: true}},
	} {
		t.Run(tc.in, func(t *testing.T) {
			start, end := MustParse(tc.in).Parts()
			if start != tc.start {
				t.Errorf("start %+v, want %+v", start, tc.start)
			}
			if end != tc.end {
				t.Errorf("end %+v, want %+v", end, tc.end)
			}
		})
	}
}

// TestPrecisionsAllOccur keeps the list whole: each member is what some text parses to, and nothing else comes out.
func TestPrecisionsAllOccur(t *testing.T) {
	var seen []Precision
	for _, s := range []string{"2021-07-26", "2021-07", "2021-21", "2021", "202X", "20XX", "2021/2022"} {
		seen = append(seen, MustParse(s).Precision())
	}
	if !slices.Equal(seen, Precisions) {
		t.Errorf("precisions seen %v, listed %v", seen, Precisions)
	}
}

func TestJSON(t *testing.T) {
	type record struct {
		Signed Date `json:"signed"`
		Ended  Date `json:"ended,omitzero"`
	}
	for _, tc := range []struct {
		record record
		want   string
	}{
		{record{Signed: MustParse("2021?-07-26")}, `{"signed":"2021?-07-26"}`},
		{record{Signed: MustParse("2015-09/.."), Ended: MustParse("2016")}, `{"signed":"2015-09/..","ended":"2016"}`},
		{record{}, `{"signed":""}`},
	} {
		text, err := json.Marshal(tc.record)
		if err != nil || string(text) != tc.want {
			t.Errorf("Marshal = %s, %v; want %s", text, err, tc.want)
		}
		var back record
		if err := json.Unmarshal(text, &back); err != nil || back != tc.record {
			t.Errorf("Unmarshal(%s) = %+v, %v", text, back, err)
		}
	}
	kept := record{Signed: MustParse("2021")}
	for _, bad := range []string{`{"signed":"2021-02-30"}`, `{"signed":2021}`} {
		if err := json.Unmarshal([]byte(bad), &kept); err == nil {
			t.Errorf("Unmarshal(%s) gave %v", bad, kept)
		}
	}
	if kept.Signed != MustParse("2021") {
		t.Errorf("a refused text changed the date to %q", kept.Signed)
	}
}

func TestZeroDate(t *testing.T) {
	var d Date
	if _, ok := d.Earliest(); ok || !d.IsZero() || d.Exact() || d.String() != "" || d.Precision() != "" {
		t.Errorf("zero date speaks: %+v", d)
	}
	if start, end := d.Parts(); start != (Part{}) || end != (Part{}) {
		t.Errorf("zero date has parts %+v, %+v", start, end)
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	MustParse("2021-13")
}

func TestDay(t *testing.T) {
	for _, tc := range []struct{ day, prev, next Day }{
		{"2024-02-28", "2024-02-27", "2024-02-29"},
		{"2023-02-28", "2023-02-27", "2023-03-01"},
		{"2024-01-01", "2023-12-31", "2024-01-02"},
		{"0000-01-01", "", "0000-01-02"},
		{"9999-12-31", "9999-12-30", ""},
		{"", "", ""},
	} {
		if tc.day.Prev() != tc.prev || tc.day.Next() != tc.next {
			t.Errorf("%q: prev %q, next %q; want %q, %q", tc.day, tc.day.Prev(), tc.day.Next(), tc.prev, tc.next)
		}
	}
	if day, err := ParseDay("2024-05-01"); err != nil || day != "2024-05-01" {
		t.Errorf("ParseDay = %q, %v", day, err)
	}
	for _, bad := range []string{"", "2024", "2024-5-1", "2023-02-30", "2024-05-01T00:00:00Z", "2024-05-01 ", "+024-05-01", "12024-05-01", "2024-05-01?"} {
		if day, err := ParseDay(bad); err == nil {
			t.Errorf("ParseDay(%q) = %q", bad, day)
		}
	}
	casablanca := time.FixedZone("+01", 3600)
	if day := DayOf(time.Date(2024, 4, 30, 23, 30, 0, 0, time.UTC).In(casablanca)); day != "2024-05-01" {
		t.Errorf("DayOf = %q, want the day where the time was taken", day)
	}
	if day := DayOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); day != "" {
		t.Errorf("DayOf year 10000 = %q", day)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2021", "2021-07-26~", "2021?-07-26", "201X", "2001-24", "2015-09/..", "/2016", "2021~/2022?", "2023-02-30", "9999-24", "[2021,2022]", "1985-XX-XX"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err != nil {
			if !d.IsZero() {
				t.Fatalf("Parse(%q) refused and gave %q", s, d)
			}
			return
		}
		if d.String() != s {
			t.Fatalf("Parse(%q).String() = %q", s, d)
		}
		if !slices.Contains(Precisions, d.Precision()) {
			t.Fatalf("%q has precision %q", s, d.Precision())
		}
		earliest, hasEarliest := d.Earliest()
		latest, hasLatest := d.Latest()
		if !hasEarliest && !hasLatest || hasEarliest && hasLatest && latest < earliest {
			t.Fatalf("%q runs from %q to %q", s, earliest, latest)
		}
		for _, day := range []Day{earliest, latest} {
			if _, err := ParseDay(string(day)); day != "" && err != nil {
				t.Fatalf("%q has a bound that is no day: %v", s, err)
			}
		}
		if d.Exact() && earliest != latest {
			t.Fatalf("%q is exact and runs from %q to %q", s, earliest, latest)
		}
	})
}

// FuzzInterval glues two dates, since bytes alone seldom make two good ones.
func FuzzInterval(f *testing.F) {
	f.Add(uint16(2015), uint8(9), uint8(0), uint16(2016), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, y1 uint16, m1, d1 uint8, y2 uint16, m2, d2 uint8) {
		s := written(y1, m1, d1) + "/" + written(y2, m2, d2)
		d, err := Parse(s)
		if err != nil {
			return
		}
		earliest, _ := d.Earliest()
		latest, _ := d.Latest()
		if latest < earliest || d.String() != s {
			t.Fatalf("%q is %q, from %q to %q", s, d, earliest, latest)
		}
	})
}

func written(year uint16, month, day uint8) string {
	layout := []string{"2006", "2006-01", "2006-01-02"}[int(month+day)%3]
	return time.Date(int(year%9999), time.Month(month%12)+1, int(day%28)+1, 0, 0, 0, 0, time.UTC).Format(layout)
}
