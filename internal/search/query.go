package search

import (
	"slices"
	"strings"
	"unicode/utf8"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// Bounds of what is read of a query. A name has fewer words, and the cost grows with them.
const (
	maxWords    = 8
	maxLetters  = 40 // of one word
	maxPlace    = 5  // words of a place's name
	maxSpelling = 20 // words of the index that a misspelt one may stand for
	maxCompared = 20_000
)

// term is one thing that a record must have.
type term struct {
	typed  []string             // the folded words that a person typed for it, as a phrase
	words  []string             // beginnings of folded words, any of which meets it
	guess  bool                 // words are what a misspelt word may stand for
	places []registry.PlaceCode // touching one of them meets it, too
	codes  []Code
}

// query is a typed text, understood.
type query struct {
	terms  []term
	places []registry.Place // that it names
	whole  bool             // it names a place and nothing else
}

// levelWords say what kind of unit a name is of: "commune de Tafraout" is Tafraout.
var levelWords = strings.Fields("commune communes province provinces region regions prefecture cercle ville municipalite town city جماعه جماعة اقليم جهة جهه عمالة مدينة مدينه")

// parse reads a typed text: the places that it names, longest names first, and the words that are left.
func parse(g *gazetteer.Gazetteer, text string) (q query) {
	words := significant(split(text))
	words = words[:min(len(words), maxWords)]
	for i := range words {
		if r := []rune(words[i].folded); len(r) > maxLetters {
			words[i].folded = string(r[:maxLetters])
		}
	}
	for i := 0; i < len(words); {
		n, places := placeAt(g, words[i:])
		if n == 0 {
			q.terms = append(q.terms, term{typed: []string{words[i].folded}, words: typed(words[i].folded)})
			i++
			continue
		}
		q.name(words[i:i+n], places)
		i += n
	}
	q.dropLevels()
	q.whole = len(q.places) > 0 && !slices.ContainsFunc(q.terms, func(t term) bool { return len(t.places) == 0 })
	return q
}

// placeAt finds the longest place name at the beginning of words.
func placeAt(g *gazetteer.Gazetteer, words []word) (n int, places []registry.Place) {
	for n = min(len(words), maxPlace); n > 0; n-- {
		if places = g.Named(phrase(words[:n])); len(places) == 0 && isArabic(words[0].folded) {
			for _, form := range forms(words[0].folded)[1:] { // "بتافراوت" is "in Tafraout"
				if places = g.Named(strings.TrimSpace(form + " " + phrase(words[1:n]))); len(places) > 0 {
					break
				}
			}
		}
		if len(places) > 0 {
			return n, places
		}
	}
	return 0, nil
}

func phrase(words []word) string {
	var all []string
	for _, w := range words {
		all = append(all, w.folded)
	}
	return strings.Join(all, " ")
}

// name adds the terms of a place. They are made of the gazetteer's spellings, not of the one that was typed, so that every spelling
// of a place finds the same records in the same order. A name of several words is a term for each: the words stand anywhere.
func (q *query) name(words []word, places []registry.Place) {
	q.places = append(q.places, places...)
	var codes []registry.PlaceCode
	var typedWords []string
	for _, p := range places {
		codes = append(codes, p.Code)
	}
	for _, w := range words {
		typedWords = append(typedWords, w.folded)
	}
	own := significant(split(places[0].NameFR))
	for i := range own {
		t := term{places: codes}
		if i == 0 {
			t.typed = typedWords
		}
		for _, p := range places {
			for _, spelling := range append([]string{p.NameFR, p.NameAR}, p.Aliases...) {
				if s := significant(split(spelling)); len(s) == len(own) {
					t.words = append(t.words, typed(s[i].folded)...)
				}
			}
		}
		slices.Sort(t.words)
		t.words = slices.Compact(t.words)
		q.terms = append(q.terms, t)
	}
}

// dropLevels forgets the words that only say what kind of unit the place beside them is.
func (q *query) dropLevels() {
	if len(q.places) == 0 {
		return
	}
	q.terms = slices.DeleteFunc(q.terms, func(t term) bool {
		return len(t.places) == 0 && slices.Contains(levelWords, t.typed[0])
	})
}

// near are the words that a misspelt one may stand for: those of vocabulary that it begins but for one letter, the shortest first.
func near(vocabulary []string, misspelt string) (out []string) {
	if utf8.RuneCountInString(misspelt) < 4 { // with one letter wrong, three say nothing
		return nil
	}
	for _, w := range vocabulary {
		if gazetteer.BeginsButForOneLetter(w, misspelt) {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return len(a) - len(b) })
	return out[:min(len(out), maxSpelling)]
}
