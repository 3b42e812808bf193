package search

import (
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// Field is a text of a record that is searched, with the name of what it is.
type Field struct {
	Name   string // "titles", "names", "parties", "place", … as the records' JSON has them
	Text   string
	Lang   string // empty when the record doesn't say
	weight float64
}

// What a word weighs by where it stands. A name says what a record is; a party or a place only that it has to do with it.
const (
	weightName   = 3.0
	weightPlace  = 2.0
	weightParty  = 1.5
	weightKind   = 1.2
	weightObject = 1.0
)

// Names gives an organisation's names, nil when it isn't known.
type Names func(registry.ID) registry.Texts

// Fields are the texts by which a record is found, the weightiest first. A party is found by every name of its organisation,
// whatever the source calls it.
func Fields(r registry.Record, names Names) (fields []Field) {
	texts := func(name string, weight float64, all ...registry.Texts) {
		for _, t := range all {
			for _, x := range t {
				fields = append(fields, Field{name, x.Text, x.Lang, weight})
			}
		}
	}
	plain := func(name string, weight float64, all ...string) {
		for _, x := range all {
			if x != "" {
				fields = append(fields, Field{Name: name, Text: x, weight: weight})
			}
		}
	}
	parties := func(all []registry.Party) {
		for _, p := range all {
			plain("parties", weightParty, p.NameAsWritten, p.Representative)
			texts("parties", weightParty, names(p.Organisation))
		}
	}
	switch r := r.(type) {
	case *registry.Source:
		texts("titles", weightName, r.Titles)
		texts("publisher", weightParty, names(r.Publisher))
	case *registry.Organisation:
		texts("names", weightName, r.Names)
		plain("acronym", weightName, r.Acronym)
	case *registry.Programme:
		texts("titles", weightName, r.Titles)
		parties(r.Parties)
		texts("object", weightObject, r.Object)
		for _, a := range r.Axes {
			texts("axes", weightObject, a.Titles)
		}
		for _, p := range r.Phases {
			texts("phases", weightObject, p.Titles)
		}
	case *registry.Agreement:
		texts("titles", weightName, r.Titles)
		plain("reference", weightName, r.Reference)
		parties(r.Parties)
		texts("object", weightObject, r.Object)
		for _, c := range r.Components {
			texts("components", weightObject, c.Titles)
		}
		for _, o := range r.Obligations {
			texts("obligations", weightObject, o.Text)
		}
	case *registry.Amendment:
		texts("titles", weightName, r.Titles)
		parties(r.Parties)
		texts("object", weightObject, r.Object)
	case *registry.Site:
		texts("names", weightName, r.Names)
	case *registry.Event:
		texts("titles", weightName, r.Titles)
		parties(r.Parties)
		plain("along_with", weightObject, r.AlongWith...)
	case *registry.Announcement:
		texts("titles", weightName, r.Titles)
		parties(r.Parties)
	}
	for _, p := range r.WrittenPlaces() {
		plain("place", weightPlace, p.Place.AsWritten)
		for _, l := range p.Place.Localities {
			plain("place", weightPlace, l.Name)
		}
	}
	return fields
}

// Code is a member of a closed set, as the catalogs label it: {"trade", "pottery"}.
type Code struct{ Set, Code string }

// field is the field of the records that holds members of the code's set.
func (c Code) field() string {
	switch c.Set {
	case "work", "trade":
		return c.Set + "s"
	case "utility":
		return "utilities"
	}
	return "kind"
}

// token stands for a code in the word index; nobody types it.
func (c Code) token() string { return strings.ReplaceAll("code"+c.Set+c.Code, "_", "") }

// Codes are the codes by which a record is found: its type and kind, its works, trades and utilities.
func Codes(r registry.Record) []Code {
	codes := []Code{{"type", string(r.Head().Type)}}
	switch r := r.(type) {
	case *registry.Organisation:
		codes = append(codes, Code{"organisation_kind", string(r.Kind)})
	case *registry.Agreement:
		codes = append(codes, Code{"agreement_kind", string(r.Kind)})
		codes = addCodes(codes, "trade", r.Trades)
	case *registry.Site:
		codes = append(codes, Code{"site_kind", string(r.Kind)})
		codes = addCodes(codes, "work", r.Works)
		codes = addCodes(codes, "utility", r.Utilities)
		codes = addCodes(codes, "trade", r.Trades)
	case *registry.Event:
		codes = append(codes, Code{"event_kind", string(r.Kind)})
	}
	return codes
}

func addCodes[T ~string](codes []Code, set string, all []T) []Code {
	for _, c := range all {
		codes = append(codes, Code{set, string(c)})
	}
	return codes
}

// Forms remembers the forms of words as they are written, for records that are indexed together: they share most of their words.
type Forms map[string][]string

// of are the forms of a word; none when it folds to nothing.
func (f Forms) of(written string) []string {
	known, ok := f[written]
	if !ok {
		if folded := foldWord(written); folded != "" {
			known = forms(folded)
		}
		f[written] = known
	}
	return known
}

// IndexWords are what the store's word index holds of a record: every form of every word of its fields, and its codes.
func (f Forms) IndexWords(r registry.Record, names Names) (out []string) {
	seen := map[string]bool{}
	add := func(w string) {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	for _, field := range Fields(r, names) {
		eachWord(field.Text, func(start, end int) {
			for _, form := range f.of(field.Text[start:end]) {
				add(form)
			}
		})
	}
	for _, c := range Codes(r) {
		add(c.token())
	}
	return slices.Clip(out)
}
