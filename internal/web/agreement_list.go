package web

import (
	"strconv"

	"mithaq/internal/edtf"
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

// yearsBetween are the years that a date between two days may be in, as far as both are known.
func yearsBetween(from, to edtf.Day) (years []string) {
	if from == "" || to == "" {
		return nil
	}
	first, _ := strconv.Atoi(string(from[:4])) // a day always begins with four digits
	last, _ := strconv.Atoi(string(to[:4]))
	for y := first; y <= last; y++ {
		years = append(years, year(y))
	}
	return years
}

func (r *reading) agreementListView() (AgreementListView, error) {
	all, err := r.everything()
	if err != nil {
		return AgreementListView{}, err
	}
	table := all.agreementsOn(r.day)
	n := table.narrow(r.q, r.day, agreementListRows)
	if err := r.knowChoices(n.facetCounts); err != nil {
		return AgreementListView{}, err
	}
	v := AgreementListView{Filters: r.filtersOf(agreementFilters, r.q, n.facetCounts), Total: r.count(agreementFilters.counted, n.left)}
	if r.asOf {
		v.AsOfText = r.say("as_of.shown", args{"Day": r.sayDay(r.day)})
	}
	v.listPage = r.pageOf(table, r.q, n)
	found, err := r.store.RecordsByID(r.ctx, table.idsOf(n.rows))
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
