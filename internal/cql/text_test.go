package cql

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
)

func TestParseText(t *testing.T) {
	kind, shops, works := Property("kind"), Property("shops"), Property("works")
	for _, tc := range []struct {
		in   string
		want Expr
	}{
		{"kind='craft_zone'", Call{Equal, []Expr{kind, Text("craft_zone")}}},
		{"shops>=1 And shops < 1e2 AND\tshops<>-3", Call{And, []Expr{Call{GreaterEqual, []Expr{shops, Number(1)}}, Call{Less, []Expr{shops, Number(100)}}, Call{NotEqual, []Expr{shops, Number(-3)}}}}},
		{"(shops > 1 and shops > 2) and shops > 3", Call{And, []Expr{Call{And, []Expr{Call{Greater, []Expr{shops, Number(1)}}, Call{Greater, []Expr{shops, Number(2)}}}}, Call{Greater, []Expr{shops, Number(3)}}}}},
		{"not kind is null or true", Call{Or, []Expr{Call{Not, []Expr{Call{IsNull, []Expr{kind}}}}, Bool(true)}}},
		{"(shops > 1 OR kind IS NULL) IS NULL", Call{IsNull, []Expr{Call{Or, []Expr{Call{Greater, []Expr{shops, Number(1)}}, Call{IsNull, []Expr{kind}}}}}}},
		{`"date" = DATE('2016-02-29')`, Call{Equal, []Expr{Property("date"), Date("2016-02-29")}}},
		{`nom LIKE 'l''été d\'or \\ \t 10\%'`, Call{Like, []Expr{Property("nom"), Text("l'été d'or \\ \t 10\\%")}}},
		{"المكان = 'تيزنيت'", Call{Equal, []Expr{Property("المكان"), Text("تيزنيت")}}},
		{"1 - -1 + +2 < .5", Call{Less, []Expr{Call{Plus, []Expr{Call{Minus, []Expr{Number(1), Number(-1)}}, Number(2)}}, Number(0.5)}}},
		{"-shops ^ 2 = 4.", Call{Equal, []Expr{Call{Power, []Expr{Call{Times, []Expr{Number(-1), shops}}, Number(2)}}, Number(4)}}},
		{"(1 + shops) * 2 > 4", Call{Greater, []Expr{Call{Times, []Expr{Call{Plus, []Expr{Number(1), shops}}, Number(2)}}, Number(4)}}},
		{"A_EQUALS(works, ())", Call{AEquals, []Expr{works, List(nil)}}},
		{"A_EQUALS(works, ('a'))", Call{AEquals, []Expr{works, List{Text("a")}}}},
		{"A_EQUALS(works, (('a'), (1 + 2) * 3, (1 > 2) OR TRUE))", Call{AEquals, []Expr{works, List{List{Text("a")},
			Call{Times, []Expr{Call{Plus, []Expr{Number(1), Number(2)}}, Number(3)}}, Call{Or, []Expr{Call{Greater, []Expr{Number(1), Number(2)}}, Bool(true)}}}}}},
		{"near(kind, (1), 2 > 1)", Call{"near", []Expr{kind, List{Number(1)}, Call{Greater, []Expr{Number(2), Number(1)}}}}},
		{"now() = TIMESTAMP('2024-05-01T10:00:00.500Z')", Call{Equal, []Expr{Call{"now", nil}, Timestamp("2024-05-01T10:00:00.5Z")}}},
		{"t_during(signed, interval('2016-01-01', '..'))", Call{TDuring, []Expr{Property("signed"), Interval{Date("2016-01-01"), Open{}}}}},
		{"S_INTERSECTS(geometry, bbox(170, -20, -170, -10))", Call{SIntersects, []Expr{Property("geometry"), BBox{170, -20, -170, -10}}}},
		{"S_INTERSECTS(geometry, BBOX(-10, 29, 0, -9, 30, 2500))", Call{SIntersects, []Expr{Property("geometry"), BBox{-10, 29, -9, 30}}}},
		{"S_INTERSECTS(geometry, Point Z(-9.7 29.7 63))", Call{SIntersects, []Expr{Property("geometry"), Geometry{orb.Point{-9.7, 29.7}}}}},
		{"S_INTERSECTS(geometry, MULTIPOINT((0 0), (1E0 -1)))", Call{SIntersects, []Expr{Property("geometry"), Geometry{orb.MultiPoint{{0, 0}, {1, -1}}}}}},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := ParseText(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("%#v\nwant %#v", got, tc.want)
			}
			readsBack(t, got)
		})
	}
}

// Every error says where, what stands there and what could.
func TestParseTextRefuses(t *testing.T) {
	for _, tc := range []struct {
		in         string
		offset     int
		got, takes string // takes: a part of it
	}{
		{"", 0, "the end", "a property, a literal or ("},
		{"kind = 'zone' AND", 17, "the end", "a property, a literal or ("},
		{"shops > 3 AND ()", 15, ")", "a property, a literal or ("},
		{"kind = ", 7, "the end", "a property, a literal or ("},
		{"(kind = 'zone'", 14, "the end", ")"},
		{"kind = 'zone')", 13, ")", "AND, OR or the end"},
		{"kind", 0, "kind", "a condition"},
		{"'zone'", 0, "'zone'", "a condition"},
		{"kind AND shops > 3", 0, "kind", "a condition"},
		{"shops > 3 AND kind", 14, "kind", "a condition"},
		{"NOT kind", 4, "kind", "a condition"},
		{"NOT NOT TRUE", 4, "NOT", "a property, a literal or ("},
		{"kind == 'zone'", 6, "=", "a property, a literal or ("},
		{"kind != 'zone'", 5, "!", "<>"},
		{"kind = NULL", 7, "NULL", "IS NULL"},
		{"kind = 'zone", 12, "the end", "the ' that ends the text begun at 7"},
		{`kind = "zone`, 7, `"zone`, "a name in double quotes"},
		{`kind = "craft zone"`, 7, `"craft zone"`, "a text stands in single ones"},
		{"kind LIKE shops", 10, "shops", "a pattern"},
		{"kind LIKE CASEI(name)", 10, "CASEI", "a pattern"},
		{"kind NOT = 'a'", 9, "=", "LIKE, BETWEEN or IN"},
		{"kind IS 'a'", 8, "'a'", "NULL or NOT NULL"},
		{"shops BETWEEN 1", 15, "the end", "AND"},
		{"shops BETWEEN 'a' AND 'b'", 14, "'a'", "a property, a number or a function"},
		{"kind IN ()", 9, ")", "a property, a literal or ("},
		{"kind IN ('a' 'b')", 13, "'b'", ", or )"},
		{"kind IN 'a'", 8, "'a'", "("},
		{"kind = (a > 1)", 7, "(", "a property, a text, a number"},
		{"a = b = c", 6, "=", "AND, OR or the end"},
		{"select = 1; DROP TABLE feature", 10, ";", "operator"},
		{"date = 3", 5, "=", "double quotes"},
		{"signed = DATE('2016-02-30')", 14, "'2016-02-30'", "a day as"},
		{"signed = DATE('2016-02')", 14, "'2016-02'", "a day as"},
		{"signed = DATE(2016)", 14, "2016", "a day as"},
		{"updated > TIMESTAMP('2016-02-10')", 20, "'2016-02-10'", "an instant as"},
		{"updated > TIMESTAMP('2016-02-10T10:00:00+01:00')", 20, "'2016-02-10T10:00:00+01:00'", "an instant as"},
		{"updated > TIMESTAMP('2016-02-10T10:00:60Z')", 20, "'2016-02-10T10:00:60Z'", "an instant as"},
		{"T_AFTER(signed, INTERVAL('2016-02-10'))", 25, "'2016-02-10'", "two sides"},
		{"T_AFTER(signed, INTERVAL('2016-02-10', '2016-02-09'))", 39, "'2016-02-09'", "isn't before the start"},
		{"T_AFTER(signed, INTERVAL('2016', '..'))", 25, "'2016'", "'2016-02-10'"},
		{"T_AFTER(signed)", 14, ")", "one more operand of t_after"},
		{"T_AFTER(signed, DATE('2016-02-10'), 1)", 36, "1", "no more operands of t_after"},
		{"T_AFTER(signed, '2016-02-10')", 16, "'2016-02-10'", "a DATE or TIMESTAMP"},
		{"A_CONTAINS(works, 'creation')", 18, "'creation'", "a list in parentheses"},
		{"S_INTERSECTS(geometry, 'x')", 23, "'x'", "a geometry"},
		{"S_INTERSECTS(geometry, POINT EMPTY)", 29, "EMPTY", "("},
		{"S_INTERSECTS(geometry, POINT())", 29, ")", "a number"},
		{"S_INTERSECTS(geometry, POINT(1))", 30, ")", "a number"},
		{"S_INTERSECTS(geometry, POINT(1 2 3 4))", 35, "4", ", or )"},
		{"S_INTERSECTS(geometry, POINT Z(1 2))", 34, ")", "a number"},
		{"S_INTERSECTS(geometry, POINT(1,2))", 30, ",", "a number"},
		{"S_INTERSECTS(geometry, POINT(1e999 2))", 29, "1e999", "finite"},
		{"S_INTERSECTS(geometry, POINT(NaN 2))", 29, "NaN", "a number"},
		{"S_INTERSECTS(geometry, LINESTRING(1 2))", 33, "(", "two positions"},
		{"S_INTERSECTS(geometry, LINESTRING(1 2, 3 4 5))", 44, ")", "as many numbers"},
		{"S_INTERSECTS(geometry, POLYGON((0 0, 1 0, 1 1, 0 1)))", 30, "(", "last position equals its first"},
		{"S_INTERSECTS(geometry, POLYGON((0 0, 1 0, 0 0)))", 30, "(", "four positions"},
		{"S_INTERSECTS(geometry, GEOMETRYCOLLECTION(GEOMETRYCOLLECTION(POINT(1 2))))", 42, "GEOMETRYCOLLECTION", "MULTI"},
		{"S_INTERSECTS(geometry, BBOX(1, 2, 3))", 27, "(", "four numbers"},
		{"S_INTERSECTS(geometry, BBOX(1, 4, 3, 2))", 27, "(", "south"},
		{"-(shops) > 1", 1, "(", "a number, a property or a function"},
		{"2 ^ 3 ^ 4 > 1", 6, "^", "=, <>"},
		{"'a' + 1 > 1", 0, "'a'", "a number"},
		{"shops × 2 > 1", 6, "×", "operator"},
		{"kind = 'a\x00b'", 9, "a byte or character that no text has", "UTF-8"},
		{"kind = 'a\xffb'", 9, "a byte or character that no text has", "UTF-8"},
		{"kind \xff 'b'", 5, "a byte or character that no text has", "UTF-8"},
	} {
		e, err := ParseText(tc.in)
		var refusal *Error
		if !errors.As(err, &refusal) {
			t.Errorf("%q: %#v, %v; want an *Error", tc.in, e, err)
			continue
		}
		if refusal.Offset != tc.offset || refusal.Got != tc.got || !strings.Contains(refusal.Takes, tc.takes) {
			t.Errorf("%q: at %d got %q, takes %q; want %d, %q, %q", tc.in, refusal.Offset, refusal.Got, refusal.Takes, tc.offset, tc.got, tc.takes)
		}
	}
	_, err := ParseText("shops > 3 AND ()")
	if want := "expected a property, a literal or ( at 15, found )"; err == nil || err.Error() != want {
		t.Errorf("in words: %v, want %s", err, want)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	for _, tc := range []struct {
		in     string
		offset int
		takes  string
	}{
		{``, 0, "JSON"},
		{`{"op":"and"`, 11, "JSON"},
		{`{"op":"=","args":[{"property":"a"},1]} x`, 39, "the end"},
		{`[]`, 0, "a condition"},
		{`null`, 0, "an object"},
		{`"a"`, 0, "a condition"},
		{`{"property":"a"}`, 0, "a condition"},
		{`{}`, 0, `an object with "op"`},
		{`{"op":"=","args":[{"property":"a"}]}`, 17, "one more operand of ="},
		{`{"op":"=","args":[{"property":"a"},1,2]}`, 37, "no more operands of ="},
		{`{"op":"=","args":[{"property":"a"},null]}`, 35, "an object, a text"},
		{`{"op":"=","args":[{"property":"a"},[1]]}`, 35, "a property, a text"},
		{`{"op":"=","args":[{"property":"a"},1e999]}`, 35, "finite"},
		{`{"op":"=","args":[{"property":"a"},NaN]}`, 35, "JSON"},
		{`{"op":"=","args":[{"property":"a b"},1]}`, 30, "the name of a property"},
		{`{"op":"=","args":[{"property":1},1]}`, 30, "the name of a property"},
		{`{"op":"=","op":"<>","args":[]}`, 10, "each name once"},
		{`{"op":"=","args":[],"arg":1}`, 26, `no member "arg" beside "op"`},
		{`{"op":"and","args":[true]}`, 19, "one more operand of and"},
		{`{"op":"AND","args":[true,true]}`, 6, "an operator or the name of a function"},
		{`{"op":"drop table","args":[]}`, 6, "an operator or the name of a function"},
		{`{"op":"isNull"}`, 0, `"args" beside "op"`},
		{`{"op":"in","args":[{"property":"a"},[]]}`, 36, "a list of values"},
		{`{"op":"like","args":[{"property":"a"},{"property":"b"}]}`, 38, "a pattern"},
		{`{"op":"=","args":[{"date":"2016-02-30"},1]}`, 26, "a day as"},
		{`{"op":"t_after","args":[{"property":"a"},{"interval":["2016-02-10"]}]}`, 53, "two sides"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Point","coordinates":[]}]}`, 72, "a position"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Point","coordinates":[1]}]}`, 72, "two numbers"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Point","coordinates":[1,null]}]}`, 75, "a number"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Point","coordinates":["1",2]}]}`, 73, "a number"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Point"}]}`, 50, "coordinates"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"MultiPoint","coordinates":[]}]}`, 77, "a list of positions"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Circle","coordinates":[1,2]}]}`, 50, "Point, LineString"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}]}`, 75, "last position equals its first"},
		{`{"op":"s_within","args":[{"property":"g"},{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[]}]}]}`, 85, "no collection"},
		{`{"op":"s_within","args":[{"property":"g"},{"bbox":[1,2,3]}]}`, 50, "four numbers"},
		{"{\"op\":\"=\",\"args\":[{\"property\":\"a\"},\"\\u0000\"]}", 35, "control characters"},
		{"{\"op\":\"=\",\"args\":[{\"property\":\"a\"},\"\xff\"]}", 0, "UTF-8"},
	} {
		e, err := ParseJSON([]byte(tc.in))
		var refusal *Error
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %#v, %v; want an *Error", tc.in, e, err)
			continue
		}
		if refusal.Offset != tc.offset || !strings.Contains(refusal.Takes, tc.takes) || refusal.Got == "" {
			t.Errorf("%s: %v; want %q at %d", tc.in, err, tc.takes, tc.offset)
		}
	}
}

// What is too much is refused at once, and what is as much as may be is read.
func TestLimits(t *testing.T) {
	deep := func(n int, open, shut string) string {
		return strings.Repeat(open, n) + "TRUE" + strings.Repeat(shut, n)
	}
	line := "S_WITHIN(geometry, LINESTRING(0 0" + strings.Repeat(",1 1", MaxPositions-1)
	for _, tc := range []struct {
		name, in string
		ok       bool
	}{
		{"10,000 parentheses", deep(10_000, "(", ")"), false},
		{"10,000 open parentheses", strings.Repeat("(", 10_000), false},
		{"10,000 NOT", deep(10_000, "NOT (", ")"), false},
		{"10,000 lists", "A_EQUALS(a, " + strings.Repeat("(", 10_000), false},
		{"10,000 functions", strings.Repeat("f(", 10_000), false},
		{"10,000 CASEI", strings.Repeat("CASEI(", 10_000), false},
		{"10,000 minus", strings.Repeat("-", 10_000) + "1 > 0", false},
		{"10,000 sums", "a" + strings.Repeat("+a", 10_000) + " > 0", false},
		{"10,000 comparisons", "TRUE" + strings.Repeat(" OR TRUE", 10_000), false},
		{"parentheses that change nothing", deep(MaxDepth, "(", ")"), true},
		{"as deep as may be", deep(MaxDepth-1, "NOT (", ")"), true},
		{"deeper", deep(MaxDepth, "NOT (", ")"), false},
		{"as many parts as may be", "TRUE" + strings.Repeat(" OR TRUE", MaxNodes-2), true},
		{"one more", "TRUE" + strings.Repeat(" OR TRUE", MaxNodes-1), false},
		{"as many positions as may be", line + "))", true},
		{"one more position", line + ", 2 2))", false},
		{"a long pattern", "a LIKE '" + strings.Repeat("%", MaxPattern) + "'", true},
		{"a longer pattern", "a LIKE CASEI('" + strings.Repeat("%", MaxPattern+1) + "')", false},
		{"a long text", "a = '" + strings.Repeat("x", MaxBytes-6) + "'", true},
		{"a longer text", "a = '" + strings.Repeat("x", MaxBytes) + "'", false},
	} {
		began := time.Now()
		e, err := ParseText(tc.in)
		var refusal *Error
		if tc.ok != (err == nil) || err != nil && !errors.As(err, &refusal) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s", tc.name, took)
		}
		if err == nil && len(tc.in) < MaxBytes/2 { // quotes and brackets may make it longer
			readsBack(t, e)
		}
	}
	for _, raw := range []string{strings.Repeat("[", 10_000), strings.Repeat(`{"op":"not","args":[`, 5_000), `{"op":"and","args":[true` + strings.Repeat(",true", 10_000) + "]}"} {
		began := time.Now()
		if _, err := ParseJSON([]byte(raw)); err == nil || time.Since(began) > time.Second {
			t.Errorf("%.20s…: %v after %s", raw, err, time.Since(began))
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"kind = 'craft_zone' AND (shops > 3 OR NOT surface_m2 BETWEEN 1 AND 2.5e3)", "A_EQUALS(works, ((1 + 2) * 3, ('a'), ()))", "-a ^ 2 - -1 div 3 > b % 2",
		"T_DURING(INTERVAL(a, '..'), INTERVAL('2016-02-10', TIMESTAMP('2016-02-10T00:00:00Z')))", `CASEI(ACCENTI("date")) NOT LIKE CASEI('\%''\\')`,
		"S_WITHIN(GEOMETRYCOLLECTION(POINT Z(1 2 3), POLYGON((0 0, 1 0, 1 1, 0 0))), BBOX(1,2,3,4))", "(a = 1 IS NULL) IS NOT NULL", "f(g(), x) OR FALSE",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseText(s)
		var refusal *Error
		switch {
		case err == nil:
			readsBack(t, e)
		case !errors.As(err, &refusal) || refusal.Offset > len(s) || refusal.Got == "" || refusal.Takes == "":
			t.Errorf("%q: %#v", s, err)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"op":"and","args":[{"op":"=","args":[{"property":"kind"},"a\n"]},{"op":"in","args":[1e3,[2,{"date":"2016-02-10"}]]}]}`, `{"op":"f","args":[[[]],-0.0]}`,
		`{"op":"^","args":[{"op":"^","args":[1,2]},{"op":"-","args":[1,{"op":"-","args":[1,2]}]}]}`, `true`,
		`{"op":"not","args":[{"op":"isNull","args":[{"op":"not","args":[false]}]}]}`,
		`{"op":"s_equals","args":[{"type":"MultiPoint","coordinates":[[1,2,3],[4,5,6]],"bbox":[]},{"bbox":[1,2,3,4]}]}`,
		`{"op":"t_meets","args":[{"interval":["..",{"property":"a"}]},{"timestamp":"2016-02-10T00:00:00.10Z"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ParseJSON(raw)
		var refusal *Error
		switch {
		case err == nil:
			readsBack(t, e)
		case !errors.As(err, &refusal) || refusal.Offset > len(raw) || refusal.Got == "" || refusal.Takes == "":
			t.Errorf("%q: %#v", raw, err)
		}
	})
}
