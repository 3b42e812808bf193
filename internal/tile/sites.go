package tile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/paulmach/orb"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// The layers of sites. A site known by its unit alone has a layer of its own, so that whoever draws pins for LayerSites draws none where
// nobody knows the place.
const (
	LayerSites       = "sites"         // each at its footprint, point or village
	LayerSitesInArea = "sites_in_area" // each at the label point of the unit that is all that is known
	LayerSiteCounts  = "site_counts"   // how many there are in a unit, or near a point
)

// maxSites is how many sites a tile shows one by one, so that it stays below 200 kB; above, it counts them.
const maxSites = 800

// cellSize is the side of the squares, in units, by which the sites of a full tile are counted: a badge's width on the screen.
const cellSize = Extent / 16

// LevelAt is the level by whose units the sites are counted at a zoom; empty from where on each site is drawn by itself.
func LevelAt(zoom int) registry.PlaceLevel {
	switch {
	case zoom < 5:
		return registry.LevelRegion
	case zoom < 7:
		return registry.LevelProvince
	case zoom < 10:
		return registry.LevelCommune
	}
	return ""
}

// SiteCounts are the numbers of sites by the unit that they are drawn at.
type SiteCounts map[registry.PlaceCode]int

// CountSites adds up counts by the finest unit known into units of a level. What is known less precisely is counted at the wider unit. left
// are the units that none of these holds, with "" for no unit: their sites can be drawn by themselves only.
func CountSites(places *gazetteer.Gazetteer, level registry.PlaceLevel, finest map[registry.PlaceCode]int) (counts SiteCounts, left []registry.PlaceCode) {
	counts = SiteCounts{}
	for code, n := range finest {
		if unit, ok := drawnAt(places, level, code); ok {
			counts[unit.Code] += n
		} else {
			left = append(left, code)
		}
	}
	slices.Sort(left)
	return counts, left
}

// drawnAt is the unit at whose label point something in code is counted: of the level, or the nearest above it.
func drawnAt(places *gazetteer.Gazetteer, level registry.PlaceLevel, code registry.PlaceCode) (unit registry.Place, ok bool) {
	self, known := places.Place(code)
	if !known {
		return unit, false
	}
	for _, p := range append(places.Ancestors(code), self) {
		if p.Label != nil && slices.Contains(registry.PagedLevels, p.Level) && rank(p.Level) <= rank(level) {
			unit, ok = p, true
		}
	}
	return unit, ok
}

func rank(l registry.PlaceLevel) int { return slices.Index(registry.PlaceLevels, l) }

// AddSiteCounts draws the counts whose label points are in the tile.
func (t *Tile) AddSiteCounts(places *gazetteer.Gazetteer, counts SiteCounts) {
	for code, n := range counts {
		if unit, ok := places.Place(code); ok {
			t.addCount(unit, *unit.Label, n)
		}
	}
}

func (t *Tile) addCount(unit registry.Place, at orb.Point, n int) {
	t.Add(LayerSiteCounts, string(unit.Code), at, known(map[string]string{"code": string(unit.Code), "level": string(unit.Level), "name": unit.NameFR, "name_ar": unit.NameAR}, n))
}

// known are the texts that aren't empty, since a tile has no word for unknown, and a count unless it is 0.
func known(texts map[string]string, count int) map[string]any {
	out := map[string]any{}
	for name, text := range texts {
		if text != "" {
			out[name] = text
		}
	}
	if count > 0 {
		out["count"] = count
	}
	return out
}

// Sites counts the sites of a tile, which are drawn one by one unless they are too many.
type Sites struct {
	tile   *Tile
	places *gazetteer.Gazetteer
	n      int
	groups map[groupKey]*group
}

// groupKey is a unit, or a square by the column and the row among the squares of the tile.
type groupKey struct {
	unit     registry.PlaceCode // empty: a square
	col, row int
}

// group is what a full tile says of the sites of a unit, or of a square.
type group struct {
	count int
	x, y  int // sums of units
}

// Sites begins to count sites.
func (t *Tile) Sites(places *gazetteer.Gazetteer) *Sites {
	return &Sites{tile: t, places: places, groups: map[groupKey]*group{}}
}

// Add takes a site. Memory doesn't grow with their number.
func (s *Sites) Add(at registry.Spot) {
	// A point may lie just beyond the edge.
	if at.Point && !s.tile.Holds(at.Box.Min) || !at.Point && !at.Box.Intersects(s.tile.Box()) {
		return
	}
	s.n++
	middle := at.Box.Center()
	if !s.tile.Holds(middle) { // its neighbour counts it
		return
	}
	p := s.tile.unit(middle)
	x, y := int(p[0]), int(p[1])
	var key groupKey
	if unit, ok := unitOf(s.places, at.Precision, at.Unit); ok {
		key.unit = unit.Code
	} else {
		key.col, key.row = x/cellSize, y/cellSize
	}
	g := s.groups[key]
	if g == nil {
		g = &group{}
		s.groups[key] = g
	}
	g.count, g.x, g.y = g.count+1, g.x+x, g.y+y
}

// unitOf is the unit that is all that is known of where something in code is; not ok when more is known.
func unitOf(places *gazetteer.Gazetteer, precision registry.Precision, code registry.PlaceCode) (unit registry.Place, ok bool) {
	level, coarse := unitLevels[precision]
	if !coarse {
		return unit, false
	}
	self, _ := places.Place(code)
	for _, p := range append(places.Ancestors(code), self) {
		if p.Level == level {
			return p, true
		}
	}
	return unit, false
}

// unitLevels are the levels of the units at which a site is drawn that is known no better.
var unitLevels = map[registry.Precision]registry.PlaceLevel{
	registry.PrecisionCommune: registry.LevelCommune, registry.PrecisionProvince: registry.LevelProvince, registry.PrecisionRegion: registry.LevelRegion,
}

// TooMany reports whether the sites are more than a tile shows one by one.
func (s *Sites) TooMany() bool { return s.n > maxSites }

// DrawCounts draws each group where its sites are on average.
func (s *Sites) DrawCounts() {
	for key, g := range s.groups {
		at := s.tile.degrees(orb.Point{float64(g.x/g.count) + 0.5, float64(g.y/g.count) + 0.5})
		if unit, ok := s.places.Place(key.unit); ok {
			s.tile.addCount(unit, at, g.count)
			continue
		}
		s.tile.Add(LayerSiteCounts, fmt.Sprintf("cell-%d-%d", key.col, key.row), at, known(nil, g.count))
	}
}

// site are the properties that a tile repeats, and the units.
type site struct {
	Name      string             `json:"name"`
	NameAR    string             `json:"name_ar"`
	NameEN    string             `json:"name_en"`
	Kind      string             `json:"kind"`
	Status    string             `json:"status"`
	Precision registry.Precision `json:"location_precision"`
	Commune   registry.PlaceCode `json:"commune_code"`
	Province  registry.PlaceCode `json:"province_code"`
	Region    registry.PlaceCode `json:"region_code"`
}

// AddSite draws a feature of the collection of sites by itself.
func (t *Tile) AddSite(places *gazetteer.Gazetteer, f registry.Feature) error {
	var p site
	if err := json.Unmarshal(f.JSON, &struct{ Properties *site }{&p}); err != nil {
		return err
	}
	texts := map[string]string{"id": f.ID, "name": cmp.Or(p.Name, p.NameEN), "name_ar": p.NameAR, "kind": p.Kind, "status": p.Status, "precision": string(p.Precision)}
	layer := LayerSites
	finest := cmp.Or(p.Commune, p.Province, p.Region)
	if unit, ok := unitOf(places, p.Precision, finest); ok {
		layer = LayerSitesInArea
		texts["code"] = string(unit.Code)
	}
	t.Add(layer, f.ID, f.Geometry, known(texts, 0))
	return nil
}
