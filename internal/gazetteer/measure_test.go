package gazetteer

import (
	"encoding/csv"
	"flag"
	"os"
	"slices"
	"testing"

	"mithaq/geodata"
	"mithaq/internal/registry"
)

// The two measures behind the thresholds; geodata/README.md has their table. To see the figures:
//
//	go test ./internal/gazetteer -run Measure -v
//	go test ./internal/gazetteer -run MeasureNamesOfElsewhere -v -args -everywhere
var everywhere = flag.Bool("everywhere", false, "try each commune's name in every other province, not in the next one only")

// thresholds are the rows of the table; acceptedLikeness is one of them. 1 stands for equal under the spelling rules.
var thresholds = []float64{0.76, 0.82, acceptedLikeness, 0.90, 1}

// withoutAliases is the gazetteer with the units' own names alone: the aliases are spellings that the measures try.
func withoutAliases(t testing.TB) *Gazetteer {
	t.Helper()
	f, err := geodata.Files.Open("gazetteer.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	places, err := readPlaces(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range places {
		places[i].Aliases = nil
	}
	g, err := newGazetteer(places)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// namePair is another spelling of a commune's name.
type namePair struct {
	spelling string
	code     registry.PlaceCode
}

func namePairs(t testing.TB) []namePair {
	t.Helper()
	f, err := os.Open("../../geodata/name-pairs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var pairs []namePair
	for _, r := range rows[1:] {
		pairs = append(pairs, namePair{r[0], registry.PlaceCode(r[1])})
	}
	return pairs
}

// accepts reports whether the first of like is taken at a threshold, by the rule of decide.
func accepts(like []likeUnit, threshold float64) bool {
	return like[0].score >= threshold && (len(like) == 1 || like[0].score-like[1].score >= requiredLead)
}

// TestMeasureOtherSpellings tries the spellings of the census of 2014 and of its map against the names of 2024 alone.
func TestMeasureOtherSpellings(t *testing.T) {
	g := withoutAliases(t)
	pairs := namePairs(t)
	if len(pairs) != 578 {
		t.Fatalf("%d pairs, want 578", len(pairs))
	}
	first, firstInCountry, equal, similar, asked := 0, 0, 0, 0, 0
	accepted, wrong := make([]int, len(thresholds)), make([]int, len(thresholds))
	for _, p := range pairs {
		province, _ := g.ProvinceOf(p.code)
		w := Written{Name: p.spelling, Level: registry.LevelCommune, Within: province.Code}
		like := g.alike(Fold(p.spelling), w)
		if like[0].code == p.code {
			first++
		} else {
			t.Logf("not the first in its province: %q is %s, got %s", p.spelling, p.code, like[0].code)
		}
		if country := g.alike(Fold(p.spelling), Written{Level: registry.LevelCommune}); country[0].code == p.code {
			firstInCountry++
		}
		r := g.Resolve(w)
		equalByRule := r.Code == p.code && !r.Similar
		for i, threshold := range thresholds {
			switch {
			case equalByRule, accepts(like, threshold) && like[0].code == p.code:
				accepted[i]++
			case accepts(like, threshold):
				wrong[i]++
			}
		}
		switch {
		case r.Code != "" && r.Code != p.code:
			t.Errorf("%q within %s: %+v, want %s", p.spelling, province.Code, r, p.code)
		case equalByRule:
			equal++
		case r.Similar:
			similar++
		case slices.Contains(r.Candidates, p.code):
			asked++
		}
	}
	rate := func(n int) float64 { return 100 * float64(n) / float64(len(pairs)) }
	t.Logf("%d spellings: first in the province %.1f %%, first in the country %.1f %%; Resolve: equal %.1f %%, similar %.1f %%, left to a person %.1f %%",
		len(pairs), rate(first), rate(firstInCountry), rate(equal), rate(similar), rate(asked))
	for i, threshold := range thresholds {
		t.Logf("accepted at %.2f: %.1f %%, wrong %d", threshold, rate(accepted[i]), wrong[i])
	}
	if rate(first) < 99.5 {
		t.Errorf("first in the province: %.2f %%, want 99.5 %% at least", rate(first))
	}
}

// TestMeasureNamesOfElsewhere tries each commune's French and Arabic name within the next province in code order (after the
// last one, the first). A commune there with the same key is a true homonym, and its trial does not count; any other that is
// accepted is a false match. With -everywhere each name is tried in each of the 74 other provinces.
func TestMeasureNamesOfElsewhere(t *testing.T) {
	g := withoutAliases(t)
	provinces := g.Places(registry.LevelProvince)
	steps := 1
	if *everywhere {
		steps = len(provinces) - 1
	}
	trials, homonyms, mistaken := 0, 0, make([]int, len(thresholds))
	for n, province := range provinces {
		for _, c := range g.Inside(province.Code, registry.LevelCommune) {
			for _, name := range []string{c.NameFR, c.NameAR} {
				for step := 1; step <= steps; step++ {
					w := Written{Name: name, Level: registry.LevelCommune, Within: provinces[(n+step)%len(provinces)].Code}
					like := g.alike(Fold(name), w)
					if len(like) == 0 || like[0].score == 1 {
						homonyms += min(1, len(like))
						continue
					}
					trials++
					for i, threshold := range thresholds {
						if accepts(like, threshold) {
							mistaken[i]++
						}
					}
					if accepts(like, acceptedLikeness) {
						t.Logf("false match: %q of %s taken for %s (%.2f)", name, c.Code, like[0].code, like[0].score)
					}
				}
			}
		}
	}
	t.Logf("%d trials, %d true homonyms left out", trials, homonyms)
	for i, threshold := range thresholds {
		t.Logf("false at %.2f: %d", threshold, mistaken[i])
	}
	if n := mistaken[slices.Index(thresholds, acceptedLikeness)]; n > 0 && !*everywhere {
		t.Errorf("%d names of another province are accepted, want none", n)
	}
}
