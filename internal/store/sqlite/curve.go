package sqlite

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Features lie in their table by key, and the keys of points follow a Hilbert curve through all places: what lies together on the ground
// lies together in the file, and a box is a few stretches of keys. A key is the cell of the curve, the sort of the feature and a number: where it
// isn't of the sort that is asked for, its row needn't be read. Its body lies by sort within a large square of the curve, so that those of one kind lie
// together, too: there the cell's first bits come before the sort, and the rest after it.
//
// Keys from others on belong to geometries that aren't points, and to boundaries, by their sort and the cell of their middle; the R*Tree finds them. So
// nobody who asks for boundaries passes the sites in them, and who asks for sites needn't look into the tree where all are points. Keys from nowhere on belong to
// features without a geometry and tell nothing.
const (
	curveBits      = 19 // of longitude and of latitude: cells of 76 m by 38 m at the equator
	collectionBits = 3
	kindBits       = 4
	numberBits     = 16 // 65,536 features of one sort at one spot
	sortBits       = collectionBits + kindBits
	cellBits       = sortBits + numberBits
	fineBits       = 2 * 9 // of the curve, within a large square of 39 km by 20 km at the equator

	narrowBits = 2 * 6 // within a square of 4.9 km by 2.4 km, a part of a large one

	others  int64 = 1 << (2*curveBits + cellBits)
	nowhere       = others << 1
)

// keysFor are the keys that a feature of a collection and kind, with this detail and geometry, may have, from the first up to the end.
func keysFor(collection, detail, kind string, g orb.Geometry) (first, end int64) {
	if g == nil {
		return nowhere, math.MaxInt64
	}
	x, y := cellOf(g.Bound().Center())
	if _, point := g.(orb.Point); point && detail == "" {
		first = int64(onCurve(x, y))<<cellBits + sortOf(collection, kind)<<numberBits
	} else {
		first = othersOf(collection, kind).first + int64(onCurve(x, y))<<numberBits
	}
	return first, first + 1<<numberBits
}

// sortOf has a few bits of each; what differs in them is of another sort.
func sortOf(collection, kind string) int64 {
	return hashOf(collection, collectionBits)<<kindBits + hashOf(kind, kindBits)
}

// hashOf is the first bits of a text's FNV-1 hash, which differ among the collections and among the kinds of sites.
func hashOf(text string, bits int) int64 {
	h := fnv.New32()
	h.Write([]byte(text))
	return int64(h.Sum32() >> (32 - bits))
}

// ofSort is the condition that a feature may be of a collection, and of a kind when there is one, by its key.
func ofSort(key, collection, kind string) string {
	if kind == "" {
		return fmt.Sprintf(" AND %s >> %d & %d = %d", key, numberBits+kindBits, 1<<collectionBits-1, hashOf(collection, collectionBits))
	}
	return fmt.Sprintf(" AND %s >> %d & %d = %d", key, numberBits, 1<<(collectionBits+kindBits)-1, sortOf(collection, kind))
}

// othersOf are the keys of geometries that aren't points, of a collection, and of a kind when there is one.
func othersOf(collection, kind string) keyRange {
	const bits = 2*curveBits + numberBits
	if kind == "" {
		first := others + hashOf(collection, collectionBits)<<(kindBits+bits)
		return keyRange{first, first + 1<<(kindBits+bits)}
	}
	first := others + sortOf(collection, kind)<<bits
	return keyRange{first, first + 1<<bits}
}

// bodyOf is the key of a feature's body, by its own, which indexes have: the column feature.body takes a look at the row.
func bodyOf(key string) string {
	const large = fineBits + cellBits
	return fmt.Sprintf("iif(%[1]s < %[2]d, (%[1]s >> %[3]d << %[3]d) | ((%[1]s >> %[4]d & %[5]d) << %[6]d) | ((%[1]s >> %[7]d & %[8]d) << %[4]d) | (%[1]s & %[9]d), %[1]s)",
		key, others, large, numberBits, 1<<sortBits-1, fineBits+numberBits, cellBits, 1<<fineBits-1, 1<<numberBits-1)
}

// firstBody is the first key of a body of one sort in a square of 1 << bits cells, by the square's number on the curve. It lies in one large square.
func firstBody(square string, bits int, sort int64) string {
	return fmt.Sprintf("((%[1]s >> %[2]d << %[3]d) | %[4]d | ((%[1]s & %[5]d) << %[6]d))", square, fineBits-bits, fineBits+cellBits, sort<<(fineBits+numberBits),
		1<<(fineBits-bits)-1, numberBits+bits)
}

// cellOf is the column and the row of a position, degrees. Neither falls where the position moves east or north, so the cells of a box's
// corners bound those of all positions in it.
func cellOf(p orb.Point) (x, y uint32) {
	const cells = 1 << curveBits
	at := func(degrees, span float64) uint32 {
		return uint32(max(0, min(cells-1, math.Floor((degrees/span+0.5)*cells))))
	}
	return at(p[0], 360), at(p[1], 180)
}

// onCurve is how many cells the Hilbert curve visits before this one.
func onCurve(x, y uint32) (before uint64) {
	for side := uint32(1) << (curveBits - 1); side > 0; side /= 2 {
		var right, up uint32
		if x&side != 0 {
			right = 1
		}
		if y&side != 0 {
			up = 1
		}
		before += uint64(side) * uint64(side) * uint64(3*right^up)
		if up == 0 { // the curve is turned in the lower quarters
			if right == 1 {
				x, y = side-1-x&(side-1), side-1-y&(side-1)
			}
			x, y = y, x
		}
	}
	return before
}

// keyRange is a stretch of keys, from the first up to the end.
type keyRange struct{ first, end int64 }

// mostSquares bounds into how many squares a box is taken apart: more squares leave fewer points beside the box to look at, and each is a
// search of its own.
const mostSquares = 48

// keysIn are stretches of keys that hold every point of these boxes, in order and apart from each other. They hold points beside the boxes, too.
func keysIn(boxes []orb.Bound) (ranges []keyRange) {
	for _, b := range boxes {
		for _, s := range squaresIn(b, func(uint32) int { return mostSquares }) {
			ranges = append(ranges, s.keys())
		}
	}
	return merged(ranges)
}

// mostOfSort bounds the large squares that are looked into one by one for one kind.
const mostOfSort = 300

// bodiesIn are stretches of the keys of bodies that hold those of every point of one sort in these boxes.
func bodiesIn(boxes []orb.Bound, sort int64) (ranges []keyRange) {
	const fine, large = fineBits + numberBits, fineBits + cellBits
	for _, b := range boxes {
		for _, s := range squaresIn(b, func(uint32) int { return mostSquares }) {
			cells := s.keys()
			first, end := cells.first>>cellBits, cells.end>>cellBits
			switch {
			case end-first < 1<<fineBits: // it lies in one large square
				at := first>>fineBits<<large | sort<<fine
				ranges = append(ranges, keyRange{at | first&(1<<fineBits-1)<<numberBits, at + ((end-1)&(1<<fineBits-1)+1)<<numberBits})
			case (end-first)>>fineBits+int64(len(ranges)) > mostOfSort:
				ranges = append(ranges, keyRange{first << cellBits, end << cellBits})
			default:
				for square := first >> fineBits; square < end>>fineBits; square++ {
					at := square<<large | sort<<fine
					ranges = append(ranges, keyRange{at, at + 1<<fine})
				}
			}
		}
	}
	return merged(ranges)
}

// merged puts stretches in order and joins those that touch.
func merged(ranges []keyRange) []keyRange {
	slices.SortFunc(ranges, func(a, b keyRange) int { return cmp.Compare(a.first, b.first) })
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && r.first <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, r.end)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// square is one of the quarters of quarters of the whole plane of cells; the curve goes through it in one stretch.
type square struct {
	x, y, side uint32
	within     bool // every position in it is in the box
}

func (s square) keys() keyRange {
	cells := uint64(s.side) * uint64(s.side)
	first := onCurve(s.x, s.y) &^ (cells - 1)
	return keyRange{int64(first) << cellBits, int64(first+cells) << cellBits}
}

// squaresIn are the squares that a box is taken apart into. Those that aren't within it are split as long as there are at most as many in
// all as most says for the side of the parts.
func squaresIn(b orb.Bound, most func(side uint32) int) []square {
	if b.Min[0] > b.Max[0] || b.Min[1] > b.Max[1] {
		return nil
	}
	west, south := cellOf(b.Min)
	east, north := cellOf(b.Max)
	squares := []square{{x: 0, y: 0, side: 1 << curveBits}}
	for half := uint32(1) << (curveBits - 1); half > 0; half /= 2 {
		var finer []square
		split := false
		for _, s := range squares {
			end := [2]uint32{s.x + s.side - 1, s.y + s.side - 1}
			// Positions in the cell of a corner may lie beside the box.
			s.within = s.x > west && end[0] < east && s.y > south && end[1] < north
			if s.within || s.x >= west && end[0] <= east && s.y >= south && end[1] <= north {
				finer = append(finer, s)
				continue
			}
			split = true
			for _, q := range []square{{x: s.x, y: s.y}, {x: s.x + half, y: s.y}, {x: s.x, y: s.y + half}, {x: s.x + half, y: s.y + half}} {
				if q.side = half; q.x <= east && q.x+half > west && q.y <= north && q.y+half > south {
					finer = append(finer, q)
				}
			}
		}
		if !split || len(finer) > most(half) {
			break
		}
		squares = finer
	}
	return squares
}

const (
	// squareBits are of the key of a square of 32 by 32 cells, 2.4 km by 1.2 km at the equator: feature_square has how many points are in each.
	squareBits = cellBits + 2*5
	squareSide = 1 << 5
	// mostCounted bounds into how many squares a box is taken apart to be counted.
	mostCounted = 2000
)

// countedIn takes a box apart for counting: into stretches of whole squares of feature_square within it, by their keys, and stretches of keys of
// points that have to be looked at. There are no squares in a small box.
func countedIn(b orb.Bound) (squares, looked []keyRange) {
	for _, s := range squaresIn(b, func(side uint32) int {
		if side >= squareSide {
			return mostCounted
		}
		return mostSquares
	}) {
		if keys := s.keys(); s.within && s.side >= squareSide {
			squares = append(squares, keyRange{keys.first >> squareBits, keys.end >> squareBits})
		} else {
			looked = append(looked, keys)
		}
	}
	return merged(squares), merged(looked)
}
