package search

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

func places(t testing.TB) *gazetteer.Gazetteer {
	t.Helper()
	g, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestSplit(t *testing.T) {
	for text, want := range map[string]string{
		"l’artisanat d'Ameln":     "l artisanat d ameln",
		"Souss-Massa (2021–2030)": "souss massa 2021 2030",
		"المادّة ٣":               "الماده 3",
		"":                        "",
		"« — »":                   "",
		"a\x00b\xffc":             "a b c",
		"\u200fتافراوت\u200f":     "تافراوت",
		"Médina de Taroudannt":    "medina de taroudannt",
		"ﷺ":                       "صلىاللهعليهوسلم",
		strings.Repeat("é", 3):    "eee",
	} {
		var got []string
		for _, w := range split(text) {
			got = append(got, w.folded)
			if !utf8.ValidString(text[w.start:w.end]) {
				t.Errorf("%q: %q is cut inside a letter", text, text[w.start:w.end])
			}
		}
		want = strings.ReplaceAll(want, "الماده", gazetteer.Fold("المادة"))
		if strings.Join(got, " ") != want {
			t.Errorf("split(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestSameWord pairs what a person may type with what a record may say.
func TestSameWord(t *testing.T) {
	for _, tc := range []struct {
		typed, written string
		meets          bool
	}{
		{"poterie", "Poterie", true},
		{"accords", "accord", true},
		{"accord", "accords", true},
		{"rehab", "réhabilitation", true},
		{"Taroudannt", "Taroudant", true},
		{"Ighalène", "Irhalen", true},
		{"فخار", "للفخار", true},
		{"الفخار", "للفخار", true},
		{"الفخار", "والفخار", true},
		{"إتفاقية", "اتفاقيات", true},
		{"تافراوت", "بتافراوت", true},
		{"تضامني", "والتضامني", true},
		{"٢٠٢١", "2021", true},
		{"2021", "٢٠٢١", true},
		{"2021", "2022", false},
		{"marché", "marchandise", false},
		{"bois", "poterie", false},
		{"terie", "poterie", false}, // from the beginning of a word
		{"فخار", "خزف", false},
	} {
		q := term{typed: []string{gazetteer.Fold(tc.typed)}, words: typed(gazetteer.Fold(tc.typed))}
		if got := quality(&q, split(tc.written)[0]) > 0; got != tc.meets {
			t.Errorf("%s for %s: %v", tc.typed, tc.written, got)
		}
		// What ranking meets, the index must have been able to find.
		if indexed := slices.ContainsFunc(forms(split(tc.written)[0].folded), func(f string) bool {
			return slices.ContainsFunc(q.words, func(w string) bool { return strings.HasPrefix(f, w) })
		}); indexed != tc.meets {
			t.Errorf("%s for %s: the index says %v", tc.typed, tc.written, indexed)
		}
	}
}

func TestParse(t *testing.T) {
	g := places(t)
	for _, tc := range []struct {
		text  string
		place registry.PlaceCode // the first that is named
		words string             // of the terms that are no place
		whole bool
	}{
		{"Tafraoute", "09.581.01.05", "", true},
		{"commune de Tafraout", "09.581.01.05", "", true},
		{"جماعة تافراوت", "09.581.01.05", "", true},
		{"بتافراوت", "09.581.01.05", "", true},
		{"marché de Tafraout", "09.581.01.05", "marche", false},
		{"Sidi Bou Abdelli espace", "09.581.11.13", "espace", false},
		{"zone artisanale", "", "zone artisanale", false},
		{"le la les", "", "le la les", false},
		{"", "", "", false},
	} {
		q := parse(g, tc.text)
		var place registry.PlaceCode
		if len(q.places) > 0 {
			place = q.places[0].Code
		}
		var words []string
		for _, x := range q.terms {
			if len(x.places) == 0 {
				words = append(words, x.typed...)
			}
		}
		if place != tc.place || strings.Join(words, " ") != tc.words || q.whole != tc.whole {
			t.Errorf("parse(%q) = %s, %q, whole %v", tc.text, place, words, q.whole)
		}
	}
}

// A word of every spelling of a place is asked for, whichever was typed.
func TestEverySpellingOfAPlaceIsOneQuery(t *testing.T) {
	g := places(t)
	for _, spellings := range [][]string{
		{"Tafraout", "Tafraoute", "tafraout", "TAFRAOUT", "تافراوت"},
		{"Tiznit", "تيزنيت", "tizniṭ"},
		{"Taroudant", "Taroudannt", "تارودانت"},
		{"Souss-Massa", "souss massa", "سوس ماسة", "سوس-ماسة"},
	} {
		first := parse(g, spellings[0])
		for _, other := range spellings[1:] {
			q := parse(g, other)
			if len(q.terms) != len(first.terms) {
				t.Fatalf("%s: %d terms, %s has %d", other, len(q.terms), spellings[0], len(first.terms))
			}
			for i := range q.terms {
				if !slices.Equal(q.terms[i].words, first.terms[i].words) || !slices.Equal(q.terms[i].places, first.terms[i].places) {
					t.Errorf("%s asks for %v, %s for %v", other, q.terms[i], spellings[0], first.terms[i])
				}
			}
		}
	}
}

// broken is a store that fails: its error is the answer's, and nothing else may be.
type broken struct{ err error }

func (b broken) RecordsByID(context.Context, []registry.ID) ([]registry.Stored, error) {
	return nil, b.err
}
func (b broken) Search(context.Context, registry.SearchQuery) ([]registry.SearchHit, error) {
	return nil, b.err
}
func (b broken) Words(context.Context, string, int) ([]string, error) { return nil, b.err }

func TestAFailingStoreIsAnError(t *testing.T) {
	fault := errors.New("disk")
	s := Searcher{Store: broken{fault}, Places: places(t)}
	for _, text := range []string{"Tafraout", "poterie"} {
		if _, err := s.Find(t.Context(), text, "fr"); !errors.Is(err, fault) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzFind types anything: a query is bounded, its words are folded, and nothing that is typed is an error.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"Tafraoute", "سيدي بو عبد اللي", `"`, "a\x00b", "\xff\xfe", "’’’", "و", "ال", "l'", "zone OR 1", strings.Repeat("a", 300), strings.Repeat("ab ", 100), "ﷺ", "½", "𝒜"} {
		f.Add(s)
	}
	s := Searcher{Store: broken{}, Places: places(f)}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 {
			t.Skip("the pages refuse it")
		}
		for _, w := range split(text) {
			if w.folded != strings.ReplaceAll(gazetteer.Fold(w.folded), " ", "") || w.start >= w.end || w.end > len(text) {
				t.Fatalf("%q: word %+v", text, w)
			}
		}
		q := parse(s.Places, text)
		if len(q.terms) > 4*maxWords {
			t.Fatalf("%q: %d terms", text, len(q.terms))
		}
		for _, x := range q.terms {
			if slices.Contains(x.words, "") {
				t.Fatalf("%q: an empty beginning would be met by everything", text)
			}
		}
		if _, err := s.Find(t.Context(), text, "fr"); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
