// Package httpapi is the registry for programs: GeoJSON of places, the JSON twins of pages, and collections of features by
// OGC API - Features' addresses. A handler decodes, calls and encodes; what holds on a day is registry's to compute and what
// a feature says is feature's. Pages for people are in package web.
package httpapi

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/geodata"
	"mithaq/internal/dossier"
	"mithaq/internal/dump"
	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// Server answers programs.
type Server struct {
	Store   registry.Reader
	Past    registry.Archive // nil: nobody can ask for the registry of a moment before
	Places  *gazetteer.Gazetteer
	BaseURL string // public address without a final slash, in every link
	Version string // of the program; a part of every ETag
	Now     func() time.Time
	// HTML sends a document as a page for people. Templates belong to the pages, which bring it.
	HTML func(c *fiber.Ctx, d httpserve.Document) error
	// Labels name codes in files; nil leaves the codes alone.
	Labels export.Labels
	// Dumps are the whole dumps; nil: there are none.
	Dumps *dump.Dumps
	// Kept keeps short answers; nil: Mount makes one.
	Kept *httpserve.AnswerCache

	cache    *extentCache // made by Mount, as the others are
	counts   *countCache
	taken    map[string]taken // by collection
	tilesets []tileset
}

// Mount adds the routes for programs.
func (s *Server) Mount(app *fiber.App) {
	s.cache, s.counts, s.taken, s.tilesets = &extentCache{}, &countCache{}, s.allTaken(), s.allTilesets()
	if s.Kept == nil {
		s.Kept = &httpserve.AnswerCache{}
	}
	for _, prefix := range []string{"/api", "/communes", "/provinces", "/regions", "/schemas", "/history", "/changes.json", downloadsPath} {
		app.Use(prefix, httpserve.ReadableByAll)
	}
	app.Get("/api", s.landing)
	app.Get("/api/openapi.json", s.openAPI)
	app.Get("/api/api.html", s.definitionPage)
	app.Get("/api/conformance", s.conformance)
	app.Get("/api/collections", s.collections)
	app.Get("/api/collections/:collection", s.collection)
	app.Get("/api/collections/:collection/queryables", s.queryables)
	app.Get("/api/collections/:collection/items", s.items)
	app.Get("/api/collections/:collection/items/:id", s.item)
	s.mountTiles(app)
	for _, level := range registry.PagedLevels {
		app.Get("/"+level.Plural()+"/:file", s.placeFile(level))
	}
	for _, t := range registry.Types {
		app.Use("/"+t.Plural(), httpserve.ReadableByAll)
		app.Get("/"+t.Plural()+"/:file", s.recordFile(t))
	}
	app.Get(downloadsPath, s.getDownloads)
	app.Get(downloadsPath+"/:snapshot", s.getSnapshot)
	app.Get(downloadsPath+"/:snapshot/:file", s.getDownload)
	app.Get("/history/:file", s.historyFile)
	app.Get("/changes.json", s.changes)
	app.Get("/schemas/records.json", func(c *fiber.Ctx) error {
		return httpserve.Send(c, httpserve.Payload{ContentType: mimeSchema, Body: dossier.Schema})
	})
}

// asOf is the parameter that asks for the state on a day; see registry.DayAsked.
const asOf = "as-of"

// recorded is the parameter that asks for the registry as it was published at a moment; see registry.MomentAsked.
const recorded = "recorded"

// asked is the server of the registry that a request asks for, as it is or as it was published at a moment: good until ctx ends, so
// a stream asks again with its own.
func (s *Server) asked(ctx context.Context, p httpserve.Params) (*Server, error) {
	if !p.Has(recorded) {
		return s, nil
	}
	store, now, err := registry.ReaderAsked(ctx, s.Store, s.Past, p[recorded], s.Now())
	at := *s
	at.Store, at.Now = store, func() time.Time { return now }
	return &at, err
}

// version names the data behind an answer: the publications so far, the program, and the question.
func (s *Server) version(ctx context.Context, c *fiber.Ctx, day edtf.Day) (string, error) {
	v, err := s.Store.Version(ctx)
	return v + " " + s.Version + " " + string(day) + " " + c.OriginalURL(), err
}

// link is a link as OGC API documents have them.
type link = httpserve.Link

// pageLinks are the addresses of the page in each language, for a path without the language.
func (s *Server) pageLinks(path string) []link {
	var out []link
	for _, lang := range []string{"fr", "ar", "en"} {
		out = append(out, link{Href: s.BaseURL + "/" + lang + path, Rel: "alternate", Type: "text/html", HrefLang: lang})
	}
	return out
}

// credit is what every export shows of the data's owners.
type credit struct {
	Attribution string `json:"attribution"`
	Licence     string `json:"licence"`
}

func credits() credit { return credit{geodata.Credit(), geodata.Licence} }

// notFound is the error for a path that names nothing.
func notFound(what, got, takes string) error {
	return &registry.Error{Code: registry.NotFound, Message: "There is no such " + what + ".", Param: what, Got: got, Takes: takes}
}

// boundaryOf streams the one boundary feature of a unit.
func boundaryOf(code registry.PlaceCode, level registry.PlaceLevel, detail gazetteer.Detail) registry.FeatureQuery {
	return registry.FeatureQuery{Collection: feature.BoundaryCollection(level), Detail: string(detail), Day: "0000-01-01", ID: string(code)}
}
