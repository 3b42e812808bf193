package httpserve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"mithaq/internal/registry"
)

// Problem is an error as a program reads it (RFC 9457). Code, parameter, got and takes are our extension members.
type Problem struct {
	Type      string        `json:"type"` // "about:blank": the status says it all (section 4.2.1)
	Title     string        `json:"title"`
	Status    int           `json:"status"`
	Detail    string        `json:"detail,omitempty"`
	Instance  string        `json:"instance,omitempty"` // the path, without the query
	Code      registry.Code `json:"code,omitempty"`
	Parameter string        `json:"parameter,omitempty"`
	Got       string        `json:"got,omitempty"`
	Takes     string        `json:"takes,omitempty"`
	RequestID string        `json:"request_id,omitempty"`
}

// statusOf is the one table from an error's code to its HTTP status.
var statusOf = map[registry.Code]int{
	registry.Invalid:     fiber.StatusBadRequest,
	registry.NotFound:    fiber.StatusNotFound,
	registry.Conflict:    fiber.StatusConflict,
	registry.Busy:        fiber.StatusServiceUnavailable,
	registry.Unavailable: fiber.StatusServiceUnavailable,
	registry.Internal:    fiber.StatusInternalServerError,
}

// retryAfter is in seconds: a writer is done soon, a database server is restarted by somebody.
var retryAfter = map[registry.Code]string{registry.Busy: "2", registry.Unavailable: "30"}

// httpProblems says what an error of HTTP itself means here; Fiber's own texts repeat the request.
var httpProblems = map[int]struct {
	code   registry.Code
	detail string
}{
	fiber.StatusNotFound:                    {registry.NotFound, "There is nothing at this address."},
	fiber.StatusMethodNotAllowed:            {registry.Invalid, "This address does not take this method; the Allow header lists those it takes."},
	fiber.StatusRequestTimeout:              {registry.Invalid, "The request did not arrive in time."},
	fiber.StatusRequestEntityTooLarge:       {registry.Invalid, "The request body is too large."},
	fiber.StatusRequestURITooLong:           {registry.Invalid, "The address is too long."},
	fiber.StatusRequestHeaderFieldsTooLarge: {registry.Invalid, "The request's headers are too large."},
	fiber.StatusNotImplemented:              {registry.Invalid, "This method is not known here."},
	fiber.StatusHTTPVersionNotSupported:     {registry.Invalid, "HTTP/1.1 is spoken here."},
}

// ProblemOf turns any error into what the public may know of it. What isn't a *registry.Error or a *fiber.Error is ours:
// its text stays in the log.
func ProblemOf(err error) Problem {
	p := Problem{Type: "about:blank", Status: fiber.StatusInternalServerError, Code: registry.Internal,
		Detail: "Something went wrong on our side; the request id finds it in our log."}
	var ours *registry.Error
	var router *fiber.Error
	switch {
	case errors.As(err, &ours) && statusOf[ours.Code] != 0:
		p.Status, p.Code, p.Detail = statusOf[ours.Code], ours.Code, ours.Message
		p.Parameter, p.Got, p.Takes = ours.Param, clip(ours.Got), ours.Takes
	case errors.As(err, &router) && httpProblems[router.Code].detail != "":
		p.Status, p.Code, p.Detail = router.Code, httpProblems[router.Code].code, httpProblems[router.Code].detail
	case errors.As(err, &router) && router.Code < fiber.StatusInternalServerError:
		p.Status, p.Code, p.Detail = router.Code, registry.Invalid, router.Message
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, errLeft):
		p.Status, p.Code, p.Detail = fiber.StatusServiceUnavailable, registry.Unavailable, "The answer took too long."
	}
	p.Title = fasthttp.StatusMessage(p.Status)
	return p
}

// WriteProblem sends p as application/problem+json.
func WriteProblem(c *fiber.Ctx, p Problem) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Status(p.Status)
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Send(append(body, '\n'))
}

// handleError answers err: the only way an error leaves the program. It always returns nil.
func (s *server) handleError(c *fiber.Ctx, err error) error {
	p := ProblemOf(err)
	if p.Status == fiber.StatusMethodNotAllowed && c.Method() == fiber.MethodOptions {
		c.Append(fiber.HeaderAllow, fiber.MethodOptions)
		c.Status(fiber.StatusNoContent) // nobody routes OPTIONS; the router has listed what the address takes
		return nil
	}
	if p.Status == fiber.StatusMethodNotAllowed {
		c.Append(fiber.HeaderAllow, fiber.MethodOptions)
	}
	x := exchangeOf(c)
	if x != nil {
		p.Instance, p.RequestID = strings.ToValidUTF8(x.path, "\uFFFD"), x.id
		if p.Status >= fiber.StatusInternalServerError && !errors.Is(context.Cause(&x.life), errLeft) {
			x.fail(err)
		}
	}

	// What the handler had prepared was for the answer that failed.
	c.Response().ResetBody()
	for _, name := range []string{fiber.HeaderETag, fiber.HeaderContentEncoding, fiber.HeaderContentDisposition, fiber.HeaderContentType} {
		c.Response().Header.Del(name)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	if after := retryAfter[p.Code]; after != "" {
		c.Set(fiber.HeaderRetryAfter, after)
	}
	c.Status(p.Status)
	if s.errorPage(c, p) {
		return nil
	}
	if err := WriteProblem(c, p); err != nil {
		s.log.Error("a problem could not be written", "error", err)
	}
	return nil
}

// errorPage asks OnError for its own answer. A template that panics over an error must not hide it.
func (s *server) errorPage(c *fiber.Ctx, p Problem) (handled bool) {
	if s.OnError == nil {
		return false
	}
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("the error page failed", "error", fmt.Sprint(v), "stack", string(debug.Stack()), "request_id", p.RequestID)
			c.Response().ResetBody()
			handled = false
		}
	}()
	return s.OnError(c, p.Status, p)
}
