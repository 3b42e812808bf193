package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mithaq/internal/crs"
	"mithaq/internal/feature"
)

// These tests go through the abstract test suites of OGC API - Features part 1 (17-069r4, annex A) and part 2 (18-058r1, annex A), each under
// the identifier of its requirement.

const crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

// doc is a decoded JSON document.
type doc = map[string]any

func (s server) doc(t *testing.T, path string, headers ...string) (doc, http.Header) {
	t.Helper()
	body, header := s.get(t, path, http.StatusOK, headers...)
	var d doc
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return d, header
}

// linksOf are a document's links with a relation, which every link must have, as it must have a type and an absolute address.
func linksOf(t *testing.T, d doc, rel string) (out []doc) {
	t.Helper()
	all, _ := d["links"].([]any)
	if len(all) == 0 {
		t.Error("no links")
	}
	for _, l := range all {
		l := l.(doc)
		u, err := url.Parse(fmt.Sprint(l["href"]))
		if err != nil || !u.IsAbs() || l["rel"] == nil || l["type"] == nil {
			t.Errorf("link %v lacks an absolute address, a relation or a type", l)
		}
		if l["rel"] == rel {
			out = append(out, l)
		}
	}
	return out
}

// linked is the one link with a relation and a type.
func linked(t *testing.T, d doc, rel, mime string) string {
	t.Helper()
	for _, l := range linksOf(t, d, rel) {
		if l["type"] == mime {
			return l["href"].(string)
		}
	}
	t.Errorf("no link %s of type %s", rel, mime)
	return ""
}

// path is an address of ours without the host.
func (s server) path(t *testing.T, address string) string {
	t.Helper()
	path, ok := strings.CutPrefix(address, s.url)
	if !ok {
		t.Fatalf("%q is not under the base URL", address)
	}
	return path
}

// selfAndAlternate checks a document's links to itself: the one that was sent, and the other in the type that it says.
func (s server) selfAndAlternate(t *testing.T, path, mime string) {
	t.Helper()
	d, header := s.doc(t, path, "Accept", mime)
	if got := header.Get("Content-Type"); got != mime {
		t.Errorf("%s is served as %s", path, got)
	}
	if !strings.Contains(header.Get("Vary"), "Accept") {
		t.Errorf("%s doesn't vary by Accept", path)
	}
	again, _ := s.doc(t, s.path(t, linked(t, d, "self", mime)))
	if fmt.Sprint(again["id"], again["title"], again["type"]) != fmt.Sprint(d["id"], d["title"], d["type"]) {
		t.Errorf("%s: its self is another", path)
	}
	html := s.path(t, linked(t, d, "alternate", "text/html"))
	for _, x := range [][]string{{html}, {path, "Accept", "text/html"}, {path, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}} {
		body, header := s.get(t, x[0], http.StatusOK, x[1:]...)
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.HasPrefix(string(body), "<!doctype html>") {
			t.Errorf("%v: %s", x, header.Get("Content-Type"))
		}
	}
	for _, accept := range []string{"*/*", "application/*;q=0.5", "image/png", "text/html;q=0"} {
		if _, header := s.get(t, path, http.StatusOK, "Accept", accept); header.Get("Content-Type") != mime {
			t.Errorf("%s for %s: %s", path, accept, header.Get("Content-Type"))
		}
	}
}

func list(d doc, name string) []any {
	l, _ := d[name].([]any)
	return l
}

func ids(d doc) (out []string) {
	for _, f := range list(d, "features") {
		out = append(out, f.(doc)["id"].(string))
	}
	return out
}

func TestOGCFeaturesPart1(t *testing.T) {
	s := startPublic(t)
	collections := func(t *testing.T, check func(t *testing.T, id, items string)) {
		for _, id := range feature.Collections {
			t.Run(id, func(t *testing.T) { check(t, id, "/api/collections/"+id+"/items") })
		}
	}

	t.Run("req/core/root-op, root-success", func(t *testing.T) {
		s.selfAndAlternate(t, "/api", "application/json")
		d, _ := s.doc(t, "/api/") // the root's address with the slash that clients add
		for rel, mime := range map[string]string{"service-desc": "application/vnd.oai.openapi+json;version=3.0", "service-doc": "text/html", "conformance": "application/json", "data": "application/json", "license": "text/html"} {
			s.get(t, strings.Split(s.path(t, linked(t, d, rel, mime)), "#")[0], http.StatusOK)
		}
	})

	t.Run("req/core/conformance-op, conformance-success", func(t *testing.T) {
		s.selfAndAlternate(t, "/api/conformance", "application/json")
		d, _ := s.doc(t, "/api/conformance")
		for _, class := range []string{"1/1.0/conf/core", "1/1.0/conf/oas30", "1/1.0/conf/html", "1/1.0/conf/geojson", "2/1.0/conf/crs"} {
			if !slices.Contains(list(d, "conformsTo"), any("http://www.opengis.net/spec/ogcapi-features-"+class)) {
				t.Errorf("%s isn't declared", class)
			}
		}
	})

	definition, _ := s.doc(t, "/api/openapi.json")
	t.Run("req/core/api-definition-op, req/oas30/oas-definition-2, oas-impl", func(t *testing.T) {
		if v := fmt.Sprint(definition["openapi"]); !strings.HasPrefix(v, "3.0.") {
			t.Errorf("OpenAPI %s", v)
		}
		if servers := list(definition, "servers"); len(servers) != 1 || servers[0].(doc)["url"] != s.url+"/api" {
			t.Errorf("servers %v", servers)
		}
		s.get(t, "/api/api.html", http.StatusOK)
		paths := definition["paths"].(doc)
		for path := range paths {
			if !strings.Contains(path, "{") {
				s.get(t, "/api"+path, http.StatusOK)
			}
		}
		if want := 3 + 4*len(feature.Collections) + 2 + 3*5; /* tiles */ len(paths) != want {
			t.Errorf("%d paths, want %d", len(paths), want)
		}
	})

	t.Run("req/core/fc-md-op, fc-md-links, fc-md-items, fc-md-items-links, fc-md-extent, crs84", func(t *testing.T) {
		s.selfAndAlternate(t, "/api/collections", "application/json")
		d, _ := s.doc(t, "/api/collections")
		if n := len(list(d, "collections")); n != len(feature.Collections) {
			t.Fatalf("%d collections", n)
		}
		for _, c := range list(d, "collections") {
			c := c.(doc)
			id := c["id"].(string)
			if c["title"] == nil || c["description"] == nil || list(c, "crs")[0] != crs84 {
				t.Errorf("%s: %v", id, c)
			}
			for _, mime := range []string{"application/geo+json", "text/html"} {
				s.get(t, s.path(t, linked(t, c, "items", mime)), http.StatusOK)
			}
			linked(t, c, "license", "text/html")
			linked(t, c, "enclosure", "application/x-ndjson")
			linked(t, c, "self", "application/json")
			linked(t, c, "alternate", "text/html")
			extent, _ := c["extent"].(doc)
			spatial, _ := extent["spatial"].(doc)
			if id == feature.Amendments {
				if spatial != nil {
					t.Error("amendments are nowhere")
				}
			} else if box := list(spatial, "bbox")[0].([]any); len(box) != 4 || box[0].(float64) >= box[2].(float64) {
				t.Errorf("%s: bbox %v", id, box)
			} else if inside, _ := s.doc(t, fmt.Sprintf("/api/collections/%s/items?bbox=%v,%v,%v,%v", id, box[0], box[1], box[2], box[3])); fmt.Sprint(inside["numberMatched"]) != s.count(t, id) {
				t.Errorf("%s: its own box holds %v of %s", id, inside["numberMatched"], s.count(t, id))
			}
			temporal, _ := extent["temporal"].(doc)
			if (id == feature.Agreements) != (temporal != nil) { // the shipped amendments have no date
				t.Errorf("%s: temporal extent %v", id, temporal)
			} else if temporal != nil {
				interval := list(temporal, "interval")[0].([]any)
				for _, end := range interval {
					if _, err := time.Parse(time.RFC3339, fmt.Sprint(end)); err != nil {
						t.Error(err)
					}
				}
				for _, query := range []string{"%[1]s", "%[1]s/%[2]s", "%[1]s/P2D", "../%[2]s", "/%[2]s", "%[1]s/.."} {
					s.get(t, "/api/collections/"+id+"/items?datetime="+url.QueryEscape(fmt.Sprintf(query, interval[0], interval[1])), http.StatusOK)
				}
			}
		}
	})

	t.Run("req/core/sfc-md-op, sfc-md-success", func(t *testing.T) {
		all, _ := s.doc(t, "/api/collections")
		for i, id := range feature.Collections {
			s.selfAndAlternate(t, "/api/collections/"+id, "application/json")
			one, _ := s.doc(t, "/api/collections/"+id)
			for _, member := range []string{"id", "title", "description", "extent", "itemType", "crs", "storageCrs"} {
				if got, want := fmt.Sprint(one[member]), fmt.Sprint(list(all, "collections")[i].(doc)[member]); got != want {
					t.Errorf("%s of %s: %s, in the list %s", member, id, got, want)
				}
			}
		}
	})

	t.Run("req/core/fc-op, fc-response, fc-links, fc-timeStamp, fc-numberMatched, fc-numberReturned", func(t *testing.T) {
		collections(t, func(t *testing.T, id, items string) {
			s.selfAndAlternate(t, items, "application/geo+json")
			d, header := s.doc(t, items+"?limit=4")
			if d["type"] != "FeatureCollection" || len(list(d, "features")) != int(d["numberReturned"].(float64)) {
				t.Errorf("%v of %v", d["numberReturned"], d["type"])
			}
			if got := header.Get("Content-Crs"); got != "<"+crs84+">" {
				t.Errorf("Content-Crs %s", got)
			}
			if _, stamped := d["timeStamp"]; stamped { // it may be left out, and then the same question has the same bytes
				t.Error("the answer says when it was made")
			}
			// All pages forward, then back again, are all features once.
			var seen []string
			page, pages := d, 1
			for ; len(linksOf(t, page, "next")) > 0; pages++ {
				seen = append(seen, ids(page)...)
				page, _ = s.doc(t, s.path(t, linked(t, page, "next", "application/geo+json")))
				if pages > 400 {
					t.Fatal("there is always a next page")
				}
			}
			seen = append(seen, ids(page)...)
			if n := len(seen); fmt.Sprint(n) != fmt.Sprint(d["numberMatched"]) || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != n {
				t.Errorf("%d features on %d pages, numberMatched %v", n, pages, d["numberMatched"])
			}
			var back []string
			for n := 0; ; n++ {
				back = append(ids(page), back...)
				if len(linksOf(t, page, "prev")) == 0 || n > pages {
					break
				}
				page, _ = s.doc(t, s.path(t, linked(t, page, "prev", "application/geo+json")))
			}
			if !slices.Equal(back, seen) {
				t.Errorf("back: %d features, forward %d", len(back), len(seen))
			}
			whole, _ := s.get(t, s.path(t, linked(t, d, "enclosure", "application/x-ndjson")), http.StatusOK)
			if n := strings.Count(string(whole), "\n"); n != len(seen) {
				t.Errorf("the download has %d lines for %d features", n, len(seen))
			}
		})
	})

	t.Run("req/core/fc-limit-definition, fc-bbox-definition, fc-time-definition", func(t *testing.T) {
		for _, id := range feature.Collections {
			parameters := definition["paths"].(doc)["/collections/"+id+"/items"].(doc)["get"].(doc)["parameters"].([]any)
			byName := map[string]doc{}
			for _, p := range parameters {
				byName[p.(doc)["name"].(string)] = p.(doc)
			}
			for name, kind := range map[string]string{"bbox": "array", "limit": "integer", "datetime": "string", "crs": "string", "bbox-crs": "string"} {
				p := byName[name]
				if p == nil || p["in"] != "query" || p["required"] != false || p["style"] != "form" || p["explode"] != false || p["schema"].(doc)["type"] != kind {
					t.Errorf("%s of %s: %v", name, id, p)
				}
			}
			limit := byName["limit"]["schema"].(doc)
			if limit["minimum"] != 1.0 || limit["maximum"] != 10000.0 || limit["default"] != 100.0 {
				t.Errorf("limit %v", limit)
			}
			box := byName["bbox"]["schema"].(doc)
			if len(list(box, "oneOf")) != 2 || box["items"].(doc)["type"] != "number" {
				t.Errorf("bbox %v", box)
			}
		}
	})

	t.Run("req/core/fc-limit-response-1, rec/core/fc-limit-response-2", func(t *testing.T) {
		for limit, want := range map[string]int{"1": 1, "7": 7, "100": 100, "10000": 1503, "10001": 1503, "99999999999999999999": 1503} {
			d, _ := s.doc(t, "/api/collections/communes/items?detail=low&limit="+limit)
			if len(list(d, "features")) != want {
				t.Errorf("limit %s: %d", limit, len(list(d, "features")))
			}
		}
		if d, _ := s.doc(t, "/api/collections/communes/items?detail=low"); len(list(d, "features")) != 100 {
			t.Errorf("without a limit: %d", len(list(d, "features")))
		}
	})

	t.Run("req/core/fc-bbox-response", func(t *testing.T) {
		for query, want := range map[string]string{
			"sites/items?bbox=-10.1,29.3,-8.6,30":                       "9", // with the one that has no geometry
			"sites/items?bbox=-10.1,29.3,-100,-8.6,30,8000":             "9",
			"sites/items?bbox=10,0,20,10":                               "1",
			"sites/items?bbox=10,0,20,10&located=yes":                   "0",
			"amendments/items?bbox=10,0,20,10":                          s.count(t, "amendments"),
			"regions/items?bbox=170,-90,-1,90":                          "12",
			"regions/items?bbox=177,65,-177,70":                         "0",
			"regions/items?bbox=-180,85,180,90":                         "0",
			"communes/items?bbox=-9.0,29.7,-9.0,29.7":                   "1", // a point lies in one commune, and in the envelope of others
			"communes/items?bbox=-9.0,29.7,-9.0,29.7&commune_code=none": "0",
		} {
			d, _ := s.doc(t, "/api/collections/"+query)
			if fmt.Sprint(d["numberMatched"]) != want || len(list(d, "features")) != int(d["numberMatched"].(float64)) {
				t.Errorf("%s: %v, want %s", query, d["numberMatched"], want)
			}
		}
	})

	t.Run("req/core/fc-time-response", func(t *testing.T) {
		for query, want := range map[string]string{
			"2021-07-26":                  "15", // the twelve without a date meet any time
			"2021-07-26T00:30:00%2B01:00": "12", // the day before, in UTC
			"2021-07-26T23:59:59Z":        "15",
			"2021-07-27":                  "12",
			"2021-07-01/2021-07-31":       "15",
			"../2021-07-25":               "12",
			"/2021-07-26":                 "15",
			"2021-07-26/..":               "15",
			"2021-07-27/":                 "12",
			"2021-07-20/P6D":              "15",
			"2021-07-20/P5D":              "12",
			"2021-06-26T10:00:00Z/2021-06-27T10:00:00Z": "12",
		} {
			d, _ := s.doc(t, "/api/collections/agreements/items?datetime="+query)
			if fmt.Sprint(d["numberMatched"]) != want {
				t.Errorf("%s: %v, want %s", query, d["numberMatched"], want)
			}
		}
	})

	t.Run("req/core/query-param-unknown, query-param-invalid", func(t *testing.T) {
		for path, parameter := range map[string]string{
			"": "foo", "/conformance": "foo", "/collections": "foo", "/collections/sites": "foo", "/collections/sites/items": "foo", "/collections/regions/items/09": "foo",
			"/openapi.json": "foo", "/api.html": "foo", "/collections/sites/queryables": "foo",
		} {
			s.problem(t, "/api"+path+"?"+parameter+"=1", parameter)
		}
		for _, query := range []string{
			"limit=0", "limit=-1", "limit=ten", "limit=1.5", "bbox=1,2,3", "bbox=1,2,3,4,5", "bbox=a,b,c,d", "bbox=0,10,1,-10", "bbox=-200,0,1,1", "bbox=0,0,1,NaN", "bbox=1,2,9,3,4,1",
			"datetime=yesterday", "datetime=2021-02-30", "datetime=2021-07-26/2021-07-25", "datetime=../..", "datetime=/", "datetime=2021-07-26/x", "datetime=P2D/2021-07-26",
			"datetime=2021-07-26T10:00", "datetime=2021-07-26/2021-07-27/2021-07-28", "datetime=2021", "offset=-1", "offset=x", "after=***", "count=about", "f=shp", "f=html5",
			"crs=EPSG:4326", "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/1", "kind=bazaar", "located=perhaps", "as-of=2021-02-30", "party=No",
			"bbox=0,0,1,1&bbox=0,0,2,2", "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/26191&bbox=500000,300000,400000,400000",
		} {
			parameter, _, _ := strings.Cut(query, "=")
			if strings.Contains(query, "&bbox=") {
				parameter = "bbox"
			}
			s.problem(t, "/api/collections/sites/items?"+query, parameter)
		}
		if body, _ := s.get(t, "/api/collections/sites/items?f=shp", http.StatusBadRequest); !strings.Contains(string(body), "one of geojson, html, geojsonl") {
			t.Errorf("a wrong format isn't told which there are: %s", body)
		}
	})

	t.Run("req/core/f-op, f-success, f-links", func(t *testing.T) {
		collections(t, func(t *testing.T, id, items string) {
			d, _ := s.doc(t, items+"?limit=3")
			for _, f := range ids(d) {
				s.selfAndAlternate(t, items+"/"+f, "application/geo+json")
				one, header := s.doc(t, items+"/"+f)
				linked(t, one, "collection", "application/json")
				if one["id"] != f || one["type"] != "Feature" || header.Get("Content-Crs") != "<"+crs84+">" {
					t.Errorf("%v", one["id"])
				}
			}
			s.get(t, items+"/there-is-none", http.StatusNotFound)
		})
	})

	t.Run("req/oas30/exceptions-codes", func(t *testing.T) {
		for path, methods := range definition["paths"].(doc) {
			responses := methods.(doc)["get"].(doc)["responses"].(doc)
			if responses["200"] == nil || responses["400"] == nil || responses["500"] == nil || strings.Contains(path, "{") != (responses["404"] != nil) {
				t.Errorf("%s: %v", path, responses)
			}
		}
	})
}

// count is how many features a collection has.
func (s server) count(t *testing.T, collection string) string {
	t.Helper()
	d, _ := s.doc(t, "/api/collections/"+collection+"/items?limit=1&count=exact")
	return fmt.Sprint(d["numberMatched"])
}

// problem asks that an address be refused because of a parameter, and say what that takes.
func (s server) problem(t *testing.T, path, parameter string) {
	t.Helper()
	body, header := s.get(t, path, http.StatusBadRequest)
	var p doc
	if err := json.Unmarshal(body, &p); err != nil || header.Get("Content-Type") != "application/problem+json" || p["parameter"] != parameter || p["takes"] == nil {
		t.Errorf("%s: %s, %v", path, body, err)
	}
}

func TestOGCFeaturesPart2(t *testing.T) {
	s := startPublic(t)

	t.Run("req/crs/crs-uri, fc-md-crs-list, fc-md-storageCrs, fc-md-storageCrs-valid-value", func(t *testing.T) {
		for _, id := range feature.Collections {
			d, _ := s.doc(t, "/api/collections/"+id)
			if got := fmt.Sprint(d["crs"]); got != fmt.Sprint(crs.URIs()) || d["storageCrs"] != crs84 {
				t.Errorf("%s: %s, stored in %v", id, got, d["storageCrs"])
			}
		}
	})

	first := func(t *testing.T, path string) []float64 {
		t.Helper()
		d, header := s.doc(t, path)
		want := crs84
		if u, err := url.Parse(path); err == nil && u.Query().Has("crs") {
			want = u.Query().Get("crs")
		}
		if got := header.Get("Content-Crs"); got != "<"+want+">" {
			t.Errorf("%s: Content-Crs %s", path, got)
		}
		for f := any(d); ; {
			if features := list(f.(doc), "features"); len(features) > 0 {
				f = features[0]
				continue
			}
			g, _ := f.(doc)["geometry"].(doc)
			at := list(g, "coordinates")
			for {
				if deeper, ok := at[0].([]any); ok {
					at = deeper
					continue
				}
				return []float64{at[0].(float64), at[1].(float64)}
			}
		}
	}
	const site = "/api/collections/sites/items/site-tafraout-craft-market"
	t.Run("req/crs/fc-crs-action, fc-crs-default-value, ogc-crs-header, geojson", func(t *testing.T) {
		lonLat := first(t, site)
		if got := first(t, site+"?crs="+crs84); !slices.Equal(got, lonLat) {
			t.Errorf("asked for by name: %v", got)
		}
		if got := first(t, site+"?crs=http://www.opengis.net/def/crs/EPSG/0/4326"); got[0] != lonLat[1] || got[1] != lonLat[0] {
			t.Errorf("EPSG:4326 is latitude first: %v of %v", got, lonLat)
		}
		for _, system := range crs.Systems {
			want, _ := system.Point([2]float64{lonLat[0], lonLat[1]})
			for _, path := range []string{site, "/api/collections/sites/items?commune_code=09.581.01.05&limit=1"} {
				separator := "?"
				if strings.Contains(path, "?") {
					separator = "&"
				}
				if got := first(t, path+separator+"crs="+system.URI); got[0] != want[0] || got[1] != want[1] {
					t.Errorf("%s in %s: %v, want %v", path, system.Name, got, want)
				}
			}
		}
		// Every boundary of the country, to the end.
		d, _ := s.doc(t, "/api/collections/communes/items?detail=low&limit=10000&crs=http://www.opengis.net/def/crs/EPSG/0/26195")
		if n := len(list(d, "features")); n != 1503 {
			t.Errorf("%d communes", n)
		}
	})

	t.Run("req/crs/fc-crs-valid-value", func(t *testing.T) {
		for _, path := range []string{site, "/api/collections/sites/items"} {
			s.problem(t, path+"?crs=http://www.opengis.net/def/crs/EPSG/0/32629", "crs")
		}
		s.problem(t, "/api/collections/sites/items?f=geojsonl&crs=http://www.opengis.net/def/crs/EPSG/0/4326", "crs") // such files are in longitude and latitude
	})

	t.Run("req/crs/fc-bbox-crs-definition, fc-bbox-crs-valid-value, bbox-crs-action", func(t *testing.T) {
		const box = "-10.1,29.3,-8.6,30"
		want, _ := s.doc(t, "/api/collections/sites/items?located=yes&bbox="+box)
		if len(ids(want)) != 8 {
			t.Fatalf("%d sites in the box", len(ids(want)))
		}
		for _, system := range crs.Systems {
			low, _ := system.Point([2]float64{-10.1, 29.3})
			high, _ := system.Point([2]float64{-8.6, 30})
			if system.Projected { // the box that holds the curved one
				box, _ := system.Point([2]float64{-10.1, 30})
				low[0], high[1] = min(low[0], box[0]), max(high[1], box[1])
				box, _ = system.Point([2]float64{-8.6, 29.3})
				low[1], high[0] = min(low[1], box[1]), max(high[0], box[0])
			}
			got, _ := s.doc(t, fmt.Sprintf("/api/collections/sites/items?located=yes&bbox=%f,%f,%f,%f&bbox-crs=%s", low[0], low[1], high[0], high[1], system.URI))
			if !slices.Equal(ids(got), ids(want)) {
				t.Errorf("%s: %v", system.Name, ids(got))
			}
		}
		s.problem(t, "/api/collections/sites/items?bbox="+box+"&bbox-crs=EPSG:4326", "bbox-crs")
	})
}

func TestOGCFeaturesPart3(t *testing.T) {
	s := startPublic(t)
	items := func(collection, filter, more string) string {
		return "/api/collections/" + collection + "/items?filter=" + url.QueryEscape(filter) + more
	}
	const north, web = "http://www.opengis.net/def/crs/EPSG/0/26191", "http://www.opengis.net/def/crs/EPSG/0/3857"

	t.Run("req/features-filter, req/filter/filter-param, filter-lang-param, filter-crs-param", func(t *testing.T) {
		for _, tc := range []struct{ collection, filter, more, want string }{
			{"sites", "kind = 'craft_zone'", "", "1"},
			{"sites", "kind = 'craft_zone'", "&filter-lang=cql2-text", "1"},
			{"sites", `{"op":"=","args":[{"property":"kind"},"craft_zone"]}`, "&filter-lang=cql2-json", "1"},
			{"sites", "status = 'under_works' OR geometry IS NULL", "", "2"},
			{"sites", "S_INTERSECTS(geometry, BBOX(-10.1,29.3,-8.6,30))", "", "8"},
			{"sites", "S_INTERSECTS(geometry, BBOX(29.3,-10.1,30,-8.6))", "&filter-crs=http://www.opengis.net/def/crs/EPSG/0/4326", "8"},
			{"sites", "S_INTERSECTS(geometry, POINT(-9.83729 29.71))", "", "0"},
			{"communes", "S_INTERSECTS(geometry, POINT(-9 29.7))", "", "1"},
			{"communes", "population_2024 > 100000 AND type = 'urban'", "&region_code=09&bbox=-180,-90,180,90", ""},
			{"agreements", "T_INTERSECTS(signed, INTERVAL('2021-07-01','2021-07-31'))", "", "3"},
			{"amendments", "target = 'tiznit-anzi-craft-complex'", "", "1"},
		} {
			d, _ := s.doc(t, items(tc.collection, tc.filter, tc.more))
			if tc.want != "" && fmt.Sprint(d["numberMatched"]) != tc.want || len(list(d, "features")) != int(d["numberMatched"].(float64)) || len(list(d, "features")) == 0 && tc.want != "0" {
				t.Errorf("%s%s: %v of %v, want %s", tc.filter, tc.more, d["numberReturned"], d["numberMatched"], tc.want)
			}
		}
		// One point, in each system that has it.
		for _, system := range crs.Systems {
			p, _ := system.Point([2]float64{-9, 29.7})
			d, _ := s.doc(t, items("communes", fmt.Sprintf("S_INTERSECTS(geometry, POINT(%f %f))", p[0], p[1]), "&filter-crs="+system.URI))
			if len(list(d, "features")) != 1 {
				t.Errorf("%s: %d communes at the point", system.Name, len(list(d, "features")))
			}
		}
	})

	t.Run("a wrong filter says where it stopped and what could have stood there", func(t *testing.T) {
		for filter, want := range map[string][]string{
			"kind = 'craft_zone' AN status = 'open'": {"kind = 'craft_zone' ▶AN", "AND"},
			"kind =":                                 {"kind =▶", "expected"},
			"colour = 'red'":                         {"colour", "one of"},
			"kindd = 'craft_zone'":                   {"perhaps kind"},
			"kind = 'bazaar'":                        {"craft_zone"},
		} {
			path := items("sites", filter, "")
			s.problem(t, path, "filter")
			body, _ := s.get(t, path, http.StatusBadRequest)
			for _, words := range want {
				if !strings.Contains(string(body), words) {
					t.Errorf("%s: %s lacks %q", filter, body, words)
				}
			}
		}
		s.problem(t, items("sites", "kind = 'craft_zone'", "&filter-lang=ecql"), "filter-lang")
		s.problem(t, items("sites", "kind = 'craft_zone'", "&filter-crs=EPSG:4326"), "filter-crs")
		s.problem(t, items("sites", "S_INTERSECTS(geometry, POINT(500000 1e12))", "&filter-crs="+north), "filter-crs")
		s.problem(t, items("sites", "S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", ""), "filter")
		s.get(t, items("sites", "S_INTERSECTS(geometry, POINT(0 0))", "&filter-crs="+web), http.StatusOK)
	})
}

// The properties that a collection can be asked by are those that its features have. They and the parameters stand in docs/api.md.
func TestQueryablesAreTheProperties(t *testing.T) {
	s := startPublic(t)
	text := document(t, "api.md")
	definition, _ := s.doc(t, "/api/openapi.json")
	for path, methods := range definition["paths"].(doc) {
		for _, p := range methods.(doc)["get"].(doc)["parameters"].([]any) {
			if name := p.(doc)["name"].(string); p.(doc)["in"] == "query" && !strings.Contains(text, "`"+name+"`") {
				t.Errorf("parameter %s of %s isn't documented", name, path)
			}
		}
	}
	for _, system := range crs.Systems {
		if !strings.Contains(text, system.URI) || !strings.Contains(text, system.Name) {
			t.Errorf("%s isn't documented", system.Name)
		}
	}
	for _, id := range feature.Collections {
		path := "/api/collections/" + id + "/queryables"
		d, header := s.doc(t, path)
		if got := header.Get("Content-Type"); got != "application/schema+json" {
			t.Errorf("%s", got)
		}
		if !strings.HasPrefix(fmt.Sprint(d["$id"]), s.url+path) || d["type"] != "object" || d["additionalProperties"] != false {
			t.Errorf("%s: %v", id, d["$id"])
		}
		properties := d["properties"].(doc)
		if (properties["geometry"] == nil) != (id == feature.Amendments) {
			t.Errorf("%s: geometry %v", id, properties["geometry"])
		}
		one, _ := s.doc(t, "/api/collections/"+id+"/items?limit=1")
		for name := range list(one, "features")[0].(doc)["properties"].(doc) {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s of %s isn't documented", name, id)
			}
			if c, _ := feature.ColumnOf(id, name); c.Type != feature.Parts && properties[name] == nil {
				t.Errorf("%s of %s is no queryable", name, id)
			}
		}
		s.get(t, path+"?f=html", http.StatusOK)
	}
	d, _ := s.doc(t, "/api/collections/sites/queryables")
	if kinds := fmt.Sprint(d["properties"].(doc)["kind"].(doc)["enum"]); !strings.Contains(kinds, "craft_zone") {
		t.Errorf("kinds %s", kinds)
	}
}
