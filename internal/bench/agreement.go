package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// agreement gives agreement n, counted from 0, with its sites, after the source that they rest on and before what changes them.
func (g *Generator) agreement(n int) (records []registry.Record) {
	source := registry.ID(fmt.Sprintf("synthetic-source-%05d", n/agreementsOfSource+1))
	if n%agreementsOfSource == 0 {
		records = append(records, g.source(source, fmt.Sprintf("Source fictive %d du registre d’essai", n/agreementsOfSource+1)))
	}
	r := random(ofAgreement, n)
	in := g.provinces[pick(r, g.people)]
	id := registry.ID(fmt.Sprintf("synthetic-agreement-%06d", n+1))
	signed := date(r, 2010, 2024)
	a := &registry.Agreement{
		Kind: registry.AgreementKinds[r.IntN(len(registry.AgreementKinds))], Documentation: registry.Documented, Scope: registry.ScopeProvince, Place: in.place,
		Titles: titles(
			fmt.Sprintf("Accord fictif %d sur l’artisanat, %s", n+1, in.NameFR),
			fmt.Sprintf("اتفاقية وهمية رقم %d حول الصناعة التقليدية، %s", n+1, in.NameAR),
			fmt.Sprintf("Fictitious agreement %d on crafts, %s", n+1, in.NameFR)),
		Parties: []registry.Party{
			{Organisation: nationalID(r.IntN(nationalOrganisation)), Role: registry.RoleLead, NameAsWritten: "organisation fictive nationale"},
			{Organisation: provincialID(in), Role: registry.RolePartner, NameAsWritten: "organisation fictive de " + in.NameFR},
			{Role: registry.RoleBeneficiary, NameAsWritten: "artisans fictifs"},
		},
	}
	paths := []string{"/kind", "/scope", "/parties"}
	if a.Place != nil {
		paths = append(paths, "/place")
	}
	if r.IntN(2) == 0 {
		a.Programmes = []registry.ProgrammeLink{{Programme: programmeID(r.IntN(programmes))}}
	}
	if r.IntN(10) > 0 {
		a.Steps, paths = []registry.Step{{Kind: registry.StepSigned, Date: signed}}, append(paths, "/steps")
	}
	if a.Trades = some(r, registry.Trades, 2); a.Trades != nil {
		paths = append(paths, "/trades")
	}
	a.Header = g.head(registry.TypeAgreement, id, source, paths...)
	records = append(records, a)

	var first *registry.Site
	for i := n * sitesOfAgreement; i < min(g.sites, (n+1)*sitesOfAgreement); i++ {
		site := g.site(i, in, id, source)
		if records = append(records, site); first == nil {
			first = site
		}
	}
	if n%agreementsOfChange == 0 {
		records = append(records, g.amendment(n, id, first.ID, source))
	}
	if n%agreementsOfEvent == 0 {
		records = append(records, g.event(n, in, id, source))
	}
	return records
}

// siteKind is how often a kind of site occurs and what it is called.
type siteKind struct {
	kind       registry.SiteKind
	fr, ar, en string
}

var siteKinds = []siteKind{
	{registry.CraftZone, "zone d’artisanat", "منطقة للصناعة التقليدية", "craft zone"},
	{registry.CraftMarket, "marché d’artisanat", "سوق للصناعة التقليدية", "craft market"},
	{registry.CraftComplex, "complexe d’artisanat", "مركب للصناعة التقليدية", "craft complex"},
	{registry.ExhibitionSpace, "espace d’exposition", "فضاء للعرض", "exhibition space"},
	{registry.TrainingCentre, "centre de formation", "مركز للتكوين", "training centre"},
	{registry.SocialEconomyHouse, "maison de l’économie sociale", "دار الاقتصاد الاجتماعي", "house of the social economy"},
	{registry.PublicSpace, "espace public", "فضاء عمومي", "public space"},
	{registry.OtherSite, "autre lieu", "موقع آخر", "other place"},
}

// kindWeights and statusWeights say how often each occurs, cumulated; the order of the statuses is registry.SiteStatuses'.
var (
	kindWeights   = []int{30, 50, 65, 75, 87, 93, 98, 100}
	statusWeights = []int{10, 30, 50, 85, 90, 100}
)

// site is site i, counted from 0, of an agreement in a province.
func (g *Generator) site(i int, in province, agreement, source registry.ID) *registry.Site {
	r := random(ofSite, i)
	at := in.communes[pick(r, in.people)]
	kind := siteKinds[pick(r, kindWeights)]
	number := i%sitesOfAgreement + 1
	paths := []string{"/kind", "/place", "/position"}
	s := &registry.Site{
		Kind: kind.kind, Place: written(at.Place, in.Code), Status: registry.SiteStatuses[pick(r, statusWeights)], Agreements: []registry.ID{agreement},
		Position: &registry.Position{Geometry: registry.Geometry{Geometry: at.area.point(r)}, Precision: registry.PrecisionPoint},
	}
	en := ""
	if r.IntN(2) == 0 {
		en = fmt.Sprintf("Fictitious site no. %d: %s, %s", number, kind.en, at.NameFR)
	}
	s.Names = titles(fmt.Sprintf("Site fictif no %d : %s, %s", number, kind.fr, at.NameFR), fmt.Sprintf("موقع وهمي رقم %d: %s، %s", number, kind.ar, at.NameAR), en)
	if r.IntN(3) == 0 {
		u := registry.Whole(int64(5 * (1 + r.IntN(40))))
		s.Position.UncertaintyM = &u
	}
	if r.IntN(5) == 0 {
		s.Place.Localities = []registry.Locality{{Kind: registry.LocalityDouar, Name: fmt.Sprintf("Douar fictif %d", 1+r.IntN(99))}}
	}
	if s.Status != registry.StatusUnknown {
		paths = append(paths, "/status")
		if r.IntN(2) == 0 {
			s.StatusDate, paths = date(r, 2012, 2025), append(paths, "/status_date")
		}
	}
	switch r.IntN(10) {
	case 0, 1, 2, 3, 4, 5:
		s.Surface.Total = figure(r, registry.SquareMetre, 100, 200)
	case 6, 7:
		s.Surface.Plot, s.Surface.Covered = figure(r, registry.SquareMetre, 500, 100), figure(r, registry.SquareMetre, 50, 200)
	}
	if s.Surface != (registry.Surface{}) {
		paths = append(paths, "/surface")
	}
	if r.IntN(10) < 7 {
		s.Shops.Created = figure(r, registry.Count, 1, 80)
	}
	if r.IntN(4) == 0 {
		s.Shops.Restored = figure(r, registry.Count, 1, 30)
	}
	if s.Shops != (registry.Premises{}) {
		paths = append(paths, "/shops")
	}
	if s.Works = some(r, registry.Works, 3); s.Works != nil {
		paths = append(paths, "/works")
	}
	if s.Utilities = some(r, registry.Utilities, 3); s.Utilities != nil {
		paths = append(paths, "/utilities")
	}
	if s.Trades = some(r, registry.Trades, 4); s.Trades != nil {
		paths = append(paths, "/trades")
	}
	s.Header = g.head(registry.TypeSite, registry.ID(fmt.Sprintf("synthetic-site-%07d", i+1)), source, paths...)
	return s
}

// amendment changes what one site of agreement n has, from a day on.
func (g *Generator) amendment(n int, target, site, source registry.ID) *registry.Amendment {
	r := random(ofAmendment, n)
	more := figure(r, registry.Count, 10, 50)
	value, err := json.Marshal(map[string]any{"value": more.Value, "unit": more.Unit, "qualifier": more.Qualifier}) // in the order that import gives it
	if err != nil {
		panic("bench: " + err.Error()) // a figure can always be written
	}
	return &registry.Amendment{
		Header: g.head(registry.TypeAmendment, registry.ID(fmt.Sprintf("synthetic-amendment-%06d", n+1)), source, "/target", "/number", "/kinds", "/sets", "/effective"),
		Target: target, Number: 1, Kinds: []registry.AmendmentKind{registry.AmendsTechnical}, Effective: day(r, 2024, 2025),
		Titles: titles(fmt.Sprintf("Avenant fictif à l’accord fictif %d", n+1), fmt.Sprintf("ملحق وهمي للاتفاقية الوهمية رقم %d", n+1), ""),
		Sets:   []registry.Change{{Record: site, Path: "/shops/created", Value: value}},
	}
}

// event is a fair under agreement n.
func (g *Generator) event(n int, in province, agreement, source registry.ID) *registry.Event {
	r := random(ofEvent, n)
	return &registry.Event{
		Header: g.head(registry.TypeEvent, registry.ID(fmt.Sprintf("synthetic-event-%06d", n+1)), source, "/kind", "/occurrences"), Kind: registry.EventFair,
		Titles:      titles(fmt.Sprintf("Foire fictive %d, %s", n+1, in.NameFR), fmt.Sprintf("معرض وهمي رقم %d، %s", n+1, in.NameAR), ""),
		Occurrences: []registry.Occurrence{{Date: day(r, 2015, 2025), Place: in.place}}, Agreements: []registry.ID{agreement},
	}
}

// figure is step times 1 to most of a unit.
func figure(r *rand.Rand, unit registry.Unit, step int64, most int) *registry.Figure {
	return &registry.Figure{Value: registry.Whole(step * int64(1+r.IntN(most))), Unit: unit, Qualifier: registry.Qualifiers[pick(r, []int{70, 75, 90, 95, 100})]}
}

// some are up to most members of a set, in its order; nil for none.
func some[T any](r *rand.Rand, set []T, most int) (out []T) {
	want := r.IntN(most + 1)
	for i, x := range set {
		if r.IntN(len(set)-i) < want-len(out) {
			out = append(out, x)
		}
	}
	return out
}

// day is a day of the years from first to last, the last day of its month left out.
func day(r *rand.Rand, first, last int) edtf.Date {
	return edtf.MustParse(fmt.Sprintf("%04d-%02d-%02d", first+r.IntN(last-first+1), 1+r.IntN(12), 1+r.IntN(28)))
}

// date is a day, a month or a year.
func date(r *rand.Rand, first, last int) edtf.Date {
	switch r.IntN(4) {
	case 0:
		return edtf.MustParse(fmt.Sprintf("%04d", first+r.IntN(last-first+1)))
	case 1:
		return edtf.MustParse(fmt.Sprintf("%04d-%02d", first+r.IntN(last-first+1), 1+r.IntN(12)))
	}
	return day(r, first, last)
}
