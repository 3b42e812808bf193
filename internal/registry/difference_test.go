package registry

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mithaq/internal/edtf"
)

// told writes differences as lines, values as JSON.
func told(t *testing.T, found []Difference) string {
	t.Helper()
	var lines []string
	for _, d := range found {
		before, err1 := json.Marshal(d.Before)
		after, err2 := json.Marshal(d.After)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		lines = append(lines, fmt.Sprintf("%s: %s → %s", d.Pointer, before, after))
	}
	return strings.Join(lines, "\n")
}

func TestDifferences(t *testing.T) {
	about := func(n int64, q Qualifier) *Figure { return &Figure{Whole(n), SquareMetre, q} }
	base := func() *Agreement {
		return &Agreement{
			Header: Header{Type: TypeAgreement, ID: "accord", Statements: []Statement{{Path: "/kind", Source: "src", Paragraph: 1, Sentence: 2, Words: "convention", SHA256: "00"}}},
			Kind:   PartnershipAgreement, Documentation: Documented,
			Titles:  Texts{{Lang: "fr", Text: "Accord", Origin: OriginPrinted}},
			Parties: []Party{{Organisation: "org-a", Role: RoleLead, NameAsWritten: "A"}, {Organisation: "org-b", Role: RoleSignatory, NameAsWritten: "B"}},
			Steps:   []Step{{Kind: StepAnnounced}},
			Trades:  []Trade{Trade("pottery")},
			Figures: []NamedFigure{{Measure: "beneficiaries", Figure: Figure{Whole(50), Count, Nearly}}},
		}
	}
	date, err := edtf.Parse("2016-02")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*Agreement)
		want   string
	}{
		{"nothing", func(*Agreement) {}, ""},
		{"an empty list is none", func(a *Agreement) { a.Programmes = []ProgrammeLink{} }, ""},
		{"a code", func(a *Agreement) { a.Kind = FrameworkAgreement }, `/kind: "partnership_agreement" → "framework_agreement"`},
		{"a text of its own", func(a *Agreement) { a.Reference = "12/2024" }, `/reference: null → "12/2024"`},
		{"a flag", func(a *Agreement) { a.Several = true }, `/several: null → true`},
		{"a party put first", func(a *Agreement) {
			a.Parties = append([]Party{{Role: RolePartner, NameAsWritten: "C"}}, a.Parties...)
		}, `/parties/0: null → {"role":"partner","name_as_written":"C"}`},
		{"a party taken away", func(a *Agreement) { a.Parties = a.Parties[1:] }, `/parties/0: {"organisation":"org-a","role":"lead","name_as_written":"A"} → null`},
		{"a party's role", func(a *Agreement) { a.Parties[1].Role = RoleFunder }, `/parties/1/role: "signatory" → "funder"`},
		{"parties in another order", func(a *Agreement) { a.Parties[0], a.Parties[1] = a.Parties[1], a.Parties[0] },
			`/parties: [{"organisation":"org-a","role":"lead","name_as_written":"A"},{"organisation":"org-b","role":"signatory","name_as_written":"B"}] → [{"organisation":"org-b","role":"signatory","name_as_written":"B"},{"organisation":"org-a","role":"lead","name_as_written":"A"}]`},
		{"a date that was unknown", func(a *Agreement) { a.Steps[0].Date = date }, `/steps/0/date: null → "2016-02"`},
		{"a title in another language", func(a *Agreement) {
			a.Titles = append(Texts{{Lang: "ar", Text: "اتفاق", Origin: OriginPrinted}}, a.Titles...)
		}, `/titles/0: null → {"lang":"ar","text":"اتفاق","origin":"printed"}`},
		{"a title's words", func(a *Agreement) { a.Titles[0].Text = "Accord 1" }, `/titles/0/text: "Accord" → "Accord 1"`},
		{"a list of codes is one value", func(a *Agreement) { a.Trades = []Trade{"carpets", "pottery"} }, `/trades: ["pottery"] → ["carpets","pottery"]`},
		{"a figure is one value", func(a *Agreement) { a.Figures[0].Qualifier = About },
			`/figures/0: {"measure":"beneficiaries","value":50,"unit":"count","qualifier":"nearly"} → {"measure":"beneficiaries","value":50,"unit":"count","qualifier":"about"}`},
		{"a place", func(a *Agreement) {
			a.Place = &WrittenPlace{Name: "Tiznit", AsWritten: "à Tiznit", Level: LevelProvince}
		}, `/place: null → {"name":"Tiznit","as_written":"à Tiznit","level":"province"}`},
		{"a statement", func(a *Agreement) { a.Statements[0].Paragraph = 3 },
			`/statements/0: {"path":"/kind","source":"src","paragraph":1,"sentence":2,"words":"convention","sentence_sha256":"00"} → {"path":"/kind","source":"src","paragraph":3,"sentence":2,"words":"convention","sentence_sha256":"00"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			after := base()
			tc.change(after)
			if got := told(t, Differences(base(), after)); got != tc.want {
				t.Errorf("got %s\nwant %s", got, tc.want)
			}
		})
	}

	before := &Site{Header: Header{Type: TypeSite, ID: "site"}, Place: &WrittenPlace{Name: "Anzi", AsWritten: "Anzi", Level: LevelCommune}, Surface: Surface{Total: about(1000, About)}}
	after := &Site{Header: Header{Type: TypeSite, ID: "site"}, Place: &WrittenPlace{Name: "Anzi", AsWritten: "Anzi", Level: LevelCommune, Within: "09.581"}, Surface: Surface{Total: about(1200, Exact)}}
	if got, want := told(t, Differences(before, after)), `/place/within: null → "09.581"
/surface/total: {"value":1000,"unit":"m2","qualifier":"about"} → {"value":1200,"unit":"m2","qualifier":"exact"}`; got != want {
		t.Errorf("site: got %s\nwant %s", got, want)
	}
	if got, want := told(t, Differences(after, &Site{Header: after.Header})), `/place: {"name":"Anzi","as_written":"Anzi","level":"commune","within":"09.581"} → null
/surface: {"total":{"value":1200,"unit":"m2","qualifier":"exact"}} → null`; got != want {
		t.Errorf("site emptied: got %s\nwant %s", got, want)
	}
}

// Nothing changes silently: whatever field of whatever record is other than it was, it is told. Each field is filled by reflection, so
// that a field added to a record type later is in this test without more.
func TestEveryFieldIsCompared(t *testing.T) {
	for _, typ := range Types {
		v := reflect.ValueOf(New(typ)).Elem()
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Anonymous {
				continue
			}
			before, after := New(typ), New(typ)
			fill(t, reflect.ValueOf(after).Elem().Field(i))
			rawBefore, _ := Canonical(before)
			rawAfter, err := Canonical(after)
			if err != nil {
				t.Fatal(err)
			}
			if string(rawBefore) == string(rawAfter) {
				t.Errorf("%s.%s: the test's value leaves no trace in the record", typ, f.Name)
			}
			for _, pair := range [][2]Record{{before, after}, {after, before}} {
				if len(Differences(pair[0], pair[1])) == 0 {
					t.Errorf("%s.%s: a difference isn't told", typ, f.Name)
				}
			}
		}
	}
}

// fill puts something into a field.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case edtf.Date:
		d, err := edtf.Parse("2020")
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(d))
		return
	case json.RawMessage:
		v.SetBytes([]byte("1"))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if f := v.Elem(); f.Kind() == reflect.Struct && f.NumField() > 0 && f.Field(0).CanSet() {
			fill(t, f.Field(0))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(t, v.Field(i))
			}
		}
	case reflect.Interface: // a geometry: none is a value, too
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}
