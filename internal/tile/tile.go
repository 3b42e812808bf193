// Package tile makes vector tiles of map features: Mapbox Vector Tile 2.1 in the tile matrix set WebMercatorQuad (OGC 17-083r4, annex D.1).
// It projects, clips and simplifies, and keeps three promises. A point is in exactly one tile. What is too small to be drawn at a zoom
// is drawn as one unit, not left out. And the same features make the same bytes, in whatever order they come.
//
// What a tile shows at which zoom is decided here, too: see Sites. No store is read here.
package tile

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
)

// Tile is a tile being made.
type Tile struct {
	Address
	layers map[string][]feature
}

type feature struct {
	key string // orders the layer
	*geojson.Feature
}

// New begins an empty tile.
func New(a Address) *Tile { return &Tile{a, map[string][]feature{}} }

// Holds reports whether a point is in the tile, of which one edge of each pair belongs to the neighbour.
func (t *Tile) Holds(p orb.Point) bool { return At(p, t.Zoom) == t.Address }

// Add draws a geometry in a layer, degrees (OGC:CRS84), which is left as it is. Nil, and what lies elsewhere, draws nothing. key is what the
// feature is called by: its number in the tile is made of it, and is the same in every tile.
func (t *Tile) Add(layer, key string, g orb.Geometry, properties map[string]any) {
	var drawn orb.Geometry
	switch g := g.(type) {
	case orb.Point:
		if t.Holds(g) {
			drawn = t.unit(g)
		}
	case orb.MultiPoint:
		var points orb.MultiPoint
		for _, p := range g {
			if t.Holds(p) {
				points = append(points, t.unit(p))
			}
		}
		if len(points) > 0 {
			drawn = points
		}
	case orb.LineString:
		drawn = t.lines(orb.MultiLineString{g})
	case orb.MultiLineString:
		drawn = t.lines(g)
	case orb.Polygon:
		drawn = t.areas(orb.MultiPolygon{g})
	case orb.MultiPolygon:
		drawn = t.areas(g)
	}
	if drawn == nil {
		return
	}
	t.layers[layer] = append(t.layers[layer], feature{key, &geojson.Feature{ID: Number(key), Geometry: drawn, Properties: properties}})
}

// Number is the number of a feature: a hash of what it is called by, small enough for a JavaScript number.
func Number(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() >> 11
}

// Encode gives the tile's bytes; nil when nothing is in it.
func (t *Tile) Encode() ([]byte, error) {
	var layers mvt.Layers
	for name, features := range t.layers {
		slices.SortFunc(features, func(a, b feature) int { return cmp.Compare(a.key, b.key) })
		l := &mvt.Layer{Name: name, Version: 2, Extent: Extent}
		for _, f := range features {
			l.Features = append(l.Features, f.Feature)
		}
		layers = append(layers, l)
	}
	if len(layers) == 0 {
		return nil, nil
	}
	slices.SortFunc(layers, func(a, b *mvt.Layer) int { return cmp.Compare(a.Name, b.Name) })
	return mvt.Marshal(layers)
}

// unit is the unit that a point of the tile lies in.
func (t *Tile) unit(p orb.Point) orb.Point {
	q := t.Position(p)
	return orb.Point{math.Floor(q[0]), math.Floor(q[1])}
}

// window is the tile with what is drawn beyond its edges.
var window = orb.Bound{Min: orb.Point{-reach, -reach}, Max: orb.Point{Extent + reach, Extent + reach}}

// project gives new positions in the tile: clipping takes its input for scratch space.
func (t *Tile) project(in []orb.Point) []orb.Point {
	out := make([]orb.Point, len(in))
	for i, p := range in {
		out[i] = t.Position(p)
	}
	return out
}

// snap rounds positions to units and leaves out those that say nothing more: repeated ones, and those on a straight line between their
// neighbours. Rounding looks at one position alone, so two areas that share a border still share it.
func snap(in []orb.Point) []orb.Point {
	out := make([]orb.Point, 0, len(in))
	for _, p := range in {
		p = orb.Point{math.Round(p[0]), math.Round(p[1])}
		n := len(out)
		switch {
		case n > 0 && out[n-1] == p:
			continue
		case n > 1 && between(out[n-2], out[n-1], p):
			out[n-1] = p
		default:
			out = append(out, p)
		}
	}
	return out
}

// between reports whether b lies on the straight way from a to c.
func between(a, b, c orb.Point) bool {
	ab, bc := orb.Point{b[0] - a[0], b[1] - a[1]}, orb.Point{c[0] - b[0], c[1] - b[1]}
	return ab[0]*bc[1] == ab[1]*bc[0] && ab[0]*bc[0]+ab[1]*bc[1] > 0
}

func (t *Tile) lines(in orb.MultiLineString) orb.Geometry {
	var out orb.MultiLineString
	for _, l := range in {
		for _, part := range clip.LineString(window, t.project(l)) {
			if part = snap(part); len(part) > 1 {
				out = append(out, part)
			}
		}
	}
	if len(out) == 0 {
		return t.speck(orb.Collection{in}.Bound())
	}
	return out
}

func (t *Tile) areas(in orb.MultiPolygon) orb.Geometry {
	var out orb.MultiPolygon
	for _, p := range in {
		var polygon orb.Polygon
		left := 0.0 // twice the area that its holes leave
		for i, r := range p {
			ring := snap(clip.Ring(window, t.project(r)))
			// The standard winds outer rings so that their area is positive where y grows to the south, holes the other way round.
			area := doubleArea(ring)
			if area == 0 {
				if i == 0 {
					break // holes of nothing
				}
				continue
			}
			if (area > 0) != (i == 0) {
				slices.Reverse(ring)
			}
			if left += math.Abs(area); i > 0 {
				left -= 2 * math.Abs(area)
			}
			polygon = append(polygon, ring)
		}
		if left > 0 { // else the tile lies in a hole
			out = append(out, polygon)
		}
	}
	if len(out) == 0 {
		return t.speck(in.Bound())
	}
	return out
}

// doubleArea is twice the area of a closed ring, by the surveyor's formula.
func doubleArea(r []orb.Point) (sum float64) {
	for i := 1; i < len(r); i++ {
		sum += r[i-1][0]*r[i][1] - r[i][0]*r[i-1][1]
	}
	return sum
}

// speck is how a thing is drawn that has no extent at this zoom: as the unit that its middle is in. Nil when that isn't in the tile.
func (t *Tile) speck(box orb.Bound) orb.Geometry {
	middle := box.Center()
	if a, b := t.Position(box.Min), t.Position(box.Max); !t.Holds(middle) || b[0]-a[0] > 2 && a[1]-b[1] > 2 {
		return nil // it passes by the tile
	}
	p := t.unit(middle)
	x, y := p[0], p[1]
	return orb.Polygon{{{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}, {x, y}}}
}
