package registry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Text is a text in one language.
type Text struct {
	// Lang is the language, an ISO 639-1 code such as "fr", "ar", "en".
	Lang string `json:"lang"`
	Text string `json:"text"`
	// Origin says who worded it.
	Origin TextOrigin `json:"origin"`
	// By names the translator; required for a translation.
	By string `json:"by,omitempty"`
}

// Texts are versions of one text by language, the best first.
type Texts []Text

// In returns the version in lang, or else the first; ok is false when there is none at all.
func (t Texts) In(lang string) (text Text, ok bool) {
	for _, x := range t {
		if x.Lang == lang {
			return x, true
		}
	}
	if len(t) == 0 {
		return Text{}, false
	}
	return t[0], true
}

// Decimal is an exact number with up to three decimals, so that sums of amounts and surfaces are exact.
type Decimal struct{ thousandths int64 }

// Whole returns n as a Decimal.
func Whole(n int64) Decimal { return Decimal{n * 1000} }

// Add returns d + e.
func (d Decimal) Add(e Decimal) Decimal { return Decimal{d.thousandths + e.thousandths} }

// Negative reports whether d is below zero.
func (d Decimal) Negative() bool { return d.thousandths < 0 }

// Int returns d as a whole number; ok is false when it has decimals.
func (d Decimal) Int() (n int64, ok bool) { return d.thousandths / 1000, d.thousandths%1000 == 0 }

// Float returns the nearest float64.
func (d Decimal) Float() float64 { return float64(d.thousandths) / 1000 }

// String prints d with as few decimals as it has.
func (d Decimal) String() string {
	s := strconv.FormatInt(d.thousandths/1000, 10)
	if d.thousandths < 0 && d.thousandths > -1000 {
		s = "-0"
	}
	frac := d.thousandths % 1000
	if frac < 0 {
		frac = -frac
	}
	if frac != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%03d", frac), "0")
	}
	return s
}

// MarshalJSON writes d as a JSON number.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalJSON reads a JSON number with at most three decimals, below 9e15 either way.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	s := string(b)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 9e15 {
		return fmt.Errorf("number %s: takes a number with at most 3 decimals, up to 9e15", s)
	}
	if whole, frac, exact := strings.Cut(s, "."); !strings.ContainsAny(s, "eE") && (!exact || len(frac) <= 3) {
		n, err := strconv.ParseInt(whole+(frac + "000")[:3], 10, 64)
		if err != nil {
			return fmt.Errorf("number %s: takes a number with at most 3 decimals, up to 9e15", s)
		}
		d.thousandths = n
		return nil
	}
	n := math.Round(f * 1000)
	if n/1000 != f {
		return fmt.Errorf("number %s: takes a number with at most 3 decimals", s)
	}
	d.thousandths = int64(n)
	return nil
}

// Figure is a number as a source states it. The words that state it stand in the record's statements.
type Figure struct {
	Value     Decimal   `json:"value"`
	Unit      Unit      `json:"unit"`
	Qualifier Qualifier `json:"qualifier"`
}

// Sum adds figures of one unit. The qualifier is the strongest that still holds of the sum; missing counts the nil ones.
// total is nil when every figure is nil: a sum over unknowns is unknown, not zero.
func Sum(figures ...*Figure) (total *Figure, missing int) {
	for _, f := range figures {
		switch {
		case f == nil:
			missing++
		case total == nil:
			c := *f
			total = &c
		default:
			total.Value = total.Value.Add(f.Value)
			total.Qualifier = together(total.Qualifier, f.Qualifier)
		}
	}
	return total, missing
}

// together is what holds of the sum of two figures: "at least 30" and "at most 33" are about 63, for neither bounds the sum.
func together(a, b Qualifier) Qualifier {
	atMost := func(q Qualifier) bool { return q == Nearly || q == AtMost }
	switch {
	case a == b || b == Exact:
		return a
	case a == Exact:
		return b
	case atMost(a) && atMost(b):
		return AtMost
	}
	return About
}

// NamedFigure is a figure that has no field of its own.
type NamedFigure struct {
	Measure Measure `json:"measure"`
	// Country is what the figure is of when only one country's are counted, ISO 3166-1 alpha-2.
	Country string `json:"country,omitempty"`
	Figure
}

// Locality is a named place smaller than a commune: it narrows a place in words and never on the map.
type Locality struct {
	Kind LocalityKind `json:"kind"`
	Name string       `json:"name"`
}

// WrittenPlace is a place as a source writes it, with the context that the gazetteer needs to find it.
type WrittenPlace struct {
	// Name is the name alone, in the source's spelling: "Sidi Bou Abdelli".
	Name string `json:"name"`
	// AsWritten is the place with its own words around it: "commune de Sidi Bou Abdelli".
	AsWritten string `json:"as_written"`
	// Level is the rank of unit that the source means.
	Level PlaceLevel `json:"level"`
	// Within narrows the search to a region or province that the source names nearby.
	Within PlaceCode `json:"within,omitempty"`
	// Country is set for a place abroad, ISO 3166-1 alpha-2; such a place is never looked up.
	Country string `json:"country,omitempty"`
	// Localities are named places inside it.
	Localities []Locality `json:"localities,omitempty"`
	// Confirmed is a person's decision, which overrides the gazetteer's rules.
	Confirmed *Confirmation `json:"confirmed,omitempty"`
}

// Confirmation is a person's decision about which unit a written place is.
type Confirmation struct {
	Code   PlaceCode `json:"code"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// Statement links one value of its record to the words of a source.
type Statement struct {
	// Path is a JSON pointer (RFC 6901) into the record; it vouches for the value there and all below it.
	Path   string `json:"path"`
	Source ID     `json:"source"`
	// Paragraph and Sentence count from 1, by the rules of package passage.
	Paragraph int `json:"paragraph"`
	Sentence  int `json:"sentence"`
	// Words are the few words that state the value, as written.
	Words string `json:"words"`
	// SHA256 is the hash of the normalised sentence, lower-case hex.
	SHA256 string `json:"sentence_sha256"`
	// Disagrees marks a source that says otherwise than the record; Reason then says why the record prefers another.
	Disagrees bool   `json:"disagrees,omitempty"`
	Reason    string `json:"reason,omitempty"`
}
