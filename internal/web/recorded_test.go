package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The trial's zone was published with 15 premises on 23 September, 20 on 23 October, 25 (and 30 from May 2024 by amendment) on
// 22 November 2026, each at nine; see startSite.
func TestRecorded(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct {
		path string
		has  []string
		not  []string
	}{
		{"/fr/sites/trial-zone?recorded=2026-09-30", []string{"Le registre tel que publié le 30 septembre 2026.", "15 locaux", "Fiche en version 1"}, []string{"20 locaux", "30 locaux"}},
		{"/fr/sites/trial-zone?recorded=2026-10-23T09:00:00Z", []string{"publié le 23 octobre 2026 à 09:00 (UTC)", "20 locaux", "Fiche en version 2"}, []string{"15 locaux", "25 locaux"}},
		{"/fr/sites/trial-zone?recorded=2026-10-23T08:59:59.999999999Z", []string{"15 locaux"}, []string{"20 locaux"}},
		{"/fr/sites/trial-zone?recorded=2026-10-23T11:00:00%2B02:00", []string{"20 locaux"}, nil},
		{"/fr/sites/trial-zone?recorded=2026-11-22", []string{"30 locaux", "avant : 25"}, []string{"20 locaux"}},
		{"/fr/sites/trial-zone?recorded=2099-01-01", []string{"30 locaux"}, nil},
		{"/fr/sites/trial-zone?recorded=2026-11-22&as-of=2024-04-30", []string{"25 locaux"}, []string{"30 locaux"}},
		{"/fr/sites/trial-zone?recorded=2026-10-23&as-of=2024-06-01", []string{"20 locaux"}, []string{"30 locaux"}}, // the amendment wasn't known
		{"/ar/agreements/trial-agreement?recorded=2026-09-30", []string{"السجل كما كان منشورا بتاريخ 30 شتنبر 2026", "15 محلا"}, []string{"ملحق تعديلي 1"}},
		{"/fr/communes/09.541.01.13?recorded=2026-10-01", []string{"15 locaux à créer"}, []string{"30 locaux"}},
		{"/fr/provinces/09.581?recorded=2026-10-01", []string{"tel que publié le 1er octobre 2026"}, []string{"Aouartas", "25 locaux"}},
		{"/fr/?recorded=2026-10-01", []string{"tel que publié"}, []string{"Aouartas"}},
		{"/fr/?recorded=2000-01-01", []string{"tel que publié le 1er janvier 2000"}, []string{"Zone d’essai"}},
		{"/fr/map?recorded=2026-10-01", []string{"1 site"}, []string{"Aouartas"}},
		{"/fr/search?q=essai&recorded=2026-10-01", []string{"4 résultats"}, []string{"Avenant"}},
		{"/fr/changes?recorded=2026-10-01", []string{"première saisie"}, []string{"relecture"}},
		{"/fr/history/trial-zone?recorded=2026-10-30", []string{"relecture", "Version 2"}, []string{"Version 3"}},
		{"/fr/data?recorded=2026-10-30", []string{"Dernière publication : 23 octobre 2026"}, nil},
		{"/fr/about?recorded=2026-10-30", []string{"tel que publié"}, nil},
	} {
		res, body := get(t, home+tc.path)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", tc.path, res.StatusCode)
			continue
		}
		text := plainText(body[strings.Index(body, "<main"):])
		for _, want := range tc.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", tc.path, want)
			}
		}
		for _, unwanted := range tc.not {
			if strings.Contains(text, unwanted) {
				t.Errorf("%s has %q, which wasn't published yet", tc.path, unwanted)
			}
		}
		if !strings.Contains(body, `<meta name="robots" content="noindex">`) {
			t.Errorf("%s: a moment before is for readers, not for indexes", tc.path)
		}
	}
	for path, want := range map[string]int{
		"/fr/sites/trial-zone?recorded=yesterday":                      http.StatusBadRequest,
		"/fr/sites/trial-zone?recorded=2026-02-30":                     http.StatusBadRequest,
		"/fr/agreements/tiznit-pottery-complex?recorded=2026-10-01":    http.StatusNotFound, // published later
		"/fr/sites/trial-zone?recorded=2000-01-01":                     http.StatusNotFound,
		"/fr/sites/trial-zone?recorded=2026-10-01&x=1":                 http.StatusBadRequest,
		"/sites/trial-zone.json?recorded=yesterday":                    http.StatusBadRequest,
		"/sites/trial-point.json?recorded=2026-10-01":                  http.StatusNotFound,
		"/api/collections/sites/items?recorded=x":                      http.StatusBadRequest,
		"/api/collections/sites/items/trial-point?recorded=2026-10-01": http.StatusNotFound,
		"/fr/sites/trial-zone?recorded=":                               http.StatusOK,
	} {
		if res, _ := get(t, home+path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// TestRecordedData asks the same of the data, and that each moment has its own ETag.
func TestRecordedData(t *testing.T) {
	home := startSite(t)
	number := func(path, pointer string) any {
		t.Helper()
		res, body := get(t, home+path)
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
		}
		for _, key := range strings.Split(pointer, "/") {
			switch x := v.(type) {
			case map[string]any:
				v = x[key]
			case []any:
				v = x[0]
			}
		}
		return v
	}
	tags := map[string]string{}
	for _, tc := range []struct {
		path, pointer string
		want          any
	}{
		{"/sites/trial-zone.json", "record/shops/created/value", 30.0},
		{"/sites/trial-zone.json?recorded=2026-10-01", "record/shops/created/value", 15.0},
		{"/sites/trial-zone.json?recorded=2026-10-30", "record/shops/created/value", 20.0},
		{"/sites/trial-zone.json?recorded=2026-10-30", "recorded", "2026-10-30T23:59:59.999999999Z"},
		{"/sites/trial-zone.json?recorded=2026-10-30", "as_of", "2026-10-30"},
		{"/sites/trial-zone.json?recorded=2026-11-22&as-of=2024-04-30", "record/shops/created/value", 25.0},
		{"/agreements/trial-agreement.json?recorded=2026-10-01", "revision", 1.0},
		{"/api/collections/sites/items?recorded=2026-10-01", "numberReturned", 1.0},
		{"/api/collections/sites/items?recorded=2026-10-30", "numberReturned", 1.0},
		{"/api/collections/sites/items?recorded=2026-10-01", "features/0/properties/shops", 15.0},
		{"/api/collections/sites/items/trial-zone?recorded=2026-10-30", "properties/shops", 20.0},
		{"/api/collections/sites/items?recorded=2000-01-01", "numberReturned", 0.0},
		{"/api/collections/regions/items?recorded=2000-01-01", "numberReturned", 12.0}, // boundaries are of every moment
		{"/communes/09.541.01.13.geojson?recorded=2026-10-01", "numberReturned", 2.0},  // the boundary and the zone
		{"/history/trial-zone.json?recorded=2026-10-30", "revisions/0/revision", 2.0},
		{"/changes.json?recorded=2026-10-01", "revisions/0/revision", 1.0},
	} {
		if got := number(tc.path, tc.pointer); got != tc.want {
			t.Errorf("%s %s: %v, want %v", tc.path, tc.pointer, got, tc.want)
		}
		res, _ := get(t, home+tc.path)
		tag := res.Header.Get("ETag")
		if other := tags[tag]; tag == "" || other != "" && other != tc.path {
			t.Errorf("%s and %s have the ETag %q", tc.path, other, tag)
		}
		tags[tag] = tc.path
	}
}

// TestWhoReadsTheRegistryOfADayStaysInIt follows every link of a page of a moment: those within the registry lead to the same moment,
// and one leads back.
func TestWhoReadsTheRegistryOfADayStaysInIt(t *testing.T) {
	home := startSite(t)
	const moment = "recorded=2026-10-23T09%3A00%3A00Z"
	tag := regexp.MustCompile(`<(a|link|form|div|tr)\b[^>]*>(<input type="hidden" name="recorded" value="([^"]*)">)?`)
	address := regexp.MustCompile(` (?:href|data-geojson)="(/[^"]*)"`)
	for _, path := range []string{"/fr/?", "/fr/agreements/trial-agreement?", "/ar/communes/09.541.01.13?as-of=2024-06-01&", "/en/map?kind=craft_zone&", "/fr/provinces/09.541?", "/fr/search?q=essai&"} {
		_, body := get(t, home+path+moment)
		back, followed := 0, 0
		for _, m := range tag.FindAllStringSubmatch(body, -1) {
			if m[1] == "form" {
				if m[3] != "2026-10-23T09:00:00Z" {
					t.Errorf("%s: a form forgets the moment: %s", path, m[0])
				}
				continue
			}
			a := address.FindStringSubmatch(m[0])
			if a == nil {
				continue
			}
			target := html.UnescapeString(a[1])
			switch {
			case strings.Contains(m[0], "data-today"):
				back++
				if strings.Contains(target, "recorded") || !strings.HasPrefix(target, path[:len(path)-1]) {
					t.Errorf("%s: the way back leads to %s", path, target)
				}
			case strings.HasPrefix(target, "/static/"), strings.Contains(target, ".atom"), strings.HasPrefix(target, "/map/"), strings.HasPrefix(target, "/opensearch.xml"): // of today alone
			case strings.Count(target, "recorded=") != 1:
				t.Errorf("%s: %s forgets the moment, or has it twice", path, target)
			case m[1] == "a" && strings.HasPrefix(target, "/fr/"):
				if followed++; followed > 8 {
					continue
				}
				if res, _ := get(t, home+target); res.StatusCode != http.StatusOK {
					t.Errorf("%s leads to %s: %d", path, target, res.StatusCode)
				}
			}
		}
		if back != 1 {
			t.Errorf("%s: %d ways back to today", path, back)
		}
	}
}

// TestCitationLeadsToTheVersion opens the address that a citation of a page of a moment gives: it is that version.
func TestCitationLeadsToTheVersion(t *testing.T) {
	home := startSite(t)
	_, body := get(t, home+"/fr/sites/trial-zone?recorded=2026-10-30")
	m := regexp.MustCompile(`href="https://registry\.example(/fr/sites/trial-zone\?[^"]*recorded=[^"]+)"><bdi`).FindStringSubmatch(body)
	if m == nil {
		t.Fatal("the citation has no address of this version")
	}
	_, version := get(t, home+html.UnescapeString(m[1]))
	if text := plainText(version); !strings.Contains(text, "20 locaux") || !strings.Contains(text, "Fiche en version 2") {
		t.Errorf("%s is not the version cited", m[1])
	}
}
