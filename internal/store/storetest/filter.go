package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
	"mithaq/internal/registry"
)

// queryables are of every type; geometry and id are what every feature has.
var queryables = []cql.Queryable{
	{Name: "id", Type: cql.TypeText},
	{Name: "geometry", Type: cql.TypeGeometry},
	{Name: "name", Type: cql.TypeText},
	{Name: "name_ar", Type: cql.TypeText},
	{Name: "kind", Type: cql.TypeText, Codes: []string{"craft_zone", "craft_market", "other"}},
	{Name: "surface_m2", Type: cql.TypeNumber},
	{Name: "shops", Type: cql.TypeInteger},
	{Name: "several", Type: cql.TypeBoolean},
	{Name: "signed", Type: cql.TypeDate},
	{Name: "ended", Type: cql.TypeDate},
	{Name: "updated", Type: cql.TypeTimestamp},
	{Name: "works", Type: cql.TypeList, Codes: []string{"creation", "equipment", "rehabilitation"}},
	{Name: "sources", Type: cql.TypeList},
}

// filtered are features that know much, little and nothing; "odd" has a value of another type in every property.
var filtered = []struct {
	id, properties string
	geometry       orb.Geometry
}{
	{"area", `{"name": "Fès", "name_ar": "مُؤسَّسة أكادير", "kind": "craft_market", "surface_m2": 12.5, "shops": 0, "several": true, "signed": "2016-02-10",
		"ended": "2018", "updated": "2024-05-01T10:00:00.5Z", "works": [], "sources": ["b"]}`,
		orb.Polygon{{{-10, 29}, {-9, 29}, {-9, 30}, {-10, 30}, {-10, 29}}}},
	{"blank", `{"name": null, "name_ar": null, "kind": null, "surface_m2": null, "shops": null, "several": null, "signed": null, "ended": null, "updated": null,
		"works": null, "sources": []}`, nil},
	{"line", `{"name": "100%_\\ [x]*?", "name_ar": "ٱلصانع", "kind": "other", "surface_m2": -1, "shops": 3, "signed": "2015-09/..", "ended": "../2016-03",
		"updated": "2025-01-01T00:30:00+01:00", "works": ["rehabilitation", "creation"], "sources": ["a", "b"]}`,
		orb.LineString{{-10, 29.5}, {-8, 29.5}}},
	{"odd", `{"name": 12, "name_ar": ["x"], "kind": false, "surface_m2": "many", "shops": true, "several": "yes", "signed": "vers 2016", "ended": 2016, "updated": "yesterday",
		"works": ["creation", 5], "sources": "a"}`, orb.Point{170, -17}},
	{"pair", `{"name": "STRASSE", "kind": "craft_zone", "surface_m2": 1000, "shops": 25, "several": false, "signed": "2015-09/", "ended": "2016?",
		"updated": "2024-05-02T00:00:00Z", "works": ["equipment"], "sources": ["it's", "b"]}`, orb.MultiPoint{{-179.5, -17}, {179.5, -17}}},
	{"point", `{"name": "Zone d'artisanat", "name_ar": "موسسة اكادير", "kind": "craft_zone", "surface_m2": 1000.5, "shops": 25, "several": false, "signed": "2016-02",
		"ended": "2018-06-30", "updated": "2024-05-01T10:00:00Z", "works": ["creation", "equipment"], "sources": ["a"]}`, orb.Point{-9.73, 29.7}},
}

// putFiltered stores them.
func putFiltered(t *testing.T, s registry.Store) {
	t.Helper()
	put(t, s, site("site"))
	var features []registry.Feature
	for _, x := range filtered {
		var properties map[string]any
		if err := json.Unmarshal([]byte(x.properties), &properties); err != nil {
			t.Fatalf("%s: %v", x.id, err)
		}
		where := map[string]string{}
		for _, column := range registry.FeatureColumns {
			if text, ok := properties[column].(string); ok {
				where[column] = text
			}
		}
		features = append(features, registry.Feature{Collection: "sites", ID: x.id, Geometry: x.geometry, Where: where,
			JSON: fmt.Appendf(nil, `{"type":"Feature","id":%q,"geometry":%s,"properties":%s}`, x.id, registry.AppendGeometry(nil, x.geometry), x.properties)})
	}
	derive(t, s, registry.Derived{Record: "site", Features: features})
}

// filterOf reads and checks a filter.
func filterOf(t *testing.T, text string) *cql.Filter {
	t.Helper()
	e, err := cql.ParseText(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	f, err := cql.Check(e, queryables)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

const everyFiltered = "area blank line odd pair point"

func featuresByFilter(t *testing.T, s registry.Store) {
	putFiltered(t, s)
	for _, tc := range []struct{ filter, want string }{
		{"TRUE", everyFiltered},
		{"FALSE", ""},
		{"id = 'line' OR id > 'pa'", "line pair point"},

		// What isn't known is neither equal nor different, and its NOT isn't known either.
		{"kind = 'craft_zone'", "pair point"},
		{"kind <> 'craft_zone'", "area line"},
		{"NOT kind = 'craft_zone'", "area line"},
		{"kind IS NULL", "blank odd"},
		{"kind IS NOT NULL", "area line pair point"},
		{"kind = 'craft_zone' OR kind IS NULL", "blank odd pair point"},
		{"NOT (kind = 'other' AND several = TRUE)", "area pair point"}, // of line it isn't known whether it stands for several
		{"(several = FALSE) IS NULL", "blank line odd"},
		{"NOT (several = FALSE)", "area"},
		{"kind IN ('other', 'craft_market')", "area line"},
		{"kind NOT IN ('other', 'craft_market')", "pair point"},
		{"'craft_zone' = kind", "pair point"},
		{"'a' < 'b' AND TRUE = TRUE", everyFiltered},

		{"surface_m2 > 12.5", "pair point"},
		{"surface_m2 >= 12.5 AND surface_m2 < 1000.5", "area pair"},
		{"surface_m2 <= -1", "line"},
		{"surface_m2 BETWEEN -1 AND 12.5", "area line"},
		{"surface_m2 NOT BETWEEN -1 AND 12.5", "pair point"},
		{"shops IN (0, 3.0)", "area line"},
		{"shops < surface_m2", "area pair point"},
		{"surface_m2 IS NULL", "blank odd"},

		{"name LIKE '%s%'", "area point"},
		{"name LIKE 'F_s'", "area"},
		{"name LIKE 'strasse'", ""},
		{`name LIKE '100\%\_%'`, "line"},
		{`name LIKE '%\\\\ [x]*?'`, "line"},
		{"name LIKE '%[x]%'", "line"},
		{"name LIKE '%d''art%'", "point"},
		{"name LIKE ''", ""},
		{"name NOT LIKE '%'", ""},
		{"NOT name LIKE 'Z%'", "area line pair"},
		{"CASEI(name) LIKE CASEI('ZONE%')", "point"},
		{"CASEI(name) = CASEI('straße')", "pair"},
		{"CASEI(name) IN (CASEI('fÈS'), CASEI('Straße'))", "area pair"},
		{"ACCENTI(name) = 'Fes'", "area"},
		{"ACCENTI(CASEI(name)) LIKE ACCENTI(CASEI('FÈS%'))", "area"},
		{"ACCENTI(name_ar) = ACCENTI('مؤسسة أكادير')", "area point"},
		{"ACCENTI(name_ar) LIKE ACCENTI('الص%')", "line"},
		{"CASEI(name) IS NULL", "blank odd"},

		{"A_CONTAINS(works, ('creation'))", "line point"},
		{"A_CONTAINS(works, ('equipment', 'creation'))", "point"},
		{"A_CONTAINS(works, ())", "area line pair point"},
		{"A_CONTAINEDBY(works, ('creation', 'equipment'))", "area pair point"},
		{"A_CONTAINEDBY(('creation'), works)", "line point"},
		{"A_EQUALS(works, ('creation', 'rehabilitation', 'creation'))", "line"},
		{"A_EQUALS(works, ())", "area"},
		{"A_OVERLAPS(works, ('creation', 'equipment'))", "line pair point"},
		{"NOT A_OVERLAPS(works, ('creation'))", "area pair"},
		{"A_CONTAINS(sources, ('it''s'))", "pair"},
		{"A_OVERLAPS(sources, ('b', kind))", "area line pair"}, // of blank's kind nothing is known
		{"A_EQUALS(sources, sources)", "area blank line pair point"},
		{"works IS NULL", "blank odd"},

		// A month matches any day in it; what is before or after must be so whatever day is meant.
		{"signed = DATE('2016-02-10')", "area line point"},
		{"signed = DATE('2016-02-11')", "line point"},
		{"signed <> DATE('2016-02-11')", "area"},
		{"signed < DATE('2016-02-11')", "area"},
		{"signed < DATE('2016-03-01')", "area point"},
		{"signed <= DATE('2016-02-01')", "line pair point"},
		{"signed > DATE('2016-01-31')", "area point"},
		{"signed >= DATE('2016-02-29')", "line point"},
		{"signed IN (DATE('2016-02-10'), DATE('2015-09-01'))", "area line pair point"},
		{"T_EQUALS(signed, INTERVAL('2016-02-01', '2016-02-29'))", "point"},
		{"T_EQUALS(signed, DATE('2016-02-10'))", "area"},
		{"T_EQUALS(signed, INTERVAL('2015-09-01', '..'))", "line"},
		{"T_DURING(signed, INTERVAL('2016-01-01', '2016-12-31'))", "area point"},
		{"T_DURING(signed, INTERVAL('2016-02-01', '2016-12-31'))", "area"},
		{"T_CONTAINS(signed, INTERVAL('2016-02-10', '2016-02-11'))", "line point"},
		{"T_STARTS(signed, INTERVAL('2016-02-01', '2016-12-31'))", "point"},
		{"T_STARTEDBY(INTERVAL('2016-02-01', '2016-12-31'), signed)", "point"},
		{"T_FINISHES(signed, INTERVAL('2016-01-01', '2016-02-29'))", "point"},
		{"T_FINISHEDBY(INTERVAL('2016-01-01', '2016-02-29'), signed)", "point"},
		{"T_MEETS(signed, INTERVAL('2016-02-29', '2016-12-31'))", "point"},
		{"T_METBY(INTERVAL('2016-02-29', '2016-12-31'), signed)", "point"},
		{"T_OVERLAPS(signed, INTERVAL('2016-02-20', '2016-12-31'))", "point"},
		{"T_OVERLAPPEDBY(INTERVAL('2016-02-20', '2016-12-31'), signed)", "point"},
		{"T_BEFORE(signed, DATE('2016-02-11'))", "area"},
		{"T_AFTER(signed, DATE('2016-01-31'))", "area point"},
		{"T_DISJOINT(signed, INTERVAL('2016-02-11', '..'))", "area"},
		{"T_INTERSECTS(signed, INTERVAL('..', '2015-09-01'))", "line pair"}, // pair ends on a day that nobody knows, and begins on that one
		{"T_INTERSECTS(signed, DATE('2020-01-01'))", "line"},
		{"NOT T_INTERSECTS(signed, DATE('2020-01-01'))", "area point"},
		{"T_INTERSECTS(INTERVAL(signed, ended), DATE('2017-01-01'))", "area point"},
		{"T_DURING(INTERVAL(signed, ended), INTERVAL('2016-01-01', '2018-12-31'))", "point"},
		{"T_INTERSECTS(INTERVAL(signed, '..'), DATE('2017-01-01'))", "area line pair point"},
		{"signed < ended", "area point"},
		{"signed IS NULL", "blank odd"}, // "vers 2016" can't be read, so it is as good as none,

		{"updated = TIMESTAMP('2024-05-01T10:00:00.000Z')", "point"},
		{"updated > TIMESTAMP('2024-05-01T10:00:00Z')", "area line pair"},
		{"updated < TIMESTAMP('2024-12-31T23:30:01Z')", "area line pair point"},
		{"updated = TIMESTAMP('2024-12-31T23:30:00Z')", "line"},
		{"updated = DATE('2024-05-01')", "area point"},
		{"updated <= DATE('2024-05-01')", "area point"},
		{"updated > DATE('2024-05-01')", "line pair"},
		{"updated > signed", "area point"}, // of line and pair it isn't known whether it has ended
		{"T_INTERSECTS(updated, INTERVAL('2024-05-01T10:00:00.1Z', '2024-05-02T00:00:00Z'))", "area pair"},
		{"T_EQUALS(updated, TIMESTAMP('2024-05-02T00:00:00Z'))", "pair"},

		{"S_INTERSECTS(geometry, POINT(-9.73 29.7))", "area point"},
		{"S_INTERSECTS(geometry, BBOX(-9.5, 29, -8, 29.6))", "area line"},
		{"S_INTERSECTS(BBOX(-9.5, 29, -8, 29.6), geometry)", "area line"},
		{"S_INTERSECTS(geometry, BBOX(179, -20, -179, -10))", "pair"},
		{"S_INTERSECTS(geometry, BBOX(169, -20, -179, -10))", "odd pair"},
		{"S_INTERSECTS(geometry, BBOX(-9.73, 29.7, -9.73, 29.7))", "area point"},
		{"S_INTERSECTS(geometry, BBOX(-9, 29.5, -9, 29.5))", "area line"},
		{"NOT S_INTERSECTS(geometry, BBOX(-11, 28, -7, 31))", "odd pair"},
		{"S_DISJOINT(geometry, BBOX(-11, 28, -7, 31))", "odd pair"},
		{"S_WITHIN(geometry, BBOX(-10, 29, -9, 30))", "area point"},
		{"S_WITHIN(geometry, POLYGON((-11 28, -8 28, -8 31, -11 31, -11 28)))", "area line point"},
		{"S_CONTAINS(geometry, POINT(-9.5 29.5))", "area line"},
		{"S_CONTAINS(geometry, POINT Z (-9.2 29.9 120))", "area"},
		{"S_CONTAINS(POLYGON((-11 28, -8 28, -8 31, -11 31, -11 28)), geometry)", "area line point"},
		{"S_EQUALS(geometry, POLYGON((-9 30, -10 30, -10 29, -9 29, -9 30)))", "area"},
		{"S_EQUALS(geometry, MULTIPOINT((179.5 -17), (-179.5 -17)))", "pair"},
		{"S_TOUCHES(geometry, LINESTRING(-9 29, -9 30))", "area"},
		{"S_CROSSES(geometry, LINESTRING(-8.5 29, -8.5 30))", "line"},
		{"S_CROSSES(geometry, POLYGON((-9 29, -8 29, -8 30, -9 30, -9 29)))", "line"},
		{"S_OVERLAPS(geometry, BBOX(-9.5, 29.5, -8, 31))", "area"},
		{"S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(170 -17), POINT(-9.2 29.9)))", "area odd"},
		{"S_INTERSECTS(geometry, MULTIPOLYGON(((169 -18, 171 -18, 171 -16, 169 -16, 169 -18)), ((-9 29, -8 29, -8 30, -9 30, -9 29))))", "area line odd"},
		{"S_EQUALS(geometry, geometry)", "area line odd pair point"},
		{"S_CROSSES(LINESTRING(0 0, 2 2), LINESTRING(0 2, 2 0))", everyFiltered},
		{"geometry IS NULL", "blank"},
		{"S_INTERSECTS(geometry, BBOX(-10, 29, -9, 30)) AND S_INTERSECTS(geometry, BBOX(-9.5, 29, -8, 30)) AND shops > 0", "line"},
		{"S_INTERSECTS(geometry, BBOX(-10, 29, -9, 30)) OR id = 'odd'", "area line odd point"},
	} {
		f := filterOf(t, tc.filter)
		if got := found(t, s, registry.FeatureQuery{Filter: f}); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.filter, got, tc.want)
		}
		if n, err := s.Count(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day, Filter: f}); err != nil || n != len(strings.Fields(tc.want)) {
			t.Errorf("%s: counted %d, %v, want %q", tc.filter, n, err, tc.want)
		}
	}
}

// filterWithTheRest narrows by a filter and by everything else at once, page by page.
func filterWithTheRest(t *testing.T, s registry.Store) {
	putFiltered(t, s)
	world := []orb.Bound{{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}}
	morocco := []orb.Bound{{Min: orb.Point{-17, 21}, Max: orb.Point{-1, 36}}}
	sure := filterOf(t, "shops >= 0 AND S_INTERSECTS(geometry, BBOX(-180, -90, 180, 90))")
	for _, tc := range []struct {
		q    registry.FeatureQuery
		want string
	}{
		{registry.FeatureQuery{Filter: sure}, "area line pair point"},
		{registry.FeatureQuery{Filter: sure, Limit: 2}, "area line"},
		{registry.FeatureQuery{Filter: sure, Limit: 2, After: "line"}, "pair point"},
		{registry.FeatureQuery{Filter: sure, Limit: 2, After: "point"}, ""},
		{registry.FeatureQuery{Filter: sure, Boxes: morocco}, "area line point"},
		{registry.FeatureQuery{Filter: sure, Boxes: world, Lists: map[string]string{"works": "creation"}}, "line point"},
		{registry.FeatureQuery{Filter: sure, ID: "pair"}, "pair"},
		{registry.FeatureQuery{Filter: sure, ID: "odd"}, ""},
		{registry.FeatureQuery{Filter: filterOf(t, "TRUE"), Located: registry.LocatedNo}, "blank"},
		{registry.FeatureQuery{Located: registry.LocatedYes, Limit: 3}, "area line odd"},
		{registry.FeatureQuery{Filter: sure, Collection: "agreements"}, ""},
		{registry.FeatureQuery{}, everyFiltered},
	} {
		if got := found(t, s, tc.q); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.q, got, tc.want)
		}
		if tc.q.Collection == "" {
			tc.q.Collection = "sites"
		}
		tc.q.Day = day
		if n, err := s.Count(t.Context(), tc.q); err != nil || n != len(strings.Fields(tc.want)) {
			t.Errorf("%+v: counted %d, %v, want %q", tc.q, n, err, tc.want)
		}
	}
}

// filterIsRefused is for what only a store finds: geometries whose relations mean nothing.
func filterIsRefused(t *testing.T, s registry.Store) {
	putFiltered(t, s)
	for _, text := range []string{
		"S_INTERSECTS(geometry, POLYGON((0 0, 2 2, 2 0, 0 2, 0 0)))",                                     // a bow tie
		"S_INTERSECTS(geometry, POLYGON((0 0, 1 0, 1 1, 0 0), (5 5, 6 5, 6 6, 5 5)))",                    // a hole outside
		"S_INTERSECTS(geometry, LINESTRING(1 1, 1 1))",                                                   // no line
		"S_INTERSECTS(geometry, MULTIPOLYGON(((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 1, 3 1, 3 3, 1 3, 1 1))))", // parts that overlap
	} {
		q := registry.FeatureQuery{Collection: "sites", Day: day, Filter: filterOf(t, text)}
		err := s.EachFeature(t.Context(), q, func(registry.Feature) error { return errors.New("answered") })
		wantCode(t, err, registry.Invalid)
		_, err = s.Count(t.Context(), q)
		wantCode(t, err, registry.Invalid)
	}
}

// largestFilters are as large as filters may be, and are answered.
func largestFilters(t *testing.T, s registry.Store) {
	putFiltered(t, s)
	either := strings.Repeat("name = 'x' OR ", cql.MaxNodes/3-2) + "id = 'line'"
	within := "id IN ('line'" + strings.Repeat(", 'x'", cql.MaxNodes-4) + ")"
	deep := strings.Repeat("NOT (TRUE AND ", cql.MaxDepth/2-2) + "id = 'line'" + strings.Repeat(")", cql.MaxDepth/2-2)
	pattern := "name LIKE '" + strings.Repeat("%_", cql.MaxPattern/2) + "'"
	lists := "id = 'line' AND A_EQUALS(works, ('creation'" + strings.Repeat(", 'rehabilitation'", cql.MaxNodes-10) + "))"
	for text, want := range map[string]string{either: "line", within: "line", deep: "line", pattern: "", lists: "line"} {
		if got := found(t, s, registry.FeatureQuery{Filter: filterOf(t, text)}); got != want {
			t.Errorf("%.60s…: %q, want %q", text, got, want)
		}
	}
}
