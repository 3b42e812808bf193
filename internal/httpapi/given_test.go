package httpapi

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/url"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

var hardTexts = []string{"", "sites", "a b&c=d", "ميثاق", `"\`, "\u2028<>&", "\x01\n", "zone d’artisanat", "9.5,-29", "é+%"}

func hardText(r *rand.Rand) string { return hardTexts[r.IntN(len(hardTexts))] }

// What net/url makes of the same parameters is what given makes of them.
func TestGivenIsWhatTheStandardLibraryEncodes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	all := []string{"after", "bbox", "bbox-crs", "count", "crs", "f", "filter", "kind", "limit", "offset"}
	for range 2000 {
		p, values := httpserve.Params{}, url.Values{}
		for _, name := range all {
			if value := hardText(r); r.IntN(2) == 0 {
				p[name] = value
				if value != "" {
					values.Set(name, value)
				}
			}
		}
		g := givenBy(p)
		kept := maps.Clone(values)
		changed := []param{{all[r.IntN(len(all))], hardText(r)}, {all[r.IntN(len(all))], hardText(r)}}
		for _, c := range changed {
			if kept.Del(c.name); c.value != "" {
				kept.Set(c.name, c.value)
			}
		}
		want := "/a"
		if len(kept) > 0 {
			want += "?" + kept.Encode()
		}
		if got := g.with(changed...).after("/a"); got != want {
			t.Fatalf("%v with %v: %s, want %s", p, changed, got, want)
		}
		kept = maps.Clone(values)
		kept.Del("limit")
		kept.Set("f", "csv")
		if begin, end := g.without("limit").around("/a", "f"); begin+"f=csv"+end != "/a?"+kept.Encode() {
			t.Fatalf("%v around f: %s f=csv %s, want /a?%s", p, begin, end, kept.Encode())
		}
		for _, name := range all {
			if g.has(name) != values.Has(name) {
				t.Fatalf("%v: has %s", p, name)
			}
		}
	}
}

func TestLinksAreWrittenAsTheEncoderWritesThem(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for n := range 500 {
		var links []link
		for range n % 5 {
			links = append(links, link{Href: hardText(r), Rel: hardText(r), Type: hardText(r), Title: hardText(r), HrefLang: hardText(r), Templated: r.IntN(2) == 0})
		}
		want, err := encodeJSON(links)
		if got := appendLinks(nil, links); err != nil || string(got) != string(want) {
			t.Fatalf("%s, want %s (%v)", got, want, err)
		}
	}
}

// One feature is sent as it is stored, with what the answer adds behind it: what taking it apart and encoding it again gives.
func TestOneFeatureIsSentAsItIsStored(t *testing.T) {
	s := &Server{BaseURL: "https://mithaq.example"}
	s.taken = s.allTaken()
	info := collectionInfos[0]
	for i, name := range hardTexts {
		id, asked := "zone-a", given(nil)
		if i%3 == 1 {
			asked = given{{"as-of", "2024-01-01"}, {"x", name}}
		} else if i%3 == 2 {
			id = name
		}
		links := s.itemLinks(info, id, featureFormats[0], asked)
		properties, err := encodeJSON(map[string]any{"name": name, "geometry": nil, "works": []string{`,"properties":{`}})
		if err != nil {
			t.Fatal(err)
		}
		geometry := registry.AppendGeometry(nil, orb.Point{-9.5, 29.25})
		stored := []byte(`{"type":"Feature","id":"zone-a","geometry":` + string(geometry) + `,"properties":` + string(properties) + `}`)
		d, err := decode(stored)
		if err != nil {
			t.Fatal(err)
		}
		want, err := encodeJSON(struct {
			Type       string          `json:"type"`
			ID         json.RawMessage `json:"id"`
			Geometry   json.RawMessage `json:"geometry"`
			Properties json.RawMessage `json:"properties"`
			credit
			Links []link `json:"links"`
		}{"Feature", d.ID, d.Geometry, d.Properties, credits(), links})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.withMembers(stored, info, id, asked); string(got) != string(want)+"\n" {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
