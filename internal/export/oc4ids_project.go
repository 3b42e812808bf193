package export

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// The standard's objects, those members that the registry has something for.
type (
	ocProject struct {
		ID              string             `json:"id"`
		Updated         string             `json:"updated"`
		Language        string             `json:"language,omitempty"`
		Identifiers     []ocIdentifier     `json:"identifiers"`
		Title           string             `json:"title,omitempty"`
		Purpose         string             `json:"purpose,omitempty"`
		Status          string             `json:"status,omitempty"`
		Type            string             `json:"type,omitempty"`
		Sector          []string           `json:"sector,omitempty"`
		Classifications []ocClassification `json:"additionalClassifications,omitempty"`
		Period          *ocPeriod          `json:"period,omitempty"`
		Locations       []ocLocation       `json:"locations,omitempty"`
		Parties         []*ocOrganisation  `json:"parties,omitempty"`
		Budget          *ocBudget          `json:"budget,omitempty"`
		Forecasts       []ocMetric         `json:"forecasts,omitempty"`
		Milestones      []ocMilestone      `json:"milestones,omitempty"`
		Documents       []ocDocument       `json:"documents,omitempty"`
		Own             ocOwn              `json:"mithaq"`
	}
	ocIdentifier struct {
		ID     string `json:"id"`
		Scheme string `json:"scheme"`
	}
	ocClassification struct {
		Scheme      string `json:"scheme"`
		ID          string `json:"id"`
		Description string `json:"description,omitempty"`
	}
	ocPeriod struct {
		Start string `json:"startDate,omitempty"`
		End   string `json:"endDate,omitempty"`
	}
	ocLocation struct {
		ID          string          `json:"id"`
		Description string          `json:"description,omitempty"`
		Geometry    json.RawMessage `json:"geometry,omitempty"`
		Gazetteer   *ocGazetteer    `json:"gazetteer,omitempty"`
		URI         string          `json:"uri"`
		Address     *ocAddress      `json:"address,omitempty"`
	}
	ocGazetteer struct {
		Scheme      string   `json:"scheme"`
		Identifiers []string `json:"identifiers"`
	}
	ocAddress struct {
		Locality string `json:"locality,omitempty"`
		Region   string `json:"region,omitempty"`
	}
	ocReference struct {
		ID   string `json:"id"`
		Name string `json:"name,omitempty"`
	}
	ocOrganisation struct {
		ocReference
		Roles []string `json:"roles"`
	}
	ocValue struct {
		Amount   registry.Decimal `json:"amount"`
		Currency registry.Unit    `json:"currency"`
	}
	ocBudget struct {
		Description string        `json:"description,omitempty"` // the qualifier
		Amount      *ocValue      `json:"amount,omitempty"`
		Breakdowns  []ocBreakdown `json:"budgetBreakdowns"`
		figures     []*registry.Figure
	}
	ocBreakdown struct {
		ID          string   `json:"id"`
		Description string   `json:"description"`
		Parts       []ocPart `json:"budgetBreakdown"`
	}
	ocPart struct {
		ID          string       `json:"id"`
		Description string       `json:"description,omitempty"`
		Amount      *ocValue     `json:"amount,omitempty"`
		Period      *ocPeriod    `json:"period,omitempty"`
		Source      *ocReference `json:"sourceParty,omitempty"`
	}
	ocMetric struct {
		ID           string          `json:"id"`
		Title        string          `json:"title"`
		Observations []ocObservation `json:"observations"`
	}
	ocObservation struct {
		ID      string  `json:"id"`
		Measure string  `json:"measure"`
		Unit    *ocUnit `json:"unit,omitempty"`
		Notes   string  `json:"notes,omitempty"`
	}
	ocUnit struct {
		Scheme string `json:"scheme"`
		ID     string `json:"id"`
		Name   string `json:"name"`
	}
	ocMilestone struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		Type    string `json:"type,omitempty"`
		DateMet string `json:"dateMet,omitempty"`
		Status  string `json:"status"`
	}
	ocDocument struct {
		ID        string `json:"id"`
		Type      string `json:"documentType,omitempty"`
		Title     string `json:"title,omitempty"`
		URL       string `json:"url"`
		Published string `json:"datePublished,omitempty"`
		Format    string `json:"format,omitempty"`
		Language  string `json:"language,omitempty"`
		Author    string `json:"author,omitempty"`
	}
	// ocOwn is what the standard has no place for: every column of the sites as other formats have it, and the agreements' dates and money as written.
	ocOwn struct {
		Sites      []ocSite      `json:"sites"`
		Agreements []ocAgreement `json:"agreements"`
	}
	ocSite struct {
		ID         string          `json:"id"`
		Geometry   json.RawMessage `json:"geometry"`
		Properties json.RawMessage `json:"properties"`
	}
	ocAgreement struct {
		ID            registry.ID             `json:"id"`
		Kind          registry.AgreementKind  `json:"kind"`
		Duration      string                  `json:"duration,omitempty"` // EDTF
		Steps         []ocStep                `json:"steps,omitempty"`
		Contributions []registry.Contribution `json:"contributions,omitempty"`
		// Sites counts those that share the contributions: above one, no project's budget has them.
		Sites      int           `json:"sites"`
		Amendments []registry.ID `json:"amendments,omitempty"` // that are, or may be, in force
	}
	ocStep struct {
		Kind registry.StepKind `json:"kind"`
		Date string            `json:"date,omitempty"` // EDTF
	}
)

// Codes of the standard for our own. A code that has no counterpart has none here: guessing would be inventing.
var (
	ocStatuses = map[string]string{string(registry.StatusAnnounced): "identification", string(registry.StatusPlanned): "preparation",
		string(registry.StatusUnderWorks): "implementation", string(registry.StatusOpen): "maintenance"}
	ocTypes = map[registry.Work]string{registry.WorkCreation: "construction", registry.WorkConstruction: "construction",
		registry.WorkRehabilitation: "rehabilitation", registry.WorkRestoration: "rehabilitation"}
	ocSectors = map[string]string{string(registry.CraftZone): "economy", string(registry.CraftMarket): "economy", string(registry.CraftComplex): "economy",
		string(registry.ExhibitionSpace): "economy", string(registry.SocialEconomyHouse): "economy", string(registry.TrainingCentre): "education",
		string(registry.PublicSpace): "cultureSportsAndRecreation"}
	ocMilestoneTypes = map[registry.StepKind]string{registry.StepApproved: "approval", registry.StepSigned: "approval", registry.StepEndorsed: "approval"}
	// ocPlaced are the precisions whose geometry is where the site is, not where its unit is.
	ocPlaced = []registry.Precision{registry.PrecisionFootprint, registry.PrecisionPoint, registry.PrecisionLocality}
)

// ocFeature is a site's feature, as far as projects read it.
type ocFeature struct {
	ID         string          `json:"id"`
	Geometry   json.RawMessage `json:"geometry"`
	Properties json.RawMessage `json:"properties"`
	site       struct {
		Name         *string             `json:"name"`
		NameAR       *string             `json:"name_ar"`
		NameEN       *string             `json:"name_en"`
		Kind         string              `json:"kind"`
		Commune      *string             `json:"commune_name"`
		Region       *string             `json:"region_name"`
		CommuneCode  *string             `json:"commune_code"`
		ProvinceCode *string             `json:"province_code"`
		RegionCode   *string             `json:"region_code"`
		AsWritten    *string             `json:"place_as_written"`
		Precision    registry.Precision  `json:"location_precision"`
		Surface      json.Number         `json:"surface_m2"`
		SurfaceAs    string              `json:"surface_qualifier"`
		Shops        json.Number         `json:"shops"`
		ShopsAs      string              `json:"shops_qualifier"`
		Works        []registry.Work     `json:"works"`
		Trades       []string            `json:"trades"`
		Status       string              `json:"status"`
		Agreements   []registry.ID       `json:"agreements"`
		Sources      []registry.ID       `json:"sources"`
		Updated      string              `json:"updated"`
		Localities   []registry.Locality `json:"localities"`
	}
}

// readSite reads a site's GeoJSON and keeps nothing of it.
func readSite(text []byte) (x ocFeature, err error) {
	if err = json.Unmarshal(text, &x); err == nil {
		err = json.Unmarshal(x.Properties, &x.site)
	}
	return x, err
}

// address is where the registry serves a record.
func (e *oc4ids) address(t registry.Type, id registry.ID) string {
	return e.d.BaseURL + "/" + t.Plural() + "/" + string(id) + ".json"
}

func (e *oc4ids) project(g ocGroup) ocProject {
	p := ocProject{ID: g.id, Identifiers: []ocIdentifier{{g.id, ownMember}}, Own: ocOwn{Agreements: []ocAgreement{}}}
	status, kind := map[string]bool{}, map[string]bool{}
	for i, s := range g.sites {
		x := s.site
		p.Updated = max(p.Updated, x.Updated) // RFC 3339 in UTC sorts as text
		status[ocStatuses[x.Status]] = true
		for _, w := range x.Works {
			if t := ocTypes[w]; t != "" {
				kind[t] = true
			}
		}
		p.Sector = include(p.Sector, ocSectors[x.Kind])
		p.classify(e.d, "SiteKind", x.Kind)
		for _, t := range x.Trades {
			p.classify(e.d, "Trade", t)
		}
		p.Locations = append(p.Locations, e.location(strconv.Itoa(i+1), s))
		p.forecast(s)
		p.Own.Sites = append(p.Own.Sites, ocSite{s.ID, s.Geometry, s.Properties})
	}
	p.Status, p.Type = only(status), only(kind)
	p.Title, p.Language = siteTitle(g.sites[0])
	if len(g.sites) > 1 || g.id != g.sites[0].ID {
		if t, ok := g.views[0].Agreement().Titles.In("fr"); ok {
			p.Title, p.Language = t.Text, t.Lang
		}
	}
	for _, v := range g.views {
		e.agreement(&p, g, v)
	}
	for _, s := range g.sites {
		for _, id := range s.site.Sources {
			e.source(&p, g, id)
		}
	}
	return p
}

// siteTitle is the first name that a site has, and its language.
func siteTitle(s ocFeature) (title, lang string) {
	for _, x := range []struct {
		name *string
		lang string
	}{{s.site.Name, "fr"}, {s.site.NameAR, "ar"}, {s.site.NameEN, "en"}} {
		if x.name != nil {
			return *x.name, x.lang
		}
	}
	return "", ""
}

// only is the one member of a set; empty when there are several or none.
func only(set map[string]bool) string {
	if len(set) != 1 {
		return ""
	}
	for x := range set {
		return x
	}
	return ""
}

// include adds x unless it is empty or there.
func include[T ~string](list []T, x T) []T {
	if x == "" || slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

func (p *ocProject) classify(d Document, set, code string) {
	c := ocClassification{ownMember + ":" + set, code, d.label(set, code).EN}
	if !slices.Contains(p.Classifications, c) {
		p.Classifications = append(p.Classifications, c)
	}
}

func (e *oc4ids) location(id string, s ocFeature) ocLocation {
	x := s.site
	l := ocLocation{ID: id, URI: e.address(registry.TypeSite, registry.ID(s.ID))}
	var words []string
	if x.AsWritten != nil {
		words = append(words, *x.AsWritten)
	}
	for _, part := range x.Localities {
		words = append(words, part.Name)
	}
	l.Description = strings.Join(words, ", ")
	if slices.Contains(ocPlaced, x.Precision) && string(s.Geometry) != "null" {
		l.Geometry = s.Geometry
	}
	for _, code := range []*string{x.CommuneCode, x.ProvinceCode, x.RegionCode} {
		if code != nil {
			l.Gazetteer = &ocGazetteer{e.d.Gazetteer, []string{*code}}
			break
		}
	}
	if x.Commune != nil || x.Region != nil {
		l.Address = &ocAddress{}
		if x.Commune != nil {
			l.Address.Locality = *x.Commune
		}
		if x.Region != nil {
			l.Address.Region = *x.Region
		}
	}
	return l
}

// forecast adds what a site is to be: all figures are what agreements promise.
func (p *ocProject) forecast(s ocFeature) {
	for _, f := range []struct {
		id, title, qualifier string
		value                json.Number
		unit                 *ocUnit
	}{
		{"surface", "Surface area", s.site.SurfaceAs, s.site.Surface, &ocUnit{"UNCEFACT", "MTK", "square metre"}},
		{"shops", "Premises for craftspeople", s.site.ShopsAs, s.site.Shops, &ocUnit{"UNCEFACT", "H87", "piece"}},
	} {
		if f.value == "" {
			continue
		}
		i := slices.IndexFunc(p.Forecasts, func(m ocMetric) bool { return m.ID == f.id })
		if i < 0 {
			i = len(p.Forecasts)
			p.Forecasts = append(p.Forecasts, ocMetric{ID: f.id, Title: f.title})
		}
		m := &p.Forecasts[i]
		m.Observations = append(m.Observations, ocObservation{ID: s.ID, Measure: f.value.String(), Unit: f.unit, Notes: f.qualifier})
	}
}

// agreement adds an agreement: its document, parties, steps and, where no other site shares it, its money.
func (e *oc4ids) agreement(p *ocProject, g ocGroup, v registry.AgreementView) {
	a := v.Agreement()
	own := ocAgreement{ID: a.ID, Kind: a.Kind, Duration: a.Duration.String(), Contributions: a.Contributions, Sites: len(v.Sites)}
	for _, am := range v.Amendments {
		if am.Force != registry.ForceNotYet {
			own.Amendments = append(own.Amendments, am.ID())
		}
	}
	doc := ocDocument{ID: string(a.ID), Type: string(a.Kind), URL: e.address(registry.TypeAgreement, a.ID), Format: "application/json"}
	if t, ok := a.Titles.In("fr"); ok {
		doc.Title, doc.Language = t.Text, t.Lang
	}
	p.Documents = append(p.Documents, doc)
	if t, ok := a.Object.In("fr"); ok && p.Purpose == "" {
		p.Purpose = t.Text
	}
	for i, x := range a.Parties {
		id := cmp.Or(string(x.Organisation), fmt.Sprintf("%s-party-%d", a.ID, i+1))
		j := slices.IndexFunc(p.Parties, func(o *ocOrganisation) bool { return o.ID == id })
		if j < 0 {
			j = len(p.Parties)
			p.Parties = append(p.Parties, &ocOrganisation{ocReference: ocReference{id, x.NameAsWritten}})
		}
		p.Parties[j].Roles = include(p.Parties[j].Roles, string(x.Role))
	}
	for i, s := range a.Steps {
		own.Steps = append(own.Steps, ocStep{s.Kind, s.Date.String()})
		p.Milestones = append(p.Milestones, ocMilestone{ID: fmt.Sprintf("%s-%d", a.ID, i+1), Title: string(s.Kind), Type: ocMilestoneTypes[s.Kind],
			DateMet: midnight(s.Date), Status: "met"})
	}
	if len(g.views) == 1 {
		p.Period = period(a.Duration)
	}
	if len(v.Sites) == len(g.sites) {
		p.fund(g, a)
	}
	p.Own.Agreements = append(p.Own.Agreements, own)
}

// midnight is a date that is one whole day, without doubt, as the standard's time; empty for every other date.
func midnight(d edtf.Date) string {
	first, ok := d.Earliest()
	last, _ := d.Latest()
	start, _ := d.Parts()
	if !ok || first != last || start.Uncertain() || start.Approximate() {
		return ""
	}
	return string(first) + "T00:00:00Z"
}

// period is an interval whose ends are whole days; nil for every other.
func period(d edtf.Date) *ocPeriod {
	from, to, ok := strings.Cut(d.String(), "/")
	if !ok {
		return nil
	}
	var out ocPeriod
	if start, err := edtf.Parse(from); err == nil {
		out.Start = midnight(start)
	}
	if end, err := edtf.Parse(to); err == nil {
		out.End = midnight(end)
	}
	if out == (ocPeriod{}) {
		return nil
	}
	return &out
}

// fund adds an agreement's contributions to the budget. The whole is stated only when every part is known and in one currency.
func (p *ocProject) fund(g ocGroup, a *registry.Agreement) {
	if len(a.Contributions) == 0 {
		return
	}
	b := ocBreakdown{ID: string(a.ID), Description: "Contributions of the parties by year, as the agreement states them"}
	for i, c := range a.Contributions {
		part := ocPart{ID: strconv.Itoa(i + 1)}
		if c.Organisation != "" {
			part.Source = &ocReference{ID: string(c.Organisation)}
			if j := slices.IndexFunc(a.Parties, func(x registry.Party) bool { return x.Organisation == c.Organisation }); j >= 0 {
				part.Source.Name = a.Parties[j].NameAsWritten
			} else if o, ok := g.pointed[c.Organisation].Record.(*registry.Organisation); ok {
				if t, ok := o.Names.In("fr"); ok {
					part.Source.Name = t.Text
				}
			}
		}
		if c.Year != 0 {
			part.Period = &ocPeriod{fmt.Sprintf("%04d-01-01T00:00:00Z", c.Year), fmt.Sprintf("%04d-12-31T00:00:00Z", c.Year)}
		}
		if c.Amount != nil {
			part.Amount = &ocValue{c.Amount.Value, c.Amount.Unit}
			part.Description = string(c.Amount.Qualifier)
		}
		b.Parts = append(b.Parts, part)
	}
	if p.Budget == nil {
		p.Budget = &ocBudget{}
	}
	p.Budget.Breakdowns = append(p.Budget.Breakdowns, b)
	for _, c := range a.Contributions {
		p.Budget.figures = append(p.Budget.figures, c.Amount)
	}
	p.Budget.total()
}

// total states the whole, with the qualifier that holds of the sum, unless a part is unknown or of another currency than the rest.
func (b *ocBudget) total() {
	b.Amount, b.Description = nil, ""
	sum, unknown := registry.Sum(b.figures...)
	if unknown > 0 || slices.ContainsFunc(b.figures, func(f *registry.Figure) bool { return f.Unit != sum.Unit }) {
		return
	}
	b.Amount, b.Description = &ocValue{sum.Value, sum.Unit}, string(sum.Qualifier)
}

// source adds a source as a document, once.
func (e *oc4ids) source(p *ocProject, g ocGroup, id registry.ID) {
	s, ok := g.pointed[id].Record.(*registry.Source)
	if !ok || slices.ContainsFunc(p.Documents, func(d ocDocument) bool { return d.ID == string(id) }) {
		return
	}
	doc := ocDocument{ID: string(id), Type: string(s.Kind), URL: cmp.Or(s.URL, e.address(registry.TypeSource, id)), Published: midnight(s.Published), Language: s.Lang}
	if t, ok := s.Titles.In(s.Lang); ok {
		doc.Title = t.Text
	}
	if o, ok := g.pointed[s.Publisher].Record.(*registry.Organisation); ok {
		if t, ok := o.Names.In(s.Lang); ok {
			doc.Author = t.Text
		}
	}
	p.Documents = append(p.Documents, doc)
}
