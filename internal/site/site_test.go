package site

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tiny is an application of a few addresses. It takes 404 for the rest.
type tiny struct {
	mu      sync.Mutex
	answers map[string]string
}

func (a *tiny) ask(_ context.Context, address string) (Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, ok := a.answers[address]
	switch {
	case body == "broken":
		return Answer{}, errors.New("the stream broke")
	case !ok:
		return Answer{Status: 404}, nil
	case strings.HasPrefix(body, "<"):
		return Answer{200, "text/html; charset=utf-8", []byte(body)}, nil
	case strings.HasPrefix(body, "{"):
		return Answer{200, "application/geo+json", []byte(body)}, nil
	case strings.HasPrefix(body, "@"):
		return Answer{200, "text/css; charset=utf-8", []byte(body)}, nil
	}
	return Answer{200, "image/png", []byte(body)}, nil
}

func newTiny() (*tiny, *Site) {
	a := &tiny{answers: map[string]string{
		"/choose":                    `<a href="/fr/">Français</a>`,
		"/none":                      `<html><head><link href="/static/v-1/a.css"></head><a href="/fr/">Français</a>`,
		"/fr/":                       `<link rel="stylesheet" href="/static/v-1/a.css"><a href="/fr/places/01.2#here">one</a> <a href="https://elsewhere.example/">out</a>`,
		"/fr/places/01.2":            `<p id="here">One</p><a href="/fr/?day=1">a day</a><form action="/fr/" data-needs-server="Ask the server."><input><form></form></form><p data-needs-server=""><a href="/fr/?day=2">another day</a></p><link rel="alternate" href="/changes.atom"><div data-geojson="/places/01.2.geojson"></div>`,
		"/places/01.2.geojson":       `{"links":[{"href":"/fr/places/01.2","rel":"alternate"},{"href":"/places/01.2.geojson?as-of=2026-01-01","rel":"self"}]}`,
		"/static/v-1/a.css":          `@font-face{src:url("../v-1/img/a.png")}`,
		"/static/v-1/img/a.png":      "picture",
		"/static/v-1/vendor/site.js": "script",
	}}
	return a, &Site{Ask: a.ask, Addresses: []string{"/", "/fr/"}, Languages: []string{"fr"}, Instead: map[string]string{"": "/choose"}, Missing: "/none", Program: "p", Registry: "1"}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func write(t *testing.T, s *Site, dir string) Report {
	t.Helper()
	report, err := s.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEveryLinkedFileIsWritten(t *testing.T) {
	_, s := newTiny()
	dir := filepath.Join(t.TempDir(), "new", "site")
	report := write(t, s, dir)
	want := []string{"404.html", "fr/index.html", "fr/places/01.2/index.html", "index.html", "mithaq-site.json", "places/01.2.geojson.js", "static/v-1/a.css", "static/v-1/img/a.png"}
	if got := slices.Sorted(maps.Keys(tree(t, dir))); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if report.Files != len(want)-1 || report.Written != report.Files || report.UpToDate {
		t.Errorf("%+v", report)
	}
	for file, words := range map[string][]string{
		"index.html":                {`<a href="fr/index.html">`},
		"fr/index.html":             {`href="../static/v-1/a.css"`, `<a href="places/01.2/index.html#here">`, `<a href="https://elsewhere.example/">out`},
		"fr/places/01.2/index.html": {`<a>a day</a>`, `<p class="note">Ask the server.</p><div data-geojson="../../../places/01.2.geojson.js">`},
		"places/01.2.geojson.js":    {`[document.currentScript.src]={"links":[{"href":"../fr/places/01.2/index.html"`, `{"href":"01.2.geojson","rel":"self"}`},
		"404.html":                  {`<head><script>`, `(static|fr)`},
	} {
		for _, x := range words {
			if got := read(t, dir, file); !strings.Contains(got, x) {
				t.Errorf("%s lacks %s:\n%s", file, x, got)
			}
		}
	}
}

// With a live registry, what needs a server leads there.
func TestALiveRegistryIsLinked(t *testing.T) {
	_, s := newTiny()
	s.BaseURL = "https://live.example"
	dir := t.TempDir()
	write(t, s, dir)
	page := read(t, dir, "fr/places/01.2/index.html")
	for _, x := range []string{`<a href="https://live.example/fr/?day=1">`, `Ask the server. <a href="https://live.example/fr/places/01.2">`,
		`<p><a href="https://live.example/fr/?day=2">another day</a></p>`, `<link rel="alternate" href="https://live.example/changes.atom">`} {
		if !strings.Contains(page, x) {
			t.Errorf("the page lacks %s:\n%s", x, page)
		}
	}
}

// tree are the files of a folder with their times.
func tree(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		rel, _ := filepath.Rel(dir, name)
		out[rel] = info.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestARunRewritesWhatChanged(t *testing.T) {
	a, s := newTiny()
	dir := t.TempDir()
	write(t, s, dir)
	own := filepath.Join(dir, "fr", "CNAME")
	if err := os.WriteFile(own, []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	for name := range tree(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if r := write(t, s, dir); !r.UpToDate || r.Written+r.Removed != 0 {
		t.Errorf("the same registry: %+v", r)
	}

	delete(a.answers, "/fr/places/01.2")
	a.answers["/fr/"] = `<a href="/static/v-1/a.css">style</a>`
	s.Registry = "2"
	r := write(t, s, dir)
	if r.UpToDate || r.Written != 1 || r.Removed != 2 || r.Files != 5 {
		t.Errorf("after a change: %+v", r)
	}
	var changed []string
	for name, at := range tree(t, dir) {
		if !at.Equal(old) {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	if want := []string{"fr/index.html", "mithaq-site.json"}; !slices.Equal(changed, want) {
		t.Errorf("written %q, want %q", changed, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "fr", "places")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder stays: %v", err)
	}
	if read(t, dir, "fr/CNAME") != "theirs" {
		t.Error("a file of somebody else's was touched")
	}

	if err := os.Remove(filepath.Join(dir, "index.html")); err != nil {
		t.Fatal(err)
	}
	if r := write(t, s, dir); r.UpToDate || r.Written != 1 {
		t.Errorf("a file that went missing: %+v", r)
	}
}

func TestAForeignFolderIsRefused(t *testing.T) {
	for _, tc := range []struct{ name, file, body string }{
		{"files of others", "thesis.doc", "x"},
		{"a list that leads out", manifestFile, `{"format":"mithaq-site/1","files":{"../thesis.doc":{"size":1}}}`},
		{"a list of another format", manifestFile, `{"format":"mithaq-site/99"}`},
		{"a list that is broken", manifestFile, `{`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, s := newTiny()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.body), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(t.Context(), dir); err == nil {
				t.Error("it was written")
			}
			if got := tree(t, dir); len(got) != 1 {
				t.Errorf("there are now %v", got)
			}
		})
	}
}

// Whatever goes wrong, the site of before stands whole, and the next run mends.
func TestAFailedRunChangesNothing(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*tiny, *Site)
		words string
	}{
		{"a dead link", func(a *tiny, _ *Site) { delete(a.answers, "/fr/places/01.2") }, "/fr/places/01.2 answers 404; it is linked from /fr/"},
		{"an answer that breaks", func(a *tiny, _ *Site) { a.answers["/fr/places/01.2"] = "broken" }, "the stream broke"},
		{"a page that is none", func(a *tiny, _ *Site) { a.answers["/fr/places/01.2"] = "picture" }, "can't hold"},
		{"a publication in between", func(_ *tiny, s *Site) { s.Settled = func(context.Context) error { return errors.New("published") } }, "published"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, s := newTiny()
			dir := t.TempDir()
			write(t, s, dir)
			before := tree(t, dir)
			a.answers["/fr/"] += "<p>news</p>"
			s.Registry = "2"
			tc.spoil(a, s)
			if _, err := s.Write(t.Context(), dir); err == nil || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("error %v, want %q", err, tc.words)
			}
			if after := tree(t, dir); !maps.EqualFunc(before, after, time.Time.Equal) {
				t.Errorf("before %v, after %v", before, after)
			}
		})
	}
	t.Run("a signal", func(t *testing.T) {
		a, s := newTiny()
		ctx, cancel := context.WithCancelCause(t.Context())
		s.Ask = func(ctx context.Context, address string) (Answer, error) {
			cancel(errors.New("stopped"))
			return a.ask(ctx, address)
		}
		dir := t.TempDir()
		if _, err := s.Write(ctx, dir); err == nil || len(tree(t, dir)) != 0 {
			t.Errorf("%v, %v", err, tree(t, dir))
		}
	})
}

// A run that was killed while files took their places left a list of both states: the next run knows all files as ours.
func TestACutRunIsMended(t *testing.T) {
	a, s := newTiny()
	dir := t.TempDir()
	write(t, s, dir)
	out, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	both := maps.Clone(out.before.Files)
	both["new/page/index.html"] = entry{}
	if err := errors.Join(out.list(manifest{Format: format, Files: both}), out.MkdirAll("new/page", 0o755), out.WriteFile("new/page/index.html", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	a.answers["/fr/"] += "<p>news</p>"
	if r := write(t, s, dir); r.UpToDate || r.Written != 1 || r.Removed != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(filepath.Join(dir, stagingDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder aside stays: %v", err)
	}
}

func TestAddressesHaveFiles(t *testing.T) {
	s := &Site{Languages: []string{"fr"}, Instead: map[string]string{"": "/choose", "/fr/search": "/fr/s", "/fr/search/suggest": "/fr/s.json"}}
	for address, want := range map[string]string{
		"/":                                "index.html ← /choose",
		"/fr/":                             "fr/index.html ← /fr/",
		"/fr":                              "fr/index.html ← /fr/",
		"/fr/communes/09.581.01.05":        "fr/communes/09.581.01.05/index.html ← /fr/communes/09.581.01.05",
		"/fr/map?after=site-1":             "fr/map/after-site-1/index.html ← /fr/map?after=site-1",
		"/fr/map?after=..%2Fx":             "",
		"/fr/map?kind=craft_zone":          "",
		"/fr/map?after=a&kind=b":           "",
		"/fr/search?q=x":                   "fr/search/index.html ← /fr/s",
		"/fr/search/suggest":               "fr/search/suggest.js ← /fr/s.json",
		"/communes/09.581.01.05.geojson":   "communes/09.581.01.05.geojson ← /communes/09.581.01.05.geojson",
		"/communes/x.geojson?as-of=2026":   "",
		"/api/collections":                 "",
		"/healthz":                         "",
		"/fr/../../etc/passwd":             "",
		"/fr/%2e%2e/x":                     "",
		"/fr/.hidden":                      "",
		"//elsewhere.example/x":            "",
		"https://elsewhere.example/fr/map": "",
		"/fr/a\\b":                         "",
		"/fr/%00":                          "",
	} {
		got := ""
		if x, ok := s.targetOf(address); ok {
			got = x.file + " ← " + x.ask
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestRelative(t *testing.T) {
	for _, tc := range []struct{ from, to, want string }{
		{"index.html", "fr/index.html", "fr/index.html"},
		{"fr/index.html", "index.html", "../index.html"},
		{"fr/a/b/index.html", "fr/a/c/index.html", "../c/index.html"},
		{"fr/a/b/index.html", "ar/a/b/index.html", "../../../ar/a/b/index.html"},
		{"fr/a/index.html", "fr/a/index.html", "index.html"},
		{"a.geojson", "b.geojson", "b.geojson"},
		{"fr/x/index.html", "fr/é/index.html", "../%C3%A9/index.html"},
	} {
		if got := relative(tc.from, tc.to); got != tc.want {
			t.Errorf("from %s to %s: %s, want %s", tc.from, tc.to, got, tc.want)
		}
	}
}

// Every page of a long collection is in its file.
func TestPagesOfACollectionBecomeOneFile(t *testing.T) {
	a, s := newTiny()
	a.answers["/fr/"] = `<a href="/api/collections/sites/items?limit=10000">all</a><div data-geojson="/api/collections/sites/items?limit=10000" data-shapes="/api/collections/communes/items?detail=medium&amp;limit=500&amp;bbox=1,2,3,4"></div>`
	a.answers["/api/collections/sites/items?f=geojson&limit=10000"] = `{"type":"FeatureCollection","features":[{"id":"a"}],"links":[{"rel":"next","href":"https://live.example/api/collections/sites/items?after=a"}]}`
	a.answers["/api/collections/sites/items?after=a"] = `{"type":"FeatureCollection","features":[{"id":"b"}],"links":[]}`
	for _, code := range []string{"01", "02"} {
		a.answers["/api/collections/communes/items?detail=medium&f=geojson&limit=10000&province_code="+code] = fmt.Sprintf(`{"type":"FeatureCollection","features":[{"id":%q}]}`, code)
		s.Parts = append(s.Parts, Part{Code: code, Box: [4]float64{1, 2, 3, 4}})
	}
	dir := t.TempDir()
	write(t, s, dir)
	for file, words := range map[string]string{
		"fr/index.html":              `<a href="../data/sites.geojson">all</a><div data-geojson="../data/sites.js" data-shapes="../data/communes-medium.js?bbox=1,2,3,4">`,
		"data/sites.geojson":         `"features":[{"id":"a"},{"id":"b"}],"numberReturned":2}`,
		"data/sites.js":              `.src]={"type":"FeatureCollection","features":[{"id":"a"},{"id":"b"}]`,
		"data/communes-medium.js":    `"parts":[{"href":"communes-medium-01.js","box":[1,2,3,4]}`,
		"data/communes-medium-02.js": `"features":[{"id":"02"}]`,
	} {
		if got := read(t, dir, file); !strings.Contains(got, words) {
			t.Errorf("%s lacks %s:\n%s", file, words, got)
		}
	}
}
