package gazetteer

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"mithaq/internal/registry"
)

func gazetteer(t testing.TB) *Gazetteer {
	t.Helper()
	g, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func codesOf(places []registry.Place) []registry.PlaceCode {
	var codes []registry.PlaceCode
	for _, p := range places {
		codes = append(codes, p.Code)
	}
	return codes
}

func TestCounts(t *testing.T) {
	g := gazetteer(t)
	want := map[registry.PlaceLevel]int{
		registry.LevelCountry: 0, registry.LevelRegion: 12, registry.LevelProvince: 75, registry.LevelPrefecture: 8,
		registry.LevelCercle: 213, registry.LevelCommune: 1503, registry.LevelArrondissement: 41,
	}
	for _, level := range registry.PlaceLevels {
		places := g.Places(level)
		if len(places) != want[level] {
			t.Errorf("%d units of level %s, want %d", len(places), level, want[level])
		}
		if !slices.IsSorted(codesOf(places)) {
			t.Errorf("level %s is not in code order", level)
		}
	}
}

func TestPlaceHoldsWhatTheFileSays(t *testing.T) {
	g := gazetteer(t)
	p, ok := g.Place("09.581.01.07")
	if !ok || p.NameFR != "Tiznit" || p.NameAR != "تيزنيت" || p.Type != "urban" || p.Parent != "09.581" {
		t.Fatalf("Tiznit is %+v", p)
	}
	if !slices.Equal(p.Aliases, []string{"تزنيت"}) {
		t.Errorf("aliases %q, want the spelling without its source", p.Aliases)
	}
	if *p.Population2024 != 86595 || *p.Population2014 != 74699 || *p.AreaKM2 != 30.88 {
		t.Errorf("figures %d, %d, %g", *p.Population2024, *p.Population2014, *p.AreaKM2)
	}
	if !p.Bound.Contains(*p.Label) {
		t.Errorf("the label %v is outside the box %v", *p.Label, *p.Bound)
	}
	cercle, _ := g.Place("09.581.09")
	if cercle.Label != nil || cercle.Bound != nil || cercle.AreaKM2 != nil || cercle.Population2014 != nil {
		t.Errorf("a cercle has no boundary and no figures of 2014: %+v", cercle)
	}
	if _, ok := g.Place(""); ok {
		t.Error("the empty code is no place")
	}
}

func TestAncestors(t *testing.T) {
	g := gazetteer(t)
	for _, tc := range []struct {
		code registry.PlaceCode
		want []registry.PlaceCode
	}{
		{"09", nil},
		{"09.581", []registry.PlaceCode{"09"}},
		{"09.581.09", []registry.PlaceCode{"09", "09.581"}},
		{"09.581.09.05", []registry.PlaceCode{"09", "09.581", "09.581.09"}},
		{"09.581.01.07", []registry.PlaceCode{"09", "09.581"}},                                // a town has no cercle
		{"06.141.01.13", []registry.PlaceCode{"06", "06.141", "06.141.01.10", "06.141.01.0"}}, // Mers-Sultan, by its prefecture
		{"04.421.01.05", []registry.PlaceCode{"04", "04.421", "04.421.01.0"}},                 // Hassan, without one
		{"no such code", nil},
	} {
		if got := codesOf(g.Ancestors(tc.code)); !slices.Equal(got, tc.want) {
			t.Errorf("Ancestors(%s) = %v, want %v", tc.code, got, tc.want)
		}
	}
	if p, ok := g.ProvinceOf("06.141.01.13"); !ok || p.Code != "06.141" {
		t.Errorf("the province of Mers-Sultan is %q", p.Code)
	}
	if _, ok := g.ProvinceOf("09"); ok {
		t.Error("a region has no province")
	}
	if p, ok := g.RegionOf("09"); !ok || p.Code != "09" {
		t.Errorf("the region of a region is itself, got %q", p.Code)
	}
}

func TestEveryCommuneHasItsProvinceAndRegion(t *testing.T) {
	g := gazetteer(t)
	inRegions := 0
	for _, r := range g.Places(registry.LevelRegion) {
		inRegions += len(g.Inside(r.Code, registry.LevelCommune))
	}
	if inRegions != 1503 {
		t.Errorf("%d communes in the regions, want 1503", inRegions)
	}
	for _, c := range g.Places(registry.LevelCommune) {
		province, okP := g.ProvinceOf(c.Code)
		region, okR := g.RegionOf(c.Code)
		if !okP || !okR || province.Parent != region.Code {
			t.Errorf("%s: province %q, region %q", c.Code, province.Code, region.Code)
		}
	}
}

func TestChildren(t *testing.T) {
	g := gazetteer(t)
	for _, tc := range []struct {
		code        registry.PlaceCode
		count       int
		first, last registry.PlaceCode
	}{
		{"09", 6, "09.001", "09.581"},
		{"09.581", 28, "09.581.01.05", "09.581.11.15"}, // 3 cercles and 25 communes
		{"09.581.03", 9, "09.581.03.01", "09.581.03.17"},
		{"06.141.01.0", 16, "06.141.01.01", "06.141.01.73"},
		{"06.141.01.10", 2, "06.141.01.11", "06.141.01.13"},
		{"09.581.01.05", 0, "", ""},
		{"", 0, "", ""},
	} {
		got := codesOf(g.Children(tc.code))
		if len(got) != tc.count {
			t.Errorf("Children(%q) = %v, want %d", tc.code, got, tc.count)
			continue
		}
		if tc.count > 0 && (got[0] != tc.first || got[len(got)-1] != tc.last) {
			t.Errorf("Children(%q) runs from %s to %s, want %s to %s", tc.code, got[0], got[len(got)-1], tc.first, tc.last)
		}
	}
}

func TestNeighboursAreMutual(t *testing.T) {
	g := gazetteer(t)
	pairs := 0
	for _, c := range g.Places(registry.LevelCommune) {
		list := g.Neighbours(c.Code)
		if !slices.IsSortedFunc(list, func(a, b Neighbour) int {
			return cmp.Compare(b.SharedKM, a.SharedKM)
		}) {
			t.Errorf("%s: the longest border does not come first: %v", c.Code, list)
		}
		for _, n := range list {
			pairs++
			if n.SharedKM < 0.01 || n.Code == c.Code {
				t.Errorf("%s and %s share %g km", c.Code, n.Code, n.SharedKM)
			}
			if !slices.Contains(g.Neighbours(n.Code), Neighbour{c.Code, n.SharedKM}) {
				t.Errorf("%s borders %s, but not the other way round", c.Code, n.Code)
			}
		}
	}
	if pairs != 2*4187 {
		t.Errorf("%d pairs, want 4187", pairs/2)
	}
	if n := g.Neighbours("09.581.01.05"); len(n) == 0 || n[0].Code != "09.581.09.05" {
		t.Errorf("Tafraout's longest border is with Ammelne, got %v", n)
	}
}

func TestNeighboursOfProvincesAndRegions(t *testing.T) {
	g := gazetteer(t)
	for _, tc := range []struct{ code, first, other, not registry.PlaceCode }{
		{"09.581", "10.473", "09.541", "09.001"}, // Tiznit borders Sidi Ifni, Taroudannt, and not Agadir
		{"09", "08", "10", "01"},                 // Souss-Massa borders Drâa-Tafilalet, Guelmim, and not Tanger
	} {
		list := g.Neighbours(tc.code)
		codes := make([]registry.PlaceCode, len(list))
		for i, n := range list {
			codes[i] = n.Code
			if !slices.Contains(g.Neighbours(n.Code), Neighbour{tc.code, n.SharedKM}) {
				t.Errorf("%s borders %s, but not the other way round", tc.code, n.Code)
			}
		}
		if len(codes) == 0 || codes[0] != tc.first || !slices.Contains(codes, tc.other) || slices.Contains(codes, tc.not) {
			t.Errorf("%s: %v, want first %s, with %s, without %s", tc.code, codes, tc.first, tc.other, tc.not)
		}
	}
}

func TestReadRefusesBadFiles(t *testing.T) {
	const header = "code,level,parent,name_fr,population_2024,has_boundary,lon\n"
	const borders = "code_a,code_b,shared_km\n"
	for _, tc := range []struct{ units, borders, want string }{
		{"", borders, "header"},
		{header + "01,realm,,Nord,,0,\n", borders, `line 2`},
		{header + "01,region,MA,Nord,many,0,\n", borders, "population_2024"},
		{header + "01,region,MA,Nord,,1,\n", borders, "column lon is empty"},
		{header + "01,region,MA,Nord,,0,\n01,region,MA,Sud,,0,\n", borders, "two units"},
		{header + "01.001,province,02,Nord,,0,\n", borders, "parents"},
		{header + "01.001,province,01.001,Nord,,0,\n", borders, "parents"},
		{header + "01,region,MA,Nord,,0,\n", borders + "01,02,1\n", `unknown code "02"`},
		{header + "01,region,MA,Nord,,0,\n", borders + "01,01,far\n", "line 2"},
	} {
		_, err := Read(strings.NewReader(tc.units), strings.NewReader(tc.borders))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Read(%q, %q): %v, want an error about %q", tc.units, tc.borders, err, tc.want)
		}
	}
}
