package feature

import (
	"slices"
	"testing"

	"mithaq/internal/cql"
)

// Every column but those of parts can be asked, once, by a type that filters know.
func TestQueryables(t *testing.T) {
	for _, collection := range Collections {
		var names []string
		for _, q := range Queryables(collection) {
			names = append(names, q.Name)
			if !slices.Contains(cql.Types, q.Type) {
				t.Errorf("%s of %s has the type %q", q.Name, collection, q.Type)
			}
			e, err := cql.ParseText(cql.FormatText(cql.Call{Op: cql.IsNull, Args: []cql.Expr{cql.Property(q.Name)}}))
			if err != nil {
				t.Errorf("%s of %s can't be written: %v", q.Name, collection, err)
			} else if _, err := cql.Check(e, Queryables(collection)); err != nil {
				t.Errorf("%s of %s can't be asked: %v", q.Name, collection, err)
			}
		}
		for _, c := range Columns(collection) {
			if slices.Contains(names, c.Name) == (c.Type == Parts) {
				t.Errorf("%s of %s, of type %s: among the queryables %v", c.Name, collection, c.Type, c.Type == Parts)
			}
		}
		if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) || !slices.Contains(names, "id") || !slices.Contains(names, "geometry") {
			t.Errorf("%s: %v", collection, names)
		}
	}
	if q := Queryables("arrondissements"); q != nil {
		t.Errorf("a collection that isn't served has %v", q)
	}
}
