package gazetteer

import (
	"slices"
	"strings"
	"testing"

	"mithaq/internal/registry"
)

func TestResolve(t *testing.T) {
	const (
		commune  = registry.LevelCommune
		province = registry.LevelProvince
		exact    = registry.MatchExact
		alias    = registry.MatchAlias
	)
	g := gazetteer(t)
	for _, tc := range []struct {
		name   string
		level  registry.PlaceLevel
		within registry.PlaceCode
		match  registry.PlaceMatch
		code   registry.PlaceCode
	}{
		// the communes of the nine accords, as their source writes them
		{"Ameln", commune, "09.581", alias, "09.581.09.05"},
		{"Tafraout", commune, "09.581", exact, "09.581.01.05"},
		{"Sidi Bou Abdelli", commune, "09.581", exact, "09.581.11.13"},
		{"Anzi", commune, "09.581", exact, "09.581.03.03"},
		{"Tiznit", commune, "09.581", exact, "09.581.01.07"},
		{"Aouartas", commune, "09.581", registry.MatchUnresolved, ""},
		{"Aouartas", commune, "", registry.MatchUnresolved, ""},
		{"commune d’Ameln", commune, "09.581", alias, "09.581.09.05"},
		{"Commune Urbaine de Chefchaouen", commune, "", exact, "01.151.01.01"},
		// without a province: equal and the only one
		{"Chefchaouen", commune, "", exact, "01.151.01.01"},
		{"Taroudant", commune, "", alias, "09.541.01.13"},
		{"تارودانت", commune, "", exact, "09.541.01.13"},
		{"Sidi Bou Abdeli Sud", commune, "", registry.MatchUnresolved, ""},
		{"Bouchane", commune, "", exact, "07.427.07.05"},
		{"Aghbala", commune, "", exact, "05.091.05.01"},
		{"Mansoura", commune, "", exact, "01.151.06.15"},
		// Arabic
		{"تيزنيت", commune, "09.581", exact, "09.581.01.07"},
		{"تزنيت", commune, "09.581", alias, "09.581.01.07"},
		{"أملن", commune, "09.581", exact, "09.581.09.05"},
		{"جماعة أملن", commune, "09.581", exact, "09.581.09.05"},
		{"سيدي بو عبدلي", commune, "09.581", alias, "09.581.11.13"},
		{"الركاده", commune, "09.581", alias, "09.581.11.11"},
		// other levels
		{"Tiznit", province, "09", exact, "09.581"},
		{"Tiznit", province, "", exact, "09.581"},
		{"province de Tiznit", province, "", exact, "09.581"},
		{"Essaouirra", province, "07", alias, "07.211"},
		{"Tisnit", province, "09", registry.MatchUnresolved, ""},
		{"إقليم تيزنيت", province, "", exact, "09.581"},
		{"Souss Massa", registry.LevelRegion, "", exact, "09"},
		{"région de Souss-Massa", registry.LevelRegion, "", exact, "09"},
		{"Tafraout", registry.LevelCercle, "09.581", exact, "09.581.09"},
		{"Hassan", registry.LevelArrondissement, "04.421.01.0", exact, "04.421.01.05"},
		{"Anzi", commune, "09.581.03", exact, "09.581.03.03"},
		// what must not match
		{"Anzi", commune, "09.581.09", registry.MatchUnresolved, ""},
		{"Tafraout", commune, "04.421", registry.MatchUnresolved, ""},
		{"Tiznit", commune, "no such code", registry.MatchUnresolved, ""},
		{"douar Tafraout", commune, "09.581", registry.MatchUnresolved, ""},
		{"دوار أملن", commune, "09.581", registry.MatchUnresolved, ""},
		{"quartier Tiznit", commune, "09.581", registry.MatchUnresolved, ""},
		{"province de Tiznit", commune, "09.581", registry.MatchUnresolved, ""},
		{"commune", commune, "09.581", registry.MatchUnresolved, ""},
		{"Tiznit", "", "09.581", registry.MatchUnresolved, ""},
		{"Maroc", registry.LevelCountry, "", registry.MatchUnresolved, ""},
		{" – ", commune, "09.581", registry.MatchNone, ""},
		{"", commune, "", registry.MatchNone, ""},
	} {
		r := g.Resolve(Written{tc.name, tc.level, tc.within})
		if r.Match != tc.match || r.Code != tc.code {
			t.Errorf("%q (%s within %q): %+v, want %s %q", tc.name, tc.level, tc.within, r, tc.match, tc.code)
		}
	}
}

func TestResolveSaysWhatIsOnlySimilar(t *testing.T) {
	g := gazetteer(t)
	r := g.Resolve(Written{"Sidi Ahmed Moussa", registry.LevelCommune, "09.581"})
	if r.Code != "09.581.03.09" || !r.Similar || r.Score < acceptedLikeness || r.Score >= 1 || len(r.Candidates) > 0 {
		t.Errorf("accepted by likeness: %+v", r)
	}
	r = g.Resolve(Written{"Ameln", registry.LevelCommune, "09.581"})
	if r.Similar || r.Score != 1 {
		t.Errorf("equal by rule: %+v", r)
	}
	r = g.Resolve(Written{"Tighmirt", registry.LevelCommune, "09.581"})
	if r.Match != registry.MatchUnresolved || !slices.Contains(r.Candidates, "09.581.03.13") || r.Score < candidateLikeness {
		t.Errorf("a candidate for a person: %+v", r)
	}
}

func TestHomonymsAreAmbiguousWithoutAProvince(t *testing.T) {
	g := gazetteer(t)
	for language, name := range map[string]func(registry.Place) string{
		"French": func(p registry.Place) string { return p.NameFR },
		"Arabic": func(p registry.Place) string { return p.NameAR },
	} {
		bearers := map[string]int{} // communes by name, but for case, accents and spaces
		for _, c := range g.Places(registry.LevelCommune) {
			bearers[plain(Fold(name(c)))]++
		}
		shared, ambiguous := 0, 0
		for _, c := range g.Places(registry.LevelCommune) {
			r := g.Resolve(Written{Name: name(c), Level: registry.LevelCommune})
			if r.Match == registry.MatchAmbiguous {
				ambiguous++
				if !slices.Contains(r.Candidates, c.Code) {
					t.Errorf("%q: %v lacks %s", name(c), r.Candidates, c.Code)
				}
			} else if r.Code != c.Code {
				t.Errorf("%q resolves to %+v, want %s or several", name(c), r, c.Code)
			}
			if bearers[plain(Fold(name(c)))] > 1 {
				shared++
				if r.Match != registry.MatchAmbiguous || r.Code != "" {
					t.Errorf("%q names several communes: %+v", name(c), r)
				}
			}
		}
		t.Logf("%s: %d communes bear a name that another one bears; %d names are ambiguous under the spelling rules", language, shared, ambiguous)
	}
}

func TestEveryNameIsFoundInItsProvince(t *testing.T) {
	g := gazetteer(t)
	for _, level := range []registry.PlaceLevel{registry.LevelProvince, registry.LevelCommune, registry.LevelArrondissement} {
		for _, p := range g.Places(level) {
			within := p.Parent
			for _, name := range append([]string{p.NameFR, p.NameAR}, p.Aliases...) {
				r := g.Resolve(Written{name, level, within})
				if r.Code != p.Code {
					t.Errorf("%q within %s: %+v, want %s", name, within, r, p.Code)
				}
			}
		}
	}
}

func TestNoNameBeginsWithALevelWord(t *testing.T) {
	for _, s := range gazetteer(t).spellings {
		for _, w := range levelWords {
			if strings.HasPrefix(s.folded+" ", w.words+" ") {
				t.Errorf("%q begins with %q and could never be resolved", s.text, w.words)
			}
		}
	}
}

func TestNoTwoCommunesOfAProvinceHaveOneKey(t *testing.T) {
	g := gazetteer(t)
	for _, province := range g.Places(registry.LevelProvince) {
		bearer := map[string]registry.PlaceCode{}
		for _, c := range g.Inside(province.Code, registry.LevelCommune) {
			for _, name := range []string{c.NameFR, c.NameAR} {
				k := key(Fold(name))
				if other, taken := bearer[k]; taken && other != c.Code {
					t.Errorf("%q: %s and %s have the key %q", name, other, c.Code, k)
				}
				bearer[k] = c.Code
			}
		}
	}
}
