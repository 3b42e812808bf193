package web

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/number"

	"mithaq/geodata"
	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// catalog reads a catalog as it is written: a text, or its plural forms.
func catalog(t *testing.T, lang Lang) map[string]any {
	t.Helper()
	raw, err := fs.ReadFile(messageFiles, "messages/"+string(lang)+".json")
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// pluralForms are the forms that each language needs, by CLDR.
var pluralForms = map[Lang][]string{
	French:  {"many", "one", "other"},
	Arabic:  {"few", "many", "one", "other", "two", "zero"},
	English: {"one", "other"},
}

var gap = regexp.MustCompile(`{{\.[A-Za-z]+}}`)

// TestCatalogsSayTheSame asks that the three catalogs have the same messages with the same gaps, and every plural form.
func TestCatalogsSayTheSame(t *testing.T) {
	french := catalog(t, French)
	for _, lang := range Langs {
		c := catalog(t, lang)
		if got, want := slices.Sorted(maps.Keys(c)), slices.Sorted(maps.Keys(french)); !slices.Equal(got, want) {
			t.Errorf("%s and fr differ in their messages", lang)
			for _, key := range append(got, want...) {
				if (c[key] == nil) != (french[key] == nil) {
					t.Errorf("%s: only one of them has %s", lang, key)
				}
			}
		}
		for key, message := range c {
			switch m := message.(type) {
			case map[string]any:
				if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, pluralForms[lang]) {
					t.Errorf("%s %s: has the forms %v, wants %v", lang, key, got, pluralForms[lang])
				}
			case string:
				fr, ok := french[key].(string)
				if !ok {
					t.Errorf("%s: plural in one language only", key)
					continue
				}
				got, want := gap.FindAllString(m, -1), gap.FindAllString(fr, -1)
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s %s: has the gaps %v, French has %v", lang, key, got, want)
				}
			}
		}
	}
}

var inTemplates = regexp.MustCompile(`\b(?:t|n) "([a-z0-9_.]+)"`)

// TestMessagesThatAreUsedExist looks for every key written in a template or in this package's code.
func TestMessagesThatAreUsedExist(t *testing.T) {
	c := catalog(t, French)
	pages, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		raw, err := fs.ReadFile(templateFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplates.FindAllStringSubmatch(string(raw), -1) {
			if c[m[1]] == nil {
				t.Errorf("%s says %q, which no catalog has", name, m[1])
			}
		}
	}
	keyed := []string{"say", "count", "fact", "figureFact", "dateFact", "textFact", "placeFact", "linksFact", "sum"}
	found := 0
	look := func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(keyed, method.Sel.Name) {
			return true
		}
		for _, arg := range call.Args[:min(2, len(call.Args))] {
			literal, ok := arg.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				continue
			}
			key, err := strconv.Unquote(literal.Value)
			if err != nil || strings.HasPrefix(key, "/") {
				continue // a JSON pointer
			}
			found++
			if c[key] == nil {
				t.Errorf("%s(%q): no catalog has it", method.Sel.Name, key)
			}
			break
		}
		return true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, look)
	}
	if found < 100 {
		t.Errorf("only %d keys were found in the code: the search no longer fits it", found)
	}
}

// labelled says which messages name the members of each closed set.
var labelled = map[string][]string{
	"AgreementKind": {"agreement_kind"}, "Documentation": {"documentation"}, "Scope": {"scope"}, "Role": {"role"}, "StepKind": {"step"},
	"AmendmentKind": {"amendment_kind"}, "SiteKind": {"site_kind"}, "SiteStatus": {"site_status"}, "Work": {"work"}, "Utility": {"utility"},
	"Trade": {"trade"}, "EventKind": {"event_kind"}, "Recurrence": {"recurrence"}, "ComponentKind": {"component_kind"},
	"OrganisationKind": {"organisation_kind"}, "SourceKind": {"source_kind"}, "Rights": {"rights"}, "LocalityKind": {"locality_named"},
	"Qualifier": {"qualifier"}, "Unit": {"unit"}, "Measure": {"measure"}, "PlaceMatch": {"match_note"}, "Precision": {"precision", "precision_name"},
	"PlaceLevel": {"place_level"}, "Force": {"force"}, "Type": {"type", "types"},
	"TextOrigin": {"text_origin"},
}

// TestEveryCodeHasALabel ranges over the registry's closed sets: no page shows a raw code.
func TestEveryCodeHasALabel(t *testing.T) {
	c := catalog(t, French)
	for set, codes := range registry.ClosedSets {
		prefixes, known := labelled[set]
		if !known {
			t.Errorf("closed set %s: say in labelled which messages name its members", set)
		}
		for _, prefix := range prefixes {
			for _, code := range codes {
				if c[prefix+"."+code] == nil {
					t.Errorf("%s %s has no message %s.%s", set, code, prefix, code)
				}
			}
		}
	}
}

// TestEveryFieldHasAName asks that the page of a source can say what a statement is for.
func TestEveryFieldHasAName(t *testing.T) {
	c := catalog(t, French)
	for _, x := range registry.Types {
		record := reflect.TypeOf(registry.New(x)).Elem()
		for i := range record.NumField() {
			name, _, _ := strings.Cut(record.Field(i).Tag.Get("json"), ",")
			if name != "" && c["field."+name] == nil {
				t.Errorf("%s: field %s has no message field.%s", x, name, name)
			}
		}
	}
}

func TestDatesInWords(t *testing.T) {
	all, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ date, fr, ar, en string }{
		{"2016-02", "février 2016", "فبراير 2016", "February 2016"},
		{"2017-07-11", "11 juillet 2017", "11 يوليوز 2017", "11 July 2017"},
		{"2016-01-01", "1er janvier 2016", "فاتح يناير 2016", "1 January 2016"},
		{"2021?-07-26", "26 juillet, année déduite : 2021", "26 يوليوز، والسنة مستنتجة: 2021", "26 July, year inferred: 2021"},
		{"2015-09/2016-03", "de septembre 2015 à mars 2016", "من شتنبر 2015 إلى مارس 2016", "from September 2015 to March 2016"},
		{"2015-04/2015-08", "d’avril 2015 à août 2015", "من أبريل 2015 إلى غشت 2015", "from April 2015 to August 2015"},
		{"2021/2030", "de 2021 à 2030", "من 2021 إلى 2030", "from 2021 to 2030"},
		{"2015-09-10/2015-09-11", "du 10 septembre 2015 au 11 septembre 2015", "من 10 شتنبر 2015 إلى 11 شتنبر 2015", "from 10 September 2015 to 11 September 2015"},
		{"2016-02/..", "depuis février 2016", "منذ فبراير 2016", "since February 2016"},
		{"/2016-03", "jusqu’à mars 2016, début non connu", "إلى غاية مارس 2016، والبداية غير معروفة", "until March 2016, start not known"},
		{"2019~", "vers 2019", "حوالي 2019", "about 2019"},
		{"2019?", "2019, incertain", "2019، غير مؤكد", "2019, uncertain"},
		{"201X", "années 2010", "عقد 2010", "the 2010s"},
		{"2001-21", "printemps 2001", "ربيع 2001", "spring 2001"},
		{"1985-04-XX", "avril 1985, jour non indiqué", "أبريل 1985، اليوم غير مذكور", "April 1985, day not stated"},
	} {
		for lang, want := range map[Lang]string{French: tc.fr, Arabic: tc.ar, English: tc.en} {
			got := strings.ReplaceAll(all[lang].date(edtf.MustParse(tc.date)), "\u00a0", " ")
			if got != want {
				t.Errorf("%s in %s: %q, want %q", tc.date, lang, got, want)
			}
		}
	}
}

func TestFiguresInWords(t *testing.T) {
	all, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		figure     registry.Figure
		noun       string
		fr, ar, en string
	}{
		{registry.Figure{Value: registry.Whole(1000), Unit: registry.SquareMetre, Qualifier: registry.About}, "", "environ 1 000 m²", "حوالي 1.000 م²", "about 1,000 m²"},
		{registry.Figure{Value: registry.Whole(50), Unit: registry.Count, Qualifier: registry.Nearly}, "", "près de 50", "ما يقارب 50", "nearly 50"},
		{registry.Figure{Value: registry.Whole(1), Unit: registry.Count, Qualifier: registry.Exact}, "count.premises", "1 local", "محل واحد", "1 unit"},
		{registry.Figure{Value: registry.Whole(2), Unit: registry.Count, Qualifier: registry.Exact}, "count.premises", "2 locaux", "محلان", "2 units"},
		{registry.Figure{Value: registry.Whole(3), Unit: registry.Count, Qualifier: registry.Exact}, "count.premises", "3 locaux", "3 محلات", "3 units"},
		{registry.Figure{Value: registry.Whole(11), Unit: registry.Count, Qualifier: registry.Exact}, "count.premises", "11 locaux", "11 محلا", "11 units"},
		{registry.Figure{Value: registry.Whole(25), Unit: registry.Count, Qualifier: registry.Exact}, "count.premises", "25 locaux", "25 محلا", "25 units"},
		{registry.Figure{Value: registry.Whole(100), Unit: registry.Count, Qualifier: registry.AtLeast}, "count.premises", "au moins 100 locaux", "على الأقل 100 محل", "at least 100 units"},
	} {
		for lang, want := range map[Lang]string{French: tc.fr, Arabic: tc.ar, English: tc.en} {
			got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(all[lang].figure(tc.figure, tc.noun))
			if got != want {
				t.Errorf("%v in %s: %q, want %q", tc.figure, lang, got, want)
			}
		}
	}
}

// Messages and numbers are put together as the libraries that know all of their rules do.
func TestWordsAreThoseOfTheLibraries(t *testing.T) {
	all, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for lang, w := range all {
		for key := range catalog(t, lang) {
			for _, gaps := range []args{nil, {}, {"N": 7, "Name": "<b>\u0644{{.N}}", "Place": nil}, {"Value": label(w, "unit", "m2"), "Text": []string{"a"}, "Sites": 1.5}} {
				if message, ok := w.plain[key]; ok {
					if got, want := fill(message, gaps), w.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: gaps}); got != want {
						t.Errorf("%s %s of %v: %q, want %q", lang, key, gaps, got, want)
					}
				}
			}
		}
		if len(w.plain) < 900 {
			t.Errorf("%s: only %d messages without plural forms", lang, len(w.plain))
		}
		random := rand.New(rand.NewPCG(2026, 13))
		for _, n := range []int{0, 9, 10, 999, 1000, 1001, 99_999, 100_000, 999_999, 1_000_000, 1_000_000_000, -1, -1000} {
			for range 20 {
				if got, want := w.whole(n), w.printer.Sprint(number.Decimal(n)); got != want {
					t.Fatalf("%s: %q, want %q", lang, got, want)
				}
				n = random.IntN(1 << (1 + random.IntN(40)))
			}
		}
	}
}

func TestCreditOnPagesIsTheDatas(t *testing.T) {
	all, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(all[French].say("credit.map"), "\u00a0", " "); got != strings.ReplaceAll(geodata.Credit(), "\u00a0", " ") {
		t.Errorf("the pages credit %q, the data ask for %q", got, geodata.Credit())
	}
}

func TestPreferredLanguage(t *testing.T) {
	for header, want := range map[string]Lang{
		"": French, "ar": Arabic, "ar-MA,ar;q=0.9,fr;q=0.5": Arabic, "en-US,en;q=0.9": English, "de-DE": French, "fr-FR": French, "*": French, "((": French,
	} {
		if got := preferredLang(header); got != want {
			t.Errorf("Accept-Language %q gives %s, want %s", header, got, want)
		}
	}
}
