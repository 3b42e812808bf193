package web

import (
	"fmt"
	"slices"
	"testing"

	"mithaq/internal/registry"
)

func TestPlaceListHoldsPlacesOfAnySize(t *testing.T) {
	for _, want := range [][]uint32{nil, {0}, {3, 65535, 0}, {3, 65535, 65536, 0, 1<<32 - 1}, {1 << 20, 5}} {
		list := newPlaceList(0)
		for _, p := range want {
			list.add(p)
		}
		var got, turned []uint32
		order := make([]uint32, len(want))
		for i := range want {
			got, order[i] = append(got, list.at(i)), uint32(len(want)-1-i)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v became %v", want, got)
		}
		other := list.in(order)
		for i := range want {
			turned = append(turned, other.at(i))
		}
		slices.Reverse(turned)
		if !slices.Equal(turned, want) {
			t.Errorf("%v the other way round is %v backwards", want, turned)
		}
	}
}

// Ids come back as they went in, in whatever order, and each is found in all its rows.
func TestIDListsGiveBackTheirIDs(t *testing.T) {
	ids := []registry.ID{"a", "ab", "abc", "abc", "ab", "b"}
	for i := range 9000 {
		ids = append(ids, registry.ID(fmt.Sprintf("site-%d", i*7919%9000)))
	}
	ids = append(ids, "abc")
	list := newIDList(0)
	for _, id := range ids {
		list.add([]byte(id))
	}
	for row, id := range ids {
		if got := list.of(row); got != id {
			t.Fatalf("row %d is %s, want %s", row, got, id)
		}
	}
	for id, want := range map[registry.ID][]int{"abc": {2, 3, len(ids) - 1}, "a": {0}, "": nil, "abcd": nil, "site-0": {6}} {
		if got := list.rows(id); !slices.Equal(got, want) {
			t.Errorf("%q is in rows %v, want %v", id, got, want)
		}
	}
}

func TestRowsComeByRank(t *testing.T) {
	ranks := []int{2, 0, 5, 2, 0}
	if got, want := inRanks(len(ranks), func(i int) int { return ranks[i] }), []uint32{1, 4, 0, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("%v come as %v, want %v", ranks, got, want)
	}
	if got := inRanks(0, nil); len(got) != 0 {
		t.Errorf("none come as %v", got)
	}
}
