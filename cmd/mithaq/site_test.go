package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"mithaq/geodata"
	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/site"
	"mithaq/internal/store/sqlite"
	"mithaq/static"
)

// needSiteScript skips a test of the site where npm has not built its script.
func needSiteScript(t *testing.T) {
	t.Helper()
	if _, err := fs.Stat(static.Files, "vendor/site.js"); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("static/vendor/site.js is missing: make build")
	}
	t.Skip("static/vendor/site.js is missing: make build")
}

// openCopied opens a registry with the shipped records.
func openCopied(t *testing.T) (*app, *sqlite.Store, *publish.Publisher) {
	t.Helper()
	a := &app{database: filepath.Join(t.TempDir(), "registry.db")}
	store, p, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := loadShipped(t.Context(), store, p); err != nil {
		t.Fatal(err)
	}
	return a, store, p
}

// The site of the whole country, written once for the tests that only look at it.
func TestSiteOfTheCountry(t *testing.T) {
	needSiteScript(t)
	a, store, p := openCopied(t)
	s, err := a.newSite(t.Context(), store, p, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	start := time.Now()
	report, err := s.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d bytes in %v", report.Files, report.Bytes, time.Since(start))

	t.Run("has every page", func(t *testing.T) {
		communes := p.Places.Places(registry.LevelCommune)
		if len(communes) != 1503 {
			t.Errorf("%d communes", len(communes))
		}
		records, err := store.Records(t.Context(), registry.RecordQuery{})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"index.html", "404.html"}
		for _, lang := range []string{"fr", "ar", "en"} {
			want = append(want, lang+"/index.html", lang+"/map/index.html", lang+"/about/index.html", lang+"/search/index.html")
			for _, c := range communes {
				want = append(want, lang+"/communes/"+string(c.Code)+"/index.html")
			}
			for _, r := range records {
				want = append(want, lang+"/"+r.Record.Head().Type.Plural()+"/"+string(r.ID())+"/index.html")
			}
		}
		for _, c := range communes {
			want = append(want, "communes/"+string(c.Code)+".geojson")
		}
		for _, r := range records {
			want = append(want, r.Record.Head().Type.Plural()+"/"+string(r.ID())+".json")
		}
		for _, name := range want {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("has no dead link", func(t *testing.T) { crawl(t, dir) })
	t.Run("says what needs the server", func(t *testing.T) {
		for file, words := range map[string]string{
			"fr/communes/09.581.01.05/index.html": "L’état à une autre date se demande au registre en ligne.",
			"ar/map/index.html":                   "أما التصفية فتوجد في السجل على الإنترنت.",
		} {
			raw, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(raw), words) != 1 || strings.Contains(string(raw), "data-needs-server") || strings.Contains(string(raw), "<select") {
				t.Errorf("%s doesn't say in place of a form: %s", file, words)
			}
		}
	})
	t.Run("knows that nothing changed", func(t *testing.T) {
		start := time.Now()
		again, err := s.Write(t.Context(), dir)
		if err != nil || !again.UpToDate || again.Files != report.Files || again.Written != 0 {
			t.Errorf("%+v, %v", again, err)
		}
		t.Logf("in %v", time.Since(start))
	})
	t.Run("answers the command line", func(t *testing.T) {
		code, stdout, stderr := call(t, dir, "site", "--database", a.database, "--json", dir)
		if code != 0 || !strings.Contains(stdout, `"up_to_date": true`) || stderr != "" {
			t.Errorf("%d %s %s", code, stdout, stderr)
		}
		code, stdout, stderr = call(t, dir, "site", "--database", a.database, "--quiet", dir)
		if code != 0 || stdout+stderr != "" {
			t.Errorf("%d %s %s", code, stdout, stderr)
		}
		code, _, stderr = call(t, dir, "site", "--database", a.database, dir)
		if code != 0 || !strings.Contains(stderr, "Nothing to do") {
			t.Errorf("%d %s", code, stderr)
		}
	})
	t.Run("keeps its search small", func(t *testing.T) {
		const budget = 400_000 // bytes compressed, of all languages
		total := 0
		for _, lang := range []string{"fr", "ar", "en"} {
			total += gzipped(t, filepath.Join(dir, lang, "search/suggest.js"))
		}
		if total == 0 || total > budget {
			t.Errorf("%d bytes, the budget is %d", total, budget)
		}
	})
	t.Run("works from a disk in Chromium", func(t *testing.T) { browse(t, "file://"+dir) })
	t.Run("works under a path in Chromium", func(t *testing.T) {
		host := httptest.NewServer(http.StripPrefix("/some/path", http.FileServer(http.Dir(dir))))
		defer host.Close()
		browse(t, host.URL+"/some/path")
	})
}

func gzipped(t *testing.T, name string) int {
	t.Helper()
	cmd := exec.Command("gzip", "-c", name)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// crawl reads every page of a site and asks that each link leads to a file of it, and to an element of that page when it names one.
func crawl(t *testing.T, dir string) {
	t.Helper()
	pages := map[string]pageRead{}
	files := map[string]bool{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		files[rel] = true
		if strings.HasSuffix(rel, ".html") {
			raw, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			pages[rel] = readPage(raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	links, faults := 0, 0
	fault := func(format string, args ...any) {
		if faults++; faults <= 20 {
			t.Errorf(format, args...)
		}
	}
	for name, p := range pages {
		for _, l := range p.links {
			links++
			u, err := url.Parse(l.value)
			switch {
			case err != nil || strings.HasPrefix(l.value, "/"):
				fault("%s: %s %q", name, l.attr, l.value)
				continue
			case u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "mailto":
				continue // a source's own address
			}
			to := name
			if u.Path != "" {
				to = path.Join(path.Dir(name), u.Path)
			}
			if l.attr == "data-prefix" {
				continue // the start of an address, tried in a browser
			}
			if !files[to] {
				fault("%s: %s %q is no file", name, l.attr, l.value)
			} else if u.Fragment != "" && !pages[to].ids[u.Fragment] {
				fault("%s: %s %q: there is no such element", name, l.attr, l.value)
			}
		}
	}
	if links < 10*len(pages) {
		t.Errorf("%d links on %d pages: they aren't read", links, len(pages))
	}
	if faults > 20 {
		t.Errorf("and %d more", faults-20)
	}
}

type pageLink struct{ attr, value string }

type pageRead struct {
	links []pageLink
	ids   map[string]bool
}

// readPage finds the links and the ids of a page. Any attribute with an absolute path counts as a link.
func readPage(raw []byte) pageRead {
	p := pageRead{ids: map[string]bool{}}
	for z := html.NewTokenizer(bytes.NewReader(raw)); z.Next() != html.ErrorToken; {
		for _, a := range z.Token().Attr {
			switch {
			case a.Key == "id":
				p.ids[a.Val] = true
			case slices.Contains([]string{"href", "src", "action", "data-href", "data-suggest", "data-geojson", "data-shapes", "data-surroundings", "data-background", "data-prefix"}, a.Key),
				strings.HasPrefix(a.Val, "/") && a.Key != "data-suffix":
				p.links = append(p.links, pageLink{a.Key, a.Val})
			}
		}
	}
	return p
}

// browse opens the site in Chromium as a visitor does, and asks that nothing complains.
func browse(t *testing.T, home string) {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Chromium: install the distribution's chromium package")
		}
		t.Skip("no Chromium on this machine")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocated, freeAllocated := chromedp.NewExecAllocator(t.Context(), options...)
	defer freeAllocated()
	ctx, free := chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {}))
	defer free()
	if err := chromedp.Run(ctx, network.Enable(), cdplog.Enable(), runtime.Enable()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = chromedp.Cancel(ctx) }() // waits for the browser to be gone, so that its folder can be removed
	var mu sync.Mutex
	var faults []string
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, home) && !strings.HasPrefix(e.Request.URL, "data:") {
				faults = append(faults, "asks for "+e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			faults = append(faults, fmt.Sprintf("console %s: %s", e.Type, e.Args[0].Value))
		case *runtime.EventExceptionThrown:
			faults = append(faults, e.ExceptionDetails.Error())
		case *cdplog.EventEntryAdded:
			if !strings.Contains(e.Entry.URL, "favicon.ico") && !strings.Contains(e.Entry.URL, "/nothing/") {
				faults = append(faults, e.Entry.Text+" "+e.Entry.URL)
			}
		}
	})
	limited, done := context.WithTimeout(ctx, 2*time.Minute)
	defer done()
	do := func(what string, actions ...chromedp.Action) {
		t.Helper()
		err := chromedp.Run(limited, actions...)
		mu.Lock()
		defer mu.Unlock()
		for _, f := range faults {
			t.Errorf("%s: %s", what, f)
		}
		if faults = nil; err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	count := func(selector string, n *int) chromedp.Action {
		return chromedp.Evaluate(fmt.Sprintf("document.querySelectorAll(%q).length", selector), n)
	}
	var shapes, badges, outlines int
	do("commune", chromedp.Navigate(home+"/ar/communes/09.581.01.05/index.html"), chromedp.WaitVisible(`[data-map][data-state="ready"]`),
		chromedp.WaitVisible(`.leaflet-pane path.outline`), count(".leaflet-pane path.hatched", &shapes), count(".map .badge-icon", &badges), count(".leaflet-pane path.outline", &outlines))
	if shapes == 0 || badges == 0 || outlines < 5 {
		t.Errorf("the commune's map has %d boundaries, %d badges, %d neighbours", shapes, badges, outlines)
	}

	// From the box of an Arabic page, in Latin letters: the suggestion, then the page of results.
	var first string
	do("suggestion", chromedp.SendKeys(`input[name="q"]`, "tafraout"), chromedp.WaitVisible(`.suggestions [role="option"]`),
		chromedp.Evaluate(`document.querySelector('.suggestions [role="option"]').textContent`, &first))
	if !strings.Contains(first, "تافراوت") {
		t.Errorf("the first suggestion is %q", first)
	}
	for typed, lang := range map[string]string{"tafraoute": "ar", "تافراوت": "fr", "Tafroaut": "en"} {
		var hits []string
		do("search for "+typed, chromedp.Navigate(home+"/"+lang+"/search/index.html?q="+url.QueryEscape(typed)), chromedp.WaitVisible(`[data-results][data-state="ready"]`),
			chromedp.Evaluate(`[...document.querySelectorAll('.hits a')].map((a) => a.href)`, &hits))
		if len(hits) < 3 || hits[0] != home+"/"+lang+"/communes/09.581.01.05/index.html" {
			t.Errorf("%s finds %v", typed, hits)
		}
	}
	do("a result", chromedp.Navigate(home+"/fr/search/index.html?q=tafraout"), chromedp.WaitVisible(".hits a"), chromedp.Click(".hits a"), chromedp.WaitVisible(`[data-map][data-state="ready"]`))

	var units int
	do("home", chromedp.Navigate(home+"/fr/index.html"), chromedp.WaitVisible(`[data-map][data-state="ready"]`), count(".leaflet-pane path.area", &units))
	if units != 75 {
		t.Errorf("the first page draws %d provinces", units)
	}
	do("province", chromedp.Navigate(home+"/en/provinces/09.581/index.html"), chromedp.WaitVisible(`[data-map][data-state="ready"]`), count(".leaflet-pane path.area", &units))
	if units < 10 {
		t.Errorf("a province draws %d communes", units)
	}
	// A commune that no row stands for: the map alone knows its page.
	do("a silent commune", chromedp.Evaluate(`(() => { const named = new Set([...document.querySelectorAll('[data-area]')].map((r) => r.dataset.label)); const path = [...document.querySelectorAll('.leaflet-pane path.area.band-0')].pop(); path.dispatchEvent(new MouseEvent('click', { bubbles: true })); return named.size; })()`, nil),
		chromedp.WaitVisible(`[data-map="commune"][data-state="ready"]`))
	do("explorer", chromedp.Navigate(home+"/fr/map/index.html"), chromedp.WaitVisible(`[data-map][data-state="ready"]`), count(".map .badge-icon", &badges))
	if badges == 0 {
		t.Error("the explorer draws no badge")
	}
	do("explorer from near", chromedp.Navigate("about:blank"), chromedp.Navigate(home+"/fr/map/index.html#view=10/-8.98/29.72"), chromedp.WaitVisible(`.leaflet-pane path.hatched`))
}

// What the static site's search finds, and in which order, is what the server suggests.
func TestTheSiteFindsWhatTheServerFinds(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Node.js")
		}
		t.Skip("no Node.js on this machine: the scripts are built with it")
	}
	needSiteScript(t)
	a, store, p := openCopied(t)
	s, err := a.newSite(t.Context(), store, p, "")
	if err != nil {
		t.Fatal(err)
	}
	queries := []string{"Tafraout", "Tafraoute", "tafraout", "تافراوت", "بتافراوت", "جماعة تافراوت", "commune de Tafraout", "marché de Tafraout", "Tafroaut", "tafr", "ta",
		"poterie", "potrie", "فخار", "الفخار", "accords", "zone artisanale", "Tiznit", "souss massa", "Taroudannt", "chefchaouen", "GIZ", "bijouterie", "2021", "oued",
		"ministère", "Sidi Bou Abdelli", "convention Tiznit bijoux", "إتفاقية", "zzzzzz", "qqq tiznit", "le la", "«»"}
	for _, lang := range s.Languages {
		index, err := s.Ask(t.Context(), s.Instead["/"+lang+"/search/suggest"])
		if err != nil || index.Status != 200 {
			t.Fatalf("%v %d", err, index.Status)
		}
		given, err := json.Marshal(map[string]any{"index": json.RawMessage(index.Body), "queries": queries})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", `
			import { Finder } from './find.js';
			import { readFileSync } from 'node:fs';
			const { index, queries } = JSON.parse(readFileSync(0, 'utf8'));
			const finder = new Finder(index);
			console.log(JSON.stringify(queries.map((q) => {
				const { places, hits } = finder.find(q);
				const some = places.slice(0, hits.length ? 4 : 8).map((p) => p.code);
				return [...some, ...hits.slice(0, 8 - some.length).map((h) => h.record.id)];
			})));`)
		cmd.Dir = "../../static/site"
		cmd.Stdin = bytes.NewReader(given)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		var found [][]string
		if err := json.Unmarshal(out, &found); err != nil {
			t.Fatal(err)
		}
		for i, q := range queries {
			served, err := s.Ask(t.Context(), "/"+lang+"/search/suggest?q="+url.QueryEscape(q))
			if err != nil {
				t.Fatal(err)
			}
			var answer struct{ Options []struct{ Href string } }
			if err := json.Unmarshal(served.Body, &answer); err != nil {
				t.Fatal(err)
			}
			want := []string{}
			for _, o := range answer.Options {
				want = append(want, path.Base(o.Href))
			}
			if !slices.Equal(found[i], want) {
				t.Errorf("%s, %s: the site finds %v, the server %v", lang, q, found[i], want)
			}
		}
	}
}

// oneProvince is a gazetteer of one region with one province, whose site is written in a moment.
func oneProvince(t *testing.T) *gazetteer.Gazetteer {
	t.Helper()
	keep := func(name string, wanted func(codes []string) bool) *strings.Reader {
		raw, err := geodata.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var kept strings.Builder
		for i, line := range strings.SplitAfter(string(raw), "\n") {
			if i == 0 || wanted(strings.SplitN(line, ",", 3)) {
				kept.WriteString(line)
			}
		}
		return strings.NewReader(kept.String())
	}
	inside := func(code string) bool { return strings.HasPrefix(code, "09.581") }
	g, err := gazetteer.Read(
		keep("gazetteer.csv", func(codes []string) bool { return codes[0] == "09" || inside(codes[0]) }),
		keep("neighbours.csv", func(codes []string) bool { return len(codes) == 3 && inside(codes[0]) && inside(codes[1]) }))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A publication rewrites the pages that it touches, and no others.
func TestSiteAfterAPublication(t *testing.T) {
	needSiteScript(t)
	a := &app{}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	p := &publish.Publisher{Store: store, Places: oneProvince(t), Now: time.Now}
	entries, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	var records []registry.Record
	for _, e := range entries {
		if strings.HasSuffix(e.File, "tiznit.json") {
			records = append(records, e.Record)
		}
	}
	if _, err := p.Publish(t.Context(), publish.Request{Records: records, Author: "test", Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func() (r site.Report) {
		t.Helper()
		s, err := a.newSite(t.Context(), store, p, "")
		if err != nil {
			t.Fatal(err)
		}
		if r, err = s.Write(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := write()
	crawl(t, dir)

	const changed = "tiznit-anzi-craft-complex"
	for _, r := range records {
		if x, ok := r.(*registry.Agreement); ok && x.ID == changed {
			x.Titles[0].Text += " (bis)"
			if _, err := p.Publish(t.Context(), publish.Request{Records: []registry.Record{x}, Author: "test", Reason: "test"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	old := time.Now().Add(-time.Hour)
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chtimes(name, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	second := write()
	if second.UpToDate || second.Written == 0 || second.Written > first.Files/4 || second.Removed != 0 {
		t.Errorf("first %+v, then %+v", first, second)
	}
	for file, rewritten := range map[string]bool{
		"fr/agreements/" + changed + "/index.html":        true,
		"agreements/" + changed + ".json":                 true,
		"fr/communes/09.581.03.03/index.html":             true, // Anzi
		"fr/search/suggest.js":                            true,
		"ar/communes/09.581.01.05/index.html":             false, // Tafraout
		"communes/09.581.01.05.geojson":                   false,
		"fr/agreements/tiznit-pottery-complex/index.html": false,
		"en/about/index.html":                             false,
	} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Error(err)
		} else if info.ModTime().After(old.Add(time.Minute)) != rewritten {
			t.Errorf("%s: written at %v", file, info.ModTime())
		}
	}
}

func TestSiteDay(t *testing.T) {
	published := func(day string, r registry.Record) registry.Stored {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return registry.Stored{Record: r, Updated: at}
	}
	amendment := func(day string) registry.Record {
		date, err := edtf.Parse(day)
		if err != nil {
			t.Fatal(err)
		}
		return &registry.Amendment{Effective: date}
	}
	for _, tc := range []struct {
		name    string
		records []registry.Stored
		want    edtf.Day
	}{
		{"an empty registry", nil, "2026-11-22"},
		{"the last publication", []registry.Stored{published("2026-01-05", &registry.Site{}), published("2026-02-06", &registry.Site{})}, "2026-02-06"},
		{"an amendment since then", []registry.Stored{published("2026-01-05", amendment("2026-03-01"))}, "2026-03-01"},
		{"an amendment to come", []registry.Stored{published("2026-01-05", amendment("2027-03-01"))}, "2026-01-05"},
		{"an amendment before", []registry.Stored{published("2026-01-05", amendment("2020-03-01"))}, "2026-01-05"},
		{"a clock that was ahead", []registry.Stored{published("2028-01-05", &registry.Site{})}, "2026-11-22"},
	} {
		if got := siteDay(tc.records, "2026-11-22"); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}
