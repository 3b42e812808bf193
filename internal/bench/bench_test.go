package bench_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"mithaq/internal/bench"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

func generator(t testing.TB, sites int) *bench.Generator {
	t.Helper()
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	g, err := bench.New(places, sites)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Every record is one that any import takes: it says where its values are written, and stands after those that it points at.
func TestRecordsAreValid(t *testing.T) {
	g := generator(t, 2600)
	seen := map[registry.ID]registry.Type{}
	for r := range g.Records() {
		id := r.Head().ID
		for _, p := range registry.Validate(r) {
			t.Errorf("%s%s", id, p)
		}
		if seen[id] != "" {
			t.Errorf("%s twice", id)
		}
		seen[id] = r.Head().Type
		for _, ref := range r.References() {
			if seen[ref.To] == "" {
				t.Errorf("%s%s: %s comes later, or never", id, ref.Pointer, ref.To)
			}
		}
	}
	if len(seen) != g.Count() {
		t.Errorf("%d records, %d were promised", len(seen), g.Count())
	}
	for _, kind := range registry.Types {
		n := 0
		for _, k := range seen {
			if k == kind {
				n++
			}
		}
		if n == 0 && kind != registry.TypeAnnouncement {
			t.Errorf("no %s", kind)
		}
	}
}

// A smaller registry's sites are those of a larger one, so that what grows is the number alone.
func TestSitesDoNotDependOnTheNumber(t *testing.T) {
	small := map[registry.ID]string{}
	for r := range generator(t, 500).Records() {
		raw, err := registry.Canonical(r)
		if err != nil {
			t.Fatal(err)
		}
		small[r.Head().ID] = string(raw)
	}
	for r := range generator(t, 1000).Records() {
		raw, _ := registry.Canonical(r)
		if was, ok := small[r.Head().ID]; ok && was != string(raw) {
			t.Errorf("%s differs:\n%s\n%s", r.Head().ID, was, raw)
		}
		delete(small, r.Head().ID)
	}
	if len(small) > 0 {
		t.Errorf("%d records of the smaller registry aren't in the larger", len(small))
	}
}

// plainly reads a record of a type with encoding/json.
func plainly(t testing.TB, kind registry.Type, raw []byte) registry.Record {
	t.Helper()
	r := registry.New(kind)
	if err := json.Unmarshal(raw, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// written are the canonical forms of records, with their types.
func written(t testing.TB, sites int) (kinds []registry.Type, raw [][]byte) {
	t.Helper()
	for r := range generator(t, sites).Records() {
		text, err := registry.Canonical(r)
		if err != nil {
			t.Fatal(err)
		}
		kinds, raw = append(kinds, r.Head().Type), append(raw, text)
	}
	return kinds, raw
}

// What the registry wrote is read as encoding/json reads it.
func TestRecordsAreReadAsPlainly(t *testing.T) {
	kinds, raw := written(t, 2600)
	for i, text := range raw {
		got, err := registry.DecodeCanonical(text)
		if want := plainly(t, kinds[i], text); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// The two ways to read records, side by side.
func BenchmarkReadRecords(b *testing.B) {
	kinds, raw := written(b, 1000)
	b.Run("as written", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := registry.DecodeCanonical(raw[i%len(raw)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			plainly(b, kinds[i%len(raw)], raw[i%len(raw)])
		}
	})
}
