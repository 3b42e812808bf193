package web

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
	"mithaq/internal/search"
)

// Bounds of a search.
const (
	queryLength    = 200 // bytes; longer is pasted by mistake
	suggestions    = 8   // more don't fit under the box of a phone
	suggestPlaces  = 4   // of them, when there are records, too
	excerptLetters = 160 // of a long text, round the words met
)

// labelledSets are the closed sets whose members are found by their names.
var labelledSets = map[string]string{
	"agreement_kind": "AgreementKind", "site_kind": "SiteKind", "event_kind": "EventKind", "organisation_kind": "OrganisationKind",
	"type": "Type", "work": "Work", "trade": "Trade", "utility": "Utility",
}

// searchLabels are the names of codes in every language. "Other" and "unknown" are no names: whoever types "site" means any site.
func searchLabels(all map[Lang]*words) (labels []search.Label) {
	for set, closed := range labelledSets {
		for _, code := range registry.ClosedSets[closed] {
			for _, lang := range Langs {
				if code != "other" && code != "unknown" {
					labels = append(labels, search.Label{Code: search.Code{Set: set, Code: code}, Lang: string(lang), Text: all[lang].say(set + "." + code)})
				}
			}
		}
	}
	slices.SortFunc(labels, func(a, b search.Label) int { // a map has no order, an answer has
		return strings.Compare(a.Set+"."+a.Code.Code+"."+a.Lang, b.Set+"."+b.Code.Code+"."+b.Lang)
	})
	return labels
}

// find reads the query of a request and answers it; more are other parameters that it may have.
func (s *Server) find(c *fiber.Ctx, more ...string) (r *reading, query string, found search.Result, err error) {
	if r, err = s.read(c, append(more, "q")...); err != nil {
		return nil, "", found, err
	}
	if len(r.q["q"]) > queryLength {
		return nil, "", found, &registry.Error{Code: registry.Invalid, Message: "The search is too long.", Param: "q", Got: r.q["q"], Takes: "up to 200 bytes"}
	}
	query = strings.TrimSpace(r.q["q"])
	searcher := search.Searcher{Store: r.store, Places: s.Gazetteer, Labels: s.labels}
	if s.Kept != nil && r.moment == "" {
		searcher.Store = keptSearch{r.store, s.Kept}
	}
	found, err = searcher.Find(r.ctx, query, string(r.lang))
	return r, query, found, err
}

// keptSearch is a store that keeps until the next publication which records a question to its word index gives: a common word is in every third record
// of the registry, and all who type it begin with the same letters.
type keptSearch struct {
	registry.Reader
	kept *httpserve.AnswerCache
}

// Search implements search.Reader.
func (k keptSearch) Search(ctx context.Context, q registry.SearchQuery) ([]registry.SearchHit, error) {
	version, err := k.kept.Version(ctx, k.Reader)
	if err != nil {
		return nil, err
	}
	question, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	kept, err := k.kept.Of(ctx, version, "search "+string(question), func() (httpserve.Kept, error) {
		found, err := k.Reader.Search(ctx, q)
		if err != nil {
			return httpserve.Kept{}, err
		}
		body, err := json.Marshal(found)
		return httpserve.Kept{Body: body}, err
	})
	if err != nil {
		return nil, err
	}
	var hits []registry.SearchHit
	err = json.Unmarshal(kept.Body, &hits)
	return hits, err
}

func (s *Server) getSearch(c *fiber.Ctx) error {
	r, query, found, err := s.find(c)
	if err != nil {
		return err
	}
	if query != "" && len(found.Hits) == 0 && len(found.Places) == 0 {
		// What people look for and don't find tells what the registry lacks. The words alone: nothing of who typed them.
		s.Log.Info("search without answer", "query", query, "lang", string(r.lang))
	}
	view := r.searchView(query, found)
	return s.send(c, r, "search", Page{Title: r.say("search.title"), Query: query, View: view, NoIndex: true, Feeds: r.searchFeeds(query)})
}

// SearchView is what a search found: places, then records by type; or, when it found nothing, what leads on.
type SearchView struct {
	Query   string
	Tally   string
	Places  []PlaceHit
	Groups  []HitGroup
	Help    []Link
	Unknown []string
	Fewer   []Link
	Nearest []PlaceHit
	// NeedsScript and Failed are said by a copy, whose search runs in the browser; empty where the server searches.
	NeedsScript, Failed string
}

// PlaceHit is a unit that a person may mean.
type PlaceHit struct {
	Link
	Kind, Within string
}

// HitGroup is the records of one type.
type HitGroup struct {
	Title string
	Hits  []RecordHit
}

// RecordHit is a record under its own title, and why it was found when its title doesn't show it.
type RecordHit struct {
	Title Link
	Parts []Part // of the title
	Why   *Why
}

// Why is the field that was met, with its words; without parts the label says it all.
type Why struct {
	Label     string
	Lang, Dir string
	Parts     []Part
}

// Part is a piece of a text; Met ones are what was searched for.
type Part struct {
	Text string
	Met  bool
}

func (r *reading) searchView(query string, found search.Result) SearchView {
	v := SearchView{Query: query, Unknown: found.Unknown, Places: r.placeHits(found.Places), Nearest: r.placeHits(found.Nearest), Help: []Link{
		{Text: r.ours(r.say("search.help_map")), Href: "/" + string(r.lang) + "/"},
		{Text: r.ours(r.say("search.help_about")), Href: "/" + string(r.lang) + "/about"},
	}}
	at := map[registry.Type]int{}
	for _, h := range found.Hits { // best first, so the group of the best hit stands first
		t := h.Record.Head().Type
		i, ok := at[t]
		if !ok {
			i = len(v.Groups)
			at[t] = i
			v.Groups = append(v.Groups, HitGroup{Title: label(r.words, "types", t)})
		}
		v.Groups[i].Hits = append(v.Groups[i].Hits, r.recordHit(h))
	}
	for _, shorter := range found.Without {
		v.Fewer = append(v.Fewer, Link{Text: Text{Text: shorter}, Href: "/" + string(r.lang) + "/search?q=" + url.QueryEscape(shorter)})
	}
	v.Tally = r.count("search.tally", len(v.Places)+len(found.Hits))
	return v
}

func (r *reading) placeHits(places []registry.Place) (hits []PlaceHit) {
	for _, p := range places {
		hit := PlaceHit{Link: r.placeLink(p.Code), Kind: r.placeKind(p)}
		if above := r.gaz.Ancestors(p.Code); len(above) > 0 {
			hit.Within = r.placeName(above[min(1, len(above)-1)])
		}
		hits = append(hits, hit)
	}
	return hits
}

func (r *reading) recordHit(h search.Hit) RecordHit {
	hit := RecordHit{Title: r.linkTo(h.Record)}
	hit.Parts = []Part{{Text: hit.Title.Text.Text}}
	switch {
	case h.Field.Text == "":
		hit.Why = &Why{Label: r.say("search.touches")}
	case h.Field.Text == hit.Title.Text.Text:
		hit.Parts = parts(h.Field.Text, h.Spans)
	default:
		hit.Why = &Why{Label: r.say("field." + h.Field.Name), Lang: h.Field.Lang, Parts: excerpt(parts(h.Field.Text, h.Spans))}
		if h.Field.Lang != "" {
			hit.Why.Dir = dirOf(h.Field.Lang)
		}
	}
	return hit
}

// parts cuts a text at its spans.
func parts(text string, spans []search.Span) (out []Part) {
	at := 0
	for _, s := range spans {
		if s.Start > at {
			out = append(out, Part{Text: text[at:s.Start]})
		}
		out = append(out, Part{Text: text[s.Start:s.End], Met: true})
		at = s.End
	}
	if at < len(text) {
		out = append(out, Part{Text: text[at:]})
	}
	return out
}

// excerpt shortens the stretches between the words met, so that the whole stays near excerptLetters.
func excerpt(all []Part) []Part {
	room := excerptLetters / (len(all) + 1)
	for i, p := range all {
		if letters := []rune(p.Text); !p.Met && len(letters) > 2*room+1 {
			start, end := string(letters[:room]), string(letters[len(letters)-room:])
			switch {
			case i == 0:
				all[i].Text = "…" + end
			case i == len(all)-1:
				all[i].Text = start + "…"
			default:
				all[i].Text = start + " … " + end
			}
		}
	}
	return all
}

// Suggestions is what the box proposes while somebody types.
type Suggestions struct {
	Status  string       `json:"status"` // how many, in words, for screen readers
	Options []Suggestion `json:"options"`
}

// Suggestion leads to a page.
type Suggestion struct {
	Text string `json:"text"`
	Lang string `json:"lang,omitempty"`
	Dir  string `json:"dir,omitempty"`
	Note string `json:"note"` // what it is
	Href string `json:"href"`
}

func (s *Server) getSuggestions(c *fiber.Ctx) error {
	r, _, found, err := s.find(c)
	if err != nil {
		return err
	}
	body, err := json.Marshal(r.suggestions(found))
	if err != nil {
		return err
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "application/json; charset=utf-8", Body: body})
}

func (r *reading) suggestions(found search.Result) Suggestions {
	out := Suggestions{Options: []Suggestion{}}
	add := func(l Link, note string) {
		out.Options = append(out.Options, Suggestion{l.Text.Text, l.Lang, l.Dir, note, l.Href})
	}
	places := r.placeHits(found.Places)
	if len(found.Hits) > 0 {
		places = places[:min(len(places), suggestPlaces)]
	}
	for _, p := range places {
		note := p.Kind
		if p.Within != "" {
			note += r.say("list.comma") + p.Within
		}
		add(p.Link, note)
	}
	for _, h := range found.Hits[:min(len(found.Hits), suggestions-len(places))] {
		add(r.linkTo(h.Record), label(r.words, "type", h.Record.Head().Type))
	}
	out.Status = r.say("search.no_suggestion")
	if n := len(out.Options); n > 0 {
		out.Status = r.count("search.suggestions", n)
	}
	return out
}
