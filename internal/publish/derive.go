package publish

import (
	"context"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
	"mithaq/internal/search"
)

// touched lists the records whose derived rows depend on the changed ones: an agreement's on its sites and amendments, a site's on the
// amendments of its agreements, a party's agreement on the names of its organisation, and so on.
func (s *publication) touched(ctx context.Context, changed []registry.Record) ([]registry.ID, error) {
	ids := map[registry.ID]bool{}
	agreements := map[registry.ID]bool{}
	var organisations []registry.ID
	for _, r := range changed {
		ids[r.Head().ID] = true
		if r.Head().Type == registry.TypeOrganisation {
			organisations = append(organisations, r.Head().ID)
		}
		if r.Head().Type == registry.TypeAgreement {
			agreements[r.Head().ID] = true
		}
		for _, ref := range r.References() {
			if slices.Contains(ref.Types, registry.TypeAgreement) {
				agreements[ref.To] = true
			}
		}
	}
	var around []registry.ID
	for id := range agreements {
		around = append(around, id)
		ids[id] = true
	}
	if len(around) > 0 {
		found, err := s.w.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeSite, registry.TypeAmendment, registry.TypeEvent}, PointsTo: around})
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			ids[x.ID()] = true
		}
	}
	if len(organisations) > 0 {
		found, err := s.w.Records(ctx, registry.RecordQuery{PointsTo: organisations})
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			ids[x.ID()] = true
		}
	}
	out := make([]registry.ID, 0, len(ids))
	for id := range ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out, nil
}

// derive writes the derived rows of records: sites first, then agreements, which look at their sites, then what looks at agreements.
func (s *publication) derive(ctx context.Context, ids []registry.ID, progress func(done, total int)) error {
	records, err := s.w.RecordsByID(ctx, ids)
	if err != nil {
		return err
	}
	order := []registry.Type{registry.TypeSite, registry.TypeAgreement}
	slices.SortStableFunc(records, func(a, b registry.Stored) int {
		rank := func(x registry.Stored) int {
			if i := slices.Index(order, x.Record.Head().Type); i >= 0 {
				return i
			}
			return len(order)
		}
		return rank(a) - rank(b)
	})
	for i, x := range records {
		d, err := s.derived(ctx, x)
		if err != nil {
			return err
		}
		if err := s.w.Derive(ctx, d); err != nil {
			return err
		}
		if progress != nil {
			progress(i+1, len(records))
		}
	}
	return nil
}

// derived computes everything that is read of a record beside its body.
func (s *publication) derived(ctx context.Context, x registry.Stored) (registry.Derived, error) {
	d := registry.Derived{Record: x.ID()}
	x.Places = s.resolveAll(x.Record)
	d.Places = x.Places
	for _, p := range x.Record.WrittenPlaces() {
		res := x.Resolution(p.Pointer)
		d.Own = addUnit(d.Own, res.Code)
		d.Touches = s.addUnits(d.Touches, res.Code, p.Place.Within)
	}
	maker := feature.Maker{Places: s.Places, Spot: func(code registry.PlaceCode) (feature.Spot, bool, error) { return s.spot(ctx, code) }, Resolve: s.resolve}
	var err error
	switch r := x.Record.(type) {
	case *registry.Site:
		changes, err := s.changes(ctx, r.Agreements)
		if err != nil {
			return d, err
		}
		if d.Features, err = maker.Site(x, changes); err != nil {
			return d, err
		}
	case *registry.Agreement:
		sites, err := s.w.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeSite}, PointsTo: []registry.ID{r.ID}})
		if err != nil {
			return d, err
		}
		slices.SortFunc(sites, func(a, b registry.Stored) int { return strings.Compare(string(a.ID()), string(b.ID())) })
		for i := range sites {
			sites[i].Places = s.resolveAll(sites[i].Record)
			p := sites[i].Record.(*registry.Site).Place
			if p != nil {
				d.Touches = s.addUnits(d.Touches, sites[i].Resolution("/place").Code, p.Within)
			}
		}
		changes, err := s.changes(ctx, []registry.ID{r.ID})
		if err != nil {
			return d, err
		}
		if d.Features, err = maker.Agreement(x, sites, changes); err != nil {
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
		if d.Touches, err = s.touchesOf(ctx, d.Touches, r.Target); err != nil {
			return d, err
		}
		f, err := maker.Amendment(x, d.Touches)
		if err != nil {
			return d, err
		}
		d.Features = []registry.Feature{f}
	case *registry.Event:
		if len(d.Touches) == 0 { // an event without a place of its own is where its agreements are
			for _, id := range r.Agreements {
				if d.Touches, err = s.touchesOf(ctx, d.Touches, id); err != nil {
					return d, err
				}
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
	if err != nil {
		return d, err
	}
	d.Search, err = s.words(ctx, x.Record)
	return d, err
}

// words are what a record is found by; the names of the organisations that it points at are among them.
func (s *publication) words(ctx context.Context, r registry.Record) ([]string, error) {
	var ids []registry.ID
	for _, ref := range r.References() {
		if slices.Contains(ref.Types, registry.TypeOrganisation) {
			ids = append(ids, ref.To)
		}
	}
	organisations, err := s.w.RecordsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	return search.IndexWords(r, search.NamesOf(organisations)), nil
}

// touchesOf adds what agreement id touches: its own places and its sites'.
func (s *publication) touchesOf(ctx context.Context, touches []registry.PlaceCode, id registry.ID) ([]registry.PlaceCode, error) {
	a, err := s.w.Record(ctx, id)
	if err != nil {
		return nil, err
	}
	sites, err := s.w.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeSite}, PointsTo: []registry.ID{id}})
	if err != nil {
		return nil, err
	}
	for _, x := range append(sites, a) {
		for _, p := range x.Record.WrittenPlaces() {
			touches = s.addUnits(touches, s.resolve(p.Place).Code, p.Place.Within)
		}
	}
	return touches, nil
}

// changes are the amendments of agreements, in no order.
func (s *publication) changes(ctx context.Context, agreements []registry.ID) ([]feature.Change, error) {
	if len(agreements) == 0 {
		return nil, nil
	}
	found, err := s.w.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}, PointsTo: agreements})
	if err != nil {
		return nil, err
	}
	var out []feature.Change
	for _, x := range found {
		out = append(out, feature.Change{Amendment: x.Record.(*registry.Amendment), Updated: x.Updated})
	}
	return out, nil
}

// resolveAll asks the gazetteer for every written place of a record.
func (s *publication) resolveAll(r registry.Record) (out []registry.PlacedAt) {
	for _, p := range r.WrittenPlaces() {
		out = append(out, registry.PlacedAt{Pointer: p.Pointer, Resolution: s.resolve(p.Place)})
	}
	return out
}

// resolve is the gazetteer's answer, or a person's. A place abroad and the country itself are no unit of the gazetteer.
func (s *publication) resolve(p *registry.WrittenPlace) registry.Resolution {
	switch {
	case p.Confirmed != nil:
		return registry.Resolution{Match: registry.MatchConfirmed, Code: p.Confirmed.Code, Score: 1}
	case p.Country != "" || p.Level == registry.LevelCountry:
		return registry.Resolution{Match: registry.MatchNone}
	default:
		return s.Places.Resolve(gazetteer.Written{Name: p.Name, Level: p.Level, Within: p.Within})
	}
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

// spot is where something known to be in a unit is drawn, by the boundary that the registry holds.
func (s *publication) spot(ctx context.Context, code registry.PlaceCode) (feature.Spot, bool, error) {
	if spot, ok := s.spots[code]; ok {
		return spot, true, nil
	}
	boundary, err := s.boundary(ctx, code)
	if err != nil || boundary == nil {
		return feature.Spot{}, false, err
	}
	unit, _ := s.Places.Place(code)
	spot := feature.SpotIn(unit.Label, boundary)
	s.spots[code] = spot
	return spot, true, nil
}

// boundary is a unit's boundary at the finest detail; nil when it has none.
func (s *publication) boundary(ctx context.Context, code registry.PlaceCode) (boundary orb.MultiPolygon, err error) {
	unit, _ := s.Places.Place(code)
	collection := feature.BoundaryCollection(unit.Level)
	if collection == "" {
		return nil, nil
	}
	q := registry.FeatureQuery{Collection: collection, Detail: string(gazetteer.DetailHigh), Day: "0000-01-01", ID: string(code)}
	err = s.boundaries.EachFeature(ctx, q, func(f registry.Feature) error {
		boundary, _ = f.Geometry.(orb.MultiPolygon)
		return nil
	})
	return boundary, err
}
