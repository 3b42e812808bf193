package registry

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"mithaq/internal/edtf"
)

// Dated is a published record as it stands on a day.
type Dated struct {
	Stored
	// State is the record with the amendments of that day; State.Record, not Stored.Record, is what holds.
	State State
}

// Site is the site as it stands; it panics on another record.
func (d Dated) Site() *Site { return d.State.Record.(*Site) }

// Agreement is the agreement as it stands; it panics on another record.
func (d Dated) Agreement() *Agreement { return d.State.Record.(*Agreement) }

// AmendmentView is an amendment and whether it holds on the day asked.
type AmendmentView struct {
	Stored
	Force Force
}

// Amendment is the record itself.
func (a AmendmentView) Amendment() *Amendment { return a.Record.(*Amendment) }

// AgreementView is an agreement whole, on a day: what changes it, what it builds, what tells of it.
type AgreementView struct {
	Dated
	Day           edtf.Day
	Amendments    []AmendmentView // in the order in which they come into force, undated ones last
	Sites         []Dated
	Events        []Stored
	Announcements []Stored // that list it or one of its amendments
}

// Amended reports whether an amendment is, or may be, in force on the day.
func (v AgreementView) Amended() bool {
	return slices.ContainsFunc(v.Amendments, func(a AmendmentView) bool { return a.Force != ForceNotYet })
}

// AgreementsOn puts together agreements on a day, in the order given. Records are read in one query a kind, not one a record.
func AgreementsOn(ctx context.Context, r Reader, agreements []Stored, day edtf.Day) ([]AgreementView, error) {
	ids := make([]ID, len(agreements))
	for i, a := range agreements {
		ids[i] = a.ID()
	}
	if len(ids) == 0 {
		return nil, nil
	}
	around, err := r.Records(ctx, RecordQuery{Types: []Type{TypeAmendment, TypeSite, TypeEvent, TypeAnnouncement}, PointsTo: ids})
	if err != nil {
		return nil, err
	}
	var amendmentIDs []ID
	for _, x := range around {
		if x.Record.Head().Type == TypeAmendment {
			amendmentIDs = append(amendmentIDs, x.ID())
		}
	}
	if len(amendmentIDs) > 0 {
		more, err := r.Records(ctx, RecordQuery{Types: []Type{TypeAnnouncement}, PointsTo: amendmentIDs})
		if err != nil {
			return nil, err
		}
		for _, x := range more {
			if !slices.ContainsFunc(around, func(y Stored) bool { return y.ID() == x.ID() }) {
				around = append(around, x)
			}
		}
	}
	slices.SortStableFunc(around, func(a, b Stored) int { return cmp.Compare(a.ID(), b.ID()) })
	views := make([]AgreementView, len(agreements))
	for i, a := range agreements {
		if views[i], err = assemble(a, around, day); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// AgreementOn puts one agreement together. Errors: NotFound when id is no agreement.
func AgreementOn(ctx context.Context, r Reader, id ID, day edtf.Day) (AgreementView, error) {
	a, err := RecordOf[*Agreement](ctx, r, id)
	if err != nil {
		return AgreementView{}, err
	}
	views, err := AgreementsOn(ctx, r, []Stored{a}, day)
	if err != nil {
		return AgreementView{}, err
	}
	return views[0], nil
}

// RecordOf reads a record and asks that it be of type T. Errors: NotFound when it is another.
func RecordOf[T Record](ctx context.Context, r Reader, id ID) (Stored, error) {
	x, err := r.Record(ctx, id)
	if err != nil {
		return x, err
	}
	if _, ok := x.Record.(T); !ok {
		return Stored{}, &Error{Code: NotFound, Message: "There is no such record of this kind.", Param: "id", Got: string(id), Takes: "the id of a published record of this kind"}
	}
	return x, nil
}

// assemble picks from around what belongs to agreement a.
func assemble(a Stored, around []Stored, day edtf.Day) (AgreementView, error) {
	v := AgreementView{Day: day}
	var amendments []*Amendment
	for _, x := range around {
		if am, ok := x.Record.(*Amendment); ok && am.Target == a.ID() {
			amendments = append(amendments, am)
			v.Amendments = append(v.Amendments, AmendmentView{Stored: x, Force: am.ForceOn(day)})
		}
	}
	slices.SortStableFunc(v.Amendments, func(a, b AmendmentView) int { return InOrder(a.Amendment(), b.Amendment()) })
	state, err := StateOn(a.Record, amendments, day)
	if err != nil {
		return v, err
	}
	v.Dated = Dated{Stored: a, State: state}
	for _, x := range around {
		switch r := x.Record.(type) {
		case *Site:
			if slices.Contains(r.Agreements, a.ID()) {
				// A site may be under several agreements; only this one's amendments are known here, and only they change it under it.
				state, err := StateOn(r, amendments, day)
				if err != nil {
					return v, err
				}
				v.Sites = append(v.Sites, Dated{Stored: x, State: state})
			}
		case *Event:
			if slices.Contains(r.Agreements, a.ID()) {
				v.Events = append(v.Events, x)
			}
		case *Announcement:
			lists := func(id ID) bool { return slices.Contains(r.Lists, id) }
			if lists(a.ID()) || slices.ContainsFunc(v.Amendments, func(am AmendmentView) bool { return lists(am.ID()) }) {
				v.Announcements = append(v.Announcements, x)
			}
		}
	}
	return v, nil
}

// SitesOn gives sites on a day, with the amendments of all their agreements.
func SitesOn(ctx context.Context, r Reader, sites []Stored, day edtf.Day) ([]Dated, error) {
	var ids []ID
	for _, s := range sites {
		for _, id := range s.Record.(*Site).Agreements {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	var amendments []*Amendment
	if len(ids) > 0 {
		found, err := r.Records(ctx, RecordQuery{Types: []Type{TypeAmendment}, PointsTo: ids})
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			amendments = append(amendments, x.Record.(*Amendment))
		}
	}
	out := make([]Dated, len(sites))
	for i, s := range sites {
		state, err := StateOn(s.Record, amendments, day)
		if err != nil {
			return nil, err
		}
		out[i] = Dated{Stored: s, State: state}
	}
	return out, nil
}

// PlaceView is what is known of a place on a day.
type PlaceView struct {
	Code       PlaceCode
	Day        edtf.Day
	Agreements []AgreementView // that touch it, newest first
	Sites      []Dated         // in it
	Events     []Stored        // in it, or of its agreements
	// Above are agreements, programmes and announcements of the units above it and of the whole country, widest last.
	Above []Stored
}

// PlaceOn reads a place; above are the units that hold it, narrowest first.
func PlaceOn(ctx context.Context, r Reader, code PlaceCode, above []PlaceCode, day edtf.Day) (PlaceView, error) {
	v := PlaceView{Code: code, Day: day}
	agreements, err := r.Records(ctx, RecordQuery{Types: []Type{TypeAgreement}, Reaches: code})
	if err != nil {
		return v, err
	}
	if v.Agreements, err = AgreementsOn(ctx, r, agreements, day); err != nil {
		return v, err
	}
	sites, err := r.Records(ctx, RecordQuery{Types: []Type{TypeSite}, Reaches: code})
	if err != nil {
		return v, err
	}
	if v.Sites, err = SitesOn(ctx, r, sites, day); err != nil {
		return v, err
	}
	slices.SortFunc(v.Sites, func(a, b Dated) int { return cmp.Compare(a.ID(), b.ID()) })
	if v.Events, err = r.Records(ctx, RecordQuery{Types: []Type{TypeEvent}, Reaches: code}); err != nil {
		return v, err
	}
	seen := map[ID]bool{}
	for _, a := range v.Agreements {
		seen[a.ID()] = true
	}
	for _, unit := range append(slices.Clone(above), Country) {
		some, err := r.Records(ctx, RecordQuery{Types: []Type{TypeProgramme, TypeAgreement, TypeAnnouncement}, At: unit})
		if err != nil {
			return v, err
		}
		for _, x := range some {
			if !seen[x.ID()] {
				seen[x.ID()] = true
				v.Above = append(v.Above, x)
			}
		}
	}
	return v, nil
}

// Pointed reads the records that these point at (organisations, sources, programmes …), by id.
func Pointed(ctx context.Context, r Reader, from ...Record) (map[ID]Stored, error) {
	ids := map[ID]bool{}
	for _, x := range from {
		for _, ref := range x.References() {
			ids[ref.To] = true
		}
	}
	found, err := r.RecordsByID(ctx, slices.Sorted(maps.Keys(ids)))
	if err != nil {
		return nil, err
	}
	out := make(map[ID]Stored, len(found))
	for _, x := range found {
		out[x.ID()] = x
	}
	return out, nil
}
