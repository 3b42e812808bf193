package gazetteer

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"
	"github.com/paulmach/orb/planar"

	"mithaq/geodata"
	"mithaq/internal/registry"
)

// Detail is how finely limits are drawn.
type Detail string

// The details, with the grid of their positions and the zoom levels that they are for.
const (
	DetailLow    Detail = "low"    // 80 m: the whole country, under zoom 7; small towns lose their shape
	DetailMedium Detail = "medium" // 8 m: the default
	DetailHigh   Detail = "high"   // 2 m: zoom 12 and closer
)

// Details lists every detail, coarsest first.
var Details = []Detail{DetailLow, DetailMedium, DetailHigh}

var boundaryFiles = map[Detail]string{
	DetailLow:    "communes-low.topojson",
	DetailMedium: "communes.topojson",
	DetailHigh:   "communes-high.topojson",
}

// boundaryLayers are the layers of a boundary file; a unit's code is its id in one of them.
var boundaryLayers = []string{"regions", "provinces", "communes", "arrondissements"}

// Boundaries returns the limits of every region, province, commune and arrondissement by code: degrees, lon then lat
// (OGC:CRS84), rings closed and wound by RFC 7946's right-hand rule. Units that share a border share its positions exactly.
// Other levels have no boundary and are absent.
//
// Each call decodes the file anew and gives the result away, so it may be changed, and should be kept by whoever needs it often.
func Boundaries(d Detail) (map[registry.PlaceCode]orb.MultiPolygon, error) {
	name, ok := boundaryFiles[d]
	if !ok {
		return nil, fmt.Errorf("there are no boundaries of detail %q", d)
	}
	t, err := embeddedTopology(name)
	if err != nil {
		return nil, err
	}
	boundaries := map[registry.PlaceCode]orb.MultiPolygon{}
	for _, layer := range boundaryLayers {
		for _, g := range t.Objects[layer].Geometries {
			area, err := t.multiPolygon(g)
			if err != nil {
				return nil, fmt.Errorf("%s: %s %s: %w", name, layer, g.ID, err)
			}
			boundaries[registry.PlaceCode(g.ID)] = area
		}
	}
	return boundaries, nil
}

func embeddedTopology(name string) (*topology, error) {
	data, err := geodata.Files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t, err := readTopology(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// UncertaintyMetres is the radius of a circle round label that holds the whole boundary, in whole metres rounded up: the
// coordinate uncertainty of something known to be in a unit, drawn at the unit's label point. Distances are great-circle ones on
// a sphere of the equatorial radius, so the circle is a little too wide (under 0.7 %), never too small. 0 without a boundary.
func UncertaintyMetres(label orb.Point, boundary orb.MultiPolygon) float64 {
	var farthest float64
	for _, polygon := range boundary {
		if len(polygon) == 0 {
			continue
		}
		for _, p := range polygon[0] { // no part of a polygon is farther than a corner of its exterior
			farthest = max(farthest, geo.DistanceHaversine(label, p))
		}
	}
	return math.Ceil(farthest)
}

// Contains reports whether p lies in boundary or on its limit. Sides are straight in degrees, as a map draws them.
func Contains(boundary orb.MultiPolygon, p orb.Point) bool {
	return planar.MultiPolygonContains(boundary, p)
}
