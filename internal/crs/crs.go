// Package crs gives positions of the registry (degrees, longitude then latitude, OGC:CRS84) in the other coordinate reference systems
// that it serves, and reads boxes that are written in them. It knows geometry types and nothing of ours.
//
// The projections are computed here because no well-kept Go library has the Lambert conic with one standard parallel, and PROJ itself would
// make the one program depend on a system library. The formulas are those of IOGP's Guidance Note 7-2 (373-7-2, 2021); a
// test compares them with PROJ all over the country.
package crs

import (
	"math"

	"github.com/paulmach/orb"
)

// Default is the identifier of what the registry stores: WGS 84, longitude then latitude, degrees.
const Default = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

// System is a coordinate reference system that geometries may be asked in.
type System struct {
	URI  string // as the crs parameter and the Content-Crs header have it
	EPSG int    // its code, 0 for CRS84
	Name string
	// Projected systems are in metres, easting then northing; the others in degrees.
	Projected bool

	latitudeFirst bool
	forward       func(lon, lat float64) (x, y float64) // degrees to metres; nil for systems in degrees
	inverse       func(x, y float64) (lon, lat float64)
}

// Systems are all of them, the default first.
var Systems = []System{
	{URI: Default, Name: "WGS 84, longitude and latitude"},
	{URI: epsg + "4326", EPSG: 4326, Name: "WGS 84, latitude and longitude", latitudeFirst: true},
	{URI: epsg + "3857", EPSG: 3857, Name: "WGS 84 / Pseudo-Mercator", Projected: true, forward: webMercator, inverse: webMercatorInverse},
	merchich(26191, "Merchich / Nord Maroc", lambert{latitude: 33.3, scale: 0.999625769, falseEasting: 500_000, falseNorthing: 300_000}),
	merchich(26192, "Merchich / Sud Maroc", lambert{latitude: 29.7, scale: 0.999615596, falseEasting: 500_000, falseNorthing: 300_000}),
	merchich(26194, "Merchich / Sahara Nord", lambert{latitude: 26.1, scale: 0.999616304, falseEasting: 1_200_000, falseNorthing: 400_000}),
	merchich(26195, "Merchich / Sahara Sud", lambert{latitude: 22.5, scale: 0.999616437, falseEasting: 1_500_000, falseNorthing: 400_000}),
}

const epsg = "http://www.opengis.net/def/crs/EPSG/0/"

// URIs are the identifiers of Systems, in that order.
func URIs() []string {
	out := make([]string, len(Systems))
	for i, s := range Systems {
		out[i] = s.URI
	}
	return out
}

// ByURI finds a system by its identifier.
func ByURI(uri string) (System, bool) {
	for _, s := range Systems {
		if s.URI == uri {
			return s, true
		}
	}
	return System{}, false
}

// Geometry gives g in the axis order and unit of s; metres are rounded to the millimetre. g itself stays as it is. ok is false
// when a position has no finite place in s, as the poles in a projection.
func (s System) Geometry(g orb.Geometry) (out orb.Geometry, ok bool) { return transformed(g, s.Point) }

// GeometryInDegrees is the way back: g is in s, what comes out in degrees, longitude first.
func (s System) GeometryInDegrees(g orb.Geometry) (out orb.Geometry, ok bool) {
	return transformed(g, s.Degrees)
}

// transformed is a copy of g with f done to each position; nil stays nil.
func transformed(g orb.Geometry, f func(orb.Point) (orb.Point, bool)) (out orb.Geometry, ok bool) {
	if g == nil {
		return nil, true
	}
	ok = true
	one := func(p orb.Point) orb.Point {
		q, fits := f(p)
		ok = ok && fits
		return q
	}
	ring := func(r orb.Ring) orb.Ring { return each(r, one) }
	switch g := g.(type) {
	case orb.Point:
		out = one(g)
	case orb.MultiPoint:
		out = each(g, one)
	case orb.LineString:
		out = each(g, one)
	case orb.MultiLineString:
		out = each(g, func(l orb.LineString) orb.LineString { return each(l, one) })
	case orb.Polygon:
		out = each(g, ring)
	case orb.MultiPolygon:
		out = each(g, func(p orb.Polygon) orb.Polygon { return each(p, ring) })
	case orb.Collection:
		out = each(g, func(part orb.Geometry) orb.Geometry {
			q, fits := transformed(part, f)
			ok = ok && fits
			return q
		})
	default:
		return nil, false
	}
	if !ok {
		return nil, false
	}
	return out, true
}

func each[L ~[]T, T any](list L, one func(T) T) L {
	out := make(L, len(list))
	for i, x := range list {
		out[i] = one(x)
	}
	return out
}

// Point is Geometry for one position.
func (s System) Point(p orb.Point) (orb.Point, bool) {
	switch {
	case s.forward != nil:
		x, y := s.forward(p[0], p[1])
		q := orb.Point{math.Round(x*1000) / 1000, math.Round(y*1000) / 1000}
		return q, finite(q)
	case s.latitudeFirst:
		return orb.Point{p[1], p[0]}, finite(p)
	}
	return p, finite(p)
}

// Degrees is the way back: longitude then latitude of a position of s. ok is false for a position that is nowhere on the Earth.
func (s System) Degrees(p orb.Point) (q orb.Point, ok bool) {
	switch {
	case s.inverse != nil:
		lon, lat := s.inverse(p[0], p[1])
		q = orb.Point{lon, lat}
	case s.latitudeFirst:
		q = orb.Point{p[1], p[0]}
	default:
		q = p
	}
	return q, finite(q) && math.Abs(q[0]) <= 180 && math.Abs(q[1]) <= 90
}

// steps is into how many pieces a side of a box is cut: sides are curves in degrees, and their bulge between two cuts of a country-wide
// box stays under a metre.
const steps = 256

// Box gives the smallest box in degrees round a rectangle of a projected system. ok is false when part of its outline is nowhere on the Earth.
func (s System) Box(low, high orb.Point) (box orb.Bound, ok bool) {
	for i := range steps + 1 {
		f := float64(i) / steps
		x, y := low[0]+(high[0]-low[0])*f, low[1]+(high[1]-low[1])*f
		for _, p := range []orb.Point{{x, low[1]}, {x, high[1]}, {low[0], y}, {high[0], y}} {
			q, fits := s.Degrees(p)
			if !fits {
				return orb.Bound{}, false
			}
			if i == 0 && p == low {
				box = orb.Bound{Min: q, Max: q}
			}
			box = box.Extend(q)
		}
	}
	return box, true
}

func finite(p orb.Point) bool {
	return !math.IsNaN(p[0]) && !math.IsNaN(p[1]) && !math.IsInf(p[0], 0) && !math.IsInf(p[1], 0)
}
