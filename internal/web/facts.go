package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// maxMarks bounds the marks beside one value; the record's JSON has all of them.
const maxMarks = 4

// marks are the source marks for the value at path of a record: the statements made for it or for parts of it, or else
// those of the nearest value that holds it.
func (r *reading) marks(head *registry.Header, path string) []Mark {
	var best []registry.Statement
	depth := -1
	for _, s := range head.Statements {
		switch {
		case registry.Below(s.Path, path): // for the value itself or a part of it
			if depth != len(path) {
				best, depth = nil, len(path)
			}
			best = append(best, s)
		case registry.Below(path, s.Path) && len(s.Path) >= depth && depth < len(path): // for what holds it
			if len(s.Path) > depth {
				best, depth = nil, len(s.Path)
			}
			best = append(best, s)
		}
	}
	slices.SortStableFunc(best, func(a, b registry.Statement) int { return cmp.Compare(disagreement(a), disagreement(b)) })
	type place struct {
		source              registry.ID
		paragraph, sentence int
	}
	best = firstOfEach(best, func(s registry.Statement) place { return place{s.Source, s.Paragraph, s.Sentence} })
	best = best[:min(len(best), maxMarks)]
	var marks []Mark
	for _, s := range best {
		m := r.mark(s)
		m.Footnote = r.cite(s.Source)
		for _, other := range best {
			switch {
			case other.Source != s.Source:
				m.Source = r.sourceLang(s.Source)
			case other.Paragraph == s.Paragraph && other.Sentence != s.Sentence:
				m.Label = fmt.Sprintf("¶ %d.%d", s.Paragraph, s.Sentence)
			}
		}
		marks = append(marks, m)
	}
	return marks
}

// sourceLang is the language of a source, which tells two sources of one value apart.
func (r *reading) sourceLang(id registry.ID) string {
	if source, ok := r.known[id].Record.(*registry.Source); ok {
		return source.Lang
	}
	return ""
}

// firstOfEach keeps the first member for each key, in their order.
func firstOfEach[T any, K comparable](list []T, key func(T) K) []T {
	var out []T
	seen := map[K]bool{}
	for _, x := range list {
		if k := key(x); !seen[k] {
			seen[k] = true
			out = append(out, x)
		}
	}
	return out
}

func disagreement(s registry.Statement) int {
	if s.Disagrees {
		return 1
	}
	return 0
}

// mark is the source mark of one statement.
func (r *reading) mark(s registry.Statement) Mark {
	r.cards++
	where := r.say("mark.where", args{"Paragraph": r.whole(s.Paragraph), "Sentence": r.whole(s.Sentence)})
	m := Mark{
		ID:        fmt.Sprintf("card-%d", r.cards),
		Href:      fmt.Sprintf("%s#p%ds%d", r.href(registry.TypeSource, s.Source), s.Paragraph, s.Sentence),
		Label:     fmt.Sprintf("¶ %d", s.Paragraph),
		Title:     Text{Text: string(s.Source)},
		Where:     where,
		Words:     Text{Text: s.Words},
		Disagrees: s.Disagrees,
		Reason:    s.Reason,
	}
	if source, ok := r.known[s.Source].Record.(*registry.Source); ok {
		m.Title = r.text(source.Titles)
		m.Words = Text{Text: s.Words, Lang: source.Lang, Dir: dirOf(source.Lang)}
	}
	m.Spoken = r.say("mark.spoken", args{"Where": where, "Source": m.Title.Text})
	m.Before, m.Match, m.After = r.sentence(s)
	return m
}

// sentence is the sentence that a statement points at, cut round its words; all empty when it may not be shown.
func (r *reading) sentence(s registry.Statement) (before, match, after string) {
	text := r.texts[s.Source]
	if text == nil {
		return "", "", ""
	}
	sentence, ok := text.Sentence(s.Paragraph, s.Sentence)
	if !ok {
		return "", "", ""
	}
	start, end, ok := sentence.Find(s.Words)
	if !ok {
		return sentence.Text, "", ""
	}
	return sentence.Text[:start], sentence.Text[start:end], sentence.Text[end:]
}

// fact is the value at path of a record, with its sources and what amended it. Without values it says that none is stated.
func (r *reading) fact(s subject, labelKey, path string, values ...Value) Fact {
	f := Fact{Label: r.say(labelKey), Values: values, Changed: r.changes(s, path)}
	if len(values) == 0 {
		f.Missing = r.say("missing")
		return f
	}
	f.Marks = r.marks(s.State.Record.Head(), path)
	return f
}

// changes are the amendments that set the value at path, or a part of it, or what holds it.
func (r *reading) changes(s subject, path string) []Changed {
	var out []Changed
	for _, possible := range []bool{false, true} {
		list := s.State.Applied
		if possible {
			list = s.State.Possible
		}
		for _, c := range list {
			if !registry.Below(c.Path, path) && !registry.Below(path, c.Path) {
				continue
			}
			key, valueKey, value := "changed.applied", "changed.before", r.rawValue(c.Before)
			if possible {
				key, valueKey, value = "changed.possible", "changed.after", r.rawValue(c.After)
			}
			if value != "" {
				value = r.say(valueKey, args{"Value": value})
			}
			if c.Article != "" {
				key += "_article"
			}
			out = append(out, Changed{
				By:       r.link(c.Amendment),
				Text:     r.say(key, args{"Article": c.Article, "From": r.effective(c.Effective)}),
				Before:   value,
				Possible: possible,
			})
		}
	}
	return out
}

// effective says from when an amendment holds.
func (r *reading) effective(d edtf.Date) string {
	if d.IsZero() {
		return r.say("amendment.undated")
	}
	return r.date(d)
}

// rawValue says a value that an amendment sets or replaced, when it is short enough to be said: a figure, a text, a date.
func (r *reading) rawValue(raw json.RawMessage) string {
	var figure struct {
		Value     *registry.Decimal
		Unit      registry.Unit
		Qualifier registry.Qualifier
	}
	if json.Unmarshal(raw, &figure) == nil && figure.Value != nil && figure.Unit != "" && figure.Qualifier != "" {
		return r.figure(registry.Figure{Value: *figure.Value, Unit: figure.Unit, Qualifier: figure.Qualifier}, "")
	}
	var number registry.Decimal
	if len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &number) == nil && string(raw) != "null" {
		return r.decimal(number)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if date, err := edtf.Parse(text); err == nil {
			return r.date(date)
		}
		return text
	}
	return ""
}

// value is a plain value in the page's language.
func (r *reading) value(text string) Value { return Value{Link: Link{Text: r.ours(text)}} }

// chips are values drawn as chips.
func (r *reading) chips(class string, texts []string) []Value {
	var out []Value
	for _, t := range texts {
		out = append(out, Value{Link: Link{Text: r.ours(t)}, Chip: class})
	}
	return out
}

// figureFact is the fact of a figure that may be missing.
func (r *reading) figureFact(s subject, labelKey, path string, f *registry.Figure, noun string) Fact {
	if f == nil {
		return r.fact(s, labelKey, path)
	}
	return r.fact(s, labelKey, path, r.value(r.figure(*f, noun)))
}

// dateFact is the fact of a date that may be missing.
func (r *reading) dateFact(s subject, labelKey, path string, d edtf.Date) Fact {
	if d.IsZero() {
		return r.fact(s, labelKey, path)
	}
	return r.fact(s, labelKey, path, r.value(r.date(d)))
}

// textFact is the fact of a text that may be missing.
func (r *reading) textFact(s subject, labelKey, path string, t registry.Texts) Fact {
	if len(t) == 0 {
		return r.fact(s, labelKey, path)
	}
	return r.fact(s, labelKey, path, Value{Link: Link{Text: r.text(t)}})
}

// namedFigures are the figures that have no field of their own, each a fact.
func (r *reading) namedFigures(s subject, path string, figures []registry.NamedFigure) []Fact {
	var out []Fact
	for i, f := range figures {
		v := r.value(r.figure(f.Figure, ""))
		if f.Country != "" {
			v.Note = r.orCode("country", f.Country)
		}
		out = append(out, r.fact(s, "measure."+string(f.Measure), fmt.Sprintf("%s/%d", path, i), v))
	}
	return out
}

// placeFact says where a thing is: the unit that the gazetteer found, the source's own spelling, and how the two met.
func (r *reading) placeFact(s subject, labelKey, path string, p *registry.WrittenPlace) Fact {
	if p == nil {
		return r.fact(s, labelKey, path)
	}
	values, note := r.placeValues(s.Stored.Resolution(path), p)
	f := r.fact(s, labelKey, path, values...)
	f.Note = note
	return f
}

// placeValues are a written place's unit and localities, with a note on how the name was read.
func (r *reading) placeValues(found registry.Resolution, p *registry.WrittenPlace) (values []Value, note string) {
	for _, l := range p.Localities {
		values = append(values, r.value(r.say("locality_named."+string(l.Kind), args{"Name": l.Name})))
	}
	written := cmp.Or(p.AsWritten, p.Name)
	switch {
	case p.Country != "":
		return append(values, r.value(r.say("place.abroad", args{"Name": p.Name, "Country": r.orCode("country", p.Country)}))), ""
	case p.Level == registry.LevelCountry:
		return append(values, Value{Link: r.placeLink(registry.Country)}), ""
	case found.Match.Located():
		unit := r.placeLink(found.Code)
		values = append(values, Value{Link: unit})
		place, ok := r.gaz.Place(found.Code)
		switch {
		case found.Similar: // accepted by likeness alone, and a reader must know
			note = r.say("match_note.similar", args{"Written": isolated(written)})
		case ok && !strings.Contains(strings.ToLower(written), strings.ToLower(place.NameFR)):
			note = r.say("match_note."+string(found.Match), args{"Written": isolated(written)})
		}
		return values, note
	default:
		return append(values, r.value(written)), r.say("match_note."+string(found.Match), args{"Written": isolated(written)})
	}
}

// isolated sets a text of any script apart from the sentence it stands in, so that neither reorders the other (UAX #9).
func isolated(text string) string { return "\u2068" + text + "\u2069" }

// precision says how precisely a site's place is known.
func precision(s registry.Stored, site *registry.Site, gaz interface {
	Place(registry.PlaceCode) (registry.Place, bool)
}) registry.Precision {
	if site.Position != nil {
		return site.Position.Precision
	}
	found := s.Resolution("/place")
	if !found.Match.Located() {
		return registry.PrecisionNone
	}
	place, _ := gaz.Place(found.Code)
	switch place.Level {
	case registry.LevelCountry:
		return registry.PrecisionCountry
	case registry.LevelRegion:
		return registry.PrecisionRegion
	case registry.LevelProvince:
		return registry.PrecisionProvince
	default:
		return registry.PrecisionCommune
	}
}
