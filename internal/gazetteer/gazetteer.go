// Package gazetteer knows the country's units (regions, provinces, cercles, communes, arrondissements), what they are called
// and where their limits run. It answers three questions: which unit a source means by a written name (Resolve), which unit a
// person is typing (Suggest), and what shape a unit has (Boundaries). It refuses to guess: a name that could be two units is
// ambiguous, one that is like none is unresolved, and only rules measured on known spellings put a place on the map; those
// rules and their measured rates stand in geodata/README.md. The data are the files of package geodata; nothing in the code
// knows the country.
//
// Positions are degrees, lon then lat (OGC:CRS84); distances are metres or kilometres as their names say.
package gazetteer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mithaq/geodata"
	"mithaq/internal/registry"
)

// Gazetteer holds every unit in memory. It never changes after it was read, so any number of goroutines may use it; the places
// that it hands out share their slices and pointers, and must not be written to.
type Gazetteer struct {
	units      []unit // in code order
	index      map[registry.PlaceCode]int
	byLevel    map[registry.PlaceLevel][]int
	neighbours map[registry.PlaceCode][]Neighbour
	spellings  []spelling                    // every name and alias of every unit
	ofLevel    map[registry.PlaceLevel][]int // the spellings of a level's units
	byPlain    map[string][]int
	byKey      map[string][]int
}

// unit is a place and the units that hold it, widest first, as indexes.
type unit struct {
	registry.Place
	above []int
}

// spelling is one way to write one unit's name, with the forms that are compared.
type spelling struct {
	unit   int
	text   string // as the gazetteer writes it
	alias  bool   // a listed variant, not the unit's own name
	folded string
	plain  string
	form   form
}

// Neighbour is a commune that shares a border with another one; a common corner alone is no border.
type Neighbour struct {
	Code     registry.PlaceCode
	SharedKM float64 // length of the common border, kilometres
}

// Default is the gazetteer of the embedded files; they are read once.
func Default() (*Gazetteer, error) { return embedded() }

var embedded = sync.OnceValues(func() (*Gazetteer, error) {
	units, err := geodata.Files.Open("gazetteer.csv")
	if err != nil {
		return nil, err
	}
	defer units.Close()
	borders, err := geodata.Files.Open("neighbours.csv")
	if err != nil {
		return nil, err
	}
	defer borders.Close()
	return Read(units, borders)
})

// Read makes a gazetteer of two CSV files: the units and the borders between communes. geodata/README.md has their columns.
// A unit whose level, parent or number cannot be read is an error that names its line.
func Read(units, borders io.Reader) (*Gazetteer, error) {
	places, err := readPlaces(units)
	if err != nil {
		return nil, fmt.Errorf("gazetteer: %w", err)
	}
	g, err := newGazetteer(places)
	if err != nil {
		return nil, fmt.Errorf("gazetteer: %w", err)
	}
	if err := g.readNeighbours(borders); err != nil {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	return g, nil
}

func newGazetteer(places []registry.Place) (*Gazetteer, error) {
	slices.SortFunc(places, func(a, b registry.Place) int { return cmp.Compare(a.Code, b.Code) })
	g := &Gazetteer{
		units:      make([]unit, len(places)),
		index:      make(map[registry.PlaceCode]int, len(places)),
		byLevel:    map[registry.PlaceLevel][]int{},
		neighbours: map[registry.PlaceCode][]Neighbour{},
		ofLevel:    map[registry.PlaceLevel][]int{},
		byPlain:    map[string][]int{},
		byKey:      map[string][]int{},
	}
	for i, p := range places {
		if _, twice := g.index[p.Code]; twice {
			return nil, fmt.Errorf("two units have the code %s", p.Code)
		}
		g.units[i].Place = p
		g.index[p.Code] = i
		g.byLevel[p.Level] = append(g.byLevel[p.Level], i)
	}
	for i, p := range places {
		if err := g.climb(i); err != nil {
			return nil, err
		}
		g.addSpelling(i, p.NameFR, false)
		g.addSpelling(i, p.NameAR, false)
		for _, alias := range p.Aliases {
			g.addSpelling(i, alias, true)
		}
	}
	return g, nil
}

// climb notes the units above unit i. The parent of a commune is its province: between the two stands a cercle whose code
// begins the commune's own, or none. Likewise a prefecture between a city's province and its arrondissements.
func (g *Gazetteer) climb(i int) error {
	p := g.units[i].Place
	for parent := p.Parent; parent != ""; {
		j, ok := g.index[parent]
		if !ok || len(g.units[i].above) > len(registry.PlaceLevels) {
			return fmt.Errorf("unit %s has no sound chain of parents above %s", p.Code, parent)
		}
		g.units[i].above = append(g.units[i].above, j)
		parent = g.units[j].Parent
	}
	if j, ok := g.index[groupCode(p)]; ok {
		g.units[i].above = append(g.units[i].above, j)
	}
	rank := func(j int) int { return slices.Index(registry.PlaceLevels, g.units[j].Level) }
	slices.SortFunc(g.units[i].above, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	return nil
}

// groupCode is the code of the unit that groups p with others between its province and itself, if there is one: for the
// commune 09.581.03.03 the cercle 09.581.03, for the arrondissement 06.141.01.13 the prefecture 06.141.01.10.
func groupCode(p registry.Place) registry.PlaceCode {
	switch {
	case p.Level == registry.LevelCommune && strings.Count(string(p.Code), ".") == 3:
		return p.Code[:strings.LastIndexByte(string(p.Code), '.')]
	case p.Level == registry.LevelArrondissement && p.Code != "":
		return p.Code[:len(p.Code)-1] + "0"
	}
	return ""
}

func (g *Gazetteer) addSpelling(unit int, text string, alias bool) {
	folded := Fold(text)
	if folded == "" {
		return
	}
	s := spelling{unit: unit, text: text, alias: alias, folded: folded, plain: plain(folded), form: formOf(folded)}
	i := len(g.spellings)
	g.spellings = append(g.spellings, s)
	g.byPlain[s.plain] = append(g.byPlain[s.plain], i)
	g.ofLevel[g.units[unit].Level] = append(g.ofLevel[g.units[unit].Level], i)
	if k := string(s.form.whole.runes); k != "" {
		g.byKey[k] = append(g.byKey[k], i)
	}
}

// Place returns the unit with this code.
func (g *Gazetteer) Place(code registry.PlaceCode) (place registry.Place, ok bool) {
	i, ok := g.index[code]
	if !ok {
		return registry.Place{}, false
	}
	return g.units[i].Place, true
}

// Places returns every unit of a level, in code order.
func (g *Gazetteer) Places(level registry.PlaceLevel) []registry.Place {
	return g.places(g.byLevel[level])
}

// Children returns the units right below code, in code order: a region's provinces; a province's cercles and its communes;
// a cercle's communes; a city's arrondissements, or a prefecture's.
func (g *Gazetteer) Children(code registry.PlaceCode) []registry.Place {
	var below []int
	for i := range g.units {
		if p := &g.units[i].Place; p.Parent == code && code != "" || code != "" && groupCode(*p) == code {
			below = append(below, i)
		}
	}
	return g.places(below)
}

// Inside returns the units of a level that lie inside code, at any depth, in code order: the communes of a region.
func (g *Gazetteer) Inside(code registry.PlaceCode, level registry.PlaceLevel) []registry.Place {
	var inside []int
	for _, i := range g.byLevel[level] {
		if g.under(i, code) {
			inside = append(inside, i)
		}
	}
	return g.places(inside)
}

// under reports whether unit i lies inside code, or is it; every unit lies inside the empty code, the country.
func (g *Gazetteer) under(i int, code registry.PlaceCode) bool {
	return code == "" || g.units[i].Code == code ||
		slices.ContainsFunc(g.units[i].above, func(j int) bool { return g.units[j].Code == code })
}

// Ancestors returns the units that hold code, widest first and without itself: region, province, the cercle or prefecture if
// it has one, and for an arrondissement its commune. Empty for a region and for an unknown code.
func (g *Gazetteer) Ancestors(code registry.PlaceCode) []registry.Place {
	i, ok := g.index[code]
	if !ok {
		return nil
	}
	return g.places(g.units[i].above)
}

// ProvinceOf returns the province of a unit at or below that level; ok is false for a region and for an unknown code.
func (g *Gazetteer) ProvinceOf(code registry.PlaceCode) (province registry.Place, ok bool) {
	return g.holder(code, registry.LevelProvince)
}

// RegionOf returns the region of a unit (of a region, itself); ok is false for an unknown code.
func (g *Gazetteer) RegionOf(code registry.PlaceCode) (region registry.Place, ok bool) {
	return g.holder(code, registry.LevelRegion)
}

func (g *Gazetteer) holder(code registry.PlaceCode, level registry.PlaceLevel) (registry.Place, bool) {
	i, ok := g.index[code]
	if !ok {
		return registry.Place{}, false
	}
	for _, j := range append(slices.Clone(g.units[i].above), i) {
		if g.units[j].Level == level {
			return g.units[j].Place, true
		}
	}
	return registry.Place{}, false
}

// Neighbours returns the units that share a border with a commune, province or region and are of its level, the longest border first;
// empty for other levels. The border of two provinces is that of their communes.
func (g *Gazetteer) Neighbours(code registry.PlaceCode) []Neighbour {
	return slices.Clone(g.neighbours[code])
}

func (g *Gazetteer) places(indexes []int) []registry.Place {
	places := make([]registry.Place, len(indexes))
	for n, i := range indexes {
		places[n] = g.units[i].Place
	}
	return places
}

// border adds a stretch to the border of two units.
func (g *Gazetteer) border(a, b registry.PlaceCode, km float64) {
	for _, side := range [][2]registry.PlaceCode{{a, b}, {b, a}} {
		list := g.neighbours[side[0]]
		if i := slices.IndexFunc(list, func(n Neighbour) bool { return n.Code == side[1] }); i >= 0 {
			list[i].SharedKM += km
		} else {
			g.neighbours[side[0]] = append(list, Neighbour{side[1], km})
		}
	}
}

func (g *Gazetteer) readNeighbours(r io.Reader) error {
	err := eachRow(r, func(row row) error {
		a, b := registry.PlaceCode(row.text("code_a")), registry.PlaceCode(row.text("code_b"))
		km, err := strconv.ParseFloat(row.text("shared_km"), 64)
		if err != nil {
			return err
		}
		for _, code := range []registry.PlaceCode{a, b} {
			if _, ok := g.index[code]; !ok {
				return fmt.Errorf("unknown code %q", code)
			}
		}
		g.border(a, b, km)
		for _, holder := range []func(registry.PlaceCode) (registry.Place, bool){g.ProvinceOf, g.RegionOf} {
			x, _ := holder(a)
			y, _ := holder(b)
			if x.Code != y.Code {
				g.border(x.Code, y.Code, km)
			}
		}
		return nil
	})
	for _, list := range g.neighbours {
		slices.SortFunc(list, func(a, b Neighbour) int {
			return cmp.Or(cmp.Compare(b.SharedKM, a.SharedKM), cmp.Compare(a.Code, b.Code))
		})
	}
	return err
}
