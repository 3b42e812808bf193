package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// How long a line of the log may wait for others, and how many bytes may: there is one for each answer, and a system call for each would
// be a twentieth of the shortest answers.
const (
	logDelay = 100 * time.Millisecond
	logBytes = 32 << 10
)

// serverLog is a log of JSON lines that are written together. Warnings and errors are written at once, with all before them.
type serverLog struct {
	slog.Handler
	lines *logLines
}

func newServerLog(to io.Writer, level slog.Level) serverLog {
	lines := &logLines{to: to}
	return serverLog{slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: level}), lines}
}

// Handle implements slog.Handler.
func (l serverLog) Handle(ctx context.Context, r slog.Record) error {
	err := l.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		err = errors.Join(err, l.lines.flush())
	}
	return err
}

// WithAttrs implements slog.Handler.
func (l serverLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return serverLog{l.Handler.WithAttrs(attrs), l.lines}
}

// WithGroup implements slog.Handler.
func (l serverLog) WithGroup(name string) slog.Handler {
	return serverLog{l.Handler.WithGroup(name), l.lines}
}

// logLines are the lines that wait.
type logLines struct {
	to      io.Writer
	mu      sync.Mutex
	waiting []byte
}

// Write implements io.Writer; p is whole lines.
func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		time.AfterFunc(logDelay, func() { _ = l.flush() }) // a log that can't be written has nowhere to say so
	}
	l.waiting = append(l.waiting, p...)
	if len(l.waiting) >= logBytes {
		return len(p), l.write()
	}
	return len(p), nil
}

func (l *logLines) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write()
}

// write needs the lock.
func (l *logLines) write() error {
	if len(l.waiting) == 0 {
		return nil
	}
	_, err := l.to.Write(l.waiting)
	l.waiting = l.waiting[:0]
	return err
}
