package sqlite

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// Neighbours on the curve are neighbours on the ground, and it visits every cell once.
func TestCurveGoesThroughEveryCell(t *testing.T) {
	const side = 64 // the corner of the plane is a whole curve of its own
	type at struct{ x, y int }
	visited := map[uint64]at{}
	for x := range uint32(side) {
		for y := range uint32(side) {
			visited[onCurve(x, y)] = at{int(x), int(y)}
		}
	}
	for i := uint64(1); i < side*side; i++ {
		a, okA := visited[i-1]
		b, okB := visited[i]
		if dx, dy := a.x-b.x, a.y-b.y; !okA || !okB || dx*dx+dy*dy != 1 {
			t.Fatalf("from cell %d to %d: %v %v, %v %v", i-1, i, a, okA, b, okB)
		}
	}
}

// No point of a box is missed, whatever its size and wherever it lies; what is beside it stays bounded.
func TestKeysInHoldsEveryPoint(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 1))
	position := func() orb.Point { return orb.Point{random.Float64()*360 - 180, random.Float64()*180 - 90} }
	for range 2_000 {
		size := []float64{0, 1e-9, 1e-4, 0.05, 1, 40}[random.IntN(6)]
		low := position()
		b := orb.Bound{Min: low, Max: orb.Point{min(180, low[0]+size*random.Float64()), min(90, low[1]+size*random.Float64())}}
		ranges := keysIn([]orb.Bound{b})
		held := func(p orb.Point) bool {
			first, end := keysFor("sites", "", "", p)
			for _, r := range ranges {
				if r.first <= first && end <= r.end {
					return true
				}
			}
			return false
		}
		for _, p := range []orb.Point{b.Min, b.Max, {b.Min[0], b.Max[1]}, {b.Max[0], b.Min[1]}, {b.Min[0] + random.Float64()*(b.Max[0]-b.Min[0]), b.Min[1] + random.Float64()*(b.Max[1]-b.Min[1])}} {
			if !held(p) {
				t.Fatalf("%v of %v is in none of %v", p, b, ranges)
			}
		}
		beside := 0
		for range 20 {
			if p := position(); !b.Contains(p) && held(p) && size < 1 {
				beside++
			}
		}
		if beside > 2 || len(ranges) > mostSquares {
			t.Fatalf("%v: %d ranges, %d of 20 places all over the world", b, len(ranges), beside)
		}
	}
	for name, boxes := range map[string][]orb.Bound{
		"none": nil, "upside down": {{Min: orb.Point{1, 1}, Max: orb.Point{0, 0}}},
	} {
		if got := keysIn(boxes); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := keysIn([]orb.Bound{{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}, {Min: orb.Point{0, 0}, Max: orb.Point{1, 1}}}); len(got) != 1 || got[0] != (keyRange{0, others}) {
		t.Errorf("the world: %v", got)
	}
}

// No point of one sort in a box is missed among the bodies, wherever it lies; what is beside it, or of another sort, stays bounded.
func TestBodiesInHoldsEveryPoint(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	body := func(key int64) (body int64) {
		if err := s.reads.QueryRowContext(t.Context(), "SELECT "+bodyOf("?1"), key).Scan(&body); err != nil {
			t.Fatal(err)
		}
		return body
	}
	random := rand.New(rand.NewPCG(6, 3))
	beside := 0
	for range 400 {
		size := []float64{0, 1e-4, 0.05, 1, 40}[random.IntN(5)]
		low := orb.Point{-17 + 16*random.Float64(), 21 + 15*random.Float64()}
		b := orb.Bound{Min: low, Max: orb.Point{low[0] + size*random.Float64(), low[1] + size*random.Float64()}}
		ranges := bodiesIn([]orb.Bound{b}, sortOf("sites", "market"))
		held := func(kind string, p orb.Point) bool {
			first, end := keysFor("sites", "", kind, p)
			from, last := body(first), body(end-1)
			if last-from != end-1-first {
				t.Fatalf("keys %d to %d are bodies %d to %d", first, end-1, from, last)
			}
			for _, r := range ranges {
				if r.first <= from && last < r.end {
					return true
				}
			}
			return false
		}
		within := orb.Point{low[0] + random.Float64()*(b.Max[0]-low[0]), low[1] + random.Float64()*(b.Max[1]-low[1])}
		for _, p := range []orb.Point{b.Min, b.Max, {b.Min[0], b.Max[1]}, {b.Max[0], b.Min[1]}, within} {
			if !held("market", p) {
				t.Fatalf("%v of %v is in none of %v", p, b, ranges)
			}
		}
		if size < 1 && held("zone", within) {
			beside++
		}
		if len(ranges) > mostOfSort+mostSquares {
			t.Fatalf("%v: %d ranges", b, len(ranges))
		}
	}
	if beside > 10 {
		t.Errorf("%d of another sort are held", beside)
	}
	for _, key := range []int64{others, others + 7, nowhere + 1<<40} {
		if got := body(key); got != key {
			t.Errorf("the body of %d is %d", key, got)
		}
	}
}

// What is counted by squares lies in the box, what is looked at holds the rest of it, and nothing is in both.
func TestCountedInTakesTheBoxApart(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 2))
	bySquares := 0
	for range 300 {
		low := orb.Point{-17 + 16*random.Float64(), 21 + 15*random.Float64()}
		size := []float64{1e-4, 0.05, 0.3, 4, 40}[random.IntN(5)]
		b := orb.Bound{Min: low, Max: orb.Point{min(180, low[0]+size), min(90, low[1]+size*random.Float64())}}
		squares, looked := countedIn(b)
		if len(squares)+len(looked) > mostCounted {
			t.Fatalf("%v: %d squares, %d ranges", b, len(squares), len(looked))
		}
		for range 200 {
			p := orb.Point{low[0] + size*(1.4*random.Float64()-0.2), min(90, low[1]+size*(1.4*random.Float64()-0.2))}
			key, _ := keysFor("sites", "", "", p)
			n := 0
			for _, r := range squares {
				if r.first <= key>>squareBits && key>>squareBits < r.end {
					n++
					bySquares++
					if !b.Contains(p) {
						t.Fatalf("%v is counted in %v", p, b)
					}
				}
			}
			for _, r := range looked {
				if r.first <= key && key < r.end {
					n++
				}
			}
			if n > 1 || n == 0 && b.Contains(p) {
				t.Fatalf("%v of %v: counted or looked at %d times", p, b, n)
			}
		}
	}
	if bySquares < 1000 {
		t.Errorf("only %d were counted by squares", bySquares)
	}
}

// A key tells sites from agreements, and one kind of site from another.
func TestKeysTellTheSort(t *testing.T) {
	if hashOf("sites", collectionBits) == hashOf("agreements", collectionBits) {
		t.Error("sites are taken for agreements")
	}
	kinds := map[int64]registry.SiteKind{}
	for _, kind := range registry.SiteKinds {
		sort := sortOf("sites", string(kind))
		if other, twice := kinds[sort]; twice {
			t.Errorf("%s is taken for %s", kind, other)
		}
		kinds[sort] = kind
		first, end := keysFor("sites", "", string(kind), orb.Point{-9.7, 29.7})
		some, all := othersOf("sites", string(kind)), othersOf("sites", "")
		if zone, end := keysFor("sites", "", string(kind), orb.LineString{{-9, 29}, {-8, 30}}); zone < some.first || end > some.end || zone < all.first || end > all.end || all.end > nowhere {
			t.Errorf("%s: key %d of a line is in neither %v nor %v", kind, zone, some, all)
		}
		for _, key := range []int64{first, end - 1} {
			if key>>numberBits&(1<<sortBits-1) != sort || key>>(numberBits+kindBits)&(1<<collectionBits-1) != hashOf("sites", collectionBits) {
				t.Errorf("%s: key %d is of another sort", kind, key)
			}
		}
	}
}
