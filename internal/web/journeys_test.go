package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// walker is somebody without a mouse: Tab until it is there, Enter, letters.
type walker struct {
	*browser
	t *testing.T
}

// tabTo presses Tab until the element that a selector means has the focus. text, if any, is a part of what it says.
func (w walker) tabTo(selector, text string) {
	w.t.Helper()
	for range 250 {
		w.run(w.t, chromedp.KeyEvent(kb.Tab))
		if eval[bool](w.t, w.browser, fmt.Sprintf(`document.activeElement.matches(%q) && (document.activeElement.innerText ?? '').includes(%q)`, selector, text)) {
			return
		}
	}
	w.t.Fatalf("Tab does not reach %s with %q on %s", selector, text, eval[string](w.t, w.browser, `location.href`))
}

// follow presses Enter on what has the focus, and waits for the page that it leads to.
func (w walker) follow(path string) {
	w.t.Helper()
	w.run(w.t, chromedp.KeyEvent(kb.Enter))
	w.arrive(path)
}

// arrive waits until the address begins so and the page is there. While one page gives way to the next, asking fails, which says nothing.
func (w walker) arrive(path string) {
	w.t.Helper()
	there := false
	for range 200 {
		ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
		err := chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf(`(location.pathname + location.search + location.hash).startsWith(%q) && document.readyState === 'complete'`, path), &there))
		cancel()
		if err == nil && there {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("never arrived at %s", path)
}

// reads asks that the page says these.
func (w walker) reads(wants ...string) {
	w.t.Helper()
	text := blanks.ReplaceAllString(eval[string](w.t, w.browser, `document.querySelector('main').innerText`), " ")
	for _, want := range wants {
		if !strings.Contains(text, want) {
			w.t.Errorf("%s doesn't say %q", eval[string](w.t, w.browser, `location.href`), want)
		}
	}
}

// TestJourneys walks the three readers' questions from the first page to the answer by keyboard alone, in French and Arabic, with and without script.
func TestJourneys(t *testing.T) {
	home := startSite(t)
	for _, script := range []struct {
		name string
		off  bool
	}{{"script", false}, {"no script", true}} {
		for _, words := range []struct {
			lang, typed, commune, agreement, figure, missing, unlocated string
		}{
			{"fr", "Tafraoute", "Tafraout", "Réhabilitation du marché", "15 locaux", "non indiqué par la source", "non localisé"},
			{"ar", "تافراوت", "تافراوت", "سوق", "15 محلا", "غير مذكور", "غير محدد"},
		} {
			t.Run(script.name+"/"+words.lang, func(t *testing.T) {
				b := startBrowser(t, home)
				b.run(t, emulation.SetScriptExecutionDisabled(script.off), chromedp.EmulateViewport(1280, 900))
				w := walker{b, t}
				begin := func() {
					b.run(t, chromedp.Navigate(home+"/"+words.lang+"/"), chromedp.WaitReady("main"))
				}

				// The journalist: what was agreed for this commune, who pays, and where is that written?
				begin()
				w.tabTo("#q", "")
				b.run(t, chromedp.SendKeys("#q", words.typed+kb.Enter))
				w.arrive("/" + words.lang + "/search?q=")
				w.tabTo("main a", words.commune)
				w.follow("/" + words.lang + "/communes/09.581.01.05")
				w.reads(words.figure, words.missing)
				w.tabTo("main h3 a", words.agreement)
				w.follow("/" + words.lang + "/agreements/tiznit-tafraout-market-rehabilitation")
				w.reads(words.missing)
				w.tabTo("a.mark", "¶ 8")
				if script.off {
					w.follow("/" + words.lang + "/sources/src-tiznit-press-fr#p8")
				} else {
					b.run(t, chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(".mark-card:popover-open"))
					w.tabTo(".mark-card:popover-open a", "")
					w.follow("/" + words.lang + "/sources/src-tiznit-press-fr#p8")
				}
				w.reads("restauration de 15 locaux")

				// The official: what stands where, and what isn't on the map?
				begin()
				w.tabTo(".main-nav a[href$='/map']", "")
				w.follow("/" + words.lang + "/map")
				w.tabTo("select[name=kind]", "")
				b.run(t, chromedp.SetValue("select[name=kind]", "craft_zone"))
				w.tabTo("form.filter-form button", "")
				w.follow("/" + words.lang + "/map?kind=craft_zone")
				w.reads("Aouartas")
				w.tabTo("nav.switch a", words.unlocated)
				w.follow("/" + words.lang + "/map?kind=craft_zone&located=no")
				w.reads("Aouartas")

				// The analyst: give me exactly this set.
				w.tabTo("main a[download], main a[href*='/items?']", "")
				file := eval[string](t, b, `document.activeElement.href`)
				res, body := get(t, file)
				var collection struct {
					Features []struct {
						ID       string
						Geometry any
					}
				}
				if err := json.Unmarshal([]byte(body), &collection); err != nil || res.StatusCode != 200 {
					t.Fatalf("%s: %d, %v", file, res.StatusCode, err)
				}
				shown := eval[[]string](t, b, `[...document.querySelectorAll('[data-site]')].map((e) => e.dataset.site)`)
				var served []string
				for _, f := range collection.Features {
					served = append(served, f.ID)
					if f.Geometry != nil {
						t.Errorf("%s is located and shouldn't be in this set", f.ID)
					}
				}
				slices.Sort(shown)
				if slices.Sort(served); !slices.Equal(shown, served) || len(served) == 0 {
					t.Errorf("the page shows %v, the file has %v", shown, served)
				}
				b.takeFaults(t)
			})
		}
	}
}
