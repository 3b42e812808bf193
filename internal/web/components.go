package web

import (
	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// ComponentsView is the page that shows each component in each of its states, for those who build the pages and for the tests that look at them.
// What it says is made up and says so; its links stay on the page.
type ComponentsView struct {
	Chips      []Chip
	Facts      []Fact
	Agreements []AgreementRow
	Sites      []SiteRow
	Events     []EventRow
	Programmes []ProgrammeRow
	Steps      []Step
	Parties    []PartyRow
	Table      AreaTable
	Switch     []Choice
	Filters    Filters
	Pager      listPage
	AsOf       AsOf
	Legend     []LegendItem
	Units      []Link
}

// here is where the links of the components page lead.
const here = "#content"

// sample is a made-up text in the page's language, as a link.
func (r *reading) sample(key string) Link {
	return Link{Text: r.ours(r.say("components." + key)), Href: here}
}

// sampleMark is a source mark of a made-up statement.
func (r *reading) sampleMark(id string, change func(*Mark)) Mark {
	where := r.say("mark.where", args{"Paragraph": "4", "Sentence": "1"})
	m := Mark{ID: id, Href: here, Label: "¶ 4", Title: r.sample("source").Text, Where: where, Words: r.ours(r.say("components.words")),
		Spoken: r.say("mark.spoken", args{"Where": where, "Source": r.say("components.source")})}
	if change != nil {
		change(&m)
	}
	return m
}

// componentsView makes every component in every state.
func (r *reading) componentsView() ComponentsView {
	day := func(text string) string {
		d, err := edtf.Parse(text)
		if err != nil {
			return text
		}
		return r.date(d)
	}
	figure := func(n int64, q registry.Qualifier) string {
		return r.figure(registry.Figure{Value: registry.Whole(n), Unit: registry.SquareMetre, Qualifier: q}, "")
	}
	stated := func(labelKey string, marks []Mark, values ...Value) Fact {
		return Fact{Label: r.say(labelKey), Values: values, Marks: marks}
	}
	v := ComponentsView{
		Chips: []Chip{
			{label(r.words, "agreement_kind", registry.AgreementKinds[1]), "kind"}, {label(r.words, "site_kind", registry.SiteKinds[0]), "craft"},
			{label(r.words, "documentation", registry.Mentioned), "hollow"}, {label(r.words, "work", registry.Works[0]), "plain"},
		},
		Agreements: []AgreementRow{
			{ID: "sample-1", Title: r.sample("agreement"), Chips: []Chip{{label(r.words, "agreement_kind", registry.AgreementKinds[1]), "kind"}, {r.say("agreement.amended_chip"), "craft"}},
				Date: r.say("step_dated", args{"Step": label(r.words, "step", registry.StepSigned), "Date": day("2016-02")}), Marks: []Mark{r.sampleMark("sample-card-row", nil)},
				Facts: []Fact{stated("agreement.parties", nil, Value{Link: r.sample("party"), Note: label(r.words, "role", registry.RoleLead)})},
				Amendments: []AmendmentRow{{Title: r.sample("amendment"), Kinds: labels(r.words, "amendment_kind", registry.AmendmentKinds[:2]),
					Force: label(r.words, "force", registry.ForceCertain), Changes: []string{r.say("amendment.sets", args{"Field": r.say("field.surface"), "Value": figure(1400, registry.Exact)})}}}},
			{ID: "sample-2", Title: r.sample("agreement"), Chips: []Chip{{label(r.words, "documentation", registry.Mentioned), "hollow"}, {r.say("agreement.several_chip"), "hollow"}},
				Date: r.say("agreement.undated"), DateIsOpen: true, Notes: []string{r.say("agreement.mentioned_row"), r.say("agreement.several_row")}},
		},
		Events: []EventRow{{ID: "sample-event", Title: r.sample("event"), Chips: []Chip{{label(r.words, "event_kind", registry.EventKinds[0]), "craft"}},
			Facts: []Fact{stated("event.date", nil, r.value(day("2015-09-10")), r.value(day("2015-09/2016-03")))}}},
		Programmes: []ProgrammeRow{{r.sample("programme"), r.say("reach.from", args{"Place": r.say("place.country")}), day("2021/2030")}},
		Steps: []Step{
			{Name: label(r.words, "step", registry.StepAnnounced), Date: r.say("missing_date"), Known: true},
			{Name: label(r.words, "step", registry.StepSigned), Date: day("2016-02"), Known: true, Marks: []Mark{r.sampleMark("sample-card-step", nil)}},
			{Name: label(r.words, "step", registry.StepEnded), Date: r.say("missing")},
		},
		Parties: []PartyRow{{Name: r.sample("party"), Identity: r.sample("organisation").Text, Role: label(r.words, "role", registry.RoleLead), Signed: day("2016-02-01")}},
		Switch:  []Choice{{Text: r.count("explorer.all", 3), Href: here, Current: true}, {Text: r.count("explorer.on_map", 2), Href: here}, {Text: r.count("explorer.not_on_map", 1), Href: here}},
		Pager:   listPage{First: here, Next: here, More: r.say("explorer.next"), Nothing: r.say("explorer.nothing")},
		AsOf:    AsOf{Action: "/" + string(r.lang) + "/about/components", Words: r.sayDay(r.day), Reset: here},
	}
	v.Facts = []Fact{
		stated("site.surface", []Mark{r.sampleMark("sample-card-1", nil)}, r.value(figure(1000, registry.About))),
		stated("site.works", nil, r.chips("plain", labels(r.words, "work", registry.Works[:2]))...),
		{Label: r.say("site.trades"), Values: r.chips("plain", labels(r.words, "trade", registry.Trades[:2])), Note: r.say("list.incomplete")},
		{Label: r.say("site.shops"), Missing: r.say("missing")},
		stated("site.status", []Mark{
			r.sampleMark("sample-card-2", func(m *Mark) {
				m.Source = "fr"
				m.Before, m.Match = r.say("components.words")+" ", r.say("components.words")
			}),
			r.sampleMark("sample-card-3", func(m *Mark) { m.Source, m.Disagrees, m.Reason = "ar", true, r.say("components.reason") }),
		}, r.value(label(r.words, "site_status", registry.StatusPlanned))),
		{Label: r.say("shops.created"), Values: []Value{r.value(r.count("count.premises", 30))}, Changed: []Changed{{
			By: r.sample("amendment"), Text: r.say("changed.applied_article", args{"Article": "2", "From": day("2024-05-01")}), Before: r.say("changed.before", args{"Value": "25"})}}},
	}
	for _, p := range registry.Precisions {
		v.Sites = append(v.Sites, SiteRow{ID: registry.ID("sample-" + string(p)), Name: r.sample("site"), Chips: []Chip{{label(r.words, "site_kind", registry.SiteKinds[0]), "craft"}},
			Where: r.say("precision."+string(p), args{"Place": r.of(r.say("components.place"))})})
	}
	v.Table = AreaTable{Caption: r.say("area.caption"), Columns: []AreaColumn{{r.say("place_level.commune"), here, "ascending"}, {r.say("column.agreements"), here, ""}, {r.say("column.surface"), here, ""}},
		Rows:      []AreaRow{{Name: r.sample("place"), Spoken: r.say("components.place"), Cells: []Cell{{Text: "2"}, {Text: figure(1000, registry.About)}}}, {Name: r.sample("place"), Cells: []Cell{{Zero: true}, {Text: r.say("missing_short"), Unknown: true}}}},
		Elsewhere: Elsewhere{r.say("area.elsewhere_communes"), []Cell{{Text: "1"}, {Text: r.say("missing_short"), Unknown: true}}}}
	v.Filters = Filters{Action: v.AsOf.Action, Apply: r.say("explorer.apply"), Clear: here,
		Fields: []FilterField{{"kind", r.say("explorer.filter.kind"), []Choice{{Value: "x", Text: label(r.words, "site_kind", registry.SiteKinds[0])}}}},
		Chosen: []FilterChip{{r.say("explorer.filter.kind"), label(r.words, "site_kind", registry.SiteKinds[0]), here, r.say("explorer.remove", args{"Sites": r.count("count.sites", 3)})}}}
	for _, sign := range []string{"hatch", "pin", "shape", "badge"} {
		v.Legend = append(v.Legend, LegendItem{sign, r.say("legend." + sign)})
	}
	v.Legend = append(v.Legend, r.legend(bandsUpTo(0))...)
	v.Units = []Link{r.sample("place"), r.sample("place"), r.sample("place")}
	return v
}
