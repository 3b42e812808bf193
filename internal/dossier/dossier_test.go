package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"mithaq/geodata"
	"mithaq/internal/registry"
)

// sound is a file of one record of each type, in the order of registry.Types, with every closed set that a file may name.
// S(/x) is a statement for /x, T a text.
const sound = `{"format":"mithaq-records-1","records":[
{"type":"source","id":"src","kind":"official","lang":"fr","titles":[T],"publisher":"org","published":"2021-07-26","read":"2026-11","url":"https://example.org/accord","rights":"open_licence"},
{"type":"organisation","id":"org","statements":[S(/place),S(/founded)],"kind":"ministry","names":[T],"country":"MA",
 "place":{"name":"Rabat","as_written":"à Rabat","level":"commune"},"founded":"1998"},
{"type":"programme","id":"prog","statements":[S(/scope),S(/period),S(/phases/0)],"titles":[T],"scope":"country","period":"2021/2030","phases":[{"number":1,"titles":[T],"period":"2021/2025"}]},
{"type":"agreement","id":"accord","statements":[S(/kind),S(/scope),S(/place),S(/parties/0),S(/contributions/0),S(/components/0),S(/trades/0),S(/figures/0),S(/steps/0)],
 "kind":"partnership_agreement","documentation":"documented","titles":[T],"scope":"commune",
 "place":{"name":"Tafraout","as_written":"commune de Tafraout","level":"commune","within":"09.581","localities":[{"kind":"douar","name":"Adai"}]},
 "programmes":[{"programme":"prog","phase":1}],
 "parties":[{"organisation":"org","role":"lead","name_as_written":"le ministère","signed":"2024-05-02"}],
 "contributions":[{"organisation":"org","year":2024,"amount":{"value":1500000,"unit":"MAD","qualifier":"at_most"}}],
 "components":[{"kind":"output","titles":[T]}],
 "trades":["pottery"],
 "figures":[{"measure":"workshops","value":9,"unit":"count","qualifier":"nearly"}],
 "steps":[{"kind":"signed","date":"2024-05"}]},
{"type":"amendment","id":"avenant","statements":[S(/target),S(/kinds/0),S(/sets/0),S(/effective)],"target":"accord","kinds":["technical"],"titles":[T],
 "sets":[{"record":"site","path":"/shops/created","value":{"value":30,"unit":"count","qualifier":"exact"}}],"effective":"2025-01-15"},
{"type":"site","id":"site","statements":[S(/kind),S(/place),S(/position),S(/surface/total),S(/shops/created),S(/works/0),S(/utilities/0),S(/status),S(/status_date)],
 "kind":"craft_zone","names":[T],"place":{"name":"Tafraout","as_written":"Tafraout","level":"commune"},
 "position":{"geometry":{"type":"Point","coordinates":[-8.97,29.72]},"precision":"point","uncertainty_m":50},
 "surface":{"total":{"value":1000,"unit":"m2","qualifier":"about"}},"shops":{"created":{"value":25,"unit":"count","qualifier":"exact"}},
 "works":["creation"],"utilities":["water"],"status":"announced","status_date":"2024","agreements":["accord"]},
{"type":"event","id":"salon","statements":[S(/kind),S(/occurrences/0),S(/recurrence)],"kind":"fair","titles":[T],"occurrences":[{"date":"2023-02-20/2023-02-28"}],"recurrence":"annual"},
{"type":"announcement","id":"annonce","statements":[S(/date),S(/claimed),S(/lists)],"titles":[T],"date":"2024-05-02","claimed":{"value":9,"unit":"count","qualifier":"exact"},"lists":["accord","avenant"]}
]}`

const (
	hash      = "0000000000000000000000000000000000000000000000000000000000000000"
	statement = `{"path":"%s","source":"src","paragraph":1,"sentence":1,"words":"vingt-cinq locaux","sentence_sha256":"` + hash + `"}`
	title     = `{"lang":"fr","text":"Un accord","origin":"registry"}`
	first     = `"path":"/kind","source":"src","paragraph":1,"sentence":1,"words":"vingt-cinq locaux","sentence_sha256":"` + hash + `"` // in 3, 5 and 6
)

// full writes out the statements and texts.
func full(text string) string {
	for strings.Contains(text, "S(/") {
		before, rest, _ := strings.Cut(text, "S(/")
		path, after, _ := strings.Cut(rest, ")")
		text = before + fmt.Sprintf(statement, "/"+path) + after
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "[T]", "["+title+"]"), "(T)", title)
}

// edited is the sound file with one text in place of another, which must stand there. Only the first is replaced.
func edited(t testing.TB, pairs ...string) []byte {
	t.Helper()
	text := sound
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			text = full(text)
		}
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s is not in the file", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return []byte(full(text))
}

// pointers are where the problems are, each place once, in order.
func pointers(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Pointer)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestSoundFileIsTaken(t *testing.T) {
	entries, problems := Read("sound", edited(t))
	if len(problems) > 0 || len(entries) != len(registry.Types) {
		t.Fatalf("%d records, %v", len(entries), problems)
	}
	for i, e := range entries {
		if e.Record.Head().Type != registry.Types[i] || e.Pointer != fmt.Sprintf("/records/%d", i) {
			t.Errorf("record %d is of type %s at %s", i, e.Record.Head().Type, e.Pointer)
		}
	}
	if _, problems := Read("with BOM", append([]byte("\ufeff"), edited(t)...)); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestBadFiles(t *testing.T) {
	const point = `{"type":"Point","coordinates":[-8.97,29.72]}`
	geometry := func(g string) []string { return []string{point, g} }
	precise := func(g, precision string) []string {
		return []string{point + `,"precision":"point"`, g + `,"precision":"` + precision + `"`}
	}
	for name, tc := range map[string]struct {
		edit []string
		want string
	}{
		"an unknown field":                      {[]string{`"id":"accord"`, `"id":"accord","amount":1`}, "/records/3/amount"},
		"an unknown field with a slash":         {[]string{`"id":"accord"`, `"id":"accord","a/b~c":1`}, "/records/3/a~1b~0c"},
		"an unknown field of a figure":          {[]string{`"qualifier":"about"`, `"qualifier":"about","note":""`}, "/records/5/surface/total/note"},
		"an unknown field of the file":          {[]string{`{"format"`, `{"version":1,"format"`}, "/version"},
		"a key twice":                           {[]string{`"kind":"craft_zone"`, `"kind":"craft_zone","kind":"other"`}, "/records/5/kind"},
		"a key twice, once by its escape":       {[]string{`"kind":"craft_zone"`, `"kind":"craft_zone","\u006bind":"craft_zone"`}, "/records/5/kind"},
		"a key twice in an amendment's value":   {[]string{`{"value":30`, `{"value":31,"value":30`}, "/records/4/sets/0/value/value"},
		"a key in other case":                   {[]string{`"kind":"craft_zone"`, `"Kind":"craft_zone"`}, "/records/5/Kind /records/5/kind"},
		"a key in other case, beside the right": {[]string{`"kind":"craft_zone"`, `"kind":"craft_zone","KIND":"other"`}, "/records/5/KIND"},
		"a geometry's key in other case":        {geometry(`{"type":"Point","coordinates":[-8.97,29.72],"Coordinates":[0,0]}`), "/records/5/position/geometry/Coordinates"},
		"records in other case":                 {[]string{`"records"`, `"Records"`}, "/Records /records"},
		"not UTF-8":                             {[]string{"le ministère", "le minist\xe8re"}, ""},
		"UTF-16":                                {[]string{`{"format"`, "\xff\xfe{"}, ""},
		"a lone surrogate":                      {[]string{"le ministère", `le \ud800 ministère`}, "/records/3/parties/0/name_as_written"},
		"a NUL":                                 {[]string{"le ministère", `le \u0000 ministère`}, "/records/3/parties/0/name_as_written"},
		"a text that turns round":               {[]string{"le ministère", `le \u202e ministère`}, "/records/3/parties/0/name_as_written"},
		"an isolate":                            {[]string{"commune de Tafraout", `commune de Tafraout\u2067`}, "/records/3/place/as_written"},
		"an invisible space in a statement":     {[]string{first, strings.Replace(first, "locaux", `\u200blocaux`, 1)}, "/records/3/statements/0/words"},
		"not JSON":                              {[]string{`"records"`, `"records`}, ""},
		"JSON and more":                         {[]string{`"lists":["accord","avenant"]}` + "\n]}", `"lists":["accord","avenant"]}` + "\n]}{}"}, ""},
		"another format":                        {[]string{"mithaq-records-1", "mithaq-records-2"}, "/format"},
		"a record of no type":                   {[]string{`"type":"event",`, ``}, "/records/6/type"},
		"a record of an unknown type":           {[]string{`"type":"event"`, `"type":"Event"`}, "/records/6/type"},
		"a type that is no text":                {[]string{`"type":"event"`, `"type":7`}, "/records/6/type"},
		"a record without id":                   {[]string{`"id":"salon",`, ``}, "/records/6/id"},
		"a record that is a number":             {[]string{`{"type":"announcement"`, `7,{"type":"announcement"`}, "/records/7"},
		"an id of other form":                   {[]string{`"id":"salon"`, `"id":"Salon 1"`}, "/records/6/id"},
		"an id too long":                        {[]string{`"id":"salon"`, `"id":"` + strings.Repeat("a", 101) + `"`}, "/records/6/id"},
		"an id twice":                           {[]string{`"id":"salon"`, `"id":"org"`}, "/records/6/id"},
		"a day that isn't":                      {[]string{"2025-01-15", "2023-02-30"}, "/records/4/effective"},
		"a month that isn't":                    {[]string{"2025-01-15", "2021-13"}, "/records/4/effective"},
		"a date as it is printed":               {[]string{"2025-01-15", "15/01/2025"}, "/records/4/effective"},
		"an empty date":                         {[]string{"2025-01-15", ""}, "/records/4/effective"},
		"an interval turned round":              {[]string{"2021/2030", "2030/2021"}, "/records/2/period"},
		"an interval for what happens once":     {[]string{"2025-01-15", "2025/2026"}, "/records/4/effective"},
		"a year mistyped":                       {[]string{"2025-01-15", "0225-01-15"}, "/records/4/effective"},
		"a year far off":                        {[]string{`"year":2024`, `"year":20244`}, "/records/3/contributions/0/year"},
		"a negative surface":                    {[]string{`"value":1000`, `"value":-1000`}, "/records/5/surface/total/value"},
		"a surface larger than the country":     {[]string{`"value":1000,"unit":"m2"`, `"value":100000000000,"unit":"m2"`}, "/records/5/surface/total/value"},
		"half a shop":                           {[]string{`"value":25`, `"value":25.5`}, "/records/5/shops/created/value"},
		"more shops than people":                {[]string{`"value":25`, `"value":250000000`}, "/records/5/shops/created/value"},
		"a figure that overflows":               {[]string{`"value":25`, `"value":1e999`}, "/records/5/shops/created/value"},
		"a figure of too many decimals":         {[]string{`"value":1000`, `"value":1000.0001`}, "/records/5/surface/total/value"},
		"a figure as text":                      {[]string{`"value":25`, `"value":"25"`}, "/records/5/shops/created/value"},
		"a figure without unit":                 {[]string{`"value":25,"unit":"count"`, `"value":25`}, "/records/5/shops/created/unit"},
		"a surface in shops":                    {[]string{`"value":1000,"unit":"m2"`, `"value":1000,"unit":"count"`}, "/records/5/surface/total/unit"},
		"an amount in square metres":            {[]string{`"unit":"MAD"`, `"unit":"m2"`}, "/records/3/contributions/0/amount/unit"},
		"a negative uncertainty":                {[]string{`"uncertainty_m":50`, `"uncertainty_m":-1`}, "/records/5/position/uncertainty_m"},
		"coordinates swapped":                   {geometry(`{"type":"Point","coordinates":[29.72,-98.97]}`), "/records/5/position/geometry"},
		"coordinates in metres":                 {geometry(`{"type":"Point","coordinates":[110000,350000]}`), "/records/5/position/geometry"},
		"coordinates off the world":             {geometry(`{"type":"Point","coordinates":[-188.97,29.72]}`), "/records/5/position/geometry"},
		"no coordinates":                        {geometry(`{"type":"Point"}`), "/records/5/position/geometry/coordinates"},
		"coordinates null":                      {geometry(`{"type":"Point","coordinates":null}`), "/records/5/position/geometry/coordinates"},
		"coordinates empty":                     {geometry(`{"type":"Point","coordinates":[]}`), "/records/5/position/geometry"},
		"one number":                            {geometry(`{"type":"Point","coordinates":[-8.97]}`), "/records/5/position/geometry"},
		"three numbers":                         {geometry(`{"type":"Point","coordinates":[-8.97,29.72,1200]}`), "/records/5/position/geometry"},
		"five numbers":                          {geometry(`{"type":"Point","coordinates":[1,2,3,4,5]}`), "/records/5/position/geometry"},
		"a null number":                         {geometry(`{"type":"Point","coordinates":[-8.97,null]}`), "/records/5/position/geometry"},
		"numbers as text":                       {geometry(`{"type":"Point","coordinates":["-8.97","29.72"]}`), "/records/5/position/geometry"},
		"an infinite number":                    {geometry(`{"type":"Point","coordinates":[1e999,29.72]}`), "/records/5/position/geometry"},
		"geometry null":                         {geometry(`null`), "/records/5/position/geometry"},
		"geometry as text":                      {geometry(`"POINT(-8.97 29.72)"`), "/records/5/position/geometry"},
		"a collection of geometries":            {geometry(`{"type":"GeometryCollection","geometries":[]}`), "/records/5/position/geometry/coordinates /records/5/position/geometry/geometries /records/5/position/geometry/type"},
		"a geometry with a crs":                 {geometry(`{"type":"Point","coordinates":[-8.97,29.72],"crs":{}}`), "/records/5/position/geometry/crs"},
		"an open ring":                          {precise(`{"type":"Polygon","coordinates":[[[5,5],[6,5],[6,6],[5,6]]]}`, "footprint"), "/records/5/position/geometry"},
		"a ring of three":                       {precise(`{"type":"Polygon","coordinates":[[[5,5],[6,5],[5,5]]]}`, "footprint"), "/records/5/position/geometry"},
		"a bow tie":                             {precise(`{"type":"Polygon","coordinates":[[[5,5],[6,6],[6,5],[5,6],[5,5]]]}`, "footprint"), "/records/5/position/geometry"},
		"a footprint that is a point":           {precise(point, "footprint"), "/records/5/position/geometry/type"},
		"a point that is an area":               {precise(`{"type":"Polygon","coordinates":[[[5,5],[6,5],[6,6],[5,5]]]}`, "point"), "/records/5/position/geometry/type"},
		"a position as precise as a commune":    {precise(point, "commune"), "/records/5/position/precision"},
		"a code of no set":                      {[]string{`"craft_zone"`, `"bazaar"`}, "/records/5/kind"},
		"a code twice":                          {[]string{`["water"]`, `["water","water"]`, "S(/utilities/0)", "S(/utilities)"}, "/records/5/utilities/1"},
		"a census code of other form":           {[]string{`"within":"09.581"`, `"within":"9.581"`}, "/records/3/place/within"},
		"a place that isn't in its words":       {[]string{"commune de Tafraout", "commune de Tiznit"}, "/records/3/place/as_written"},
		"a language of other form":              {[]string{`"lang":"fr","titles"`, `"lang":"FR","titles"`}, "/records/0/lang"},
		"an address of another scheme":          {[]string{"https://example.org/accord", "javascript:alert(1)"}, "/records/0/url"},
		"a file's address":                      {[]string{"https://example.org/accord", "file:///etc/passwd"}, "/records/0/url"},
		"phases out of order":                   {[]string{`"number":1`, `"number":2`}, "/records/2/phases/0/number"},
		"no titles":                             {[]string{`"recurrence":"annual"`, `"recurrence":"annual"`, `"kind":"fair","titles":[T]`, `"kind":"fair","titles":[]`}, "/records/6/titles"},
		"a translation by nobody":               {[]string{`"kind":"fair","titles":[T]`, `"kind":"fair","titles":[{"lang":"fr","text":"Salon","origin":"translation"}]`}, "/records/6/titles/0/by"},
		"an unknown origin, with a translator":  {[]string{`"kind":"fair","titles":[T]`, `"kind":"fair","titles":[{"lang":"fr","text":"Salon","origin":"machine","by":"x"}]`}, "/records/6/titles/0/origin"},
		"a language twice":                      {[]string{`"kind":"fair","titles":[T]`, `"kind":"fair","titles":[(T),(T)]`}, "/records/6/titles/1/lang"},
		"an amendment of nothing":               {[]string{`"target":"accord",`, ``}, "/records/4/target"},
		"a change of no path":                   {[]string{`"/shops/created","value"`, `"shops/created","value"`}, "/records/4/sets/0/path"},
		"a value without a statement":           {[]string{",S(/status_date)", ""}, "/records/5/status_date"},
		"a list's member without a statement":   {[]string{`["creation"]`, `["creation","equipment"]`}, "/records/5/works/1"},
		"a printed title without a statement":   {[]string{`"kind":"fair","titles":[T]`, `"kind":"fair","titles":[{"lang":"fr","text":"Salon","origin":"printed"}]`}, "/records/6/titles/0"},
		"a statement of nothing":                {[]string{"S(/status_date)", "S(/status_date),S(/surface/plot)"}, "/records/5/statements/9/path"},
		"a statement without words":             {[]string{first, strings.Replace(first, "vingt-cinq locaux", " ", 1)}, "/records/3/statements/0/words"},
		"a statement of a whole page":           {[]string{first, strings.Replace(first, "vingt-cinq", strings.Repeat("mot ", 41), 1)}, "/records/3/statements/0/words"},
		"a statement's hash in capitals":        {[]string{first, strings.Replace(first, hash, strings.Repeat("A", 64), 1)}, "/records/3/statements/0/sentence_sha256"},
		"a statement's hash too short":          {[]string{first, strings.Replace(first, hash, hash[1:], 1)}, "/records/3/statements/0/sentence_sha256"},
		"a paragraph before the first":          {[]string{first, strings.Replace(first, `"paragraph":1`, `"paragraph":0`, 1)}, "/records/3/statements/0/paragraph"},
		"a disagreement without a reason":       {[]string{first, first + `,"disagrees":true`}, "/records/3/kind /records/3/statements/0/reason"},
		"a paragraph in words":                  {[]string{first, strings.Replace(first, `"paragraph":1`, `"paragraph":"one"`, 1)}, "/records/3/statements/0/paragraph"},

		"several, of the schema and of the record": {[]string{`"role":"lead"`, `"role":"boss"`, `"value":1500000`, `"value":-1`, `"kind":"fair"`, `"kind":"party"`, "2025-01-15", "2025-01-32", `"value":25`, `"value":-25`, `"status":"announced"`, `"status":"burnt"`},
			"/records/3/contributions/0/amount/value /records/3/parties/0/role /records/4/effective /records/5/shops/created/value /records/5/status /records/6/kind"},
		"several, of the file and of records": {[]string{"mithaq-records-1", "mithaq-records-9", `"id":"org"`, `"id":"org","id":"org"`, `"type":"event"`, `"type":"fête"`, `"value":25`, `"value":-25`},
			"/format /records/1/id /records/5/shops/created/value /records/6/type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := Read("file.json", edited(t, tc.edit...))
			if len(problems) == 0 {
				t.Fatal("taken")
			}
			if got := strings.Join(pointers(problems), " "); got != tc.want {
				t.Errorf("problems at %q, want %q:\n%v", got, tc.want, problems)
			}
			for _, p := range problems {
				if p.File != "file.json" || p.Got == "" || p.Takes == "" {
					t.Errorf("half a problem: %+v", p)
				}
			}
		})
	}
}

func TestWhatIsNoFileOfRecords(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " ": "", "null": "", "[]": "", "7": "", `"records"`: "", "{": "", "\ufeff": "",
		"{}": "/format /records", `{"format":"mithaq-records-1"}`: "/records",
		`{"format":"mithaq-records-1","records":{}}`: "/records", `{"format":"mithaq-records-1","records":null}`: "/records",
		`{"format":"mithaq-records-1","records":[null,[],"x"]}`: "/records/0 /records/1 /records/2",
	} {
		_, problems := Read("file.json", []byte(text))
		if got := strings.Join(pointers(problems), " "); len(problems) == 0 || got != want {
			t.Errorf("%q: problems at %q, want %q", text, got, want)
		}
	}
}

// Pointers grow with the depth, so 100,000 brackets would take 10 GB if each were given its own.
func TestDeepNestingIsRefusedAtOnce(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `{"format":"mithaq-records-1","records":[`} {
		begun := time.Now()
		_, problems := Read("deep.json", []byte(strings.Repeat(open, 100_000)))
		if len(problems) != 1 || problems[0].Pointer != "" {
			t.Errorf("%s: %v", open, problems)
		}
		if d := time.Since(begun); d > time.Second {
			t.Errorf("%s: took %s", open, d)
		}
	}
	area := `{"type":"MultiPolygon","coordinates":[[[[-9,29],[-8.9,29],[-8.9,29.1],[-9,29]]]]}`
	if _, problems := Read("deep enough", edited(t, `{"type":"Point","coordinates":[-8.97,29.72]},"precision":"point"`, area+`,"precision":"footprint"`)); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	_, problems := Read("file.json", []byte(`{"format":"mithaq-records-1","records":[`+strings.Repeat(`{},`, 5_000)+`{}]}`))
	if len(problems) != maxProblems+1 || !strings.Contains(problems[maxProblems].Got, "9002 more") {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
}

// codeAt says where in the sound file a member of each closed set stands; the empty ones stand in no file.
var codeAt = map[string]string{
	"AgreementKind": "/records/3/kind", "AmendmentKind": "/records/4/kinds/0", "ComponentKind": "/records/3/components/0/kind",
	"Documentation": "/records/3/documentation", "EventKind": "/records/6/kind", "Force": "", "LocalityKind": "/records/3/place/localities/0/kind",
	"Measure": "/records/3/figures/0/measure", "OrganisationKind": "/records/1/kind", "PlaceLevel": "/records/3/place/level", "PlaceMatch": "",
	"Precision": "/records/5/position/precision", "Qualifier": "/records/5/shops/created/qualifier", "Recurrence": "/records/6/recurrence",
	"Rights": "/records/0/rights", "Role": "/records/3/parties/0/role", "Scope": "/records/3/scope", "SiteKind": "/records/5/kind",
	"SiteStatus": "/records/5/status", "SourceKind": "/records/0/kind", "StepKind": "/records/3/steps/0/kind", "TextOrigin": "/records/0/titles/0/origin",
	"Trade": "/records/3/trades/0", "Type": "/records/6/type", "Unit": "/records/5/shops/created/unit", "Utility": "/records/5/utilities/0", "Work": "/records/5/works/0",
}

// TestEveryClosedSet puts each code of each set, and one of no set, where the set stands.
func TestEveryClosedSet(t *testing.T) {
	read := func(pointer, code string) []Problem {
		tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(edited(t)))
		if err != nil {
			t.Fatal(err)
		}
		at := strings.LastIndexByte(pointer, '/')
		parent, _ := registry.Lookup(tree, pointer[:at])
		switch p := parent.(type) {
		case map[string]any:
			p[pointer[at+1:]] = code
		case []any:
			p[0] = code
		default:
			t.Fatalf("nothing at %s", pointer)
		}
		raw, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		_, problems := Read("file.json", raw)
		return problems
	}
	for set, codes := range registry.ClosedSets {
		pointer, known := codeAt[set]
		if !known {
			t.Errorf("the set %s is new: say where in a file it stands", set)
		}
		if pointer == "" {
			continue
		}
		for _, wrong := range []string{"nonsense", "", strings.ToUpper(codes[0]) + "S", codes[0] + " "} {
			problems := read(pointer, wrong)
			if got := pointers(problems); len(got) != 1 || got[0] != pointer || !strings.Contains(problems[0].Takes, codes[0]) {
				t.Errorf("%s %q: %v, want a problem at %s that names the codes", set, wrong, problems, pointer)
			}
		}
		if slices.Contains([]string{"Type", "Unit", "Precision", "TextOrigin"}, set) {
			continue // other fields depend on these
		}
		for _, code := range codes {
			if problems := read(pointer, code); len(problems) > 0 {
				t.Errorf("%s %q: %v", set, code, problems)
			}
		}
	}
}

// shipped are the shipped files by name.
func shipped(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := fs.Glob(geodata.Files, "records/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal("no shipped records:", err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		if out[name], err = geodata.Files.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestWriteGivesBackWhatWasRead(t *testing.T) {
	files := shipped(t)
	files["sound"] = edited(t)
	for name, raw := range files {
		entries, problems := Read(name, raw)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var records []registry.Record
		want := map[registry.ID]string{}
		for _, e := range entries {
			records = append(records, e.Record)
			body, _ := registry.Canonical(e.Record)
			want[e.Record.Head().ID] = string(body)
		}
		slices.Reverse(records) // the order given doesn't matter
		var once, twice bytes.Buffer
		if err := Write(&once, records); err != nil {
			t.Fatal(err)
		}
		again, problems := Read(name+" written", once.Bytes())
		if len(problems) > 0 || len(again) != len(records) {
			t.Fatalf("%s: %d records of %d, %v", name, len(again), len(records), problems)
		}
		records = nil
		for _, e := range again {
			records = append(records, e.Record)
			if body, _ := registry.Canonical(e.Record); string(body) != want[e.Record.Head().ID] {
				t.Errorf("%s: %s\nbecame\n%s", name, want[e.Record.Head().ID], body)
			}
		}
		if err := Write(&twice, records); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("%s: written twice, it differs: %v", name, err)
		}
	}
	var none bytes.Buffer
	if err := Write(&none, nil); err != nil {
		t.Fatal(err)
	}
	if entries, problems := Read("none", none.Bytes()); len(entries)+len(problems) > 0 {
		t.Errorf("no records: %v, %v", entries, problems)
	}
}

// published compiles the schema as anybody would who has only the file.
func published(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("records.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("records.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPublishedSchemaTakesWholeFiles(t *testing.T) {
	s := published(t)
	files := shipped(t)
	files["sound"] = edited(t)
	for name, raw := range files {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string][]byte{
		"an unknown field": edited(t, `"id":"accord"`, `"id":"accord","amount":1`),
		"an unknown code":  edited(t, `"craft_zone"`, `"bazaar"`),
		"an unknown type":  edited(t, `"type":"event"`, `"type":"feast"`),
		"another format":   edited(t, "mithaq-records-1", "mithaq-records-2"),
		"no kind":          edited(t, `"kind":"craft_zone",`, ``),
		"a foreign member": edited(t, `{"format"`, `{"version":1,"format"`),
	} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A field that may be left out of a record may be left out of a file.
func TestSchemaRequiresNothingThatMayBeAbsent(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Required   []string
			Properties map[string]any
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	for _, typ := range registry.Types {
		raw, err := registry.Canonical(registry.New(typ)) // an empty record has the fields that are never left out, and no other
		if err != nil {
			t.Fatal(err)
		}
		var always map[string]any
		if err := json.Unmarshal(raw, &always); err != nil {
			t.Fatal(err)
		}
		def := schema.Defs[Definitions[typ]]
		for _, field := range def.Required {
			if _, ok := always[field]; !ok {
				t.Errorf("%s requires %s, which may be absent", typ, field)
			}
		}
		for field := range always {
			if !slices.Contains(def.Required, field) {
				t.Errorf("%s doesn't require %s", typ, field)
			}
		}
	}
	for def, optional := range map[string][]string{"Step": {"date", "note"}, "Party": {"organisation", "signed"}, "Phase": {"period"}, "Occurrence": {"date", "place"}, "Source": {"published", "page_date", "read"}, "Site": {"surface", "shops", "position", "place", "status_date"}} {
		for _, field := range optional {
			if _, ok := schema.Defs[def].Properties[field]; !ok || slices.Contains(schema.Defs[def].Required, field) {
				t.Errorf("%s.%s is required or unknown", def, field)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(edited(f))
	f.Add(edited(f, `"id":"accord"`, `"id":"accord","id":"a"`))
	f.Add(edited(f, `{"type":"Point","coordinates":[-8.97,29.72]}`, `{"type":"Polygon","coordinates":[[[5,5],[6,6],[6,5],[5,6],[5,5]]]}`))
	f.Add([]byte(`{"format":"mithaq-records-1","records":[{"type":"site","id":[{}],"statements":[null,{"path":"/~"}]}]}`))
	f.Add([]byte("\ufeff[[[[{\"a\":\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, problems := Read("fuzz", raw)
		if len(problems) > 0 {
			return
		}
		var records []registry.Record
		for _, e := range entries {
			records = append(records, e.Record)
		}
		var b bytes.Buffer
		if err := Write(&b, records); err != nil {
			t.Fatal(err)
		}
		again, problems := Read("written", b.Bytes())
		if len(problems) > 0 || len(again) != len(entries) {
			t.Fatalf("taken, and once written not taken: %v", problems)
		}
	})
}
