package edtf

import "time"

// Day is one day of the proleptic Gregorian calendar as text, "2024-05-01", from 0000-01-01 to 9999-12-31. Days compare as text.
// The empty Day is no day.
type Day string

const dayTakes = "a day as 2024-05-01"

// ParseDay reads a day.
func ParseDay(s string) (Day, error) {
	// time.Parse alone refuses 2023-02-30 and short months, and its layout leaves no room for a sign or a fifth digit.
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", &Error{Got: s, Reason: "it is no day of the calendar", Takes: dayTakes}
	}
	return Day(s), nil
}

// DayOf gives the day of t in t's own location; "" outside the years 0000 to 9999.
func DayOf(t time.Time) Day {
	if t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return Day(t.Format(time.DateOnly))
}

// Next gives the day after d; "" after the last one, and for what is no day.
func (d Day) Next() Day { return d.add(1) }

// Prev gives the day before d; "" before the first one, and for what is no day.
func (d Day) Prev() Day { return d.add(-1) }

func (d Day) add(days int) Day {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return ""
	}
	return DayOf(t.AddDate(0, 0, days))
}
