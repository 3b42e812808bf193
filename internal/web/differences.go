package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// ChangeView is one value that two versions of a record have differently, in words.
type ChangeView struct {
	Field         string
	Before, After Text // without text: no value
	// Exact marks values that the page's words can't tell apart; they are shown as the record holds them.
	Exact bool
}

// changeViews says differences in words. What they point at must be known.
func (r *reading) changeViews(found []registry.Difference) []ChangeView {
	var out []ChangeView
	for _, d := range found {
		c := ChangeView{Field: r.differenceField(d)}
		field := d.Pointer[strings.LastIndex(d.Pointer, "/")+1:]
		if d.Before != nil {
			c.Before = r.told(d.Before, field)
		}
		if d.After != nil {
			c.After = r.told(d.After, field)
		}
		if c.Before.Text == c.After.Text {
			c.Before, c.After, c.Exact = asJSON(d.Before), asJSON(d.After), true
		}
		out = append(out, c)
	}
	return out
}

// differenceField names the value in words, members of lists by their number: "partie 2 › rôle".
func (r *reading) differenceField(d registry.Difference) string {
	for _, v := range []any{d.After, d.Before} {
		if s, ok := v.(registry.Statement); ok {
			return r.say("history.source_of", args{"Field": r.fieldName(s.Path)})
		}
	}
	var parts []string
	list := ""
	for _, part := range strings.Split(strings.TrimPrefix(d.Pointer, "/"), "/") {
		if i, err := strconv.Atoi(part); err == nil && len(parts) > 0 {
			if !slices.Contains(textFields, list) { // the versions of a text are told apart by their language
				parts[len(parts)-1] += " " + r.whole(i+1)
			}
			continue
		}
		list = part
		parts = append(parts, r.orCode("field", part))
	}
	return strings.Join(parts, " › ")
}

// textFields hold one text in several languages.
var textFields = []string{"titles", "names", "object", "text", "note", "rights_note", "follow_up"}

// asJSON is a value as the record holds it; nothing for none.
func asJSON(v any) Text {
	if v == nil {
		return Text{}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return Text{Text: fmt.Sprint(v)}
	}
	return Text{Text: string(raw), Dir: "ltr"}
}

// toldText is a text as part of a sentence in the page's language.
func toldText(t Text) string { return isolated(t.Text) }

// told says a value of a record. field is the name of its field, which tells a year from a number and a language from a text.
func (r *reading) told(v any, field string) Text {
	w := r.words
	switch v := v.(type) {
	case registry.Text:
		return r.foreign(v.Text, v.Lang)
	case registry.ID:
		return r.link(v).Text
	case string:
		switch field {
		case "lang":
			return r.ours(r.orCode("lang_name", v))
		case "country":
			return r.ours(r.orCode("country", v))
		}
		return Text{Text: v}
	case registry.AgreementKind:
		return r.ours(label(w, "agreement_kind", v))
	case registry.Documentation:
		return r.ours(label(w, "documentation", v))
	case registry.Scope:
		return r.ours(label(w, "scope", v))
	case registry.Role:
		return r.ours(label(w, "role", v))
	case registry.StepKind:
		return r.ours(label(w, "step", v))
	case registry.SiteKind:
		return r.ours(label(w, "site_kind", v))
	case registry.SiteStatus:
		return r.ours(label(w, "site_status", v))
	case registry.AmendmentKind:
		return r.ours(label(w, "amendment_kind", v))
	case registry.Work:
		return r.ours(label(w, "work", v))
	case registry.Utility:
		return r.ours(label(w, "utility", v))
	case registry.Trade:
		return r.ours(label(w, "trade", v))
	case registry.EventKind:
		return r.ours(label(w, "event_kind", v))
	case registry.Recurrence:
		return r.ours(label(w, "recurrence", v))
	case registry.ComponentKind:
		return r.ours(label(w, "component_kind", v))
	case registry.OrganisationKind:
		return r.ours(label(w, "organisation_kind", v))
	case registry.SourceKind:
		return r.ours(label(w, "source_kind", v))
	case registry.Rights:
		return r.ours(label(w, "rights", v))
	case registry.Measure:
		return r.ours(label(w, "measure", v))
	case registry.PlaceLevel:
		return r.ours(label(w, "place_level", v))
	case registry.Precision:
		return r.ours(label(w, "precision_name", v))
	case registry.TextOrigin:
		return r.ours(label(w, "text_origin", v))
	case registry.Type:
		return r.ours(label(w, "type", v))
	case registry.PlaceCode:
		return r.placeLink(v).Text
	}
	return r.ours(r.toldWhole(v, field))
}

// toldWhole says what is made of several values.
func (r *reading) toldWhole(v any, field string) string {
	w := r.words
	switch v := v.(type) {
	case bool:
		return r.say("value.yes")
	case int:
		if field == "year" {
			return year(v)
		}
		return r.whole(v)
	case registry.Decimal:
		return r.decimal(v)
	case *registry.Decimal:
		return r.decimal(*v)
	case edtf.Date:
		return r.date(v)
	case registry.Figure:
		return r.figure(v, "")
	case *registry.Figure:
		return r.figure(*v, "")
	case registry.NamedFigure:
		return r.colon(label(w, "measure", v.Measure), r.figure(v.Figure, ""), r.countryOf(v.Country))
	case registry.Surface:
		return r.sizes("surface.", []string{"plot", "covered", "total"}, v.Plot, v.Covered, v.Total)
	case registry.Premises:
		return r.sizes("shops.", []string{"created", "restored"}, v.Created, v.Restored)
	case registry.Party:
		return r.tellParty(v)
	case registry.Step:
		return r.tellStep(v)
	case registry.Contribution:
		return r.tellContribution(v)
	case registry.Obligation:
		return r.tellObligation(v)
	case registry.Component:
		return r.tellComponent(v)
	case registry.ProgrammeLink:
		return r.tellProgramme(v)
	case registry.Axis:
		return toldText(r.text(v.Titles))
	case registry.Phase:
		return r.colon(toldText(r.text(v.Titles)), r.date(v.Period))
	case registry.Occurrence:
		return r.tellOccurrence(v)
	case *registry.WrittenPlace:
		return isolated(v.AsWritten)
	case registry.Locality:
		return r.say("locality_named."+string(v.Kind), args{"Name": isolated(v.Name)})
	case registry.Confirmation:
		return r.colon(toldText(r.placeLink(v.Code).Text), isolated(v.Reason))
	case *registry.Confirmation:
		return r.toldWhole(*v, field)
	case *registry.Position:
		return r.colon(label(w, "precision_name", v.Precision), r.toldWhole(v.Geometry, ""))
	case registry.Geometry:
		return r.tellGeometry(v)
	case registry.Statement:
		return r.tellStatement(v)
	case registry.Change:
		return r.tellChange(v)
	}
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
		parts := make([]string, list.Len())
		for i := range parts {
			parts[i] = toldText(r.told(list.Index(i).Interface(), field))
		}
		return r.join(parts)
	}
	return isolated(asJSON(v).Text) // a kind of value that is new: the record's own form says it all
}

// colon says a name and what follows it, leaving out what is empty.
func (r *reading) colon(name string, rest ...string) string {
	var parts []string
	for _, x := range rest {
		if x != "" {
			parts = append(parts, x)
		}
	}
	if len(parts) == 0 {
		return name
	}
	return name + r.say("punctuation.colon") + " " + strings.Join(parts, r.say("list.comma"))
}

func (r *reading) countryOf(code string) string {
	if code == "" {
		return ""
	}
	return r.orCode("country", code)
}

// sizes says figures by the messages of their names.
func (r *reading) sizes(set string, names []string, figures ...*registry.Figure) string {
	var parts []string
	for i, f := range figures {
		if f != nil {
			parts = append(parts, r.colon(r.say(set+names[i]), r.figure(*f, "")))
		}
	}
	return r.join(parts)
}

func (r *reading) tellParty(p registry.Party) string {
	representative := ""
	if p.Representative != "" {
		representative = isolated(p.Representative)
	}
	return r.colon(isolated(p.NameAsWritten), label(r.words, "role", p.Role), representative, r.date(p.Signed))
}

func (r *reading) tellStep(s registry.Step) string {
	when := r.date(s.Date)
	if when == "" {
		when = r.say("missing_date")
	}
	note := ""
	if len(s.Note) > 0 {
		note = toldText(r.text(s.Note))
	}
	return r.colon(label(r.words, "step", s.Kind), when, note)
}

// organisationName is empty for no organisation.
func (r *reading) organisationName(id registry.ID) string {
	if id == "" {
		return ""
	}
	return toldText(r.link(id).Text)
}

func (r *reading) tellContribution(c registry.Contribution) string {
	when, amount := "", r.say("missing")
	if c.Year != 0 {
		when = year(c.Year)
	}
	if c.Amount != nil {
		amount = r.figure(*c.Amount, "")
	}
	if name := r.organisationName(c.Organisation); name != "" {
		return r.colon(name, when, amount)
	}
	return r.colon(r.say("agreement.amount"), when, amount)
}

func (r *reading) tellObligation(o registry.Obligation) string {
	if name := r.organisationName(o.Organisation); name != "" {
		return r.colon(name, toldText(r.text(o.Text)))
	}
	return toldText(r.text(o.Text))
}

func (r *reading) tellComponent(c registry.Component) string {
	place := ""
	if c.Place != nil {
		place = isolated(c.Place.AsWritten)
	}
	parts := []string{toldText(r.text(c.Titles)), place}
	for _, f := range c.Figures {
		parts = append(parts, r.toldWhole(f, ""))
	}
	return r.colon(label(r.words, "component_kind", c.Kind), parts...)
}

func (r *reading) tellProgramme(l registry.ProgrammeLink) string {
	phase := ""
	if l.Phase > 0 {
		phase = r.say("programme.phase", args{"Number": r.whole(l.Phase)})
	}
	return r.colon(toldText(r.link(l.Programme).Text), phase)
}

func (r *reading) tellOccurrence(o registry.Occurrence) string {
	when := r.date(o.Date)
	if when == "" {
		when = r.say("missing_date")
	}
	if o.Place == nil {
		return when
	}
	return r.colon(when, isolated(o.Place.AsWritten))
}

// tellGeometry says what is drawn and where it lies: degrees, longitude then latitude.
func (r *reading) tellGeometry(g registry.Geometry) string {
	if g.Geometry == nil {
		return r.say("missing")
	}
	c := g.Bound().Center()
	return isolated(fmt.Sprintf("%s %.5f, %.5f", g.GeoJSONType(), c.Lon(), c.Lat()))
}

func (r *reading) tellStatement(s registry.Statement) string {
	out := r.colon(toldText(r.link(s.Source).Text), r.say("mark.where", args{"Paragraph": r.whole(s.Paragraph), "Sentence": r.whole(s.Sentence)}), r.say("history.words", args{"Words": isolated(s.Words)}))
	if s.Disagrees {
		out += " — " + r.say("mark.disagrees") + " " + isolated(s.Reason)
	}
	return out
}

func (r *reading) tellChange(c registry.Change) string {
	value := r.rawValue(c.Value)
	if value == "" {
		value = string(c.Value)
	}
	article := ""
	if c.Article != "" {
		article = r.say("amendment.by_article", args{"Article": isolated(c.Article)})
	}
	return r.colon(r.fieldName(c.Path), isolated(value), article)
}

// sayMoment says a time to the minute, in UTC, which the words name.
func (w *words) sayMoment(t time.Time) string {
	t = t.UTC()
	return w.say("date.moment", args{"Day": w.sayDay(dayOf(t)), "Time": t.Format("15:04")})
}
