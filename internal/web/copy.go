package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
	"mithaq/internal/search"
)

// What a copy of the pages as plain files has and no server needs: a page that asks for the language, one for what isn't there, and a
// search without a server. They have addresses, so that they are asked for as every page is; only an application that is being copied
// answers there.
const (
	CopyChooser  = "/copy/languages"
	CopyNotFound = "/copy/not-found"
)

// CopySearch is the address of what stands at /{lang}/search in a copy.
func CopySearch(lang string) string { return "/" + lang + "/copy/search" }

// CopyIndex is the address of the index that a copy's search reads, in one language.
func CopyIndex(lang string) string { return "/" + lang + "/copy/search.json" }

// MountCopy adds to an application that has the pages what only a copy of them needs.
func (s *Server) MountCopy(app fiber.Router) {
	app.Get(CopyChooser, s.getLanguages)
	app.Get(CopyNotFound, s.getNotFound)
	for _, lang := range Langs {
		g := app.Group("/"+string(lang)+"/copy", func(c *fiber.Ctx) error {
			c.Locals(langKey{}, lang)
			return c.Next()
		})
		g.Get("/search", s.getCopySearch)
		g.Get("/search.json", s.getCopyIndex)
	}
}

// Languages is a page in all languages at once: no visitor has chosen one yet.
type Languages struct {
	Title string
	Each  []LanguageChoice
}

// LanguageChoice is a language with what the page says in it.
type LanguageChoice struct{ Lang, Dir, Name, Title, Text, Href string }

func (s *Server) getLanguages(c *fiber.Ctx) error {
	return s.sendLanguages(c, func(w *words) (title, text string) { return "", w.say("site.description") })
}

func (s *Server) getNotFound(c *fiber.Ctx) error {
	return s.sendLanguages(c, func(w *words) (title, text string) { return w.say("error.not_found"), "" })
}

func (s *Server) sendLanguages(c *fiber.Ctx, say func(*words) (title, text string)) error {
	view := Languages{Title: s.words[French].say("site.name")}
	for _, lang := range Langs {
		x := LanguageChoice{Lang: string(lang), Dir: lang.Dir(), Name: ownNames[lang], Href: "/" + string(lang) + "/"}
		x.Title, x.Text = say(s.words[lang])
		view.Each = append(view.Each, x)
	}
	var out bytes.Buffer
	if err := s.templates[French].ExecuteTemplate(&out, "languages", view); err != nil {
		return fmt.Errorf("page languages: %w", err)
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "text/html; charset=utf-8", Body: out.Bytes()})
}

// getCopySearch is the page of the search before anything is typed; a script fills it.
func (s *Server) getCopySearch(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	c.Path("/" + string(r.lang) + "/search") // where the page stands, for its links to itself
	view := r.searchView("", search.Result{})
	view.NeedsScript, view.Failed = r.say("search.needs_script"), r.say("search.failed")
	return s.send(c, r, "search", Page{Title: r.say("search.title"), View: view, NoIndex: true})
}

// SearchIndex is what a browser searches in: every place and record with the words by which it is found, and what a page of results says.
type SearchIndex struct {
	Lang   Lang          `json:"lang"`
	Locale string        `json:"locale"` // whose numbers and plurals the language has
	Kinds  [][2]string   `json:"kinds"`  // of places: the folder of their pages, and the name
	Places [][]any       `json:"places"` // most populous first: code, kind, the unit that stands beside its name or -1, names in French and Arabic, variants
	Types  []indexedType `json:"types"`
	// Records have the words of their fields folded, as package search folds them.
	Records []indexedRecord   `json:"records"`
	Fields  map[string]string `json:"fields"` // names of fields; "touches" for none
	Says    map[string]any    `json:"says"`   // messages; those with a number as a map of plural forms, with {n} for the number
}

type indexedType struct {
	Path string `json:"path"`
	One  string `json:"one"`
	Many string `json:"many"`
}

type indexedRecord struct {
	ID     registry.ID `json:"id"`
	Type   int         `json:"type"`
	Title  string      `json:"title"`
	Lang   string      `json:"lang,omitempty"`
	Dir    string      `json:"dir,omitempty"`
	Mark   string      `json:"mark,omitempty"`
	At     []int       `json:"at"`     // the places that it touches
	Fields [][3]any    `json:"fields"` // name, weight, words
}

func (s *Server) getCopyIndex(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	index := SearchIndex{Lang: r.lang, Locale: numberLocale[r.lang].String(), Fields: map[string]string{"touches": r.say("search.touches")}, Says: r.searchMessages()}
	for _, t := range registry.Types {
		index.Types = append(index.Types, indexedType{t.Plural(), label(r.words, "type", t), label(r.words, "types", t)})
	}
	at := r.indexPlaces(&index)
	if err := r.indexRecords(&index, at, search.Searcher{Labels: s.labels}); err != nil {
		return err
	}
	body, err := json.Marshal(index)
	if err != nil {
		return err
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "application/json; charset=utf-8", Body: body})
}

// indexPlaces adds every unit that has a page, and says where each stands.
func (r *reading) indexPlaces(index *SearchIndex) (at map[registry.PlaceCode]int) {
	var all []registry.Place
	for _, level := range registry.PagedLevels {
		all = append(all, r.gaz.Places(level)...)
	}
	people := func(p registry.Place) int {
		if p.Population2024 == nil {
			return 0
		}
		return *p.Population2024
	}
	slices.SortFunc(all, func(a, b registry.Place) int {
		return cmp.Or(cmp.Compare(people(b), people(a)), cmp.Compare(a.Code, b.Code))
	})
	at = map[registry.PlaceCode]int{}
	for i, p := range all {
		at[p.Code] = i
	}
	for _, p := range all {
		kind := [2]string{p.Level.Plural(), r.placeKind(p)}
		if !slices.Contains(index.Kinds, kind) {
			index.Kinds = append(index.Kinds, kind)
		}
		beside := -1
		if above := r.gaz.Ancestors(p.Code); len(above) > 0 {
			beside = at[above[min(1, len(above)-1)].Code]
		}
		row := []any{p.Code, slices.Index(index.Kinds, kind), beside, p.NameFR, p.NameAR}
		for _, alias := range p.Aliases {
			row = append(row, alias)
		}
		index.Places = append(index.Places, row)
	}
	return at
}

// indexRecords adds every published record.
func (r *reading) indexRecords(index *SearchIndex, at map[registry.PlaceCode]int, searcher search.Searcher) error {
	all, err := r.store.Records(r.ctx, registry.RecordQuery{})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b registry.Stored) int { return cmp.Compare(a.ID(), b.ID()) })
	touches, err := r.touches(all, at)
	if err != nil {
		return err
	}
	names := search.NamesOf(all)
	for _, s := range all {
		link := r.linkTo(s.Record)
		x := indexedRecord{ID: s.ID(), Type: slices.Index(registry.Types, s.Record.Head().Type), Title: link.Text.Text, Lang: link.Lang, Dir: link.Dir, Mark: link.Mark, At: []int{}}
		for _, code := range touches[s.ID()] {
			x.At = append(x.At, at[code])
		}
		for _, f := range searcher.IndexedFields(s.Record, names) {
			x.Fields = append(x.Fields, [3]any{f.Name, f.Weight, f.Words})
			index.Fields[f.Name] = r.say("field." + f.Name)
		}
		index.Records = append(index.Records, x)
	}
	return nil
}

// touches are the units with a page that each record touches. Only units that a record is in are asked for; the store knows what else
// touches them.
func (r *reading) touches(all []registry.Stored, paged map[registry.PlaceCode]int) (map[registry.ID][]registry.PlaceCode, error) {
	units := map[registry.PlaceCode]bool{}
	for _, s := range all {
		for _, p := range s.Places {
			for _, u := range r.gaz.Ancestors(p.Code) {
				units[u.Code] = true
			}
			units[p.Code] = true
		}
	}
	counts, err := r.store.CountsByPlace(r.ctx)
	if err != nil {
		return nil, err
	}
	for code := range counts {
		units[code] = true
	}
	out := map[registry.ID][]registry.PlaceCode{}
	for _, code := range slices.Sorted(maps.Keys(units)) {
		if _, ok := paged[code]; !ok {
			continue
		}
		found, err := r.store.Records(r.ctx, registry.RecordQuery{Reaches: code})
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			out[s.ID()] = append(out[s.ID()], code)
		}
	}
	return out, nil
}

// searchMessages are what a page of results and the suggestions say.
func (r *reading) searchMessages() map[string]any {
	return map[string]any{
		"tally": r.pluralForms("search.tally"), "suggestions": r.pluralForms("search.suggestions"), "no_suggestion": r.say("search.no_suggestion"),
		"places": r.say("search.places"), "nothing": r.say("search.nothing"), "unknown": r.say("search.unknown"), "loosen": r.say("search.loosen"),
		"fewer": r.say("search.fewer"), "colon": r.say("punctuation.colon"), "comma": r.say("list.comma"),
	}
}

// pluralForms are all forms of a message with a number, by the names that CLDR gives them, with {n} for the number.
func (w *words) pluralForms(key string) map[string]string {
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}
	out := map[string]string{}
	for _, n := range []int{0, 1, 2, 3, 11, 100, 1_000_000} { // one number of each form in our languages
		form := names[plural.Cardinal.MatchPlural(numberLocale[w.lang], n, 0, 0, 0, 0)]
		if _, ok := out[form]; !ok {
			out[form] = w.localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: n, TemplateData: args{"N": "{n}"}})
		}
	}
	return out
}
