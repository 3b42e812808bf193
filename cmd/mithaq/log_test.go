package main

import (
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// sink is a file that counts its writes.
type sink struct {
	mu     sync.Mutex
	text   strings.Builder
	writes int
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(p)
}

func (s *sink) lines() (lines, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), "\n"), s.writes
}

func TestLinesOfTheLogWaitForEachOtherButNotForLong(t *testing.T) {
	var out sink
	h := newServerLog(&out, slog.LevelInfo)
	log := slog.New(h).With("server", 1)
	for range 10 {
		log.Info("request", "path", "/")
	}
	log.Debug("probe")
	deadline := time.Now().Add(20 * time.Second)
	for n, _ := out.lines(); n < 10 && time.Now().Before(deadline); n, _ = out.lines() {
		time.Sleep(time.Millisecond)
	}
	if n, writes := out.lines(); n != 10 || writes > 2 {
		t.Errorf("%d lines in %d writes", n, writes)
	}
	log.Info("request")
	log.WithGroup("g").Error("request failed", "why", io.EOF) // not one to wait, and not one to come before its request
	if n, _ := out.lines(); n != 12 || !strings.HasSuffix(out.text.String(), `"msg":"request failed","server":1,"g":{"why":"EOF"}}`+"\n") {
		t.Errorf("after an error: %s", out.text.String())
	}
	log.Info("request")
	if err := h.lines.flush(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		log.Info("request", "path", strings.Repeat("a", 1000))
	}
	_ = h.lines.flush()
	n, writes := out.lines()
	if n != 2013 || writes > 200 {
		t.Errorf("%d lines in %d writes", n, writes)
	}
	for line := range strings.Lines(out.text.String()) {
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
			t.Fatalf("not a whole line: %.80s", line)
		}
	}
}
