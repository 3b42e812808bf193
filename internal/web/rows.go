package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// Bounds of the parties and the sites that an agreement's row in a list names; its page names all.
const (
	maxPartiesInRow = 3
	maxSitesInRow   = 5
)

// siteFacts are a site's figures, works and status: the same in its row, on its page and in its popup.
func (r *reading) siteFacts(s subject, site *registry.Site) []Fact {
	facts := r.surfaceFacts(s, site)
	facts = append(facts, r.shopFacts(s, site)...)
	for i := range facts {
		facts[i].Popup = true
	}
	facts = append(facts, r.namedFigures(s, "/figures", site.Figures)...)
	if len(site.Works) > 0 {
		works := r.fact(s, "site.works", "/works", r.chips("plain", labels(r.words, "work", site.Works))...)
		works.Popup = true
		facts = append(facts, works)
	}
	if len(site.Utilities) > 0 {
		facts = append(facts, r.fact(s, "site.utilities", "/utilities", r.chips("plain", labels(r.words, "utility", site.Utilities))...))
	}
	if len(site.Trades) > 0 {
		trades := r.fact(s, "site.trades", "/trades", r.chips("plain", labels(r.words, "trade", site.Trades))...)
		if site.TradesIncomplete {
			trades.Note = r.say("list.incomplete")
		}
		facts = append(facts, trades)
	}
	status := r.fact(s, "site.status", "/status", r.value(label(r.words, "site_status", site.Status)))
	if site.Status == registry.StatusUnknown {
		status = r.fact(s, "site.status", "/status")
	}
	status.Popup = true
	if !site.StatusDate.IsZero() {
		status.Note = r.date(site.StatusDate)
	}
	return append(facts, status)
}

func (r *reading) surfaceFacts(s subject, site *registry.Site) []Fact {
	var facts []Fact
	for _, x := range []struct {
		path string
		f    *registry.Figure
	}{{"plot", site.Surface.Plot}, {"covered", site.Surface.Covered}, {"total", site.Surface.Total}} {
		if x.f != nil {
			facts = append(facts, r.figureFact(s, "surface."+x.path, "/surface/"+x.path, x.f, ""))
		}
	}
	if len(facts) == 0 {
		facts = append(facts, r.fact(s, "site.surface", "/surface"))
	}
	return facts
}

func (r *reading) shopFacts(s subject, site *registry.Site) []Fact {
	var facts []Fact
	if site.Shops.Created != nil {
		facts = append(facts, r.figureFact(s, "shops.created", "/shops/created", site.Shops.Created, "count.premises"))
	}
	if site.Shops.Restored != nil {
		facts = append(facts, r.figureFact(s, "shops.restored", "/shops/restored", site.Shops.Restored, "count.premises"))
	}
	if len(facts) == 0 {
		facts = append(facts, r.fact(s, "site.shops", "/shops"))
	}
	return facts
}

// siteRow is a site in a list.
func (r *reading) siteRow(s subject) SiteRow {
	site := s.Site()
	known := precision(s.Stored, site, r.gaz)
	row := SiteRow{
		ID:    site.ID,
		sign:  signs[known],
		Name:  r.linkTo(site),
		Chips: []Chip{{label(r.words, "site_kind", site.Kind), "craft"}},
		Where: r.say("precision."+string(known), args{"Place": r.of(r.nearestPlace(s.Stored))}),
	}
	row.Facts = append(row.Facts, r.placeFact(s, "site.place", "/place", site.Place))
	row.Facts = append(row.Facts, r.siteFacts(s, site)...)
	if len(site.Agreements) > 0 {
		row.Facts = append(row.Facts, r.linksFact(s, "site.agreements", "/agreements", site.Agreements))
	}
	return row
}

// drawnSite is what the map of a few units draws of a site: it needs no file of all sites that are there.
type drawnSite struct {
	In           []registry.PlaceCode `json:"in"`                 // units of every level
	Geometry     *registry.Geometry   `json:"geometry,omitempty"` // none: somewhere in the unit
	UncertaintyM *registry.Decimal    `json:"uncertaintyM,omitempty"`
}

// drawn says where a site is as precisely as it is known, and no more.
func (r *reading) drawn(s subject) string {
	var d drawnSite
	for _, level := range registry.PagedLevels {
		if code := r.holder(s, level); code != "" {
			d.In = append(d.In, code)
		}
	}
	switch precision(s.Stored, s.Site(), r.gaz) {
	case registry.PrecisionNone:
		return ""
	case registry.PrecisionFootprint, registry.PrecisionPoint, registry.PrecisionLocality:
		position := s.Site().Position
		d.Geometry, d.UncertaintyM = &position.Geometry, position.UncertaintyM
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return "" // codes and a stored geometry always encode
	}
	return string(raw)
}

// nearestPlace names the unit that a record's first place was found to be; empty when none was.
func (r *reading) nearestPlace(s registry.Stored) string {
	if found := s.Resolution("/place"); found.Match.Located() {
		return r.placeLink(found.Code).Text.Text
	}
	return ""
}

// linksFact is a fact whose values are other records.
func (r *reading) linksFact(s subject, labelKey, path string, ids []registry.ID) Fact {
	var values []Value
	for _, id := range ids {
		values = append(values, Value{Link: r.link(id)})
	}
	return r.fact(s, labelKey, path, values...)
}

// promise says in few words what is to stand on a site: "25 locaux à créer · environ 1 000 m² · création, équipement".
func (r *reading) promise(site *registry.Site) string {
	var parts []string
	if f := site.Shops.Created; f != nil {
		parts = append(parts, r.say("promise.created", args{"Shops": r.figure(*f, "count.premises")}))
	}
	if f := site.Shops.Restored; f != nil {
		parts = append(parts, r.say("promise.restored", args{"Shops": r.figure(*f, "count.premises")}))
	}
	if f := mainSurface(site.Surface); f != nil {
		parts = append(parts, r.figure(*f, ""))
	}
	if len(site.Works) > 0 {
		parts = append(parts, strings.Join(labels(r.words, "work", site.Works), r.say("list.comma")))
	}
	return strings.Join(parts, " · ")
}

// agreementRow is an agreement in a list.
func (r *reading) agreementRow(v registry.AgreementView) AgreementRow {
	s, a := v.Dated, v.Agreement()
	row := AgreementRow{ID: a.ID, Title: r.linkTo(a), Chips: r.agreementChips(a, s.State), Marks: r.marks(&a.Header, "/kind")}
	row.Date, row.DateIsOpen = r.agreementDate(a)
	if a.Documentation == registry.Mentioned {
		row.Notes = append(row.Notes, r.say("agreement.mentioned_row"))
	}
	if a.Several {
		row.Notes = append(row.Notes, r.say("agreement.several_row"))
	}
	if names := r.leadingParties(&a.Header, a.Parties); len(names) > 0 {
		f := r.fact(s, "agreement.parties", "/parties", names...)
		f.Marks = nil // each party has its own on the agreement's page
		if more := len(a.Parties) - len(names); more > 0 {
			f.Note = r.count("agreement.more_parties", more)
		} else if a.PartiesIncomplete {
			f.Note = r.say("list.incomplete")
		}
		row.Facts = append(row.Facts, f)
	}
	if len(v.Sites) > 0 {
		row.Facts = append(row.Facts, r.promiseFact(v.Sites))
	}
	for _, amendment := range v.Amendments {
		row.Amendments = append(row.Amendments, r.amendmentRow(amendment.Amendment()))
	}
	return row
}

// promiseFact lists what an agreement's sites are to become, the first of them, and what has changed of any.
func (r *reading) promiseFact(sites []subject) Fact {
	f := Fact{Label: r.say("agreement.to_be_built")}
	for i, s := range sites {
		if site := s.Site(); i < maxSitesInRow {
			f.Values = append(f.Values, Value{Link: r.linkTo(site), Note: r.promise(site)})
		}
		for _, path := range []string{"/shops", "/surface", "/works"} {
			f.Changed = append(f.Changed, r.changes(s, path)...)
		}
	}
	if more := len(sites) - maxSitesInRow; more > 0 {
		f.Note = r.count("agreement.more_sites", more)
	}
	return f
}

func (r *reading) agreementChips(a *registry.Agreement, state registry.State) []Chip {
	chips := []Chip{{label(r.words, "agreement_kind", a.Kind), "kind"}}
	if a.Documentation == registry.Mentioned {
		chips = append(chips, Chip{label(r.words, "documentation", a.Documentation), "hollow"})
	}
	if a.Several {
		chips = append(chips, Chip{r.say("agreement.several_chip"), "hollow"})
	}
	if len(state.Applied) > 0 {
		chips = append(chips, Chip{r.say("agreement.amended_chip"), "craft"})
	}
	return chips
}

// agreementDate says when an agreement was signed, or else the first dated step, or that no date is stated.
func (r *reading) agreementDate(a *registry.Agreement) (text string, open bool) {
	best := -1
	for i, step := range a.Steps {
		if !step.Date.IsZero() && (best < 0 || step.Kind == registry.StepSigned) {
			best = i
		}
	}
	if best < 0 {
		return r.say("agreement.undated"), true
	}
	step := a.Steps[best]
	return r.say("step_dated", args{"Step": label(r.words, "step", step.Kind), "Date": r.date(step.Date)}), false
}

// leadingParties are the first parties by weight of role, as written.
func (r *reading) leadingParties(head *registry.Header, parties []registry.Party) []Value {
	order := make([]int, len(parties))
	for i := range order {
		order[i] = i
	}
	weight := func(i int) int { return slices.Index(registry.Roles, parties[i].Role) }
	slices.SortStableFunc(order, func(a, b int) int { return weight(a) - weight(b) })
	var out []Value
	for _, i := range order[:min(len(order), maxPartiesInRow)] {
		out = append(out, r.partyValue(head, i, parties[i]))
	}
	return out
}

// asWritten are words in the language of the source that states the value at path.
func (r *reading) asWritten(head *registry.Header, path, words string) Text {
	for _, s := range head.Statements {
		if source, ok := r.known[s.Source].Record.(*registry.Source); ok && registry.Below(s.Path, path) {
			return Text{Text: words, Lang: source.Lang, Dir: dirOf(source.Lang)}
		}
	}
	return Text{Text: words}
}

// partyValue is a party's name as written, leading to the organisation that it is.
func (r *reading) partyValue(head *registry.Header, i int, p registry.Party) Value {
	v := Value{Link: Link{Text: r.asWritten(head, fmt.Sprintf("/parties/%d", i), p.NameAsWritten)}, Note: label(r.words, "role", p.Role)}
	if s, ok := r.known[p.Organisation]; ok {
		v.Href = r.href(registry.TypeOrganisation, s.ID())
	}
	return v
}

// amendmentRow is an amendment under its agreement.
func (r *reading) amendmentRow(a *registry.Amendment) AmendmentRow {
	s := plain(r.known[a.ID])
	row := AmendmentRow{
		Title: r.linkTo(a),
		Kinds: labels(r.words, "amendment_kind", a.Kinds),
		Force: label(r.words, "force", a.ForceOn(r.day)),
		Marks: r.marks(&a.Header, "/target"),
	}
	if len(a.Articles) > 0 {
		row.Facts = append(row.Facts, r.fact(s, "amendment.articles", "/articles", r.value(strings.Join(a.Articles, r.say("list.comma")))))
	} else {
		row.Facts = append(row.Facts, r.fact(s, "amendment.articles", "/articles"))
	}
	row.Facts = append(row.Facts, r.dateFact(s, "amendment.effective", "/effective", a.Effective))
	for _, c := range a.Sets {
		if v := r.rawValue(c.Value); v != "" {
			row.Changes = append(row.Changes, r.say("amendment.sets", args{"Field": r.fieldName(c.Path), "Value": v}))
		}
	}
	if len(a.Sets) == 0 {
		row.Changes = append(row.Changes, r.say("amendment.sets_untold"))
	}
	return row
}

// fieldName says a JSON pointer in words: the names of its parts, without indexes.
func (r *reading) fieldName(path string) string {
	var parts []string
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if s := r.say("field." + part); part != "" && !strings.HasPrefix(s, "⟦") {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return r.say("field.record")
	}
	return strings.Join(parts[:min(len(parts), 2)], " › ")
}

// eventRow is an event in a list.
func (r *reading) eventRow(stored registry.Stored) EventRow {
	s := plain(stored)
	e := stored.Record.(*registry.Event)
	row := EventRow{ID: e.ID, Title: r.linkTo(e), Chips: []Chip{{label(r.words, "event_kind", e.Kind), "craft"}}, Marks: r.marks(&e.Header, "/kind")}
	if e.Recurrence != "" {
		row.Chips = append(row.Chips, Chip{label(r.words, "recurrence", e.Recurrence), "plain"})
	}
	row.Facts = r.eventFacts(s, e)
	return row
}

func (r *reading) eventFacts(s subject, e *registry.Event) []Fact {
	var facts []Fact
	if len(e.Occurrences) == 0 {
		facts = append(facts, r.fact(s, "event.date", "/occurrences"))
	}
	for i, o := range e.Occurrences {
		path := fmt.Sprintf("/occurrences/%d", i)
		f := r.dateFact(s, "event.date", path+"/date", o.Date)
		if o.Place != nil {
			values, note := r.placeValues(s.Stored.Resolution(path+"/place"), o.Place)
			f.Values = append(f.Values, values...)
			f.Note = note
			if o.Date.IsZero() {
				f.Values = append([]Value{{Link: Link{Text: r.ours(r.say("missing_date"))}}}, values...)
				f.Missing, f.Marks = "", r.marks(s.State.Record.Head(), path+"/place")
			}
		}
		facts = append(facts, f)
	}
	if len(e.AlongWith) > 0 {
		var values []Value
		for i, name := range e.AlongWith {
			values = append(values, Value{Link: Link{Text: r.asWritten(&e.Header, fmt.Sprintf("/along_with/%d", i), name)}})
		}
		f := r.fact(s, "event.along_with", "/along_with", values...)
		if e.AlongWithIncomplete {
			f.Note = r.say("list.incomplete")
		}
		facts = append(facts, f)
	}
	facts = append(facts, r.namedFigures(s, "/figures", e.Figures)...)
	var over []registry.ID
	over = append(append(over, e.Agreements...), e.Programmes...)
	if len(over) > 0 {
		facts = append(facts, r.linksFact(s, "event.agreements", "/agreements", over))
	}
	return facts
}

// steps is the line of what happened, in its usual order; usual are shown hollow when nothing is known of them.
func (r *reading) steps(s subject, steps []registry.Step, usual []registry.StepKind) []Step {
	var out []Step
	for _, kind := range registry.StepKinds {
		known := false
		for i, step := range steps {
			if step.Kind != kind {
				continue
			}
			known = true
			line := Step{Name: label(r.words, "step", kind), Known: true, Date: r.date(step.Date), Note: r.text(step.Note).Text, Marks: r.marks(s.State.Record.Head(), fmt.Sprintf("/steps/%d", i))}
			if step.Date.IsZero() {
				line.Date = r.say("missing_date")
			}
			out = append(out, line)
		}
		if !known && slices.Contains(usual, kind) {
			out = append(out, Step{Name: label(r.words, "step", kind), Date: r.say("missing")})
		}
	}
	return out
}

// open lists what no source states about an agreement, in words a journalist can ask about.
func (r *reading) open(a *registry.Agreement, sites []subject) []string {
	var out []string
	if !a.SignatureDated() {
		out = append(out, r.say("open.signature_date"))
	}
	if len(a.Parties) == 0 {
		out = append(out, r.say("open.parties"))
	}
	if len(a.Contributions) == 0 {
		out = append(out, r.say("open.amounts"))
	}
	if a.Duration.IsZero() {
		out = append(out, r.say("open.duration"))
	}
	unmeasured := 0
	for _, s := range sites {
		if site := s.Site(); site.Surface == (registry.Surface{}) && site.Shops == (registry.Premises{}) {
			unmeasured++
		}
	}
	if unmeasured > 0 {
		out = append(out, r.count("open.site_size", unmeasured))
	}
	return out
}
