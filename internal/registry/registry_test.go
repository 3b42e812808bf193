package registry

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"mithaq/internal/edtf"
)

// stated is a statement of its own for a test record.
func stated(path string) Statement {
	return Statement{Path: path, Source: "a-source", Paragraph: 1, Sentence: 1, Words: "words", SHA256: strings.Repeat("0", 64)}
}

// market is a site with 25 shops to create, under agreement "accord".
func market() *Site {
	return &Site{
		Header: Header{Type: TypeSite, ID: "market", Statements: []Statement{stated("/kind"), stated("/shops/created"), stated("/status")}},
		Kind:   CraftMarket,
		Names:  Texts{{Lang: "fr", Text: "Marché", Origin: OriginRegistry}},
		Shops:  Premises{Created: &Figure{Value: Whole(25), Unit: Count, Qualifier: Exact}},
		Status: StatusAnnounced, Agreements: []ID{"accord"},
	}
}

// amend is an amendment that sets the market's shops from a date on.
func amend(id ID, number int, effective string, shops string) *Amendment {
	a := &Amendment{
		Header: Header{Type: TypeAmendment, ID: id, Statements: []Statement{stated("/target"), stated("/sets/0/value")}},
		Target: "accord", Number: number, Titles: Texts{{Lang: "fr", Text: "Avenant", Origin: OriginRegistry}},
		Sets: []Change{{Record: "market", Path: "/shops/created", Article: "3",
			Value: json.RawMessage(`{"value":` + shops + `,"unit":"count","qualifier":"exact"}`)}},
	}
	if effective != "" {
		a.Effective = edtf.MustParse(effective)
	}
	return a
}

func TestStateOn(t *testing.T) {
	first := amend("avenant-1", 1, "2024-05-01", "30")
	for _, tc := range []struct {
		name       string
		amendments []*Amendment
		day        edtf.Day
		shops      string
		applied    int
		possible   int
	}{
		{"the day before", []*Amendment{first}, "2024-04-30", "25", 0, 0},
		{"the day itself", []*Amendment{first}, "2024-05-01", "30", 1, 0},
		{"later", []*Amendment{first}, "2030-01-01", "30", 1, 0},
		{"a second amendment, given first", []*Amendment{amend("avenant-2", 2, "2025-01-01", "28"), first}, "2025-01-01", "28", 2, 0},
		{"two on one day by number", []*Amendment{amend("a", 2, "2024-05-01", "28"), amend("z", 1, "2024-05-01", "30")}, "2024-05-01", "28", 2, 0},
		{"two on one day, one without number, is last", []*Amendment{amend("a", 0, "2024-05-01", "28"), amend("z", 1, "2024-05-01", "30")}, "2024-05-01", "28", 2, 0},
		{"two on one day without numbers by id", []*Amendment{amend("b", 0, "2024-05-01", "28"), amend("a", 0, "2024-05-01", "30")}, "2024-05-01", "28", 2, 0},
		{"month: before it", []*Amendment{amend("m", 0, "2024-05", "30")}, "2024-04-30", "25", 0, 0},
		{"month: within it only possible", []*Amendment{amend("m", 0, "2024-05", "30")}, "2024-05-15", "25", 0, 1},
		{"month: from its last day", []*Amendment{amend("m", 0, "2024-05", "30")}, "2024-05-31", "30", 1, 0},
		{"year: within it only possible", []*Amendment{amend("y", 0, "2024", "30")}, "2024-01-01", "25", 0, 1},
		{"year: from its last day", []*Amendment{amend("y", 0, "2024", "30")}, "2024-12-31", "30", 1, 0},
		{"no date: possible on any day", []*Amendment{amend("n", 0, "", "30")}, "1990-01-01", "25", 0, 1},
		{"uncertain year: possible on any day", []*Amendment{amend("u", 0, "2021?-07-26", "30")}, "2030-01-01", "25", 0, 1},
		{"none", nil, "2024-05-01", "25", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			state, err := StateOn(market(), tc.amendments, tc.day)
			if err != nil {
				t.Fatal(err)
			}
			if got := state.Record.(*Site).Shops.Created.Value.String(); got != tc.shops {
				t.Errorf("shops %s, want %s", got, tc.shops)
			}
			if len(state.Applied) != tc.applied || len(state.Possible) != tc.possible {
				t.Errorf("%d applied, %d possible; want %d, %d", len(state.Applied), len(state.Possible), tc.applied, tc.possible)
			}
		})
	}
}

// The words that vouch for a changed value are the amendment's.
func TestStateMovesTheStatement(t *testing.T) {
	a := amend("avenant-1", 1, "2024-05-01", "30")
	a.Statements[1].Words = "trente locaux"
	state, err := StateOn(market(), []*Amendment{a}, "2024-06-01")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, s := range state.Record.Head().Statements {
		if s.Path == "/shops/created" {
			found = append(found, s.Words)
		}
	}
	if len(found) != 1 || found[0] != "trente locaux" {
		t.Errorf("statements of /shops/created: %v", found)
	}
	if got := string(state.Applied[0].Before); got != `{"qualifier":"exact","unit":"count","value":25}` {
		t.Errorf("before: %s", got)
	}
}

// An amendment that changes a value nobody stated makes it known from then on, and leaves the rest unknown.
func TestStateSetsWhatWasUnknown(t *testing.T) {
	base := market()
	base.Shops = Premises{}
	base.Statements = base.Statements[:1]
	state, err := StateOn(base, []*Amendment{amend("a", 1, "2024-05-01", "30")}, "2024-05-01")
	if err != nil {
		t.Fatal(err)
	}
	s := state.Record.(*Site)
	if s.Shops.Created.Value != Whole(30) || s.Shops.Restored != nil || s.Surface != (Surface{}) || state.Applied[0].Before != nil {
		t.Errorf("%+v", s)
	}
	if base.Shops.Created != nil {
		t.Error("the base was changed")
	}
}

func TestStateRefusesWhatDoesNotFit(t *testing.T) {
	for _, path := range []string{"/id", "/statements/0", "shops", "/shops/demolished", "/kind/x", "/works/7"} {
		a := amend("a", 1, "2024-05-01", "30")
		a.Sets[0].Path = path
		if _, err := StateOn(market(), []*Amendment{a}, "2024-05-01"); err == nil {
			t.Errorf("path %q was taken", path)
		}
	}
}

func TestSumClaimsNoMoreThanItsTermsAndCountsTheUnknown(t *testing.T) {
	f := func(n int64, q Qualifier) *Figure { return &Figure{Whole(n), Count, q} }
	total, missing := Sum(f(25, Exact), nil, f(15, About), f(2, Nearly), nil)
	if total.Value != Whole(42) || total.Qualifier != About || missing != 2 {
		t.Errorf("%v, %d missing", total, missing)
	}
	for _, c := range []struct{ a, b, want Qualifier }{
		{Exact, Exact, Exact}, {Exact, Nearly, Nearly}, {AtLeast, Exact, AtLeast}, {AtMost, AtMost, AtMost}, {AtMost, Nearly, AtMost},
		{AtLeast, AtMost, About}, {AtLeast, Nearly, About}, {AtLeast, About, About}, {About, AtMost, About},
	} {
		for _, terms := range [][]*Figure{{f(30, c.a), f(33, c.b)}, {f(33, c.b), f(30, c.a)}} {
			if total, _ := Sum(terms...); total.Qualifier != c.want {
				t.Errorf("%s and %s are %s together, not %s", c.a, c.b, total.Qualifier, c.want)
			}
		}
	}
	if total, missing := Sum(nil, nil); total != nil || missing != 2 {
		t.Errorf("a sum over unknowns is %v, not unknown", total)
	}
}

// What an ID may be is what this says; Valid is asked for every reference and every address.
func TestIDsAreValidAsTheirFormSays(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	random := rand.New(rand.NewPCG(6, 3))
	valid := 0
	for range 20_000 {
		text := make([]byte, random.IntN(9))
		for i := range text {
			text[i] = "aqz059---A{/:\xe9\n"[random.IntN(9+random.IntN(7))]
		}
		want := form.Match(text)
		if got := ID(text).Valid(); got != want {
			t.Fatalf("%q: %v, not %v", text, got, want)
		}
		if want {
			valid++
		}
	}
	if valid < 1000 {
		t.Errorf("only %d were valid", valid)
	}
	if long := strings.Repeat("a", maxID); !ID(long).Valid() || ID(long+"a").Valid() {
		t.Error("the longest ID has another length")
	}
}

func TestDecimal(t *testing.T) {
	for in, want := range map[string]string{"1000": "1000", "0": "0", "-0.5": "-0.5", "1.250": "1.25", "1e3": "1000", "0.001": "0.001", "12.5": "12.5"} {
		var d Decimal
		if err := json.Unmarshal([]byte(in), &d); err != nil || d.String() != want {
			t.Errorf("%s: %s, %v; want %s", in, d, err, want)
		}
	}
	for _, in := range []string{"1.2345", "1e300", `"1"`, "1e-9", "99999999999999999999"} {
		var d Decimal
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s was read as %s", in, d)
		}
	}
}

func TestGeometryIsReadStrictly(t *testing.T) {
	for _, in := range []string{
		`{"type":"Point","coordinates":[]}`, `{"type":"Point","coordinates":[0,0]}`, `{"type":"Point","coordinates":null}`, `{"type":"Point","coordinates":[1]}`,
		`{"type":"Point","coordinates":[1,2,3]}`, `{"type":"Point","coordinates":[1,null]}`, `{"type":"Point","coordinates":["1","2"]}`,
		`{"type":"Point","coordinates":[1e999,2]}`, `{"type":"Point","coordinates":[29.7,-97.3]}`, `{"type":"Point","coordinates":[110000,350000]}`,
		`{"type":"Point"}`, `{"type":"GeometryCollection","geometries":[]}`, `{"type":"Point","coordinates":[1,2],"crs":{}}`, `null`, `[]`,
		`{"type":"LineString","coordinates":[[6,7]]}`, `{"type":"MultiPoint","coordinates":[]}`, `{"type":"Polygon","coordinates":[]}`,
		`{"type":"Polygon","coordinates":[[[5,5],[6,5],[6,6],[5,6]]]}`, `{"type":"Polygon","coordinates":[[[5,5],[6,5],[5,5]]]}`,
		`{"type":"Polygon","coordinates":[[[5,5],[6,6],[6,5],[5,6],[5,5]]]}`, `{"type":"Polygon","coordinates":[[[5,5],[6,6],[7,7],[5,5]]]}`,
	} {
		var g Geometry
		if err := json.Unmarshal([]byte(in), &g); err == nil && g.Geometry != nil {
			t.Errorf("%s was read as %v", in, g.Geometry)
		}
	}
	for in, want := range map[string]string{
		`{"type":"Point","coordinates":[-9.73,29.7]}`:                               `{"type":"Point","coordinates":[-9.73,29.7]}`,
		`{"coordinates":[[[5,5],[5,6],[6,6],[6,5],[5,5]]],"type":"Polygon"}`:        `{"type":"Polygon","coordinates":[[[5,5],[6,5],[6,6],[5,6],[5,5]]]}`,
		`{"type":"MultiPolygon","coordinates":[[[[5,5],[6,5],[6,6],[5,6],[5,5]]]]}`: `{"type":"MultiPolygon","coordinates":[[[[5,5],[6,5],[6,6],[5,6],[5,5]]]]}`,
	} {
		var g Geometry
		if err := json.Unmarshal([]byte(in), &g); err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got, _ := json.Marshal(g); string(got) != want {
			t.Errorf("%s was written as %s", in, got)
		}
	}
}

func TestValidate(t *testing.T) {
	if p := Validate(market()); len(p) > 0 {
		t.Fatalf("a sound site has problems: %v", p)
	}
	for pointer, spoil := range map[string]func(*Site){
		"/id":                           func(s *Site) { s.ID = "Market 1" },
		"/kind":                         func(s *Site) { s.Kind = "bazaar" },
		"/shops/created/value":          func(s *Site) { s.Shops.Created.Value = Whole(-1) },
		"/shops/created/unit":           func(s *Site) { s.Shops.Created.Unit = SquareMetre },
		"/shops/restored":               func(s *Site) { s.Shops.Restored = s.Shops.Created },
		"/works/0":                      func(s *Site) { s.Works = []Work{WorkCreation} },
		"/names/0/text":                 func(s *Site) { s.Names[0].Text = "a\u202eb" },
		"/statements/0/path":            func(s *Site) { s.Statements[0].Path = "/nowhere" },
		"/statements/0/sentence_sha256": func(s *Site) { s.Statements[0].SHA256 = "ab" },
		"/status":                       func(s *Site) { s.Statements = s.Statements[:2] },
		"/statements/1/path":            func(s *Site) { s.Statements[1].Path = "" },
		"/names/0/lang":                 func(s *Site) { s.Names[0].Lang = "fra" },
		"/statements/0/words":           func(s *Site) { s.Statements[0].Words = "a\u200fb" },
	} {
		s := market()
		spoil(s)
		found := false
		problems := Validate(s)
		for _, p := range problems {
			found = found || p.Pointer == pointer
		}
		if !found {
			t.Errorf("%s: not among the problems %v", pointer, problems)
		}
	}
}

// An amendment may set names to null; that is a problem of the amendment, and was a panic.
func TestValidateWithoutNames(t *testing.T) {
	s := market()
	s.Names = nil
	if p := Validate(s); len(p) != 1 || p[0].Pointer != "/names" {
		t.Errorf("problems: %v", p)
	}
}

func TestCanonicalReadsBack(t *testing.T) {
	for _, r := range []Record{market(), amend("a", 1, "2024-05", "30")} {
		raw, err := Canonical(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := Canonical(back); string(again) != string(raw) {
			t.Errorf("read back as\n%s\nnot\n%s", again, raw)
		}
	}
	for _, typ := range Types {
		if New(typ) == nil {
			t.Errorf("no record of type %s", typ)
		}
	}
}
