package gazetteer

import (
	"cmp"
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// Written is a place as a source writes it, with what its context tells.
type Written struct {
	Name   string              // in French or Arabic, as printed; a word such as "commune d'" may stand before it
	Level  registry.PlaceLevel // what the name is a name of; only units of this level are looked at
	Within registry.PlaceCode  // a unit that surely holds it, usually the province; empty when the source names none
}

// The thresholds of likeness. They were set where, inside a province, no name of a commune elsewhere was accepted: see the
// measured table in geodata/README.md before moving one.
const (
	acceptedLikeness  = 0.86 // a name as like as this is the unit's, shown as "similar"
	requiredLead      = 0.10 // when no other unit comes nearer than this
	candidateLikeness = 0.70 // a person may be asked whether it is the unit's
	maxCandidates     = 5
)

// Resolve says which unit w means.
//
//   - exact: w's name is the unit's own but for case, accents and spaces.
//   - alias: it is a listed variant, or equal under the spelling rules (see Fold and key); or, with Similar set, so like the
//     unit's name and so unlike all others that the measured rules accept it.
//   - ambiguous: several units fit; Candidates lists them, none is chosen.
//   - unresolved: none fits. Candidates lists those that a person may consider; nothing else may put them on a map.
//   - none: w has no name.
//
// Likeness decides only in a narrow context: inside a province, or for a province inside its region. Elsewhere a name must be
// equal and the only one of its kind. A word before the name rules: a "douar X" is never the commune X, nor a "province X".
func (g *Gazetteer) Resolve(w Written) registry.Resolution {
	folded := Fold(w.Name)
	if folded == "" {
		return registry.Resolution{Match: registry.MatchNone}
	}
	folded, fits := withoutLevelWord(folded, w.Level)
	if !fits || folded == "" {
		return registry.Resolution{Match: registry.MatchUnresolved}
	}
	own, variant := g.equalUnits(folded, w)
	narrow := g.narrow(w)
	switch {
	case narrow && len(own) == 1 || len(own) == 1 && len(variant) == 0:
		return registry.Resolution{Match: registry.MatchExact, Code: g.units[own[0]].Code, Score: 1}
	case len(own) == 0 && len(variant) == 1:
		return registry.Resolution{Match: registry.MatchAlias, Code: g.units[variant[0]].Code, Score: 1}
	case len(own)+len(variant) > 0:
		return registry.Resolution{Match: registry.MatchAmbiguous, Score: 1, Candidates: g.codes(append(own, variant...))}
	}
	return decide(g.alike(folded, w), narrow)
}

// decide applies the thresholds to units that are like a name, best first.
func decide(like []likeUnit, narrow bool) registry.Resolution {
	r := registry.Resolution{Match: registry.MatchUnresolved}
	if len(like) == 0 {
		return r
	}
	r.Score = like[0].score
	if narrow && r.Score >= acceptedLikeness {
		if len(like) == 1 || r.Score-like[1].score >= requiredLead {
			r.Match, r.Code, r.Similar = registry.MatchAlias, like[0].code, true
			return r
		}
		r.Match = registry.MatchAmbiguous
	}
	for _, u := range like {
		if u.score >= candidateLikeness && len(r.Candidates) < maxCandidates {
			r.Candidates = append(r.Candidates, u.code)
		}
	}
	return r
}

// narrow reports whether w's context is one in which likeness was measured.
func (g *Gazetteer) narrow(w Written) bool {
	i, ok := g.index[w.Within]
	if !ok {
		return false
	}
	return g.units[i].Level != registry.LevelRegion || w.Level == registry.LevelProvince
}

// equalUnits finds the units of w whose name is equal: own holds those whose name it is, variant the others that have it as an
// alias or are equal under the spelling rules. No unit is in both.
func (g *Gazetteer) equalUnits(folded string, w Written) (own, variant []int) {
	add := func(list *[]int, spelling int) {
		i := g.spellings[spelling].unit
		if g.units[i].Level == w.Level && g.under(i, w.Within) && !slices.Contains(own, i) && !slices.Contains(variant, i) {
			*list = append(*list, i)
		}
	}
	same := g.byPlain[plain(folded)]
	for _, s := range same {
		if !g.spellings[s].alias {
			add(&own, s)
		}
	}
	for _, s := range slices.Concat(same, g.byKey[key(folded)]) {
		add(&variant, s)
	}
	return own, variant
}

// likeUnit is a unit and how like its likest spelling is to a name.
type likeUnit struct {
	code  registry.PlaceCode
	score float64
}

// alike ranks the units of w by likeness to a folded name, best first, codes in order among equals.
func (g *Gazetteer) alike(folded string, w Written) []likeUnit {
	best := map[int]float64{}
	name := formOf(folded)
	for _, i := range g.ofLevel[w.Level] {
		s := &g.spellings[i]
		if s.form.arabic == name.arabic && g.under(s.unit, w.Within) {
			best[s.unit] = max(best[s.unit], likeness(name, s.form))
		}
	}
	like := make([]likeUnit, 0, len(best))
	for i, score := range best {
		like = append(like, likeUnit{g.units[i].Code, score})
	}
	slices.SortFunc(like, func(a, b likeUnit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.code, b.code))
	})
	return like
}

func (g *Gazetteer) codes(units []int) []registry.PlaceCode {
	codes := make([]registry.PlaceCode, len(units))
	for n, i := range units {
		codes[n] = g.units[i].Code
	}
	return codes
}

// levelWords are the words that say what the name after them is a name of, folded; the longest come first. No level: a place
// below every unit of the gazetteer. No unit's own name begins with one of them, which a test holds.
var levelWords = []struct {
	words string
	level registry.PlaceLevel
}{
	{"prefecture d arrondissements", registry.LevelPrefecture},
	{"commune urbaine", registry.LevelCommune},
	{"commune rurale", registry.LevelCommune},
	{"commune territoriale", registry.LevelCommune},
	{"commune", registry.LevelCommune},
	{"municipalite", registry.LevelCommune},
	{"municipality", registry.LevelCommune},
	{Fold("الجماعة الترابية"), registry.LevelCommune},
	{Fold("جماعة"), registry.LevelCommune},
	{"province", registry.LevelProvince},
	{"prefecture", registry.LevelProvince},
	{Fold("إقليم"), registry.LevelProvince},
	{Fold("عمالة"), registry.LevelProvince},
	{"region", registry.LevelRegion},
	{Fold("جهة"), registry.LevelRegion},
	{"cercle", registry.LevelCercle},
	{Fold("دائرة"), registry.LevelCercle},
	{"arrondissement", registry.LevelArrondissement},
	{Fold("مقاطعة"), registry.LevelArrondissement},
	{"douar", ""},
	{"douars", ""},
	{"quartier", ""},
	{"hameau", ""},
	{"lotissement", ""},
	{"derb", ""},
	{Fold("دوار"), ""},
	{Fold("حي"), ""},
	{Fold("درب"), ""},
}

// linkWords may stand between a level word and the name.
var linkWords = []string{"de", "d", "du", "des", "of"}

// withoutLevelWord takes the level word from the front of a folded name; fits is false when it names another level than asked.
func withoutLevelWord(folded string, level registry.PlaceLevel) (name string, fits bool) {
	for _, w := range levelWords {
		if folded == w.words {
			return "", w.level == level
		}
		rest, found := strings.CutPrefix(folded, w.words+" ")
		if !found {
			continue
		}
		for _, link := range linkWords {
			if after, ok := strings.CutPrefix(rest, link+" "); ok {
				rest = after
				break
			}
		}
		return rest, w.level == level
	}
	return folded, true
}
