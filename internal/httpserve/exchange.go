package httpserve

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
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
	ctx     context.Context // without a deadline; ends with the answer or when the client leaves
	cancel  context.CancelFunc
	streams bool // the answer goes on after the handler: a stream ends ctx and reports
	status  int
	bytes   int64
}

type exchangeKey struct{}

// begin makes the exchange of a request and ties it to the request.
func (s *server) begin(c *fiber.Ctx) *exchange {
	x := &exchange{
		server: s,
		id:     strings.ToLower(rand.Text()),
		method: strings.Clone(c.Method()),
		path:   strings.Clone(c.Path()),
		start:  time.Now(),
	}
	ctx, cancel := context.WithCancelCause(s.base)
	x.ctx, x.cancel = ctx, func() { cancel(nil) }
	if conn, ok := c.Context().Conn().(*conn); ok {
		watch(ctx, cancel, conn)
	}
	c.Locals(exchangeKey{}, x)
	return x
}

// watch ends ctx soon after the client closed its connection. fasthttp doesn't look while a handler runs, so a long
// query would go on for nobody.
func watch(ctx context.Context, cancel context.CancelCauseFunc, conn *conn) {
	time.AfterFunc(departureCheck, func() {
		switch {
		case ctx.Err() != nil:
		case conn.departed():
			cancel(errLeft)
		default:
			watch(ctx, cancel, conn)
		}
	})
}

func exchangeOf(c *fiber.Ctx) *exchange {
	x, _ := c.Locals(exchangeKey{}).(*exchange)
	return x
}

// account names the request, gives it its context, and writes the one access line. An error is answered here, so that the
// line has the status that was sent.
func (s *server) account(c *fiber.Ctx) error {
	x := s.begin(c)
	c.Set(fiber.HeaderXRequestID, x.id)
	ctx, cancel := context.WithTimeout(x.ctx, s.limits.RequestDeadline)
	defer cancel()
	c.SetUserContext(ctx)

	err := c.Next()
	var unrouted *fiber.Error
	if !errors.As(err, &unrouted) {
		x.route = strings.Clone(c.Route().Path)
	}
	if err != nil {
		_ = s.handleError(c, err) // it answers; it never fails
	}
	x.status = c.Response().StatusCode()
	if x.streams {
		return nil
	}
	x.bytes = bodySize(c)
	x.cancel()
	x.report("complete")
	return nil
}

// Deadline gives the routes under it their own time instead of Limits.RequestDeadline.
func Deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(exchangeOf(c).ctx, d)
		defer cancel()
		c.SetUserContext(ctx)
		return c.Next()
	}
}

// report writes the access line. It has no address of the client and no query.
func (x *exchange) report(outcome string) {
	level := slog.LevelInfo
	if x.path == "/healthz" || x.path == "/readyz" {
		level = slog.LevelDebug // probes would drown the rest
	}
	x.log.Log(context.Background(), level, "request",
		"method", x.method, "route", x.route, "path", x.path, "status", x.status, "bytes", x.bytes,
		"ms", time.Since(x.start).Milliseconds(), "outcome", outcome, "request_id", x.id)
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
