package feature

import "mithaq/internal/cql"

// Queryables are what a filter on a collection may name: its columns but for lists of parts, which no filter looks into, and beside them
// the feature's id and geometry. nil for a collection that isn't served.
func Queryables(collection string) []cql.Queryable {
	columns := Columns(collection)
	if columns == nil {
		return nil
	}
	out := []cql.Queryable{{Name: "id", Type: cql.TypeText}, {Name: "geometry", Type: cql.TypeGeometry}}
	for _, c := range columns {
		if c.Type != Parts {
			out = append(out, cql.Queryable{Name: c.Name, Type: cql.Type(c.Type), Codes: c.Codes})
		}
	}
	return out
}
