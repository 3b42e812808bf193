package sqlite

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
	"mithaq/internal/registry"
)

// ofCommunes is a filter on features with a kind, a name and a geometry.
func ofCommunes(t *testing.T, text string) registry.FeatureQuery {
	t.Helper()
	e, err := cql.ParseText(text)
	if err != nil {
		t.Fatal(err)
	}
	f, err := cql.Check(e, []cql.Queryable{{Name: "kind", Type: cql.TypeText}, {Name: "name", Type: cql.TypeText}, {Name: "geometry", Type: cql.TypeGeometry}})
	if err != nil {
		t.Fatal(err)
	}
	return registry.FeatureQuery{Collection: "communes", Detail: "low", Day: "2026-01-01", Filter: f}
}

func putCommunes(t *testing.T) *Store {
	t.Helper()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	var features []registry.Feature
	for _, id := range []string{"sound", "torn"} {
		features = append(features, registry.Feature{Collection: "communes", Detail: "low", ID: id, Geometry: orb.Point{-9.7, 29.7},
			Where: map[string]string{"kind": "x"}, JSON: []byte(`{"properties":{"kind":"x","name":"y"}}`)})
	}
	if err := s.Write(t.Context(), func(w registry.Writer) error { return w.PutBoundaries(t.Context(), "1", features) }); err != nil {
		t.Fatal(err)
	}
	return s
}

// What somebody broke in the file isn't known; it doesn't stop the rest from being answered.
func TestFilterOnTornRows(t *testing.T) {
	s := putCommunes(t)
	if _, err := s.writes.Exec(`UPDATE feature_properties SET properties = x'7c076b69', geometry = x'01' WHERE key = (SELECT body FROM feature WHERE id = 'torn')`); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"name = 'y'": 1, "name IS NULL": 1, "name <> 'y'": 0, "kind = 'x'": 2, "S_INTERSECTS(geometry, POINT(-9.7 29.7))": 1, "NOT S_INTERSECTS(geometry, POINT(1 1))": 1,
		"S_EQUALS(geometry, geometry) IS NULL": 1,
	} {
		if n, err := s.Count(t.Context(), ofCommunes(t, text)); err != nil || n != want {
			t.Errorf("%s: %d, %v, want %d", text, n, err, want)
		}
	}
}

// Readers share what was read of their literals.
func TestFiltersAtOnce(t *testing.T) {
	s := putCommunes(t)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for _, text := range []string{"S_WITHIN(geometry, BBOX(-10, 29, -9, 30))", "S_TOUCHES(geometry, BBOX(-9.7, 29, -9, 30))", "S_INTERSECTS(BBOX(-10, 29, -9, 30), geometry)"} {
				q := ofCommunes(t, text)
				for range 20 {
					if n, err := s.Count(t.Context(), q); err != nil || n != 2 {
						t.Errorf("%s: %d, %v", text, n, err)
						return
					}
				}
			}
		})
	}
	readers.Wait()
}

// A name that isn't plain never becomes SQL, whoever declared it a queryable.
func TestColumnNamesArePlain(t *testing.T) {
	for _, name := range []string{"", "a b", "x'", `x"`, "a.b", "é", "Kind", "kind') --"} {
		if sql, err := property(cql.Queryable{Name: name, Type: cql.TypeText}); err == nil {
			t.Errorf("%q became %s", name, sql)
		}
	}
	for _, typ := range cql.Types {
		if _, err := property(cql.Queryable{Name: "x", Type: typ}); err != nil {
			t.Error(err)
		}
	}
	if _, err := property(cql.Queryable{Name: "x", Type: "parts"}); err == nil {
		t.Error("a type that filters don't know has a column")
	}
}
