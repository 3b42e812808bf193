package publish

import (
	"context"
	"fmt"
	"math"

	"github.com/paulmach/orb"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// toleranceM is how far outside its commune a position may lie: the boundaries agree with other maps to a few hundred metres.
const toleranceM = 500

// misplaced says what is wrong with a site's position in the unit that its place names; got is empty when nothing is.
func (s *publication) misplaced(ctx context.Context, boundaries drawn, site *registry.Site) (got, takes string, err error) {
	if site.Position == nil || site.Position.Geometry.Geometry == nil || site.Place == nil {
		return "", "", nil
	}
	code := s.resolve(site.Place).Code
	boundary, err := s.boundary(ctx, boundaries, code)
	if err != nil || boundary == nil {
		return "", "", err
	}
	unit, _ := s.Places.Place(code)
	for _, p := range corners(site.Position.Geometry.Geometry) {
		away := metresOutside(boundary, p)
		if away <= toleranceM {
			continue
		}
		got = fmt.Sprintf("longitude %v, latitude %v, %.0f km outside %s (%s)", p[0], p[1], math.Ceil(away/1000), unit.NameFR, code)
		if metresOutside(boundary, orb.Point{p[1], p[0]}) <= toleranceM {
			got = fmt.Sprintf("longitude %v, latitude %v, which lie in %s (%s) when swapped", p[0], p[1], unit.NameFR, code)
		}
		return got, fmt.Sprintf("degrees, longitude first, within %d m of the commune named", toleranceM), nil
	}
	return "", "", nil
}

// corners are the positions of a geometry.
func corners(g orb.Geometry) []orb.Point {
	switch g := g.(type) {
	case orb.Point:
		return []orb.Point{g}
	case orb.MultiPoint:
		return g
	case orb.LineString:
		return g
	case orb.Polygon:
		return g[0]
	case orb.MultiLineString:
		var all []orb.Point
		for _, l := range g {
			all = append(all, l...)
		}
		return all
	case orb.MultiPolygon:
		var all []orb.Point
		for _, p := range g {
			all = append(all, p[0]...)
		}
		return all
	}
	return nil
}

// metresOutside is how far p lies outside boundary, 0 inside. Distances are plane ones in a degree grid scaled at p: right to
// a per mille at the few kilometres where they decide.
func metresOutside(boundary orb.MultiPolygon, p orb.Point) float64 {
	if gazetteer.Contains(boundary, p) {
		return 0
	}
	ky := 111_320.0
	kx := ky * math.Cos(p[1]*math.Pi/180)
	nearest := math.Inf(1)
	for _, polygon := range boundary {
		for _, ring := range polygon {
			for i := 1; i < len(ring); i++ {
				ax, ay := (ring[i-1][0]-p[0])*kx, (ring[i-1][1]-p[1])*ky
				bx, by := (ring[i][0]-p[0])*kx, (ring[i][1]-p[1])*ky
				dx, dy := bx-ax, by-ay
				t := 0.0
				if l := dx*dx + dy*dy; l > 0 {
					t = min(1, max(0, -(ax*dx+ay*dy)/l))
				}
				nearest = min(nearest, math.Hypot(ax+t*dx, ay+t*dy))
			}
		}
	}
	return nearest
}
