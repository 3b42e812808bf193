package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mithaq/internal/gazetteer"
)

// word is one word of a text: where it stands, in bytes, and its folded form.
type word struct {
	start, end int
	folded     string
}

// split finds the words of a text.
func split(text string) (words []word) {
	eachWord(text, func(start, end int) {
		if folded := foldWord(text[start:end]); folded != "" {
			words = append(words, word{start, end, folded})
		}
	})
	return words
}

func foldWord(written string) string { return strings.ReplaceAll(gazetteer.Fold(written), " ", "") }

// eachWord tells where the words of a text begin and end. An apostrophe or a hyphen parts words ("l’artisanat" is two); vowel marks and joiners don't.
func eachWord(text string, found func(start, end int)) {
	start := -1
	add := func(end int) {
		if start >= 0 {
			found(start, end)
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Cf) && r != utf8.RuneError:
			if start < 0 {
				start = i
			}
		default:
			add(i)
		}
	}
	add(len(text))
}

// stopWords stand in nearly every title and are what nobody looks for. They are left out of a query that has other words.
var stopWords = strings.Fields(`l le la les d de du des un une et a au aux en sur pour par dans avec
	the of and in for on to with an
	al el
	في من على الى عن مع و ب ل`)

// significant are the words that say something; all of them when none does.
func significant(words []word) []word {
	kept := slices.DeleteFunc(slices.Clone(words), func(w word) bool { return slices.Contains(stopWords, w.folded) })
	if len(kept) == 0 {
		return words
	}
	return kept
}

// arabicBefore are the article and the particles that are written as one with the word after them, longest first. What must be left
// of the word grows as the particle gets less certain: a single letter may well be the word's own.
var arabicBefore = []struct {
	letters string
	left    int
}{{"وال", 3}, {"بال", 3}, {"كال", 3}, {"فال", 3}, {"ولل", 3}, {"ال", 2}, {"لل", 3}, {"و", 4}, {"ب", 4}, {"ل", 4}}

// arabicAfter are endings of number and gender: "اتفاقية" and "اتفاقيات" share the beginning that is left.
var arabicAfter = []string{"ات", "ه"}

// arabicLetters makes one of the letters that are written for one another.
var arabicLetters = strings.NewReplacer("ة", "ه", "ى", "ي", "ء", "", "گ", "ك", "ݣ", "ك", "ڭ", "ك", "ک", "ك", "ی", "ي")

func isArabic(folded string) bool {
	r, _ := utf8.DecodeRuneInString(folded)
	return unicode.Is(unicode.Arabic, r)
}

// forms are the spellings under which a folded word of a record is indexed, itself first: without article and particles, and as
// all transcriptions of it are heard.
func forms(folded string) []string {
	out := []string{folded}
	add := func(form string) {
		if !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	if !isArabic(folded) {
		if k := keyOf(folded); k != "" {
			add(k)
		}
		return out
	}
	plain := arabicLetters.Replace(folded)
	if plain != "" {
		add(plain)
	}
	for _, p := range arabicBefore {
		if rest, ok := strings.CutPrefix(plain, p.letters); ok && utf8.RuneCountInString(rest) >= p.left {
			add(rest)
		}
	}
	return out
}

// typed are the beginnings that a word of the index may have for a typed word: its forms without ending.
func typed(folded string) []string {
	var out []string
	for _, f := range forms(folded) {
		f = stem(f)
		if !slices.ContainsFunc(out, func(shorter string) bool { return strings.HasPrefix(f, shorter) }) {
			out = append(out, f)
		}
	}
	return out
}

// stem drops the ending of number: "accords" begins as "accord" does. Short words keep theirs.
func stem(folded string) string {
	if isArabic(folded) {
		for _, ending := range arabicAfter {
			if rest, ok := strings.CutSuffix(folded, ending); ok && utf8.RuneCountInString(rest) >= 4 {
				return rest
			}
		}
		return folded
	}
	if len(folded) >= 5 && (folded[len(folded)-1] == 's' || folded[len(folded)-1] == 'x') {
		return folded[:len(folded)-1]
	}
	return folded
}

// keyOf is the gazetteer's key of a word in Latin letters; empty when it is too short to tell words apart, or the word is a number.
func keyOf(folded string) string {
	k := strings.ToLower(gazetteer.Key(folded))
	if utf8.RuneCountInString(k) < 5 || strings.ContainsFunc(folded, unicode.IsDigit) {
		return ""
	}
	return k
}
