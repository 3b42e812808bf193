package main

import (
	"net/http"
	"strings"
	"testing"

	"mithaq/internal/dossier"
	"mithaq/internal/publish"
)

// amended is a registry of its own: a zone in Tafraout with 25 shops, 30 from the first of May 2024 on, an amendment known to the month, one
// undated, and one of an agreement that is only mentioned.
const amended = `{"format":"mithaq-records-1","records":[
{"type":"source","id":"bulletin","kind":"official","lang":"fr","titles":[{"lang":"fr","text":"Bulletin","origin":"registry"}],"rights":"official_text"},
{"type":"agreement","id":"zone","statements":[S(/kind)],"kind":"partnership_agreement","documentation":"documented","titles":[{"lang":"fr","text":"Zone artisanale","origin":"registry"}]},
{"type":"agreement","id":"older","statements":[S(/kind)],"kind":"agreement","documentation":"mentioned","titles":[{"lang":"fr","text":"Accord ancien","origin":"registry"}]},
{"type":"amendment","id":"avenant-1","statements":[S(/target),S(/number),S(/articles/0),S(/sets/0),S(/effective)],"target":"zone","number":1,"articles":["3"],"titles":[{"lang":"fr","text":"Avenant n° 1","origin":"registry"}],
 "sets":[{"record":"zone-site","path":"/shops/created","value":{"value":30,"unit":"count","qualifier":"exact"},"article":"3"}],"effective":"2024-05-01"},
{"type":"amendment","id":"avenant-2","statements":[S(/target),S(/number),S(/sets/0),S(/effective)],"target":"zone","number":2,"titles":[{"lang":"fr","text":"Avenant n° 2","origin":"registry"}],
 "sets":[{"record":"zone-site","path":"/shops/created","value":{"value":28,"unit":"count","qualifier":"exact"}}],"effective":"2025-06"},
{"type":"amendment","id":"avenant-x","statements":[S(/target),S(/sets/0)],"target":"zone","titles":[{"lang":"fr","text":"Avenant non daté","origin":"registry"}],
 "sets":[{"record":"zone-site","path":"/surface/total","value":{"value":900,"unit":"m2","qualifier":"about"}}]},
{"type":"amendment","id":"avenant-older","statements":[S(/target),S(/sets/0),S(/effective)],"target":"older","titles":[{"lang":"fr","text":"Avenant de l’accord ancien","origin":"registry"}],
 "sets":[{"path":"/object","value":[{"lang":"fr","text":"Objet nouveau","origin":"registry"}]}],"effective":"2023-01-15"},
{"type":"site","id":"zone-site","statements":[S(/kind),S(/place),S(/shops),S(/status)],"kind":"craft_zone","names":[{"lang":"fr","text":"Zone","origin":"registry"}],
 "place":{"name":"Tafraout","as_written":"Tafraout","level":"commune","within":"09.581"},
 "shops":{"created":{"value":25,"unit":"count","qualifier":"exact"}},"status":"announced","agreements":["zone"]}
]}`

// withStatements writes out S(/path) as a statement.
func withStatements(text string) []byte {
	for {
		start := strings.Index(text, "S(/")
		if start < 0 {
			return []byte(text)
		}
		end := start + strings.IndexByte(text[start:], ')')
		text = text[:start] + `{"path":"` + text[start+2:end] + `","source":"bulletin","paragraph":1,"sentence":1,"words":"mots","sentence_sha256":"` + strings.Repeat("0", 64) + `"}` + text[end+1:]
	}
}

// load publishes a file of records.
func (s server) load(t *testing.T, raw []byte) {
	t.Helper()
	entries, problems := dossier.Read("test", raw)
	for _, p := range problems {
		t.Error(p)
	}
	var req publish.Request
	for _, e := range entries {
		req.Records = append(req.Records, e.Record)
	}
	if _, err := s.publisher.Publish(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func TestStateOnADay(t *testing.T) {
	s := start(t, false)
	s.load(t, withStatements(amended))
	for _, tc := range []struct{ day, shops, by, possibly string }{
		{"2024-04-30", "25", "[]", "[avenant-x]"},
		{"2024-05-01", "30", "[avenant-1]", "[avenant-x]"},
		{"2025-05-31", "30", "[avenant-1]", "[avenant-x]"},
		{"2025-06-15", "30", "[avenant-1]", "[avenant-2 avenant-x]"},
		{"2025-06-30", "28", "[avenant-1 avenant-2]", "[avenant-x]"},
	} {
		t.Run(tc.day, func(t *testing.T) {
			for _, path := range []string{"/communes/09.581.01.05.geojson?as-of=" + tc.day, "/api/collections/sites/items?as-of=" + tc.day} {
				x := s.json(t, path)
				i := "/features/0"
				if strings.HasPrefix(path, "/communes") {
					i = "/features/1" // the boundary comes first
				}
				x.want(i+"/properties/shops", tc.shops)
				x.want(i+"/properties/amended_by", tc.by)
				x.want(i+"/properties/possibly_amended_by", tc.possibly)
			}
			a := s.json(t, "/agreements/zone.json?as-of="+tc.day)
			a.want("/sites/0/record/shops/created/value", tc.shops)
			a.want("/as_of", tc.day)
			for _, page := range []string{"/fr/agreements/zone", "/fr/communes/09.581.01.05", "/ar/agreements/zone", "/en/sites/zone-site"} {
				body, _ := s.get(t, page+"?as-of="+tc.day, http.StatusOK)
				if !strings.Contains(string(body), tc.shops) {
					t.Errorf("%s doesn't say %s", page, tc.shops)
				}
			}
		})
	}

	t.Run("the chain names the article and what stood before", func(t *testing.T) {
		a := s.json(t, "/agreements/zone.json?as-of=2024-05-01")
		a.want("/amended", "true")
		a.want("/amendments/0/id", "avenant-1")
		a.want("/amendments/0/force", "in_force")
		a.want("/amendments/0/changes/0/article", "3")
		a.want("/amendments/0/changes/0/before", "exact 25 count")
		a.want("/amendments/0/changes/0/after", "exact 30 count")
		a.want("/amendments/1/force", "not_yet")
		a.want("/amendments/2/id", "avenant-x")
		a.want("/amendments/2/force", "possible")
		a.want("/amendments/2/changes/0/before", "null")
		// What no amendment says and no source states stays unknown.
		a.want("/sites/0/record/surface", "nothing")
	})

	t.Run("an amendment of an agreement that is only mentioned holds on it", func(t *testing.T) {
		s.json(t, "/agreements/older.json?as-of=2023-01-14").want("/record/object", "nothing")
		s.json(t, "/agreements/older.json?as-of=2023-01-15").want("/record/object/0/text", "Objet nouveau")
	})

	t.Run("a day that is none is refused", func(t *testing.T) {
		for _, path := range []string{"/agreements/zone.json", "/communes/09.581.01.05.geojson", "/api/collections/sites/items", "/fr/agreements/zone", "/fr/communes/09.581.01.05"} {
			for _, day := range []string{"2024-02-30", "2024-05", "yesterday", "2024-05-01T00:00:00Z"} {
				s.get(t, path+"?as-of="+day, http.StatusBadRequest)
			}
		}
	})
}

// A place accepted because its name is alike, and no more, says so wherever it is shown.
func TestPlaceMatchedByLikenessIsShownAsSuch(t *testing.T) {
	s := start(t, false)
	text := strings.ReplaceAll(amended, `"name":"Tafraout","as_written":"Tafraout","level":"commune","within":"09.581"`,
		`"name":"Ouled Saaid L'Ouede","as_written":"Ouled Saaid L'Ouede","level":"commune","within":"05.091"`)
	s.load(t, withStatements(text))
	x := s.json(t, "/api/collections/sites/items/zone-site")
	x.want("/properties/commune_code", "05.091.11.05")
	x.want("/properties/place_match", "alias")
	x.want("/properties/place_matched_by_similarity", "true")
	s.json(t, "/sites/zone-site.json").want("/places/0/matched_by_similarity", "true")
	for lang, words := range map[string]string{"fr": "rapproché par ressemblance", "ar": "بالتشابه وحده", "en": "matched by likeness alone"} {
		for _, path := range []string{"/sites/zone-site", "/communes/05.091.11.05"} {
			if body, _ := s.get(t, "/"+lang+path, http.StatusOK); !strings.Contains(string(body), words) {
				t.Errorf("/%s%s doesn't say %q", lang, path, words)
			}
		}
	}
}
