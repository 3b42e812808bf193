package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The language switch leads to the same page in the same state: address, filters, day.
func TestLanguageSwitchKeepsThePage(t *testing.T) {
	home := startSite(t)
	for _, kind := range pageKinds {
		if strings.Contains(kind.name, "not-found") || strings.HasPrefix(kind.path, "/embed/") {
			continue // an address that nothing has is the same nowhere; a frame in another's page has no switch
		}
		u, err := url.Parse(kind.path)
		check(t, err)
		_, body := get(t, home+"/fr"+kind.path)
		for _, lang := range []string{"ar", "en"} {
			want := fmt.Sprintf(`<a href="/%s%s`, lang, u.Path)
			i := strings.Index(body, want)
			if i < 0 {
				t.Errorf("%s: no link to %s", kind.path, want)
				continue
			}
			link := body[i : i+strings.Index(body[i:], "</a>")]
			for name := range u.Query() {
				if !strings.Contains(link, name+"=") {
					t.Errorf("%s: the switch to %s forgets %s: %s", kind.path, lang, name, link)
				}
			}
		}
	}
}

// In a line of Arabic, names, codes and figures of the other direction stand apart, so that neither script reorders the other (and likewise
// Arabic names in French lines).
func TestMixedLinesAreIsolated(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct{ path, want string }{
		{"/ar/communes/09.581.01.05", `<bdi dir="ltr">09.581.01.05</bdi>`},                                                    // a code
		{"/ar/communes/09.581.01.05", `<bdi lang="fr" dir="ltr">Tafraout</bdi>`},                                              // a name in the other script
		{"/fr/communes/09.581.01.05", `<bdi lang="ar" dir="rtl">تافراوت</bdi>`},                                               // and the other way round
		{"/ar/provinces/09.581", `<bdi lang="fr" dir="ltr">Ammelne</bdi>`},                                                    // in a table
		{"/ar/agreements/tiznit-jewellery-framework", `<bdi lang="fr" dir="ltr">ministère des Finances</bdi>`},                // a party as written
		{"/ar/agreements/tiznit-jewellery-framework", "\u2068ministère des Finances\u2069"},                                   // in a sentence
		{"/ar/agreements/tiznit-ameln-craft-projects", "\u2068commune d’Ameln\u2069"},                                         // a spelling that a note quotes
		{"/ar/sources/src-tiznit-press-fr", `<bdi lang="fr" dir="ltr">9 nouveaux accords`},                                    // a title that begins with a figure
		{"/ar/organisations/org-giz", `<bdi>GIZ</bdi>`},                                                                       // an acronym
		{"/ar/agreements", `<bdi lang="fr" dir="ltr">CMI Multi-Donors Trust Fund</bdi>`},                                      // several in a row
		{"/ar/map?commune_code=09.541.01.13", `<bdi>تارودانت</bdi>`},                                                          // a chip
		{"/ar/communes/09.581.01.05?colour=blue", `<bdi dir="ltr">colour</bdi>`},                                              // what an error quotes
		{"/ar/communes/09.581.01.05", `<blockquote class="words" lang="fr" dir="ltr">restauration de 15 locaux</blockquote>`}, // a quotation
		{"/ar/sources/src-tiznit-press-fr", `<q lang="fr" dir="ltr">`},                                                        // and another
	} {
		if _, body := get(t, home+tc.path); !strings.Contains(body, tc.want) {
			t.Errorf("%s lacks %s", tc.path, tc.want)
		}
	}
}

// TestMapByKeyboard moves over the map without a mouse: reach it, pan by arrows, zoom by plus and minus, leave it again; buttons do what dragging
// and the wheel do.
func TestMapByKeyboard(t *testing.T) {
	b := startBrowser(t, startSite(t))
	for _, lang := range []string{"fr", "ar"} {
		b.open(t, "/"+lang+"/map", 1280, 900)
		w := walker{b, t}
		w.tabTo(".leaflet-container", "")
		view := func() string { return eval[string](t, b, `location.hash`) }
		changes := func(how string, key string) {
			t.Helper()
			before := view()
			b.run(t, chromedp.KeyEvent(key), chromedp.Poll(fmt.Sprintf(`location.hash !== %q`, before), nil))
			t.Logf("%s: %q → %q", how, before, view())
		}
		changes("arrow", kb.ArrowRight)
		changes("plus", "+")
		changes("minus", "-")
		before := view()
		b.run(t, chromedp.Click(".leaflet-bar button"), chromedp.Poll(fmt.Sprintf(`location.hash !== %q`, before), nil))
		w.tabTo("footer a", "") // and out at the other end
		b.takeFaults(t)
	}
}

// A page says how old what it shows is: the day on which the newest of its records was published, not the day on which it is read.
func TestPagesSayWhenTheyLastChanged(t *testing.T) {
	home := startSite(t)
	for path, want := range map[string]string{
		"/fr/communes/09.581.01.05":                           "Les fiches montrées ici ont été publiées pour la dernière fois le 22 novembre 2026.",
		"/ar/agreements/tiznit-jewellery-framework":           "22 نونبر 2026",
		"/en/sites/site-aouartas-craft-zone?as-of=2024-01-01": "The records shown here were last published on 22 November 2026.",
	} {
		_, body := get(t, home+path)
		if _, footer, _ := strings.Cut(body, "<footer"); !strings.Contains(plainText(footer), want) {
			t.Errorf("%s doesn't say when it last changed", path)
		}
	}
	if _, body := get(t, home+"/fr/about"); strings.Contains(body, "publiées pour la dernière fois") {
		t.Error("a page without records has no such day")
	}
}
