package web

import (
	"fmt"
	"slices"
	"strings"

	"mithaq/internal/picture"
	"mithaq/internal/registry"
)

// PartyRow is a party of an agreement.
type PartyRow struct {
	Name           Link // as written
	Identity       Text // the organisation's own name, when the source prints another
	Role           string
	Representative string
	Signed         string
	Marks          []Mark
}

// ContributionRow is what a party pays in a year; Share is its part of the largest, in hundredths, for the bar.
type ContributionRow struct {
	Party, Year string
	Amount      Fact
	Share       int
}

// AgreementView is the page of an agreement.
type AgreementView struct {
	RecordHead
	Sentence      string
	Map           *MapView
	AsOf          AsOf
	Amended       []Changed // of the whole agreement: what the banner says
	Mentioned     []Link    // known only from these records
	IsMentioned   bool
	Several       bool
	Facts         []Fact
	Steps         []Step
	Parties       []PartyRow
	PartiesNote   string
	Contributions []ContributionRow
	Obligations   []Fact
	Components    []Fact
	Sites         []SiteRow
	Amendments    []AmendmentRow
	Turns         []Link // days on which the state changes
	Events        []EventRow
	Announcements []Link
	Sources       []Link
	Open          []string
}

// agreementView builds an agreement's page as it stands on the page's day.
func (r *reading) agreementView(stored registry.Stored, tiles Tiles) (AgreementView, error) {
	views, err := r.agreements([]registry.Stored{stored})
	if err != nil {
		return AgreementView{}, err
	}
	now := views[0]
	s, a := now.Dated, now.Agreement()
	stored.Record = a
	v := AgreementView{
		RecordHead:  r.recordHead(stored, label(r.words, "agreement_kind", a.Kind)),
		AsOf:        r.asOfForm("/" + string(r.lang) + "/agreements/" + string(a.ID)),
		IsMentioned: a.Documentation == registry.Mentioned,
		Several:     a.Several,
	}
	v.Chips = r.agreementChips(a, s.State)[1:]
	for _, site := range now.Sites {
		v.Sites = append(v.Sites, r.siteRow(site))
	}
	v.Sentence = r.sentenceOf(s, a, now.Sites)
	if v.Map, err = r.agreementMap(now, v.Sites, tiles); err != nil {
		return AgreementView{}, err
	}
	var amendments []*registry.Amendment
	for _, x := range now.Amendments {
		amendment := x.Amendment()
		amendments = append(amendments, amendment)
		v.Amendments = append(v.Amendments, r.amendmentRow(amendment))
		if x.Force != registry.ForceNotYet {
			v.Amended = append(v.Amended, Changed{By: r.linkTo(amendment), Possible: x.Force == registry.ForcePossible, Text: r.effective(amendment.Effective)})
		}
	}
	v.Linked = r.linkedAgreement(a, amendments)
	for _, day := range registry.Turns(amendments) {
		v.Turns = append(v.Turns, Link{Text: r.ours(r.sayDay(day)), Href: v.AsOf.Action + "?as-of=" + string(day)})
	}
	r.fillAgreement(&v, s, a)
	if !v.IsMentioned {
		v.Open = r.open(a, now.Sites)
	}
	return v, r.aroundAgreement(&v, now)
}

// sentenceOf is an agreement in one sentence made of its data: what it is, where, what for, between whom, since when.
func (r *reading) sentenceOf(s subject, a *registry.Agreement, sites []subject) string {
	opening := label(r.words, "agreement_kind", a.Kind)
	if where := r.within(s.Stored, a); where != "" {
		opening = r.say("agreement.sentence_where", args{"Kind": opening, "Where": where})
	}
	if what := r.purpose(sites); what != "" {
		opening = r.say("agreement.sentence_what", args{"Opening": opening, "What": what})
	}
	clauses := []string{opening}
	if names := r.leadingParties(&a.Header, a.Parties); len(names) > 0 {
		var parties []string
		for _, n := range names {
			parties = append(parties, isolated(n.Text.Text))
		}
		if more := len(a.Parties) - len(names); more > 0 {
			parties = append(parties, r.count("agreement.sentence_more", more))
		}
		clauses = append(clauses, r.say("agreement.sentence_parties", args{"Parties": r.join(parties)}))
	}
	date, _ := r.agreementDate(a)
	clauses = append(clauses, r.lower(date))
	return r.say("sentence", args{"Text": strings.Join(clauses, r.say("agreement.sentence_between"))})
}

// within says where an agreement is: "à Tafraout", "dans la province de Tiznit", "dans tout le pays"; empty when nobody knows.
func (r *reading) within(s registry.Stored, a *registry.Agreement) string {
	found := s.Resolution("/place")
	p := r.unit(found.Code)
	switch {
	case found.Match.Located() && slices.Contains(registry.PagedLevels, p.Level):
		kind, name := string(p.Level), r.placeName(p)
		if p.Level == registry.LevelProvince {
			name = r.of(name)
		}
		if p.Type == "prefecture" {
			kind = p.Type
		}
		return r.say("within."+kind, args{"Place": isolated(name)})
	case a.Scope == registry.ScopeCountry:
		return r.say("within.country")
	}
	return r.nearestPlace(s)
}

// purpose says what the sites of an agreement are to become: one in words, several by their number and what adds up.
func (r *reading) purpose(sites []subject) string {
	switch len(sites) {
	case 0:
		return ""
	case 1:
		site := sites[0].Site()
		kind := r.lower(label(r.words, "site_kind", site.Kind))
		if p := r.promise(site); p != "" {
			return kind + r.say("list.comma") + p
		}
		return kind
	}
	return r.count("count.sites", len(sites))
}

// mapUnits bounds the units that an agreement's map draws; one of more is a matter of its province.
const mapUnits = 8

// agreementMap is the map of the communes in which an agreement's sites are, else of the unit that is its own place; nil when there is neither.
func (r *reading) agreementMap(now registry.AgreementView, rows []SiteRow, tiles Tiles) (*MapView, error) {
	var units []registry.Place
	for _, s := range now.Sites {
		p := r.unit(r.holder(s, registry.LevelCommune))
		if p.Code != "" && !slices.ContainsFunc(units, func(q registry.Place) bool { return q.Code == p.Code }) {
			units = append(units, p)
		}
	}
	if len(units) == 0 || len(units) > mapUnits {
		own := r.unit(now.Resolution("/place").Code)
		if !slices.Contains(registry.PagedLevels, own.Level) {
			return nil, nil
		}
		units = []registry.Place{own}
	}
	m := r.unitsMap(units, r.countIn(units, now.Sites), now.Sites, rows, tiles)
	scene, err := r.agreementScene(now)
	m.Still = r.still(scene, m.Name)
	return &m, err
}

// agreementScene is where an agreement's sites are, or else the unit that it is for; nil when there is neither.
func (r *reading) agreementScene(now registry.AgreementView) (*picture.Scene, error) {
	scene, err := r.siteScene("", now.Sites, nil)
	if scene != nil || err != nil {
		return scene, err
	}
	return r.unitScene(map[registry.PlaceCode]picture.Style{now.Stored.Resolution("/place").Code: picture.Boundary})
}

// fillAgreement adds what the agreement itself says.
func (r *reading) fillAgreement(v *AgreementView, s subject, a *registry.Agreement) {
	v.Facts = append(v.Facts, r.textFact(s, "agreement.object", "/object", a.Object))
	if a.Reference != "" {
		v.Facts = append(v.Facts, r.fact(s, "agreement.reference", "/reference", Value{Link: Link{Text: Text{Text: a.Reference}}}))
	}
	if a.Place != nil || a.Scope != registry.ScopeCountry {
		v.Facts = append(v.Facts, r.placeFact(s, "agreement.place", "/place", a.Place))
	}
	if a.Scope != "" {
		v.Facts = append(v.Facts, r.fact(s, "agreement.scope", "/scope", r.value(label(r.words, "scope", a.Scope))))
	}
	v.Facts = append(v.Facts, r.dateFact(s, "agreement.duration", "/duration", a.Duration))
	for i, l := range a.Programmes {
		value := Value{Link: r.link(l.Programme)}
		if l.Phase > 0 {
			value.Note = r.say("programme.phase", args{"Number": r.whole(l.Phase)})
		}
		v.Facts = append(v.Facts, r.fact(s, "agreement.programme", fmt.Sprintf("/programmes/%d", i), value))
	}
	if len(a.Trades) > 0 {
		v.Facts = append(v.Facts, r.fact(s, "site.trades", "/trades", r.chips("plain", labels(r.words, "trade", a.Trades))...))
	}
	v.Facts = append(v.Facts, r.namedFigures(s, "/figures", a.Figures)...)
	if len(a.FollowUp) > 0 {
		v.Facts = append(v.Facts, r.textFact(s, "agreement.follow_up", "/follow_up", a.FollowUp))
	}
	v.Steps = r.steps(s, a.Steps, []registry.StepKind{registry.StepAnnounced, registry.StepSigned, registry.StepInForce, registry.StepEnded})
	v.Parties = r.partyRows(s, a.Parties)
	if a.PartiesIncomplete {
		v.PartiesNote = r.say("agreement.parties_incomplete")
	}
	v.Contributions = r.contributionRows(s, a.Contributions)
	for i, o := range a.Obligations {
		f := r.textFact(s, "agreement.obligation", fmt.Sprintf("/obligations/%d", i), o.Text)
		if o.Organisation != "" {
			f.Label = r.link(o.Organisation).Text.Text
		}
		v.Obligations = append(v.Obligations, f)
	}
	v.Components = r.componentFacts(s, a.Components)
}

func (r *reading) componentFacts(s subject, components []registry.Component) []Fact {
	var out []Fact
	for i, c := range components {
		path := fmt.Sprintf("/components/%d", i)
		f := r.textFact(s, "component_kind."+string(c.Kind), path, c.Titles)
		if c.Place != nil {
			values, note := r.placeValues(s.Stored.Resolution(path+"/place"), c.Place)
			f.Values, f.Note = append(f.Values, values...), note
		}
		for _, figure := range c.Figures {
			v := r.value(r.figure(figure.Figure, ""))
			v.Note = r.say("measure." + string(figure.Measure))
			f.Values = append(f.Values, v)
		}
		out = append(out, f)
	}
	return out
}

func (r *reading) partyRows(s subject, parties []registry.Party) []PartyRow {
	var out []PartyRow
	for i, p := range parties {
		value := r.partyValue(s.State.Record.Head(), i, p)
		row := PartyRow{
			Name: value.Link, Role: value.Note, Representative: p.Representative, Signed: r.date(p.Signed),
			Marks: r.marks(s.State.Record.Head(), fmt.Sprintf("/parties/%d", i)),
		}
		if o, ok := r.known[p.Organisation].Record.(*registry.Organisation); ok {
			if t := r.text(o.Names); !strings.EqualFold(t.Text, p.NameAsWritten) {
				row.Identity = t
			}
		}
		out = append(out, row)
	}
	return out
}

func (r *reading) contributionRows(s subject, contributions []registry.Contribution) []ContributionRow {
	largest := 0.0
	for _, c := range contributions {
		if c.Amount != nil {
			largest = max(largest, c.Amount.Value.Float())
		}
	}
	var out []ContributionRow
	for i, c := range contributions {
		row := ContributionRow{
			Party: r.say("missing"), Year: r.say("missing"),
			Amount: r.figureFact(s, "agreement.amount", fmt.Sprintf("/contributions/%d", i), c.Amount, ""),
		}
		if c.Organisation != "" {
			row.Party = r.link(c.Organisation).Text.Text
		}
		if c.Year != 0 {
			row.Year = year(c.Year)
		}
		if c.Amount != nil && largest > 0 {
			row.Share = int(100 * c.Amount.Value.Float() / largest)
		}
		out = append(out, row)
	}
	return out
}

// aroundAgreement adds the records that point at an agreement, and the sources it rests on.
func (r *reading) aroundAgreement(v *AgreementView, now registry.AgreementView) (err error) {
	if v.Events, err = r.eventRows(now.Events); err != nil {
		return err
	}
	for _, s := range now.Announcements {
		v.Announcements = append(v.Announcements, r.linkTo(s.Record))
	}
	if v.IsMentioned {
		for _, row := range v.Amendments {
			v.Mentioned = append(v.Mentioned, row.Title)
		}
	}
	v.Sources = r.sourcesOf(now.Agreement())
	return nil
}
