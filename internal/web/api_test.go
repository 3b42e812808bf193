package web_test

import (
	"html"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mithaq/docs/recipes"
)

// apiConsoleBudget bounds what the interactive definition adds to the page, compressed: its script, its styles and ours.
const apiConsoleBudget = 520_000

// TestAPIConsoleInChromium opens the page of the API in each language, and asks the registry through its console.
func TestAPIConsoleInChromium(t *testing.T) {
	home := startSite(t)
	axe, err := os.ReadFile(axeFile)
	check(t, err)
	b := startBrowser(t, home)
	const operation = "#operations-Features-sites-items "
	for _, lang := range langs {
		t.Run(lang, func(t *testing.T) {
			checkAxe := func(state string) {
				t.Helper()
				b.run(t, chromedp.Evaluate(string(axe), nil))
				for _, v := range eval[[]string](t, b, axeRun) {
					t.Errorf("%s: axe: %s", state, v)
				}
			}
			b.open(t, "/"+lang+"/api", 1280, 900)
			b.run(t, chromedp.WaitVisible(`.api-console[data-state="ready"] .opblock`))
			b.picture(t, lang+"-api-1280")
			checkAxe("as it opens")
			_, definition := get(t, home+"/api/openapi.json")
			if got, want := eval[int](t, b, `document.querySelectorAll('.opblock').length`), strings.Count(definition, `"operationId"`); got != want || want == 0 {
				t.Errorf("%d operations are shown, the definition has %d", got, want)
			}
			if eval[bool](t, b, `[...document.querySelectorAll('.document-table')].some((e) => e.checkVisibility())`) {
				t.Error("the plain list is still there")
			}
			b.run(t, chromedp.Click(operation+".opblock-summary-control"), chromedp.Click(operation+".try-out__btn"), chromedp.Click(operation+".execute"),
				chromedp.WaitVisible(operation+".live-responses-table .response-col_status"))
			if got := eval[string](t, b, `document.querySelector('`+operation+`.live-responses-table').innerText`); !strings.Contains(got, "200") || !strings.Contains(got, "site-ameln-exhibition-space") {
				t.Errorf("the answer is %.300s", got)
			}
			b.picture(t, lang+"-api-tried-1280")
			checkAxe("with an answer")
			b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
			checkAxe("on a dark screen")
			b.run(t, emulation.SetEmulatedMedia(), chromedp.EmulateViewport(320, 640))
			if wide := eval[[]string](t, b, tooWide); len(wide) > 0 {
				t.Errorf("scrolls sideways at 320 px because of %s", strings.Join(wide, ", "))
			}
			weight := eval[int](t, b, `performance.getEntriesByType('resource').filter((e) => /swagger-ui|api\.css/.test(e.name)).reduce((n, e) => n + e.encodedBodySize, 0)`)
			t.Logf("the console weighs %d bytes", weight)
			if weight == 0 || weight > apiConsoleBudget {
				t.Errorf("the console weighs %d bytes, the budget is %d", weight, apiConsoleBudget)
			}
			b.takeFaults(t)
		})
	}
	t.Run("without script", func(t *testing.T) {
		b.run(t, emulation.SetScriptExecutionDisabled(true))
		b.run(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(home+"/fr/api"), chromedp.WaitVisible("#operations .document-table"), chromedp.WaitVisible("#recipe-table-sh"))
		b.takeFaults(t)
	})
}

// Every recipe stands on the page as it is kept, with this registry's address, and is named in the page's language.
func TestRecipesOnThePage(t *testing.T) {
	home := startSite(t)
	files, err := fs.Glob(recipes.Files, "*")
	check(t, err)
	for _, lang := range langs {
		_, page := get(t, home+"/"+lang+"/api")
		page = html.UnescapeString(page)
		for _, name := range files {
			code, err := fs.ReadFile(recipes.Files, name)
			check(t, err)
			_, body, _ := strings.Cut(strings.TrimSpace(string(code)), "\n")
			if want := strings.ReplaceAll(strings.TrimSpace(body), recipes.BaseURL, "https://registry.example"); !strings.Contains(page, want) {
				t.Errorf("%s: %s isn't there", lang, name)
			}
		}
		if strings.Contains(page, recipes.BaseURL) || strings.Contains(page, "⟦") {
			t.Errorf("%s: another registry's address, or a text is missing", lang)
		}
	}
}

// Every page leads to the recipes, and so does the landing page for programs.
func TestTheAPIPageIsLinked(t *testing.T) {
	home := startSite(t)
	for _, lang := range langs {
		want := `href="/` + lang + `/api"`
		if _, body := get(t, home+"/"+lang+"/data"); strings.Count(body, want) < 2 { // its own, and the footer's
			t.Errorf("%s: the page of data links it %d times", lang, strings.Count(body, want))
		}
		if _, body := get(t, home+"/"+lang+"/"); !strings.Contains(body, want) {
			t.Errorf("%s: the footer doesn't link it", lang)
		}
		if _, body := get(t, home+"/api"); !strings.Contains(body, `"href":"https://registry.example/`+lang+`/api","rel":"service-doc"`) {
			t.Errorf("/api doesn't lead to the page in %s", lang)
		}
	}
}
