package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"mithaq/internal/edtf"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// The list of agreements: all of them, narrowed by filters; what isn't known of them is a filter like the others, so that every number that
// the first page tells leads to what it counts.

// agreementListRows is how many agreements a page of the list has.
const agreementListRows = 30

// The parameters of the list that only it has.
const (
	datedParam   = "dated"
	amendedParam = "amended" // whether an amendment is, or may be, in force
)

// agreementFilters are the list's.
var agreementFilters = filterSet{path: "/agreements", words: "agreements", counted: "count.agreements", filters: []filter{
	ofSet("kind", "AgreementKind", "agreement_kind"),
	ofSet("documentation", "Documentation", "documentation"),
	ofYear,
	{param: datedParam, codes: []string{"yes", "no"}, label: func(r *reading, code string) string { return r.say("agreements.dated." + code) }},
	{param: amendedParam, codes: []string{"yes", "no"}, label: func(r *reading, code string) string { return r.say("agreements.amended." + code) }},
	ofPlace(registry.LevelRegion),
	ofPlace(registry.LevelProvince),
	ofPlace(registry.LevelCommune),
	ofRecord("party", registry.TypeOrganisation),
	ofRecord("programme", registry.TypeProgramme),
}}

// AgreementListView is the page of the list.
type AgreementListView struct {
	Filters
	listPage
	AsOfText string
	Total    string
	Rows     []AgreementRow
}

// listedAgreement is what the list reads of an agreement.
type listedAgreement struct {
	faceted
	last edtf.Day // the last day on which it may have been signed; empty when nobody tells
}

// yearsOf are the years that a date may be in, as far as both its ends are known.
func yearsOf(d edtf.Date) (years []string) {
	from, begun := d.Earliest()
	to, ended := d.Latest()
	if !begun || !ended {
		return nil
	}
	first, _ := strconv.Atoi(string(from[:4])) // a day always begins with four digits
	last, _ := strconv.Atoi(string(to[:4]))
	for y := first; y <= last; y++ {
		years = append(years, year(y))
	}
	return years
}

// listedAgreements reads what the features tell of every agreement as it stands on the page's day: the newest signature first, those that
// nobody dates last.
func (r *reading) listedAgreements() (all []*listedAgreement, err error) {
	err = r.store.EachFeature(r.ctx, registry.FeatureQuery{Collection: feature.Agreements, Day: r.day}, func(f registry.Feature) error {
		var body struct {
			Properties struct {
				Kind          string        `json:"kind"`
				Documentation string        `json:"documentation"`
				Signed        string        `json:"signed"`
				Communes      []string      `json:"commune_codes"`
				Provinces     []string      `json:"province_codes"`
				Regions       []string      `json:"region_codes"`
				Programmes    []registry.ID `json:"programmes"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(f.JSON, &body); err != nil {
			return fmt.Errorf("feature of agreement %s: %w", f.ID, err)
		}
		p := body.Properties
		a := &listedAgreement{faceted: faceted{registry.ID(f.ID), map[string][]string{
			"kind": {p.Kind}, "documentation": {p.Documentation}, datedParam: {"no"}, amendedParam: {"no"},
			placeParam(registry.LevelCommune): p.Communes, placeParam(registry.LevelProvince): p.Provinces, placeParam(registry.LevelRegion): p.Regions,
		}}}
		if p.Signed != "" {
			signed, err := edtf.Parse(p.Signed)
			if err != nil {
				return fmt.Errorf("signature of agreement %s: %w", f.ID, err)
			}
			a.last, _ = signed.Latest()
			a.values[datedParam], a.values[yearParam] = []string{"yes"}, yearsOf(signed)
		}
		for _, id := range p.Programmes {
			a.values["programme"] = append(a.values["programme"], string(id))
		}
		all = append(all, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b *listedAgreement) int { return cmp.Compare(b.last, a.last) })
	return all, nil
}

// addParties adds the organisations that are parties to an agreement, and gives those of its records whose names are choices.
func (f *faceted) addParties(a *registry.Agreement) (named []registry.ID) {
	for _, p := range a.Parties {
		if p.Organisation != "" {
			f.values["party"] = include(f.values["party"], string(p.Organisation))
			named = append(named, p.Organisation)
		}
	}
	for _, p := range a.Programmes {
		named = append(named, p.Programme)
	}
	return named
}

// around adds the organisations that are parties and whether there are amendments, and loads the names of parties and programmes.
func (r *reading) around(all []*listedAgreement) error {
	var ids, named []registry.ID
	for _, a := range all {
		ids = append(ids, a.id)
	}
	if err := r.know(ids...); err != nil {
		return err
	}
	for _, a := range all {
		if agreement, ok := r.known[a.id].Record.(*registry.Agreement); ok {
			named = append(named, a.addParties(agreement)...)
		}
	}
	amendments, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}})
	if err != nil {
		return err
	}
	amended := map[registry.ID]bool{}
	for _, x := range amendments {
		if a := x.Record.(*registry.Amendment); a.ForceOn(r.day) != registry.ForceNotYet {
			amended[a.Target] = true
		}
	}
	for _, a := range all {
		if amended[a.id] {
			a.values[amendedParam] = []string{"yes"}
		}
	}
	return r.know(named...)
}

func (r *reading) agreementListView() (AgreementListView, error) {
	all, err := r.listedAgreements()
	if err != nil {
		return AgreementListView{}, err
	}
	if err := r.around(all); err != nil {
		return AgreementListView{}, err
	}
	n := narrow(agreementFilters, all, r.q)
	v := AgreementListView{Filters: r.filtersOf(agreementFilters, r.q, n.facetCounts), Total: r.count(agreementFilters.counted, len(n.left))}
	if r.asOf {
		v.AsOfText = r.say("as_of.shown", args{"Day": r.sayDay(r.day)})
	}
	shown, page := pageOf(r, agreementFilters, r.q, n.left, agreementListRows)
	v.listPage = page
	var ids []registry.ID
	for _, a := range shown {
		ids = append(ids, a.id)
	}
	found, err := r.store.RecordsByID(r.ctx, ids)
	if err != nil {
		return AgreementListView{}, err
	}
	views, err := r.agreements(found)
	if err != nil {
		return AgreementListView{}, err
	}
	v.Rows, _ = r.agreementRows(views)
	return v, nil
}
