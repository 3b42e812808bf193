package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/registry"
)

// indexed are the types of record that have a plain list of their own; agreements and sites have filtered ones.
var indexed = []registry.Type{registry.TypeOrganisation, registry.TypeProgramme, registry.TypeEvent, registry.TypeAnnouncement, registry.TypeSource}

// IndexView is the list of all records of a type, by name.
type IndexView struct {
	Title string
	Lead  string
	Rows  []IndexRow
}

// IndexRow is one record of the list.
type IndexRow struct {
	Name Link
	Kind string
	Note string
}

// kindOf is what a record is among those of its type, and a date that tells it apart.
func (r *reading) kindOf(record registry.Record) (kind, note string) {
	switch x := record.(type) {
	case *registry.Organisation:
		return label(r.words, "organisation_kind", x.Kind), x.Acronym
	case *registry.Programme:
		return "", r.date(x.Period)
	case *registry.Event:
		return label(r.words, "event_kind", x.Kind), ""
	case *registry.Source:
		return label(r.words, "source_kind", x.Kind), r.date(x.Published)
	}
	return "", ""
}

func (s *Server) getIndex(t registry.Type) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, err := s.read(c)
		if err != nil {
			return err
		}
		found, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{t}})
		if err != nil {
			return err
		}
		v := IndexView{Title: r.say("index." + string(t)), Lead: r.count("index.lead", len(found))}
		for _, x := range found {
			row := IndexRow{Name: r.linkTo(x.Record)}
			row.Kind, row.Note = r.kindOf(x.Record)
			v.Rows = append(v.Rows, row)
		}
		byName := r.byName()
		slices.SortStableFunc(v.Rows, func(a, b IndexRow) int { return byName(a.Name.Text.Text, b.Name.Text.Text) })
		return s.send(c, r, "index", Page{Title: v.Title, Description: v.Lead, View: v})
	}
}
