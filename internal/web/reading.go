package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/passage"
	"mithaq/internal/registry"
)

// reading is what one page is made from: its language, its day, and the records that it needed, each loaded once.
type reading struct {
	*words
	q        httpserve.Params // the address's own
	base     string           // the public address, without a slash at its end
	ctx      context.Context
	store    registry.Reader
	gaz      *gazetteer.Gazetteer
	outlines *outlineShelf
	forms    []Format // in which the interface for programs gives items
	backdrop *gazetteer.Backdrop
	day      edtf.Day
	moment   string // as the address asks for it; empty for the registry as it is
	asOf     bool   // the visitor asked for that day; else it's today
	known    map[registry.ID]registry.Stored
	texts    map[registry.ID]*passage.Text // of sources whose text may be shown
	cards    int                           // source cards on the page so far
	cited    []registry.ID                 // sources of the page's marks, in the order in which they came
}

// lastChanged is when the newest of the records on the page was published; zero when it is made of none.
func (r *reading) lastChanged() (last time.Time) {
	for _, s := range r.known {
		if s.Updated.After(last) {
			last = s.Updated
		}
	}
	return last
}

// know loads the records with these ids that aren't known yet. Ids that no record has are left out.
func (r *reading) know(ids ...registry.ID) error {
	wanted := map[registry.ID]bool{}
	for _, id := range ids {
		if _, ok := r.known[id]; !ok && id != "" {
			wanted[id] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	found, err := r.store.RecordsByID(r.ctx, slices.Sorted(maps.Keys(wanted)))
	if err != nil {
		return err
	}
	r.keep(found...)
	return nil
}

// keep remembers records that a query brought.
func (r *reading) keep(records ...registry.Stored) {
	for _, s := range records {
		r.known[s.ID()] = s
	}
}

// follow loads what the records point at, and the texts of the sources that may be shown.
func (r *reading) follow(records ...registry.Stored) error {
	r.keep(records...)
	var ids []registry.ID
	for _, s := range records {
		for _, ref := range s.Record.References() {
			ids = append(ids, ref.To)
		}
	}
	if err := r.know(ids...); err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.readText(id); err != nil {
			return err
		}
	}
	return nil
}

// readText loads the text of a source, if there is one and its rights let it be shown.
func (r *reading) readText(id registry.ID) error {
	source, ok := r.known[id].Record.(*registry.Source)
	if _, done := r.texts[id]; !ok || done || !source.Rights.ShowText() {
		return nil
	}
	r.texts[id] = nil
	raw, err := r.store.SourceText(r.ctx, id)
	if notFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := passage.Parse(raw.Raw)
	if err != nil {
		return fmt.Errorf("text of source %s: %w", id, err)
	}
	r.texts[id] = &text
	return nil
}

func notFound(err error) bool {
	var ours *registry.Error
	return errors.As(err, &ours) && ours.Code == registry.NotFound
}

// pointingAt loads the records of a type that refer to one of ids, and what they refer to.
func (r *reading) pointingAt(t registry.Type, ids []registry.ID) ([]registry.Stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{t}, PointsTo: ids})
	if err != nil {
		return nil, err
	}
	return found, r.follow(found...)
}

// subject is a record as it stands on the page's day.
type subject = registry.Dated

// plain is a record that no amendment changes.
func plain(s registry.Stored) subject {
	return subject{Stored: s, State: registry.State{Record: s.Record}}
}

// agreements puts agreements together as they stand on the page's day, and loads what they and all beside them point at.
func (r *reading) agreements(stored []registry.Stored) ([]registry.AgreementView, error) {
	views, err := registry.AgreementsOn(r.ctx, r.store, stored, r.day)
	if err != nil {
		return nil, err
	}
	return views, r.followAgreements(views)
}

func (r *reading) followAgreements(views []registry.AgreementView) error {
	var all []registry.Stored
	for _, v := range views {
		all = append(all, v.Stored)
		for _, s := range v.Sites {
			all = append(all, s.Stored)
		}
		for _, a := range v.Amendments {
			all = append(all, a.Stored)
		}
		all = append(append(all, v.Events...), v.Announcements...)
	}
	return r.follow(all...)
}

// href is the address of a record's page. A day that the visitor asked for travels on to the pages that have one.
func (r *reading) href(t registry.Type, id registry.ID) string {
	address := "/" + string(r.lang) + "/" + t.Plural() + "/" + string(id)
	if r.asOf && (t == registry.TypeAgreement || t == registry.TypeSite) {
		address += "?as-of=" + url.QueryEscape(string(r.day))
	}
	return address
}

// namesOf are a record's titles or names.
func namesOf(record registry.Record) registry.Texts {
	switch x := record.(type) {
	case *registry.Source:
		return x.Titles
	case *registry.Organisation:
		return x.Names
	case *registry.Programme:
		return x.Titles
	case *registry.Agreement:
		return x.Titles
	case *registry.Amendment:
		return x.Titles
	case *registry.Site:
		return x.Names
	case *registry.Event:
		return x.Titles
	case *registry.Announcement:
		return x.Titles
	}
	return nil
}

// text is a text in the page's language, or else in one that it exists in, marked as such.
func (r *reading) text(t registry.Texts) Text {
	best, ok := t.In(string(r.lang))
	if !ok {
		return Text{}
	}
	out := r.foreign(best.Text, best.Lang)
	if best.Origin == registry.OriginTranslation {
		out.Mark = r.say("text.translated", args{"By": best.By})
	}
	return out
}

// foreign is a text whose language may be another than the page's.
func (r *reading) foreign(text, lang string) Text {
	out := Text{Text: text, Lang: lang, Dir: dirOf(lang)}
	if lang != string(r.lang) {
		out.Mark = r.orCode("lang", lang)
	}
	return out
}

// orCode names a member of an open set, such as languages and countries; the code itself when the catalogs have no word for it.
func (r *reading) orCode(set, code string) string {
	if s := r.say(set + "." + code); !strings.HasPrefix(s, "⟦") {
		return s
	}
	return code
}

// ours is a text in the page's own language.
func (r *reading) ours(text string) Text {
	return Text{Text: text, Lang: string(r.lang), Dir: r.lang.Dir()}
}

// link leads to a record's page under its own name.
func (r *reading) link(id registry.ID) Link {
	s, ok := r.known[id]
	if !ok {
		return Link{Text: Text{Text: string(id)}}
	}
	return r.linkTo(s.Record)
}

func (r *reading) linkTo(record registry.Record) Link {
	head := record.Head()
	l := Link{Text: r.text(namesOf(record)), Href: r.href(head.Type, head.ID)}
	if best, ok := namesOf(record).In(string(r.lang)); ok && best.Lang == string(r.lang) {
		l.Mark = "" // who translated it stands on the record's own page
	}
	if l.Text.Text == "" {
		l.Text = r.ours(label(r.words, "type", head.Type))
	}
	return l
}

// placeName is a unit's name in the page's script.
func (r *reading) placeName(p registry.Place) string {
	if r.lang == Arabic && p.NameAR != "" {
		return p.NameAR
	}
	return p.NameFR
}

// otherPlaceName is a unit's name in the other script.
func (r *reading) otherPlaceName(p registry.Place) Text {
	if r.lang == Arabic {
		return Text{Text: p.NameFR, Lang: "fr", Dir: "ltr"}
	}
	return Text{Text: p.NameAR, Lang: "ar", Dir: "rtl"}
}

// placeLink leads to a unit's page, or to that of the nearest unit above it that has one.
func (r *reading) placeLink(code registry.PlaceCode) Link {
	if code == registry.Country {
		return Link{Text: r.ours(r.say("place.country")), Href: "/" + string(r.lang) + "/"}
	}
	p, ok := r.gaz.Place(code)
	if !ok {
		return Link{Text: Text{Text: string(code)}}
	}
	l := Link{Text: r.ours(r.placeName(p)), Href: r.placeHref(p)}
	if l.Href == "" {
		above := r.gaz.Ancestors(code)
		for i := len(above) - 1; i >= 0 && l.Href == ""; i-- {
			l.Href = r.placeHref(above[i])
		}
	}
	return l
}

func (r *reading) placeHref(p registry.Place) string {
	if !slices.Contains(registry.PagedLevels, p.Level) {
		return ""
	}
	address := "/" + string(r.lang) + "/" + p.Level.Plural() + "/" + string(p.Code)
	if r.asOf {
		address += "?as-of=" + url.QueryEscape(string(r.day))
	}
	return address
}

// breadcrumb leads from the country down to code, without code itself.
func (r *reading) breadcrumb(code registry.PlaceCode) []Link {
	crumbs := []Link{{Text: r.ours(r.say("place.country")), Href: "/" + string(r.lang) + "/"}}
	for _, p := range r.gaz.Ancestors(code) {
		if slices.Contains(registry.PagedLevels, p.Level) {
			crumbs = append(crumbs, r.placeLink(p.Code))
		}
	}
	return crumbs
}
