package web_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The budgets of the pages. Bytes, requests and shifts are the same on every machine and are held by the tests; times are measured and told.
const (
	countryBudget     = 300_000
	requestsBefore    = 5   // the list is readable: the page itself and what stops its painting
	layoutShiftBudget = 0.1 // cumulative, as browsers sum it
)

// watch notes what a page does from its first byte on: largest paint, layout shifts, long answers to clicks and keys.
const watch = `window.seen = {paint: 0, shift: 0, answer: 0, moved: []};
new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.paint = e.startTime; }).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) { seen.shift += e.value; seen.moved.push(...e.sources.map((x) => [x.node?.nodeName, x.node?.className, Math.round(e.startTime), 'from', x.previousRect.top, x.previousRect.height, 'to', x.currentRect.top, x.currentRect.height].join(' '))); } }).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver((l) => { for (const e of l.getEntries()) if (e.interactionId) seen.answer = Math.max(seen.answer, e.duration); }).observe({type: 'event', buffered: true, durationThreshold: 16});`

// A slow phone: 4G as it is in a valley, and a processor a quarter as fast as this machine's.
const (
	latencyMs     = 150
	bytesPerSec   = 1_600_000 / 8
	slowProcessor = 4
)

// arrival is a page that readers arrive at, what they touch there first, and the bytes that it may weigh.
type arrival struct {
	path, interaction string
	budget            int
}

// measuredPages are the pages of a server that runs elsewhere: MITHAQ_MEASURED is its address, MITHAQ_MEASURED_PAGES names the pages, with spaces
// between them. ok is false when there is none. make bench has a large registry opened so.
func measuredPages() (home string, pages []arrival, ok bool) {
	if home, ok = os.LookupEnv("MITHAQ_MEASURED"); !ok {
		return "", nil, false
	}
	for path := range strings.FieldsSeq(os.Getenv("MITHAQ_MEASURED_PAGES")) {
		budget := countryBudget
		if strings.Contains(path, "/communes/") {
			budget = communeBudget
		}
		pages = append(pages, arrival{path: path, budget: budget})
	}
	return home, pages, true
}

// touched is what is touched on a page of which nobody said what: a count on the map, a source mark, the map's own buttons, a link.
const touched = `['.badge-icon', 'a.mark', '.leaflet-bar button'].find((s) => document.querySelector(s)) || 'main a'`

// TestPagesOnASlowPhone opens the pages that readers arrive at as somebody with an old phone does. MITHAQ_MEASURES names a file that the
// measured times are written to, as a table.
func TestPagesOnASlowPhone(t *testing.T) {
	home, pages, elsewhere := measuredPages()
	if !elsewhere {
		home, pages = startSite(t), arrivals
	}
	table := []string{"| page | bytes | requests before the list | largest paint, s | slowest answer, ms | layout shift |", "|---|---|---|---|---|---|"}
	for _, p := range pages {
		t.Run(p.path, func(t *testing.T) { table = append(table, openSlowly(t, home, p)) })
	}
	if file := os.Getenv("MITHAQ_MEASURES"); file != "" {
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(strings.Join(table, "\n")+"\n"), 0o644))
	}
}

// arrivals are pages of the shipped records.
var arrivals = []arrival{
	{"/fr/", ".leaflet-bar button", countryBudget},
	{"/ar/", ".leaflet-bar button", countryBudget},
	{"/fr/communes/09.581.01.05", ".badge-icon", communeBudget},
	{"/ar/communes/09.581.01.05", ".badge-icon", communeBudget},
	{"/fr/agreements/tiznit-tafraout-market-rehabilitation", "a.mark", countryBudget},
	{"/fr/map", ".badge-icon", countryBudget},
	{"/fr/provinces/09.581", ".leaflet-bar button", countryBudget},
}

// openSlowly opens a page, touches something and gives a row of the table.
func openSlowly(t *testing.T, home string, p arrival) (row string) {
	b := startBrowser(t, home) // a new one each time: nothing is cached
	b.run(t, chromedp.ActionFunc(slowNetwork), emulation.SetCPUThrottlingRate(slowProcessor), chromedp.ActionFunc(addWatch))
	b.open(t, p.path, 360, 740)
	b.run(t, chromedp.Poll(`document.readyState === 'complete'`, nil))
	if status := eval[int](t, b, `performance.getEntriesByType('navigation')[0].responseStatus`); status != 200 {
		t.Fatalf("%s answers %d", p.path, status)
	}
	if p.interaction == "" {
		p.interaction = eval[string](t, b, touched)
	}
	b.run(t, chromedp.ScrollIntoView(p.interaction), chromedp.Click(p.interaction), chromedp.Sleep(500*time.Millisecond))
	var seen struct {
		Paint, Shift, Answer float64
		Bytes, Before        int
		Moved                []string
	}
	b.run(t, chromedp.Evaluate(`(() => {
			const all = performance.getEntries().filter((e) => 'transferSize' in e);
			const styles = [...document.querySelectorAll('head link[rel=stylesheet]')].length;
			return {...seen, bytes: all.reduce((n, e) => n + e.transferSize, 0), before: 1 + styles};
		})()`, &seen))
	if seen.Bytes > p.budget || seen.Bytes == 0 {
		t.Errorf("%s: %d bytes, the budget is %d", p.path, seen.Bytes, p.budget)
	}
	if seen.Before > requestsBefore {
		t.Errorf("%s: %d requests before the list can be read, the budget is %d", p.path, seen.Before, requestsBefore)
	}
	if seen.Shift > layoutShiftBudget {
		t.Errorf("%s: the layout shifts by %.3f, the budget is %.1f: %q", p.path, seen.Shift, layoutShiftBudget, seen.Moved)
	}
	row = fmt.Sprintf("| `%s` | %d | %d | %.2f | %.0f | %.3f |", p.path, seen.Bytes, seen.Before, seen.Paint/1000, seen.Answer, seen.Shift)
	t.Log(row)
	b.takeFaults(t)
	return row
}

func addWatch(ctx context.Context) error {
	_, err := page.AddScriptToEvaluateOnNewDocument(watch).Do(ctx)
	return err
}

func slowNetwork(ctx context.Context) error {
	_, err := network.EmulateNetworkConditionsByRule([]*network.Conditions{{Latency: latencyMs, DownloadThroughput: bytesPerSec, UploadThroughput: bytesPerSec / 2}}).Do(ctx)
	return err
}
