package httpserve

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gofiber/fiber/v2"
)

var long = []byte(strings.Repeat(`{"name":"ensemble artisanal"}`+"\n", 3000)) // above what a stream holds back

func inflate(t *testing.T, body []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// The matrix is the same for what is sent whole, streamed, and read from disk.
func TestRepresentations(t *testing.T) {
	assets, err := NewAssets(fstest.MapFS{"a.json": {Data: long}})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/sent", func(c *fiber.Ctx) error {
			return Send(c, Payload{ContentType: "application/geo+json", Body: long, Vary: []string{"Accept"}, Filename: "zones d’artisanat.json"})
		})
		for path, hold := range map[string]int{"/streamed": 0, "/held": 1 << 20} {
			app.Get(path, func(c *fiber.Ctx) error {
				return Stream(c, StreamOptions{ContentType: "application/json", Version: "7", Hold: hold}, func(_ context.Context, w io.Writer) error {
					for line := range bytes.Lines(long) {
						if _, err := w.Write(line); err != nil {
							return err
						}
					}
					return nil
				})
			})
		}
		assets.Mount(app)
	})
	for _, path := range []string{"/sent", "/streamed", "/held", "/static/a.json"} {
		t.Run(path, func(t *testing.T) {
			plain, plainBody := r.get(t, path)
			zipped, zippedBody := r.get(t, path, "Accept-Encoding", "br;q=1, GZIP;q=0.5")
			plainTag, zipTag := plain.Header.Get("ETag"), zipped.Header.Get("ETag")
			if !bytes.Equal(plainBody, long) || plain.Header.Get("Content-Encoding") != "" {
				t.Error("the plain representation differs")
			}
			if zipped.Header.Get("Content-Encoding") != "gzip" || !bytes.Equal(inflate(t, zippedBody), long) {
				t.Error("the gzip representation differs")
			}
			if plainTag == zipTag || !strings.HasPrefix(plainTag, `"`) || !strings.HasPrefix(zipTag, `"`) {
				t.Errorf("tags %s and %s must be strong and differ", plainTag, zipTag)
			}
			for _, tc := range []struct {
				accept, match string
				status        int
				tag           string
			}{
				{"", plainTag, 304, plainTag}, {"gzip", zipTag, 304, zipTag}, {"", zipTag, 200, plainTag}, {"gzip", plainTag, 200, zipTag},
				{"", "W/" + plainTag, 304, plainTag}, {"", `"x", ` + plainTag, 304, plainTag}, {"", "*", 304, plainTag}, {"", `"x"`, 200, plainTag},
				{"gzip;q=0", "", 200, plainTag}, {"identity", "", 200, plainTag}, {"*", "", 200, zipTag}, {"*, gzip;q=0", "", 200, plainTag},
				{"gzip;q=x", "", 200, plainTag},
			} {
				for _, method := range []string{"GET", "HEAD"} {
					headers := []string{"Accept-Encoding", tc.accept, "If-None-Match", tc.match}
					if tc.accept == "" {
						headers = headers[2:]
					}
					resp, body := r.do(t, method, path, nil, headers...)
					where := fmt.Sprintf("%s, %q, %q", method, tc.accept, tc.match)
					if resp.StatusCode != tc.status || resp.Header.Get("ETag") != tc.tag {
						t.Errorf("%s: %d %s, want %d %s", where, resp.StatusCode, resp.Header.Get("ETag"), tc.status, tc.tag)
					}
					if !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Accept-Encoding") || resp.Header.Get("Cache-Control") == "" {
						t.Errorf("%s: Vary %q, Cache-Control %q", where, resp.Header.Values("Vary"), resp.Header.Get("Cache-Control"))
					}
					if (method == "HEAD" || tc.status == 304) != (len(body) == 0) {
						t.Errorf("%s: %d bytes", where, len(body))
					}
					if tc.status == 304 && (resp.Header.Get("Content-Type") != "" || resp.Header.Get("Content-Encoding") != "") {
						t.Errorf("%s: a 304 describes a body: %v", where, resp.Header)
					}
					whole := plain
					if tc.tag == zipTag {
						whole = zipped
					}
					if method == "HEAD" && tc.status == 200 && resp.ContentLength != whole.ContentLength {
						t.Errorf("%s: length %d, GET has %d", where, resp.ContentLength, whole.ContentLength)
					}
				}
			}
		})
	}
	resp, _ := r.get(t, "/sent")
	if got := resp.Header.Get("Vary"); got != "Accept, Accept-Encoding" {
		t.Errorf("Vary = %q", got)
	}
	if got := resp.Header.Get("Content-Disposition"); got != "attachment; filename*=utf-8''zones%20d%E2%80%99artisanat.json" {
		t.Errorf("Content-Disposition = %q", got)
	}
}

func TestSmallAndForeignBodiesStayPlain(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/small", func(c *fiber.Ctx) error { return Send(c, Payload{ContentType: "text/plain", Body: []byte("ok")}) })
		app.Get("/sheet", func(c *fiber.Ctx) error {
			return Send(c, Payload{ContentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Body: long})
		})
		app.Get("/empty", func(c *fiber.Ctx) error { return Send(c, Payload{ContentType: "text/plain"}) })
	})
	for path, vary := range map[string]string{"/small": "Accept-Encoding", "/sheet": "", "/empty": "Accept-Encoding"} {
		resp, _ := r.get(t, path, "Accept-Encoding", "gzip")
		if resp.StatusCode != 200 || resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Vary") != vary || resp.ContentLength < 0 {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
}

func TestAssets(t *testing.T) {
	files := fstest.MapFS{
		"js/map.js": {Data: long}, "css/a.css": {Data: []byte("a{}")}, "f.woff2": {Data: []byte("x")}, "i.svg": {Data: []byte("<svg/>")},
		"p.png": {Data: []byte("x")}, "app.webmanifest": {Data: []byte("{}")}, "leaflet/LICENSE": {Data: []byte("BSD")},
		"a b.txt": {Data: []byte("x")}, ".secret": {Data: []byte("x")}, ".git/config": {Data: []byte("x")}, "data.bin": {Data: []byte("x")},
	}
	assets, err := NewAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{}, func(app *fiber.App) { assets.Mount(app) })
	for name, contentType := range map[string]string{
		"js/map.js": "text/javascript; charset=utf-8", "css/a.css": "text/css; charset=utf-8", "f.woff2": "font/woff2", "i.svg": "image/svg+xml",
		"p.png": "image/png", "app.webmanifest": "application/manifest+json", "leaflet/LICENSE": "text/plain; charset=utf-8",
		"a b.txt": "text/plain; charset=utf-8", "data.bin": "application/octet-stream",
	} {
		hashed, err := assets.AssetPath(name)
		if err != nil {
			t.Fatal(err)
		}
		bare := "/static/" + strings.ReplaceAll(name, " ", "%20")
		stale := "/static/v-0000/" + strings.ReplaceAll(name, " ", "%20")
		for path, cache := range map[string]string{hashed: forever, bare: "no-cache", stale: "no-cache"} {
			resp, body := r.get(t, path)
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != contentType || resp.Header.Get("Cache-Control") != cache || !bytes.Equal(body, files[name].Data) {
				t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
			}
		}
	}
	if _, err := assets.AssetPath("js/gone.js"); err == nil {
		t.Error("a template may name a file that is not there")
	}
	for _, path := range []string{
		"/static/", "/static/js", "/static/js/", "/static/.secret", "/static/.git/config", "/static/../go.mod", "/static/js/../css/a.css",
		"/static/%2e%2e/go.mod", "/static/..%2fgo.mod", "/static/..%5cgo.mod", `/static/..\go.mod`, "/static/%252e%252e/go.mod",
		"/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/js%2f..%2fcss%2fa.css", "/static/v-0000/../../go.mod", "/static/js/map.js/", "/static/C:%5cboot.ini",
	} {
		if status, body := r.getRaw(t, path); status != 404 || !strings.Contains(body, "about:blank") {
			t.Errorf("%s: %d %.60s", path, status, body)
		}
	}
	if status, _ := r.getRaw(t, "/static/js/map.js%00.png"); status != 400 {
		t.Errorf("NUL: %d", status)
	}
	before := assets.tree
	files["css/a.css"] = &fstest.MapFile{Data: []byte("b{}")}
	if changed, _ := NewAssets(files); changed.tree == before {
		t.Error("a changed file left the address unchanged")
	}
}

// A text in blocks has the version of the text.
func TestVersionOfBlocks(t *testing.T) {
	for _, n := range []int{0, 1, 240, 241, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 7} {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte(i * 31)
		}
		var b blocks
		_, _ = b.Write(text)
		if got, want := b.version(), ContentVersion(text); got != want || len(want) != 16 {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
		if n > 0 {
			text[n/2]++
			if ContentVersion(text) == b.version() {
				t.Errorf("%d bytes have the version of others", n)
			}
		}
	}
}
