package registry

import (
	"slices"
	"strconv"
)

// refs collects references of one record.
type refs []Reference

func (r *refs) add(pointer string, to ID, types ...Type) {
	if to != "" {
		*r = append(*r, Reference{Pointer: pointer, To: to, Types: types})
	}
}

func (r *refs) parties(parties []Party) {
	for i, p := range parties {
		r.add(at("parties", i, "organisation"), p.Organisation, TypeOrganisation)
	}
}

// statements adds the sources that h's statements name.
func (r *refs) statements(h *Header) []Reference {
	*r = slices.Grow(*r, len(h.Statements))
	for i, s := range h.Statements {
		pointer := ""
		if i < len(sourcePointers) {
			pointer = sourcePointers[i]
		} else {
			pointer = at("statements", i, "source")
		}
		r.add(pointer, s.Source, ofSource...)
	}
	return *r
}

// ofSource is shared by all of them: nobody changes what a reference may point at.
var ofSource = []Type{TypeSource}

// sourcePointers are where the sources of a record's first statements stand: of nearly all, and an import asks for them again and again.
var sourcePointers = func() (pointers [32]string) {
	for i := range pointers {
		pointers[i] = at("statements", i, "source")
	}
	return pointers
}()

// at joins a JSON pointer from names and indexes.
func at(parts ...any) string {
	p := make([]byte, 0, 64)
	for _, x := range parts {
		p = append(p, '/')
		switch x := x.(type) {
		case int:
			p = strconv.AppendInt(p, int64(x), 10)
		case string:
			p = append(p, x...)
		}
	}
	return string(p)
}

// References implements Record.
func (s *Source) References() []Reference {
	var r refs
	r.add("/publisher", s.Publisher, TypeOrganisation)
	return r.statements(&s.Header)
}

// References implements Record.
func (o *Organisation) References() []Reference {
	var r refs
	r.add("/parent", o.Parent, TypeOrganisation)
	return r.statements(&o.Header)
}

// References implements Record.
func (p *Programme) References() []Reference {
	var r refs
	r.parties(p.Parties)
	return r.statements(&p.Header)
}

// References implements Record.
func (a *Agreement) References() []Reference {
	var r refs
	for i, l := range a.Programmes {
		r.add(at("programmes", i, "programme"), l.Programme, TypeProgramme)
	}
	r.parties(a.Parties)
	for i, o := range a.Obligations {
		r.add(at("obligations", i, "organisation"), o.Organisation, TypeOrganisation)
	}
	for i, c := range a.Contributions {
		r.add(at("contributions", i, "organisation"), c.Organisation, TypeOrganisation)
	}
	return r.statements(&a.Header)
}

// References implements Record.
func (a *Amendment) References() []Reference {
	var r refs
	r.add("/target", a.Target, TypeAgreement)
	for i, c := range a.Sets {
		if c.Record != a.Target {
			r.add(at("sets", i, "record"), c.Record, TypeSite)
		}
	}
	r.parties(a.Parties)
	return r.statements(&a.Header)
}

// References implements Record.
func (s *Site) References() []Reference {
	var r refs
	for i, id := range s.Agreements {
		r.add(at("agreements", i), id, TypeAgreement)
	}
	return r.statements(&s.Header)
}

// References implements Record.
func (e *Event) References() []Reference {
	var r refs
	r.parties(e.Parties)
	for i, id := range e.Agreements {
		r.add(at("agreements", i), id, TypeAgreement)
	}
	for i, id := range e.Programmes {
		r.add(at("programmes", i), id, TypeProgramme)
	}
	return r.statements(&e.Header)
}

// References implements Record.
func (a *Announcement) References() []Reference {
	var r refs
	r.parties(a.Parties)
	for i, id := range a.Lists {
		r.add(at("lists", i), id, TypeAgreement, TypeAmendment)
	}
	return r.statements(&a.Header)
}

// places keeps the places that are there.
func places(candidates ...PlaceAt) []PlaceAt {
	return slices.DeleteFunc(candidates, func(p PlaceAt) bool { return p.Place == nil })
}

// WrittenPlaces implements Record.
func (s *Source) WrittenPlaces() []PlaceAt { return nil }

// WrittenPlaces implements Record.
func (o *Organisation) WrittenPlaces() []PlaceAt { return places(PlaceAt{"/place", o.Place}) }

// WrittenPlaces implements Record.
func (p *Programme) WrittenPlaces() []PlaceAt { return places(PlaceAt{"/place", p.Place}) }

// WrittenPlaces implements Record.
func (a *Agreement) WrittenPlaces() []PlaceAt {
	all := []PlaceAt{{"/place", a.Place}}
	for i, c := range a.Components {
		all = append(all, PlaceAt{at("components", i, "place"), c.Place})
	}
	return places(all...)
}

// WrittenPlaces implements Record. An amendment is where its target is.
func (a *Amendment) WrittenPlaces() []PlaceAt { return nil }

// WrittenPlaces implements Record.
func (s *Site) WrittenPlaces() []PlaceAt { return places(PlaceAt{"/place", s.Place}) }

// WrittenPlaces implements Record.
func (e *Event) WrittenPlaces() []PlaceAt {
	var all []PlaceAt
	for i, o := range e.Occurrences {
		all = append(all, PlaceAt{at("occurrences", i, "place"), o.Place})
	}
	return places(all...)
}

// WrittenPlaces implements Record.
func (a *Announcement) WrittenPlaces() []PlaceAt { return places(PlaceAt{"/place", a.Place}) }
