// Package search finds what a person types: places and records, best first, with the words that were met. It decides which
// spellings are one word: accents, hyphens, articles, vowel marks, letter variants and the script of digits are never in the way, a
// place is found by any of its names, and one wrong letter is forgiven in a word that the registry doesn't know.
//
// It stands on registry and gazetteer. The store is only asked which records have which words or touch which places
// (registry.SearchQuery); ranking happens here, on the records themselves, by the same rules that made their index. It refuses to
// guess where it needn't: a word that the registry knows is never taken for another.
package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// Reader is what a search reads.
type Reader interface {
	RecordsByID(ctx context.Context, ids []registry.ID) ([]registry.Stored, error)
	Search(ctx context.Context, q registry.SearchQuery) ([]registry.SearchHit, error)
	Words(ctx context.Context, prefix string, limit int) ([]string, error)
}

// Label is what people call a code, in one language.
type Label struct {
	Code
	Lang, Text string
}

// Searcher answers queries.
type Searcher struct {
	Store  Reader
	Places *gazetteer.Gazetteer
	Labels []Label // of every code, in every language: works and trades are found by their names
}

// Limits of an answer.
const (
	maxHits    = 100
	candidates = 300 // records that are ranked
	maxPlaces  = 8
)

// Result is the answer to a query.
type Result struct {
	Places []registry.Place // that it names or may be the beginning of
	Hits   []Hit            // best first
	// Unknown are typed words that nothing in the registry resembles.
	Unknown []string
	// Nearest are places whose names are merely like it; only given when no place and no record was found.
	Nearest []registry.Place
	// Without are shorter queries, each without one of the words; only given when no record was found.
	Without []string
}

// Hit is a record and why it was found.
type Hit struct {
	registry.Stored
	Score float64 // to order hits by, within one answer
	// Field is the text that says most of what was typed, with the words met. Its Name is "touches" and its text empty when the record
	// only touches the place.
	Field Field
	Spans []Span
}

// Span is a stretch of Field.Text, in bytes.
type Span struct{ Start, End int }

// Find answers a query; of texts that say the same, hits show the one in lang. Only a store's failure is an error: any text is a query.
func (s *Searcher) Find(ctx context.Context, text, lang string) (Result, error) {
	var res Result
	q := parse(s.Places, text)
	if len(q.terms) == 0 {
		return res, nil
	}
	if err := s.complete(ctx, &q, &res); err != nil {
		return res, err
	}
	res.Places = s.places(q, text)
	if len(res.Unknown) == 0 {
		var err error
		if res.Hits, err = s.hits(ctx, q, lang); err != nil {
			return res, err
		}
	}
	if len(res.Hits) > 0 && !q.whole { // similar names beside records that were found are noise
		res.Places = slices.DeleteFunc(res.Places, func(p registry.Place) bool { return !s.likely(q, p, text) })
		if len(q.places) == 0 {
			res.knownFirst()
		}
	}
	if len(res.Hits) == 0 {
		res.loosen(q)
		if len(res.Places) == 0 {
			res.Nearest = s.nearest(q)
		}
	}
	return res, nil
}

// complete adds to each term the codes whose labels it meets and, to a word that nothing begins with, what it may stand for: a place
// but for one letter, a label, a word of the registry.
func (s *Searcher) complete(ctx context.Context, q *query, res *Result) error {
	for i := 0; i < len(q.terms); i++ {
		t := &q.terms[i]
		if len(t.places) > 0 {
			continue
		}
		misspelt := t.typed[0]
		s.addCodes(t, func(w word) bool { return quality(t, w) > 0 })
		known, err := s.known(ctx, t)
		if err != nil {
			return err
		}
		if known {
			continue
		}
		if p, ok := s.nearPlace(misspelt); ok {
			named := query{}
			named.name([]word{{folded: misspelt}}, p)
			q.places = append(q.places, named.places...)
			q.terms = slices.Replace(q.terms, i, i+1, named.terms...)
			i += len(named.terms) - 1
			continue
		}
		first, _ := utf8.DecodeRuneInString(misspelt)
		vocabulary, err := s.Store.Words(ctx, string(first), maxCompared)
		if err != nil {
			return err
		}
		t.guess, t.words = true, near(vocabulary, misspelt)
		s.addCodes(t, func(w word) bool { return len(near([]string{w.folded}, misspelt)) > 0 })
		if len(t.words)+len(t.codes) == 0 {
			res.Unknown = append(res.Unknown, misspelt)
		}
	}
	q.dropLevels()
	q.whole = len(q.places) > 0 && !slices.ContainsFunc(q.terms, func(t term) bool { return len(t.places) == 0 })
	return nil
}

// known reports whether a word of the registry begins as t asks, or a label does.
func (s *Searcher) known(ctx context.Context, t *term) (bool, error) {
	if len(t.codes) > 0 {
		return true, nil
	}
	for _, w := range t.words {
		found, err := s.Store.Words(ctx, w, 1)
		if err != nil || len(found) > 0 {
			return true, err
		}
	}
	return false, nil
}

func (s *Searcher) addCodes(t *term, meets func(word) bool) {
	for _, l := range s.Labels {
		for _, w := range split(l.Text) {
			if slices.Contains(stopWords, w.folded) || !meets(w) {
				continue
			}
			if !slices.Contains(t.codes, l.Code) {
				t.codes = append(t.codes, l.Code)
			}
			if t.guess && !slices.Contains(t.words, w.folded) { // so that ranking meets the label as well
				t.words = append(t.words, w.folded)
			}
		}
	}
}

// nearPlace is the place that a misspelt word names but for one letter, with those of the same name.
func (s *Searcher) nearPlace(misspelt string) ([]registry.Place, bool) {
	hits := s.Places.Suggest(misspelt, 1)
	if len(hits) == 0 || hits[0].Score < gazetteer.Likely {
		return nil, false
	}
	return s.Places.Named(hits[0].MatchedName), true
}

// places lists the units that a query is about. A query that names one gives the same list whatever the spelling: the one for the
// gazetteer's own.
func (s *Searcher) places(q query, text string) (out []registry.Place) {
	if len(q.places) > 0 && !q.whole {
		return slices.Clip(q.places[:min(len(q.places), maxPlaces)])
	}
	if q.whole {
		text = q.places[0].NameFR
	}
	for _, h := range s.Places.Suggest(text, maxPlaces) {
		if h.Score >= gazetteer.Likely {
			out = append(out, h.Place)
		}
	}
	return out
}

// knownFirst puts the places of the records that were found before those whose names merely begin alike: of "Tafrao…" the reader of
// this registry means the one that it knows something of.
func (res *Result) knownFirst() {
	rank := func(p registry.Place) int {
		for _, h := range res.Hits {
			if slices.ContainsFunc(h.Places, func(at registry.PlacedAt) bool { return at.Code == p.Code }) {
				return 0
			}
		}
		return 1
	}
	slices.SortStableFunc(res.Places, func(a, b registry.Place) int { return rank(a) - rank(b) })
}

// likely tells a place that is named, or begins as was typed, from one whose name is only like it.
func (s *Searcher) likely(q query, p registry.Place, text string) bool {
	if slices.ContainsFunc(q.places, func(x registry.Place) bool { return x.Code == p.Code }) {
		return true
	}
	return slices.ContainsFunc(s.Places.Suggest(text, maxPlaces), func(h gazetteer.Hit) bool { return h.Place.Code == p.Code && h.Score > gazetteer.Likely })
}

// hits asks the store for the records that meet every term, and ranks them.
func (s *Searcher) hits(ctx context.Context, q query, lang string) ([]Hit, error) {
	ask := registry.SearchQuery{Limit: candidates}
	for _, t := range q.terms {
		words := slices.Clone(t.words)
		for _, c := range t.codes {
			words = append(words, c.token())
		}
		ask.Terms = append(ask.Terms, registry.SearchTerm{Words: words, Places: t.places})
	}
	hits, err := s.Store.Search(ctx, ask)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	ids := make([]registry.ID, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	found, err := s.Store.RecordsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, found)
	if err != nil {
		return nil, err
	}
	out := make([]Hit, len(found))
	for i, x := range found {
		out[i] = s.rank(q, x, names, lang)
	}
	slices.SortStableFunc(out, func(a, b Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID(), b.ID())) })
	return out[:min(len(out), maxHits)], nil
}

// names loads the organisations that records point at.
func (s *Searcher) names(ctx context.Context, found []registry.Stored) (Names, error) {
	var ids []registry.ID
	for _, x := range found {
		for _, ref := range x.Record.References() {
			if slices.Contains(ref.Types, registry.TypeOrganisation) {
				ids = append(ids, ref.To)
			}
		}
	}
	organisations, err := s.Store.RecordsByID(ctx, ids)
	return NamesOf(organisations), err
}

// NamesOf gives the names of organisations among records.
func NamesOf(records []registry.Stored) Names {
	byID := map[registry.ID]registry.Texts{}
	for _, r := range records {
		if o, ok := r.Record.(*registry.Organisation); ok {
			byID[o.ID] = o.Names
		}
	}
	return func(id registry.ID) registry.Texts { return byID[id] }
}

// nearest are the places that the words of a query resemble most.
func (s *Searcher) nearest(q query) (places []registry.Place) {
	for _, t := range q.terms {
		for _, h := range s.Places.Suggest(strings.Join(t.typed, " "), 3) {
			if !slices.ContainsFunc(places, func(p registry.Place) bool { return p.Code == h.Place.Code }) {
				places = append(places, h.Place)
			}
		}
	}
	return places
}

// loosen makes the queries that leave out one word, and always the unknown ones.
func (res *Result) loosen(q query) {
	for i := range q.terms {
		var rest []string
		for j, t := range q.terms {
			if j != i && !slices.Contains(res.Unknown, strings.Join(t.typed, " ")) {
				rest = append(rest, t.typed...)
			}
		}
		if shorter := strings.Join(rest, " "); shorter != "" && len(q.terms[i].typed) > 0 && !slices.Contains(res.Without, shorter) {
			res.Without = append(res.Without, shorter)
		}
	}
}
