package web_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestDocumentsInChromium looks at the pages of the data routes, which have no language in their address: the browser's is English.
func TestDocumentsInChromium(t *testing.T) {
	home := startSite(t)
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatal("axe-core is not installed: run npm ci in static/: ", err)
	}
	b := startBrowser(t, home)
	for path, words := range map[string]string{
		"/api?f=html":                                           "The collections",
		"/api/conformance":                                      "Standards followed",
		"/api/api.html":                                         "/api/collections/sites/items",
		"/api/collections":                                      "Amendments",
		"/api/collections/sites":                                "Merchich / Nord Maroc",
		"/api/collections/sites/queryables":                     "location_precision",
		"/api/collections/communes/items?limit=20":              "Next page",
		"/api/collections/agreements/items":                     "26 July, year inferred: 2021",
		"/api/collections/sites/items/site-aouartas-craft-zone": "Aouartas",
	} {
		t.Run(path, func(t *testing.T) {
			b.open(t, path, 1280, 900)
			b.picture(t, "api-"+strings.NewReplacer("/", "-", "?", "-").Replace(path)+"-1280")
			b.run(t, chromedp.Evaluate(string(axe), nil))
			for _, v := range eval[[]string](t, b, axeRun) {
				t.Error("axe: " + v)
			}
			if text := eval[string](t, b, `document.documentElement.innerText`); strings.Contains(text, "⟦") || !strings.Contains(text, words) {
				t.Errorf("the page lacks %q, or a text: %q", words, around(text, "⟦"))
			}
			b.open(t, path, 360, 740)
			b.picture(t, "api-"+strings.NewReplacer("/", "-", "?", "-").Replace(path)+"-360")
			b.run(t, chromedp.EmulateViewport(320, 640))
			if wide := eval[[]string](t, b, tooWide); len(wide) > 0 {
				t.Errorf("scrolls sideways at 320 px because of %s", strings.Join(wide, ", "))
			}
			b.takeFaults(t)
		})
	}
}

// The pages of the data routes are in the visitor's language.
func TestDocumentsInTheVisitorsLanguage(t *testing.T) {
	home := startSite(t)
	for lang, words := range map[string]string{"fr": "Liens et formats", "ar": "الروابط والصيغ", "en": "Links and formats"} {
		for _, path := range []string{"/api", "/api/conformance", "/api/api.html", "/api/collections", "/api/collections/amendments", "/api/collections/amendments/queryables",
			"/api/collections/amendments/items", "/api/collections/regions/items/09"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, home+path, nil)
			check(t, err)
			req.Header.Set("Accept", "text/html")
			req.Header.Set("Accept-Language", lang)
			res, err := http.DefaultClient.Do(req)
			check(t, err)
			body, err := io.ReadAll(res.Body)
			check(t, err)
			check(t, res.Body.Close())
			if text := string(body); res.StatusCode != http.StatusOK || !strings.Contains(text, words) || !strings.Contains(text, `<html lang="`+lang+`"`) || strings.Contains(text, "⟦") {
				t.Errorf("%s in %s: %d", path, lang, res.StatusCode)
			}
			if vary := res.Header.Get("Vary"); !strings.Contains(vary, "Accept-Language") {
				t.Errorf("%s varies by %s", path, vary)
			}
		}
	}
}
