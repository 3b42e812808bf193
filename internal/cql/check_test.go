package cql

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

var queryables = []Queryable{
	{"name", TypeText, nil}, {"kind", TypeText, []string{"craft_zone", "craft_market", "other"}}, {"surface_m2", TypeNumber, nil}, {"shops", TypeInteger, nil},
	{"several", TypeBoolean, nil}, {"signed", TypeDate, nil}, {"updated", TypeTimestamp, nil}, {"works", TypeList, []string{"creation", "equipment"}},
	{"sources", TypeList, nil}, {"geometry", TypeGeometry, nil},
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct{ in, property, got, takes, near string }{
		{in: "TRUE"},
		{in: "kind = 'other' AND name <> kind AND 1 < shops AND surface_m2 >= shops AND several = TRUE"},
		{in: "kind IN ('other', 'craft_zone') OR name IN (kind, CASEI('X'))"},
		{in: "kind LIKE 'craft%' AND CASEI(kind) = CASEI('Craft_Zone')"}, // a pattern and what is folded are no codes
		{in: "shops BETWEEN 1 AND surface_m2"},
		{in: "signed < DATE('2016-02-10') AND updated > TIMESTAMP('2016-02-10T00:00:00Z') AND signed = updated AND updated IN (DATE('2016-02-10'), signed)"},
		{in: "T_DURING(signed, INTERVAL(signed, updated)) AND T_INTERSECTS(updated, INTERVAL('..', '2016-02-10'))"},
		{in: "A_CONTAINS(works, ('creation')) AND A_EQUALS(works, ()) AND A_OVERLAPS(sources, (kind, 'x')) AND A_CONTAINEDBY(works, sources)"},
		{in: "S_WITHIN(geometry, BBOX(170, -90, -170, 90)) AND S_EQUALS(POINT(1 2), geometry)"},
		{in: "works IS NULL AND geometry IS NOT NULL AND (kind = 'other') IS NULL AND signed IS NULL"},

		{"knid = 'other'", "knid", "no queryable", "geometry, kind, name", "kind"},
		{`kind = "craft_zone"`, "craft_zone", "no queryable", "in single quotes", ""},
		{"S_WITHIN(geom, POINT(1 2))", "geom", "no queryable", "one of", "geometry"},
		{"kind = 'craft_zon'", "kind", "'craft_zon'", "one of craft_zone, craft_market, other", "craft_zone"},
		{"'zone' = kind", "kind", "'zone'", "one of craft_zone", "craft_zone"},
		{"kind IN ('other', 'souk')", "kind", "'souk'", "one of craft_zone", ""},
		{"A_CONTAINS(works, ('création'))", "works", "'création'", "one of creation, equipment", "creation"},
		{"A_CONTAINEDBY(('creatio'), works)", "works", "'creatio'", "one of creation", "creation"},
		{"kind = 3", "kind", "3", "a text in single quotes", ""},
		{"shops = '3'", "shops", "'3'", "a number", ""},
		{"shops = several", "shops", "several", "a number", ""},
		{"several = 1", "several", "1", "TRUE or FALSE", ""},
		{"signed = '2016-02-10'", "signed", "'2016-02-10'", "DATE('2016-02-10')", ""},
		{"updated > 2016", "updated", "2016", "TIMESTAMP", ""},
		{"works = 'creation'", "works", "'creation'", "A_CONTAINS", ""},
		{"geometry = 'x'", "geometry", "'x'", "S_ functions", ""},
		{"works IN ('creation')", "works", "'creation'", "A_CONTAINS", ""},
		{"shops LIKE '3%'", "shops", "its use", "a number", ""},
		{"CASEI(shops) = 'x'", "shops", "its use", "a number", ""},
		{"signed BETWEEN 1 AND 2", "signed", "its use", "DATE", ""},
		{"S_WITHIN(kind, POINT(1 2))", "kind", "its use", "a text", ""},
		{"T_AFTER(kind, DATE('2016-02-10'))", "kind", "its use", "a text", ""},
		{"T_AFTER(INTERVAL(kind, '..'), DATE('2016-02-10'))", "kind", "its use", "a text", ""},
		{"A_EQUALS(kind, ('other'))", "kind", "its use", "a text", ""},
		{"A_EQUALS(works, (1))", "", "1", "a text", ""},
		{"A_EQUALS(works, (shops))", "shops", "its use", "a number", ""},
		{"T_DURING(updated, INTERVAL('2016-02-10', '..'))", "updated", "its use in T_DURING", "an interval", ""},
		{"T_MEETS(signed, DATE('2016-02-10'))", "", "DATE('2016-02-10') in T_MEETS", "an interval", ""},
		{"1 = 'a'", "", "'a'", "a number", ""},
		{"shops + 1 > 3", "", "arithmetic: shops + 1", "properties and literals", ""},
		{"near(geometry)", "", "the function near", "the standard", ""},
		{"near(geometry) = 1", "", "the function near", "the standard", ""},
		{"S_WITHIN(geometry, POINT(500000 3300000))", "", "the position 500000, 3.3e+06", "degrees", ""},
		{"S_WITHIN(geometry, BBOX(-10, 29, -9, 91))", "", "the position -9, 91", "degrees", ""},
		{"kind IS NULL OR nmae IS NULL", "nmae", "no queryable", "one of", "name"},
	} {
		e, err := ParseText(tc.in)
		if err != nil {
			t.Errorf("%s: %v", tc.in, err)
			continue
		}
		f, err := Check(e, queryables)
		if tc.takes == "" {
			if err != nil || f == nil {
				t.Errorf("%s: %v", tc.in, err)
			}
			continue
		}
		var refusal *Error
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v, want an *Error", tc.in, err)
			continue
		}
		if refusal.Offset != -1 || refusal.Property != tc.property || !strings.Contains(refusal.Got, tc.got) || !strings.Contains(refusal.Takes, tc.takes) || tc.near != "" && !slices.Contains(refusal.Near, tc.near) {
			t.Errorf("%s: %+v", tc.in, refusal)
		}
	}
}

// A type without a class would compare with nothing.
func TestEveryTypeHasAClass(t *testing.T) {
	for _, typ := range Types {
		if uses[classes[typ]] == "" {
			t.Errorf("%s can't be used", typ)
		}
	}
}

func TestProject(t *testing.T) {
	e, err := ParseText("kind = 'other' AND S_WITHIN(geometry, POINT(1 2)) AND NOT S_WITHIN(BBOX(1, 2, 3, 4), geometry) AND A_EQUALS(works, ())")
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Project(e, func(g orb.Geometry) (orb.Geometry, error) {
		if p, ok := g.(orb.Point); ok {
			return orb.Point{p[0] + 10, p[1]}, nil
		}
		return orb.Point{0, 0}, nil
	})
	const want = "kind = 'other' AND S_WITHIN(geometry, POINT(11 2)) AND NOT S_WITHIN(POINT(0 0), geometry) AND A_EQUALS(works, ())"
	if err != nil || FormatText(moved) != want {
		t.Errorf("%s, %v", FormatText(moved), err)
	}
	if _, err := Project(e, func(orb.Geometry) (orb.Geometry, error) { return nil, errors.New("beyond its world") }); err == nil {
		t.Error("an error is lost")
	}
}
