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
const watch = `window.seen = {paint: 0, shift: 0, answer: 0};
new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.paint = e.startTime; }).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) seen.shift += e.value; }).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver((l) => { for (const e of l.getEntries()) if (e.interactionId) seen.answer = Math.max(seen.answer, e.duration); }).observe({type: 'event', buffered: true, durationThreshold: 16});`

// A slow phone: 4G as it is in a valley, and a processor a quarter as fast as this machine's.
const (
	latencyMs     = 150
	bytesPerSec   = 1_600_000 / 8
	slowProcessor = 4
)

// TestPagesOnASlowPhone opens the pages that readers arrive at as somebody with an old phone does. MITHAQ_MEASURES names a file that the
// measured times are written to, as a table.
func TestPagesOnASlowPhone(t *testing.T) {
	home := startSite(t)
	table := []string{"| page | bytes | requests before the list | largest paint, s | slowest answer, ms | layout shift |", "|---|---|---|---|---|---|"}
	for _, p := range []struct {
		path, interaction string
		budget            int
	}{
		{"/fr/", ".leaflet-bar button", countryBudget},
		{"/ar/", ".leaflet-bar button", countryBudget},
		{"/fr/communes/09.581.01.05", ".badge-icon", communeBudget},
		{"/ar/communes/09.581.01.05", ".badge-icon", communeBudget},
		{"/fr/agreements/tiznit-tafraout-market-rehabilitation", "a.mark", countryBudget},
		{"/fr/map", ".badge-icon", countryBudget},
		{"/fr/provinces/09.581", ".leaflet-bar button", countryBudget},
	} {
		b := startBrowser(t, home) // a new one each time: nothing is cached
		b.run(t, chromedp.ActionFunc(slowNetwork), emulation.SetCPUThrottlingRate(slowProcessor), chromedp.ActionFunc(addWatch))
		b.open(t, p.path, 360, 740)
		b.run(t, chromedp.Poll(`document.readyState === 'complete'`, nil))
		b.run(t, chromedp.ScrollIntoView(p.interaction), chromedp.Click(p.interaction), chromedp.Sleep(500*time.Millisecond))
		var seen struct {
			Paint, Shift, Answer float64
			Bytes, Before        int
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
			t.Errorf("%s: the layout shifts by %.3f, the budget is %.1f", p.path, seen.Shift, layoutShiftBudget)
		}
		row := fmt.Sprintf("| `%s` | %d | %d | %.2f | %.0f | %.3f |", p.path, seen.Bytes, seen.Before, seen.Paint/1000, seen.Answer, seen.Shift)
		t.Log(row)
		table = append(table, row)
		b.takeFaults(t)
	}
	if file := os.Getenv("MITHAQ_MEASURES"); file != "" {
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(strings.Join(table, "\n")+"\n"), 0o644))
	}
}

func addWatch(ctx context.Context) error {
	_, err := page.AddScriptToEvaluateOnNewDocument(watch).Do(ctx)
	return err
}

func slowNetwork(ctx context.Context) error {
	_, err := network.EmulateNetworkConditionsByRule([]*network.Conditions{{Latency: latencyMs, DownloadThroughput: bytesPerSec, UploadThroughput: bytesPerSec / 2}}).Do(ctx)
	return err
}
