package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// RecordHead opens the page of a record.
type RecordHead struct {
	Kind    string
	Title   Text
	Chips   []Chip
	JSON    string
	History string // its revision and when it was published
}

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

// recordHead opens the page of any record.
func (r *reading) recordHead(s registry.Stored, kind string) RecordHead {
	head := s.Record.Head()
	return RecordHead{
		Kind:    kind,
		Title:   r.titleOf(s.Record),
		JSON:    "/" + segments[head.Type] + "/" + string(head.ID) + ".json",
		History: r.say("record.history", args{"Revision": r.whole(s.Revision), "Date": r.sayDay(dayOf(s.Updated))}),
	}
}

// titleOf is a record's title with all that is to be said of its language.
func (r *reading) titleOf(record registry.Record) Text {
	if t := r.text(namesOf(record)); t.Text != "" {
		return t
	}
	return r.linkTo(record).Text
}

// agreementView builds an agreement's page as it stands on the page's day.
func (r *reading) agreementView(stored registry.Stored) (AgreementView, error) {
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
	var amendments []*registry.Amendment
	for _, x := range now.Amendments {
		amendment := x.Amendment()
		amendments = append(amendments, amendment)
		v.Amendments = append(v.Amendments, r.amendmentRow(amendment))
		if x.Force != registry.ForceNotYet {
			v.Amended = append(v.Amended, Changed{By: r.linkTo(amendment), Possible: x.Force == registry.ForcePossible, Text: r.effective(amendment.Effective)})
		}
	}
	for _, day := range registry.Turns(amendments) {
		v.Turns = append(v.Turns, Link{Text: r.ours(r.sayDay(day)), Href: v.AsOf.Action + "?as-of=" + string(day)})
	}
	r.fillAgreement(&v, s, a)
	if !v.IsMentioned {
		v.Open = r.open(a, now.Sites)
	}
	return v, r.aroundAgreement(&v, now)
}

// sentenceOf is an agreement in one sentence made of its data.
func (r *reading) sentenceOf(s subject, a *registry.Agreement, sites []subject) string {
	parts := []string{label(r.words, "agreement_kind", a.Kind)}
	if place := r.nearestPlace(s.Stored); place != "" {
		parts = append(parts, place)
	}
	var promises []string
	for _, site := range sites {
		if p := r.promise(site.Site()); p != "" {
			promises = append(promises, p)
		}
	}
	switch {
	case len(promises) == 1:
		parts = append(parts, promises[0])
	case len(sites) > 0:
		parts = append(parts, r.count("count.sites", len(sites)))
	}
	date, _ := r.agreementDate(a)
	return strings.Join(append(parts, date), " — ")
}

// fillAgreement adds what the agreement itself says.
func (r *reading) fillAgreement(v *AgreementView, s subject, a *registry.Agreement) {
	v.Facts = append(v.Facts, r.textFact(s, "agreement.object", "/object", a.Object))
	if a.Reference != "" {
		v.Facts = append(v.Facts, r.fact(s, "agreement.reference", "/reference", Value{Link: Link{Text: Text{Text: a.Reference}}}))
	}
	v.Facts = append(v.Facts, r.placeFact(s, "agreement.place", "/place", a.Place))
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

// agreementsOf are the agreements that refer to a record, as rows.
func (r *reading) agreementsOf(id registry.ID) ([]AgreementRow, []registry.Stored, error) {
	found, err := r.pointingAt(registry.TypeAgreement, []registry.ID{id})
	if err != nil {
		return nil, nil, err
	}
	views, err := r.agreements(found)
	if err != nil {
		return nil, nil, err
	}
	rows, _ := r.agreementRows(views)
	return rows, found, nil
}

// sourcesOf are the sources that a record rests on, each once.
func (r *reading) sourcesOf(record registry.Record) []Link {
	var out []Link
	seen := map[registry.ID]bool{}
	for _, s := range record.Head().Statements {
		if !seen[s.Source] {
			seen[s.Source] = true
			out = append(out, r.link(s.Source))
		}
	}
	return out
}

// RecordView is the page of a record that is told as facts and lists: amendment, site, organisation, programme, event.
type RecordView struct {
	RecordHead
	Notice     string
	Facts      []Fact
	Steps      []Step
	Lists      []FactList
	Parties    []PartyRow
	Agreements []AgreementRow
	Sites      []SiteRow
	Events     []EventRow
	Sources    []Link
	Map        *MapView
	Row        *SiteRow // a site's own row, from which its popup is copied
}

// FactList is a titled list of facts.
type FactList struct {
	Title string
	Facts []Fact
}

func (r *reading) amendmentView(stored registry.Stored) (RecordView, error) {
	a := stored.Record.(*registry.Amendment)
	s := plain(stored)
	v := RecordView{RecordHead: r.recordHead(stored, label(r.words, "type", registry.TypeAmendment)), Sources: r.sourcesOf(a)}
	v.Chips = []Chip{{label(r.words, "force", a.ForceOn(r.day)), "plain"}}
	v.Facts = append(v.Facts, r.fact(s, "amendment.target", "/target", Value{Link: r.link(a.Target)}))
	if target, ok := r.known[a.Target].Record.(*registry.Agreement); ok && target.Documentation == registry.Mentioned {
		v.Notice = r.say("amendment.target_mentioned")
	}
	if a.Number > 0 {
		v.Facts = append(v.Facts, r.fact(s, "amendment.number", "/number", r.value(r.whole(a.Number))))
	}
	row := r.amendmentRow(a)
	v.Facts = append(v.Facts, row.Facts...)
	if len(a.Kinds) > 0 {
		v.Facts = append(v.Facts, r.fact(s, "amendment.kinds", "/kinds", r.chips("plain", row.Kinds)...))
	}
	v.Facts = append(v.Facts, r.textFact(s, "agreement.object", "/object", a.Object))
	changes := FactList{Title: r.say("amendment.changes")}
	for i, c := range a.Sets {
		f := r.fact(s, "field.record", fmt.Sprintf("/sets/%d", i), r.value(r.rawValue(c.Value)))
		f.Label = r.fieldName(c.Path)
		if c.Article != "" {
			f.Note = r.say("amendment.by_article", args{"Article": c.Article})
		}
		if c.Record != "" && c.Record != a.Target {
			f.Values = append(f.Values, Value{Link: r.link(c.Record)})
		}
		changes.Facts = append(changes.Facts, f)
	}
	if len(a.Sets) == 0 {
		changes.Facts = []Fact{{Label: r.say("amendment.changes"), Missing: r.say("amendment.sets_untold")}}
	}
	v.Lists = []FactList{changes}
	v.Steps = r.steps(s, a.Steps, nil)
	v.Parties = r.partyRows(s, a.Parties)
	return v, nil
}

func (r *reading) siteView(stored registry.Stored, tiles Tiles) (RecordView, error) {
	site := stored.Record.(*registry.Site)
	dated, err := registry.SitesOn(r.ctx, r.store, []registry.Stored{stored}, r.day)
	if err != nil {
		return RecordView{}, err
	}
	rows, err := r.siteRows(dated)
	if err != nil {
		return RecordView{}, err
	}
	v := RecordView{RecordHead: r.recordHead(stored, label(r.words, "site_kind", site.Kind)), Sources: r.sourcesOf(site), Row: &rows[0], Facts: rows[0].Facts}
	found, err := r.store.RecordsByID(r.ctx, site.Agreements)
	if err != nil {
		return RecordView{}, err
	}
	views, err := r.agreements(found)
	if err != nil {
		return RecordView{}, err
	}
	v.Agreements, _ = r.agreementRows(views)
	if found := stored.Resolution("/place"); found.Match.Located() {
		if p, ok := r.gaz.Place(found.Code); ok && p.Level == registry.LevelCommune {
			m := r.communeMap(p, CommuneView{Sites: rows, GeoJSON: "/communes/" + string(p.Code) + ".geojson"}, tiles)
			v.Map = &m
		}
	}
	return v, nil
}

func (r *reading) organisationView(stored registry.Stored) (RecordView, error) {
	o := stored.Record.(*registry.Organisation)
	s := plain(stored)
	v := RecordView{RecordHead: r.recordHead(stored, label(r.words, "organisation_kind", o.Kind)), Sources: r.sourcesOf(o)}
	var names []Value
	for _, n := range o.Names {
		names = append(names, Value{Link: Link{Text: r.foreign(n.Text, n.Lang)}})
	}
	v.Facts = append(v.Facts, r.fact(s, "organisation.names", "/names", names...))
	if o.Acronym != "" {
		v.Facts = append(v.Facts, r.fact(s, "organisation.acronym", "/acronym", Value{Link: Link{Text: Text{Text: o.Acronym}}}))
	}
	if o.Parent != "" {
		v.Facts = append(v.Facts, r.fact(s, "organisation.parent", "/parent", Value{Link: r.link(o.Parent)}))
	}
	if o.Place != nil {
		v.Facts = append(v.Facts, r.placeFact(s, "site.place", "/place", o.Place))
	}
	if !o.Founded.IsZero() {
		v.Facts = append(v.Facts, r.dateFact(s, "organisation.founded", "/founded", o.Founded))
	}
	rows, found, err := r.agreementsOf(o.ID)
	if err != nil {
		return RecordView{}, err
	}
	v.Agreements = rows
	written := FactList{Title: r.say("organisation.as_written")}
	for _, a := range found {
		for i, p := range a.Record.(*registry.Agreement).Parties {
			if p.Organisation != o.ID {
				continue
			}
			f := r.fact(plain(a), "field.record", fmt.Sprintf("/parties/%d", i), Value{Link: Link{Text: Text{Text: p.NameAsWritten}, Href: r.href(registry.TypeAgreement, a.ID())}})
			f.Label = label(r.words, "role", p.Role)
			written.Facts = append(written.Facts, f)
		}
	}
	if len(written.Facts) > 0 {
		v.Lists = []FactList{written}
	}
	return v, nil
}

func (r *reading) programmeView(stored registry.Stored) (RecordView, error) {
	p := stored.Record.(*registry.Programme)
	s := plain(stored)
	v := RecordView{RecordHead: r.recordHead(stored, label(r.words, "type", registry.TypeProgramme)), Sources: r.sourcesOf(p)}
	v.Facts = append(v.Facts, r.textFact(s, "agreement.object", "/object", p.Object), r.dateFact(s, "programme.period", "/period", p.Period))
	v.Facts = append(v.Facts, r.placeFact(s, "agreement.place", "/place", p.Place))
	if p.Scope != "" {
		v.Facts = append(v.Facts, r.fact(s, "agreement.scope", "/scope", r.value(label(r.words, "scope", p.Scope))))
	}
	v.Facts = append(v.Facts, r.namedFigures(s, "/figures", p.Figures)...)
	axes := FactList{Title: r.count("programme.axes", len(p.Axes))}
	for i, axis := range p.Axes {
		f := r.textFact(s, "programme.axis", fmt.Sprintf("/axes/%d", i), axis.Titles)
		f.Label = r.say("programme.axis", args{"Number": r.whole(axis.Number)})
		axes.Facts = append(axes.Facts, f)
	}
	phases := FactList{Title: r.count("programme.phases", len(p.Phases))}
	for i, phase := range p.Phases {
		f := r.textFact(s, "programme.phase", fmt.Sprintf("/phases/%d", i), phase.Titles)
		f.Label = r.say("programme.phase", args{"Number": r.whole(phase.Number)})
		f.Note = cmp.Or(r.date(phase.Period), r.say("missing_date"))
		phases.Facts = append(phases.Facts, f)
	}
	for _, list := range []FactList{axes, phases} {
		if len(list.Facts) > 0 {
			v.Lists = append(v.Lists, list)
		}
	}
	v.Steps = r.steps(s, p.Steps, nil)
	v.Parties = r.partyRows(s, p.Parties)
	var err error
	if v.Agreements, _, err = r.agreementsOf(p.ID); err != nil {
		return RecordView{}, err
	}
	events, err := r.pointingAt(registry.TypeEvent, []registry.ID{p.ID})
	if err != nil {
		return RecordView{}, err
	}
	v.Events, err = r.eventRows(events)
	return v, err
}

func (r *reading) eventView(stored registry.Stored) (RecordView, error) {
	e := stored.Record.(*registry.Event)
	s := plain(stored)
	v := RecordView{RecordHead: r.recordHead(stored, label(r.words, "event_kind", e.Kind)), Sources: r.sourcesOf(e), Facts: r.eventFacts(s, e)}
	v.Parties = r.partyRows(s, e.Parties)
	if e.Recurrence != "" {
		v.Chips = []Chip{{label(r.words, "recurrence", e.Recurrence), "plain"}}
	}
	return v, nil
}

// AnnouncementView is the page of a public statement: what it claims beside what it lists.
type AnnouncementView struct {
	RecordHead
	Claims     []Claim
	Verdict    string
	Facts      []Fact
	Parties    []PartyRow
	Agreements []AgreementRow
	Several    []AgreementRow
	Amendments []AmendmentRow
	Sources    []Link
}

// Claim is one number of an announcement with what it counts.
type Claim struct {
	Amount, Label string
	Marks         []Mark
}

func (r *reading) announcementView(stored registry.Stored) (AnnouncementView, error) {
	a := stored.Record.(*registry.Announcement)
	s := plain(stored)
	v := AnnouncementView{RecordHead: r.recordHead(stored, label(r.words, "type", registry.TypeAnnouncement)), Sources: r.sourcesOf(a)}
	listed, err := r.store.RecordsByID(r.ctx, a.Lists)
	if err != nil {
		return v, err
	}
	if err := r.follow(listed...); err != nil {
		return v, err
	}
	var counted, several []registry.Stored
	for _, l := range listed {
		switch x := l.Record.(type) {
		case *registry.Agreement:
			if x.Several {
				several = append(several, l)
			} else {
				counted = append(counted, l)
			}
		case *registry.Amendment:
			v.Amendments = append(v.Amendments, r.amendmentRow(x))
		}
	}
	views, err := r.agreements(slices.Concat(counted, several))
	if err != nil {
		return v, err
	}
	v.Agreements, _ = r.agreementRows(views[:len(counted)])
	v.Several, _ = r.agreementRows(views[len(counted):])
	if a.Claimed != nil {
		v.Claims = append(v.Claims, Claim{r.figure(*a.Claimed, ""), r.say("announcement.claimed"), r.marks(&a.Header, "/claimed")})
	}
	v.Claims = append(v.Claims,
		Claim{r.whole(len(v.Agreements)), r.count("announcement.listed_agreements", len(v.Agreements)), nil},
		Claim{r.whole(len(v.Amendments)), r.count("announcement.listed_amendments", len(v.Amendments)), nil})
	if len(v.Several) > 0 {
		v.Claims = append(v.Claims, Claim{"+ ?", r.say("announcement.several"), r.marks(several[0].Record.Head(), "/several")})
	}
	v.Verdict = r.say("announcement.verdict")
	v.Facts = append(v.Facts, r.dateFact(s, "announcement.date", "/date", a.Date), r.placeFact(s, "site.place", "/place", a.Place))
	v.Parties = r.partyRows(s, a.Parties)
	return v, nil
}
