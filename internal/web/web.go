// Package web makes the pages for people: an official who asks what stands where, a journalist who asks what was promised and
// where that is written, a citizen of a commune, in French, Arabic or English. A handler decodes the address, asks the
// store, builds a view of finished strings and renders it; rules of the registry live in package registry, not here.
//
// It refuses to say more than the records do: a value that no source states is said to be so, a date keeps the precision it has, a
// place that nobody found is a name and not a point. Every page works without script and is served whole.
package web

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/passage"
	"mithaq/internal/picture"
	"mithaq/internal/registry"
	"mithaq/internal/search"
)

// Deps is what the pages are made from.
type Deps struct {
	Store     registry.Reader
	Past      registry.Archive // nil: nobody can ask for the registry of a moment before
	Gazetteer *gazetteer.Gazetteer
	Assets    *httpserve.Assets
	// BaseURL is the public address without a slash at its end, for links that leave the page: canonical, hreflang. Without one there are
	// none: a copy on a disk has no public address.
	BaseURL string
	Tiles   Tiles
	Log     *slog.Logger // nil: nothing is logged
	// Formats are the ids of the forms in which the interface for programs gives items; nil means GeoJSON alone.
	Formats []string
	// Definition lists the addresses of the interface for programs, as its own page does; nil: no list.
	Definition func() httpserve.Document
	// Dump is the path of a collection's whole dump in a format, empty for none; nil: none are prepared.
	Dump func(collection, format string) string
	// Contact is where mistakes are reported: an e-mail address, or the address of a page; empty for none.
	Contact string
	// Kept keeps the pages that count much; nil: each is made anew.
	Kept *httpserve.AnswerCache
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server answers for the pages.
type Server struct {
	Deps
	background []byte // GeoJSON of what lies round about
	backdrop   *gazetteer.Backdrop
	words      map[Lang]*words
	templates  templates
	painter    *picture.Painter
	cards      cardShelf
	outlines   outlineShelf
	labels     []search.Label
	formats    []Format
	now        func() time.Time
}

// New prepares the pages: catalogs and templates are read now, so that a fault in one shows at start and not on a page.
func New(d Deps) (*Server, error) {
	s := &Server{Deps: d, now: d.Now}
	if s.now == nil {
		s.now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.formats = chosenFormats(d.Formats); d.Formats == nil {
		s.formats = KnownFormats[:1]
	}
	var err error
	if s.words, err = loadWords(); err != nil {
		return nil, fmt.Errorf("message catalogs: %w", err)
	}
	if s.templates, err = loadTemplates(s.words, d.Assets.AssetPath); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if s.painter, err = newPainter(d.Assets); err != nil {
		return nil, fmt.Errorf("cards: %w", err)
	}
	s.labels = searchLabels(s.words)
	if s.backdrop, err = gazetteer.Background(); err != nil {
		return nil, fmt.Errorf("background of the maps: %w", err)
	}
	if s.background, err = s.backdrop.GeoJSON(); err != nil {
		return nil, fmt.Errorf("background of the maps: %w", err)
	}
	return s, nil
}

// Mount adds the pages to an application. It comes before the files of package httpapi: feeds lie in the same folders.
func (s *Server) Mount(app fiber.Router) {
	app.Get("/", s.chooseLanguage)
	app.Get(backgroundPath, s.getBackground)
	s.mountFeeds(app)
	s.mountFound(app)
	app.Get("/catalog", httpserve.ReadableByAll, s.getCatalog)
	app.Get("/cite/:plural/:file", httpserve.ReadableByAll, s.getCitation)
	app.Use(oEmbedPath, httpserve.ReadableByAll)
	app.Get(oEmbedPath, s.getOEmbed)
	app.Use(cardsPath, httpserve.ReadableByAll)
	app.Get(cardsPath+"/:lang/:file", s.getCard)
	app.Get(cardsPath+"/:lang/:kind/:file", s.getCard)
	for _, lang := range Langs {
		g := app.Group("/"+string(lang), func(c *fiber.Ctx) error {
			c.Locals(langKey{}, lang)
			return c.Next()
		})
		g.Get("/", s.kept(s.getHome))
		g.Get("/map", s.kept(s.getExplorer))
		g.Get("/search", s.getSearch)
		g.Get("/search/suggest", s.getSuggestions)
		g.Get("/about", s.getAbout)
		g.Get("/about/components", s.getComponents)
		for _, t := range indexed {
			g.Get("/"+t.Plural(), s.kept(s.getIndex(t)))
		}
		g.Get("/changes", s.getChanges)
		g.Get("/data", s.getData)
		g.Get("/api", s.getAPI)
		g.Get("/history/:id", s.getHistory)
		g.Get("/communes/:code", s.kept(s.getCommune))
		g.Get("/provinces/:code", s.kept(s.getArea(registry.LevelProvince)))
		g.Get("/regions/:code", s.kept(s.getArea(registry.LevelRegion)))
		g.Get("/agreements", s.kept(s.getAgreements))
		g.Get("/agreements/:id", s.getAgreement)
		g.Get("/amendments/:id", s.getRecord(registry.TypeAmendment))
		g.Get("/sites/:id", s.getRecord(registry.TypeSite))
		g.Get("/organisations/:id", s.kept(s.getRecord(registry.TypeOrganisation)))
		g.Get("/programmes/:id", s.kept(s.getRecord(registry.TypeProgramme)))
		g.Get("/events/:id", s.getRecord(registry.TypeEvent))
		g.Get("/announcements/:id", s.getAnnouncement)
		g.Get("/sources/:id", s.getSource)
		s.mountEmbeds(g)
	}
}

// backgroundPath is the address of the land round about, which the maps draw under the units.
const backgroundPath = "/map/background.geojson"

type langKey struct{}

// langOf is the language of the page asked for; outside the pages, the visitor's own.
func langOf(c *fiber.Ctx) Lang {
	if lang, ok := c.Locals(langKey{}).(Lang); ok {
		return lang
	}
	return preferredLang(c.Get(fiber.HeaderAcceptLanguage))
}

// read starts the reading of one page, of the registry as it is or as it was published at a moment, on a day of the visitor's or
// today, with the query parameters that the page knows.
func (s *Server) read(c *fiber.Ctx, allowed ...string) (*reading, error) {
	q, err := httpserve.Query(c, append(slices.Clone(allowed), recordedParam)...)
	if err != nil {
		return nil, err
	}
	recorded := q[recordedParam]
	delete(q, recordedParam) // it is of every page, and none of a page's own questions
	store, now, err := registry.ReaderAsked(c.UserContext(), s.Store, s.Past, recorded, s.now())
	if err != nil {
		return nil, err
	}
	day, err := registry.DayAsked(q[asOfParam], now)
	if err != nil {
		return nil, err
	}
	lang := langOf(c)
	if slices.Contains(allowed, langParam) { // an address without a language has one of its own, not the visitor's
		if lang = French; q.Has(langParam) {
			var ok bool
			if lang, ok = parseLang(q[langParam]); !ok {
				return nil, &registry.Error{Code: registry.Invalid, Message: "There is no such language.", Param: langParam, Got: q[langParam], Takes: "fr, ar or en"}
			}
		}
	}
	if recorded != "" {
		noteRecorded(c, s.words[lang], recorded)
	}
	return &reading{
		q:        q,
		moment:   recorded,
		words:    s.words[lang],
		base:     s.BaseURL,
		ctx:      c.UserContext(),
		store:    store,
		gaz:      s.Gazetteer,
		outlines: &s.outlines,
		forms:    s.formats,
		backdrop: s.backdrop,
		day:      day,
		asOf:     q.Has(asOfParam),
		known:    map[registry.ID]registry.Stored{},
		texts:    map[registry.ID]*passage.Text{},
	}, nil
}

// asOfParam asks for the state in force on a day; see registry.DayAsked.
const asOfParam = "as-of"
