package tile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
	"mithaq/internal/tile"
)

// decode reads a tile back by name of layer, in units.
func decode(t *testing.T, made *tile.Tile) map[string][]*geojson.Feature {
	t.Helper()
	raw, err := made.Encode()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := mvt.Unmarshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]*geojson.Feature{}
	for _, l := range layers {
		if l.Extent != tile.Extent || l.Version != 2 {
			t.Errorf("layer %s of extent %d, version %d", l.Name, l.Extent, l.Version)
		}
		out[l.Name] = l.Features
	}
	return out
}

func places(t *testing.T) *gazetteer.Gazetteer {
	t.Helper()
	g, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestParseAddress(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"0/0/0", "{0 0 0}"},
		{"12/1693/1945", "{12 1693 1945}"},
		{"16/65535/65535", "{16 65535 65535}"},
		{"0/1/0", "not_found tileRow"},
		{"0/0/1", "not_found tileCol"},
		{"16/65536/0", "not_found tileRow"},
		{"17/0/0", "not_found tileMatrix"},
		{"99999999999999999999/0/0", "not_found tileMatrix"},
		{"1/2147483647/2147483647", "not_found tileRow"},
		{"01/0/0", "not_found tileMatrix"},
		{"-1/0/0", "invalid tileMatrix"},
		{"1/x/0", "invalid tileRow"},
		{"1/0/", "invalid tileCol"},
		{"1/0/1.5", "invalid tileCol"},
		{"1/0/٣", "invalid tileCol"},
	} {
		parts := strings.Split(tc.in, "/")
		a, err := tile.ParseAddress(parts[0], parts[1], parts[2])
		got := fmt.Sprint(a)
		if e := (*registry.Error)(nil); errors.As(err, &e) {
			got = string(e.Code) + " " + e.Param
		}
		if got != tc.want {
			t.Errorf("%s: %s, want %s", tc.in, got, tc.want)
		}
	}
}

// Against the tile arithmetic of another library.
func TestEveryPointIsInOneTile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		p := orb.Point{-180 + 360*r.Float64(), -85 + 170*r.Float64()}
		zoom := r.IntN(tile.MaxZoom + 1)
		want := maptile.At(p, maptile.Zoom(zoom))
		home := tile.At(p, zoom)
		if home.Col != int(want.X) || home.Row != int(want.Y) {
			t.Fatalf("%v at zoom %d: %v, want %v", p, zoom, home, want)
		}
		for row := max(home.Row-1, 0); row <= min(home.Row+1, 1<<zoom-1); row++ {
			for col := max(home.Col-1, 0); col <= min(home.Col+1, 1<<zoom-1); col++ {
				a := tile.Address{Zoom: zoom, Row: row, Col: col}
				made := tile.New(a)
				made.Add("l", "k", p, nil)
				if got := len(decode(t, made)["l"]) == 1; got != (a == home) {
					t.Fatalf("%v is in %v: %t", p, a, got)
				}
			}
		}
	}
}

func TestPositionsAreWithinAUnit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		p := orb.Point{-17 + 16*r.Float64(), 21 + 15*r.Float64()}
		a := tile.At(p, r.IntN(tile.MaxZoom+1))
		made := tile.New(a)
		made.Add("l", "k", p, nil)
		layer := &mvt.Layer{Extent: tile.Extent, Features: decode(t, made)["l"]}
		layer.ProjectToWGS84(maptile.New(uint32(a.Col), uint32(a.Row), maptile.Zoom(a.Zoom)))
		got := layer.Features[0].Geometry.(orb.Point)
		unit := 360 / float64(int(tile.Extent)<<a.Zoom)
		if math.Abs(got[0]-p[0]) > unit || math.Abs(got[1]-p[1]) > unit {
			t.Errorf("%v at zoom %d reads back as %v", p, a.Zoom, got)
		}
	}
}

// ring is a ring of n positions round a point, degrees, counter-clockwise as RFC 7946 has outer ones.
func ring(centre orb.Point, radius float64, n int) orb.Ring {
	var out orb.Ring
	for i := range n {
		angle := 2 * math.Pi * float64(i) / float64(n)
		out = append(out, orb.Point{centre[0] + radius*math.Cos(angle), centre[1] + radius*math.Sin(angle)})
	}
	return append(out, out[0])
}

func TestAreas(t *testing.T) {
	centre := orb.Point{-8.9, 29.7}
	hole := ring(centre, 0.01, 12)
	hole.Reverse()
	island := orb.MultiPolygon{{ring(centre, 0.03, 40), hole}}
	before := island.Clone()
	a := tile.At(centre, 10)
	made := tile.New(a)
	made.Add("l", "k", island, map[string]any{"name": "x"})
	if !island.Equal(before) {
		t.Error("the feature itself was changed")
	}
	f := decode(t, made)["l"][0]
	p, ok := f.Geometry.(orb.Polygon)
	if !ok || len(p) != 2 {
		t.Fatalf("%T of %v", f.Geometry, f.Geometry)
	}
	if outer, inner := planar.Area(orb.Polygon{p[0]}), planar.Area(p); outer <= inner || area(p[0]) <= 0 || area(p[1]) >= 0 {
		t.Errorf("outer ring %v, hole %v: the standard winds them the other way", area(p[0]), area(p[1]))
	}

	t.Run("an area round the tile fills it with its margin", func(t *testing.T) {
		deep := tile.New(tile.At(orb.Point{centre[0] + 0.02, centre[1]}, 16))
		deep.Add("l", "k", island, nil)
		b := decode(t, deep)["l"][0].Geometry.Bound()
		if b.Min != (orb.Point{-64, -64}) || b.Max != (orb.Point{tile.Extent + 64, tile.Extent + 64}) {
			t.Errorf("it spans %v", b)
		}
	})
	t.Run("the hole is empty", func(t *testing.T) {
		deep := tile.New(tile.At(centre, 16))
		deep.Add("l", "k", island, nil)
		if got := decode(t, deep); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("what is too small is one unit, in one tile", func(t *testing.T) {
		n := 0
		for row := range 4 {
			for col := range 4 {
				made := tile.New(tile.Address{Zoom: 2, Row: row, Col: col})
				made.Add("l", "k", orb.Polygon{ring(centre, 0.0001, 8)}, nil)
				for _, f := range decode(t, made)["l"] {
					n++
					if got := planar.Area(f.Geometry); got != 1 {
						t.Errorf("area %v", got)
					}
				}
			}
		}
		if n != 1 {
			t.Errorf("it is in %d tiles", n)
		}
	})
	t.Run("nothing, and elsewhere, draws nothing", func(t *testing.T) {
		made := tile.New(a)
		made.Add("l", "nil", nil, nil)
		made.Add("l", "far", orb.Polygon{ring(orb.Point{5, 50}, 1, 8)}, nil)
		made.Add("l", "far point", orb.Point{5, 50}, nil)
		made.Add("l", "empty", orb.MultiPolygon{}, nil)
		if raw, err := made.Encode(); raw != nil || err != nil {
			t.Errorf("%d bytes, %v", len(raw), err)
		}
	})
}

// area is positive for a ring that runs clockwise on a screen, where y grows downwards.
func area(r orb.Ring) (sum float64) {
	for i := 1; i < len(r); i++ {
		sum += r[i-1][0]*r[i][1] - r[i][0]*r[i-1][1]
	}
	return sum / 2
}

func TestTheSameFeaturesMakeTheSameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var want []byte
	for range 5 {
		made := tile.New(tile.Address{})
		for _, i := range r.Perm(50) {
			made.Add(fmt.Sprint("layer", i%3), fmt.Sprint("key", i), orb.Point{float64(i), 1}, map[string]any{"name": fmt.Sprint(i), "kind": "a", "count": i})
		}
		raw, err := made.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = raw
		}
		if !bytes.Equal(raw, want) {
			t.Fatal("another order makes other bytes")
		}
	}
}

func TestCountSites(t *testing.T) {
	finest := map[registry.PlaceCode]int{
		"09.581.01.05": 3, "09.581.03.03": 2, "09.581": 4, "09": 5, "": 7, "99": 8,
		"09.581.03":    6, // a cercle has no label point: its province
		"06.141.01.13": 9, // an arrondissement: its commune
	}
	for level, want := range map[registry.PlaceLevel]string{
		registry.LevelCommune:  "map[06.141.01.0:9 09:5 09.581:10 09.581.01.05:3 09.581.03.03:2]",
		registry.LevelProvince: "map[06.141:9 09:5 09.581:15]",
		registry.LevelRegion:   "map[06:9 09:20]",
	} {
		counts, left := tile.CountSites(places(t), level, finest)
		if fmt.Sprint(map[registry.PlaceCode]int(counts)) != want || fmt.Sprintf("%q", left) != `["" "99"]` {
			t.Errorf("by %s: %v and %q, want %s", level, counts, left, want)
		}
	}
}

// sites makes features as the collection of sites has them.
func siteFeature(id string, g orb.Geometry, precision registry.Precision) registry.Feature {
	raw, err := json.Marshal(map[string]any{"type": "Feature", "id": id, "geometry": nil, "properties": map[string]any{
		"name": "Complexe d’artisanat et d’économie sociale et solidaire de " + id, "name_ar": "مركب الصناعة التقليدية والاقتصاد الاجتماعي " + id, "name_en": nil,
		"kind": "craft_complex", "status": "announced", "location_precision": precision, "commune_code": "09.581.01.05", "province_code": "09.581", "region_code": "09"}})
	if err != nil {
		panic(err)
	}
	return registry.Feature{Collection: "sites", ID: id, Geometry: g, JSON: raw}
}

// addSites draws sites as whoever serves tiles does, and reports whether they are counted.
func addSites(t *testing.T, made *tile.Tile, features []registry.Feature) (counted bool) {
	t.Helper()
	sites := made.Sites(places(t))
	for _, f := range features {
		_, exact := f.Geometry.(orb.Point)
		at := registry.Spot{Box: f.Geometry.Bound(), Point: exact, Precision: registry.PrecisionPoint, Unit: "09.581.01.05"}
		if bytes.Contains(f.JSON, []byte(`"location_precision":"commune"`)) {
			at.Precision = registry.PrecisionCommune
		}
		sites.Add(at)
	}
	if sites.TooMany() {
		sites.DrawCounts()
		return true
	}
	for _, f := range features {
		if err := made.AddSite(places(t), f); err != nil {
			t.Fatal(err)
		}
	}
	return false
}

func TestSitesOneByOneOrCounted(t *testing.T) {
	unit, _ := places(t).Place("09.581.01.05")
	a := tile.At(*unit.Label, 12)
	for _, tc := range []struct{ exact, inArea int }{{3, 2}, {500, 300}, {500, 500}, {0, 800}, {0, 801}, {0, 5000}, {20000, 10}} {
		r := rand.New(rand.NewPCG(7, 8))
		made := tile.New(a)
		var features []registry.Feature
		box := a.Box()
		inside := 0
		for i := range tc.exact {
			p := orb.Point{box.Min[0] + r.Float64()*(box.Max[0]-box.Min[0]), box.Min[1] + r.Float64()*(box.Max[1]-box.Min[1])}
			if made.Holds(p) {
				inside++
			}
			features = append(features, siteFeature(fmt.Sprint("exact-", i), p, registry.PrecisionPoint))
		}
		for i := range tc.inArea {
			features = append(features, siteFeature(fmt.Sprint("area-", i), *unit.Label, registry.PrecisionCommune))
		}
		if counted := addSites(t, made, features); counted != (inside+tc.inArea > 800) {
			t.Errorf("%+v: counted %t", tc, counted)
		}
		raw, err := made.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 200_000 {
			t.Errorf("%+v: %d bytes", tc, len(raw))
		}
		layers := decode(t, made)
		if all := inside + tc.inArea; all <= 800 {
			if len(layers["sites"]) != inside || len(layers["sites_in_area"]) != tc.inArea || len(layers["site_counts"]) != 0 {
				t.Errorf("%+v: %d sites, %d in area, %d counts", tc, len(layers["sites"]), len(layers["sites_in_area"]), len(layers["site_counts"]))
			}
			for _, f := range layers["sites"] {
				if f.Properties["precision"] != "point" || f.Properties["id"] == nil || f.Properties["name_en"] != nil || f.ID == nil {
					t.Errorf("%v %v", f.ID, f.Properties)
				}
			}
			for _, f := range layers["sites_in_area"] {
				if f.Properties["precision"] != "commune" || f.Properties["code"] != "09.581.01.05" {
					t.Errorf("%v", f.Properties)
				}
			}
			continue
		}
		sum := 0.0
		for _, f := range layers["site_counts"] {
			sum += f.Properties["count"].(float64)
			if code := f.Properties["code"]; code != nil && (code != "09.581.01.05" || f.Properties["count"] != float64(tc.inArea) || f.Properties["level"] != "commune") {
				t.Errorf("%v", f.Properties)
			}
		}
		if sum != float64(inside+tc.inArea) || len(layers) != 1 {
			t.Errorf("%+v: counts add up to %v, want %d; layers %d", tc, sum, inside+tc.inArea, len(layers))
		}
	}
}

func TestABrokenSiteIsNotDrawn(t *testing.T) {
	made := tile.New(tile.Address{})
	f := siteFeature("a", orb.Point{1, 1}, registry.PrecisionPoint)
	f.JSON = f.JSON[:20]
	if err := made.AddSite(places(t), f); err == nil || len(decode(t, made)) != 0 {
		t.Errorf("%v, %v", err, decode(t, made))
	}
}

// Every commune is in the tiles of every zoom, however small it is there, and no tile is too large.
func TestNoBoundaryIsLost(t *testing.T) {
	g := places(t)
	for _, zoom := range []int{0, 4, 6, 7, 8} {
		boundaries, err := gazetteer.Boundaries(tile.DetailAt(zoom))
		if err != nil {
			t.Fatal(err)
		}
		tiles := map[tile.Address]*tile.Tile{}
		for _, unit := range g.Places(registry.LevelCommune) {
			boundary := boundaries[unit.Code]
			b := boundary.Bound()
			low, high := tile.At(orb.Point{b.Min[0], b.Max[1]}, zoom), tile.At(orb.Point{b.Max[0], b.Min[1]}, zoom)
			for row := low.Row; row <= high.Row; row++ {
				for col := low.Col; col <= high.Col; col++ {
					a := tile.Address{Zoom: zoom, Row: row, Col: col}
					if tiles[a] == nil {
						tiles[a] = tile.New(a)
					}
					tiles[a].AddBoundary(g, "communes", unit.Code, boundary)
				}
			}
		}
		seen := map[any]bool{}
		for a, made := range tiles {
			raw, err := made.Encode()
			if err != nil || len(raw) > 200_000 {
				t.Errorf("%v: %d bytes, %v", a, len(raw), err)
			}
			for _, f := range decode(t, made)["communes"] {
				seen[f.Properties["code"]] = true
				if f.Properties["name"] == nil || f.Properties["province_code"] == nil || f.Properties["region_code"] == nil {
					t.Errorf("%v", f.Properties)
				}
			}
		}
		if want := len(g.Places(registry.LevelCommune)); len(seen) != want {
			t.Errorf("zoom %d: %d communes of %d", zoom, len(seen), want)
		}
	}
}

// Two communes that share a border share it in the tile: no gap, no overlap.
func TestNeighboursStillShareTheirBorder(t *testing.T) {
	g := places(t)
	boundaries, err := gazetteer.Boundaries(gazetteer.DetailMedium)
	if err != nil {
		t.Fatal(err)
	}
	unit, _ := g.Place("09.581.01.05")
	made := tile.New(tile.At(*unit.Label, 8))
	codes := []registry.PlaceCode{unit.Code}
	for _, n := range g.Neighbours(unit.Code) {
		codes = append(codes, n.Code)
	}
	for _, code := range codes {
		made.AddBoundary(g, "communes", code, boundaries[code])
	}
	corners := map[orb.Point][]any{}
	for _, f := range decode(t, made)["communes"] {
		polygons, ok := f.Geometry.(orb.MultiPolygon)
		if !ok {
			polygons = orb.MultiPolygon{f.Geometry.(orb.Polygon)}
		}
		for _, p := range polygons {
			for _, corner := range p[0][1:] {
				corners[corner] = append(corners[corner], f.Properties["code"])
			}
		}
	}
	alone := 0
	for _, owners := range corners {
		if slices.Contains(owners, any(string(unit.Code))) && len(owners) == 1 {
			alone++
		}
	}
	if alone > 0 {
		t.Errorf("%d corners of the border of %s belong to no neighbour", alone, unit.Code)
	}
}
