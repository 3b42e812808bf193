// Package httpserve makes the listener safe, once, for both faces of the registry: the routes for programs (httpapi) and
// the pages for people (web). It bounds what a client may send and how long it may take, refuses malformed requests
// before a handler sees them, turns every error into one problem, sends answers with right validators, streams long
// ones so that a failure shows, and stops without dropping anybody.
//
// It knows no record, route or template, and of the registry only the error type. Its rules come from RFC 9110
// (semantics), RFC 9112 (framing), RFC 9457 (problems), CSP 3, and from what Fiber 2.52 and fasthttp 1.73 leave open.
package httpserve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Options says what an application needs to know; every field may be left out.
type Options struct {
	Logger *slog.Logger
	Limits Limits
	// Ready is asked by /readyz: nil means ready. It must mind its context.
	Ready func(ctx context.Context) error
	// OnError may answer for an error in its own way, as a page in the visitor's language does; false means the
	// problem is sent as JSON. The status and the headers are already set.
	OnError func(c *fiber.Ctx, status int, p Problem) (handled bool)
	// TileOrigin is the origin of the operator's own background map, as "https://tiles.example"; it may send images.
	TileOrigin string
	// FrontProxies are addresses that speak for many visitors, so no per-client share applies to them.
	// nil means the loopback addresses.
	FrontProxies []netip.Prefix
}

// server is the state behind an application made by New.
type server struct {
	Options
	log      *slog.Logger
	limits   Limits
	app      *fiber.App
	safety   []safetyHeader // of every answer
	stopping atomic.Bool
	held     atomic.Int32    // blocks that answers hold beyond heldBack each
	base     context.Context // of every request; ends when the drain does
	end      context.CancelFunc
}

// New makes an application with every safety in place and /healthz and /readyz answered. Routes are added to it as to any
// Fiber application; Serve runs it.
func New(o Options) *fiber.App {
	s := &server{Options: o, log: o.Logger, limits: o.Limits.orDefault()}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.FrontProxies == nil {
		s.FrontProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	s.base, s.end = context.WithCancel(context.Background())
	s.safety = safetyHeaders(s.contentPolicy())

	s.app = fiber.New(fiber.Config{
		DisableStartupMessage: true,
		ErrorHandler:          s.handleError,
		CaseSensitive:         true, // one address for one thing; a trailing slash is forgiven
		// Parameters stay as sent and PathParam decodes one at a time: with UnescapePath the whole path is decoded
		// before routing, and a %2F inside a value would become a separator.
		UnescapePath:                 false,
		StreamRequestBody:            false, // it would switch BodyLimit off
		DisablePreParseMultipartForm: true,  // fasthttp would write uploads to temporary files before any route asked
		ReadTimeout:                  s.limits.ReadTimeout,
		IdleTimeout:                  s.limits.IdleTimeout,
		ReadBufferSize:               s.limits.ReadBufferSize,
		BodyLimit:                    s.limits.BodyLimit,
		Concurrency:                  s.limits.Connections,
	})
	f := s.app.Server()
	f.Handler = s.guard(f.Handler)
	f.ErrorHandler = s.unreadable // Fiber's own would repeat fasthttp's words, with the request in them, to the client
	f.ExpectHandler = s.expect
	f.Logger = s // the one field of the listener that is ours: Serve finds this state through it
	f.CloseOnShutdown = true
	f.SecureErrorLogMessage = true

	s.app.Use(s.account)
	s.app.Get("/healthz", s.health)
	s.app.Get("/readyz", s.ready)
	return s.app
}

// Printf takes fasthttp's own remarks. They hold client addresses, and what matters in them we log ourselves.
func (s *server) Printf(format string, args ...any) {
	s.log.Debug("listener", "remark", fmt.Sprintf(format, args...))
}

// guard stands before Fiber, whose middlewares never see a request with a method it doesn't know: such a request would
// skip every check below.
func (s *server) guard(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(f *fasthttp.RequestCtx) {
		defer func() { // nothing inside is expected to get here; without it, the process would end
			if v := recover(); v != nil {
				s.log.Error("panic outside every handler", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				f.Response.Reset()
				f.Response.SetStatusCode(fiber.StatusInternalServerError)
				f.Response.SetConnectionClose()
			}
		}()
		if err := s.refusal(f); err != nil {
			s.refuse(f, err)
			return
		}
		next(f)
	}
}

// refusal says why a request that fasthttp could read must not be routed, or nil.
func (s *server) refusal(f *fasthttp.RequestCtx) error {
	h := &f.Request.Header
	switch {
	case framingFault(h) != "":
		return fiber.NewError(fiber.StatusBadRequest, "The request is malformed: "+framingFault(h)+".")
	case string(h.Protocol()) != "HTTP/1.1" && string(h.Protocol()) != "HTTP/1.0":
		return fiber.ErrHTTPVersionNotSupported
	case !slices.Contains(fiber.DefaultMethods, string(h.Method())):
		return fiber.ErrNotImplemented
	case len(h.RequestURI()) > s.limits.AddressSize:
		return fiber.ErrRequestURITooLong
	}
	return nil
}

// expect decides before "100 Continue" whether the body is wanted, so that a refused request gets one answer.
// (fasthttp's older ContinueHandler keeps the connection open after a refusal and would read the body as a request.)
func (s *server) expect(f *fasthttp.RequestCtx) int {
	err := s.refusal(f)
	if err == nil && f.Request.Header.ContentLength() > s.limits.BodyLimit {
		err = fiber.ErrRequestEntityTooLarge
	}
	if err == nil {
		return fiber.StatusContinue
	}
	s.refuse(f, err)
	return f.Response.StatusCode()
}

// unreadable answers for a request that fasthttp could not read; the connection closes after it.
func (s *server) unreadable(f *fasthttp.RequestCtx, err error) {
	var network net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		err = fiber.ErrRequestHeaderFieldsTooLarge
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		err = fiber.ErrRequestEntityTooLarge
	case errors.As(err, &network) && network.Timeout():
		err = fiber.ErrRequestTimeout
	default:
		err = fiber.NewError(fiber.StatusBadRequest, "The request is malformed.")
	}
	s.refuse(f, err)
}

// refuse answers err outside Fiber's chain and closes the connection: what follows on it can't be trusted.
func (s *server) refuse(f *fasthttp.RequestCtx, err error) {
	if conn, ok := f.Conn().(*conn); ok {
		conn.linger.Store(true)
	}
	c := s.app.AcquireCtx(f)
	defer s.app.ReleaseCtx(c)
	x := s.begin(c)
	defer x.end()
	c.Set(fiber.HeaderXRequestID, x.id)
	s.setSafetyHeaders(c)
	_ = s.handleError(c, err) // it answers; it never fails
	f.SetConnectionClose()
	x.status, x.bytes = f.Response.StatusCode(), bodySize(c)
	x.report("refused")
}

// panicError is a panic on its way to the error handler.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// caught makes an error of what recover returned, with the stack of the deferred function that called it.
func caught(v any) error { return &panicError{value: v, stack: debug.Stack()} }

// setSafetyHeaders sets the headers that every answer carries. Strict-Transport-Security is the front proxy's: only it
// knows that the public address is https.
func (s *server) setSafetyHeaders(c *fiber.Ctx) {
	for _, h := range s.safety {
		c.Response().Header.SetCanonical(h.name, h.value)
	}
}

// safetyHeader is a header as SetCanonical takes it: prepared once, because normalising names costs more than sending them.
type safetyHeader struct{ name, value []byte }

func safetyHeaders(policy string) (out []safetyHeader) {
	for _, h := range [][2]string{
		{fiber.HeaderContentSecurityPolicy, policy},
		{fiber.HeaderXContentTypeOptions, "nosniff"},
		// Tile servers refuse requests without a referrer; they learn our origin, never which page was read.
		{fiber.HeaderReferrerPolicy, "strict-origin-when-cross-origin"},
		{fiber.HeaderPermissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"}, // ReadableByAll opens it for data
	} {
		out = append(out, safetyHeader{[]byte(h[0]), []byte(h[1])})
	}
	return out
}

// contentPolicy allows our own files only. Leaflet places its tiles through the CSSOM, which a policy doesn't govern, and
// empties removed ones with a data: image; no inline script or style is needed anywhere.
func (s *server) contentPolicy() string {
	images := "'self' data:"
	if o := s.TileOrigin; o != "" {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o || strings.ContainsAny(o, " ;,'\"") {
			s.log.Error("the background map's origin is not of the form https://host, so its tiles will not show", "origin", o)
		} else {
			images += " " + o
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src " + images + "; font-src 'self'; " +
		"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; " + noFrames
}

// noFrames is the part of the policy that keeps every page out of the frames of others.
const noFrames = "frame-ancestors 'none'"

// FramableByAll lets any site show the routes that it stands before in a frame. Only pages that do nothing when they are clicked, and
// that know no visitor, may be shown so.
func FramableByAll(c *fiber.Ctx) error {
	policy := string(c.Response().Header.Peek(fiber.HeaderContentSecurityPolicy))
	c.Set(fiber.HeaderContentSecurityPolicy, strings.Replace(policy, noFrames, "frame-ancestors *", 1))
	c.Set("Cross-Origin-Resource-Policy", "cross-origin") // for sites that isolate themselves
	return c.Next()
}

// FramesOwn lets the routes that it stands before hold frames, with our own pages alone.
func FramesOwn(c *fiber.Ctx) error {
	policy := string(c.Response().Header.Peek(fiber.HeaderContentSecurityPolicy))
	c.Set(fiber.HeaderContentSecurityPolicy, strings.Replace(policy, noFrames, "frame-src 'self'; "+noFrames, 1))
	return c.Next()
}

// ReadableByAll lets scripts of any site read what is under it, without credentials. Use it with app.Use or a group, so
// that it also sees OPTIONS: app.Use("/communes", httpserve.ReadableByAll).
func ReadableByAll(c *fiber.Ctx) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		setOwn(c, fiber.HeaderAccessControlAllowOrigin, "*")
		setOwn(c, fiber.HeaderAccessControlExposeHeaders, "Accept-Ranges, Content-Crs, Content-Disposition, Content-Range, ETag, Link, X-Request-Id")
		setOwn(c, "Cross-Origin-Resource-Policy", "cross-origin")
		if c.Method() == fiber.MethodOptions && c.Get(fiber.HeaderAccessControlRequestMethod) != "" {
			c.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, OPTIONS")
			c.Set(fiber.HeaderAccessControlAllowHeaders, "Accept, Accept-Language, If-None-Match, If-Range, Range")
			c.Set(fiber.HeaderAccessControlMaxAge, "86400")
		}
	}
	return c.Next()
}

// refuseEncodedBody answers 415: Fiber's c.Body inflates after BodyLimit was checked, so a small body could fill the memory.
func refuseEncodedBody(c *fiber.Ctx) error {
	if e := c.Get(fiber.HeaderContentEncoding); e != "" && !strings.EqualFold(e, "identity") {
		c.Set(fiber.HeaderAcceptEncoding, "identity")
		return fiber.NewError(fiber.StatusUnsupportedMediaType, "A compressed request body is not accepted.")
	}
	return nil
}
