package registry

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mithaq/internal/edtf"
)

// Problem is one thing wrong with a record, where it stands and what may stand there.
type Problem struct {
	Pointer string `json:"pointer"` // JSON pointer into the record
	Got     string `json:"got"`
	Takes   string `json:"takes"`
}

// String is the problem in one line.
func (p Problem) String() string {
	return p.Pointer + ": got " + p.Got + "; takes " + p.Takes
}

// Bounds beyond which a figure is a mistake of unit or of typing.
const (
	maxSurfaceM2 = 1e10 // larger than any commune of the country
	maxCount     = 1e8  // more than there are people
	maxAmount    = 1e13
	maxWords     = 40 // a statement quotes the few words that state a value, not the sentence
	maxText      = 4000
)

// Validate returns every problem of r that can be seen without other records, in the order of its fields.
func Validate(r Record) []Problem {
	raw, err := Canonical(r)
	if err != nil {
		return append(validate(r, nil), Problem{"", err.Error(), "a record that can be written"})
	}
	return validate(r, raw)
}

// ValidateCanonical is Validate of a record whose canonical form is at hand.
func ValidateCanonical(r Record, raw []byte) []Problem { return validate(r, raw) }

// validate finds the problems of a record with the canonical form raw; without one, those that are seen without it.
func validate(r Record, raw []byte) []Problem {
	c := &checker{}
	h := r.Head()
	if !h.ID.Valid() {
		c.add("/id", quote(string(h.ID)), fmt.Sprintf("lower-case letters, digits and single hyphens, up to %d", maxID))
	}
	r.check(c)
	for _, p := range r.WrittenPlaces() {
		c.place(p.Pointer, p.Place)
	}
	if raw == nil {
		return c.problems
	}
	hidden := mayHide(raw)
	if !hidden {
		raw = withoutStatements(h, raw)
	}
	tree, _ := decodeTree(raw)
	if hidden {
		c.strings("", tree)
	}
	c.statements(h, tree)
	if h.Type != TypeSource {
		c.coverage(h, tree.(map[string]any))
	}
	return c.problems
}

// checker collects problems.
type checker struct{ problems []Problem }

func (c *checker) add(pointer, got, takes string) {
	c.problems = append(c.problems, Problem{Pointer: pointer, Got: got, Takes: takes})
}

// quote shows a value that may be long.
func quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}

// member checks that value is in its closed set.
func member[T ~string](c *checker, pointer string, value T, set []T) {
	if !slices.Contains(set, value) {
		c.add(pointer, quote(string(value)), "one of "+join(set))
	}
}

// members checks a list of codes: each in its set, none twice.
func members[T ~string](c *checker, pointer string, values, set []T) {
	for i, v := range values {
		member(c, pointer+"/"+strconv.Itoa(i), v, set)
		if slices.Contains(values[:i], v) {
			c.add(pointer+"/"+strconv.Itoa(i), quote(string(v))+" again", "each code once")
		}
	}
}

func join[T ~string](set []T) string {
	parts := make([]string, len(set))
	for i, x := range set {
		parts[i] = string(x)
	}
	return strings.Join(parts, ", ")
}

var langForm = regexp.MustCompile(`^[a-z]{2}$`)

// texts checks versions of one text; required ones can't be empty.
func (c *checker) texts(pointer string, t Texts, required bool) {
	if required && len(t) == 0 {
		c.add(pointer, "no text", "at least one text with its language")
	}
	for i, x := range t {
		p := pointer + "/" + strconv.Itoa(i)
		if !langForm.MatchString(x.Lang) {
			c.add(p+"/lang", quote(x.Lang), "a language of two letters, such as fr, ar, en")
		}
		if strings.TrimSpace(x.Text) == "" || len(x.Text) > maxText {
			c.add(p+"/text", quote(x.Text), fmt.Sprintf("a text of 1 to %d bytes", maxText))
		}
		member(c, p+"/origin", x.Origin, TextOrigins)
		if (x.Origin == OriginTranslation) != (x.By != "") {
			c.add(p+"/by", quote(x.By), "the translator of a translation, and nothing else")
		}
		if slices.ContainsFunc(t[:i], func(y Text) bool { return y.Lang == x.Lang }) {
			c.add(p+"/lang", quote(x.Lang)+" again", "each language once")
		}
	}
}

// figure checks a figure in one of the units it may have.
func (c *checker) figure(pointer string, f *Figure, units ...Unit) {
	if f == nil {
		return
	}
	member(c, pointer+"/unit", f.Unit, units)
	member(c, pointer+"/qualifier", f.Qualifier, Qualifiers)
	limit := float64(maxAmount)
	switch f.Unit {
	case Count:
		limit = maxCount
		if _, whole := f.Value.Int(); !whole {
			c.add(pointer+"/value", f.Value.String(), "a whole number")
		}
	case SquareMetre:
		limit = maxSurfaceM2
	}
	if f.Value.Negative() || f.Value.Float() > limit {
		c.add(pointer+"/value", f.Value.String(), fmt.Sprintf("0 to %.0f %s", limit, f.Unit))
	}
}

func (c *checker) figures(pointer string, fs []NamedFigure) {
	for i, f := range fs {
		p := pointer + "/" + strconv.Itoa(i)
		member(c, p+"/measure", f.Measure, Measures)
		c.country(p+"/country", f.Country)
		c.figure(p, &f.Figure, Count)
	}
}

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

func (c *checker) country(pointer, code string) {
	if code != "" && !countryForm.MatchString(code) {
		c.add(pointer, quote(code), "a country of two capital letters (ISO 3166-1), such as MA")
	}
}

var codeForm = regexp.MustCompile(`^\d{2}(\.\d{3}(\.\d{2}(\.\d{1,3}(\.\d{1,2})?)?)?)?$`)

func (c *checker) code(pointer string, code PlaceCode) {
	if code != "" && !codeForm.MatchString(string(code)) {
		c.add(pointer, quote(string(code)), "a census code, such as 09, 09.581 or 09.581.01.05")
	}
}

func (c *checker) place(pointer string, p *WrittenPlace) {
	if strings.TrimSpace(p.Name) == "" {
		c.add(pointer+"/name", quote(p.Name), "the name of the place as written")
	}
	if !strings.Contains(p.AsWritten, p.Name) {
		c.add(pointer+"/as_written", quote(p.AsWritten), "the place as written, its name in it")
	}
	member(c, pointer+"/level", p.Level, PlaceLevels)
	c.code(pointer+"/within", p.Within)
	c.country(pointer+"/country", p.Country)
	for i, l := range p.Localities {
		lp := fmt.Sprintf("%s/localities/%d", pointer, i)
		member(c, lp+"/kind", l.Kind, LocalityKinds)
		if strings.TrimSpace(l.Name) == "" {
			c.add(lp+"/name", quote(l.Name), "a name")
		}
	}
	if k := p.Confirmed; k != nil {
		c.code(pointer+"/confirmed/code", k.Code)
		if k.Code == "" || k.By == "" || k.Reason == "" {
			c.add(pointer+"/confirmed", "a confirmation with a part missing", "code, by and reason")
		}
	}
	if p.Country != "" && (p.Within != "" || p.Confirmed != nil) {
		c.add(pointer+"/country", quote(p.Country), "either a country abroad or a place in the gazetteer")
	}
}

func (c *checker) parties(ps []Party) {
	for i, p := range ps {
		member(c, at("parties", i, "role"), p.Role, Roles)
		if strings.TrimSpace(p.NameAsWritten) == "" {
			c.add(at("parties", i, "name_as_written"), quote(p.NameAsWritten), "the name as the source prints it")
		}
		c.day(at("parties", i, "signed"), p.Signed)
	}
}

func (c *checker) steps(ss []Step) {
	for i, s := range ss {
		member(c, at("steps", i, "kind"), s.Kind, StepKinds)
		c.day(at("steps", i, "date"), s.Date)
		c.texts(at("steps", i, "note"), s.Note, false)
	}
}

// day checks a date of something that happens once: no interval.
func (c *checker) day(pointer string, d edtf.Date) {
	if d.Precision() == edtf.PrecisionInterval {
		c.add(pointer, quote(d.String()), "one date, not an interval")
	}
	c.date(pointer, d)
}

// date checks that a date is within living memory of the subject: agreements of the year 20 or 20166 are typing mistakes.
func (c *checker) date(pointer string, d edtf.Date) {
	first, ok1 := d.Earliest()
	last, ok2 := d.Latest()
	if ok1 && first < "1800-01-01" || ok2 && last > "2199-12-31" {
		c.add(pointer, quote(d.String()), "a date from 1800 to 2199")
	}
}

func (s *Source) check(c *checker) {
	member(c, "/kind", s.Kind, SourceKinds)
	if !langForm.MatchString(s.Lang) {
		c.add("/lang", quote(s.Lang), "a language of two letters, such as fr, ar, en")
	}
	c.texts("/titles", s.Titles, true)
	c.day("/published", s.Published)
	c.day("/page_date", s.PageDate)
	c.day("/read", s.Read)
	member(c, "/rights", s.Rights, RightsList)
	c.texts("/rights_note", s.RightsNote, false)
	if s.URL != "" {
		if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			c.add("/url", quote(s.URL), "an http or https address")
		}
	}
}

func (o *Organisation) check(c *checker) {
	member(c, "/kind", o.Kind, OrganisationKinds)
	c.texts("/names", o.Names, true)
	c.country("/country", o.Country)
	c.day("/founded", o.Founded)
}

func (p *Programme) check(c *checker) {
	c.texts("/titles", p.Titles, true)
	c.texts("/object", p.Object, false)
	if p.Scope != "" {
		member(c, "/scope", p.Scope, Scopes)
	}
	c.date("/period", p.Period)
	for i, a := range p.Axes {
		if a.Number != i+1 {
			c.add(at("axes", i, "number"), strconv.Itoa(a.Number), strconv.Itoa(i+1))
		}
		c.texts(at("axes", i, "titles"), a.Titles, true)
	}
	for i, f := range p.Phases {
		if f.Number != i+1 {
			c.add(at("phases", i, "number"), strconv.Itoa(f.Number), strconv.Itoa(i+1))
		}
		c.texts(at("phases", i, "titles"), f.Titles, true)
		c.date(at("phases", i, "period"), f.Period)
	}
	c.parties(p.Parties)
	c.steps(p.Steps)
	c.figures("/figures", p.Figures)
}

func (a *Agreement) check(c *checker) {
	member(c, "/kind", a.Kind, AgreementKinds)
	member(c, "/documentation", a.Documentation, Documentations)
	c.texts("/titles", a.Titles, true)
	c.texts("/object", a.Object, false)
	if a.Scope != "" {
		member(c, "/scope", a.Scope, Scopes)
	}
	c.parties(a.Parties)
	for i, o := range a.Obligations {
		c.texts(at("obligations", i, "text"), o.Text, true)
	}
	for i, x := range a.Contributions {
		c.figure(at("contributions", i, "amount"), x.Amount, Dirham, Euro)
		if x.Year != 0 && (x.Year < 1800 || x.Year > 2199) {
			c.add(at("contributions", i, "year"), strconv.Itoa(x.Year), "a year from 1800 to 2199, or none")
		}
	}
	for i, x := range a.Components {
		member(c, at("components", i, "kind"), x.Kind, ComponentKinds)
		c.texts(at("components", i, "titles"), x.Titles, true)
		c.figures(at("components", i, "figures"), x.Figures)
	}
	members(c, "/trades", a.Trades, Trades)
	c.figures("/figures", a.Figures)
	c.date("/duration", a.Duration)
	c.texts("/follow_up", a.FollowUp, false)
	c.steps(a.Steps)
}

func (a *Amendment) check(c *checker) {
	if a.Target == "" {
		c.add("/target", "nothing", "the id of the agreement that it changes")
	}
	if a.Number < 0 {
		c.add("/number", strconv.Itoa(a.Number), "1 or more, or none")
	}
	members(c, "/kinds", a.Kinds, AmendmentKinds)
	c.texts("/titles", a.Titles, true)
	c.texts("/object", a.Object, false)
	for i, s := range a.Sets {
		if !strings.HasPrefix(s.Path, "/") {
			c.add(at("sets", i, "path"), quote(s.Path), "a JSON pointer, such as /shops/created")
		}
		if len(s.Value) == 0 {
			c.add(at("sets", i, "value"), "nothing", "the new value")
		}
	}
	c.day("/effective", a.Effective)
	c.parties(a.Parties)
	c.steps(a.Steps)
}

func (s *Site) check(c *checker) {
	member(c, "/kind", s.Kind, SiteKinds)
	c.texts("/names", s.Names, true)
	if p := s.Position; p != nil {
		member(c, "/position/precision", p.Precision, []Precision{PrecisionFootprint, PrecisionPoint, PrecisionLocality})
		if p.Geometry.Geometry == nil {
			c.add("/position/geometry", "null", "a GeoJSON geometry")
		} else if d := p.Geometry.Dimensions(); p.Precision == PrecisionFootprint && d != 2 {
			c.add("/position/geometry/type", p.Geometry.GeoJSONType(), "Polygon or MultiPolygon for a footprint")
		} else if p.Precision == PrecisionPoint && d != 0 {
			c.add("/position/geometry/type", p.Geometry.GeoJSONType(), "Point for a point")
		}
		if p.UncertaintyM != nil && p.UncertaintyM.Negative() {
			c.add("/position/uncertainty_m", p.UncertaintyM.String(), "metres, 0 or more")
		}
	}
	c.figure("/surface/plot", s.Surface.Plot, SquareMetre)
	c.figure("/surface/covered", s.Surface.Covered, SquareMetre)
	c.figure("/surface/total", s.Surface.Total, SquareMetre)
	c.figure("/shops/created", s.Shops.Created, Count)
	c.figure("/shops/restored", s.Shops.Restored, Count)
	c.figures("/figures", s.Figures)
	members(c, "/works", s.Works, Works)
	members(c, "/utilities", s.Utilities, Utilities)
	members(c, "/trades", s.Trades, Trades)
	member(c, "/status", s.Status, SiteStatuses)
	c.day("/status_date", s.StatusDate)
}

func (e *Event) check(c *checker) {
	member(c, "/kind", e.Kind, EventKinds)
	c.texts("/titles", e.Titles, true)
	for i, o := range e.Occurrences {
		c.date(at("occurrences", i, "date"), o.Date)
	}
	if e.Recurrence != "" {
		member(c, "/recurrence", e.Recurrence, Recurrences)
	}
	c.figures("/figures", e.Figures)
	c.parties(e.Parties)
}

func (a *Announcement) check(c *checker) {
	c.texts("/titles", a.Titles, true)
	c.day("/date", a.Date)
	c.parties(a.Parties)
	c.figure("/claimed", a.Claimed, Count)
}

// strings refuses characters that reorder or hide text: a name must read in the log as it reads on the page.
func (c *checker) strings(pointer string, v any) {
	switch v := v.(type) {
	case string:
		for _, r := range v {
			if hides(r) {
				c.add(pointer, fmt.Sprintf("a text with the character U+%04X", r), "text without control, direction-changing or invisible characters")
				return
			}
		}
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			c.strings(pointer+"/"+k, v[k])
		}
	case []any:
		for i, x := range v {
			c.strings(pointer+"/"+strconv.Itoa(i), x)
		}
	}
}

// hides reports whether r is a control character or one that shows nothing and moves what is round it: line separators, direction marks,
// embeddings and isolates, the zero-width space, the byte order mark, and the sign of a lost character.
func hides(r rune) bool {
	return r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0x061C || r == 0x200B || r == 0x200E || r == 0x200F ||
		r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF || r == 0xFFFD
}

// mayHide reports whether a text of a record's JSON may hide something: a look at all of it at once spares one at each.
func mayHide(raw []byte) bool {
	for i := 0; i < len(raw); {
		if c := raw[i]; c < utf8.RuneSelf {
			if c == '\\' && i+1 < len(raw) && raw[i+1] != '"' && raw[i+1] != '\\' || c == 0x7F {
				return true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(raw[i:])
		if hides(r) {
			return true
		}
		i += n
	}
	return false
}

// withoutStatements is a record's canonical form without its statements, which are most of it: nothing but a statement about one would look for
// them there.
func withoutStatements(h *Header, raw []byte) []byte {
	before, rest, ok := bytes.Cut(raw, []byte(`,"statements":[`))
	if !ok || len(h.Statements) == 0 || slices.ContainsFunc(h.Statements, func(s Statement) bool { return Below(s.Path, "/statements") }) {
		return raw
	}
	depth, text := 1, false
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return append(slices.Clone(before), rest[i+1:]...)
			}
		}
	}
	return raw
}

// isHash reports whether s is a SHA-256 in lower-case hexadecimal.
func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func (c *checker) statements(h *Header, tree any) {
	for i, s := range h.Statements {
		if _, ok := Lookup(tree, s.Path); !ok || s.Path == "" { // a statement of the whole record would vouch for anything
			c.add(at("statements", i, "path"), quote(s.Path), "a JSON pointer to a value of this record")
		}
		if s.Paragraph < 1 {
			c.add(at("statements", i, "paragraph"), strconv.Itoa(s.Paragraph), "1 or more")
		}
		if s.Sentence < 1 {
			c.add(at("statements", i, "sentence"), strconv.Itoa(s.Sentence), "1 or more")
		}
		if n := len(strings.Fields(s.Words)); n < 1 || n > maxWords {
			c.add(at("statements", i, "words"), fmt.Sprintf("%d words", n), fmt.Sprintf("1 to %d words, those that state the value", maxWords))
		}
		if !isHash(s.SHA256) {
			c.add(at("statements", i, "sentence_sha256"), quote(s.SHA256), "64 hexadecimal digits, lower case")
		}
		if s.Disagrees != (s.Reason != "") {
			c.add(at("statements", i, "reason"), quote(s.Reason), "why another source is preferred, where disagrees is true")
		}
	}
}

var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// unescaped is a part of a JSON pointer as the name that it stands for, which nearly every one is.
func unescaped(part string) string {
	if !strings.Contains(part, "~") {
		return part
	}
	return pointerEscapes.Replace(part)
}

// Lookup returns the value of a decoded JSON document at a pointer (RFC 6901).
func Lookup(tree any, pointer string) (any, bool) {
	if pointer == "" {
		return tree, true
	}
	if pointer[0] != '/' {
		return nil, false
	}
	for _, key := range strings.Split(pointer[1:], "/") {
		key = unescaped(key)
		switch t := tree.(type) {
		case map[string]any:
			v, ok := t[key]
			if !ok {
				return nil, false
			}
			tree = v
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			tree = t[i]
		default:
			return nil, false
		}
	}
	return tree, true
}

// unstated are the fields that say what a record is or join it to others. Every other value needs a statement.
var unstated = []string{"type", "id", "statements", "documentation", "agreements", "programmes", "parent", "country"}

// coverage asks for a statement of each value: of each member of a list or of a group, and of a text that is said to be printed.
func (c *checker) coverage(h *Header, tree map[string]any) {
	stated := func(pointer string) bool {
		return slices.ContainsFunc(h.Statements, func(s Statement) bool {
			return !s.Disagrees && (Below(pointer, s.Path) || Below(s.Path, pointer))
		})
	}
	need := func(pointer string) {
		if !stated(pointer) {
			c.add(pointer, "a value without a statement", "a statement whose path is "+pointer+", saying which words of which source state it")
		}
	}
	keys := make([]string, 0, len(tree))
	for k := range tree {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, key := range keys {
		pointer := "/" + key
		if slices.Contains(unstated, key) || h.Type == TypeOrganisation && key == "kind" || key == "status" && tree[key] == string(StatusUnknown) {
			continue
		}
		if key == "titles" || key == "names" {
			texts, _ := tree[key].([]any) // null where an amendment sets it so
			for i, t := range texts {
				if t.(map[string]any)["origin"] == string(OriginPrinted) {
					need(at(key, i))
				}
			}
			continue
		}
		switch v := tree[key].(type) {
		case []any:
			if key == "object" || key == "follow_up" {
				need(pointer) // versions of one text
				continue
			}
			for i := range v {
				need(at(key, i))
			}
		case map[string]any:
			if key != "surface" && key != "shops" {
				need(pointer)
				continue
			}
			for k := range v {
				need(at(key, k))
			}
		default:
			need(pointer)
		}
	}
}
