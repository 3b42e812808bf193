package web

import (
	"fmt"
	"html/template"
	"maps"
	"slices"

	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/picture"
	"mithaq/internal/registry"
)

// The still maps: what a page shows until its script has drawn the map, what it shows without script and on paper, and what its card
// shows to other sites. They are made of the stored boundaries and of the sites of the page itself.

// still draws a scene for a page; empty for none.
func (r *reading) still(s *picture.Scene, name string) template.HTML {
	if s == nil {
		return ""
	}
	return template.HTML(s.SVG(r.say("map.still", args{"Place": name}), "still")) // picture escapes the texts
}

// newScene is a scene of a box, its scale in the page's words.
func (r *reading) newScene(b orb.Bound) *picture.Scene {
	return &picture.Scene{Box: b, Scale: func(metres int) string {
		if metres >= 1000 {
			return r.say("map.km", args{"Value": r.whole(metres / 1000)})
		}
		return r.say("map.m", args{"Value": r.whole(metres)})
	}}
}

// eachBoundary gives the units of a level that meet a box or lie in a unit, in the order of their codes. Detail as gazetteer has it.
func (r *reading) eachBoundary(level registry.PlaceLevel, detail gazetteer.Detail, q registry.FeatureQuery, yield func(code registry.PlaceCode, area orb.MultiPolygon)) error {
	q.Collection, q.Detail, q.Day = feature.BoundaryCollection(level), string(detail), r.day
	return r.store.EachFeature(r.ctx, q, func(f registry.Feature) error {
		if area, ok := multiPolygon(f.Geometry); ok {
			yield(registry.PlaceCode(f.ID), area)
		}
		return nil
	})
}

// multiPolygon is a geometry as an area; ok is false for points and lines.
func multiPolygon(g orb.Geometry) (area orb.MultiPolygon, ok bool) {
	switch g := g.(type) {
	case orb.Polygon:
		return orb.MultiPolygon{g}, true
	case orb.MultiPolygon:
		return g, true
	}
	return nil, false
}

// Boxes wider than these, in degrees, have provinces round about instead of communes, and regions instead of provinces.
const (
	widestOfCommunes  = 1.5
	widestOfProvinces = 6
)

// siteScene shows sites as precisely as they are known and no more, each in its unit, and focus, the page's own unit, if it has one. It is
// nil when neither is anywhere.
//
// counts are the sites that are known to be somewhere in a commune and no more; nil counts those of sites.
func (r *reading) siteScene(focus registry.PlaceCode, sites []registry.Dated, counts map[registry.PlaceCode]int) (*picture.Scene, error) {
	styles := map[registry.PlaceCode]picture.Style{}
	if focus != "" {
		styles[focus] = picture.Boundary
	}
	var pins []orb.Point
	var footprints []picture.Shape
	vague := map[registry.PlaceCode]int{}
	for _, s := range sites {
		site := s.Site()
		code := s.Stored.Resolution("/place").Code
		switch known := precision(s.Stored, site, r.gaz); known {
		case registry.PrecisionNone, registry.PrecisionCountry:
			continue
		case registry.PrecisionFootprint, registry.PrecisionPoint, registry.PrecisionLocality:
			if area, ok := multiPolygon(site.Position.Geometry.Geometry); ok {
				footprints = append(footprints, picture.Shape{Area: area, Style: picture.Footprint})
			} else {
				pins = append(pins, site.Position.Geometry.Geometry.Bound().Center())
			}
			if styles[code] == "" {
				styles[code] = picture.Boundary
			}
		default:
			styles[code] = picture.Hatched
			vague[code]++
		}
	}
	for code, n := range counts {
		vague[code], styles[code] = n, picture.Hatched
	}
	delete(styles, "")
	scene, err := r.unitScene(styles)
	if scene == nil || err != nil {
		return nil, err
	}
	scene.Shapes = append(scene.Shapes, footprints...)
	scene.Pins = pins
	for _, code := range slices.Sorted(maps.Keys(vague)) {
		p, ok := r.gaz.Place(code)
		if !ok || p.Label == nil {
			continue
		}
		text := r.count("count.sites", vague[code])
		if len(styles) > 1 {
			text = r.say("explorer.badge", args{"Sites": text, "Place": r.placeName(p)})
		}
		scene.Badges = append(scene.Badges, picture.Badge{At: *p.Label, Text: text})
	}
	return scene, nil
}

// unitScene shows units, each in its style, with what lies round about; nil when none of them has a boundary.
func (r *reading) unitScene(styles map[registry.PlaceCode]picture.Style) (*picture.Scene, error) {
	var all orb.Bound
	found := map[registry.PlaceLevel][]registry.PlaceCode{}
	first := true
	for _, code := range slices.Sorted(maps.Keys(styles)) {
		p, ok := r.gaz.Place(code)
		if !ok || p.Bound == nil || feature.BoundaryCollection(p.Level) == "" {
			continue
		}
		found[p.Level] = append(found[p.Level], code)
		if first {
			all, first = *p.Bound, false
		}
		all = all.Union(*p.Bound)
	}
	if first {
		return nil, nil
	}
	extent := max(all.Right()-all.Left(), all.Top()-all.Bottom())
	scene, detail, round := r.newScene(all), gazetteer.DetailMedium, registry.LevelCommune
	switch {
	case extent > widestOfProvinces:
		detail, round = gazetteer.DetailLow, registry.LevelRegion
	case extent > widestOfCommunes:
		detail, round = gazetteer.DetailLow, registry.LevelProvince
	}
	scene.OnLand = round == registry.LevelCommune
	if !scene.OnLand {
		scene.Shapes = append(scene.Shapes, picture.Shape{Area: r.backdrop.Neighbours, Style: picture.Land})
	}
	around := registry.FeatureQuery{Boxes: []orb.Bound{all.Pad(extent / 3)}}
	err := r.eachBoundary(round, detail, around, func(code registry.PlaceCode, area orb.MultiPolygon) {
		if styles[code] == "" {
			scene.Shapes = append(scene.Shapes, picture.Shape{Area: area, Style: picture.Outline})
		}
	})
	for level, codes := range found {
		for _, code := range codes {
			if err == nil {
				err = r.eachBoundary(level, detail, registry.FeatureQuery{ID: string(code)}, func(code registry.PlaceCode, area orb.MultiPolygon) {
					scene.Shapes = append(scene.Shapes, picture.Shape{Area: area, Style: styles[code]})
				})
			}
		}
	}
	return scene, err
}

// bands are the least numbers of agreements for each shade of a map but that of none, the lightest first.
type bands [4]int

// bandStyles are the shades, that of none first.
var bandStyles = [len(bands{}) + 1]picture.Style{picture.Band0, picture.Band1, picture.Band2, picture.Band3, picture.Band4}

// bandsUpTo tells units apart of which one has most agreements: steps of 1, 2 and 5 times a power of ten, the last of them at most half of the most.
// Fewer than forty have the same everywhere, so that small maps can be compared.
func bandsUpTo(most int) bands {
	out := bands{1, 2, 5, 10}
	for power := 10; ; power *= 10 {
		for _, next := range []int{2 * power, 5 * power, 10 * power} {
			if next > most/2 {
				return out
			}
			out = bands{1, out[2], out[3], next}
		}
	}
}

// bandsIn are the bands of the units of a level in a unit, or in the whole country.
func (r *reading) bandsIn(within registry.PlaceCode, level registry.PlaceLevel, counts map[registry.PlaceCode]registry.PlaceCounts) bands {
	if within == registry.Country {
		within = "" // the gazetteer's name for it
	}
	most := 0
	for _, p := range r.gaz.Inside(within, level) {
		most = max(most, counts[p.Code].Agreements)
	}
	return bandsUpTo(most)
}

// of is the shade of a number, 0 that of none.
func (b bands) of(n int) (shade int) {
	for shade < len(b) && n >= b[shade] {
		shade++
	}
	return shade
}

// legend says what each shade means.
func (w *words) legend(b bands) (out []LegendItem) {
	out = []LegendItem{{"band-0", w.say("legend.band_none")}}
	for i, least := range b {
		text := w.say("legend.band_least", args{"From": w.whole(least)})
		switch {
		case i+1 < len(b) && b[i+1] == least+1: // only the first
			text = w.say("legend.band_one")
		case i+1 < len(b):
			text = w.say("legend.band_between", args{"From": w.whole(least), "To": w.whole(b[i+1] - 1)})
		}
		out = append(out, LegendItem{fmt.Sprintf("band-%d", i+1), text})
	}
	return out
}

// namesOnMap bounds the names on a shaded map: the units with most agreements have theirs.
const namesOnMap = 12

// areaScene shades units by number of agreements: those of a level in a unit, or in the whole country.
func (r *reading) areaScene(within registry.PlaceCode, level registry.PlaceLevel, counts map[registry.PlaceCode]registry.PlaceCounts) (*picture.Scene, error) {
	q, detail := registry.FeatureQuery{}, gazetteer.DetailLow
	var box orb.Bound
	if p, ok := r.gaz.Place(within); ok && p.Bound != nil {
		box, q.Places = *p.Bound, []registry.PlaceCode{within}
		if level == registry.LevelCommune {
			detail = gazetteer.DetailMedium
		}
	} else {
		box = r.backdrop.Country.Bound()
	}
	scene := r.newScene(box)
	scene.Shapes = []picture.Shape{{Area: r.backdrop.Neighbours, Style: picture.Land}, {Area: r.backdrop.Country, Style: picture.Country}}
	var named []registry.Place
	shades := r.bandsIn(within, level, counts)
	err := r.eachBoundary(level, detail, q, func(code registry.PlaceCode, area orb.MultiPolygon) {
		n := counts[code].Agreements
		scene.Shapes = append(scene.Shapes, picture.Shape{Area: area, Style: bandStyles[shades.of(n)]})
		if p, ok := r.gaz.Place(code); ok && n > 0 && p.Label != nil {
			named = append(named, p)
		}
	})
	slices.SortStableFunc(named, func(a, b registry.Place) int { return counts[b.Code].Agreements - counts[a.Code].Agreements })
	for _, p := range named[:min(len(named), namesOnMap)] {
		scene.Labels = append(scene.Labels, picture.Label{At: *p.Label, Text: r.placeName(p)})
	}
	return scene, err
}

// explorerScene shows a set of sites as badges on the finest units that leave them room, under them the provinces.
func (r *reading) explorerScene(box orb.Bound, tables []UnitTable) (*picture.Scene, error) {
	scene := r.newScene(box)
	scene.Shapes = []picture.Shape{{Area: r.backdrop.Neighbours, Style: picture.Land}}
	extent := max(box.Right()-box.Left(), box.Top()-box.Bottom())
	level, detail := registry.LevelProvince, gazetteer.DetailLow
	if extent <= widestOfCommunes {
		level, detail = registry.LevelCommune, gazetteer.DetailMedium
	}
	around := registry.FeatureQuery{Boxes: []orb.Bound{box.Pad(extent / 3)}}
	err := r.eachBoundary(level, detail, around, func(code registry.PlaceCode, area orb.MultiPolygon) {
		scene.Shapes = append(scene.Shapes, picture.Shape{Area: area, Style: picture.Outline})
	})
	for i := len(tables) - 1; i >= 0; i-- { // the widest come first
		if i > 0 && len(tables[i].Rows) > namesOnMap {
			continue
		}
		for _, row := range tables[i].Rows {
			scene.Badges = append(scene.Badges, picture.Badge{At: row.at, Text: row.Label})
		}
		break
	}
	return scene, err
}
