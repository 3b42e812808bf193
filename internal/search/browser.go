package search

import (
	"mithaq/internal/registry"
)

// IndexedField is a text of a record as a browser searches it, where there is no store to ask: its words, folded, one space between.
type IndexedField struct {
	Name   string
	Weight float64
	Words  string
}

// IndexedFields are the fields that rank looks at, the names of the record's codes among them.
func (s *Searcher) IndexedFields(r registry.Record, names Names) (out []IndexedField) {
	for _, f := range append(Fields(r, names), s.labelsOf(r)...) {
		if words := phrase(split(f.Text)); words != "" {
			out = append(out, IndexedField{f.Name, f.weight, words})
		}
	}
	return out
}
