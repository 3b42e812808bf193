package httpserve

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/registry"
)

// Params are the query parameters of a request, decoded and copied: they may be kept after the handler.
type Params map[string]string

// Query reads the query parameters, of which a route knows the allowed ones. An unknown or repeated one is refused: a
// misspelt filter that is ignored gives an answer to a question nobody asked.
func Query(c *fiber.Ctx, allowed ...string) (Params, error) {
	var p Params                                                                       // nil is as good as empty, and most requests have none
	for pair := range strings.SplitSeq(string(c.Request().URI().QueryString()), "&") { // a semicolon is an ordinary character: a search may hold one
		if pair == "" {
			continue
		}
		name, value, err := decodePair(pair)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(allowed, name) {
			takes := "no parameter"
			if len(allowed) > 0 {
				takes = strings.Join(allowed, ", ")
			}
			return nil, invalid("This parameter is not known here.", name, value, "one of: "+takes)
		}
		if _, twice := p[name]; twice {
			return nil, invalid("This parameter may be given once.", name, value, "one value")
		}
		if p == nil {
			p = Params{}
		}
		p[name] = value
	}
	return p, nil
}

// Has says whether the parameter was given and not empty: a form sends its empty fields too.
func (p Params) Has(name string) bool { return p[name] != "" }

// Int reads a whole number from least to most, or def when it wasn't given.
func (p Params) Int(name string, def, least, most int) (int, error) {
	n, err := p.whole(name, def, least)
	if err != nil || n > most {
		return 0, invalid("This is not a number that can be used here.", name, p[name], fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n, nil
}

// UpTo is Int, but what is above most means most: "limit=100000" asks for as many as there may be.
func (p Params) UpTo(name string, def, least, most int) (int, error) {
	n, err := p.whole(name, def, least)
	if err != nil {
		return 0, invalid("This is not a number that can be used here.", name, p[name], fmt.Sprintf("a whole number from %d; above %d it means %d", least, most, most))
	}
	return min(n, most), nil
}

var digits = regexp.MustCompile(`^-?[0-9]+$`)

func (p Params) whole(name string, def, least int) (int, error) {
	if !p.Has(name) {
		return def, nil
	}
	if !digits.MatchString(p[name]) {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.Atoi(p[name])
	if err != nil && !strings.HasPrefix(p[name], "-") {
		return math.MaxInt, nil // digits beyond 64 bits: more than any bound
	}
	if err != nil || n < least {
		return 0, strconv.ErrRange
	}
	return n, nil
}

// Box is a rectangle in degrees, west ≤ east.
type Box struct{ West, South, East, North float64 }

var plainNumber = regexp.MustCompile(`^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`) // ParseFloat alone takes NaN, Inf and hexadecimal

const boxTakes = "four numbers, the lower corner and then the upper, as -9.8,29.5,-9.5,29.8: west,south,east,north in degrees"

// BBox reads "west,south,east,north" in degrees, or six numbers with heights. West may be greater than east: the box then crosses 180° and
// comes back as two. A point and a line are boxes too.
func BBox(s string) ([]Box, error) {
	n, err := Corners(s)
	if err != nil {
		return nil, err
	}
	return Boxes(s, n)
}

// Corners reads the parameter bbox: the two numbers of its lower corner and the two of its upper, in the order in which they are written.
// Of six numbers the third and the sixth are heights, which are checked and dropped: no record has a height.
func Corners(s string) (corners [4]float64, err error) {
	refuse := func(why string) ([4]float64, error) { return [4]float64{}, invalid(why, "bbox", s, boxTakes) }
	fields := strings.Split(s, ",")
	if len(fields) != 4 && len(fields) != 6 {
		return refuse("A box has four numbers, or six with heights.")
	}
	n := make([]float64, len(fields))
	for i, f := range fields {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || !plainNumber.MatchString(f) {
			return refuse("A box is made of numbers.")
		}
		n[i] = v + 0 // no negative zero
	}
	if len(n) == 6 {
		if n[2] > n[5] {
			return refuse("The lowest height is above the highest.")
		}
		n = []float64{n[0], n[1], n[3], n[4]}
	}
	return [4]float64(n), nil
}

// Boxes checks west, south, east and north in degrees; s is what an error repeats.
func Boxes(s string, n [4]float64) ([]Box, error) {
	refuse := func(why string) ([]Box, error) { return nil, invalid(why, "bbox", s, boxTakes) }
	b := Box{n[0], n[1], n[2], n[3]}
	switch {
	case math.Abs(b.West) > 180 || math.Abs(b.East) > 180:
		return refuse("A longitude is from -180 to 180.")
	case math.Abs(b.South) > 90 || math.Abs(b.North) > 90:
		return refuse("A latitude is from -90 to 90.")
	case b.South > b.North:
		return refuse("South is above north.")
	case b.West > b.East:
		return []Box{{b.West, b.South, 180, b.North}, {-180, b.South, b.East, b.North}}, nil
	}
	return []Box{b}, nil
}

// PathParam reads one parameter of the path, decoded once and copied. refuseBadText has already seen to its text.
func PathParam(c *fiber.Ctx, name string) string {
	v, err := url.PathUnescape(c.Params(name))
	if err != nil {
		v = c.Params(name)
	}
	return strings.Clone(v)
}

// refuseBadText refuses an address that is not text: broken percent signs, bytes that are not UTF-8, NUL, and control
// characters in the path. Databases refuse or truncate such strings, each in its own way.
func refuseBadText(c *fiber.Ctx) error {
	query := c.Request().URI().QueryString()
	if plainText(c.Path()) && plainText(query) {
		return nil
	}
	path, err := url.PathUnescape(c.Path())
	if err != nil || !utf8.ValidString(path) || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return &registry.Error{Code: registry.Invalid, Message: "The path of this address is not valid UTF-8 text."}
	}
	for pair := range strings.SplitSeq(string(query), "&") {
		if _, _, err := decodePair(pair); err != nil {
			return err
		}
	}
	return nil
}

// plainText says whether an encoded text is ASCII that stands for itself, in which nothing can be wrong. Nearly every address is.
func plainText[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '%' {
			return false
		}
	}
	return true
}

func decodePair(pair string) (name, value string, err error) {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	if nameErr != nil || !utf8.ValidString(name) || strings.Contains(name, "\x00") {
		return "", "", invalid("The name of a parameter is not valid UTF-8 text.", "", "", "")
	}
	if valueErr != nil || !utf8.ValidString(value) || strings.Contains(value, "\x00") {
		return "", "", invalid("The value of this parameter is not valid UTF-8 text.", name, rawValue, "percent-encoded UTF-8 without NUL")
	}
	return name, value, nil
}

func invalid(message, param, got, takes string) *registry.Error {
	return &registry.Error{Code: registry.Invalid, Message: message, Param: clip(param), Got: clip(got), Takes: takes}
}

// clip keeps an answer from repeating kilobytes of what was sent.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > gotLength {
		return string(r[:gotLength]) + "…"
	}
	return s
}
