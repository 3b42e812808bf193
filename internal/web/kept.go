package web

import (
	"bytes"
	"errors"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
)

// Pages that count much, those of the whole registry and of its places, are kept compressed until the next publication or the next day: what
// makes them is their length, and most visitors come to the same few. Pages of single records aren't: they are many, and soon made.

const mimePage = "text/html; charset=utf-8"

type keptKey struct{}

// madePage is where send leaves a page that is to be kept.
type madePage struct{ body []byte }

// errSent says that a handler sent something that isn't kept.
var errSent = errors.New("the answer is sent already")

// kept has a handler's page made by one visitor for all. The page may depend on the address, the store and the day alone.
func (s *Server) kept(handler fiber.Handler) fiber.Handler {
	if s.Kept == nil {
		return handler
	}
	return func(c *fiber.Ctx) error {
		if c.Context().QueryArgs().Has(recordedParam) { // nobody keeps what was
			return handler(c)
		}
		version, err := s.Kept.Version(c.UserContext(), s.Store)
		if err != nil {
			return err
		}
		question := "page " + string(dayOf(s.now())) + " " + c.OriginalURL()
		page, err := s.Kept.Of(c.UserContext(), version, question, func() (httpserve.Kept, error) {
			var made madePage
			c.Locals(keptKey{}, &made)
			if err := handler(c); err != nil {
				return httpserve.Kept{}, err
			}
			if made.body == nil {
				return httpserve.Kept{}, errSent
			}
			// The copy has no more room than it takes.
			return httpserve.Kept{Body: bytes.Clone(httpserve.Compress(made.body)), Version: httpserve.ContentVersion(made.body)}, nil
		})
		if errors.Is(err, errSent) {
			return nil
		}
		if err != nil {
			return err
		}
		return httpserve.Send(c, httpserve.Payload{ContentType: mimePage, Gzip: page.Body, Version: page.Version})
	}
}
