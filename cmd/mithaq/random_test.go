package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"mithaq/internal/crs"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// randomRequests is how many are asked; a failure prints the address, which asks the same again.
const randomRequests = 10_000

// question makes the query of a random request: mostly what makes sense, sometimes what doesn't.
func question(r *rand.Rand, collection string) url.Values {
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	number := func(from, to float64) string {
		return strconv.FormatFloat(from+(to-from)*r.Float64(), 'f', r.IntN(7), 64)
	}
	day := func() string { return fmt.Sprintf("%04d-%02d-%02d", 2010+r.IntN(16), 1+r.IntN(12), 1+r.IntN(29)) }
	codes := func(property string) string {
		c, _ := feature.ColumnOf(collection, property)
		return pick(append([]string{"bazaar"}, c.Codes...)...)
	}
	makers := map[string]func() string{
		"bbox": func() string {
			switch r.IntN(6) {
			case 0:
				return strings.Join([]string{number(-200, 200), number(-100, 100), number(-200, 200), number(-100, 100)}, ",")
			case 1:
				return pick("", "1,2", "NaN,0,1,1", "170,20,-5,40", "0,0,0,0", "-180,-90,180,90", "1e400,0,1,1", "-9,29,0,-8,31,4000", "500000,0,600000,400000")
			case 2: // metres of some projection
				x, y := 200_000+r.Float64()*1e6, -500_000+r.Float64()*1e6
				return fmt.Sprintf("%f,%f,%f,%f", x, y, x+r.Float64()*5e5, y+r.Float64()*5e5)
			}
			west, south := -17+16*r.Float64(), 21+14*r.Float64()
			return fmt.Sprintf("%f,%f,%f,%f", west, south, west+r.Float64()*4, south+r.Float64()*4)
		},
		"bbox-crs": func() string { return pick(append(crs.URIs(), crs.Default, "EPSG:4326")...) },
		"crs":      func() string { return pick(append(crs.URIs(), "urn:x")...) },
		"datetime": func() string {
			return pick(day(), day()+"T12:00:00Z", day()+"/"+day(), "../"+day(), day()+"/..", "/"+day(), day()+"/P1M", "..", "now", "2021-07-26")
		},
		"limit": func() string {
			return pick("1", "2", "3", "10", "50", strconv.Itoa(r.IntN(2000)), "0", "-3", "many", "123456789012345678901234567890")
		},
		"offset":  func() string { return pick("0", "1", "7", strconv.Itoa(r.IntN(3000)), "-1", "2147483648", "x") },
		"after":   func() string { return pick("", "MDk", "c2l0ZQ", "////", "A", strings.Repeat("QUFB", 100)) },
		"count":   func() string { return pick("exact", "exact", "") },
		"f":       func() string { return pick("geojson", "json", "html", "geojsonl", "shp") },
		"as-of":   func() string { return pick(day(), "", "2024-02-30") },
		"located": func() string { return pick("yes", "no", "maybe") },
		"party":   func() string { return pick("org-giz", "nobody", "No") },
		"detail":  func() string { return pick("low", "low", "medium", "finest") },
		"filter": func() string {
			return pick("kind = 'craft_zone'", "kind <> 'craft_zone' AND status = 'announced'", "S_INTERSECTS(geometry, BBOX(-10,29,-8,31))", "S_WITHIN(geometry, POLYGON((-10 29,-8 29,-8 31,-10 29)))",
				"T_BEFORE(signed, DATE('2022-01-01'))", "updated > TIMESTAMP('2020-01-01T00:00:00Z')", "CASEI(title) LIKE CASEI('accord%')", "province_code IN ('09.581', '01.051')",
				"name IS NULL OR NOT (shops > 10)", "A_CONTAINS(works, ('creation'))", "kind =", "'", "((((", "population_2024 BETWEEN 1000 AND 20000", "id > 'm'", "geometry IS NULL")
		},
		"filter-crs":  func() string { return pick(crs.URIs()...) },
		"filter-lang": func() string { return pick("cql2-text", "cql2-text", "cql2-json", "ecql") },
		"nonsense":    func() string { return "1" },
	}
	for _, name := range []string{"commune_code", "province_code", "region_code"} {
		makers[name] = func() string { return pick("09", "09.581", "09.581.01.05", "01", "99", "';--", "") }
	}
	for _, name := range append(registry.FeatureColumns, registry.FeatureLists...) {
		makers[name] = func() string { return codes(name) }
	}
	names := []string{"filter", "filter", "filter-crs", "filter-lang", "bbox", "bbox", "bbox-crs", "crs", "datetime", "limit", "limit", "limit", "offset", "after", "count", "as-of", "f", "located", "party", "detail",
		"commune_code", "province_code", "region_code", "kind", "status", "works", "kinds", "type", "nonsense"}
	q := url.Values{}
	for range r.IntN(4) {
		name := names[r.IntN(len(names))]
		q.Set(name, makers[name]())
	}
	if feature.BoundaryCollection(registry.LevelCommune) == collection || collection == feature.Regions || collection == feature.Provinces {
		if !q.Has("detail") {
			q.Set("detail", "low") // the finest boundaries of the country, a thousand times over, prove no more
		}
	}
	return q
}

// Whatever is asked, the answer is whole or a refusal: never a failure, never fewer features than it says, and the pages add up.
func TestRandomRequests(t *testing.T) {
	s := startPublic(t)
	s.load(t, withStatements(amended))
	seed := uint64(20240501)
	r := rand.New(rand.NewPCG(seed, 2))
	answered, refused, walked := 0, 0, 0
	client := http.Client{}
	fetch := func(address string) (int, string, []byte) {
		res, err := client.Get(address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s: the answer broke off: %v", address, err)
		}
		return res.StatusCode, res.Header.Get("Content-Type"), body
	}
	type answer struct {
		Features []struct {
			ID string `json:"id"`
		} `json:"features"`
		NumberReturned int  `json:"numberReturned"`
		NumberMatched  *int `json:"numberMatched"`
		Links          []struct{ Href, Rel string }
	}
	read := func(address string, body []byte) (a answer) {
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if a.NumberReturned != len(a.Features) {
			t.Errorf("%s: numberReturned %d for %d features", address, a.NumberReturned, len(a.Features))
		}
		return a
	}
	for range randomRequests {
		collection := feature.Collections[r.IntN(len(feature.Collections))]
		address := s.url + "/api/collections/" + collection + "/items?" + question(r, collection).Encode()
		status, mime, body := fetch(address)
		switch {
		case status == http.StatusBadRequest:
			refused++
			var p struct{ Parameter, Takes string }
			if err := json.Unmarshal(body, &p); err != nil || p.Parameter == "" || p.Takes == "" {
				t.Errorf("%s: a refusal without a reason: %s", address, body)
			}
			continue
		case status != http.StatusOK:
			t.Errorf("%s: %d %s", address, status, body)
			continue
		}
		answered++
		if mime != "application/geo+json" {
			continue
		}
		a := read(address, body)
		if a.NumberMatched == nil || *a.NumberMatched < a.NumberReturned {
			t.Errorf("%s: numberMatched %v of %d", address, a.NumberMatched, a.NumberReturned)
			continue
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if q := u.Query(); q.Has("after") || *a.NumberMatched > 60*max(1, a.NumberReturned) {
			continue
		}
		// From here to the last page is all that matches, less what offset leaves out.
		offset, _ := strconv.Atoi(u.Query().Get("offset"))
		seen := map[string]bool{}
		for page := address; page != ""; {
			for _, f := range a.Features {
				if seen[f.ID] {
					t.Errorf("%s: %s twice", address, f.ID)
				}
				seen[f.ID] = true
			}
			page = ""
			for _, l := range a.Links {
				if l.Rel == "next" {
					page = l.Href
				}
			}
			if page != "" {
				status, _, body := fetch(page)
				if status != http.StatusOK {
					t.Fatalf("%s: next page: %d", page, status)
				}
				a = read(page, body)
			}
		}
		walked++
		if want := max(0, *a.NumberMatched-offset); len(seen) != want {
			t.Errorf("%s: its pages have %d features of %d", address, len(seen), want)
		}
	}
	t.Logf("%d answered, %d refused, %d walked to the end", answered, refused, walked)
	if answered < randomRequests/4 || refused < randomRequests/10 || walked < randomRequests/10 {
		t.Errorf("the questions are lopsided: %d answered, %d refused, %d walked", answered, refused, walked)
	}
}
