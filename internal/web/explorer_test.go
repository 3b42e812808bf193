package web_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

var (
	explorerSelects = regexp.MustCompile(`(?s)<select class="field" name="(\w+)">(.*?)</select>`)
	explorerOptions = regexp.MustCompile(`<option value="([^"]+)"(?: selected)?>(?:.*?)\((\d+)\)</option>`)
	explorerRows    = regexp.MustCompile(`data-site="([^"]+)"`)
	explorerSwitch  = regexp.MustCompile(`(?s)<nav class="switch".*?</nav>`)
	removable       = regexp.MustCompile(`<a class="chip kind" href="([^"]+)">`)
	download        = regexp.MustCompile(`<a href="([^"]+)" download=`)
)

// listed are the sites in a page's list, sorted.
func listed(body string) (ids []string) {
	for _, m := range explorerRows.FindAllStringSubmatch(body, -1) {
		ids = append(ids, m[1])
	}
	slices.Sort(ids)
	return ids
}

// served are the sites that the API answers with, sorted.
func served(t *testing.T, address string) (ids []string) {
	t.Helper()
	res, body := get(t, address)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d", address, res.StatusCode)
	}
	var c struct{ Features []struct{ ID string } }
	check(t, json.Unmarshal([]byte(body), &c))
	for _, f := range c.Features {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	return ids
}

// TestExplorerCountsAreTheListAndTheAPI chooses every value of every filter: what the form counts, the page lists and the API
// serves, and the download is that set.
func TestExplorerCountsAreTheListAndTheAPI(t *testing.T) {
	home := startSite(t)
	chosen := 0
	for _, base := range []string{"", "province_code=09.581", "works=creation", "as-of=2024-04-30"} {
		_, body := get(t, home+"/fr/map?"+base)
		for _, sel := range explorerSelects.FindAllStringSubmatch(body, -1) {
			if strings.HasPrefix(base, sel[1]) {
				continue
			}
			for _, option := range explorerOptions.FindAllStringSubmatch(sel[2], -1) {
				chosen++
				query := url.Values{sel[1]: {option[1]}}.Encode()
				if base != "" {
					query += "&" + base
				}
				res, page := get(t, home+"/fr/map?"+query)
				rows := listed(page)
				if res.StatusCode != http.StatusOK || strconv.Itoa(len(rows)) != option[2] {
					t.Errorf("%s: %d, the form counts %s, the list has %v", query, res.StatusCode, option[2], rows)
				}
				if api := served(t, home+"/api/collections/sites/items?"+query); !slices.Equal(api, rows) {
					t.Errorf("%s: the API has %v, the list %v", query, api, rows)
				}
				file := download.FindStringSubmatch(page)
				if file == nil {
					t.Fatalf("%s: no download", query)
				}
				if got := served(t, home+html.UnescapeString(file[1])); !slices.Equal(got, rows) {
					t.Errorf("%s: the download has %v, the list %v", query, got, rows)
				}
			}
		}
	}
	if chosen < 80 {
		t.Errorf("only %d choices were found: the search no longer fits the page", chosen)
	}
}

// TestExplorerSwitch shows the sites that are on the map, and those that aren't.
func TestExplorerSwitch(t *testing.T) {
	home := startSite(t)
	_, body := get(t, home+"/fr/map?province_code=09.581")
	if text := plainText(explorerSwitch.FindString(body)); !strings.Contains(text, "Tous : 9 sites") || !strings.Contains(text, "8 sur la carte") || !strings.Contains(text, "1 non localisé") {
		t.Errorf("the switch says %q", text)
	}
	for located, want := range map[string]int{"yes": 8, "no": 1} {
		_, body := get(t, home+"/fr/map?province_code=09.581&located="+located)
		if rows := listed(body); len(rows) != want {
			t.Errorf("located=%s lists %v, want %d", located, rows, want)
		}
		if text := plainText(explorerSwitch.FindString(body)); !strings.Contains(text, "Tous : 9 sites") {
			t.Errorf("located=%s: the switch says %q", located, text)
		}
	}
}

// TestChipsRemoveOneFilter follows the link of each chip: it leaves every other filter as it was.
func TestChipsRemoveOneFilter(t *testing.T) {
	home := startSite(t)
	filters := url.Values{"kind": {"craft_market"}, "works": {"rehabilitation"}, "region_code": {"09"}, "province_code": {"09.581"}, "commune_code": {"09.581.01.05"},
		"status": {"announced"}, "location_precision": {"commune"}, "as-of": {"2026-01-01"}, "located": {"yes"}}
	_, body := get(t, home+"/ar/map?"+filters.Encode())
	gone := map[string]bool{}
	for _, m := range removable.FindAllStringSubmatch(body, -1) {
		u, err := url.Parse(html.UnescapeString(m[1]))
		check(t, err)
		if u.Path != "/ar/map" {
			t.Errorf("a chip leads to %s", u.Path)
		}
		left := u.Query()
		for name := range filters {
			if !left.Has(name) {
				gone[name] = true
				left.Set(name, filters.Get(name))
				break
			}
		}
		if left.Encode() != filters.Encode() {
			t.Errorf("a chip changes more than one filter: %s", u.RawQuery)
		}
	}
	if len(gone) != len(filters)-2 { // the day and the switch have no chip
		t.Errorf("chips for %v", gone)
	}
}

func TestExplorerAddresses(t *testing.T) {
	home := startSite(t)
	for query, want := range map[string]int{
		"?kind=bazaar": 400, "?status=x": 400, "?works=x": 400, "?trades=x": 400, "?located=maybe": 400, "?location_precision=x": 400,
		"?party=nobody-of-this-name": 400, "?party=site-aouartas-craft-zone": 400, "?programme=org-giz": 400,
		"?region_code=99": 400, "?province_code=09": 400, "?commune_code=x": 400, "?after=UPPER": 400, "?colour=red": 400, "?kind=other&kind=other": 400,
		"?kind=&works=creation&status=": 303, "?party=org-giz": 200, "?after=gone-site": 200, "": 200,
	} {
		res, body := get(t, home+"/fr/map"+query)
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", query, res.StatusCode, want)
		}
		if want == 400 && !strings.Contains(body, `<html lang="fr"`) {
			t.Errorf("%s: the error is not a page in French", query)
		}
		if to := res.Header.Get("Location"); want == 303 && to != "/fr/map?works=creation" {
			t.Errorf("%s leads to %s", query, to)
		}
	}
	if _, body := get(t, home+"/fr/map?kind=bazaar"); !strings.Contains(plainText(body), "une des valeurs que propose le formulaire") {
		t.Error("the error does not say what the filter takes")
	}
}

// TestExplorerInChromium filters, looks at the sites that aren't located, goes back, and opens a badge, all by keyboard.
func TestExplorerInChromium(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	// until waits for an expression, over the leaving of a page and the coming of the next, and then for the map.
	until := func(expression string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			var ok bool
			expression := "!!(" + expression + ") && document.querySelector('[data-map]')?.dataset.state === 'ready'"
			if err := chromedp.Run(b.ctx, chromedp.Evaluate(expression, &ok)); err == nil && ok {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("never: %s", expression)
			}
		}
	}
	count := func(want int, when string) {
		t.Helper()
		if n := eval[int](t, b, `document.querySelectorAll('[data-site]').length`); n != want {
			t.Errorf("%s: %d sites in the list, want %d", when, n, want)
		}
	}
	at := func(want string) {
		t.Helper()
		if got := eval[string](t, b, `location.pathname + location.search`); got != want {
			t.Errorf("the address is %s, want %s", got, want)
		}
	}
	enter := func(selector string) chromedp.Tasks {
		return chromedp.Tasks{chromedp.Focus(selector, chromedp.ByQuery), chromedp.KeyEvent(kb.Enter)}
	}
	for _, tc := range []struct{ lang, badge string }{{"fr", ", Tafraout"}, {"ar", "تافراوت"}} {
		t.Run(tc.lang, func(t *testing.T) {
			path := "/" + tc.lang + "/map"
			b.open(t, path, 1280, 900)
			all := eval[int](t, b, `document.querySelectorAll('[data-site]').length`)
			b.run(t, chromedp.SetValue(`select[name=province_code]`, "09.581", chromedp.ByQuery), enter(`.filter-form button`))
			until(`location.search !== ''`)
			count(9, "filtered")
			at(path + "?province_code=09.581")
			b.run(t, enter(`.switch li:nth-child(3) a`))
			until(`location.search.includes('located=no')`)
			count(1, "not located")
			if n := eval[int](t, b, `document.querySelectorAll('.badge-icon, .pin-icon, path.hatched').length`); n != 0 {
				t.Errorf("%d signs on the map of sites that have no place", n)
			}
			b.picture(t, tc.lang+"-explorer-switch")
			b.run(t, chromedp.Evaluate(`history.back()`, nil))
			until(`!location.search.includes('located')`)
			count(9, "back")
			at(path + "?province_code=09.581")
			b.run(t, chromedp.Evaluate(`history.back()`, nil))
			until(`location.search === ''`)
			count(all, "back again")

			b.open(t, path+"?province_code=09.581", 1280, 900)
			badge := fmt.Sprintf(`.badge-icon[aria-label*=%q]`, tc.badge)
			reached := false
			for range 250 { // by Tab alone, from the top of the page, past the list and its source marks
				b.run(t, chromedp.KeyEvent(kb.Tab))
				if reached = eval[bool](t, b, fmt.Sprintf(`document.activeElement.matches(%q)`, badge)); reached {
					break
				}
			}
			if !reached {
				t.Fatal("Tab does not reach the badge")
			}
			if n := eval[int](t, b, `document.querySelectorAll('[data-site].lit').length`); n != 2 {
				t.Errorf("the badge lights up %d rows, want 2", n)
			}
			b.run(t, chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(".leaflet-popup .popup"))
			if n := eval[int](t, b, `document.querySelectorAll('.leaflet-popup .popup li a').length`); n != 2 {
				t.Errorf("the popup leads to %d sites, want 2", n)
			}
			b.run(t, chromedp.ScrollIntoView(".map", chromedp.ByQuery), chromedp.Sleep(300*time.Millisecond)) // it fades in
			b.picture(t, tc.lang+"-explorer-popup")
			b.run(t, chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(".leaflet-popup"))
			if !eval[bool](t, b, fmt.Sprintf(`document.activeElement.matches(%q)`, badge)) {
				t.Error("after Escape the focus is not on the badge")
			}
			b.run(t, chromedp.Focus(`[data-units~="09.581.01.05"] a`, chromedp.ByQuery))
			if !eval[bool](t, b, fmt.Sprintf(`document.querySelector(%q).classList.contains('lit')`, badge)) {
				t.Error("a row with the focus does not light up its badge")
			}
			if !eval[bool](t, b, `[...document.querySelectorAll('.badge-icon')].every((e) => /[^\d\s]/.test(e.textContent) && e.getAttribute('aria-label').includes(e.textContent))`) {
				t.Error("a badge has no name")
			}
			b.takeFaults(t)
		})
	}
}

// TestExplorerKeepsItsView finds the map as it was left: by reloading, and by going back to it.
func TestExplorerKeepsItsView(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	b.open(t, "/fr/map#view=11/-8.9800/29.7200", 1280, 900)
	if n := eval[int](t, b, `document.querySelectorAll('.leaflet-pane path.hatched').length`); n == 0 {
		t.Error("from near, no commune is hatched")
	}
	b.run(t, chromedp.Click(`.leaflet-bar button[aria-label="Réduire"]`), chromedp.Poll(`location.hash.startsWith('#view=10.5/')`, nil))
	if n := eval[int](t, b, `history.length`); n > 2 {
		t.Errorf("moving the map made history: %d entries", n)
	}
	b.run(t, chromedp.Reload(), chromedp.Poll(`document.querySelector('[data-map]')?.dataset.state`, nil))
	if hash := eval[string](t, b, `location.hash`); !strings.HasPrefix(hash, "#view=10.5/") {
		t.Errorf("after a reload the view is %s", hash)
	}
	b.takeFaults(t)
}

// manySites are sites spread evenly over the communes: most known to their commune alone, some by a point.
func manySites(t *testing.T, n int) (all []registry.Record) {
	t.Helper()
	places, err := gazetteer.Default()
	check(t, err)
	communes := places.Places(registry.LevelCommune)
	for i := range n {
		p := communes[i*7%len(communes)]
		site := &registry.Site{Kind: registry.SiteKinds[i%len(registry.SiteKinds)], Status: registry.SiteStatuses[i%len(registry.SiteStatuses)],
			Names: registry.Texts{{Lang: "fr", Text: fmt.Sprintf("Site d’essai %d", i), Origin: registry.OriginPrinted}},
			Place: &registry.WrittenPlace{Name: p.NameFR, AsWritten: p.NameFR, Level: p.Level,
				Confirmed: &registry.Confirmation{Code: p.Code, By: "test", Reason: "test"}},
			Works: []registry.Work{registry.Works[i%len(registry.Works)]}}
		if i%10 == 0 && p.Label != nil {
			site.Position = &registry.Position{Geometry: registry.Geometry{Geometry: *p.Label}, Precision: registry.PrecisionPoint}
		}
		site.Header = registry.Header{Type: registry.TypeSite, ID: registry.ID(fmt.Sprintf("many-%05d", i))}
		all = append(all, site)
	}
	return all
}

// TestExplorerWithThousandsOfSites asks that 5,000 sites stay a page that can be used: a page of the list, and named badges by
// province and commune instead of 5,000 markers. How long the server takes is told, not judged.
func TestExplorerWithThousandsOfSites(t *testing.T) {
	home := startSiteWith(t, manySites(t, 5000))
	begin := time.Now()
	_, body := get(t, home+"/fr/map")
	t.Logf("the server answered in %v with %d bytes", time.Since(begin), len(body))
	if n := len(listed(body)); n != 50 {
		t.Errorf("%d sites in the list, want 50", n)
	}
	seen := map[string]bool{} // the pages of the list are the set, each site once
	next := regexp.MustCompile(`<a href="([^"]+)" rel="next">`)
	pages := 0
	for address := "/fr/map?region_code=05"; address != ""; pages++ {
		_, body := get(t, home+address)
		for _, id := range listed(body) {
			if seen[id] {
				t.Errorf("%s is listed twice", id)
			}
			seen[id] = true
		}
		address = ""
		if m := next.FindStringSubmatch(body); m != nil {
			address = html.UnescapeString(m[1])
		}
	}
	if want := len(served(t, home+"/api/collections/sites/items?limit=10000&region_code=05")); len(seen) != want || pages < 3 {
		t.Errorf("%d sites on %d pages, the API has %d", len(seen), pages, want)
	}

	b := startBrowser(t, home)
	begin = time.Now()
	b.open(t, "/fr/map", 1280, 900)
	t.Logf("drawn in %v", time.Since(begin))
	b.picture(t, "fr-explorer-many-country")
	badges := func(most int, where string) {
		t.Helper()
		n := eval[int](t, b, `document.querySelectorAll('.leaflet-marker-icon').length`)
		if n == 0 || n > most {
			t.Errorf("%s: %d markers, want 1 to %d", where, n, most)
		}
	}
	badges(75, "the country")
	// How long each frame takes while the map is moved by keys; told, not judged.
	b.run(t, chromedp.Focus("[data-map]"), chromedp.Evaluate(frames, nil))
	for range 12 {
		b.run(t, chromedp.KeyEvent(kb.ArrowRight), chromedp.Sleep(120*time.Millisecond))
	}
	t.Logf("frames while moving: %s", eval[string](t, b, `(() => { const f = frames.slice(1).sort((a, b) => a - b); return f.length + ', median ' + f[f.length >> 1].toFixed(0) + ' ms, longest ' + f.at(-1).toFixed(0) + ' ms'; })()`))
	b.run(t, chromedp.Navigate(home+"/fr/map?province_code=09.581"), chromedp.Poll(`document.querySelector('[data-map]')?.dataset.state`, nil))
	b.picture(t, "fr-explorer-many-province")
	badges(60, "a province")
	b.takeFaults(t)
}

// frames notes the time between one frame and the next.
const frames = `globalThis.frames = []; { let last = performance.now(); (function next(now) { frames.push(now - last); last = now; requestAnimationFrame(next); })(last); }`
