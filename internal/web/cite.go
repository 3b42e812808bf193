package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/cite"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// CiteView is how to cite a page: in words and in the forms of reference managers.
type CiteView struct {
	Sentence  string
	Permanent string // address of the page, whatever is published later
	Version   string // address of this very version; empty when nothing was published
	Forms     []CiteForm
}

// CiteForm is a reference in one form.
type CiteForm struct{ ID, Name, Text, Href string }

// registryName is the publisher of every record, in every language.
const registryName = "Mithaq"

// recordPath is the address of a record's page without its language: "/agreements/tiznit-pottery-complex".
func recordPath(head *registry.Header) string {
	return "/" + head.Type.Plural() + "/" + string(head.ID)
}

func placePath(p registry.Place) string { return "/" + p.Level.Plural() + "/" + string(p.Code) }

// citeRecord is the reference to the version of a record that the page shows.
func (r *reading) citeRecord(s registry.Stored) cite.Work {
	head := s.Record.Head()
	title := r.titleOf(s.Record)
	version := r.whole(s.Revision)
	w := r.work(recordPath(head), s.Updated)
	w.Key, w.Version, w.Lang = fmt.Sprintf("mithaq-%s-%d", head.ID, s.Revision), version, title.Lang
	w.Title = r.say("cite.title", args{"Title": title.Text, "Kind": label(r.words, "type", head.Type)})
	w.Note = r.say("cite.version", args{"Version": version, "Moment": r.sayMoment(s.Updated)})
	return w
}

// citePlace is the reference to a place's page. Its version is the newest among the records that reach the place, so that what is published
// elsewhere leaves the page as it is.
func (r *reading) citePlace(p registry.Place) (cite.Work, error) {
	at, err := r.lastPublishedIn(p)
	if err != nil {
		return cite.Work{}, err
	}
	w := r.work(placePath(p), at)
	w.Key, w.Lang = "mithaq-"+string(p.Code), string(r.lang)
	w.Title = r.say("cite.title", args{"Title": r.placeName(p), "Kind": r.placeKind(p)})
	if !at.IsZero() {
		w.Key += at.UTC().Format("-20060102")
		w.Note = r.say("cite.state", args{"Moment": r.sayMoment(at)})
	}
	return w, nil
}

// lastPublishedIn is when the newest of the records was published that touch a place, or are of a unit above it or of the whole country;
// zero when there are none.
func (r *reading) lastPublishedIn(p registry.Place) (last time.Time, err error) {
	queries := []registry.RecordQuery{{Reaches: p.Code, Limit: 1}}
	for _, unit := range append(r.above(p.Code), registry.Country) {
		queries = append(queries, registry.RecordQuery{At: unit, Limit: 1})
	}
	for _, q := range queries {
		found, err := r.store.Records(r.ctx, q)
		if err != nil {
			return last, err
		}
		if len(found) > 0 && found[0].Updated.After(last) {
			last = found[0].Updated
		}
	}
	return last, nil
}

// work is a reference to a page as it was at a moment; the zero moment is for what was never published.
func (r *reading) work(path string, at time.Time) cite.Work {
	values := url.Values{}
	if r.asOf {
		values.Set(asOfParam, string(r.day))
	}
	if !at.IsZero() {
		values.Set(recordedParam, momentText(at))
	}
	w := cite.Work{Publisher: registryName, Published: at, URL: r.base + "/" + string(r.lang) + path}
	if len(values) > 0 {
		w.URL += "?" + strings.ReplaceAll(values.Encode(), "%3A", ":") // an address is read by people, too
	}
	return w
}

// citeView shows a reference in words and in every form.
func (r *reading) citeView(w cite.Work, path string) CiteView {
	v := CiteView{Permanent: r.base + "/" + string(r.lang) + path, Sentence: r.say("cite.sentence", args{"Title": isolated(w.Title), "Note": w.Note, "URL": w.URL})}
	if w.Note == "" {
		v.Sentence = r.say("cite.sentence_undated", args{"Title": isolated(w.Title), "URL": w.URL})
	}
	if !w.Published.IsZero() {
		v.Version = w.URL
	}
	values := url.Values{}
	if r.lang != French {
		values.Set(langParam, string(r.lang))
	}
	if r.asOf {
		values.Set(asOfParam, string(r.day))
	}
	if r.moment != "" {
		values.Set(recordedParam, r.moment)
	}
	query := values.Encode()
	if query != "" {
		query = "?" + query
	}
	for _, f := range cite.Forms {
		v.Forms = append(v.Forms, CiteForm{ID: "cite-" + strings.ReplaceAll(f.Ending, ".", "-"), Name: f.Name, Text: f.Write(w), Href: "/cite" + path + "." + f.Ending + query})
	}
	return v
}

// getCitation answers /cite/agreements/{id}.bib and its sisters.
func (s *Server) getCitation(c *fiber.Ctx) error {
	r, err := s.read(c, langParam, asOfParam)
	if err != nil {
		return err
	}
	plural, file := httpserve.PathParam(c, "plural"), httpserve.PathParam(c, "file")
	for _, f := range cite.Forms {
		name, ok := strings.CutSuffix(file, "."+f.Ending)
		if !ok {
			continue
		}
		w, err := r.citeNamed(plural, name)
		if err != nil {
			return err
		}
		return httpserve.Send(c, httpserve.Payload{ContentType: f.ContentType, Body: []byte(f.Write(w)), Filename: w.Key + "." + f.Ending})
	}
	return noRecord(plural + " " + file)
}

// citeNamed finds what an address names: a record by its type and id, or a place by its level and code.
func (r *reading) citeNamed(plural, name string) (cite.Work, error) {
	for _, level := range registry.PagedLevels {
		if level.Plural() != plural {
			continue
		}
		p, ok := r.gaz.Place(registry.PlaceCode(name))
		if !ok || p.Level != level {
			break
		}
		return r.citePlace(p)
	}
	for _, t := range registry.Types {
		if t.Plural() != plural || !registry.ID(name).Valid() {
			continue
		}
		stored, err := r.store.Record(r.ctx, registry.ID(name))
		if err != nil {
			return cite.Work{}, err
		}
		if stored.Record.Head().Type == t {
			return r.citeRecord(stored), nil
		}
	}
	return cite.Work{}, noRecord(plural + " " + name)
}
