package sqlgen

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
)

var queryables = []cql.Queryable{{Name: "kind", Type: cql.TypeText}, {Name: "shops", Type: cql.TypeInteger}, {Name: "several", Type: cql.TypeBoolean},
	{Name: "signed", Type: cql.TypeDate}, {Name: "works", Type: cql.TypeList}, {Name: "geometry", Type: cql.TypeGeometry}}

func filter(t *testing.T, text string) *cql.Filter {
	t.Helper()
	e, err := cql.ParseText(text)
	if err != nil {
		t.Fatal(err)
	}
	f, err := cql.Check(e, queryables)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var columns = Columns{Of: func(q cql.Queryable) (string, error) { return "c." + q.Name, nil }, Extent: [4]string{"c.w", "c.s", "c.e", "c.n"}}

func TestWhere(t *testing.T) {
	for _, tc := range []struct {
		in, want string
		binds    []any
	}{
		{"kind = 'it''s; DROP TABLE feature --'", "(c.kind = ?5)", []any{"it's; DROP TABLE feature --"}},
		{"NOT (kind <> 'a' OR shops IS NULL AND TRUE)", "(NOT ((c.kind <> ?5) OR ((c.shops IS NULL) AND ?6)))", []any{"a", true}},
		{"shops BETWEEN 1 AND shops", "(c.shops BETWEEN ?5 AND c.shops)", []any{1.0}},
		{"kind IN ('a', kind)", "(c.kind IN (?5, c.kind))", []any{"a"}},
		{`CASEI(kind) LIKE CASEI('É\%[*%_\\')`, "(cql_casei(c.kind) GLOB ?5)", []any{`é%[[][*]*?\`}},
		{"ACCENTI(CASEI(kind)) = ACCENTI(CASEI('ÉTÉ'))", "(cql_accenti(cql_casei(c.kind)) = ?5)", []any{"ete"}},
		{"signed >= DATE('2016-02-10')", "cql_temporal('>=', c.signed, c.signed, ?5, ?6)", []any{"2016-02-10", "2016-02-10"}},
		{"signed IN (DATE('2016-02-10'), signed)", "(cql_temporal('=', c.signed, c.signed, ?5, ?6) OR cql_temporal('=', c.signed, c.signed, c.signed, c.signed))", []any{"2016-02-10", "2016-02-10"}},
		{"T_DURING(signed, INTERVAL('..', '2016-02-10'))", "cql_temporal('t_during', c.signed, c.signed, 0, ?5)", []any{"2016-02-10"}},
		{"S_WITHIN(geometry, POINT(1 2))", "cql_spatial('s_within', c.geometry, ?5)", []any{"0101000000000000000000f03f0000000000000040"}},
		// A geometry within the box or beside it isn't read.
		{"S_INTERSECTS(BBOX(1, 2, 1, 2), geometry)", "(CASE WHEN (c.w > ?8 OR c.e < ?6 OR c.s > ?9 OR c.n < ?7) THEN FALSE WHEN (c.w >= ?6 AND c.e <= ?8 AND c.s >= ?7 AND c.n <= ?9) THEN TRUE ELSE cql_spatial('s_intersects', ?5, c.geometry) END)",
			[]any{"0101000000000000000000f03f0000000000000040", 1.0, 2.0, 1.0, 2.0}},
	} {
		got, binds, err := Where(filter(t, tc.in), SQLite{}, columns, 5)
		if err != nil || got != tc.want || !reflect.DeepEqual(binds, tc.binds) {
			t.Errorf("%s: %v\n%s %q, want\n%s %q", tc.in, err, got, binds, tc.want, tc.binds)
		}
	}
	if _, _, err := Where(filter(t, "kind = 'a'"), SQLite{}, Columns{Of: func(cql.Queryable) (string, error) { return "", errors.New("no such column") }}, 1); err == nil {
		t.Error("a property without a column passes")
	}
}

// Whatever a filter says, its statement has only words of ours: every literal is bound.
func TestNothingOfAFilterReachesTheStatement(t *testing.T) {
	const mark = "zzz"
	for _, text := range []string{
		"kind = 'zzz'", "kind LIKE '%zzz'", "CASEI('zzz') = kind", "kind IN ('zzz')", "A_EQUALS(works, ('zzz'))", "A_OVERLAPS(('zzz'), ('zzz', kind))", "kind < 'zzz' OR NOT 'zzz' > kind", "'zzz' IS NULL",
		"shops = 777.5", "shops BETWEEN 777.5 AND 777.5", "signed = DATE('7777-07-07')", "T_AFTER(signed, INTERVAL('7777-07-07', '7777-07-07T07:07:07Z'))", "S_TOUCHES(geometry, BBOX(77, 77, 78, 78))", "S_INTERSECTS(geometry, BBOX(77, 77, -77, 78))",
	} {
		statement, binds, err := Where(filter(t, text), SQLite{}, columns, 1)
		if err != nil || strings.Contains(statement, mark) || strings.Contains(statement, "77") || len(binds) == 0 {
			t.Errorf("%s: %s %q %v", text, statement, binds, err)
		}
		for i := range binds {
			if !strings.Contains(statement, fmt.Sprintf("?%d", i+1)) {
				t.Errorf("%s: the value %d stands nowhere in %s", text, i+1, statement)
			}
		}
	}
}

// A long chain stays shallow: SQLite nests no more than a thousand terms.
func TestChainsAreBalanced(t *testing.T) {
	statement, _, err := Where(filter(t, "TRUE"+strings.Repeat(" AND TRUE", 900)), SQLite{}, columns, 1)
	if err != nil {
		t.Fatal(err)
	}
	deepest, depth := 0, 0
	for _, r := range statement {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		deepest = max(deepest, depth)
	}
	if deepest > 12 {
		t.Errorf("901 conditions nest %d deep", deepest)
	}
}

func TestBoxes(t *testing.T) {
	box := func(w, s, e, n float64) orb.Bound { return orb.Bound{Min: orb.Point{w, s}, Max: orb.Point{e, n}} }
	for _, tc := range []struct {
		in   string
		want [][]orb.Bound
	}{
		{"S_WITHIN(geometry, BBOX(1, 2, 3, 4)) AND kind = 'a' AND (S_TOUCHES(LINESTRING(5 9, 6 8), geometry) AND TRUE)", [][]orb.Bound{{box(1, 2, 3, 4)}, {box(5, 8, 6, 9)}}},
		{"S_INTERSECTS(geometry, BBOX(170, 2, -170, 4))", [][]orb.Bound{{box(170, 2, 180, 4), box(-180, 2, -170, 4)}}},
		{"S_DISJOINT(geometry, BBOX(1, 2, 3, 4))", nil},
		{"S_INTERSECTS(geometry, BBOX(1, 2, 3, 4)) OR kind = 'a'", nil},
		{"NOT S_INTERSECTS(geometry, BBOX(1, 2, 3, 4))", nil},
		{"(S_INTERSECTS(geometry, BBOX(1, 2, 3, 4))) IS NULL", nil},
		{"S_INTERSECTS(POINT(1 1), BBOX(1, 2, 3, 4))", nil},
		{"S_EQUALS(geometry, geometry)", nil},
	} {
		if got := Boxes(filter(t, tc.in)); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.in, got, tc.want)
		}
	}
}
