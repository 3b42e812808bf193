package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"mithaq/internal/tile"
)

// tiledSites are sites of each precision: a point, a footprint over the edge of tiles, a point in no known unit, a province, a commune, nowhere.
const tiledSites = `{"format":"mithaq-records-1","records":[
{"type":"source","id":"bulletin","kind":"official","lang":"fr","titles":[{"lang":"fr","text":"Bulletin","origin":"registry"}],"rights":"official_text"},
{"type":"site","id":"at-point","statements":[S(/kind),S(/place),S(/position),S(/status)],"kind":"craft_market","names":[{"lang":"fr","text":"Souk","origin":"registry"}],
 "place":{"name":"Tafraout","as_written":"Tafraout","level":"commune","within":"09.581"},"position":{"geometry":{"type":"Point","coordinates":[-8.98,29.7]},"precision":"point"},"status":"open","agreements":[]},
{"type":"site","id":"at-footprint","statements":[S(/kind),S(/place),S(/position),S(/status)],"kind":"craft_zone","names":[{"lang":"fr","text":"Zone","origin":"registry"}],
 "place":{"name":"Tafraout","as_written":"Tafraout","level":"commune","within":"09.581"},
 "position":{"geometry":{"type":"Polygon","coordinates":[[[-8.990,29.690],[-8.970,29.690],[-8.970,29.705],[-8.990,29.705],[-8.990,29.690]]]},"precision":"footprint"},"status":"open","agreements":[]},
{"type":"site","id":"in-no-unit","statements":[S(/kind),S(/position),S(/status)],"kind":"other","names":[{"lang":"fr","text":"Ailleurs","origin":"registry"}],
 "position":{"geometry":{"type":"Point","coordinates":[-7.1,31.9]},"precision":"point"},"status":"open","agreements":[]},
{"type":"site","id":"in-province","statements":[S(/kind),S(/place),S(/status)],"kind":"other","names":[{"lang":"fr","text":"Centre","origin":"registry"}],
 "place":{"name":"Tiznit","as_written":"province de Tiznit","level":"province"},"status":"announced","agreements":[]},
{"type":"site","id":"in-commune","statements":[S(/kind),S(/place),S(/status)],"kind":"other","names":[{"lang":"fr","text":"Centre","origin":"registry"}],
 "place":{"name":"Tafraout","as_written":"Tafraout","level":"commune","within":"09.581"},"status":"announced","agreements":[]},
{"type":"site","id":"nowhere","statements":[S(/kind),S(/status)],"kind":"other","names":[{"lang":"fr","text":"Inconnu","origin":"registry"}],"status":"announced","agreements":[]}
]}`

// tile asks for a tile and reads it back, by layer. None of it is the answer for 204.
func (s server) tile(t *testing.T, tileset string, a tile.Address, query string) map[string][]*geojson.Feature {
	t.Helper()
	path := fmt.Sprintf("/api%s/tiles/WebMercatorQuad/%d/%d/%d%s", tileset, a.Zoom, a.Row, a.Col, query)
	res, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	raw, header := s.get(t, path, http.StatusOK)
	if got := header.Get("Content-Type"); got != "application/vnd.mapbox-vector-tile" {
		t.Errorf("%s is served as %s", path, got)
	}
	layers, err := mvt.Unmarshal(raw)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	out := map[string][]*geojson.Feature{}
	for _, l := range layers {
		if len(l.Features) == 0 || out[l.Name] != nil {
			t.Errorf("%s: layer %s is empty or there twice", path, l.Name)
		}
		out[l.Name] = l.Features
	}
	return out
}

func of(features []*geojson.Feature, property string) (out []string) {
	for _, f := range features {
		out = append(out, fmt.Sprint(f.Properties[property]))
	}
	slices.Sort(out)
	return out
}

// These tests go through the abstract test suite of OGC API - Tiles part 1 (20-057, annex A), each under the identifier of its requirement.
func TestOGCTilesPart1(t *testing.T) {
	s := startPublic(t)
	s.load(t, withStatements(tiledSites))
	const rel = "http://www.opengis.net/def/rel/ogc/1.0/"
	roots := []string{"", "/collections/sites", "/collections/communes", "/collections/provinces", "/collections/regions"}

	t.Run("req/core/conformance-success", func(t *testing.T) {
		d, _ := s.doc(t, "/api/conformance")
		for _, class := range []string{"core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "oas30"} {
			if !slices.Contains(list(d, "conformsTo"), any("http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"+class)) {
				t.Errorf("%s isn't declared", class)
			}
		}
	})

	t.Run("req/core/tc-tilematrix-definition, tc-tilerow-definition, tc-tilecol-definition, req/oas30/completeness, operation-id", func(t *testing.T) {
		d, _ := s.doc(t, "/api/openapi.json")
		paths := d["paths"].(doc)
		for _, root := range roots {
			prefix := ".dataset"
			if _, id, ok := strings.Cut(root, "/collections/"); ok {
				prefix = id + ".collection"
			}
			for below, operation := range map[string]string{"": "getTileSetsList", "/WebMercatorQuad": "getTileSet", "/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": "getTile"} {
				path, ok := paths[root+"/tiles"+below].(doc)
				if !ok {
					t.Fatalf("%s/tiles%s isn't defined", root, below)
				}
				get := path["get"].(doc)
				if get["operationId"] != prefix+".vector."+operation {
					t.Errorf("%s%s: operation %v", root, below, get["operationId"])
				}
				for _, name := range []string{"tileMatrix", "tileRow", "tileCol"} {
					defined := slices.ContainsFunc(list(get, "parameters"), func(p any) bool {
						return p.(doc)["name"] == name && p.(doc)["in"] == "path" && p.(doc)["required"] == true
					})
					if defined != (operation == "getTile") {
						t.Errorf("%s%s: %s is defined: %t", root, below, name, defined)
					}
				}
			}
		}
		for path, id := range map[string]string{"/tileMatrixSets": ".getTileMatrixSetsList", "/tileMatrixSets/WebMercatorQuad": ".getTileMatrixSet"} {
			if got := paths[path].(doc)["get"].(doc)["operationId"]; got != id {
				t.Errorf("%s: operation %v", path, got)
			}
		}
	})

	t.Run("req/dataset-tilesets/landingpage, operation, req/geodata-tilesets/desc-links, operation", func(t *testing.T) {
		d, _ := s.doc(t, "/api")
		if got := linked(t, d, rel+"tilesets-vector", "application/json"); got != s.url+"/api/tiles?f=json" {
			t.Errorf("from the landing page: %s", got)
		}
		s.get(t, s.path(t, linked(t, d, rel+"tiling-schemes", "application/json")), http.StatusOK)
		for _, path := range []string{"/api/collections", "/api/collections/sites", "/api/collections/agreements"} {
			d, _ := s.doc(t, path)
			all := list(d, "collections")
			if all == nil {
				all = []any{d}
			}
			for _, c := range all {
				id := c.(doc)["id"].(string)
				links := linksOf(t, c.(doc), rel+"tilesets-vector")
				if slices.Contains(roots, "/collections/"+id) != (len(links) == 1) {
					t.Errorf("%s of %s: %v", path, id, links)
				}
				for _, l := range links {
					if l["href"] != s.url+"/api/collections/"+id+"/tiles?f=json" {
						t.Errorf("%v", l)
					}
				}
			}
		}
	})

	t.Run("req/tilesets-list/tileset-links", func(t *testing.T) {
		for _, root := range roots {
			d, header := s.doc(t, "/api"+root+"/tiles")
			if header.Get("Content-Type") != "application/json" {
				t.Errorf("%s", header.Get("Content-Type"))
			}
			sets := list(d, "tilesets")
			if len(sets) != 1 {
				t.Fatalf("%d tilesets", len(sets))
			}
			set := sets[0].(doc)
			if set["dataType"] != "vector" || set["crs"] == nil || set["tileMatrixSetURI"] != "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad" {
				t.Errorf("%v", set)
			}
			if got := s.path(t, linked(t, set, "self", "application/json")); !strings.HasPrefix(got, "/api"+root+"/tiles/WebMercatorQuad") {
				t.Errorf("self %s", got)
			}
			linked(t, set, rel+"tiling-scheme", "application/json")
			for _, l := range list(set, "links") { // the executable suite reads each of them as JSON
				s.doc(t, s.path(t, l.(doc)["href"].(string)), "Accept", "application/json")
			}
		}
	})

	t.Run("req/tileset/description, core/tc-op", func(t *testing.T) {
		for _, root := range roots {
			list1, _ := s.doc(t, "/api"+root+"/tiles")
			d, _ := s.doc(t, s.path(t, linked(t, list(list1, "tilesets")[0].(doc), "self", "application/json")))
			if d["dataType"] != "vector" || d["crs"] != "http://www.opengis.net/def/crs/EPSG/0/3857" || d["tileMatrixSetURI"] == nil || d["boundingBox"] == nil {
				t.Errorf("%v", d)
			}
			scheme, _ := s.doc(t, s.path(t, linked(t, d, rel+"tiling-scheme", "application/json")))
			if scheme["crs"] != d["crs"] || len(list(scheme, "tileMatrices")) != 25 {
				t.Errorf("scheme %v", scheme)
			}
			items := linksOf(t, d, "item")
			if len(items) != 1 || items[0]["templated"] != true || items[0]["type"] != "application/vnd.mapbox-vector-tile" {
				t.Fatalf("items %v", items)
			}
			limits := list(d, "tileMatrixSetLimits")
			if len(limits) != tile.MaxZoom+1 {
				t.Fatalf("%d limits", len(limits))
			}
			for _, l := range limits[:8] {
				l := l.(doc)
				address := strings.NewReplacer("{tileMatrix}", fmt.Sprint(l["tileMatrix"]), "{tileRow}", fmt.Sprint(l["maxTileRow"]), "{tileCol}", fmt.Sprint(l["minTileCol"])).Replace(items[0]["href"].(string))
				res, err := http.Get(address)
				if err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
					t.Errorf("%s: %v, %v", address, res.Status, err)
				}
				beyond := strings.NewReplacer("{tileMatrix}", fmt.Sprint(l["tileMatrix"]), "{tileRow}", fmt.Sprint(l["maxTileRow"].(float64)+1), "{tileCol}", "0").Replace(items[0]["href"].(string))
				if res, err := http.Get(beyond); err != nil || res.StatusCode != http.StatusNotFound {
					t.Errorf("%s: %v, %v", beyond, res.Status, err)
				}
			}
			// What a tile holds is what its tileset says.
			layers := map[string]doc{}
			for _, l := range list(d, "layers") {
				layers[l.(doc)["id"].(string)] = l.(doc)["propertiesSchema"].(doc)["properties"].(doc)
			}
			for _, zoom := range []int{0, 5, 8, 10, 14} {
				for name, features := range s.tile(t, root, tile.At(orb.Point{-8.98, 29.7}, zoom), "?f=mvt") {
					if layers[name] == nil {
						t.Errorf("%s: layer %s isn't described", root, name)
					}
					for _, f := range features {
						for property := range f.Properties {
							if layers[name][property] == nil {
								t.Errorf("%s: property %s of %s isn't described", root, property, name)
							}
						}
					}
				}
			}
		}
	})

	t.Run("tms/2.0/req/json-tilematrixset", func(t *testing.T) {
		d, _ := s.doc(t, "/api/tileMatrixSets")
		set := list(d, "tileMatrixSets")[0].(doc)
		for _, rel := range []string{"self", "item"} { // the executable suite looks for item
			if got := linked(t, set, rel, "application/json"); got != s.url+"/api/tileMatrixSets/WebMercatorQuad?f=json" {
				t.Errorf("%s: %s", rel, got)
			}
		}
		d, _ = s.doc(t, "/api/tileMatrixSets/WebMercatorQuad")
		for i, want := range map[int]float64{0: 559082264.028717, 10: 545978.773465544, 24: 33.3238997477} { // 17-083r4, table D.1
			m := list(d, "tileMatrices")[i].(doc)
			if got := m["scaleDenominator"].(float64); m["id"] != strconv.Itoa(i) || got/want-1 > 1e-9 || want/got-1 > 1e-9 || m["matrixWidth"] != float64(int(1)<<i) {
				t.Errorf("%d: %v", i, m)
			}
		}
	})

	t.Run("req/core/tc-success, req/mvt/content", func(t *testing.T) {
		got := s.tile(t, "/collections/sites", tile.At(orb.Point{-8.98, 29.7}, 12), "")
		for _, f := range got["sites"] {
			if f.Properties["id"] != "at-point" {
				continue
			}
			layer := mvt.Layer{Extent: tile.Extent, Features: []*geojson.Feature{f}}
			layer.ProjectToWGS84(maptile.At(orb.Point{-8.98, 29.7}, 12))
			if p := f.Geometry.(orb.Point); math.Abs(p[0]+8.98) > 2.2e-5 || math.Abs(p[1]-29.7) > 2.2e-5 {
				t.Errorf("it is drawn at %v", p)
			}
			return
		}
		t.Errorf("%v", got)
	})

	t.Run("req/core/tc-error", func(t *testing.T) {
		for path, want := range map[string]struct {
			status    int
			parameter string
		}{
			"/api/collections/sites/tiles/WebMercatorQuad/0/1/0":                               {404, "tileRow"},
			"/api/collections/sites/tiles/WebMercatorQuad/3/0/8":                               {404, "tileCol"},
			"/api/collections/sites/tiles/WebMercatorQuad/17/0/0":                              {404, "tileMatrix"},
			"/api/collections/sites/tiles/WebMercatorQuad/6/2147483647/2147483647":             {404, "tileRow"},
			"/api/collections/sites/tiles/WorldCRS84Quad/0/0/0":                                {404, "tileMatrixSet"},
			"/api/collections/agreements/tiles/WebMercatorQuad/0/0/0":                          {404, "collection"},
			"/api/collections/agreements/tiles":                                                {404, "collection"},
			"/api/tileMatrixSets/WorldCRS84Quad":                                               {404, "tileMatrixSet"},
			"/api/collections/sites/tiles/WebMercatorQuad/x/0/0":                               {400, "tileMatrix"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/-1/0":                              {400, "tileRow"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0.5":                             {400, "tileCol"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?f=png":                         {400, "f"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?colour=red":                    {400, "colour"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?kind=bazaar":                   {400, "kind"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?bbox=0,0,1,1":                  {400, "bbox"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?as-of=yesterday":               {400, "as-of"},
			"/api/collections/communes/tiles/WebMercatorQuad/0/0/0?kind=craft_zone":            {400, "kind"},
			"/api/tiles/WebMercatorQuad/0/0/0?kind=craft_zone":                                 {400, "kind"},
			"/api/collections/sites/tiles/WebMercatorQuad?f=tilejson&kind=bazaar":              {400, "kind"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?filter=nonsense":               {400, "filter"},
			"/api/collections/sites/tiles?kind=craft_zone":                                     {400, "kind"},
			"/api/collections/sites/tiles/WebMercatorQuad/0/0/0?kind=craft_zone&kind=training": {400, "kind"},
		} {
			body, _ := s.get(t, path, want.status)
			if !strings.Contains(string(body), `"parameter":"`+want.parameter+`"`) {
				t.Errorf("%s: %s", path, body)
			}
		}
		for _, path := range []string{"/api/collections/sites/tiles/WebMercatorQuad/10/0/0", "/api/tiles/WebMercatorQuad/4/0/0", "/api/collections/sites/tiles/WebMercatorQuad/0/0/0?kind=public_space"} {
			if body, header := s.get(t, path, http.StatusNoContent); len(body) != 0 || header.Get("Cache-Control") != "no-cache" || header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %q %v", path, body, header)
			}
		}
	})
}

// Every located site is in exactly the tile that it lies in, in the layer that says how well its place is known; and however coarse the
// zoom, the sites add up.
func TestTilesHoldEverySite(t *testing.T) {
	s := start(t, true)
	s.load(t, withStatements(tiledSites))
	var collection struct {
		Features []struct {
			ID         string
			Geometry   *geojson.Geometry
			Properties struct {
				Precision string `json:"location_precision"`
			}
		}
	}
	raw, _ := s.get(t, "/api/collections/sites/items?located=yes&limit=10000", http.StatusOK)
	if err := json.Unmarshal(raw, &collection); err != nil {
		t.Fatal(err)
	}
	if len(collection.Features) != 13 {
		t.Fatalf("%d located sites", len(collection.Features))
	}

	// The tiles round the country.
	each := func(zoom int, yield func(tile.Address)) {
		low, high := tile.At(orb.Point{-17.5, 36.2}, zoom), tile.At(orb.Point{-0.5, 20.5}, zoom)
		for row := low.Row; row <= high.Row; row++ {
			for col := low.Col; col <= high.Col; col++ {
				yield(tile.Address{Zoom: zoom, Row: row, Col: col})
			}
		}
	}
	for zoom := range 10 {
		sum := 0
		levels := map[string]bool{}
		each(zoom, func(a tile.Address) {
			got := s.tile(t, "/collections/sites", a, "")
			for _, f := range got["site_counts"] {
				sum += int(f.Properties["count"].(float64))
				levels[fmt.Sprint(f.Properties["level"])] = true
			}
			for _, f := range got["sites"] { // in no unit to be counted by
				sum++
				if f.Properties["id"] != "in-no-unit" {
					t.Errorf("zoom %d: %v", zoom, f.Properties)
				}
			}
		})
		if sum != len(collection.Features) {
			t.Errorf("zoom %d: %d sites, want %d", zoom, sum, len(collection.Features))
		}
		if level := string(tile.LevelAt(zoom)); !levels[level] || zoom < 7 && len(levels) != 1 {
			t.Errorf("zoom %d: counted by %v, want %s", zoom, levels, level)
		}
	}

	const zoom = 12
	want := map[tile.Address][]string{}
	for _, f := range collection.Features {
		b := f.Geometry.Geometry().Bound()
		low, high := tile.At(orb.Point{b.Min[0], b.Max[1]}, zoom), tile.At(orb.Point{b.Max[0], b.Min[1]}, zoom)
		layer := "sites"
		if slices.Contains([]string{"commune", "province", "region"}, f.Properties.Precision) {
			layer = "sites_in_area"
		}
		for row := low.Row; row <= high.Row; row++ {
			for col := low.Col; col <= high.Col; col++ {
				a := tile.Address{Zoom: zoom, Row: row, Col: col}
				want[a] = append(want[a], layer+" "+f.ID)
			}
		}
	}
	if len(want) < 6 {
		t.Fatalf("%d tiles: the footprint should lie in several", len(want))
	}
	for home := range want {
		for row := home.Row - 1; row <= home.Row+1; row++ {
			for col := home.Col - 1; col <= home.Col+1; col++ {
				a := tile.Address{Zoom: zoom, Row: row, Col: col}
				var got []string
				for layer, features := range s.tile(t, "/collections/sites", a, "") {
					for _, id := range of(features, "id") {
						got = append(got, layer+" "+id)
					}
				}
				slices.Sort(got)
				slices.Sort(want[a])
				if !slices.Equal(got, want[a]) {
					t.Errorf("%v holds %q, want %q", a, got, want[a])
				}
			}
		}
	}
}

func TestTilesAreNarrowed(t *testing.T) {
	s := start(t, true)
	s.load(t, withStatements(tiledSites))
	at := tile.At(orb.Point{-8.98, 29.7}, 10)
	for query, want := range map[string]string{
		"?kind=craft_zone":                                             "[at-footprint] []",
		"?kind=craft_market":                                           "[at-point] [site-tafraout-craft-market]",
		"?location_precision=footprint&status=open":                    "[at-footprint] []",
		"?commune_code=09.581.03.03":                                   "[] []",
		"?filter=kind='craft_zone'%20AND%20status='open'":              "[at-footprint] []",
		"?as-of=2020-01-01&location_precision=point&kind=craft_market": "[at-point] []",
	} {
		got := s.tile(t, "/collections/sites", at, query)
		if got := fmt.Sprint(of(got["sites"], "id"), of(got["sites_in_area"], "id")); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string]string{"": "14", "?kind=craft_zone": "1", "?filter=kind='craft_zone'": "1", "?filter=kind='other'%20AND%20location_precision='commune'": "1", "?commune_code=09.581.01.05": "5", "?region_code=01": "[]"} {
		got := s.tile(t, "/collections/sites", tile.Address{}, query)
		count := strings.Trim(fmt.Sprint(of(got["site_counts"], "count")), "[]")
		if query == "" {
			count = fmt.Sprint(len(got["sites"])) + ": " + count
			want = "1: 12" // the one in no unit stands for itself
		}
		if want == "[]" {
			want = ""
		}
		if count != want {
			t.Errorf("%q: %s, want %s", query, count, want)
		}
	}
	if got := of(s.tile(t, "/collections/communes", tile.Address{}, "?province_code=09.581")["communes"], "code"); len(got) != 25 || got[0] != "09.581.01.05" {
		t.Errorf("%v", got)
	}

	d := s.json(t, "/api/collections/sites/tiles/WebMercatorQuad?f=tilejson&kind=craft_zone")
	d.want("/tiles", "[https://mithaq.example/api/collections/sites/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt&kind=craft_zone]")
	d.want("/tilejson", "3.0.0")
	d.want("/maxzoom", "16")
	if got := d.each("/vector_layers", "/id"); fmt.Sprint(got) != "[sites sites_in_area site_counts]" {
		t.Errorf("layers %v", got)
	}
}

// A tile keeps its ETag through publications that don't touch it.
func TestTileETags(t *testing.T) {
	s := start(t, true)
	low, near, far := "/api/collections/sites/tiles/WebMercatorQuad/0/0/0", "/api/collections/sites/tiles/WebMercatorQuad/9/211/243", "/api/collections/sites/tiles/WebMercatorQuad/10/423/485"
	tags := map[string]string{}
	for _, path := range []string{low, near, far, "/api/tiles/WebMercatorQuad/8/105/121"} {
		_, header := s.get(t, path, http.StatusOK, "Accept-Encoding", "identity")
		tags[path] = header.Get("ETag")
		if tags[path] == "" || strings.HasPrefix(tags[path], "W/") || header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v", path, header)
		}
		s.get(t, path, http.StatusNotModified, "Accept-Encoding", "identity", "If-None-Match", tags[path])
		if _, again := s.get(t, path, http.StatusOK, "Accept-Encoding", "gzip"); again.Get("Content-Encoding") == "gzip" && again.Get("ETag") == tags[path] {
			t.Errorf("%s: the compressed one has the same ETag", path)
		}
	}
	s.load(t, withStatements(tiledSites))
	for path, status := range map[string]int{low: http.StatusOK, near: http.StatusOK, far: http.StatusNotModified} {
		s.get(t, path, status, "Accept-Encoding", "identity", "If-None-Match", tags[path])
	}
}

func TestRandomTiles(t *testing.T) {
	s := start(t, true)
	s.load(t, withStatements(tiledSites))
	r := rand.New(rand.NewPCG(9, 10))
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	statuses := map[int]int{}
	for range 1500 {
		zoom := r.IntN(19)
		row, col := fmt.Sprint(r.Uint64N(1<<zoom)), fmt.Sprint(r.Uint64N(1<<zoom))
		if r.IntN(2) == 0 { // in the country
			a := tile.At(orb.Point{-17 + 16*r.Float64(), 21 + 15*r.Float64()}, zoom)
			row, col = fmt.Sprint(a.Row), fmt.Sprint(a.Col)
		}
		if r.IntN(20) == 0 {
			row = pick("-1", "x", "1e3", "", "%00", "99999999999999999999", "0x1", "1.0", "%2F", "%D9%A3")
		}
		path := "/api" + pick("", "/collections/sites", "/collections/sites", "/collections/communes", "/collections/provinces", "/collections/regions", "/collections/agreements") +
			"/tiles/" + pick("WebMercatorQuad", "WebMercatorQuad", "WebMercatorQuad", "WebMercatorQuad", "X") + "/" + fmt.Sprint(zoom) + "/" + row + "/" + col +
			pick("", "", "?f=mvt", "?f=png", "?as-of=2024-05-01", "?as-of=2024-02-30", "?kind=craft_zone", "?kind=';--", "?region_code=09", "?type=urban", "?works=creation", "?party=No", "?limit=1")
		res, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		statuses[res.StatusCode]++
		if !slices.Contains([]int{200, 204, 400, 404}, res.StatusCode) {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	for _, status := range []int{200, 204, 400, 404} {
		if statuses[status] < 20 {
			t.Errorf("%d answers of %d: the test is blind there", statuses[status], status)
		}
	}
}

// GDAL reads the tiles from their addresses as they are documented.
func TestGDALReadsTiles(t *testing.T) {
	ogrinfo := tool(t, "ogrinfo")
	s := startPublic(t)
	s.load(t, withStatements(tiledSites))
	read := func(collection string, a tile.Address) string {
		return runTool(t, nil, ogrinfo, "-ro", "-al", fmt.Sprintf("MVT:%s/api%s/tiles/WebMercatorQuad/%d/%d/%d?f=mvt", s.url, collection, a.Zoom, a.Row, a.Col),
			"-oo", fmt.Sprint("Z=", a.Zoom), "-oo", fmt.Sprint("Y=", a.Row), "-oo", fmt.Sprint("X=", a.Col))
	}
	at := tile.At(orb.Point{-8.98, 29.7}, 14)
	out := read("/collections/sites", at)
	found := regexp.MustCompile(`(?s)id \(String\) = at-point.*?POINT \((\S+) (\S+)\)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("%s", out)
	}
	x, _ := strconv.ParseFloat(found[1], 64)
	y, _ := strconv.ParseFloat(found[2], 64)
	if unit := 40075016.7 / (1 << 14) / tile.Extent; math.Abs(x+999649.027) > unit || math.Abs(y-3465045.635) > unit { // PROJ, EPSG:3857
		t.Errorf("GDAL sees it at %f, %f", x, y)
	}
	if !strings.Contains(out, "Layer name: sites\n") || !strings.Contains(out, "POLYGON ((") {
		t.Errorf("%s", out)
	}
	out = read("/collections/communes", tile.Address{Zoom: 3, Row: 3, Col: 3})
	if n := strings.Count(out, "\n  code (String) = "); n != 1503 {
		t.Errorf("GDAL sees %d communes", n)
	}
	if strings.Contains(out, "ERROR") || strings.Contains(out, "Warning") {
		t.Errorf("%.2000s", out)
	}
}
