package web

import (
	"math/bits"
	"slices"

	"mithaq/internal/edtf"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// facetTable is a whole collection as its filters see it, in the order of its list, small enough to be kept in memory: a million sites take
// some twenty megabytes. Records that answer a filter alike share what they have of it, so a choice is counted once for all of them.
type facetTable struct {
	set     filterSet
	ids     idList
	columns []facetColumn
	column  []int        // by filter: which column tells of it
	values  []dictionary // by filter
	spans   []rowSpan    // of the rows that aren't there on every day, in their order
}

// facetColumn is what all records have of some filters.
type facetColumn struct {
	of      placeList // by row: which of the sets
	filters []int     // those that it tells of, by their place in the list's set
	sets    int
	values  []uint32 // places in the dictionaries: of each set, for each of filters
	ends    []uint32 // where those of each end
}

// have is what a set has of the column's k-th filter.
func (c *facetColumn) have(set uint32, k int) []uint32 {
	i := int(set)*len(c.filters) + k
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.values[start:c.ends[i]]
}

// rowSpan are the days on which a row is there; an empty end is open.
type rowSpan struct {
	row         int
	from, until edtf.Day
}

func (s rowSpan) on(day edtf.Day) bool { return s.from <= day && (s.until == "" || day < s.until) }

// dictionary are the values of a filter.
type dictionary struct {
	list []string
	at   map[string]uint32
}

// put is the place of a value.
func (d *dictionary) put(value string) uint32 {
	at, ok := d.at[value]
	if !ok {
		if d.at == nil {
			d.at = map[string]uint32{}
		}
		at = uint32(len(d.list))
		d.at[value], d.list = at, append(d.list, value)
	}
	return at
}

// newFacetTable is an empty table; each column tells of some filters.
func newFacetTable(set filterSet, columns ...[]string) *facetTable {
	t := &facetTable{set: set, values: make([]dictionary, len(set.filters)), columns: make([]facetColumn, len(columns)), column: make([]int, len(set.filters))}
	for i, f := range set.filters {
		at := slices.IndexFunc(columns, func(params []string) bool { return slices.Contains(params, f.param) })
		t.column[i], t.columns[at].filters = at, append(t.columns[at].filters, i)
	}
	return t
}

// share adds what some records have of filters to a column, and gives its place for those records.
func (t *facetTable) share(column int, values map[string][]string) uint32 {
	c := &t.columns[column]
	for _, i := range c.filters {
		for _, v := range values[t.set.filters[i].param] {
			c.values = append(c.values, t.values[i].put(v))
		}
		c.ends = append(c.ends, uint32(len(c.values)))
	}
	c.sets++
	return uint32(c.sets - 1)
}

// facetAnswer is what filters leave of a table.
type facetAnswer struct {
	facetCounts
	left   int        // records
	before int        // of them, those of the pages before
	rows   []int      // of one page
	per    [][]uint32 // of each column and each of its sets, how many records are left
}

// missMask are the filters of which a record misses the chosen value, a bit for each.
type missMask uint32

// narrow counts what each choice would leave, and finds a page of what is left.
func (t *facetTable) narrow(q httpserve.Params, day edtf.Day, size int) facetAnswer {
	a := facetAnswer{facetCounts: facetCounts{map[string]map[string]int{}, map[string]int{}}}
	masks := make([][]missMask, len(t.columns))
	for c := range t.columns {
		x := &t.columns[c]
		masks[c] = make([]missMask, x.sets)
		a.per = append(a.per, make([]uint32, x.sets))
		for k, i := range x.filters {
			v := q[t.set.filters[i].param]
			if v == "" {
				continue
			}
			at, known := t.values[i].at[v]
			for set := range masks[c] {
				if !known || !slices.Contains(x.have(uint32(set), k), at) {
					masks[c][set] |= 1 << i
				}
			}
		}
	}
	but := make([][]uint32, len(t.set.filters)) // by filter and set of its column, the records that this filter alone keeps out
	for i, f := range t.set.filters {
		if q[f.param] != "" {
			but[i] = make([]uint32, t.columns[t.column[i]].sets)
		}
	}
	after := t.ids.rows(registry.ID(q[afterParam]))
	spans := t.spans
	for row := range t.ids.n {
		if len(spans) > 0 && spans[0].row == row {
			there := spans[0].on(day)
			if spans = spans[1:]; !there {
				continue
			}
		}
		var missed missMask
		for c := range t.columns {
			missed |= masks[c][t.columns[c].of.at(row)]
		}
		switch {
		case missed == 0:
			for c := range t.columns {
				a.per[c][t.columns[c].of.at(row)]++
			}
			a.left++
			if slices.Contains(after, row) {
				a.before, a.rows = a.left, nil // a record that is gone from the set begins the list anew
			} else if len(a.rows) < size {
				a.rows = append(a.rows, row)
			}
		case missed&(missed-1) == 0:
			i := bits.TrailingZeros32(uint32(missed))
			but[i][t.columns[t.column[i]].of.at(row)]++
		}
	}
	for i, f := range t.set.filters {
		counts := make([]int, len(t.values[i].list))
		without := a.left
		x := &t.columns[t.column[i]]
		k := slices.Index(x.filters, i)
		for s := range x.sets {
			n := int(a.per[t.column[i]][s])
			if but[i] != nil {
				n += int(but[i][s])
				without += int(but[i][s])
			}
			if n > 0 {
				for _, v := range x.have(uint32(s), k) {
					counts[v] += n
				}
			}
		}
		a.without[f.param], a.counts[f.param] = without, map[string]int{}
		for v, n := range counts {
			if n > 0 {
				a.counts[f.param][t.values[i].list[v]] = n
			}
		}
	}
	return a
}
