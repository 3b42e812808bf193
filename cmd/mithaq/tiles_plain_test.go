package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"mithaq/internal/cql"
	"mithaq/internal/edtf"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
	"mithaq/internal/tile"
)

// plainSite is a site as its GeoJSON tells it.
type plainSite struct {
	Name      *string            `json:"name"`
	NameAR    *string            `json:"name_ar"`
	NameEN    *string            `json:"name_en"`
	Kind      string             `json:"kind"`
	Status    string             `json:"status"`
	Precision registry.Precision `json:"location_precision"`
	Commune   registry.PlaceCode `json:"commune_code"`
	Province  registry.PlaceCode `json:"province_code"`
	Region    registry.PlaceCode `json:"region_code"`
	Works     []string           `json:"works"`
}

// plainTile draws the tile of some features of sites by looking at each of them: by units below zoom 10, above one by one while there are at
// most 800, else by the unit that is all that is known of them, or by squares.
func plainTile(t *testing.T, places *gazetteer.Gazetteer, a tile.Address, features []registry.Feature) []byte {
	t.Helper()
	made := tile.New(a)
	byUnit := map[registry.PlaceCode]int{}
	type square struct{ count, x, y int }
	groups := map[string]*square{}
	var kept []registry.Feature
	for _, f := range features {
		p := plainly(t, f)
		if a.Zoom < 10 {
			levels := []registry.PlaceCode{p.Region, p.Province, p.Commune}
			switch {
			case a.Zoom < 5:
				levels = levels[:1]
			case a.Zoom < 7:
				levels = levels[:2]
			}
			var finest registry.PlaceCode
			for _, code := range levels {
				finest = cmp.Or(code, finest)
			}
			if finest != "" {
				byUnit[finest]++
				continue
			}
		}
		b := f.Geometry.Bound()
		if _, point := f.Geometry.(orb.Point); point && !made.Holds(b.Min) || !point && !b.Intersects(made.Box()) {
			continue
		}
		kept = append(kept, f)
		if !made.Holds(b.Center()) {
			continue
		}
		at := made.Position(b.Center())
		x, y := int(math.Floor(at[0])), int(math.Floor(at[1]))
		key := cmp.Or(string(p.unit()), fmt.Sprintf("cell-%d-%d", x/256, y/256))
		if groups[key] == nil {
			groups[key] = &square{}
		}
		groups[key].count++
		groups[key].x += x
		groups[key].y += y
	}
	count := func(key string, at orb.Point, n int) {
		properties := map[string]any{"count": n}
		if unit, ok := places.Place(registry.PlaceCode(key)); ok {
			for name, text := range map[string]string{"code": key, "level": string(unit.Level), "name": unit.NameFR, "name_ar": unit.NameAR} {
				if text != "" {
					properties[name] = text
				}
			}
		}
		made.Add("site_counts", key, at, properties)
	}
	for code, n := range byUnit {
		unit, ok := places.Place(code)
		if !ok || unit.Label == nil {
			t.Fatalf("%s has no label point", code)
		}
		count(string(code), *unit.Label, n)
	}
	if len(kept) > 800 {
		for key, g := range groups {
			count(key, middleOf(a, g.x/g.count, g.y/g.count), g.count)
		}
		kept = nil
	}
	for _, f := range kept {
		p := plainly(t, f)
		layer := "sites"
		if p.unit() != "" {
			layer = "sites_in_area"
		}
		properties := map[string]any{}
		for name, text := range map[string]*string{"id": &f.ID, "name": cmp.Or(p.Name, p.NameEN), "name_ar": p.NameAR, "kind": &p.Kind, "status": &p.Status, "precision": (*string)(&p.Precision), "code": (*string)(new(p.unit()))} {
			if text != nil && *text != "" {
				properties[name] = *text
			}
		}
		made.Add(layer, f.ID, f.Geometry, properties)
	}
	raw, err := made.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func plainly(t *testing.T, f registry.Feature) (p plainSite) {
	t.Helper()
	if err := json.Unmarshal(f.JSON, &struct{ Properties *plainSite }{&p}); err != nil {
		t.Fatal(err)
	}
	return p
}

// unit is the unit that is all that is known; empty when more is known.
func (p plainSite) unit() registry.PlaceCode {
	switch p.Precision {
	case registry.PrecisionCommune:
		return p.Commune
	case registry.PrecisionProvince:
		return p.Province
	case registry.PrecisionRegion:
		return p.Region
	}
	return ""
}

// middleOf is the middle of a unit of a tile, degrees, by the arithmetic of another library.
func middleOf(a tile.Address, x, y int) orb.Point {
	deeper := maptile.New(uint32(a.Col*tile.Extent+x), uint32(a.Row*tile.Extent+y), maptile.Zoom(a.Zoom+12))
	return deeper.Center()
}

// Every tile is that of a look at each feature, to the byte, whatever is asked and however often.
func TestTilesAreThePlainOnes(t *testing.T) {
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(6, 1_000_000))
	var store *sqlite.Store
	s := startAt(t, false, "127.0.0.1:0", "https://mithaq.example", func(opened *sqlite.Store, _ *serving) { store = opened })
	centres := putClusters(t, store, places, random, "first")
	counted, drawn, empty := 0, 0, 0
	for i := range 150 {
		if i == 75 { // what was kept must not outlive it
			putClusters(t, store, places, random, "second")
		}
		q := registry.FeatureQuery{Collection: feature.Sites, Day: pickOf[edtf.Day](random, "2019-01-01", "2021-06-30", "2026-01-01"), Located: registry.LocatedYes}
		values := url.Values{"as-of": {string(q.Day)}}
		switch random.IntN(6) {
		case 0:
			values.Set("kind", "craft_zone")
			q.Where = map[string]string{"kind": "craft_zone"}
		case 1:
			values.Set("works", "creation")
			q.Lists = map[string]string{"works": "creation"}
		case 2:
			code := pickOf[registry.PlaceCode](random, "09", "09.581", "09.581.01.05")
			values.Set(string(levelOf(places, code))+"_code", string(code))
			q.Places = []registry.PlaceCode{code}
		case 3:
			values.Set("filter", "shops > 25")
			e, err := cql.ParseText("shops > 25")
			if err != nil {
				t.Fatal(err)
			}
			if q.Filter, err = cql.Check(e, []cql.Queryable{{Name: "shops", Type: cql.TypeInteger}}); err != nil {
				t.Fatal(err)
			}
		}
		near := pickOf(random, centres...)
		a := tile.At(orb.Point{near[0] + 0.05*random.NormFloat64(), near[1] + 0.05*random.NormFloat64()}, random.IntN(tile.MaxZoom+1))
		var all []registry.Feature
		if err := store.EachFeature(t.Context(), q, func(f registry.Feature) error { all = append(all, f); return nil }); err != nil {
			t.Fatal(err)
		}
		want := plainTile(t, places, a, all)
		address := fmt.Sprintf("/api/collections/sites/tiles/WebMercatorQuad/%d/%d/%d?%s", a.Zoom, a.Row, a.Col, values.Encode())
		for range 2 { // made, and kept
			res, err := http.Get(s.url + address)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %s, %d bytes, %v; want %d bytes", address, res.Status, len(got), err, len(want))
			}
		}
		switch {
		case len(want) == 0:
			empty++
		case bytes.Contains(want, []byte("site_counts")):
			counted++
		default:
			drawn++
		}
	}
	if counted < 40 || drawn < 20 || empty < 3 {
		t.Errorf("%d tiles count, %d draw one by one, %d are empty: the test is blind there", counted, drawn, empty)
	}
}

func pickOf[T any](random *rand.Rand, all ...T) T { return all[random.IntN(len(all))] }

func levelOf(places *gazetteer.Gazetteer, code registry.PlaceCode) registry.PlaceLevel {
	unit, _ := places.Place(code)
	return unit.Level
}

// putClusters publishes sites of every precision round some places, so many that tiles of several zooms are full, and gives these places.
func putClusters(t *testing.T, store *sqlite.Store, places *gazetteer.Gazetteer, random *rand.Rand, prefix string) (centres []orb.Point) {
	t.Helper()
	codes := []registry.PlaceCode{"09", "09.581", "09.581.01", "09.581.01.05", "09.581.03.03", "06.141.01.13", "06.141.01.0", ""}
	err := store.Write(t.Context(), func(w registry.Writer) error {
		for i := range 1_800 {
			id := registry.ID(fmt.Sprintf("%s-%d", prefix, i))
			if err := w.Append(registry.Revision{Record: &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: id}}, Author: "a", Reason: "r", At: time.Now()})(t.Context()); err != nil {
				return err
			}
			code := codes[i%len(codes)]
			p := plainSite{Kind: pickOf(random, "craft_zone", "other"), Status: "open", Precision: pickOf(random, registry.PrecisionPoint, registry.PrecisionFootprint, registry.PrecisionLocality), Works: []string{}}
			f := registry.Feature{Collection: feature.Sites, ID: string(id), Unit: code}
			at := orb.Point{-7.1, 31.9}
			if code != "" {
				self, _ := places.Place(code)
				for _, u := range append(places.Ancestors(code), self) {
					f.Places = append(f.Places, u.Code)
					if u.Label != nil {
						at = *u.Label
					}
					switch u.Level {
					case registry.LevelCommune:
						p.Commune = u.Code
					case registry.LevelProvince:
						p.Province = u.Code
					case registry.LevelRegion:
						p.Region = u.Code
					}
				}
				if self.Label != nil && random.IntN(3) == 0 { // known no better
					p.Precision = pickOf(random, registry.PrecisionCommune, registry.PrecisionProvince, registry.PrecisionRegion)
				}
			}
			if i < len(codes) {
				centres = append(centres, at)
			}
			f.Geometry = at
			if slices.Contains([]registry.Precision{registry.PrecisionPoint, registry.PrecisionFootprint, registry.PrecisionLocality}, p.Precision) {
				spread := pickOf(random, 0.001, 0.01, 0.1)
				at = orb.Point{at[0] + spread*random.NormFloat64(), at[1] + spread*random.NormFloat64()}
				f.Geometry = at
				if p.Precision == registry.PrecisionFootprint {
					f.Geometry = orb.Polygon{{at, {at[0] + spread, at[1]}, {at[0], at[1] + spread}, at}}
				}
			}
			for _, name := range []**string{&p.Name, &p.NameAR, &p.NameEN} {
				if random.IntN(2) == 0 {
					*name = new(strings.Repeat("é\"<&", random.IntN(5)) + string(id))
				}
			}
			if random.IntN(2) == 0 {
				p.Works = append(p.Works, "creation")
			}
			properties, err := json.Marshal(p)
			if err != nil {
				return err
			}
			f.JSON = fmt.Appendf(nil, `{"type":"Feature","id":%q,"geometry":null,"properties":{"shops":%d,%s}`, id, random.IntN(50), properties[1:])
			f.Where = map[string]string{"kind": p.Kind, "status": p.Status, "location_precision": string(p.Precision)}
			derived := registry.Derived{Record: id, Features: []registry.Feature{f}}
			if i%5 == 0 {
				derived.Features[0].Until = edtf.Day("2020-01-01")
				f.From = "2021-01-01"
				derived.Features = append(derived.Features, f)
			}
			if err := w.Derive(derived)(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return centres
}
