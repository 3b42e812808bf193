package gazetteer

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// topology is a TopoJSON file: layers of geometries that share their borders as arcs. Only what our files use is read:
// quantized arcs, each a first position and then steps (the format's specification, sections 2.1.2 and 2.1.3), polygons,
// multipolygons and points.
type topology struct {
	Type      string `json:"type"`
	Transform struct {
		Scale     [2]float64 `json:"scale"`
		Translate [2]float64 `json:"translate"`
	} `json:"transform"`
	Arcs    [][][2]int32         `json:"arcs"`
	Objects map[string]topoLayer `json:"objects"`

	lines []orb.LineString // Arcs as positions, degrees
}

type topoLayer struct {
	Geometries []topoGeometry `json:"geometries"`
}

type topoGeometry struct {
	Type        string          `json:"type"`
	ID          string          `json:"id"`
	Properties  json.RawMessage `json:"properties"`
	Arcs        json.RawMessage `json:"arcs"`
	Coordinates [2]float64      `json:"coordinates"` // of a point, quantized
}

func readTopology(data []byte) (*topology, error) {
	var t topology
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	if t.Type != "Topology" || t.Transform.Scale[0] <= 0 || t.Transform.Scale[1] <= 0 {
		return nil, fmt.Errorf("not a quantized TopoJSON topology")
	}
	t.lines = make([]orb.LineString, len(t.Arcs))
	for i, arc := range t.Arcs {
		line := make(orb.LineString, len(arc))
		var x, y int32
		for j, step := range arc {
			x, y = x+step[0], y+step[1]
			line[j] = t.position(float64(x), float64(y))
		}
		t.lines[i] = line
	}
	return &t, nil
}

// position takes a quantized position to degrees with six decimals (0.1 m): far finer than the grid, and the same on every machine.
func (t *topology) position(x, y float64) orb.Point {
	const decimals = 1e6
	return orb.Point{
		math.Round((x*t.Transform.Scale[0]+t.Transform.Translate[0])*decimals) / decimals,
		math.Round((y*t.Transform.Scale[1]+t.Transform.Translate[1])*decimals) / decimals,
	}
}

// multiPolygon builds a polygon or multipolygon; every ring is closed, exterior rings run counter-clockwise and holes
// clockwise (RFC 7946, section 3.1.6), whatever the file's own winding.
func (t *topology) multiPolygon(g topoGeometry) (orb.MultiPolygon, error) {
	var polygons [][][]int // polygon, ring, arc
	switch g.Type {
	case "Polygon":
		polygons = make([][][]int, 1)
		if err := json.Unmarshal(g.Arcs, &polygons[0]); err != nil {
			return nil, err
		}
	case "MultiPolygon":
		if err := json.Unmarshal(g.Arcs, &polygons); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("a %q is no area", g.Type)
	}
	area := make(orb.MultiPolygon, len(polygons))
	for i, rings := range polygons {
		for j, arcs := range rings {
			ring, err := t.ring(arcs)
			if err != nil {
				return nil, err
			}
			want := orb.CCW
			if j > 0 {
				want = orb.CW
			}
			if ring.Orientation() != want {
				ring.Reverse()
			}
			area[i] = append(area[i], ring)
		}
	}
	return area, nil
}

// ring joins arcs end to end; the arc ^i is arc i run backwards, and an arc's first position is the last one of the arc before.
func (t *topology) ring(arcs []int) (orb.Ring, error) {
	var ring orb.Ring
	for _, i := range arcs {
		backwards := i < 0
		if backwards {
			i = ^i
		}
		if i >= len(t.lines) {
			return nil, fmt.Errorf("there is no arc %d", i)
		}
		line := t.lines[i]
		if backwards {
			line = slices.Clone(line)
			line.Reverse()
		}
		if len(ring) > 0 && len(line) > 0 {
			line = line[1:]
		}
		ring = append(ring, line...)
	}
	if len(ring) < 4 || !ring.Closed() {
		return nil, fmt.Errorf("the arcs %v make no closed ring", arcs)
	}
	return ring, nil
}

// point reads a point geometry, degrees.
func (t *topology) point(g topoGeometry) (orb.Point, error) {
	if g.Type != "Point" {
		return orb.Point{}, fmt.Errorf("a %q is no point", g.Type)
	}
	return t.position(g.Coordinates[0], g.Coordinates[1]), nil
}
