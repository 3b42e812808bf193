package gazetteer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"

	"mithaq/internal/registry"
)

func boundaries(t testing.TB, d Detail) map[registry.PlaceCode]orb.MultiPolygon {
	t.Helper()
	b, err := Boundaries(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func eachDetail(t *testing.T, test func(t *testing.T, d Detail, b map[registry.PlaceCode]orb.MultiPolygon)) {
	for _, d := range Details {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, d, boundaries(t, d))
		})
	}
}

func TestEveryUnitThatHasABoundaryHasOne(t *testing.T) {
	g := gazetteer(t)
	eachDetail(t, func(t *testing.T, d Detail, b map[registry.PlaceCode]orb.MultiPolygon) {
		if len(b) != 12+75+1503+41 {
			t.Errorf("%d boundaries, want 1631", len(b))
		}
		for _, level := range registry.PlaceLevels {
			for _, p := range g.Places(level) {
				if has := len(b[p.Code]) > 0; has != (p.Label != nil) {
					t.Errorf("%s: boundary %v, label point %v", p.Code, has, p.Label)
				}
			}
		}
	})
}

func TestRingsAreClosedAndWound(t *testing.T) {
	eachDetail(t, func(t *testing.T, d Detail, b map[registry.PlaceCode]orb.MultiPolygon) {
		holes := 0
		for code, area := range b {
			for _, polygon := range area {
				for i, ring := range polygon {
					want := orb.CCW
					if i > 0 {
						want = orb.CW
						holes++
					}
					if len(ring) < 4 || !ring.Closed() || ring.Orientation() != want {
						t.Errorf("%s ring %d: %d positions, closed %v, winding %d", code, i, len(ring), ring.Closed(), ring.Orientation())
					}
				}
			}
		}
		if holes == 0 {
			t.Error("towns inside a rural commune are holes in it, and there is none")
		}
	})
}

// Low detail moves limits by hundreds of metres: six label points fall outside there, and it is not for asking where a point is.
func TestLabelPointsLieInTheirUnit(t *testing.T) {
	g := gazetteer(t)
	for _, d := range []Detail{DetailMedium, DetailHigh} {
		b := boundaries(t, d)
		for _, level := range registry.PlaceLevels {
			for _, p := range g.Places(level) {
				if p.Label != nil && !Contains(b[p.Code], *p.Label) {
					t.Errorf("%s: the label point of %s is outside", d, p.Code)
				}
			}
		}
	}
}

func TestControlPoints(t *testing.T) {
	g := gazetteer(t)
	eachDetail(t, func(t *testing.T, d Detail, b map[registry.PlaceCode]orb.MultiPolygon) {
		for _, tc := range []struct {
			name  string
			point orb.Point // lon, lat
			units []registry.PlaceCode
		}{
			{"Rabat", orb.Point{-6.833, 34.013}, []registry.PlaceCode{"04", "04.421", "04.421.01.0", "04.421.01.05"}},
			{"Tiznit", orb.Point{-9.732, 29.697}, []registry.PlaceCode{"09", "09.581", "09.581.01.07"}},
			{"Tanger", orb.Point{-5.800, 35.767}, []registry.PlaceCode{"01", "01.511", "01.511.01.0"}},
			{"the sea off Agadir", orb.Point{-10.5, 30.4}, nil},
			{"lat, lon by mistake", orb.Point{34.013, -6.833}, nil},
		} {
			for _, level := range []registry.PlaceLevel{registry.LevelRegion, registry.LevelProvince, registry.LevelCommune} {
				var in []registry.PlaceCode
				for _, p := range g.Places(level) {
					if Contains(b[p.Code], tc.point) {
						in = append(in, p.Code)
					}
				}
				if len(in) > 1 || len(in) == 0 != (tc.units == nil) {
					t.Errorf("%s: in %v of level %s", tc.name, in, level)
				}
			}
			for _, code := range tc.units {
				if !Contains(b[code], tc.point) {
					t.Errorf("%s is not in %s", tc.name, code)
				}
			}
		}
	})
}

// Another source's points: the commune of each was found on the limits at full resolution, before any simplification.
func TestTownsOfGeoNamesLieInTheirCommune(t *testing.T) {
	f, err := os.Open("../../geodata/places.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := boundaries(t, DetailHigh)
	towns, outside := 0, 0
	err = eachRow(f, func(row row) error {
		lon, errLon := parseFloat(row.text("lon"))
		lat, errLat := parseFloat(row.text("lat"))
		code := registry.PlaceCode(row.text("in_commune"))
		if code == "" { // two points lie off the coast
			return errors.Join(errLon, errLat)
		}
		towns++
		if !Contains(b[code], orb.Point{lon, lat}) {
			outside++
			t.Logf("%s is not in %s", row.text("name"), code)
		}
		return errors.Join(errLon, errLat)
	})
	if err != nil {
		t.Fatal(err)
	}
	if towns != 261 || outside > 2 {
		t.Errorf("%d of %d towns are outside their commune", outside, towns)
	}
}

func TestAreasAgreeWithTheGazetteer(t *testing.T) {
	g := gazetteer(t)
	b := boundaries(t, DetailHigh)
	for _, c := range g.Places(registry.LevelCommune) {
		km2 := geo.Area(b[c.Code]) / 1e6 // on a sphere: up to 0.7 % off
		if ratio := km2 / *c.AreaKM2; ratio < 0.94 || ratio > 1.06 {
			t.Errorf("%s: %.2f km², the gazetteer says %.2f", c.Code, km2, *c.AreaKM2)
		}
	}
}

// The file that draws the communes names their cercle, province and region: the same as the codes tell.
func TestBoundariesAndGazetteerAgreeOnTheUnitsAbove(t *testing.T) {
	g := gazetteer(t)
	topology, err := embeddedTopology("communes.topojson")
	if err != nil {
		t.Fatal(err)
	}
	for _, geometry := range topology.Objects["communes"].Geometries {
		var is struct{ Cercle, Province, Region string }
		if err := json.Unmarshal(geometry.Properties, &is); err != nil {
			t.Fatal(err)
		}
		want := is.Region + " " + is.Province
		if is.Cercle != "" {
			want += " " + is.Cercle
		}
		got := ""
		for _, p := range g.Ancestors(registry.PlaceCode(geometry.ID)) {
			got += " " + string(p.Code)
		}
		if got != " "+want {
			t.Errorf("%s lies in%s, the boundary file says %s", geometry.ID, got, want)
		}
	}
}

func TestUncertaintyCoversTheUnit(t *testing.T) {
	g := gazetteer(t)
	b := boundaries(t, DetailMedium)
	for _, c := range g.Places(registry.LevelCommune) {
		radius := UncertaintyMetres(*c.Label, b[c.Code])
		if radius != float64(int(radius)) || radius <= 0 {
			t.Errorf("%s: %g is no whole number of metres", c.Code, radius)
		}
		for _, polygon := range b[c.Code] {
			for _, p := range polygon[0] {
				if geo.Distance(*c.Label, p) > radius*1.001 { // another formula, a thousandth off
					t.Fatalf("%s: %v is outside the circle of %g m", c.Code, p, radius)
				}
			}
		}
	}
	square := orb.MultiPolygon{{{{0, 0}, {0.01, 0}, {0.01, 0.01}, {0, 0.01}, {0, 0}}}}
	if got := UncertaintyMetres(orb.Point{0, 0}, square); got != 1575 {
		t.Errorf("the diagonal of a hundredth of a degree is %g m, want 1575", got)
	}
	if got := UncertaintyMetres(orb.Point{0, 0}, nil); got != 0 {
		t.Errorf("no boundary has radius %g, want 0", got)
	}
}

func TestBoundariesRefusesAnUnknownDetail(t *testing.T) {
	if _, err := Boundaries("finest"); err == nil {
		t.Error("want an error")
	}
}

func TestReadTopologyRefusesWhatItCannotDraw(t *testing.T) {
	const file = `{"type":"Topology","transform":{"scale":[1,1],"translate":[0,0]},"arcs":[[[0,0],[2,0],[0,2]],[[2,2],[-2,-2]]],"objects":{"l":{"geometries":[%s]}}}`
	for _, tc := range []struct {
		geometry string
		ok       bool
	}{
		{`{"type":"Polygon","arcs":[[0,1]]}`, true},
		{`{"type":"MultiPolygon","arcs":[[[-2,-1]]]}`, true},
		{`{"type":"Polygon","arcs":[[0]]}`, false},    // not closed
		{`{"type":"Polygon","arcs":[[0,7]]}`, false},  // no such arc
		{`{"type":"Polygon","arcs":[[0,-7]]}`, false}, // nor backwards
		{`{"type":"LineString","arcs":[0]}`, false},
		{`{"type":"Polygon","arcs":7}`, false},
	} {
		topology, err := readTopology(fmt.Appendf(nil, file, tc.geometry))
		if err != nil {
			t.Fatal(err)
		}
		land, err := topology.land("l")
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v, %v", tc.geometry, land, err)
		}
		if tc.ok && land[0][0].Orientation() != orb.CCW {
			t.Errorf("%s: the exterior ring runs clockwise", tc.geometry)
		}
	}
	for _, data := range []string{"", "{}", `{"type":"FeatureCollection"}`, `{"type":"Topology","arcs":[]}`} {
		if _, err := readTopology([]byte(data)); err == nil {
			t.Errorf("readTopology(%q): want an error", data)
		}
	}
}

func TestBackground(t *testing.T) {
	b, err := Background()
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Neighbours) == 0 || len(b.Country) == 0 || len(b.Labels) != 5 || len(b.Towns) != 82 {
		t.Errorf("%d pieces of neighbours, %d of the country, %d labels, %d towns", len(b.Neighbours), len(b.Country), len(b.Labels), len(b.Towns))
	}
	g := gazetteer(t)
	for _, town := range b.Towns {
		if _, ok := g.Place(town.Commune); !ok || town.Population < 20000 {
			t.Errorf("%+v", town)
		}
	}
	data, err := b.GeoJSON()
	if err != nil {
		t.Fatal(err)
	}
	var collection struct {
		Type     string
		Features []struct {
			Type       string
			Properties struct{ Layer string }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(data, &collection); err != nil {
		t.Fatal(err)
	}
	layers := map[string]int{}
	for _, f := range collection.Features {
		layers[f.Properties.Layer+" "+f.Geometry.Type]++
		if len(f.Geometry.Coordinates) == 0 || f.Type != "Feature" {
			t.Errorf("%s has no coordinates", f.Properties.Layer)
		}
	}
	want := map[string]int{"neighbours MultiPolygon": 1, "country MultiPolygon": 1, "country_label Point": 5, "town Point": 82}
	if collection.Type != "FeatureCollection" || fmt.Sprint(layers) != fmt.Sprint(want) {
		t.Errorf("layers %v, want %v", layers, want)
	}
}
