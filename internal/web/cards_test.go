package web_test

import (
	"bytes"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// cardOf fetches a card and asks that it be what sites show: a PNG of 1200 by 630 under 100 kB.
func cardOf(t *testing.T, address string) []byte {
	t.Helper()
	res, body := get(t, address)
	img, err := png.Decode(strings.NewReader(body))
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/png" || err != nil {
		t.Errorf("%s: %d %s %v", address, res.StatusCode, res.Header.Get("Content-Type"), err)
		return nil
	}
	if size := img.Bounds().Size(); size.X != 1200 || size.Y != 630 || len(body) > 100_000 {
		t.Errorf("%s: %v, %d bytes", address, size, len(body))
	}
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("%s: another site may not read it: %q", address, got)
	}
	return []byte(body)
}

func TestCardsDiffer(t *testing.T) {
	home := startSite(t)
	seen := map[string][]byte{}
	for _, path := range []string{
		"/cards/fr/communes/09.581.01.05.png", "/cards/ar/communes/09.581.01.05.png", "/cards/en/communes/09.581.01.05.png",
		"/cards/fr/agreements/trial-agreement.png", "/cards/fr/agreements/trial-agreement.png?as-of=2024-04-30", // 30 premises, then 25
	} {
		card := cardOf(t, home+path)
		for other, bytesOfOther := range seen {
			if bytes.Equal(card, bytesOfOther) {
				t.Errorf("%s is %s", path, other)
			}
		}
		seen[path] = card
	}
	// Before the first publication the registry was empty, and the card of a place says so.
	if before := cardOf(t, home+"/cards/fr/communes/09.581.01.05.png?recorded=2020-01-01"); bytes.Equal(before, seen["/cards/fr/communes/09.581.01.05.png"]) {
		t.Error("the card of a moment before is today's")
	}
	const path = "/cards/fr/communes/09.581.01.05.png"
	res, _ := get(t, home+path)
	if again, _ := get(t, home+path, "If-None-Match", res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag the card answers %d", again.StatusCode)
	}
	if fresh := cardOf(t, startSite(t)+path); !bytes.Equal(fresh, seen[path]) {
		t.Error("another server of the same registry draws another card")
	}
}

func TestWrongCards(t *testing.T) {
	home := startSite(t)
	for path, want := range map[string]int{
		"/cards/fr/communes/99.999.png":                      http.StatusNotFound,
		"/cards/fr/communes/09.581.png":                      http.StatusNotFound, // a province
		"/cards/de/communes/09.581.01.05.png":                http.StatusNotFound,
		"/cards/fr/communes/09.581.01.05.svg":                http.StatusNotFound,
		"/cards/fr/agreements/site-aouartas-craft-zone.png":  http.StatusNotFound,
		"/cards/fr/agreements/UPPER.png":                     http.StatusNotFound,
		"/cards/fr/nowhere.png":                              http.StatusNotFound,
		"/cards/fr/home.png?colour=blue":                     http.StatusBadRequest,
		"/cards/fr/agreements/trial-agreement.png?as-of=2.5": http.StatusBadRequest,
	} {
		if res, _ := get(t, home+path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// TestMapWithoutScript shows a still map with its scale and legend where no script runs, in every language.
func TestMapWithoutScript(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	for _, path := range []string{"/", "/map", "/communes/09.581.01.05", "/communes/09.541.01.13", "/provinces/09.581", "/regions/09",
		"/agreements/trial-agreement", "/agreements/tiznit-jewellery-framework", "/sites/trial-zone"} {
		for _, lang := range langs {
			b.run(t, emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(home+"/"+lang+path), chromedp.WaitReady("main"))
			b.run(t, emulation.SetScriptExecutionDisabled(false))
			const seen = `(() => { const s = document.querySelector('.map > svg.still'); const r = s?.getBoundingClientRect();
				return !!r && r.width > 200 && r.height > 200 && s.getAttribute('aria-label') !== '' && !!s.querySelector('.static-scale + text')?.textContent.match(/\d/) && document.querySelectorAll('.legend li').length > 0; })()`
			if !eval[bool](t, b, seen) {
				t.Errorf("/%s%s shows no still map with scale and legend", lang, path)
			}
			if lang == "ar" {
				b.picture(t, "still-"+lang+strings.ReplaceAll(path, "/", "-"))
			}
		}
	}
	b.takeFaults(t)
}
