package web

import (
	"math/bits"
	"slices"

	"mithaq/internal/edtf"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// facetTable is a whole collection as its filters see it, in the order of its list, small enough to be kept in memory: a million sites take
// some forty megabytes. Records that answer a filter alike share what they have of it, so a choice is counted once for all of them.
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
	of   []uint32     // by row: which of sets
	sets [][][]uint32 // by filter of the set: places in the dictionary of values; nil for filters of another column
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

// idList are ids one behind the other.
type idList struct {
	text []byte
	ends []uint32
}

func (l *idList) add(id registry.ID) {
	l.text = append(l.text, id...)
	l.ends = append(l.ends, uint32(len(l.text)))
}

func (l *idList) bytes(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = l.ends[i-1]
	}
	return l.text[start:l.ends[i]]
}

func (l *idList) of(i int) registry.ID { return registry.ID(l.bytes(i)) }

// newFacetTable is an empty table; each column tells of some filters.
func newFacetTable(set filterSet, columns ...[]string) *facetTable {
	t := &facetTable{set: set, values: make([]dictionary, len(set.filters)), columns: make([]facetColumn, len(columns)), column: make([]int, len(set.filters))}
	for i, f := range set.filters {
		t.column[i] = slices.IndexFunc(columns, func(params []string) bool { return slices.Contains(params, f.param) })
	}
	return t
}

// share adds what some records have of filters to a column, and gives its place for those records.
func (t *facetTable) share(column int, values map[string][]string) uint32 {
	have := make([][]uint32, len(t.set.filters))
	for i, f := range t.set.filters {
		for _, v := range values[f.param] {
			have[i] = append(have[i], t.values[i].put(v))
		}
	}
	c := &t.columns[column]
	c.sets = append(c.sets, have)
	return uint32(len(c.sets) - 1)
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
	for c, x := range t.columns {
		masks[c] = make([]missMask, len(x.sets))
		a.per = append(a.per, make([]uint32, len(x.sets)))
		for s, set := range x.sets {
			for i, have := range set {
				if v := q[t.set.filters[i].param]; v != "" && t.column[i] == c {
					if at, ok := t.values[i].at[v]; !ok || !slices.Contains(have, at) {
						masks[c][s] |= 1 << i
					}
				}
			}
		}
	}
	but := make([][]uint32, len(t.set.filters)) // by filter and set of its column, the records that this filter alone keeps out
	for i, f := range t.set.filters {
		if q[f.param] != "" {
			but[i] = make([]uint32, len(t.columns[t.column[i]].sets))
		}
	}
	after := q[afterParam]
	spans := t.spans
	for row := range t.ids.ends {
		if len(spans) > 0 && spans[0].row == row {
			there := spans[0].on(day)
			if spans = spans[1:]; !there {
				continue
			}
		}
		var missed missMask
		for c := range t.columns {
			missed |= masks[c][t.columns[c].of[row]]
		}
		switch {
		case missed == 0:
			for c := range t.columns {
				a.per[c][t.columns[c].of[row]]++
			}
			a.left++
			if after != "" && string(t.ids.bytes(row)) == after {
				a.before, a.rows = a.left, nil // a record that is gone from the set begins the list anew
			} else if len(a.rows) < size {
				a.rows = append(a.rows, row)
			}
		case missed&(missed-1) == 0:
			i := bits.TrailingZeros32(uint32(missed))
			but[i][t.columns[t.column[i]].of[row]]++
		}
	}
	for i, f := range t.set.filters {
		counts := make([]int, len(t.values[i].list))
		without := a.left
		for s, set := range t.columns[t.column[i]].sets {
			n := int(a.per[t.column[i]][s])
			if but[i] != nil {
				n += int(but[i][s])
				without += int(but[i][s])
			}
			if n > 0 {
				for _, v := range set[i] {
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
