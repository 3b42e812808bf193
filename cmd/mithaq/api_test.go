package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestCollections(t *testing.T) {
	s := start(t, true)

	t.Run("pages by next links hold every commune once", func(t *testing.T) {
		seen := map[string]bool{}
		path := "/api/collections/communes/items?detail=low&limit=400"
		pages := 0
		for path != "" {
			x := s.json(t, path)
			pages++
			for _, id := range x.each("/features", "/id") {
				if seen[id] {
					t.Errorf("%s twice", id)
				}
				seen[id] = true
			}
			path = ""
			for _, l := range x.at("/links").([]any) {
				if l := l.(map[string]any); l["rel"] == "next" {
					next, ok := strings.CutPrefix(l["href"].(string), "https://mithaq.example")
					if !ok {
						t.Fatalf("next %v doesn't begin with the base URL", l["href"])
					}
					path = next
				}
			}
		}
		if len(seen) != 1503 || pages != 4 {
			t.Errorf("%d communes on %d pages", len(seen), pages)
		}
	})

	t.Run("filters", func(t *testing.T) {
		for query, want := range map[string]string{
			"sites/items":                                               "9",
			"sites/items?province_code=09.581":                          "9",
			"sites/items?commune_code=09.581.01.05":                     "2",
			"sites/items?region_code=01":                                "0",
			"sites/items?kind=craft_zone":                               "1",
			"sites/items?place_match=unresolved":                        "1",
			"sites/items?status=under_works":                            "1",
			"sites/items?location_precision=commune&kind=craft_complex": "2",
			"sites/items?bbox=-10.1,29.3,-8.6,30":                       "9", // the one without a place may be anywhere
			"sites/items?bbox=-10.1,29.3,-8.6,30&located=yes":           "8",
			"sites/items?bbox=0,0,1,1":                                  "1",
			"sites/items?bbox=170,-10,-5,60&located=yes":                "8", // across 180 degrees
			"sites/items?works=rehabilitation&located=yes":              "1",
			"sites/items?located=no":                                    "1",
			"sites/items?party=nobody-of-this-name":                     "0",
			"sites/items?limit=3":                                       "3",
			"agreements/items":                                          "15",
			"agreements/items?documentation=mentioned":                  "2",
			"agreements/items?kind=programme_contract":                  "3",
			"agreements/items?province_code=09.581":                     "9",
			"agreements/items?commune_code=09.541.01.13":                "1",
			"communes/items?province_code=09.581&limit=1000":            "25",
			"communes/items?type=urban&province_code=09.581":            "2",
			"provinces/items?limit=1000":                                "75",
			"provinces/items?region_code=09":                            "6",
			"regions/items":                                             "12",
			"regions/items?as-of=2020-01-01":                            "12",
		} {
			s.json(t, "/api/collections/"+query).want("/numberReturned", want)
		}
	})

	t.Run("what is wrong is refused and says what it takes", func(t *testing.T) {
		for path, want := range map[string]struct {
			status    int
			parameter string
		}{
			"/api/collections/sites/items?colour=red":        {400, "colour"},
			"/api/collections/sites/items?kind=bazaar":       {400, "kind"},
			"/api/collections/sites/items?works=bazaar":      {400, "works"},
			"/api/collections/sites/items?party=No":          {400, "party"},
			"/api/collections/sites/items?located=maybe":     {400, "located"},
			"/api/collections/communes/items?works=creation": {400, "works"},
			"/api/collections/sites/items?limit=0":           {400, "limit"},
			"/api/collections/sites/items?limit=ten":         {400, "limit"},
			"/api/collections/sites/items?bbox=1,2,3":        {400, "bbox"},
			"/api/collections/sites/items?bbox=0,60,1,-60":   {400, "bbox"},
			"/api/collections/sites/items?after=*":           {400, "after"},
			"/api/collections/sites/items?f=shp":             {400, "f"},
			"/api/collections/sites/items?limit=1&limit=2":   {400, "limit"},
			"/api/collections/communes/items?detail=finest":  {400, "detail"},
			"/api/collections/buildings/items":               {404, "collection"},
			"/api/collections/sites/items/none":              {404, "feature"},
			"/communes/09.581.geojson":                       {404, "commune"},
			"/communes/09.581.01.05.shp":                     {404, "file"},
			"/agreements/site-tafraout-craft-market.json":    {404, "id"},
			"/organisations/site-tafraout-craft-market.json": {404, "organisation"},
			"/agreements/%D9%85.json":                        {404, "file"},
		} {
			body, header := s.get(t, path, want.status)
			if ct := header.Get("Content-Type"); !strings.HasPrefix(ct, "application/problem+json") {
				t.Errorf("%s: %s", path, ct)
			}
			if !strings.Contains(string(body), `"parameter":"`+want.parameter+`"`) {
				t.Errorf("%s: %s", path, body)
			}
		}
	})

	t.Run("answers can be kept, asked again, compressed and read from any site", func(t *testing.T) {
		for _, path := range []string{"/communes/09.581.01.05.geojson", "/api/collections/sites/items", "/agreements/tiznit-aouartas-craft-zone.json", "/fr/communes/09.581.01.05"} {
			plain, header := s.get(t, path, http.StatusOK, "Accept-Encoding", "identity")
			if header.Get("ETag") == "" || header.Get("Cache-Control") == "" || !strings.Contains(header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s: headers %v", path, header)
			}
			s.get(t, path, http.StatusNotModified, "Accept-Encoding", "identity", "If-None-Match", header.Get("ETag"))
			packed, packedHeader := s.get(t, path, http.StatusOK, "Accept-Encoding", "gzip")
			if packedHeader.Get("Content-Encoding") != "gzip" || packedHeader.Get("ETag") == header.Get("ETag") {
				t.Errorf("%s: compressed headers %v", path, packedHeader)
			}
			r, err := gzip.NewReader(strings.NewReader(string(packed)))
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(r)
			if err != nil || string(unpacked) != string(plain) {
				t.Errorf("%s: the compressed answer is another (%v)", path, err)
			}
			if !strings.HasPrefix(path, "/fr") && header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s can't be read from other sites", path)
			}
		}
	})

	t.Run("a publication changes the answer and its ETag", func(t *testing.T) {
		path := "/api/collections/sites/items"
		_, before := s.get(t, path, http.StatusOK)
		s.load(t, withStatements(amended))
		body, after := s.get(t, path, http.StatusOK, "If-None-Match", before.Get("ETag"))
		if before.Get("ETag") == after.Get("ETag") || !strings.Contains(string(body), `"zone-site"`) {
			t.Error("the answer is the old one")
		}
	})

	t.Run("every collection has a document", func(t *testing.T) {
		if ids := s.json(t, "/api/collections").each("/collections", "/id"); strings.Join(ids, " ") != "sites agreements amendments communes provinces regions" {
			t.Errorf("collections %v", ids)
		}
		s.json(t, "/schemas/records.json").want("/title", "Mithaq records, format 1")
	})
}

// A publication changes the ETags of what it touches and no others: each answer that has the same bytes before and after has the same tag.
func TestAPublicationChangesWhatItTouches(t *testing.T) {
	s := start(t, true)
	var paths []string
	for _, lang := range []string{"fr", "ar"} {
		for _, code := range []string{"09.581.01.05", "09.581.09.05", "09.541.01.13", "01.151.01.01"} {
			paths = append(paths, "/"+lang+"/communes/"+code)
		}
		paths = append(paths, "/"+lang+"/agreements/tiznit-jewellery-framework", "/"+lang+"/organisations/org-giz", "/"+lang+"/about")
	}
	for _, code := range []string{"09.581.01.05", "09.541.01.13", "01.151.01.01"} {
		paths = append(paths, "/communes/"+code+".geojson", "/communes/"+code+".atom", "/api/collections/sites/items?f=geojson&commune_code="+code, "/api/collections/sites/items?f=csv&commune_code="+code,
			"/api/collections/agreements/items?f=geojson&commune_code="+code)
	}
	paths = append(paths, "/agreements/tiznit-jewellery-framework.json", "/api/collections/agreements/items/tiznit-jewellery-framework?f=geojson")
	type answer struct{ tag, body string }
	ask := func() map[string]answer {
		out := map[string]answer{}
		for range 3 { // what is asked again may be kept
			for _, path := range paths {
				body, header := s.get(t, path, http.StatusOK)
				is := answer{header.Get("ETag"), string(body)}
				if was, asked := out[path]; asked && is != was {
					t.Errorf("%s is another when it is asked again", path)
				}
				out[path] = is
			}
		}
		return out
	}
	before := ask()
	s.load(t, withStatements(amended))
	same, changed := 0, 0
	for path, after := range ask() {
		if (after.body == before[path].body) != (after.tag == before[path].tag) {
			t.Errorf("%s: same bytes %t, same tag %t", path, after.body == before[path].body, after.tag == before[path].tag)
		}
		if after.body == before[path].body {
			same++
		} else {
			changed++
			t.Log("changed: ", path)
		}
	}
	if same < 20 || changed < 3 {
		t.Errorf("%d answers stayed and %d changed", same, changed)
	}
}
