package web_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestPicturesOfTheDocuments draws the pictures that README and docs/ show, as visitors see the pages. MITHAQ_PICTURES names the folder to
// draw them to; without it they go where the other screenshots do.
func TestPicturesOfTheDocuments(t *testing.T) {
	folder := os.Getenv("MITHAQ_PICTURES")
	if folder == "" {
		folder = screenshots(t)
	}
	check(t, os.MkdirAll(folder, 0o755))
	b := startBrowser(t, startSite(t))
	for _, p := range []struct {
		name, path    string
		width, height int64
		before        chromedp.Action
	}{
		{"commune", "/fr/communes/09.581.01.05", 1280, 860, nil},
		{"commune-ar", "/ar/communes/09.581.01.05", 390, 780, nil},
		{"agreement-ar", "/ar/agreements/tiznit-jewellery-framework", 1280, 860, nil},
		{"explorer", "/fr/map?province_code=09.581", 1280, 860, nil},
		{"source-mark", "/fr/agreements/tiznit-tafraout-market-rehabilitation", 1280, 860,
			chromedp.Tasks{chromedp.Focus("a.mark"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(".mark-card:popover-open")}},
		{"province-dark", "/fr/provinces/09.581", 1280, 860, chromedp.Tasks{emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}), chromedp.Reload(), chromedp.Poll(`document.querySelector('[data-map]')?.dataset.state === 'ready'`, nil)}},
	} {
		b.open(t, p.path, p.width, p.height)
		if p.before != nil {
			b.run(t, p.before)
		}
		var picture []byte
		b.run(t, chromedp.ActionFunc(func(ctx context.Context) (err error) {
			picture, err = page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatWebp).WithQuality(80).Do(ctx)
			return err
		}))
		check(t, os.WriteFile(filepath.Join(folder, p.name+".webp"), picture, 0o644))
		b.takeFaults(t)
	}
}
