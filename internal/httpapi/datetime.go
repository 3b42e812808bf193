package httpapi

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

const datetimeTakes = "a day or a time of RFC 3339, as 2024-05-01 or 2024-05-01T12:00:00Z, or an interval with / between two, of which one may be .. or left out"

// duration is the part of ISO 8601 that intervals of days need: P2D, P1Y6M. OGC's test suite ends intervals by it.
var duration = regexp.MustCompile(`^P([0-9]{1,4}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?(T[0-9HMS.]+)?$`)

// readDatetime reads the datetime parameter (OGC 17-069r4, 7.15.4). Dates of the registry are days, so a time means its day in UTC.
func readDatetime(s string) (registry.Days, error) {
	refuse := func(why string) (registry.Days, error) {
		return registry.Days{}, &registry.Error{Code: registry.Invalid, Message: why, Param: "datetime", Got: s, Takes: datetimeTakes}
	}
	from, to, isInterval := strings.Cut(s, "/")
	if !isInterval {
		day, ok := readInstant(s)
		if !ok {
			return refuse("This is not a time.")
		}
		return registry.Days{First: day, Last: day}, nil
	}
	open := func(side string) bool { return side == "" || side == ".." }
	if open(from) && open(to) {
		return refuse("An interval has a time on one side at least.")
	}
	var d registry.Days
	var ok bool
	if !open(from) {
		if d.First, ok = readInstant(from); !ok {
			return refuse("The interval doesn't begin with a time.")
		}
	}
	if !open(to) {
		if d.Last, ok = readInstant(to); !ok {
			d.Last, ok = after(d.First, to)
		}
		if !ok {
			return refuse("The interval doesn't end with a time.")
		}
	}
	if d.First != "" && d.Last != "" && d.First > d.Last {
		return refuse("The interval ends before it begins.")
	}
	return d, nil
}

// readInstant reads a day, or a time as its day in UTC.
func readInstant(s string) (edtf.Day, bool) {
	if day, err := edtf.ParseDay(s); err == nil {
		return day, true
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(s)) // RFC 3339 takes t and z, too
	if err != nil {
		return "", false
	}
	day := edtf.DayOf(t.UTC())
	return day, day != ""
}

// after is the day that lies a duration after another.
func after(day edtf.Day, s string) (edtf.Day, bool) {
	m := duration.FindStringSubmatch(s)
	t, err := time.Parse(time.DateOnly, string(day))
	if m == nil || len(s) < 3 || err != nil {
		return "", false
	}
	count := func(part string) int {
		n, _ := strconv.Atoi(strings.TrimRight(part, "YMWD")) // digits by the pattern; 0 where there are none
		return n
	}
	last := edtf.DayOf(t.AddDate(count(m[1]), count(m[2]), 7*count(m[3])+count(m[4])))
	return last, last != ""
}
