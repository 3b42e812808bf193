package httpserve

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/gofiber/fiber/v2"
)

// Hooks are told how serving goes; every field may be left out.
type Hooks struct {
	Ready      func(addr string) // the address that was really bound: port 0 asks for any free one
	OnShutdown func()            // readiness is already false, connections are still accepted
	Force      <-chan struct{}   // a value, or its closing, ends the drain at once: the second signal
}

// ErrForced is returned when Hooks.Force ended the drain.
var ErrForced = errors.New("stopped at once: running answers were cut")

// Serve runs an application made by New until ctx ends. It then turns /readyz to 503, stops accepting, and lets running
// answers end for Limits.DrainTimeout; what still runs after that is cut, so no client takes it for whole. It returns nil
// after a stop that was asked for. An application is served once.
func Serve(ctx context.Context, app *fiber.App, addr string, h Hooks) error {
	s, ok := app.Server().Logger.(*server)
	if !ok {
		return errors.New("httpserve: the application was not made by New")
	}
	raw, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	l := newListener(raw, s)
	defer l.cut()
	defer s.end()
	go l.watch(s.base)
	if h.Ready != nil {
		h.Ready(l.Addr().String())
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(l) }()

	select {
	case err := <-served:
		if err != nil {
			err = fmt.Errorf("serve: %w", err)
		}
		return err
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	if h.OnShutdown != nil {
		h.OnShutdown()
	}
	drain, stop := context.WithTimeout(context.Background(), s.limits.DrainTimeout)
	defer stop()
	drained := make(chan error, 1)
	go func() { drained <- app.ShutdownWithContext(drain) }()
	select {
	case err = <-drained:
	case <-h.Force:
		_ = l.Close()
		return ErrForced
	}
	_ = l.Close() // again: Shutdown doesn't know a listener that had not begun to accept
	if err != nil {
		s.log.Warn("answers that were still running are cut", "after", s.limits.DrainTimeout, "error", err)
	}
	return nil
}

// health answers while the process lives.
func (s *server) health(c *fiber.Ctx) error {
	return Send(c, Payload{ContentType: "application/json", Body: []byte(`{"status":"ok"}` + "\n"), CacheControl: "no-store"})
}

// ready answers 200 while requests can be served.
func (s *server) ready(c *fiber.Ctx) error {
	status, body := fiber.StatusOK, `{"status":"ready"}`
	if s.stopping.Load() {
		status, body = fiber.StatusServiceUnavailable, `{"status":"stopping"}`
	} else if s.Ready != nil {
		ctx, cancel := context.WithTimeout(c.UserContext(), readyDeadline)
		defer cancel()
		if err := s.Ready(ctx); err != nil {
			s.log.Warn("not ready", "error", err, "request_id", exchangeOf(c).id)
			status, body = fiber.StatusServiceUnavailable, `{"status":"not ready"}`
		}
	}
	return Send(c, Payload{ContentType: "application/json", Body: []byte(body + "\n"), CacheControl: "no-store", Status: status})
}
