package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestCitation asks that the page shows what the files hold, and that each leads to the version it names.
func TestCitation(t *testing.T) {
	home := startSite(t)
	for path, want := range map[string][]string{
		"/fr/agreements/trial-agreement":                  {"Zone d’essai [Accord]", "Version 3, publiée le 22 novembre 2026 à 09:00 (UTC)", "https://registry.example/fr/agreements/trial-agreement?recorded=2026-11-22T09:00:00Z"},
		"/ar/agreements/trial-agreement":                  {"النسخة 3", "https://registry.example/ar/agreements/trial-agreement?recorded=2026-11-22T09:00:00Z"},
		"/fr/communes/09.581.01.05":                       {"Tafraout [Commune urbaine]", "État du registre au 22 novembre 2026", "https://registry.example/fr/communes/09.581.01.05?recorded=2026-11-22T09:00:00Z"},
		"/en/regions/09":                                  {"Souss-Massa", "State of the registry"},
		"/fr/agreements/trial-agreement?as-of=2024-04-30": {"https://registry.example/fr/agreements/trial-agreement?as-of=2024-04-30&recorded=2026-11-22T09:00:00Z"},
		"/fr/sources/src-tiznit-press-fr":                 {"[Source]"},
		"/fr/sites/trial-point":                           {"Centre <script>alert(1)</script> d’essai [Site]"},
	} {
		_, body := get(t, home+path)
		text := strings.NewReplacer("\u2068", "", "\u2069", "").Replace(plainText(body))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q", path, w)
			}
		}
		shown := regexp.MustCompile(`(?s)<pre id="cite-([a-z-]+)"[^>]*>(.*?)</pre>`).FindAllStringSubmatch(body, -1)
		files := regexp.MustCompile(`href="(/cite/[^"]+)"`).FindAllStringSubmatch(body, -1)
		if len(shown) != 3 || len(files) != 3 {
			t.Fatalf("%s: %d forms, %d files", path, len(shown), len(files))
		}
		for i, f := range files {
			res, file := get(t, home+html.UnescapeString(f[1]))
			if res.StatusCode != http.StatusOK || strings.TrimSpace(strings.ReplaceAll(file, "\r\n", "\n")) != strings.TrimSpace(strings.ReplaceAll(html.UnescapeString(shown[i][2]), "\r", "")) {
				t.Errorf("%s: %d, and the file differs from the page:\n%s", f[1], res.StatusCode, file)
			}
		}
	}
	res, body := get(t, home+"/cite/agreements/trial-agreement.csl.json?lang=en")
	var got []map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.Header.Get("Content-Type") != "application/vnd.citationstyles.csl+json" || got[0]["version"] != "3" {
		t.Errorf("%s %v %v", res.Header.Get("Content-Type"), err, got)
	}
	for path, want := range map[string]int{
		"/cite/agreements/trial-agreement.txt":         http.StatusNotFound,
		"/cite/agreements/trial-zone.bib":              http.StatusNotFound, // a site
		"/cite/agreements/nothing.bib":                 http.StatusNotFound,
		"/cite/communes/09.581.bib":                    http.StatusNotFound, // a province
		"/cite/things/x.bib":                           http.StatusNotFound,
		"/cite/agreements/trial-agreement.bib?lang=de": http.StatusBadRequest,
		"/cite/agreements/trial-agreement.bib?x=1":     http.StatusBadRequest,
	} {
		if res, _ := get(t, home+path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}
