package web_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// pageKinds are one page of each kind, without the language.
var pageKinds = []struct{ name, path string }{
	{"home", "/"},
	{"explorer", "/map"},
	{"explorer-narrowed", "/map?commune_code=09.541.01.13"},
	{"explorer-unlocated", "/map?located=no&province_code=09.581"},
	{"explorer-empty", "/map?kind=craft_zone&commune_code=09.581.01.05"},
	{"commune", "/communes/09.581.01.05"},
	{"commune-exact", "/communes/09.541.01.13"},
	{"commune-empty", "/communes/04.421.01.0"},
	{"province", "/provinces/09.581"},
	{"region", "/regions/09"},
	{"agreements", "/agreements"},
	{"agreements-empty", "/agreements?kind=programme_contract&province_code=09.581"},
	{"agreement", "/agreements/tiznit-jewellery-framework"},
	{"agreement-sites", "/agreements/tiznit-ameln-craft-projects"},
	{"agreement-rich", "/agreements/chefchaouen-craft-technical-assistance"},
	{"agreement-amended", "/agreements/trial-agreement?as-of=2024-06-01"},
	{"agreement-mentioned", "/agreements/tiznit-pottery-complex"},
	{"agreement-several", "/agreements/souss-massa-associations-support"},
	{"amendment", "/amendments/trial-amendment-1"},
	{"site", "/sites/site-aouartas-craft-zone"},
	{"site-exact", "/sites/trial-zone"},
	{"organisation", "/organisations/org-giz"},
	{"programme", "/programmes/prog-craft-strategy-2021-2030"},
	{"event", "/events/event-chefchaouen-study-visit"},
	{"announcement", "/announcements/announce-tiznit-nine-agreements"},
	{"source", "/sources/src-tiznit-press-fr"},
	{"source-shown", "/sources/src-trial"},
	{"organisations", "/organisations"},
	{"sources", "/sources"},
	{"search", "/search?q=tafraoute"},
	{"search-nothing", "/search?q=zzzzzz"},
	{"about", "/about"},
	{"components", "/about/components"},
	{"history", "/history/trial-agreement"},
	{"history-compared", "/history/trial-agreement?from=1&to=3"},
	{"recorded", "/agreements/trial-agreement?recorded=2026-10-30"},
	{"recorded-map", "/map?recorded=2026-10-30"},
	{"history-first", "/history/src-tiznit-press-fr"},
	{"changes", "/changes"},
	{"data", "/data"},
	{"not-found", "/communes/99.999"},
	{"embed-commune", "/embed/communes/09.581.01.05"},
	{"embed-province", "/embed/provinces/09.581"},
	{"embed-agreement", "/embed/agreements/trial-agreement"},
	{"embed-agreement-no-site", "/embed/agreements/tiznit-jewellery-framework"},
	{"embed-site", "/embed/sites/site-aouartas-craft-zone"},
	{"embed-explorer", "/embed/map?province_code=09.581"},
	{"embed-not-found", "/embed/communes/99.999"},
	{"snippet", "/embed?of=/fr/communes/09.581.01.05&size=small"},
	{"snippet-without-page", "/embed"},
}

// axeFile is the checker of accessibility, from the lock file of static/.
const axeFile = "../../static/node_modules/axe-core/axe.min.js"

var langs = []string{"fr", "ar", "en"}

// browser is Chromium, made for one test, with ears for everything a page must not do.
type browser struct {
	ctx  context.Context
	home string // address of the site

	mu     sync.Mutex
	faults []string
}

// startBrowser runs Chromium. Without one the test is skipped, unless CI=true: there its absence is a failure.
func startBrowser(t *testing.T, home string) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Chromium: install the distribution's chromium package")
		}
		t.Skip("no Chromium on this machine: the browser tests need one")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	allocated, freeAllocated := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(freeAllocated)
	// Chromium is newer than what chromedp knows of it; its remarks about unknown events say nothing of the pages.
	ctx, free := chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser to be gone, so that its folder can be removed
		free()
	})
	b := &browser{ctx: ctx, home: home}
	chromedp.ListenTarget(ctx, b.listen)
	check(t, chromedp.Run(ctx, network.Enable(), cdplog.Enable(), runtime.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`addEventListener('securitypolicyviolation', (e) => console.error('policy violated: ' + e.violatedDirective + ' by ' + e.blockedURI))`).Do(ctx)
		return err
	})))
	return b
}

// listen notes requests to other hosts, errors on the console, exceptions, and refusals by the Content-Security-Policy.
func (b *browser) listen(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" && u.Scheme != "about" && !strings.HasPrefix(e.Request.URL, b.home) {
			b.fault("asks another host: " + e.Request.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			b.fault(fmt.Sprintf("console %s: %s", e.Type, e.Args[0].Value))
		}
	case *runtime.EventExceptionThrown:
		b.fault("exception: " + e.ExceptionDetails.Error())
	case *cdplog.EventEntryAdded:
		// The page of an unknown address is a 404, which Chromium calls an error of its own.
		if e.Entry.Level == cdplog.LevelError && !strings.Contains(e.Entry.Text, "404") {
			b.fault("log: " + e.Entry.Text + " " + e.Entry.URL)
		}
	}
}

func (b *browser) fault(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, s)
}

// takeFaults reports what was noted so far and forgets it.
func (b *browser) takeFaults(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		t.Error(f)
	}
	b.faults = nil
}

// run does actions with a time limit.
func (b *browser) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	check(t, chromedp.Run(ctx, actions...))
}

// open goes to a page and waits until its map, if it has one, is drawn.
func (b *browser) open(t *testing.T, path string, width, height int64) {
	t.Helper()
	b.run(t, chromedp.EmulateViewport(width, height), chromedp.Navigate(b.home+path), chromedp.WaitReady("main"),
		chromedp.Poll(`document.fonts.status === 'loaded' && [...document.querySelectorAll('[data-map]')].every((m) => m.dataset.state)`, nil))
}

// eval gives the value of an expression on the page.
func eval[T any](t *testing.T, b *browser, expression string) (v T) {
	t.Helper()
	b.run(t, chromedp.Evaluate(expression, &v, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return v
}

// screenshots is where pictures go: $MITHAQ_SCREENSHOTS, or build/screenshots of the project, which git ignores.
func screenshots(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("MITHAQ_SCREENSHOTS")
	if folder == "" {
		folder = filepath.Join("..", "..", "build", "screenshots")
	}
	check(t, os.MkdirAll(folder, 0o755))
	return folder
}

func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	var png []byte
	b.run(t, chromedp.FullScreenshot(&png, 100))
	check(t, os.WriteFile(filepath.Join(screenshots(t), name+".png"), png, 0o644))
}

// TestPagesInChromium opens each kind of page in each language, wide and narrow, and asks what a careful visitor would.
func TestPagesInChromium(t *testing.T) {
	home := startSite(t)
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatal("axe-core is not installed: run npm ci in static/: ", err)
	}
	b := startBrowser(t, home)
	for _, kind := range pageKinds {
		for _, lang := range langs {
			t.Run(kind.name+"/"+lang, func(t *testing.T) {
				path := "/" + lang + kind.path
				b.open(t, path, 1280, 900)
				b.picture(t, lang+"-"+kind.name+"-1280")
				b.run(t, chromedp.Evaluate(string(axe), nil))
				for _, v := range eval[[]string](t, b, axeRun) {
					t.Error("axe: " + v)
				}
				if text := eval[string](t, b, `document.documentElement.innerText`); strings.ContainsAny(text, "⟦") || strings.Contains(text, "undefined") {
					t.Errorf("a text is missing: %q", around(text, "⟦", "undefined"))
				}
				if code := rawCode.FindString(eval[string](t, b, `document.querySelector('main').innerText`)); code != "" {
					t.Errorf("a code is shown as it is: %s", code)
				}
				if n := eval[int](t, b, `document.querySelectorAll('h1').length`); n != 1 {
					t.Errorf("%d h1", n)
				}
				b.open(t, path, 360, 740)
				b.picture(t, lang+"-"+kind.name+"-360")
				b.run(t, chromedp.Evaluate(string(axe), nil))
				for _, v := range eval[[]string](t, b, axeRun) {
					t.Error("axe on a phone: " + v)
				}
				b.run(t, chromedp.EmulateViewport(320, 640))
				if wide := eval[[]string](t, b, tooWide); len(wide) > 0 {
					t.Errorf("scrolls sideways at 320 px because of %s", strings.Join(wide, ", "))
				}
				b.run(t, chromedp.Evaluate(moreSpace, nil))
				if wide := eval[[]string](t, b, tooWide); len(wide) > 0 {
					t.Errorf("scrolls sideways at 320 px with wider text because of %s", strings.Join(wide, ", "))
				}
				b.takeFaults(t)
			})
		}
	}
}

// misplacedFigures fills the figures of a page with long ones, and tells of those that stand over another or not where their labels begin.
const misplacedFigures = `(() => {
  const rect = (e) => { const all = document.createRange(); all.selectNodeContents(e); return all.getBoundingClientRect(); };
  const begin = (r) => (document.documentElement.dir === 'rtl' ? r.right : r.left);
  const faults = [];
  const figures = [...document.querySelectorAll('.facts.tiles dd')];
  const sums = [...document.querySelectorAll('.facts.sums dd')];
  for (const dd of sums) dd.textContent = '3\u00a0155\u00a0673\u00a0000\u00a0locaux';
  for (const dd of figures) {
    const by = Math.abs(begin(rect(dd)) - begin(rect(dd.parentElement.querySelector('dt'))));
    if (by > 1) faults.push(dd.textContent + ' begins ' + by + ' px beside its label');
  }
  for (const [i, dd] of sums.entries()) {
    const a = rect(dd);
    if (sums.slice(i + 1).some((other) => { const b = rect(other); return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom; })) faults.push(dd.textContent + ' stands over another');
  }
  return figures.length === 0 ? ['no figures'] : faults;
})()`

// TestFiguresStandByThemselves asks that the figures of a place have room, whatever they sum up, and begin where their labels do, in both directions of writing.
func TestFiguresStandByThemselves(t *testing.T) {
	b := startBrowser(t, startSite(t))
	for _, path := range []string{"/fr/", "/ar/", "/fr/regions/09", "/ar/regions/09"} {
		for _, width := range []int64{360, 500, 1280} {
			b.open(t, path, width, 740)
			for _, fault := range eval[[]string](t, b, misplacedFigures) {
				t.Errorf("%s at %d px: %s", path, width, fault)
			}
		}
	}
}

// TestDarkAndCalm looks at the main pages as somebody with a dark screen and no liking for motion has them.
func TestDarkAndCalm(t *testing.T) {
	home := startSite(t)
	axe, err := os.ReadFile(axeFile)
	check(t, err)
	b := startBrowser(t, home)
	b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: "dark"}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}))
	for _, path := range []string{"/fr/", "/ar/communes/09.581.01.05", "/fr/agreements/trial-agreement?as-of=2024-06-01", "/fr/announcements/announce-tiznit-nine-agreements"} {
		t.Run(path, func(t *testing.T) {
			b.open(t, path, 1280, 900)
			b.picture(t, "dark-"+strings.Trim(strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(path), "-"))
			b.run(t, chromedp.Evaluate(string(axe), nil))
			for _, v := range eval[[]string](t, b, axeRun) {
				t.Error("axe: " + v)
			}
			b.takeFaults(t)
		})
	}
}

// TestForcedColours asks that what tells things apart by its ground keeps an edge where the reader's system chooses all colours.
func TestForcedColours(t *testing.T) {
	b := startBrowser(t, startSite(t))
	b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}))
	for path, signs := range map[string][]string{
		"/fr/communes/09.581.01.05": {".chip", ".map", ".badge-icon"},
		"/ar/communes/09.541.01.13": {".chip", ".map"},
		"/fr/map":                   {".chip", ".map", ".badge-icon"},
	} {
		b.open(t, path, 1280, 900)
		b.picture(t, "forced-colours-"+strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
		for _, sign := range signs {
			if edge := eval[string](t, b, fmt.Sprintf(`(() => { const s = getComputedStyle(document.querySelector(%q)); return s.borderTopStyle === 'none' ? '' : s.borderTopWidth; })()`, sign)); edge == "" || edge == "0px" {
				t.Errorf("%s: %s has no edge", path, sign)
			}
		}
		b.takeFaults(t)
	}
}

// TestOneFingerScrollsThePage asks that the map on a phone leaves one finger to the page, and two to itself.
func TestOneFingerScrollsThePage(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	for _, path := range []string{"/fr/communes/09.581.01.05", "/fr/map"} {
		b.run(t, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(home+path),
			chromedp.Poll(`document.querySelector('[data-map]')?.dataset.state`, nil))
		if got := eval[string](t, b, `getComputedStyle(document.querySelector('[data-map]')).touchAction`); got != "pan-x pan-y" {
			t.Errorf("%s: touch-action of the map is %q", path, got)
		}
		if !eval[bool](t, b, `getComputedStyle(document.querySelector('.map-hint')).display !== 'none'`) {
			t.Errorf("%s: nothing says that two fingers move the map", path)
		}
	}
}

// communeBudget bounds what a first visit to a commune's page loads, compressed: page, styles, scripts, fonts, shapes.
const communeBudget = 150_000

func TestWeightOfACommune(t *testing.T) {
	home := startSite(t)
	for _, lang := range langs {
		b := startBrowser(t, home)
		b.open(t, "/"+lang+"/communes/09.581.01.05", 360, 740)
		var loaded []struct {
			Name string
			Size int
		}
		b.run(t, chromedp.Evaluate(`performance.getEntries().filter((e) => 'transferSize' in e).map((e) => ({name: new URL(e.name).pathname, size: e.transferSize}))`, &loaded))
		total := 0
		for _, l := range loaded {
			total += l.Size
		}
		t.Logf("%s: %d bytes in %d requests: %v", lang, total, len(loaded), loaded)
		if total > communeBudget || total == 0 {
			t.Errorf("%s: %d bytes, the budget is %d", lang, total, communeBudget)
		}
	}
}

// rawCode is a code of the registry, such as craft_zone, where people should read a label.
var rawCode = regexp.MustCompile(`\b[a-z]+_[a-z_]+\b`)

// axeRun asks axe for violations of WCAG A and AA and gives one line for each.
const axeRun = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})
	.then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary.slice(0, 200)).join(' | ')))`

// moreSpace sets text as wide as WCAG 1.4.12 asks that a reader may.
const moreSpace = `{ const sheet = new CSSStyleSheet();
	sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }');
	document.adoptedStyleSheets.push(sheet); }`

// tooWide names the elements that stand out of a page that scrolls sideways.
const tooWide = `document.documentElement.scrollWidth <= innerWidth ? [] : ['page of ' + document.documentElement.scrollWidth,
	...[...document.querySelectorAll('main *, header *, footer *')].filter((e) => { const r = e.getBoundingClientRect(); return r.right > innerWidth + 1 || r.left < -1; })
		.slice(0, 5).map((e) => e.tagName + '.' + e.className)]`

func around(text string, words ...string) string {
	for _, w := range words {
		if i := strings.Index(text, w); i >= 0 {
			return text[max(0, i-30):min(len(text), i+60)]
		}
	}
	return ""
}

// TestSiteOnTheMap opens a site of Tafraout on the map by mouse and by keyboard and reads its figures.
func TestSiteOnTheMap(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	for _, tc := range []struct{ lang, works, figure string }{
		{"fr", "réhabilitation", "15\u00a0locaux"},
		{"ar", "إعادة تأهيل", "15\u00a0محلا"},
	} {
		t.Run(tc.lang, func(t *testing.T) {
			b.open(t, "/"+tc.lang+"/communes/09.581.01.05", 1280, 900)
			read := func(how string) {
				t.Helper()
				b.run(t, chromedp.WaitVisible(".leaflet-popup .popup"))
				text := eval[string](t, b, `document.querySelector('.leaflet-popup .popup').innerText`)
				for _, want := range []string{tc.works, tc.figure} {
					if !strings.Contains(text, want) {
						t.Errorf("%s: the popup lacks %q: %s", how, want, text)
					}
				}
			}
			closePopup := func(how string) {
				t.Helper()
				b.run(t, chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(".leaflet-popup"))
				if c := eval[string](t, b, `document.activeElement.className`); !strings.Contains(c, "badge-icon") {
					t.Errorf("%s: after Escape the focus is on %q, not on the marker", how, c)
				}
			}
			b.run(t, chromedp.Click(".badge-icon"))
			read("mouse")
			b.picture(t, tc.lang+"-popup")
			closePopup("mouse")

			// By keyboard alone: from the top of the page, Tab until the marker has the focus, then Enter.
			b.open(t, "/"+tc.lang+"/communes/09.581.01.05", 1280, 900)
			reached := false
			for range 120 {
				b.run(t, chromedp.KeyEvent(kb.Tab))
				if reached = eval[bool](t, b, `document.activeElement.classList.contains('badge-icon')`); reached {
					break
				}
			}
			if !reached {
				t.Fatal("Tab does not reach the marker")
			}
			if name := eval[string](t, b, `document.activeElement.getAttribute('aria-label')`); len(name) < 10 {
				t.Errorf("the marker is spoken as %q", name)
			}
			b.run(t, chromedp.KeyEvent(kb.Enter))
			read("keyboard")
			closePopup("keyboard")
			b.takeFaults(t)
		})
	}
}

// TestExactSites draws a footprint as a shape and a point as a pin, and takes a name with markup in it for a text.
func TestExactSites(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	b.open(t, "/fr/communes/09.541.01.13", 1280, 900)
	if n := eval[int](t, b, `document.querySelectorAll('.pin-icon').length`); n != 1 {
		t.Errorf("%d pins, want 1", n)
	}
	if n := eval[int](t, b, `document.querySelectorAll('.leaflet-pane path.footprint').length`); n != 1 {
		t.Errorf("%d footprints, want 1", n)
	}
	b.run(t, chromedp.Focus(".pin-icon"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(".leaflet-popup .popup"))
	if text := eval[string](t, b, `document.querySelector('.popup h3').innerText`); !strings.Contains(text, "<script>") {
		t.Errorf("the popup's title is %q", text)
	}
	b.run(t, chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(".leaflet-popup"))
	b.run(t, chromedp.Focus(".leaflet-pane path.footprint"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(".leaflet-popup .popup"))
	if text := eval[string](t, b, `document.querySelector('.popup').innerText`); !strings.Contains(text, "30\u00a0locaux") {
		t.Errorf("the footprint's popup is %q", text)
	}
	b.takeFaults(t)
}

// TestMapOfAnAgreement draws the unit that an agreement is about, and its sites in it, not the others of that unit.
func TestMapOfAnAgreement(t *testing.T) {
	b := startBrowser(t, startSite(t))
	for path, want := range map[string]string{
		"/fr/agreements/tiznit-ameln-craft-projects":           "1 2\u00a0sites",
		"/fr/agreements/tiznit-tafraout-market-rehabilitation": "1 1\u00a0site", // Tafraout has two
		"/fr/agreements/tiznit-jewellery-framework":            "0 ",            // its province
	} {
		b.open(t, path, 1280, 900)
		if got := eval[string](t, b, `document.querySelectorAll('.leaflet-pane path.hatched').length + ' ' + [...document.querySelectorAll('.badge-icon')].map((e) => e.textContent).join()`); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		b.takeFaults(t)
	}
}

// TestSourceMark opens the card of a value by key, and gives the focus back.
func TestSourceMark(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	b.open(t, "/fr/communes/09.581.01.05", 1280, 900)
	b.run(t, chromedp.Focus("a.mark"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(".mark-card:popover-open"))
	if text := eval[string](t, b, `document.querySelector('.mark-card:popover-open').innerText`); !strings.Contains(text, "paragraphe 8") {
		t.Errorf("the card says %q", text)
	}
	b.picture(t, "fr-source-mark")
	b.run(t, chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(".mark-card:popover-open"))
	if !eval[bool](t, b, `document.activeElement.matches('a.mark')`) {
		t.Error("after Escape the focus is not on the mark")
	}
	b.takeFaults(t)
}

// TestMapThatFails leaves the list whole and says why.
func TestMapThatFails(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	b.run(t, network.SetBlockedURLs().WithURLPatterns([]*network.BlockPattern{{URLPattern: "*://*:*/api/collections/*", Block: true}}))
	b.open(t, "/fr/communes/09.581.01.05", 1280, 900)
	if text := eval[string](t, b, `document.querySelector('.map-figure .notice').innerText`); !strings.Contains(text, "La liste est complète") {
		t.Errorf("the page says %q", text)
	}
	if n := eval[int](t, b, `document.querySelectorAll('[data-site]').length`); n != 2 {
		t.Errorf("%d sites in the list, want 2", n)
	}
	// It is there again once the network is, and the reader asks for it.
	b.run(t, network.SetBlockedURLs(), chromedp.Click(".map-figure .notice button"), chromedp.WaitVisible(".badge-icon"))
}

// The country is drawn coarse, and finer where somebody looks closer.
func TestMapGetsFinerWithTheZoom(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	b.open(t, "/fr/", 1280, 900)
	for range 9 {
		b.run(t, chromedp.Click(`.leaflet-bar button[aria-label="Agrandir"]`), chromedp.Sleep(300*time.Millisecond))
	}
	b.run(t, chromedp.Poll(`performance.getEntriesByType('resource').some((r) => /detail=medium.*bbox=/.test(r.name))`, nil))
	b.takeFaults(t)
}

// TestSuggestionsByKeyboard uses the search box of the first page and of the header as somebody without a mouse does.
func TestSuggestionsByKeyboard(t *testing.T) {
	home := startSite(t)
	axe, err := os.ReadFile(axeFile)
	check(t, err)
	b := startBrowser(t, home)
	for _, tc := range []struct{ lang, page, typed, option, status string }{
		{"fr", "/", "Tafraoute", "Tafraout", "propositions"},
		{"ar", "/", "تافراوت", "تافراوت", "اقتراحات"},
		{"fr", "/about", "tafroaut", "Tafraout", "propositions"}, // the header's box, and a typo
		{"ar", "/about", "tafraout", "تافراوت", "اقتراحات"},
	} {
		t.Run(tc.lang+tc.page+tc.typed, func(t *testing.T) {
			b.open(t, "/"+tc.lang+tc.page, 360, 740)
			chosen := func() string {
				t.Helper()
				return eval[string](t, b, `document.getElementById(document.querySelector('#q').getAttribute('aria-activedescendant') ?? '')?.querySelector('bdi').textContent ?? ''`)
			}
			expanded := func() string {
				t.Helper()
				return eval[string](t, b, `document.querySelector('#q').getAttribute('aria-expanded')`)
			}
			b.run(t, chromedp.Focus("#q"), chromedp.SendKeys("#q", tc.typed), chromedp.WaitVisible("#q-suggestions [role=option]"))
			if status := eval[string](t, b, `document.querySelector('form [role=status]').textContent`); expanded() != "true" || chosen() != "" || !strings.Contains(status, tc.status) {
				t.Errorf("open: expanded %s, chosen %q, status %q", expanded(), chosen(), status)
			}
			b.picture(t, "suggestions-"+tc.lang+strings.ReplaceAll(tc.page, "/", "-"))
			b.run(t, chromedp.KeyEvent(kb.ArrowDown))
			if chosen() != tc.option {
				t.Errorf("the first option is %q, want %q", chosen(), tc.option)
			}
			b.run(t, chromedp.Evaluate(string(axe), nil))
			for _, v := range eval[[]string](t, b, axeRun) {
				t.Error("axe: " + v)
			}
			b.run(t, chromedp.KeyEvent(kb.ArrowUp))
			if chosen() != "" {
				t.Errorf("up from the first leads to %q, not to what was typed", chosen())
			}
			b.run(t, chromedp.KeyEvent(kb.ArrowUp))
			if last := eval[string](t, b, `document.querySelector('#q-suggestions [role=option]:last-child bdi').textContent`); chosen() != last {
				t.Errorf("up again leads to %q, want the last, %q", chosen(), last)
			}
			b.run(t, chromedp.KeyEvent(kb.Escape))
			if value := eval[string](t, b, `document.querySelector('#q').value`); expanded() != "false" || value != tc.typed || chosen() != "" {
				t.Errorf("after Escape: expanded %s, chosen %q, typed %q", expanded(), chosen(), value)
			}
			if !eval[bool](t, b, `document.activeElement.id === 'q'`) {
				t.Error("after Escape the focus is not in the box")
			}
			b.run(t, chromedp.KeyEvent(kb.ArrowDown), chromedp.WaitVisible("#q-suggestions [role=option]"), chromedp.KeyEvent(kb.ArrowDown))
			b.run(t, chromedp.KeyEvent(kb.Enter), chromedp.WaitReady(`link[href="/communes/09.581.01.05.geojson"]`, chromedp.ByQuery))
			b.open(t, "/"+tc.lang+tc.page, 1280, 900) // without a choice, Enter searches
			b.run(t, chromedp.Focus("#q"), chromedp.SendKeys("#q", tc.typed+kb.Enter), chromedp.WaitVisible(".hits mark"))
			b.takeFaults(t)
		})
	}
}

// TestCitationInChromium opens the citation, narrow as wide, and copies it: the page says that it did.
func TestCitationInChromium(t *testing.T) {
	home := startSite(t)
	axe, err := os.ReadFile(axeFile)
	check(t, err)
	b := startBrowser(t, home)
	b.run(t, cdpbrowser.SetPermission(&cdpbrowser.PermissionDescriptor{Name: "clipboard-read"}, cdpbrowser.PermissionSettingGranted))
	for _, path := range []string{"/fr/agreements/trial-agreement", "/ar/communes/09.581.01.05"} {
		b.open(t, path, 1280, 900)
		b.run(t, chromedp.Click(`#cite > summary`), chromedp.Click(`[data-copy="cite-bib"]`),
			chromedp.Poll(`document.querySelector('#cite [data-copied]').textContent !== ''`, nil))
		if got, want := eval[string](t, b, `navigator.clipboard.readText()`), eval[string](t, b, `document.getElementById('cite-bib').textContent.trim()`); got != want || !strings.HasPrefix(got, "@misc{") {
			t.Errorf("%s: copied %q, the page shows %q", path, got, want)
		}
		b.run(t, chromedp.Evaluate(string(axe), nil))
		for _, v := range eval[[]string](t, b, axeRun) {
			t.Error("axe: " + v)
		}
		b.picture(t, strings.Split(path, "/")[1]+"-cite-1280")
		b.run(t, chromedp.EmulateViewport(320, 640))
		if wide := eval[[]string](t, b, tooWide); len(wide) > 0 {
			t.Errorf("%s scrolls sideways at 320 px because of %s", path, strings.Join(wide, ", "))
		}
		b.takeFaults(t)
	}
}
