package web

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mithaq/internal/edtf"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// What a table of shared values counts and pages is what a look at each record gives, whatever is chosen, on any day.
func TestFacetTableCountsLikeALookAtEachRecord(t *testing.T) {
	random := rand.New(rand.NewPCG(2026, 8))
	set := filterSet{path: "/map", words: "explorer"}
	for i := range 5 {
		set.filters = append(set.filters, filter{param: fmt.Sprint("f", i)})
	}
	type record struct {
		id          registry.ID
		from, until edtf.Day
		values      map[string][]string
	}
	some := func(params ...string) map[string][]string {
		values := map[string][]string{}
		for _, p := range params {
			for range random.IntN(3) {
				values[p] = include(values[p], fmt.Sprint(random.IntN(4)))
			}
		}
		return values
	}
	for range 300 {
		columns := [][]string{{"f0", "f3"}, {"f1"}, {"f2", "f4"}}
		table := newFacetTable(set, columns...)
		var shared [3][]map[string][]string
		for c, params := range columns {
			for range 4 {
				shared[c] = append(shared[c], some(params...))
				table.share(c, shared[c][len(shared[c])-1])
			}
		}
		var all []record
		for row := range random.IntN(60) {
			r := record{id: registry.ID(fmt.Sprint("r", row)), values: map[string][]string{}}
			for c := range columns {
				at := random.IntN(4)
				table.columns[c].of.add(uint32(at))
				for p, v := range shared[c][at] {
					r.values[p] = v
				}
			}
			if random.IntN(4) == 0 {
				r.from, r.until = "2024-01-01", []edtf.Day{"", "2025-01-01"}[random.IntN(2)]
				table.spans = append(table.spans, rowSpan{row, r.from, r.until})
			}
			table.ids.add([]byte(r.id))
			all = append(all, r)
		}
		q, day := httpserve.Params{}, []edtf.Day{"2023-06-01", "2024-06-01", "2026-06-01"}[random.IntN(3)]
		for _, f := range set.filters {
			if random.IntN(3) == 0 {
				q[f.param] = fmt.Sprint(random.IntN(5)) // one of them no record has
			}
		}
		if random.IntN(2) == 0 {
			q[afterParam] = fmt.Sprint("r", random.IntN(60))
		}
		want := facetCounts{map[string]map[string]int{}, map[string]int{}}
		var left []registry.ID
		for _, f := range set.filters {
			want.counts[f.param] = map[string]int{}
			want.without[f.param] = 0
		}
		for _, r := range all {
			if !(rowSpan{from: r.from, until: r.until}).on(day) {
				continue
			}
			var missed []string
			for _, f := range set.filters {
				if v := q[f.param]; v != "" && !slices.Contains(r.values[f.param], v) {
					missed = append(missed, f.param)
				}
			}
			if len(missed) == 0 {
				left = append(left, r.id)
			}
			for _, f := range set.filters {
				if len(missed) == 0 || slices.Equal(missed, []string{f.param}) {
					want.without[f.param]++
					for _, v := range r.values[f.param] {
						want.counts[f.param][v]++
					}
				}
			}
		}
		start := 1 + slices.Index(left, registry.ID(q[afterParam]))
		page := left[start:min(start+7, len(left))]
		got := table.narrow(q, day, 7)
		if got.left != len(left) || got.before != start || !slices.Equal(table.idsOf(got.rows), page) || fmt.Sprint(got.facetCounts) != fmt.Sprint(want) {
			t.Fatalf("%v on %s: %d left, %d before, %v, %v; want %d, %d, %v, %v", q, day, got.left, got.before, table.idsOf(got.rows), got.facetCounts, len(left), start, page, want)
		}
	}
}
