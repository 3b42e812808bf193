package web_test

import (
	"context"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// otherSite serves one page with frames, from another origin than the registry's.
func otherSite(t *testing.T, frames ...string) (address string) {
	t.Helper()
	var body strings.Builder
	body.WriteString("<!doctype html><title>Un autre site</title><h1>Un autre site</h1>")
	for _, f := range frames {
		fmt.Fprintf(&body, `<iframe src="%s" title="Mithaq" width="640" height="480"></iframe>`, html.EscapeString(f))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(body.String()))
	})}
	go server.Serve(listener)
	t.Cleanup(func() { check(t, server.Close()) })
	return "http://" + listener.Addr().String()
}

// inFrame gives the value of an expression in a frame, whatever its origin.
func inFrame(b *browser, frame cdp.FrameID, expression string) (text string) {
	_ = chromedp.Run(b.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		world, err := page.CreateIsolatedWorld(frame).Do(ctx)
		if err != nil {
			return err
		}
		value, _, err := runtime.Evaluate(expression).WithContextID(world).WithReturnByValue(true).Do(ctx)
		if err == nil && value != nil {
			text = strings.Trim(string(value.Value), `"`)
		}
		return err
	}))
	return text
}

// TestOtherSitesFrameEmbedsAlone puts embeds and an ordinary page into the page of another origin.
func TestOtherSitesFrameEmbedsAlone(t *testing.T) {
	home := startSite(t)
	embeds := []string{"/fr/embed/communes/09.581.01.05", "/ar/embed/provinces/09.581", "/en/embed/map?province_code=09.581#view=9/-9.5000/29.7000", "/fr/embed/communes/99.999"}
	refused := []string{"/fr/communes/09.581.01.05", "/fr/", "/fr/embed?of=/fr/communes/09.581.01.05", "/communes/09.581.01.05.geojson"}
	var frames []string
	for _, path := range append(append([]string{}, embeds...), refused...) {
		frames = append(frames, home+path)
	}
	b := startBrowser(t, home)
	b.run(t, chromedp.EmulateViewport(1280, 2400), chromedp.Navigate(otherSite(t, frames...)), chromedp.WaitReady("iframe"))
	tree := func() map[string]*cdp.Frame {
		out := map[string]*cdp.Frame{}
		b.run(t, chromedp.ActionFunc(func(ctx context.Context) error {
			top, err := page.GetFrameTree().Do(ctx)
			if err == nil {
				for _, child := range top.ChildFrames {
					out[child.Frame.URL+child.Frame.URLFragment] = child.Frame
					out[child.Frame.UnreachableURL] = child.Frame
				}
			}
			return err
		}))
		return out
	}
	for _, path := range embeds {
		var got string
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			f := tree()[home+path]
			if f == nil {
				continue
			}
			if got = inFrame(b, f.ID, `document.querySelector('h1').innerText + '|' + (document.querySelector('[data-map]')?.dataset.state ?? 'none')`); strings.HasSuffix(got, "|ready") || strings.HasSuffix(got, "|none") {
				break
			}
		}
		if want := "|ready"; !strings.HasSuffix(got, want) && !strings.Contains(path, "99.999") || got == "" || got == "|none" {
			t.Errorf("%s in a frame: %q", path, got)
		}
	}
	for _, path := range refused {
		if f := tree()[home+path]; f == nil || f.UnreachableURL == "" {
			t.Errorf("%s lets itself be framed: %+v", path, f)
		}
	}
}

// TestLinksOfAnEmbed leave the frame, by a click on the map, too.
func TestLinksOfAnEmbed(t *testing.T) {
	home := startSite(t)
	for _, path := range []string{"/fr/embed/communes/09.541.01.13?as-of=2024-04-30", "/ar/embed/map?kind=craft_market"} {
		res, body := get(t, home+path)
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(body, `<base target="_blank">`) || !strings.Contains(policy, "frame-ancestors *") || res.Header.Get("X-Frame-Options") != "" {
			t.Errorf("%s: policy %q", path, policy)
		}
		full := strings.Replace(path, "/embed", "", 1)
		if want := `<link rel="canonical" href="https://registry.example` + html.EscapeString(full) + `">`; !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", path, want)
		}
	}
	b := startBrowser(t, home)
	b.open(t, "/fr/embed/provinces/09.581", 640, 480)
	b.run(t, chromedp.Evaluate(`window.opened = ''; window.open = (address, target) => { window.opened = address + ' ' + target }`, nil),
		chromedp.Focus(`path.area[tabindex]`, chromedp.ByQuery), chromedp.KeyEvent("\r"))
	if got := eval[string](t, b, `window.opened`); !strings.HasPrefix(got, "/fr/communes/09.581.") || !strings.HasSuffix(got, " _blank") {
		t.Errorf("Enter on an area opened %q", got)
	}
}

var textarea = regexp.MustCompile(`(?s)<textarea[^>]*>(.*?)</textarea>`)

// TestSnippet gives a frame whose address is the public one, and says what is wrong with a page that has no embed.
func TestSnippet(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct{ query, want string }{
		{"of=/fr/communes/09.581.01.05", `<iframe src="https://registry.example/fr/embed/communes/09.581.01.05" title="Tafraout — Mithaq" width="640" height="480" loading="lazy" allowfullscreen></iframe>`},
		{"in=ar&size=wide&of=https://registry.example/fr/agreements/trial-agreement?as-of=2024-05-01", `<iframe src="https://registry.example/ar/embed/agreements/trial-agreement?as-of=2024-05-01" title="Zone d’essai — Mithaq" width="100%" height="600" loading="lazy" allowfullscreen></iframe>`},
		{"of=" + url.QueryEscape("/en/map?kind=craft_zone&status=announced&after=x#view=9/-8.98/29.72"), `<iframe src="https://registry.example/fr/embed/map?kind=craft_zone&amp;status=announced#view=9/-8.98/29.72" title="Explorer les sites — Mithaq" width="640" height="480" loading="lazy" allowfullscreen></iframe>`},
	} {
		_, body := get(t, home+"/fr/embed?"+tc.query)
		m := textarea.FindStringSubmatch(body)
		if m == nil || html.UnescapeString(m[1]) != tc.want {
			t.Errorf("%s: %q\nwant %s", tc.query, m, tc.want)
		}
	}
	for query, want := range map[string]int{
		"of=/fr/communes/99.999": http.StatusNotFound, "of=/fr/agreements/nothing": http.StatusNotFound,
		"of=/fr/about": http.StatusBadRequest, "of=https://other.example/fr/map": http.StatusBadRequest, "of=//other.example/fr/map": http.StatusBadRequest,
		"of=/fr/map?kind=castle": http.StatusBadRequest, "of=/fr/map?colour=blue": http.StatusBadRequest, "of=/fr/regions/09?kind=craft_zone": http.StatusBadRequest,
		"of=/fr/communes/09.581.01.05?as-of=never": http.StatusBadRequest, "of=javascript:alert(1)": http.StatusBadRequest, "of=/fr/communes/x/y": http.StatusBadRequest,
		"of=/fr/map&in=de": http.StatusBadRequest, "of=/fr/map&size=huge": http.StatusBadRequest, "of=%2Ffr%2Fmap%3Fa%3D%25zz": http.StatusBadRequest,
	} {
		if res, _ := get(t, home+"/fr/embed?"+query); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", query, res.StatusCode, want)
		}
	}
}
