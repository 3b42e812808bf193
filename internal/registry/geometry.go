package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// maxPositions bounds one geometry, so that checking a ring against itself stays well under a second.
const maxPositions = 5_000

// position is one GeoJSON position before it is checked; a pointer tells null from 0.
type position []*float64

// UnmarshalJSON reads a GeoJSON geometry strictly. It refuses what orb accepts in silence: empty coordinates (read as
// 0,0), positions of one or three numbers, nulls, latitudes beyond 90, open rings, rings that cross themselves.
func (g *Geometry) UnmarshalJSON(raw []byte) error {
	var shell struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&shell); err != nil {
		return fmt.Errorf("geometry: takes an object with type and coordinates: %w", err)
	}
	var err error
	switch shell.Type {
	case "Point":
		g.Geometry, err = read(shell.Coordinates, readPoint)
	case "MultiPoint":
		g.Geometry, err = read(shell.Coordinates, many[orb.MultiPoint](readPoint))
	case "LineString":
		g.Geometry, err = read(shell.Coordinates, readLine)
	case "MultiLineString":
		g.Geometry, err = read(shell.Coordinates, many[orb.MultiLineString](readLine))
	case "Polygon":
		g.Geometry, err = read(shell.Coordinates, readPolygon)
	case "MultiPolygon":
		g.Geometry, err = read(shell.Coordinates, many[orb.MultiPolygon](readPolygon))
	default:
		return fmt.Errorf("geometry of type %q: takes Point, LineString, Polygon or their Multi forms", shell.Type)
	}
	return err
}

// read decodes JSON coordinates and hands them to convert.
func read[C any, G orb.Geometry](raw json.RawMessage, convert func(C) (G, error)) (orb.Geometry, error) {
	var c C
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("coordinates: %w", err)
	}
	g, err := convert(c)
	if err != nil {
		return nil, fmt.Errorf("coordinates%w", err)
	}
	return g, nil
}

// many lifts a reader of one member to a reader of a list that is not empty.
func many[M ~[]G, C, G any](one func(C) (G, error)) func([]C) (M, error) {
	return func(cs []C) (M, error) {
		if len(cs) == 0 {
			return nil, fmt.Errorf(": got an empty list, takes at least one member")
		}
		var out M
		for i, c := range cs {
			g, err := one(c)
			if err != nil {
				return nil, fmt.Errorf("/%d%w", i, err)
			}
			out = append(out, g)
		}
		return out, nil
	}
}

func readPoint(p position) (orb.Point, error) {
	if len(p) != 2 || p[0] == nil || p[1] == nil {
		return orb.Point{}, fmt.Errorf(": got a position of %d numbers or with a null, takes [longitude, latitude]", len(p))
	}
	return orb.Point{*p[0], *p[1]}, CheckPosition(*p[0], *p[1])
}

// CheckPosition refuses degrees outside the world, and names metres and swapped order for what they are.
func CheckPosition(lon, lat float64) error {
	switch {
	case lon == 0 && lat == 0:
		return fmt.Errorf(": got 0, 0, which is what programs write for a position that they don't know; takes a known position or none")
	case math.Abs(lon) <= 180 && math.Abs(lat) <= 90:
		return nil
	case math.Abs(lat) <= 180 && math.Abs(lon) <= 90:
		return fmt.Errorf(": got longitude %v, latitude %v, which look swapped; takes longitude first, then latitude", lon, lat)
	case math.Abs(lon) > 1000 || math.Abs(lat) > 1000:
		return fmt.Errorf(": got %v, %v, which look like projected metres; takes degrees of WGS 84, longitude first", lon, lat)
	default:
		return fmt.Errorf(": got longitude %v, latitude %v; takes -180 to 180 and -90 to 90", lon, lat)
	}
}

func readLine(ps []position) (orb.LineString, error) {
	if len(ps) < 2 || len(ps) > maxPositions {
		return nil, fmt.Errorf(": got %d positions, takes 2 to %d", len(ps), maxPositions)
	}
	line := make(orb.LineString, len(ps))
	for i, p := range ps {
		pt, err := readPoint(p)
		if err != nil {
			return nil, fmt.Errorf("/%d%w", i, err)
		}
		line[i] = pt
	}
	return line, nil
}

// readPolygon also winds the rings as RFC 7946 asks: the outer one counter-clockwise, holes clockwise.
func readPolygon(rings [][]position) (orb.Polygon, error) {
	if len(rings) == 0 {
		return nil, fmt.Errorf(": got no ring, takes an outer ring and its holes")
	}
	var out orb.Polygon
	for i, ps := range rings {
		line, err := readLine(ps)
		if err != nil {
			return nil, fmt.Errorf("/%d%w", i, err)
		}
		ring := orb.Ring(line)
		switch {
		case len(ring) < 4:
			return nil, fmt.Errorf("/%d: got a ring of %d positions, takes at least 4", i, len(ring))
		case ring[0] != ring[len(ring)-1]:
			return nil, fmt.Errorf("/%d: got an open ring, takes one whose last position equals its first", i)
		}
		if a, b, crosses := crossing(ring); crosses {
			return nil, fmt.Errorf("/%d: got a ring whose sides %d and %d cross, takes one that doesn't cross itself", i, a, b)
		}
		want := orb.CCW
		if i > 0 {
			want = orb.CW
		}
		if o := ring.Orientation(); o == 0 {
			return nil, fmt.Errorf("/%d: got a ring without area", i)
		} else if o != want {
			ring.Reverse()
		}
		out = append(out, ring)
	}
	return out, nil
}

// crossing finds two sides of a ring that meet anywhere but at a shared corner.
func crossing(r orb.Ring) (i, j int, crosses bool) {
	n := len(r) - 1
	for i := 0; i < n; i++ {
		for j := i + 2; j < n; j++ {
			if i == 0 && j == n-1 {
				continue // the last side ends where the first begins
			}
			if sidesMeet(r[i], r[i+1], r[j], r[j+1]) {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// sidesMeet reports whether segments ab and cd have a point in common.
func sidesMeet(a, b, c, d orb.Point) bool {
	turn := func(p, q, s orb.Point) float64 { return (q[0]-p[0])*(s[1]-p[1]) - (q[1]-p[1])*(s[0]-p[0]) }
	within := func(p, q, s orb.Point) bool {
		return min(p[0], q[0]) <= s[0] && s[0] <= max(p[0], q[0]) && min(p[1], q[1]) <= s[1] && s[1] <= max(p[1], q[1])
	}
	t1, t2, t3, t4 := turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
	if t1*t2 < 0 && t3*t4 < 0 {
		return true
	}
	return t1 == 0 && within(a, b, c) || t2 == 0 && within(a, b, d) || t3 == 0 && within(c, d, a) || t4 == 0 && within(c, d, b)
}

// MeetsBox reports whether a geometry and a box have a point in common, edges included. Degrees, no side of the geometry across 180°.
func MeetsBox(g orb.Geometry, b orb.Bound) bool {
	if b.Min[0] > b.Max[0] || b.Min[1] > b.Max[1] {
		return false
	}
	switch g := g.(type) {
	case orb.Point:
		return b.Contains(g)
	case orb.MultiPoint:
		return slices.ContainsFunc(g, b.Contains)
	case orb.LineString:
		return lineMeetsBox(g, b)
	case orb.MultiLineString:
		return slices.ContainsFunc(g, func(l orb.LineString) bool { return lineMeetsBox(l, b) })
	case orb.Polygon:
		return polygonMeetsBox(g, b)
	case orb.MultiPolygon:
		return slices.ContainsFunc(g, func(p orb.Polygon) bool { return polygonMeetsBox(p, b) })
	}
	return false
}

func lineMeetsBox(l orb.LineString, b orb.Bound) bool {
	corners := [4]orb.Point{b.Min, {b.Max[0], b.Min[1]}, b.Max, {b.Min[0], b.Max[1]}}
	for i, p := range l {
		if b.Contains(p) {
			return true
		}
		if i == 0 {
			continue
		}
		q := l[i-1]
		if max(p[0], q[0]) < b.Min[0] || min(p[0], q[0]) > b.Max[0] || max(p[1], q[1]) < b.Min[1] || min(p[1], q[1]) > b.Max[1] {
			continue
		}
		for c := range corners {
			if sidesMeet(p, q, corners[c], corners[(c+1)%4]) {
				return true
			}
		}
	}
	return false
}

// polygonMeetsBox: a ring meets the box, or the box lies whole inside.
func polygonMeetsBox(p orb.Polygon, b orb.Bound) bool {
	return slices.ContainsFunc(p, func(r orb.Ring) bool { return lineMeetsBox(orb.LineString(r), b) }) || planar.PolygonContains(p, b.Min)
}

// MarshalJSON writes g as a GeoJSON geometry, numbers as short as they read back equal; nil is null.
func (g Geometry) MarshalJSON() ([]byte, error) { return AppendGeometry(nil, g.Geometry), nil }

// AppendGeometry appends g as a GeoJSON geometry. A nil geometry is null.
func AppendGeometry(b []byte, g orb.Geometry) []byte {
	if g == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"type":"`...)
	b = append(b, g.GeoJSONType()...)
	b = append(b, `","coordinates":`...)
	switch g := g.(type) {
	case orb.Point:
		b = appendPoint(b, g)
	case orb.MultiPoint:
		b = appendList(b, g, appendPoint)
	case orb.LineString:
		b = appendList(b, g, appendPoint)
	case orb.MultiLineString:
		b = appendList(b, g, appendLine)
	case orb.Polygon:
		b = appendList(b, g, appendRing)
	case orb.MultiPolygon:
		b = appendList(b, g, func(b []byte, p orb.Polygon) []byte { return appendList(b, p, appendRing) })
	default:
		panic("registry: geometry of type " + g.GeoJSONType() + " was never let in")
	}
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, x)
	}
	return append(b, ']')
}

func appendLine(b []byte, l orb.LineString) []byte { return appendList(b, l, appendPoint) }
func appendRing(b []byte, r orb.Ring) []byte       { return appendList(b, r, appendPoint) }

func appendPoint(b []byte, p orb.Point) []byte {
	b = append(b, '[')
	b = strconv.AppendFloat(b, p[0], 'f', -1, 64)
	b = append(b, ',')
	b = strconv.AppendFloat(b, p[1], 'f', -1, 64)
	return append(b, ']')
}
