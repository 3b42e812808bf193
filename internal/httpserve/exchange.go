package httpserve

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// errLeft is the cause of a context that ended because the client closed its connection.
var errLeft = errors.New("the client left")

// exchange is one request and its answer. Its strings are copies: Fiber reuses a request's memory when its handler returns.
type exchange struct {
	*server
	id      string // made here, never taken from outside: a log line must not be forged by whoever reads our answers
	method  string
	path    string // without the query, which may name people
	route   string // the template, "/agreements/:id", or "" when nothing matched
	start   time.Time
	conn    *conn // nil for a question without a socket
	life    span  // without a deadline; ends with the answer or when the client leaves
	handler span  // the handler's part of life, with its deadline
	streams bool  // the answer goes on after the handler: a stream ends life and reports
	status  int
	bytes   int64
}

type exchangeKey struct{}

// begin makes the exchange of a request and ties it to the request.
func (s *server) begin(c *fiber.Ctx) *exchange {
	x := &exchange{
		server: s,
		id:     strconv.FormatUint(rand.Uint64(), 36) + strconv.FormatUint(rand.Uint64(), 36),
		method: ownMethod(c.Method()),
		path:   strings.Clone(c.Path()),
		start:  time.Now(),
	}
	x.life.within = s.base
	if conn, ok := c.Context().Conn().(*conn); ok {
		x.conn = conn
		conn.serves.Store(x)
	}
	c.Context().SetUserValue(exchangeKey{}, x)
	return x
}

// ownMethod is a method as a string that outlives the request.
func ownMethod(method string) string {
	if i := slices.Index(fiber.DefaultMethods, method); i >= 0 {
		return fiber.DefaultMethods[i]
	}
	return strings.Clone(method)
}

// end ends the exchange: whatever still works for it stops.
func (x *exchange) end() {
	x.life.end(nil)
	if x.conn != nil {
		x.conn.serves.CompareAndSwap(x, nil)
	}
}

func exchangeOf(c *fiber.Ctx) *exchange {
	x, _ := c.Context().UserValue(exchangeKey{}).(*exchange)
	return x
}

// account names the request, gives it its context, refuses what no handler should see, and writes the one access line. An error is answered
// here, so that the line has the status that was sent. It is one middleware because each of Fiber's costs a walk of its own over the routes.
func (s *server) account(c *fiber.Ctx) error {
	x := s.begin(c)
	c.Set(fiber.HeaderXRequestID, x.id)
	x.handler.within, x.handler.deadline = &x.life, x.start.Add(s.limits.RequestDeadline)
	defer x.handler.end(nil)
	c.SetUserContext(&x.handler)

	err := s.guarded(c)
	var unrouted *fiber.Error
	if err == nil || !errors.As(err, &unrouted) {
		x.route = c.Route().Path // of the application, not of the request
	}
	if err != nil {
		_ = s.handleError(c, err) // it answers; it never fails
	}
	x.status = c.Response().StatusCode()
	if x.streams {
		return nil
	}
	x.bytes = bodySize(c)
	x.end()
	x.report("complete")
	return nil
}

// guarded runs the handlers behind everything that protects them. A panic comes back as an error, which is then logged and answered like any
// other.
func (s *server) guarded(c *fiber.Ctx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = caught(v)
		}
	}()
	s.setSafetyHeaders(c)
	if err := refuseBadText(c); err != nil {
		return err
	}
	if err := refuseEncodedBody(c); err != nil {
		return err
	}
	return c.Next()
}

// Deadline gives the routes under it their own time instead of Limits.RequestDeadline.
func Deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		own := &span{within: &exchangeOf(c).life, deadline: time.Now().Add(d)}
		defer own.end(nil)
		c.SetUserContext(own)
		return c.Next()
	}
}

// report writes the access line. It has no address of the client and no query.
func (x *exchange) report(outcome string) {
	level := slog.LevelInfo
	if x.path == "/healthz" || x.path == "/readyz" {
		level = slog.LevelDebug // probes would drown the rest
	}
	ctx, to := context.Background(), x.log.Handler()
	if !to.Enabled(ctx, level) {
		return
	}
	now := time.Now()
	line := slog.NewRecord(now, level, "request", 0) // without the place in the code, which is always this one and costs a walk up the stack
	line.AddAttrs(slog.String("method", x.method), slog.String("route", x.route), slog.String("path", x.path), slog.Int("status", x.status), slog.Int64("bytes", x.bytes),
		slog.Int64("ms", now.Sub(x.start).Milliseconds()), slog.String("outcome", outcome), slog.String("request_id", x.id))
	_ = to.Handle(ctx, line) // a log that can't be written has nowhere to say so
}

// fail writes the error line of a failure that is ours; there is one for each.
func (x *exchange) fail(err error) {
	attrs := []any{"error", err, "method", x.method, "path", x.path, "request_id", x.id}
	if p := (*panicError)(nil); errors.As(err, &p) {
		attrs = append(attrs, "stack", string(p.stack))
	}
	x.log.Error("request failed", attrs...)
}

func bodySize(c *fiber.Ctx) int64 {
	if c.Method() == fiber.MethodHead || c.Response().IsBodyStream() { // Body would read the whole stream
		return 0
	}
	return int64(len(c.Response().Body()))
}
