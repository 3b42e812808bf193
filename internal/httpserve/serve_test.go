package httpserve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// running is an application on a real loopback socket.
type running struct {
	addr   string
	log    *lines
	stop   context.CancelFunc
	force  chan struct{}
	result chan error
}

// lines is a log that a test may read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// with returns the records whose field has the value.
func (l *lines) with(field string, value any) (found []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record[field] == value {
			found = append(found, record)
		}
	}
	return found
}

func start(t *testing.T, o Options, routes func(*fiber.App)) *running {
	t.Helper()
	return startWith(t, o, Hooks{}, routes)
}

func startWith(t *testing.T, o Options, h Hooks, routes func(*fiber.App)) *running {
	t.Helper()
	r := &running{log: &lines{}, force: make(chan struct{}), result: make(chan error, 1)}
	o.Logger = slog.New(slog.NewJSONHandler(r.log, nil))
	app := New(o)
	if routes != nil {
		routes(app)
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	bound := make(chan string, 1)
	h.Ready, h.Force = func(addr string) { bound <- addr }, r.force
	go func() { r.result <- Serve(ctx, app, "127.0.0.1:0", h) }()
	select {
	case r.addr = <-bound:
	case err := <-r.result:
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// client has its own connections, and decompresses nothing.
func client(t *testing.T) *http.Client {
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}
}

func (r *running) get(t *testing.T, path string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	return r.do(t, http.MethodGet, path, nil, headers...)
}

func (r *running) do(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+r.addr+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, got
}

// raw sends bytes as they are and returns everything until the server closes; closed is false when it didn't in time.
func (r *running) raw(t *testing.T, request string) (answer string, closed bool) {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(8 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	var late net.Error
	return string(all), !(errors.As(err, &late) && late.Timeout())
}

func problem(t *testing.T, resp *http.Response, body []byte) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("no problem document: %v, %s: %s", err, resp.Header.Get("Content-Type"), body)
	}
	if p.Status != resp.StatusCode || p.RequestID != resp.Header.Get("X-Request-Id") || p.RequestID == "" {
		t.Errorf("problem %+v does not fit status %d and id %q", p, resp.StatusCode, resp.Header.Get("X-Request-Id"))
	}
	return p
}

// within waits for a condition that other goroutines bring about.
func within(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("not within %v: %s\n%s", d, what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestStopLetsRunningAnswersEnd(t *testing.T) {
	var during atomic.Int32
	var r *running
	r = startWith(t, Options{}, Hooks{OnShutdown: func() {
		resp, err := http.Get("http://" + r.addr + "/readyz")
		if err == nil {
			during.Store(int32(resp.StatusCode))
			resp.Body.Close()
		}
	}}, func(app *fiber.App) {
		app.Get("/slow", func(c *fiber.Ctx) error {
			time.Sleep(20 * time.Millisecond)
			return c.SendString("whole")
		})
	})
	if resp, _ := r.get(t, "/readyz"); resp.StatusCode != 200 {
		t.Fatalf("readyz = %d before the stop", resp.StatusCode)
	}
	var answered, wrong atomic.Int32
	var load sync.WaitGroup
	for range 8 {
		load.Go(func() {
			for hc := client(t); ; {
				resp, err := hc.Get("http://" + r.addr + "/slow")
				if err != nil {
					return // refused: the stop has begun
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || string(body) != "whole" {
					wrong.Add(1)
				}
				answered.Add(1)
			}
		})
	}
	within(t, 10*time.Second, "some load", func() bool { return answered.Load() > 40 })
	r.stop()
	if err := <-r.result; err != nil {
		t.Errorf("Serve = %v after a stop that was asked for", err)
	}
	load.Wait()
	if wrong.Load() != 0 {
		t.Errorf("%d of %d answers were cut or wrong", wrong.Load(), answered.Load())
	}
	if during.Load() != 503 {
		t.Errorf("readyz = %d when the stop began, want 503", during.Load())
	}
}

func TestStopCutsWhatOutlastsTheDrain(t *testing.T) {
	for _, forced := range []bool{false, true} {
		limits := Limits{DrainTimeout: 100 * time.Millisecond}
		if forced {
			limits.DrainTimeout = time.Hour
		}
		r := start(t, Options{Limits: limits}, func(app *fiber.App) {
			app.Get("/endless", func(c *fiber.Ctx) error { return Stream(c, StreamOptions{ContentType: "text/csv"}, endless) })
		})
		resp, err := client(t).Get("http://" + r.addr + "/endless")
		if err != nil {
			t.Fatal(err)
		}
		r.stop()
		if forced {
			close(r.force)
		}
		if err := <-r.result; forced != errors.Is(err, ErrForced) {
			t.Errorf("forced %v: Serve = %v", forced, err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("a cut answer ended as if it were whole")
		}
		resp.Body.Close()
	}
}

func TestReadyAsksAndHealthDoesNot(t *testing.T) {
	r := start(t, Options{Ready: func(context.Context) error { return errors.New("no database") }}, nil)
	if resp, body := r.get(t, "/readyz"); resp.StatusCode != 503 || strings.Contains(string(body), "database") {
		t.Errorf("readyz = %d %s", resp.StatusCode, body)
	}
	if resp, _ := r.get(t, "/healthz"); resp.StatusCode != 200 {
		t.Errorf("healthz = %d", resp.StatusCode)
	}
}

func TestServeSaysWhyItCannotListen(t *testing.T) {
	r := start(t, Options{}, nil)
	if err := Serve(context.Background(), New(Options{}), r.addr, Hooks{}); err == nil {
		t.Error("two listeners on one address")
	}
	if err := Serve(context.Background(), fiber.New(), "127.0.0.1:0", Hooks{}); err == nil {
		t.Error("an application without the safeties was served")
	}
}

func TestSlowHeadersAreClosed(t *testing.T) {
	r := start(t, Options{Limits: Limits{ReadTimeout: 200 * time.Millisecond}}, nil)
	for _, part := range []string{"", "GET /healthz HTTP/1.1\r\nHo", "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"} {
		if answer, closed := r.raw(t, part); !closed || !strings.HasPrefix(answer, "HTTP/1.1 408") || !strings.Contains(answer, "problem+json") {
			t.Errorf("%q: closed %v, answer %q", part, closed, answer)
		}
	}
}

func TestOneClientHasItsShareOfConnections(t *testing.T) {
	o := Options{Limits: Limits{ConnectionsPerClient: 2}, FrontProxies: []netip.Prefix{}}
	r := start(t, o, nil)
	for range 2 {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if answer, closed := r.raw(t, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"); !closed || !strings.HasPrefix(answer, "HTTP/1.1 429") {
		t.Errorf("the third connection got %q", answer)
	}
	o.FrontProxies = nil // loopback is a front proxy
	r = start(t, o, nil)
	for range 4 {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if resp, _ := r.get(t, "/healthz"); resp.StatusCode != 200 {
		t.Errorf("behind a front proxy: %d", resp.StatusCode)
	}
}

func TestShareIsCountedPerIPv6Network(t *testing.T) {
	l := &listener{frontProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for addr, want := range map[string]string{
		"203.0.113.9": "203.0.113.9/32", "::ffff:203.0.113.9": "203.0.113.9/32",
		"2001:db8::1": "2001:db8::/64", "2001:db8::2": "2001:db8::/64", "10.1.2.3": "invalid Prefix",
	} {
		raw := pretendConn{remote: &net.TCPAddr{IP: net.ParseIP(addr), Port: 1}}
		if got := l.client(raw).String(); got != want {
			t.Errorf("client of %s = %s, want %s", addr, got, want)
		}
	}
}

type pretendConn struct {
	net.Conn
	remote net.Addr
}

func (c pretendConn) RemoteAddr() net.Addr { return c.remote }
