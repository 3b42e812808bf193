package gazetteer

import (
	"strings"
	"testing"

	"mithaq/internal/registry"
)

func TestSuggest(t *testing.T) {
	g := gazetteer(t)
	for _, tc := range []struct {
		text  string
		first registry.PlaceCode
	}{
		{"tafraout", "09.581.01.05"},
		{"Tafraoute", "09.581.01.05"},
		{"تافراوت", "09.581.01.05"},
		{"Tafraut", "09.581.01.05"},
		{"tafroaut", "09.581.01.05"}, // two letters swapped
		{"Amelne", "09.581.09.05"},
		{"Sidi Bou Abdelli", "09.581.11.13"},
		{"bouabdelli", "09.581.11.13"},
		{"tizn", "09.581"}, // the province has more people than the town
		{"tisnit", "09.581"},
		{"taroudant", "09.541"},
		{"Souss-Massa", "09"},
		{"سوس ماسة", "09"},
		{"casa", "06"},
		{"chefchaoune", "01.151"},
		{"agdir", "09.001.01.01"}, // the town by its whole name comes before the province that begins so
		{"مراكس", "07.351"},
	} {
		hits := g.Suggest(tc.text, 5)
		if len(hits) == 0 || hits[0].Place.Code != tc.first {
			t.Errorf("Suggest(%q) = %s, want %s first", tc.text, hitNames(hits), tc.first)
		}
	}
}

func TestNamed(t *testing.T) {
	g := gazetteer(t)
	for _, tc := range []struct {
		text string
		want registry.PlaceCode // the first; empty for none
	}{
		{"Tafraoute", "09.581.01.05"}, {"tafraout", "09.581.01.05"}, {"تافراوت", "09.581.01.05"}, {"Sidi Bou Abdelli", "09.581.11.13"}, {"Tiznit", "09.581"},
		{"taroudant", "09.541"}, {"Souss-Massa", "09"}, {"tafra", ""}, {"tafroaut", ""}, {"", ""}, {"–", ""},
	} {
		var got registry.PlaceCode
		if places := g.Named(tc.text); len(places) > 0 {
			got = places[0].Code
		}
		if got != tc.want {
			t.Errorf("Named(%q) = %s, want %q", tc.text, got, tc.want)
		}
	}
}

func hitNames(hits []Hit) string {
	var b strings.Builder
	for _, h := range hits {
		b.WriteString(string(h.Place.Code) + " " + h.MatchedName + "; ")
	}
	return b.String()
}

func TestSuggestIsOrderedAndLimited(t *testing.T) {
	g := gazetteer(t)
	hits := g.Suggest("t", 10)
	if len(hits) != 10 {
		t.Fatalf("%d hits, want 10", len(hits))
	}
	seen := map[registry.PlaceCode]bool{}
	for i, h := range hits {
		if seen[h.Place.Code] {
			t.Errorf("%s comes twice", h.Place.Code)
		}
		seen[h.Place.Code] = true
		if i > 0 && (h.Score > hits[i-1].Score || h.Score == hits[i-1].Score && people(h) > people(hits[i-1])) {
			t.Errorf("hit %d is out of order: %s", i, hitNames(hits))
		}
	}
	for _, text := range []string{"", "  ", "–", "zzzzzz"} {
		if hits := g.Suggest(text, 5); len(hits) != 0 {
			t.Errorf("Suggest(%q) = %s, want nothing", text, hitNames(hits))
		}
	}
	if hits := g.Suggest("tiznit", 0); len(hits) != 0 {
		t.Error("limit 0 gives nothing")
	}
	if hits := g.Suggest(strings.Repeat("tiznit ", 1000), 5); len(hits) != 0 {
		t.Errorf("a page of text is no name: %s", hitNames(hits))
	}
}

func TestBeginsButForOneLetter(t *testing.T) {
	for _, tc := range []struct {
		name, typed string
		want        bool
	}{
		{"tiznit", "tizn", true},
		{"tiznit", "tisn", true},
		{"tiznit", "tizzn", true},
		{"tiznit", "tiznti", true},
		{"tiznit", "tznit", true},
		{"tiznit", "tiznite", true},
		{"tiznit", "tiznites", false},
		{"tiznit", "biznit", false},
		{"tiznit", "tosnit", false},
		{"", "t", false},
		{"t", "tt", true},
	} {
		if got := beginsButForOneLetter([]rune(tc.name), []rune(tc.typed)); got != tc.want {
			t.Errorf("%q, typed %q: %v, want %v", tc.name, tc.typed, got, tc.want)
		}
	}
}
