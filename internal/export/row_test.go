package export

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// splitBoth takes a feature apart by the scanner and by encoding/json.
func splitBoth(t *testing.T, s string) {
	t.Helper()
	quick := &rowReader{columns: feature.Columns(feature.Sites)}
	plain := &rowReader{columns: quick.columns, raw: make([]string, len(quick.columns))}
	got, err := quick.read(registry.Feature{JSON: []byte(s)})
	if want := plain.decode(s); want != nil {
		if err == nil {
			t.Fatalf("%q: %v, want %v", s, got, want)
		}
		return
	}
	if err == nil && !slices.Equal(quick.raw, plain.raw) {
		t.Fatalf("%q: %q, want %q", s, quick.raw, plain.raw)
	}
	for i, c := range quick.columns {
		raw := plain.raw[i]
		if err != nil || c.Type != feature.List || raw == "" || raw == "null" {
			continue
		}
		var list []string
		if err := json.Unmarshal([]byte(raw), &list); err != nil {
			t.Fatalf("%q: %s is read in spite of %v", s, c.Name, err)
		}
		if !reflect.DeepEqual(got.values[i].list, list) {
			t.Fatalf("%q: %s is %q, want %q", s, c.Name, got.values[i].list, list)
		}
	}
}

var splitCases = []string{
	`{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[-9.5,29.5]},"properties":{"name":"Zone d’Anzi","works":["creation","a;b"],"shops":25,"localities":[{"kind":"douar","name":"Askin"}]}}`,
	`{"properties":{"works":[],"utilities":null,"trades":["\u00e9","\\"],"name":"a\"b","surface_m2":1000.125e-2}}`,
	`{"properties":{"name":1,"name":2}}`, `{"properties":{"name":1},"properties":{"shops":2}}`, `{"Properties":{"shops":2}}`, `{"properties":null}`, `{"properties":{}}`,
	`{ "properties" : { "shops" : 2 } }`, `{"properties":{"sh\u006fps":2}}`, `{"properties":{"shops":02}}`, `{"properties":{"shops":2}} `, `{"properties":{"shops":2}}x`,
	`{"properties":{"works":["a" ,"b"]}}`, `{"properties":{"works":["a",]}}`, `{"properties":{"works":[1]}}`, `{"properties":{"works":["` + "\xff" + `"]}}`, `{"properties":{"name":"` + "\n" + `"}}`,
	`{"properties":{"name":"\u12"}}`, `{"properties":{"name":"\u12G4"}}`, `{"properties":{"a":{"b":[{}]},"shops":-0.5E+1}}`, `{"properties":{"shops":2}`, `{"properties":{"shops":-}}`, `{"properties":{"shops"`, `{`, ``, `[]`,
	`{"properties":{"shops":2,}}`, `{"properties":{,"shops":2}}`, `{"a":[1}`, `{"a":nul,"properties":{"shops":2}}`, `{"works":["a"],"properties":{"name":tru}}`,
}

// TestSplitIsThatOfEncodingJSON changes bytes of features at random.
func TestSplitIsThatOfEncodingJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const bytes = "{}[]\",:\\ u0139.-e\xff\nanrs"
	for _, s := range splitCases {
		splitBoth(t, s)
		for range 3000 {
			b := []byte(s)
			for range 1 + random.IntN(3) {
				if len(b) == 0 {
					break
				}
				i := random.IntN(len(b))
				switch random.IntN(3) {
				case 0:
					b[i] = bytes[random.IntN(len(bytes))]
				case 1:
					b = slices.Delete(b, i, min(len(b), i+1+random.IntN(3)))
				case 2:
					b = slices.Insert(b, i, bytes[random.IntN(len(bytes))])
				}
			}
			splitBoth(t, string(b))
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range splitCases {
		f.Add(s)
	}
	f.Fuzz(splitBoth)
}

func TestPointsTextIsTheLibrarys(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		p := orb.Point{(random.Float64() - 0.5) * 360, float64(random.IntN(1800)-900) / 10}
		switch random.IntN(4) {
		case 0:
			p[0] *= 1e-7
		case 1:
			p[1] = 0
		}
		if got, want := wktOf(p), wkt.MarshalString(p); got != want {
			t.Fatalf("%v: %s, want %s", p, got, want)
		}
	}
}
