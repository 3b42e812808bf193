package web_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestHistoryOverHTTP asks what a record's history tells, in words, without script.
func TestHistoryOverHTTP(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct {
		path string
		has  []string
	}{
		{"/fr/history/trial-agreement", []string{"Version 2", "23 octobre 2026 à 09:00 (UTC)", "relecture de la convention", "importation", "Première publication",
			"partie 1 › rôle avant : signataire après : financeur", "objet › texte avant : Essayer après : Essayer les pages", "durée non indiqué après : de 2024 à 2026",
			"étape 1 › date avant : janvier 2024 après : 15 janvier 2024", "environ 800 000 DH", "source de : durée"}},
		{"/fr/history/trial-zone", []string{"Version 3", "locaux › à créer avant : 20 après : 25", "avant : 15 après : 20"}},
		{"/ar/history/trial-zone", []string{"النسخة 3", "قبل: 20 بعد: 25"}},
		{"/en/history/trial-zone?from=1&to=3", []string{"From version 1 (23 September 2026) to version 3 (22 November 2026)", "before: 15 after: 25"}},
		{"/fr/history/trial-agreement?from=3&to=1", []string{"durée avant : de 2024 à 2026 après : non indiqué"}},
		{"/fr/history/org-trial?from=1&to=1", []string{"disent la même chose"}},
		{"/fr/changes", []string{"22 novembre 2026 à 09:00 (UTC)", "Zone d’essai", "Version 3", "Première publication", "Publications plus anciennes"}},
	} {
		res, body := get(t, home+tc.path)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", tc.path, res.StatusCode)
			continue
		}
		text := strings.NewReplacer("\u2068", "", "\u2069", "").Replace(plainText(body))
		for _, want := range tc.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", tc.path, want)
			}
		}
		if strings.Contains(body, "⟦") {
			t.Errorf("%s: a message is missing", tc.path)
		}
	}
	for path, want := range map[string]int{
		"/fr/history/nothing-of-this-name":                    http.StatusNotFound,
		"/fr/history/UPPER":                                   http.StatusBadRequest,
		"/fr/history/trial-zone?from=0&to=1":                  http.StatusBadRequest,
		"/fr/history/trial-zone?from=1&to=4":                  http.StatusBadRequest,
		"/fr/history/trial-zone?from=x&to=1":                  http.StatusBadRequest,
		"/fr/history/trial-zone?before=x":                     http.StatusBadRequest,
		"/fr/changes?before=-1":                               http.StatusBadRequest,
		"/fr/changes?page=2":                                  http.StatusBadRequest,
		"/history/trial-zone.json?before=x":                   http.StatusBadRequest,
		"/history/trial-zone.json?from=1&to=9":                http.StatusBadRequest,
		"/history/nothing-of-this-name.json":                  http.StatusNotFound,
		"/history/trial-zone":                                 http.StatusNotFound,
		"/changes.json?limit=3":                               http.StatusBadRequest,
		"/fr/history/trial-zone?from=1&to=3&as-of=2024-01-01": http.StatusBadRequest,
	} {
		if res, _ := get(t, home+path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// TestEveryPublicationIsOnThePages walks the links to older publications: every revision is there once.
func TestEveryPublicationIsOnThePages(t *testing.T) {
	home := startSite(t)
	seen := map[string]int{}
	path := "/fr/changes"
	for pages := 0; path != "" && pages < 20; pages++ {
		_, body := get(t, home+path)
		for _, m := range linkTo.FindAllStringSubmatch(body, -1) {
			if strings.Contains(m[1], "#revision-") {
				seen[m[1]]++
			}
		}
		path = ""
		if m := nextPage.FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	for address, n := range seen {
		if n != 1 {
			t.Errorf("%s stands there %d times", address, n)
		}
	}
	for _, want := range []string{"/fr/history/trial-zone#revision-1", "/fr/history/trial-zone#revision-2", "/fr/history/trial-zone#revision-3", "/fr/history/org-trial#revision-1"} {
		if seen[want] != 1 {
			t.Errorf("%s is on no page", want)
		}
	}
	if want := len(records(t)) + 4; len(seen) != want { // the agreement and its site were published twice before
		t.Errorf("%d revisions on the pages, want %d", len(seen), want)
	}
}

var (
	linkTo   = regexp.MustCompile(`href="([^"]+)"`)
	nextPage = regexp.MustCompile(`href="([^"]+)" rel="next"`)
)

// TestDataPage follows every address that the page of the data names, except those that leave the registry.
func TestDataPage(t *testing.T) {
	home := startSite(t)
	_, body := get(t, home+"/fr/data")
	for _, want := range []string{"Dernière publication : 22 novembre 2026", "CC BY 4.0", "Communes 1 503", "Mithaq : accords de partenariat", "HCP, RGPH 2014"} {
		if !strings.Contains(plainText(body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(body, `href="https://creativecommons.org/licenses/by/4.0/"`) {
		t.Error("the licence has no address")
	}
	main := body[strings.Index(body, "<main"):strings.Index(body, "</main>")]
	followed := 0
	for _, m := range linkTo.FindAllStringSubmatch(main, -1) {
		path := html.UnescapeString(m[1])
		if !strings.HasPrefix(path, "/") {
			continue
		}
		followed++
		if res, _ := get(t, home+path); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if followed < 10 {
		t.Errorf("only %d addresses", followed)
	}
}
