package bench

import (
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"
)

// grid is how many positions a degree has: points lie on it, and whether one is in an area is decided in whole numbers, because machines
// round products of floating-point numbers differently.
const grid = 1_000_000

// area is a boundary on the grid.
type area struct {
	rings         [][][2]int64 // x east, y north; outer ones and holes alike
	west, south   int64
	width, height int64
}

// areaOf puts a boundary, in degrees, on the grid.
func areaOf(boundary orb.MultiPolygon) area {
	on := func(degrees float64) int64 { return int64(math.Round(degrees * grid)) }
	b := boundary.Bound()
	a := area{west: on(b.Min[0]), south: on(b.Min[1])}
	a.width, a.height = on(b.Max[0])-a.west, on(b.Max[1])-a.south
	for _, polygon := range boundary {
		for _, ring := range polygon {
			var out [][2]int64
			for _, p := range ring {
				out = append(out, [2]int64{on(p[0]), on(p[1])})
			}
			a.rings = append(a.rings, out)
		}
	}
	return a
}

// point chooses a position in the area, every one of its box with the same chance; degrees, lon then lat.
func (a area) point(r *rand.Rand) orb.Point {
	for {
		x, y := a.west+r.Int64N(a.width+1), a.south+r.Int64N(a.height+1)
		if a.contains(x, y) {
			return orb.Point{float64(x) / grid, float64(y) / grid}
		}
	}
}

// contains counts how many sides a ray to the east crosses.
func (a area) contains(x, y int64) (inside bool) {
	for _, ring := range a.rings {
		for i := 1; i < len(ring); i++ {
			p, q := ring[i-1], ring[i]
			if (p[1] > y) == (q[1] > y) {
				continue
			}
			cross := (q[0]-p[0])*(y-p[1]) - (x-p[0])*(q[1]-p[1])
			if (cross > 0) == (q[1] > p[1]) {
				inside = !inside
			}
		}
	}
	return inside
}
