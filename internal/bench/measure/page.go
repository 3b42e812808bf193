package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pageTimes is how a page for people came.
type pageTimes struct {
	Path       string
	First      float64 // milliseconds, of a program that has just started
	P50, P95   float64 // milliseconds, of the next ones
	Compressed int     // bytes of the document
	Fault      string
}

// again is how often a page is asked for once more; twice do to see that it is there.
const again = 20

// pagePaths are the pages that readers arrive at: those of the commune in the middle by its number of sites, and of what a site in it belongs to.
func (c *chooser) pagePaths() []string {
	communes := slices.SortedFunc(maps.Keys(c.byCommune), func(a, b string) int {
		if d := len(c.byCommune[a]) - len(c.byCommune[b]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	commune := communes[len(communes)/2]
	one := c.sites[c.byCommune[commune][0]]
	return []string{"/fr/", "/fr/map", "/fr/communes/" + commune, "/fr/provinces/" + one.province, "/fr/regions/" + one.region, "/fr/agreements", "/fr/agreements/" + one.agreement}
}

// pages asks a program that has just started for the pages, compressed as browsers ask for them.
func (t *trial) pages(ctx context.Context, out *sizeOutcome) error {
	if !t.wants("pages") {
		return nil
	}
	times := again
	if t.seconds == 0 {
		times = 2
	}
	return t.serving(ctx, out, "", func(s *server) error {
		for _, path := range t.chooser.pagePaths() {
			p := pageTimes{Path: path}
			var took []time.Duration
			begin := time.Now()
			for i := range times + 1 {
				if i > 1 && time.Since(begin) > t.patience() {
					break
				}
				body, answered, err := s.get(ctx, path, "Accept-Encoding", "gzip", "Accept", "text/html")
				if err != nil {
					p.Fault = err.Error()
					break
				}
				if i == 0 {
					p.First, p.Compressed = ms(answered), len(body)
					continue
				}
				took = append(took, answered)
			}
			p.P50, p.P95 = ms(middle(took)), ms(quantile(took, 0.95))
			say("%d sites: %s: first %.1f ms, then %.1f ms, %d bytes %s", out.Sites, path, p.First, p.P50, p.Compressed, p.Fault)
			out.Pages = append(out.Pages, p)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// firstTimes is how the tiles of a zoom came from a program that has just started: each for the first time.
type firstTimes struct {
	Tileset       string
	Zoom, Tiles   int
	Middle, Worst float64 // milliseconds
	Largest       int     // bytes, uncompressed
	Fault         string
}

// firstTiles asks for tiles that nobody asked for before.
func (t *trial) firstTiles(ctx context.Context, out *sizeOutcome) error {
	for _, set := range []struct{ name, path string }{{"sites", "/api/collections/sites/tiles"}, {"the whole registry", "/api/tiles"}} {
		for _, zoom := range tileZooms {
			if !t.wants(fmt.Sprintf("first tiles at zoom %d", zoom)) {
				continue
			}
			questions, err := t.chooser.tiles(set.path, zoom, 200)
			if err != nil {
				return err
			}
			err = t.serving(ctx, out, "", func(s *server) error {
				f := firstTimes{Tileset: set.name, Zoom: zoom}
				asked, err := ask(ctx, s.client, measure{questions: questions, read: readTile}, t.patience())
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					f.Fault = err.Error()
				}
				if f.Tiles = asked.asked; f.Tiles > 0 {
					f.Middle, f.Worst, f.Largest = ms(middle(asked.took)), ms(slices.Max(asked.took)), slices.Max(asked.sizes)
				}
				say("%d sites: first tiles of %s at zoom %d: worst %.0f ms, largest %d bytes %s", out.Sites, set.name, zoom, f.Worst, f.Largest, f.Fault)
				out.FirstTiles = append(out.FirstTiles, f)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// browser has a browser open the pages as a slow phone does; see TestPagesOnASlowPhone.
func (t *trial) browser(ctx context.Context, out *sizeOutcome) error {
	if !t.wants("browser") || t.seconds == 0 {
		return nil
	}
	return t.serving(ctx, out, "", func(s *server) error {
		table := filepath.Join(t.scratch, "browser.md")
		paths := t.chooser.pagePaths()
		cmd := exec.CommandContext(ctx, "go", "test", "-tags", "sqlite_fts5", "-count=1", "-run", "TestPagesOnASlowPhone", "./internal/web")
		cmd.Env = append(os.Environ(), "MITHAQ_MEASURES="+table, "MITHAQ_MEASURED=http://"+t.address(), "MITHAQ_MEASURED_PAGES="+strings.Join(paths, " "))
		words, err := cmd.CombinedOutput()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			out.BrowserFault = complaints(string(words))
			say("%d sites: in a browser: %s", out.Sites, out.BrowserFault)
		}
		raw, err := os.ReadFile(table)
		if err != nil {
			out.BrowserFault += "; no page was measured"
			return nil
		}
		out.Browser = string(raw)
		return nil
	})
}

// complaints are the lines in which a test says what is wrong, without the rows of the table.
func complaints(words string) string {
	var out []string
	for line := range strings.Lines(words) {
		line = strings.TrimSpace(line)
		if _, said, ok := strings.Cut(line, ".go:"); ok && !strings.Contains(said, "| `") {
			out = append(out, said)
		}
	}
	if len(out) == 0 {
		return strings.TrimSpace(words)
	}
	return strings.Join(out, "\n")
}
