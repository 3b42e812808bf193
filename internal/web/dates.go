package web

import (
	"fmt"
	"strconv"
	"strings"

	"mithaq/internal/edtf"
)

// date says a date in words and adds nothing to it: what its source leaves open stays open, what is inferred says so.
// The empty string for no date.
func (w *words) date(d edtf.Date) string {
	if d.IsZero() {
		return ""
	}
	start, end := d.Parts()
	if d.Precision() != edtf.PrecisionInterval {
		return w.part(start)
	}
	from, to := w.part(start), w.part(end)
	switch {
	case from == "" && to == "":
		return w.say("date.unknown_span")
	case from == "" && start.Open:
		return w.say("date.until", args{"To": w.elided("date.word_until", end, to)})
	case from == "":
		return w.say("date.until_start_unknown", args{"To": w.elided("date.word_until", end, to)})
	case to == "" && end.Open:
		return w.say("date.since", args{"From": from})
	case to == "":
		return w.say("date.since_end_unknown", args{"From": from})
	case start.Precision == edtf.PrecisionDay && end.Precision == edtf.PrecisionDay:
		return w.say("date.from_day_to_day", args{"From": from, "To": to})
	default:
		return w.say("date.from_to", args{"From": w.elided("date.word_from", start, from), "To": to})
	}
}

// elided puts the preposition before a date: French writes "de février" and "d’avril".
func (w *words) elided(key string, p edtf.Part, date string) string {
	if w.lang == French && key == "date.word_from" && strings.ContainsAny(date[:1], "aoAO") {
		return "d’" + date
	}
	return w.say(key, args{"Date": date})
}

// part says one written date. Doubt is said once, beside the component that has it when it is only the year.
func (w *words) part(p edtf.Part) string {
	switch yearOnly := p.YearUncertain && !p.MonthUncertain && !p.DayUncertain; {
	case p.Precision == "":
		return ""
	case yearOnly && p.Precision == edtf.PrecisionDay:
		return w.say("date.year_inferred", args{"Date": w.say("date.day_month", args{"Day": w.dayNumber(p.Day), "Month": w.month(p.Month)}), "Year": year(p.Year)})
	case yearOnly && p.Precision == edtf.PrecisionMonth:
		return w.say("date.year_inferred", args{"Date": w.month(p.Month), "Year": year(p.Year)})
	}
	s := w.plainPart(p)
	if p.Approximate() {
		s = w.say("date.approximate", args{"Date": s})
	}
	if p.Uncertain() {
		s = w.say("date.uncertain", args{"Date": s})
	}
	return s
}

func (w *words) plainPart(p edtf.Part) string {
	y := year(p.Year)
	switch p.Precision {
	case edtf.PrecisionDay:
		return w.say("date.day", args{"Day": w.dayNumber(p.Day), "Month": w.month(p.Month), "Year": y})
	case edtf.PrecisionMonth:
		s := w.say("date.month", args{"Month": w.month(p.Month), "Year": y})
		if p.DayUnspecified {
			return w.say("date.day_untold", args{"Date": s})
		}
		return s
	case edtf.PrecisionSeason:
		return w.say("date.month", args{"Month": w.say("season." + strconv.Itoa(p.Season)), "Year": y})
	case edtf.PrecisionDecade:
		return w.say("date.decade", args{"Year": y})
	case edtf.PrecisionCentury:
		return w.say("date.century", args{"From": y, "To": year(p.Year + 99)})
	default:
		if p.MonthUnspecified || p.DayUnspecified {
			return w.say("date.month_untold", args{"Date": y})
		}
		return y
	}
}

func (w *words) month(m int) string { return w.say("month." + strconv.Itoa(m)) }

// dayNumber writes the day of a month: French says "1er".
func (w *words) dayNumber(day int) string {
	if day == 1 {
		return w.say("date.first")
	}
	return strconv.Itoa(day)
}

// year is written without a thousands sign.
func year(y int) string { return fmt.Sprintf("%04d", y) }

// sayDay says one day of the calendar.
func (w *words) sayDay(d edtf.Day) string {
	date, err := edtf.Parse(string(d))
	if err != nil {
		return string(d)
	}
	return w.date(date)
}
