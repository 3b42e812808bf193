package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// RecordHead opens the page of a record.
type RecordHead struct {
	Kind    string
	Title   Text
	Chips   []Chip
	JSON    string
	History string // its revision and when it was published
	// HistoryHref leads to all its revisions.
	HistoryHref string
	Cite        CiteView
	Linked      linked // for search engines; may be nil
}

// recordHead opens the page of any record.
func (r *reading) recordHead(s registry.Stored, kind string) RecordHead {
	head := s.Record.Head()
	return RecordHead{
		Kind:    kind,
		Title:   r.titleOf(s.Record),
		JSON:    "/" + head.Type.Plural() + "/" + string(head.ID) + ".json",
		History: r.say("record.history", args{"Revision": r.whole(s.Revision), "Date": r.sayDay(dayOf(s.Updated))}),

		HistoryHref: r.historyHref(head.ID),
		Cite:        r.citeView(r.citeRecord(s), recordPath(head)),
	}
}

// titleOf is a record's title with all that is to be said of its language.
func (r *reading) titleOf(record registry.Record) Text {
	if t := r.text(namesOf(record)); t.Text != "" {
		return t
	}
	return r.linkTo(record).Text
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

// agreementsOf are the agreements that refer to a record.
type agreementsOf struct {
	rows []AgreementRow
	of   []registry.Stored
	// Where they are more than a page shows, these are those signed last; more leads to all of them, and counts are of all of them.
	more   Link
	counts *facetCounts
}

// agreementsOf reads the agreements that refer to a record. param is the filter of the list of agreements that asks for the same.
func (r *reading) agreementsOf(param string, id registry.ID) (a agreementsOf, err error) {
	all, err := r.everything()
	if err != nil {
		return a, err
	}
	table := all.agreementsOn(r.day)
	n := table.narrow(httpserve.Params{param: string(id)}, r.day, agreementsShown)
	if n.left > agreementsShown {
		a.more, a.counts = r.all("place.all_agreements", agreementFilters, param, string(id), n.left), &n.facetCounts
		if a.of, err = r.store.RecordsByID(r.ctx, table.idsOf(n.rows)); err == nil {
			err = r.follow(a.of...)
		}
	} else {
		a.of, err = r.pointingAt(registry.TypeAgreement, []registry.ID{id})
	}
	if err != nil {
		return a, err
	}
	views, err := r.agreements(a.of)
	a.rows, _ = r.agreementRows(views)
	return a, err
}

// RecordView is the page of a record that is told as facts and lists: amendment, site, organisation, programme, event.
type RecordView struct {
	RecordHead
	Notice      string
	Facts       []Fact
	Steps       []Step
	Phases      []Step
	PhasesTitle string
	Lists       []FactList
	Parties     []PartyRow
	Agreements  []AgreementRow
	// AgreementsTally is how many there are; empty where the page has all. MoreAgreements leads to them.
	AgreementsTally string
	MoreAgreements  Link
	Years           []YearOfAgreements // an organisation's, instead of one list
	Explore         Link               // the sites of its agreements on the map
	Events          []EventRow
	Sources         []Link
	Map             *MapView
	Row             *SiteRow // a site's own row, from which its popup is copied
}

// YearOfAgreements is the agreements signed in one year, or of unknown date.
type YearOfAgreements struct {
	Year string
	Rows []AgreementRow
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
	v.Linked = r.linkedAmendment(a)
	v.Linked["@context"] = "https://schema.org"
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
			m := r.unitsMap([]registry.Place{p}, r.countIn([]registry.Place{p}, dated), dated, rows, tiles)
			scene, err := r.siteScene(p.Code, dated, nil)
			if err != nil {
				return RecordView{}, err
			}
			m.Still = r.still(scene, m.Name)
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
	with, err := r.agreementsOf("party", o.ID)
	if err != nil {
		return RecordView{}, err
	}
	found := with.of
	v.Years, v.MoreAgreements = r.byYear(with.rows, found), with.more
	if len(found) > 0 {
		v.Explore = r.explore("party", o.ID)
	}
	partners := r.partners(o.ID, found)
	if with.counts != nil {
		if partners, err = r.partnersOf(o.ID, *with.counts); err != nil {
			return RecordView{}, err
		}
	}
	if len(partners) > 0 {
		v.Lists = append(v.Lists, FactList{r.say("organisation.partners"), partners})
	}
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
		v.Lists = append(v.Lists, written)
	}
	return v, nil
}

// explore leads to the sites on the map whose agreements point at a record.
func (r *reading) explore(param string, id registry.ID) Link {
	return Link{Text: r.ours(r.say("explorer.of_" + param)), Href: siteFilters.address(r.lang, httpserve.Params{param: string(id)})}
}

// byYear puts agreements under the year of their first dated step, the newest first and those that nobody dates last.
func (r *reading) byYear(rows []AgreementRow, found []registry.Stored) (years []YearOfAgreements) {
	at := map[string][]AgreementRow{}
	for i, a := range found {
		when := ""
		for _, step := range a.Record.(*registry.Agreement).Steps {
			if day, ok := step.Date.Earliest(); ok && (when == "" || step.Kind == registry.StepSigned) {
				when = string(day[:4])
			}
		}
		at[when] = append(at[when], rows[i])
	}
	for _, when := range slices.Backward(slices.Sorted(maps.Keys(at))) {
		years = append(years, YearOfAgreements{cmp.Or(when, r.say("agreement.undated_heading")), at[when]})
	}
	return years
}

// partners are the organisations that are parties to the same agreements, those of most agreements first.
func (r *reading) partners(self registry.ID, agreements []registry.Stored) (out []Fact) {
	shared := map[registry.ID][]Value{}
	for _, a := range agreements {
		seen := map[registry.ID]bool{self: true, "": true}
		for _, p := range a.Record.(*registry.Agreement).Parties {
			if !seen[p.Organisation] {
				seen[p.Organisation] = true
				shared[p.Organisation] = append(shared[p.Organisation], Value{Link: r.linkTo(a.Record)})
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(shared), func(a, b registry.ID) int {
		return cmp.Or(len(shared[b])-len(shared[a]), cmp.Compare(a, b))
	})
	for _, id := range ids {
		name := r.link(id)
		out = append(out, Fact{Label: r.count("count.agreements", len(shared[id])), Values: []Value{{Link: name}}})
	}
	return out
}

// partnersOf is partners from the counts of the list of agreements.
func (r *reading) partnersOf(self registry.ID, n facetCounts) (out []Fact, err error) {
	if err := r.knowChoices(n); err != nil {
		return nil, err
	}
	for _, id := range ranked(n.counts["party"]) {
		if id != string(self) {
			out = append(out, Fact{Label: r.count("count.agreements", n.counts["party"][id]), Values: []Value{{Link: r.link(registry.ID(id))}}})
		}
	}
	return out, nil
}

func (r *reading) programmeView(stored registry.Stored) (RecordView, error) {
	p := stored.Record.(*registry.Programme)
	s := plain(stored)
	v := RecordView{RecordHead: r.recordHead(stored, label(r.words, "type", registry.TypeProgramme)), Sources: r.sourcesOf(p)}
	v.Facts = append(v.Facts, r.textFact(s, "agreement.object", "/object", p.Object), r.dateFact(s, "programme.period", "/period", p.Period))
	if p.Place != nil || p.Scope != registry.ScopeCountry {
		v.Facts = append(v.Facts, r.placeFact(s, "agreement.place", "/place", p.Place))
	}
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
	if len(axes.Facts) > 0 {
		v.Lists = append(v.Lists, axes)
	}
	for i, phase := range p.Phases {
		v.Phases = append(v.Phases, Step{
			Name: r.say("programme.phase", args{"Number": r.whole(phase.Number)}), Known: !phase.Period.IsZero(),
			Date: cmp.Or(r.date(phase.Period), r.say("missing_date")), Note: r.text(phase.Titles).Text, Marks: r.marks(&p.Header, fmt.Sprintf("/phases/%d", i)),
		})
	}
	v.PhasesTitle = r.count("programme.phases", len(p.Phases))
	v.Explore = r.explore("programme", p.ID)
	v.Steps = r.steps(s, p.Steps, nil)
	v.Parties = r.partyRows(s, p.Parties)
	under, err := r.agreementsOf("programme", p.ID)
	if err != nil {
		return RecordView{}, err
	}
	v.Agreements, v.MoreAgreements, v.AgreementsTally = under.rows, under.more, r.whole(len(under.rows))
	if under.counts != nil {
		v.AgreementsTally = r.whole(under.counts.counts["programme"][string(p.ID)])
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
