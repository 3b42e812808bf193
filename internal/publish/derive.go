package publish

import (
	"slices"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// derived computes everything that is read of a record beside its body.
func (b *batch) derived(x registry.Stored) (registry.Derived, error) {
	s := b.publication
	x.Places = s.resolveAll(x.Record)
	d := registry.Derived{Record: x.ID(), Counted: registry.CountedAs(x.Record, x.Places), Places: x.Places}
	for _, p := range x.Record.WrittenPlaces() {
		res := x.Resolution(p.Pointer)
		d.Own = addUnit(d.Own, res.Code)
		d.Touches = s.addUnits(d.Touches, res.Code, p.Place.Within)
	}
	maker := feature.Maker{Places: s.Places, Spot: func(code registry.PlaceCode) (feature.Spot, bool, error) { return s.spot(b.ctx, b.boundaries, code) }, Resolve: s.resolve}
	var err error
	switch r := x.Record.(type) {
	case *registry.Site:
		if d.Features, err = maker.Site(x, b.changes(r.Agreements)); err != nil {
			return d, err
		}
	case *registry.Agreement:
		sites := b.sites[r.ID]
		for i := range sites {
			sites[i].Places = s.resolveAll(sites[i].Record)
			p := sites[i].Record.(*registry.Site).Place
			if p != nil {
				d.Touches = s.addUnits(d.Touches, sites[i].Resolution("/place").Code, p.Within)
			}
		}
		if d.Features, err = maker.Agreement(x, sites, b.changes([]registry.ID{r.ID})); err != nil {
			return d, err
		}
		if r.Scope == registry.ScopeCountry {
			d.Own = addUnit(d.Own, registry.Country)
		}
	case *registry.Programme:
		if r.Scope == registry.ScopeCountry {
			d.Own = addUnit(d.Own, registry.Country)
		}
	case *registry.Amendment:
		d.Touches = b.touchesOf(d.Touches, r.Target)
		f, err := maker.Amendment(x, d.Touches)
		if err != nil {
			return d, err
		}
		d.Features = []registry.Feature{f}
	case *registry.Event:
		if len(d.Touches) == 0 { // an event without a place of its own is where its agreements are
			for _, id := range r.Agreements {
				d.Touches = b.touchesOf(d.Touches, id)
			}
		}
	case *registry.Organisation:
		d.Own, d.Touches = nil, nil // an organisation's seat isn't where it acts
	}
	for _, f := range d.Features { // an amendment may have moved it, or a site of it
		for _, code := range f.Places {
			d.Touches = addUnit(d.Touches, code)
		}
	}
	d.Search = b.forms.IndexWords(x.Record, b.names)
	return d, nil
}

// touchesOf adds what agreement id touches: its own places and its sites'.
func (b *batch) touchesOf(touches []registry.PlaceCode, id registry.ID) []registry.PlaceCode {
	around := slices.Clone(b.sites[id])
	if a, ok := b.agreements[id]; ok {
		around = append(around, a)
	}
	for _, x := range around {
		for _, p := range x.Record.WrittenPlaces() {
			touches = b.publication.addUnits(touches, b.publication.resolve(p.Place).Code, p.Place.Within)
		}
	}
	return touches
}

// changes are the amendments of agreements, in no order.
func (b *batch) changes(agreements []registry.ID) (out []feature.Change) {
	for i, id := range agreements {
		if !slices.Contains(agreements[:i], id) {
			out = append(out, b.amendments[id]...)
		}
	}
	return out
}

// resolveAll asks the gazetteer for every written place of a record.
func (s *publication) resolveAll(r registry.Record) (out []registry.PlacedAt) {
	for _, p := range r.WrittenPlaces() {
		out = append(out, registry.PlacedAt{Pointer: p.Pointer, Resolution: s.resolve(p.Place)})
	}
	return out
}

// addUnits adds a unit and those above it; where the place wasn't found, the units of its context.
func (s *publication) addUnits(list []registry.PlaceCode, code, within registry.PlaceCode) []registry.PlaceCode {
	if code == "" {
		code = within
	}
	list = addUnit(list, code)
	for _, u := range s.Places.Ancestors(code) {
		list = addUnit(list, u.Code)
	}
	return list
}

func addUnit(list []registry.PlaceCode, code registry.PlaceCode) []registry.PlaceCode {
	if code == "" || slices.Contains(list, code) {
		return list
	}
	return append(list, code)
}
