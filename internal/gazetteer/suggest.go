package gazetteer

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// Hit is a unit that a person may be typing.
type Hit struct {
	Place       registry.Place
	MatchedName string  // the spelling that was met, as the gazetteer writes it: a name in either language, or an alias
	Score       float64 // 0 to 1, to order hits by; not a probability, and nothing to resolve a place by
}

// The ranks of a hit: a higher one always comes first, whatever the populations.
const (
	rankExact   = 1.0  // the name itself, but for case, accents and spaces
	rankSpelled = 0.95 // equal to it under the spelling rules: "Tafraoute" is Tafraout before it begins Tafraouten
	rankPrefix  = 0.9  // the beginning of the name
	rankAlias   = 0.8  // a listed variant, however spelled
	rankPart    = 0.7  // the beginning of a later word, of an alias, or of the name under the spelling rules
	rankNear    = 0.65 // the name but for one letter
	rankTypo    = 0.6  // the beginning of the name but for one letter
	rankSimilar = 0.5  // times the likeness
)

// suggested are the levels that have a page.
var suggested = []registry.PlaceLevel{registry.LevelRegion, registry.LevelProvince, registry.LevelCommune}

// Suggest returns the regions, provinces and communes that text may be the beginning of, best first and at most limit: French
// or Arabic, any spelling, one wrong letter forgiven. Among hits of one rank the most populous comes first.
func (g *Gazetteer) Suggest(text string, limit int) []Hit {
	q := newQuery(text)
	if q.plain == "" || limit <= 0 {
		return nil
	}
	best := map[int]Hit{} // by unit
	for _, level := range suggested {
		for _, i := range g.ofLevel[level] {
			s := &g.spellings[i]
			if score := q.score(s); score > best[s.unit].Score {
				best[s.unit] = Hit{Place: g.units[s.unit].Place, MatchedName: s.text, Score: score}
			}
		}
	}
	hits := make([]Hit, 0, len(best))
	for _, h := range best {
		hits = append(hits, h)
	}
	slices.SortFunc(hits, byScore)
	return hits[:min(limit, len(hits))]
}

// Likely is the score from which a hit is what was typed but for one letter; below it, names are only similar.
const Likely = rankTypo

// Named returns the regions, provinces and communes that text names whole, in any spelling of the rules, the likeliest first:
// by its own name before a variant, then the most populous. Unlike Suggest it takes no beginning and forgives no letter.
func (g *Gazetteer) Named(text string) []registry.Place {
	q := newQuery(text)
	if q.plain == "" {
		return nil
	}
	best := map[int]Hit{} // by unit
	for _, i := range slices.Concat(g.byPlain[q.plain], g.byKey[q.key]) {
		s := &g.spellings[i]
		place := g.units[s.unit].Place
		if score := q.score(s); score > best[s.unit].Score && slices.Contains(suggested, place.Level) {
			best[s.unit] = Hit{Place: place, Score: score}
		}
	}
	places := make([]registry.Place, 0, len(best))
	for _, h := range slices.SortedFunc(maps.Values(best), byScore) {
		places = append(places, h.Place)
	}
	return places
}

func byScore(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(people(b), people(a)), cmp.Compare(a.Place.Code, b.Place.Code))
}

func people(h Hit) int {
	if h.Place.Population2024 == nil {
		return 0
	}
	return *h.Place.Population2024
}

// query is a typed text in every form that is compared.
type query struct {
	folded, plain, key string
	letters            []rune // of plain
	form               form
}

func newQuery(text string) query {
	const longest = 80 // letters; no name has half as many, and the cost grows with them
	folded := Fold(text)
	if r := []rune(folded); len(r) > longest {
		folded = strings.TrimSpace(string(r[:longest]))
	}
	q := query{folded: folded, plain: plain(folded), form: formOf(folded)}
	q.key = string(q.form.whole.runes)
	q.letters = []rune(q.plain)
	return q
}

// score ranks a spelling; 0 is no hit.
func (q *query) score(s *spelling) float64 {
	if q.form.arabic != s.form.arabic {
		return 0
	}
	name := !s.alias
	begins := strings.HasPrefix(s.plain, q.plain)
	same := q.plain == s.plain
	spelled := q.key != "" && q.key == string(s.form.whole.runes)
	switch {
	case same && name:
		return rankExact
	case spelled && name:
		return rankSpelled
	case begins && name:
		return rankPrefix
	case same || spelled:
		return rankAlias
	case begins, strings.Contains(s.folded, " "+q.folded), q.beginsKey(s):
		return rankPart
	}
	if len(q.letters) < 4 { // with one letter wrong, three say nothing
		return 0
	}
	if n := []rune(s.plain); beginsButForOneLetter(n, q.letters) {
		if name && beginsButForOneLetter(q.letters, n) { // each begins with the other: the whole name
			return rankNear
		}
		return rankTypo
	}
	if l := likeness(q.form, s.form); l >= candidateLikeness {
		return rankSimilar * l
	}
	return 0
}

// beginsKey reports whether s begins with the query under the spelling rules; two letters are too few to ask.
func (q *query) beginsKey(s *spelling) bool {
	k := q.form.whole.runes
	return len(k) >= 3 && len(s.form.whole.runes) >= len(k) && slices.Equal(s.form.whole.runes[:len(k)], k)
}

// BeginsButForOneLetter reports whether the folded word begins with typed, folded too, after one letter of typed is changed, added,
// dropped, or swapped with the next; the first letter must be right.
func BeginsButForOneLetter(word, typed string) bool {
	return beginsButForOneLetter([]rune(word), []rune(typed))
}

// beginsButForOneLetter reports whether a name, n, begins with typed after one letter is changed, added, dropped, or swapped with the
// next. The first letter must be right: few people miss it, and without it everything looks like everything.
func beginsButForOneLetter(n, typed []rune) bool {
	if len(n) == 0 || len(n) < len(typed)-1 || n[0] != typed[0] {
		return false
	}
	i := 0
	for i < len(n) && i < len(typed) && n[i] == typed[i] {
		i++
	}
	begins := func(n, typed []rune) bool { return len(n) >= len(typed) && slices.Equal(n[:len(typed)], typed) }
	switch {
	case i == len(typed): // all typed letters are right
		return true
	case begins(n[i:], typed[i+1:]): // one too many
		return true
	case i == len(n):
		return false
	case begins(n[i+1:], typed[i+1:]), begins(n[i+1:], typed[i:]): // another one, or one missing
		return true
	}
	return i+1 < len(n) && i+1 < len(typed) && n[i] == typed[i+1] && n[i+1] == typed[i] && begins(n[i+2:], typed[i+2:])
}
