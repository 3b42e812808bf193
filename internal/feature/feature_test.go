package feature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geo"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// published is when test records are published.
var published = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// boundaries are decoded once for each detail; tests don't change them.
var boundaries = map[gazetteer.Detail]func() (map[registry.PlaceCode]orb.MultiPolygon, error){}

func init() {
	for _, d := range gazetteer.Details {
		boundaries[d] = sync.OnceValues(func() (map[registry.PlaceCode]orb.MultiPolygon, error) { return gazetteer.Boundaries(d) })
	}
}

func areas(t *testing.T, d gazetteer.Detail) map[registry.PlaceCode]orb.MultiPolygon {
	t.Helper()
	b, err := boundaries[d]()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// maker draws by the boundaries of medium detail.
func maker(t *testing.T) Maker {
	t.Helper()
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	limits := areas(t, gazetteer.DetailMedium)
	return Maker{
		Places: places,
		Spot: func(code registry.PlaceCode) (Spot, bool, error) {
			b, ok := limits[code]
			if !ok {
				return Spot{}, false, nil
			}
			unit, _ := places.Place(code)
			return SpotIn(unit.Label, b), true, nil
		},
		Resolve: func(p *registry.WrittenPlace) registry.Resolution {
			return places.Resolve(gazetteer.Written{Name: p.Name, Level: p.Level, Within: p.Within})
		},
	}
}

// stored is a record as a store gives it, its places resolved.
func stored(m Maker, r registry.Record) registry.Stored {
	s := registry.Stored{Record: r, Revision: 1, Updated: published}
	for _, p := range r.WrittenPlaces() {
		s.Places = append(s.Places, registry.PlacedAt{Pointer: p.Pointer, Resolution: m.Resolve(p.Place)})
	}
	return s
}

func in(name string) *registry.WrittenPlace {
	return &registry.WrittenPlace{Name: name, AsWritten: "commune de " + name, Level: registry.LevelCommune, Within: "09.581"}
}

func site(id registry.ID, place *registry.WrittenPlace) *registry.Site {
	return &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: id}, Kind: registry.CraftZone,
		Names: registry.Texts{{Lang: "fr", Text: "Zone d’<activités>", Origin: registry.OriginPrinted}}, Place: place, Status: registry.StatusAnnounced}
}

func agreement(place *registry.WrittenPlace, scope registry.Scope) *registry.Agreement {
	return &registry.Agreement{Header: registry.Header{Type: registry.TypeAgreement, ID: "accord"}, Kind: registry.PartnershipAgreement, Documentation: registry.Documented,
		Titles: registry.Texts{{Lang: "fr", Text: "Accord", Origin: registry.OriginRegistry}}, Place: place, Scope: scope}
}

// change is an amendment of accord that sets one value of record from a day on.
func change(record registry.ID, effective, path, value string) Change {
	return Change{Updated: published, Amendment: &registry.Amendment{Header: registry.Header{Type: registry.TypeAmendment, ID: registry.ID("avenant-" + effective)}, Target: "accord",
		Effective: edtf.MustParse(effective), Sets: []registry.Change{{Record: record, Path: path, Value: json.RawMessage(value)}}}}
}

// decoded is a feature read back, its properties' names in their order.
type decoded struct {
	Type       string
	ID         string
	Geometry   *struct{ Type string }
	Properties map[string]any
	names      []string
}

func decode(t *testing.T, f registry.Feature) (d decoded) {
	t.Helper()
	if bytes.ContainsAny(f.JSON, "\n\r") {
		t.Errorf("a line break in %s", f.JSON)
	}
	var raw struct{ Properties json.RawMessage }
	if err := json.Unmarshal(f.JSON, &d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(f.JSON, &raw); err != nil {
		t.Fatal(err)
	}
	for _, column := range registry.FeatureColumns { // filters ask the one and are meant to ask the other
		if value, _ := d.Properties[column].(string); value != f.Where[column] {
			t.Errorf("%s is chosen by %q and tells %q", column, f.Where[column], value)
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw.Properties))
	for depth, key := 0, false; ; {
		token, err := dec.Token()
		if err != nil {
			return d
		}
		delim, isDelim := token.(json.Delim)
		switch {
		case isDelim && (delim == '{' || delim == '['):
			depth++
			key = depth == 1
			continue
		case isDelim:
			depth--
		case depth == 1 && key:
			d.names = append(d.names, token.(string))
			key = false
			continue
		}
		key = depth == 1
	}
}

// only makes the site's features and expects one.
func only(t *testing.T, m Maker, s *registry.Site) (registry.Feature, decoded) {
	t.Helper()
	all, err := m.Site(stored(m, s), nil)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d features, %v", len(all), err)
	}
	return all[0], decode(t, all[0])
}

// contract is the table of contract.md, "GeoJSON of a site".
var contract = strings.Fields(`name name_ar name_en kind commune_code commune_name province_code province_name region_code region_name
	place_as_written place_match location_precision coordinate_uncertainty_m surface_m2 surface_qualifier shops shops_qualifier
	works utilities trades status agreements sources updated`)

func TestSitePropertiesAreTheContracts(t *testing.T) {
	_, d := only(t, maker(t), site("zone", in("Tafraout")))
	if len(d.names) < len(contract) || !slices.Equal(d.names[:len(contract)], contract) {
		t.Errorf("properties\n%v\nwant first\n%v", d.names, contract)
	}
	if d.Type != "Feature" || d.ID != "zone" || d.Properties["updated"] != "2026-01-02T03:04:05Z" || d.Properties["name"] != "Zone d’<activités>" {
		t.Errorf("%+v", d)
	}
	if len(d.names) != len(d.Properties) {
		t.Errorf("a property twice: %v", d.names)
	}
}

func TestWhatIsNotKnownIsNull(t *testing.T) {
	bare := site("zone", nil)
	bare.Names[0].Lang = "ar"
	f, d := only(t, maker(t), bare)
	if f.Geometry != nil || d.Geometry != nil || !bytes.Contains(f.JSON, []byte(`"geometry":null`)) {
		t.Errorf("a geometry from nowhere: %s", f.JSON)
	}
	for _, name := range strings.Fields(`name name_en commune_code commune_name province_code province_name region_code region_name place_as_written
		coordinate_uncertainty_m surface_m2 surface_qualifier shops shops_qualifier surface_kind shops_created shops_restored`) {
		if v, there := d.Properties[name]; !there || v != nil {
			t.Errorf("%s is %v, there: %v", name, v, there)
		}
	}
	for _, name := range strings.Fields("works utilities trades agreements sources localities amended_by possibly_amended_by") {
		if list, ok := d.Properties[name].([]any); !ok || len(list) > 0 {
			t.Errorf("%s is %v, want an empty list", name, d.Properties[name])
		}
	}
	if d.Properties["place_match"] != "none" || d.Properties["location_precision"] != "none" || d.Properties["name_ar"] != "Zone d’<activités>" || len(f.Places) > 0 {
		t.Errorf("%+v, places %v", d.Properties, f.Places)
	}
}

func TestFiguresKeepTheirQualifiers(t *testing.T) {
	s := site("zone", nil)
	figure := func(n int64, u registry.Unit, q registry.Qualifier) *registry.Figure {
		return &registry.Figure{Value: registry.Whole(n), Unit: u, Qualifier: q}
	}
	s.Shops = registry.Premises{Created: figure(25, registry.Count, registry.Exact), Restored: figure(10, registry.Count, registry.About)}
	s.Surface = registry.Surface{Plot: figure(2000, registry.SquareMetre, registry.AtLeast), Covered: figure(900, registry.SquareMetre, registry.Exact)}
	_, d := only(t, maker(t), s)
	for name, want := range map[string]any{"shops": 35.0, "shops_qualifier": "about", "shops_created": 25.0, "shops_restored": 10.0,
		"surface_m2": 2000.0, "surface_qualifier": "at_least", "surface_kind": "plot"} {
		if got := d.Properties[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestCommuneIsDrawnAtItsPointWithItsWidth(t *testing.T) {
	m := maker(t)
	f, d := only(t, m, site("zone", in("Tafraout")))
	for name, want := range map[string]any{"commune_code": "09.581.01.05", "commune_name": "Tafraout", "province_code": "09.581", "region_code": "09",
		"place_match": "exact", "location_precision": "commune", "place_as_written": "commune de Tafraout"} {
		if got := d.Properties[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	point, ok := f.Geometry.(orb.Point)
	limit := areas(t, gazetteer.DetailMedium)["09.581.01.05"]
	if !ok || !gazetteer.Contains(limit, point) {
		t.Fatalf("drawn at %v", f.Geometry)
	}
	radius, _ := d.Properties["coordinate_uncertainty_m"].(float64)
	for _, polygon := range limit {
		for _, p := range polygon[0] {
			if away := geo.Distance(point, p); away > radius {
				t.Fatalf("%v is %.0f m away, outside the radius of %.0f m", p, away, radius)
			}
		}
	}
	if !slices.Contains(f.Places, "09.581.01.05") || !slices.Contains(f.Places, "09.581") || !slices.Contains(f.Places, "09") {
		t.Errorf("touches %v", f.Places)
	}
}

// The commune of Aouartas is in no gazetteer; its source names the province.
func TestUnresolvedPlaceHasNoGeometry(t *testing.T) {
	m := maker(t)
	f, d := only(t, m, site("zone", in("Aouartas")))
	if f.Geometry != nil || d.Geometry != nil {
		t.Errorf("drawn at %v", f.Geometry)
	}
	for name, want := range map[string]any{"commune_code": nil, "commune_name": nil, "province_code": "09.581", "province_name": "Tiznit", "region_code": "09",
		"place_match": "unresolved", "location_precision": "none", "coordinate_uncertainty_m": nil, "place_as_written": "commune de Aouartas"} {
		if got := d.Properties[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if !slices.Contains(f.Places, "09.581") || f.Where["place_match"] != "unresolved" || f.Where["location_precision"] != "none" {
		t.Errorf("touches %v, where %v", f.Places, f.Where)
	}
	all, err := m.Agreement(stored(m, agreement(in("Aouartas"), registry.ScopeCommune)), []registry.Stored{stored(m, site("zone", in("Aouartas")))}, nil)
	if err != nil || len(all) != 1 || all[0].Geometry != nil {
		t.Errorf("the agreement is drawn: %v, %v", all, err)
	}
}

// Whatever puts sites in a unit, they have the same codes: the store reads them once for all.
func TestSitesInOneUnitHaveTheSameCodes(t *testing.T) {
	m := maker(t)
	province := &registry.WrittenPlace{AsWritten: "province de Tiznit", Name: "Tiznit", Level: registry.LevelProvince}
	units := map[registry.PlaceCode]string{}
	n := 0
	for _, place := range []*registry.WrittenPlace{in("Tafraout"), in("تافراوت"), in("Aouartas"), province} {
		f, d := only(t, m, site("zone", place))
		codes := ""
		for _, property := range registry.PlaceProperties {
			codes = fmt.Sprint(codes, d.Properties[property], " ")
		}
		if before, ok := units[f.Unit]; ok {
			if n++; codes != before {
				t.Errorf("sites in %s have %s, others %s", f.Unit, codes, before)
			}
		}
		units[f.Unit] = codes
	}
	if n != 2 || len(units) != 2 {
		t.Errorf("units are %v", units)
	}
}

func TestPositionOfTheSourceStands(t *testing.T) {
	m := maker(t)
	square := orb.Polygon{{{-8.98, 29.71}, {-8.97, 29.71}, {-8.97, 29.72}, {-8.98, 29.72}, {-8.98, 29.71}}}
	radius := registry.Whole(40)
	for _, tc := range []struct {
		position registry.Position
		want     any
	}{
		{registry.Position{Geometry: registry.Geometry{Geometry: orb.Point{-8.97, 29.72}}, Precision: registry.PrecisionPoint}, nil},
		{registry.Position{Geometry: registry.Geometry{Geometry: orb.Point{-8.97, 29.72}}, Precision: registry.PrecisionLocality, UncertaintyM: &radius}, 40.0},
		{registry.Position{Geometry: registry.Geometry{Geometry: square}, Precision: registry.PrecisionFootprint}, nil},
	} {
		s := site("zone", in("Tafraout"))
		s.Position = &tc.position
		f, d := only(t, m, s)
		if !orb.Equal(f.Geometry, tc.position.Geometry.Geometry) || d.Properties["location_precision"] != string(tc.position.Precision) || d.Properties["coordinate_uncertainty_m"] != tc.want {
			t.Errorf("%v became %s", tc.position, f.JSON)
		}
	}
}

func TestAgreementsAreMultiPoints(t *testing.T) {
	m := maker(t)
	u := orb.Polygon{{{-9, 29}, {-8.9, 29}, {-8.9, 29.1}, {-8.91, 29.1}, {-8.91, 29.01}, {-8.99, 29.01}, {-8.99, 29.1}, {-9, 29.1}, {-9, 29}}}
	horseshoe := site("b", in("Tafraout"))
	horseshoe.Position = &registry.Position{Geometry: registry.Geometry{Geometry: u}, Precision: registry.PrecisionFootprint}
	sites := []registry.Stored{stored(m, site("a", in("Tafraout"))), stored(m, horseshoe), stored(m, site("c", in("Tafraout"))), stored(m, site("d", in("Aouartas")))}
	all, err := m.Agreement(stored(m, agreement(in("Tiznit"), registry.ScopeProvince)), sites, nil)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	points, ok := all[0].Geometry.(orb.MultiPoint)
	d := decode(t, all[0])
	if !ok || d.Geometry.Type != "MultiPoint" || len(points) != 2 { // a and c are drawn at one point, d nowhere
		t.Fatalf("drawn as %v", all[0].Geometry)
	}
	if !slices.ContainsFunc(points, func(p orb.Point) bool { return gazetteer.Contains(orb.MultiPolygon{u}, p) }) {
		t.Errorf("the horseshoe counts by a point outside it: %v", points)
	}
	if d.Properties["location_precision"] != "commune" || len(d.Properties["sites"].([]any)) != 4 || d.Properties["parties_complete"] != false {
		t.Errorf("%+v", d.Properties)
	}
	alone, err := m.Agreement(stored(m, agreement(in("Tafraout"), registry.ScopeCommune)), nil, nil)
	if err != nil || len(alone[0].Geometry.(orb.MultiPoint)) != 1 || decode(t, alone[0]).Geometry.Type != "MultiPoint" {
		t.Errorf("without sites: %v, %v", alone, err)
	}
}

func TestNationalAgreementIsDrawnNowhere(t *testing.T) {
	m := maker(t)
	all, err := m.Agreement(stored(m, agreement(nil, registry.ScopeCountry)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := decode(t, all[0])
	if all[0].Geometry != nil || d.Geometry != nil || !slices.Equal(all[0].Places, []registry.PlaceCode{registry.Country}) ||
		d.Properties["location_precision"] != "country" || d.Properties["scope"] != "country" || d.Properties["signed"] != nil {
		t.Errorf("%s touches %v", all[0].JSON, all[0].Places)
	}
}

func TestStretchesOfDays(t *testing.T) {
	m := maker(t)
	s := site("zone", in("Tafraout"))
	figure := `{"value":%,"unit":"count","qualifier":"exact"}`
	all, err := m.Site(stored(m, s), []Change{
		change("zone", "2025-06", "/shops/created", strings.Replace(figure, "%", "28", 1)),
		change("zone", "2024-05-01", "/shops/created", strings.Replace(figure, "%", "30", 1)),
		change("other", "2023-01-01", "/shops/created", strings.Replace(figure, "%", "99", 1)),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		shops, _ := json.Marshal(decode(t, f).Properties["shops"])
		got = append(got, string(f.From)+">"+string(f.Until)+" "+string(shops))
	}
	want := []string{">2024-05-01 null", "2024-05-01>2025-06-01 30", "2025-06-01>2025-06-30 30", "2025-06-30> 28"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// An amendment moved the site's words and left its point where it was.
func TestAmendedPlaceMovesTheSite(t *testing.T) {
	m := maker(t)
	move := []Change{change("zone", "2024-05-01", "/place", `{"name":"Ameln","as_written":"commune d’Ameln","level":"commune","within":"09.581"}`)}
	zone := stored(m, site("zone", in("Tafraout")))
	all, err := m.Site(zone, move)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	moved := decode(t, all[1]).Properties
	if decode(t, all[0]).Properties["commune_name"] != "Tafraout" || moved["commune_code"] != "09.581.09.05" || orb.Equal(all[0].Geometry, all[1].Geometry) || !slices.Contains(all[1].Places, "09.581.09.05") {
		t.Errorf("%s\nbecame\n%s", all[0].JSON, all[1].JSON)
	}
	of, err := m.Agreement(stored(m, agreement(nil, registry.ScopeCommune)), []registry.Stored{zone}, move)
	if err != nil || len(of) != 2 || !orb.Equal(of[1].Geometry, orb.MultiPoint{all[1].Geometry.(orb.Point)}) {
		t.Errorf("the agreement stayed: %v, %v", of, err)
	}
}

func TestOnSurfaceLiesInside(t *testing.T) {
	for code, area := range areas(t, gazetteer.DetailMedium) {
		p := onSurface(area)
		if !gazetteer.Contains(area, p) {
			t.Errorf("%s: %v lies outside", code, p)
		}
	}
	for name, area := range map[string]orb.MultiPolygon{
		"a square":            {{{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}}}},
		"a diamond":           {{{{0, -1}, {1, 0}, {0, 1}, {-1, 0}, {0, -1}}}},
		"a ring round a lake": {{{{0, 0}, {9, 0}, {9, 9}, {0, 9}, {0, 0}}, {{1, 1}, {1, 8}, {8, 8}, {8, 1}, {1, 1}}}},
		"a U":                 {{{{0, 0}, {9, 0}, {9, 9}, {8, 9}, {8, 1}, {1, 1}, {1, 9}, {0, 9}, {0, 0}}}},
		"an island and more":  {{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}, {{{5, 5}, {9, 5}, {9, 9}, {5, 5}}}},
	} {
		p := onSurface(area)
		if !gazetteer.Contains(area, p) {
			t.Errorf("%s: %v lies outside", name, p)
		}
		if label := (orb.Point{400, 400}); SpotIn(&label, area).Point != p || SpotIn(nil, area).Point != p {
			t.Errorf("%s: a label outside was used", name)
		}
	}
}

func TestBoundariesStayClosedAndSound(t *testing.T) {
	m := maker(t)
	for _, detail := range gazetteer.Details {
		t.Run(string(detail), func(t *testing.T) {
			t.Parallel()
			for code, area := range areas(t, detail) {
				f, ok, err := m.Boundary(code, detail, area)
				if err != nil || !ok {
					t.Fatalf("%s: %v, %v", code, ok, err)
				}
				got := f.Geometry.(orb.MultiPolygon)
				if len(got) == 0 {
					t.Fatalf("%s has vanished", code)
				}
				for _, polygon := range got {
					for i, ring := range polygon {
						want := orb.CCW
						if i > 0 {
							want = orb.CW
						}
						if len(ring) < 4 || ring[0] != ring[len(ring)-1] || ring.Orientation() != want {
							t.Errorf("%s: ring %d of %d positions, closed %v, wound %v", code, i, len(ring), ring[0] == ring[len(ring)-1], ring.Orientation())
						}
						for k := 1; k < len(ring); k++ {
							if ring[k] == ring[k-1] {
								t.Errorf("%s: %v twice running", code, ring[k])
							}
						}
						for _, p := range ring {
							if x := p[0] * decimals[detail]; math.Abs(x-math.Round(x)) > 1e-4 {
								t.Fatalf("%s: %v has more decimals than it is worth", code, p)
							}
						}
					}
				}
				// The strict reader finds rings that cross themselves; it takes time by the square of their length.
				if unit, _ := m.Places.Place(code); unit.Level == registry.LevelCommune && detail != gazetteer.DetailHigh {
					var g registry.Geometry
					if err := g.UnmarshalJSON(registry.AppendGeometry(nil, got)); err != nil {
						t.Errorf("%s: %v", code, err)
					}
				}
			}
		})
	}
}

func TestBoundaryOfNothing(t *testing.T) {
	m := maker(t)
	square := orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}}
	for _, code := range []registry.PlaceCode{"", "99", "09.581.03"} { // unknown, unknown, a cercle
		if _, ok, err := m.Boundary(code, gazetteer.DetailLow, square); ok || err != nil {
			t.Errorf("%q: %v, %v", code, ok, err)
		}
	}
	f, ok, err := m.Boundary("09.581", gazetteer.DetailLow, square)
	if d := decode(t, f); !ok || err != nil || f.Collection != Provinces || d.Properties["province_code"] != nil || d.Properties["region_code"] != "09" || d.Properties["name_fr"] != "Tiznit" {
		t.Errorf("%s, %v, %v", f.JSON, ok, err)
	}
}

// An amendment is a row without a geometry: where it reaches is told by the codes of what its agreement touches.
func TestAmendmentIsARow(t *testing.T) {
	m := maker(t)
	a := &registry.Amendment{
		Header: registry.Header{ID: "avenant", Type: registry.TypeAmendment}, Target: "accord", Number: 2, Articles: []string{"3"},
		Titles: registry.Texts{{Lang: "fr", Text: "Avenant 2"}}, Kinds: []registry.AmendmentKind{registry.AmendsAmount}, Effective: edtf.MustParse("2025-06"),
		Sets: []registry.Change{{Path: "/object"}, {Record: "zone", Path: "/shops/created"}},
	}
	f, err := m.Amendment(stored(m, a), []registry.PlaceCode{"09", "09.581", "09.581.01.05"})
	if err != nil {
		t.Fatal(err)
	}
	if f.Geometry != nil || f.Date != a.Effective || f.From != "" || f.Until != "" {
		t.Errorf("%+v", f)
	}
	const want = `{"type":"Feature","id":"avenant","geometry":null,"properties":{"title":"Avenant 2","title_ar":null,"title_en":null,"target":"accord","number":2,` +
		`"kinds":["amount"],"articles":["3"],"effective":"2025-06","sets":["/object","zone/shops/created"],"commune_codes":["09.581.01.05"],` +
		`"province_codes":["09.581"],"region_codes":["09"],"sources":[],"updated":`
	if !strings.HasPrefix(string(f.JSON), want) {
		t.Errorf("%s", f.JSON)
	}
}
