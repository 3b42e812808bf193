package cql

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
)

// TestEveryTreeReadsBack grows trees of every operator and literal, as the grammar lets them stand, and reads back what is written.
func TestEveryTreeReadsBack(t *testing.T) {
	g := grower{rand.New(rand.NewPCG(1, 1)), slices.Sorted(maps.Keys(forms)), map[Op]int{}}
	for range 3000 {
		readsBack(t, g.grow(truth, 5))
		readsBack(t, Call{Equal, []Expr{g.grow(aNumber, 4), Property("shops")}})
		if t.Failed() {
			return
		}
	}
	for _, op := range g.ops {
		if g.grown[op] == 0 {
			t.Errorf("%s was never grown", op)
		}
	}
}

type grower struct {
	*rand.Rand
	ops   []Op
	grown map[Op]int
}

// grow makes a node that may stand where takes may.
func (g *grower) grow(takes sort, depth int) Expr {
	switch takes {
	case aPattern:
		if g.IntN(3) == 0 {
			return Call{[]Op{CaseI, AccentI}[g.IntN(2)], []Expr{g.grow(aPattern, depth)}}
		}
		return Text(`%a'\_` + "\n\a")
	case scalars:
		var list List
		for range 1 + g.IntN(3) {
			list = append(list, g.grow(scalar, depth-1))
		}
		return list
	}
	var could []sort
	for _, w := range sortWords {
		if w.sort&takes != 0 && (depth > 0 || w.sort != aCondition) {
			could = append(could, w.sort)
		}
	}
	if len(could) == 0 {
		return Bool(true)
	}
	switch one := could[g.IntN(len(could))]; one {
	case aProperty:
		return Property([]string{"kind", "date", "a.b:c", "المكان", "_", "Not"}[g.IntN(6)])
	case aFunction:
		call := Call{Op: []Op{"near", "Buffer", "Date_"}[g.IntN(3)]}
		for range g.IntN(3) {
			call.Args = append(call.Args, g.grow(anything, depth-1))
		}
		return call
	case aBool:
		return Bool(g.IntN(2) == 0)
	case anInstant:
		return []Expr{Date("2016-02-29"), Timestamp("2016-02-29T23:59:59.999Z"), Timestamp("0000-01-01T00:00:00Z")}[g.IntN(3)]
	case anInterval:
		return Interval{g.side("0000-01-01", depth), g.side("9999-12-31", depth)}
	case aGeometry:
		ring := orb.Ring{{0, 0}, {1, 0}, {1, 1e-7}, {0, 0}}
		return []Expr{BBox{-1.5, 2, 3e20, 4}, Geometry{orb.Point{-1, 1e-300}}, Geometry{orb.LineString{{1, 2}, {3, 4}}}, Geometry{orb.Polygon{ring, ring}},
			Geometry{orb.MultiPoint{{1, 2}}}, Geometry{orb.MultiLineString{{{1, 2}, {3, 4}}}}, Geometry{orb.MultiPolygon{{ring}, {ring}}},
			Geometry{orb.Collection{orb.Point{1, 2}, orb.MultiPolygon{{ring}}}}}[g.IntN(8)]
	case aList:
		var list List
		for range g.IntN(3) {
			list = append(list, g.grow(anything, depth-1))
		}
		return list
	default:
		if depth <= 0 || one != aCondition && g.IntN(2) == 0 {
			if one == aNumber {
				return Number([]float64{0, -1, 1.5, 1e300, -2.5e-9}[g.IntN(5)])
			}
			return Text([]string{"", "it's", `\`, `\n`, "é\t'", "craft_zone"}[g.IntN(6)])
		}
		for {
			op := g.ops[g.IntN(len(g.ops))]
			f := forms[op]
			if f.gives != one {
				continue
			}
			g.grown[op]++
			if op == And || op == Or {
				f.takes = slices.Repeat(f.takes, 2+g.IntN(3))
			}
			call := Call{Op: op}
			for _, takes := range f.takes {
				call.Args = append(call.Args, g.grow(takes, depth-1))
			}
			return call
		}
	}
}

func (g *grower) side(day Date, depth int) Expr {
	return []Expr{day, Open{}, Property("signed"), g.grow(aFunction, depth-1)}[g.IntN(4)]
}
