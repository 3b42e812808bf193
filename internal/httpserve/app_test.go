package httpserve

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/registry"
)

func TestPanicIsOneProblemAndOneLogLine(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/things/:id", func(*fiber.Ctx) error { panic("a secret of ours") })
	})
	resp, body := r.get(t, "/things/7?who=Fatima")
	p := problem(t, resp, body)
	if p.Status != 500 || p.Code != registry.Internal || p.Instance != "/things/7" || strings.Contains(string(body), "secret") {
		t.Errorf("%s", body)
	}
	failures := r.log.with("level", "ERROR")
	if len(failures) != 1 || failures[0]["request_id"] != p.RequestID || !strings.Contains(fmt.Sprint(failures[0]["stack"]), "app_test.go") {
		t.Errorf("error lines: %v", failures)
	}
	access := r.log.with("msg", "request")
	if len(access) != 1 || access[0]["route"] != "/things/:id" || access[0]["path"] != "/things/7" ||
		access[0]["status"] != 500.0 || access[0]["bytes"] != float64(len(body)) || access[0]["request_id"] != p.RequestID {
		t.Errorf("access lines: %v", access)
	}
	if log := r.log.b.String(); strings.Contains(log, "Fatima") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("the log holds a query value or an address:\n%s", log)
	}
	if resp, _ := r.get(t, "/healthz"); resp.StatusCode != 200 {
		t.Error("the process did not survive")
	}
}

func TestErrorsBecomeProblems(t *testing.T) {
	var give error
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/e", func(c *fiber.Ctx) error {
			c.Set("ETag", `"of the answer that failed"`)
			return give
		})
		app.Post("/p", func(c *fiber.Ctx) error { return nil })
	})
	for _, code := range registry.Codes {
		give = fmt.Errorf("while reading: %w", &registry.Error{Code: code, Message: "Said.", Param: "q", Got: "x", Takes: "y", Err: errors.New("table sites")})
		resp, body := r.get(t, "/e")
		p := problem(t, resp, body)
		if statusOf[code] == 0 || p.Status != statusOf[code] || p.Code != code || p.Detail != "Said." || p.Parameter != "q" || p.Got != "x" || p.Takes != "y" {
			t.Errorf("%s: %s", code, body)
		}
		if strings.Contains(string(body), "table") || resp.Header.Get("ETag") != "" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", code, resp.Header, body)
		}
		if (p.Status == 503) != (resp.Header.Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After %q", code, resp.Header.Get("Retry-After"))
		}
	}
	for _, tc := range []struct {
		err    error
		status int
	}{
		{errors.New("table sites"), 500}, {fiber.ErrNotFound, 404}, {fiber.NewError(422, "No."), 422}, {fiber.NewError(502, "table sites"), 500},
		{context.DeadlineExceeded, 503}, {&registry.Error{Code: "unheard of", Message: "table sites"}, 500},
	} {
		give = tc.err
		if resp, body := r.get(t, "/e"); problem(t, resp, body).Status != tc.status || strings.Contains(string(body), "table") {
			t.Errorf("%v: %s", tc.err, body)
		}
	}
	resp, body := r.get(t, "/<script>")
	if p := problem(t, resp, body); p.Status != 404 || strings.Contains(string(body), "<script>") {
		t.Errorf("%s", body)
	}
	if resp, body := r.get(t, "/p"); problem(t, resp, body).Status != 405 || resp.Header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("405: Allow %q", resp.Header.Get("Allow"))
	}
}

func TestErrorPagesAreTheCallersChoice(t *testing.T) {
	r := start(t, Options{OnError: func(c *fiber.Ctx, status int, p Problem) bool {
		switch {
		case strings.HasPrefix(c.Path(), "/fr/broken"):
			panic("the template of the error page")
		case strings.HasPrefix(c.Path(), "/fr/"):
			c.Set("Content-Type", "text/html; charset=utf-8")
			_ = c.SendString(fmt.Sprintf("<h1>%d</h1>", status))
			return true
		}
		return false
	}}, nil)
	if resp, body := r.get(t, "/fr/nothing"); resp.StatusCode != 404 || string(body) != "<h1>404</h1>" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	for _, path := range []string{"/nothing", "/fr/broken"} {
		if resp, body := r.get(t, path); problem(t, resp, body).Status != 404 {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestEveryAnswerCarriesTheSafetyHeaders(t *testing.T) {
	r := start(t, Options{TileOrigin: "https://tiles.example"}, nil)
	for _, path := range []string{"/healthz", "/nothing", "/%ff", "/" + strings.Repeat("a", 20<<10)} {
		resp, _ := r.get(t, path, "X-Request-Id", "forged")
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "img-src 'self' data: https://tiles.example;") || strings.Contains(policy, "unsafe") {
			t.Errorf("%.20s: policy %q", path, policy)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Server") != "" || len(resp.Header.Get("X-Request-Id")) < 20 {
			t.Errorf("%.20s: %v", path, resp.Header)
		}
	}
	for _, origin := range []string{"https://tiles.example/{z}", "tiles.example", "https://a; script-src *", "*"} {
		s := &server{Options: Options{TileOrigin: origin}, log: slog.New(slog.DiscardHandler)}
		if strings.Contains(s.contentPolicy(), origin) && origin != "*" || strings.Contains(s.contentPolicy(), "data: *") {
			t.Errorf("origin %q got into %q", origin, s.contentPolicy())
		}
	}
}

func TestDataIsReadableByAll(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Use("/data", ReadableByAll)
		app.Get("/data/:id", func(c *fiber.Ctx) error { return c.SendString("x") })
		app.Get("/page", func(c *fiber.Ctx) error { return c.SendString("x") })
	})
	for _, tc := range []struct{ method, path, origin string }{
		{"GET", "/data/1", "*"}, {"HEAD", "/data/1", "*"}, {"OPTIONS", "/data/1", "*"}, {"GET", "/data/a/b", "*"},
		{"GET", "/page", ""}, {"OPTIONS", "/page", ""},
	} {
		resp, _ := r.do(t, tc.method, tc.path, nil, "Origin", "https://elsewhere.example")
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != tc.origin || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s: origin %q", tc.method, tc.path, got)
		}
		if tc.method == "OPTIONS" && (resp.StatusCode != 204 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS") {
			t.Errorf("OPTIONS %s: %d, Allow %q", tc.path, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
	resp, _ := r.do(t, "OPTIONS", "/data/1", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET")
	if !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "If-None-Match") {
		t.Errorf("preflight: %v", resp.Header)
	}
	if resp, _ := r.do(t, "OPTIONS", "/nothing", nil); resp.StatusCode != 404 {
		t.Errorf("OPTIONS of nothing: %d", resp.StatusCode)
	}
}

func TestFramesAreRefusedButWhereAllowed(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		ok := func(c *fiber.Ctx) error { return c.SendString("here") }
		app.Get("/page", ok)
		app.Get("/embed", FramableByAll, ok)
		app.Get("/embed/wrong", FramableByAll, func(*fiber.Ctx) error { return fiber.ErrNotFound })
		app.Get("/preview", FramesOwn, ok)
	})
	for path, want := range map[string]string{
		"/page": "; frame-ancestors 'none'", "/nowhere": "; frame-ancestors 'none'", "/embed": "; frame-ancestors *", "/embed/wrong": "; frame-ancestors *",
		"/preview": "; frame-src 'self'; frame-ancestors 'none'",
	} {
		resp, _ := r.get(t, path)
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, want) || strings.Count(policy, "frame-") != strings.Count(want, "frame-") {
			t.Errorf("%s: %s, want it to end in %s", path, policy, want)
		}
	}
}

func TestCompressedBodyIsRefusedAndNotInflated(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Post("/in", func(c *fiber.Ctx) error { return c.SendString(fmt.Sprint(len(c.Body()))) })
	})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(z, zeros{}, 40<<20)
	_ = z.Close()
	if bomb.Len() > Default.BodyLimit {
		t.Fatalf("the bomb has %d bytes and would be refused by its size", bomb.Len())
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, coding := range []string{"gzip", "br", "deflate", "gzip, gzip", "x"} {
		resp, body := r.do(t, "POST", "/in", bytes.NewReader(bomb.Bytes()), "Content-Encoding", coding)
		if problem(t, resp, body).Status != 415 {
			t.Errorf("%s: %s", coding, body)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 20<<20 {
		t.Errorf("%d bytes were allocated: the body was inflated", grown)
	}
	if _, body := r.do(t, "POST", "/in", strings.NewReader("abc"), "Content-Encoding", "identity"); string(body) != "3" {
		t.Errorf("identity: %s", body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestKeptStringsAreWhatWasSent(t *testing.T) {
	var mu sync.Mutex
	kept := map[string]string{}
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/keep/:name", func(c *fiber.Ctx) error {
			q, err := Query(c, "q")
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			kept[PathParam(c, "name")] = q["q"]
			return nil
		})
	})
	hc := client(t)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			resp, err := hc.Get(fmt.Sprintf("http://%s/keep/n%%20%03d?q=%%D9%%85%03d", r.addr, i, i))
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		})
	}
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	for i := range 200 {
		if got := kept[fmt.Sprintf("n %03d", i)]; got != fmt.Sprintf("م%03d", i) {
			t.Errorf("%d: kept %q", i, got)
		}
	}
}

func TestRequestContextEnds(t *testing.T) {
	causes := make(chan error, 1)
	wait := func(c *fiber.Ctx) error {
		<-c.UserContext().Done()
		causes <- context.Cause(c.UserContext())
		return c.UserContext().Err()
	}
	r := start(t, Options{Limits: Limits{RequestDeadline: 50 * time.Millisecond}}, func(app *fiber.App) {
		app.Get("/deadline", wait)
		app.Get("/leaves", Deadline(time.Minute), wait)
	})
	if resp, body := r.get(t, "/deadline"); problem(t, resp, body).Status != 503 || !errors.Is(<-causes, context.DeadlineExceeded) {
		t.Errorf("%s", body)
	}
	ctx, leave := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer leave()
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+r.addr+"/leaves", nil)
	if _, err := client(t).Do(req); err == nil {
		t.Fatal("answered")
	}
	select {
	case cause := <-causes:
		if runtime.GOOS == "linux" && !errors.Is(cause, errLeft) {
			t.Errorf("cause = %v", cause)
		}
	case <-time.After(20 * time.Second):
		t.Error("the handler works on for a client that left")
	}
}
