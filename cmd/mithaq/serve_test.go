package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mithaq/internal/httpserve"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
)

// server is a whole registry served on loopback.
type server struct {
	url       string
	publisher *publish.Publisher
}

// start serves a registry on a file of its own until the test ends, under a public address that is another. records false leaves it empty.
func start(t *testing.T, records bool) server {
	t.Helper()
	return startAt(t, records, "127.0.0.1:0", "https://mithaq.example")
}

// startPublic is start with the records at an address whose links lead back to it, for programs that follow them.
func startPublic(t *testing.T) server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return startAt(t, true, addr, "http://"+addr)
}

func startAt(t *testing.T, records bool, listen, baseURL string, change ...func(*sqlite.Store, *serving)) server {
	t.Helper()
	a := &app{database: filepath.Join(t.TempDir(), "registry.db")}
	store, p, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if records {
		if _, err := loadShipped(t.Context(), store, p); err != nil {
			t.Fatal(err)
		}
	}
	set := serving{baseURL: baseURL}
	for _, f := range change {
		f(store, &set)
	}
	app, _, err := newApp(store, p, set, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	done := make(chan error, 1)
	go func() {
		done <- httpserve.Serve(ctx, app, listen, httpserve.Hooks{Ready: func(addr string) { ready <- addr }})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if set.dumps != nil {
			set.dumps.Close()
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case addr := <-ready:
		return server{"http://" + addr, p}
	case err := <-done:
		t.Fatal(err)
		return server{}
	}
}

// get reads an address and asks for a status.
func (s server) get(t *testing.T, path string, status int, headers ...string) (body []byte, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("GET %s: %d, want %d: %.300s", path, res.StatusCode, status, body)
	}
	return body, res.Header
}

// tree is decoded JSON that is asked by path.
type tree struct {
	t *testing.T
	v any
}

func (s server) json(t *testing.T, path string) tree {
	t.Helper()
	body, _ := s.get(t, path, http.StatusOK)
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return tree{t, v}
}

// at is the value at a JSON pointer; a missing one is nil.
func (x tree) at(pointer string) any {
	v, _ := registry.Lookup(x.v, pointer)
	return v
}

// want compares the value at a pointer with its plain text: "25", "null", "[a b]".
func (x tree) want(pointer, text string) {
	x.t.Helper()
	v, ok := registry.Lookup(x.v, pointer)
	got := "nothing"
	if ok {
		got = plainText(v)
	}
	if got != text {
		x.t.Errorf("%s is %s, want %s", pointer, got, text)
	}
}

func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = plainText(x)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		if _, isFigure := v["qualifier"]; isFigure {
			return fmt.Sprintf("%v %v %v", v["qualifier"], v["value"], v["unit"])
		}
		raw, _ := json.Marshal(v)
		return string(raw)
	default:
		return fmt.Sprint(v)
	}
}

// each lists the plain values at a pointer below every member of a list.
func (x tree) each(list, pointer string) []string {
	var out []string
	members, _ := x.at(list).([]any)
	for _, m := range members {
		v, ok := registry.Lookup(m, pointer)
		if !ok {
			out = append(out, "nothing")
			continue
		}
		out = append(out, plainText(v))
	}
	return out
}
