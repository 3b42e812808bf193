package httpserve

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Answer is what an application answers to a GET, whole and uncompressed.
type Answer struct {
	Status      int
	ContentType string
	Location    string // of a redirect
	Body        []byte
}

// Asker asks an application without a socket: the same middlewares and handlers answer, so that what is written to a disk is what is
// served. Several goroutines may ask at once.
type Asker struct{ handler fasthttp.RequestHandler }

// NewAsker prepares to ask an application made by New, whose routes are all there.
func NewAsker(app *fiber.App) *Asker { return &Asker{app.Handler()} }

// Ask answers for an address of the application: a path, with a query or without. A status that is no success is an answer, not an
// error; a stream that broke is an error.
func (a *Asker) Ask(ctx context.Context, address string) (Answer, error) {
	if err := context.Cause(ctx); err != nil {
		return Answer{}, err
	}
	var request fasthttp.Request
	request.Header.SetMethod(fiber.MethodGet)
	request.SetRequestURI(address)
	request.Header.SetHost("localhost")
	request.Header.Set(fiber.HeaderAccept, "text/html, */*;q=0.1")
	var f fasthttp.RequestCtx
	f.Init(&request, nil, nil)
	a.handler(&f)
	out := Answer{
		Status:      f.Response.StatusCode(),
		ContentType: strings.Clone(string(f.Response.Header.ContentType())),
		Location:    string(f.Response.Header.Peek(fiber.HeaderLocation)),
	}
	var body bytes.Buffer
	if err := f.Response.BodyWriteTo(&body); err != nil { // Body() would give the text of a stream's error as a body
		return Answer{}, fmt.Errorf("%s: %w", address, err)
	}
	out.Body = body.Bytes()
	return out, nil
}
