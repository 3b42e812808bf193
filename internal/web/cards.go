package web

import (
	"strconv"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/picture"
	"mithaq/internal/registry"
)

// Cards are pictures of pages, for other sites to show beside a link: /cards/{lang}/communes/{code}.png and its sisters. A record without a
// place has a card without a map that says so.

// cardsPath begins the addresses of cards. What follows is the page's own path, language first, and .png; the first page is "home".
const cardsPath = "/cards"

// keptCards bounds the cards that are kept drawn: some two megabytes.
const keptCards = 48

// cardShelf keeps the cards that were asked for last, by version of the registry, so that a link that many people share is drawn once.
type cardShelf struct {
	mu    sync.Mutex
	order []string // the latest last
	cards map[string][]byte
}

func (s *cardShelf) get(key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	png, ok := s.cards[key]
	return png, ok
}

func (s *cardShelf) put(key string, png []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cards == nil {
		s.cards = map[string][]byte{}
	}
	if _, ok := s.cards[key]; !ok {
		s.order = append(s.order, key)
	}
	s.cards[key] = png
	if len(s.order) > keptCards {
		delete(s.cards, s.order[0])
		s.order = s.order[1:]
	}
}

// newPainter reads what cards are drawn with from the files that the pages have.
func newPainter(assets *httpserve.Assets) (*picture.Painter, error) {
	var fonts picture.FontFiles
	for name, into := range map[string]*[]byte{
		"latin-400": &fonts.Latin, "latin-600": &fonts.LatinBold, "arabic-400": &fonts.Arabic, "arabic-600": &fonts.ArabicBold,
	} {
		raw, err := assets.Content("vendor/fonts/card/plex-" + name + ".ttf")
		if err != nil {
			return nil, err
		}
		*into = raw
	}
	css, err := assets.Content("css/tokens.css")
	if err != nil {
		return nil, err
	}
	palette, err := picture.ReadPalette(css)
	if err != nil {
		return nil, err
	}
	return picture.NewPainter(fonts, palette)
}

// getCard answers for every card.
func (s *Server) getCard(c *fiber.Ctx) error {
	path, isPNG := strings.CutSuffix(httpserve.PathParam(c, "file"), ".png")
	lang, known := parseLang(httpserve.PathParam(c, "lang"))
	if !isPNG || !known {
		return fiber.ErrNotFound
	}
	if kind := httpserve.PathParam(c, "kind"); kind != "" {
		path = kind + "/" + path
	}
	c.Locals(langKey{}, lang)
	r, err := s.read(c, asOfParam)
	if err != nil {
		return err
	}
	version, err := r.store.Version(r.ctx)
	if err != nil {
		return err
	}
	key := version + " " + string(r.lang) + " " + string(r.day) + " " + strconv.FormatBool(r.asOf) + " " + r.moment + " " + path
	png, drawn := s.cards.get(key)
	if !drawn {
		card, err := r.card(path)
		if err != nil {
			return err
		}
		if past, ok := c.Locals(recordedKey{}).(*Recorded); ok {
			card.Note = strings.TrimSpace(card.Note + " " + r.say("recorded.shown", args{"Moment": past.Words}))
		}
		if png, err = s.painter.PNG(card); err != nil {
			return err
		}
		s.cards.put(key, png)
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "image/png", Body: png, CacheControl: "public, max-age=3600"})
}

// card makes the card of a page: 404 for a page that has none.
func (r *reading) card(path string) (picture.Card, error) {
	card := picture.Card{RTL: r.lang.Dir() == "rtl", Credit: r.say("card.credit")}
	kind, id, _ := strings.Cut(path, "/")
	var err error
	switch {
	case path == "home":
		err = r.homeCard(&card)
	case levelOf(kind) != "":
		err = r.placeCard(&card, levelOf(kind), id)
	case registry.ID(id).Valid():
		err = r.recordCard(&card, kind, registry.ID(id))
	default:
		err = noRecord(path)
	}
	if r.asOf && err == nil {
		card.Note = strings.TrimSpace(card.Note + " " + r.say("as_of.shown", args{"Day": r.sayDay(r.day)}))
	}
	return card, err
}

// levelOf is the level that the first part of a page's path names; empty for none.
func levelOf(plural string) registry.PlaceLevel {
	for _, level := range registry.PagedLevels {
		if level.Plural() == plural {
			return level
		}
	}
	return ""
}

// ownLine is a text of a record on a card, in its own direction.
func ownLine(t Text) picture.Line { return picture.Line{Text: t.Text, RTL: t.Dir == "rtl"} }

// ourLine is a text in the page's language.
func (r *reading) ourLine(text string) picture.Line {
	return picture.Line{Text: text, RTL: r.lang.Dir() == "rtl"}
}

// counted is a number with what it counts.
func (r *reading) counted(key string, n int) picture.Figure {
	return picture.Figure{Number: r.whole(n), Label: r.count(key, n)}
}

func (r *reading) homeCard(card *picture.Card) error {
	totals, err := r.store.Totals(r.ctx)
	if err != nil {
		return err
	}
	counts, err := r.store.CountsByPlace(r.ctx)
	if err != nil {
		return err
	}
	card.Kicker, card.Title = r.say("place.country"), r.ourLine(r.say("home.heading"))
	card.Figures = []picture.Figure{r.counted("home.agreements", totals.Agreements), r.counted("home.sites", totals.Sites), r.counted("home.communes", totals.Communes)}
	card.Map, err = r.areaScene(registry.Country, registry.LevelProvince, counts)
	return err
}

func (r *reading) placeCard(card *picture.Card, level registry.PlaceLevel, code string) error {
	p, ok := r.gaz.Place(registry.PlaceCode(code))
	if !ok || p.Level != level {
		return noRecord(code)
	}
	all, err := r.everything()
	if err != nil {
		return err
	}
	in := all.in(r.gaz, p.Code, r.day)
	head := r.placeHead(p)
	card.Kicker, card.Title, card.Subtitle = head.Kind, r.ourLine(head.Name), ownLine(head.OtherName)
	card.Figures = []picture.Figure{r.counted("home.agreements", in.documented), r.counted("home.sites", in.sites)}
	card.Figures = append(append(card.Figures, r.total("shops.created", in.all.created)...), r.total("shops.restored", in.all.restored)...)
	if level == registry.LevelCommune {
		sites, err := r.sitesOn(in.first)
		if err != nil {
			return err
		}
		card.Map, err = r.siteScene(p.Code, sites, in.vague())
		return err
	}
	counts, err := r.store.CountsByPlace(r.ctx)
	if err != nil {
		return err
	}
	inner := registry.LevelCommune
	if level == registry.LevelRegion {
		inner = registry.LevelProvince
	}
	card.Map, err = r.areaScene(p.Code, inner, counts)
	return err
}

// premises are the sums of shops and workshops over sites: those to create, then those to restore; none when no source gives a figure.
func (r *reading) premises(sites []registry.Dated) (out []picture.Figure) {
	var created, restored total
	for _, s := range sites {
		created.add(s.Site().Shops.Created)
		restored.add(s.Site().Shops.Restored)
	}
	return append(r.total("shops.created", created), r.total("shops.restored", restored)...)
}

// total is a sum that says, as on the pages, over how many sites it has no figure; none when it has none at all.
func (r *reading) total(key string, t total) []picture.Figure {
	if t.sum == nil {
		return nil
	}
	f := picture.Figure{Number: r.figure(*t.sum, ""), Label: r.say(key)}
	if t.missing > 0 {
		f.Label += " · " + r.count("sum.without_figure", t.missing)
	}
	return []picture.Figure{f}
}

// surface is the sum of the sites' surfaces; none when no source gives one.
func (r *reading) surface(sites []registry.Dated) []picture.Figure {
	var surface total
	for _, s := range sites {
		surface.add(mainSurface(s.Site().Surface))
	}
	return r.total("site.surface", surface)
}

func (r *reading) recordCard(card *picture.Card, plural string, id registry.ID) error {
	stored, err := r.store.Record(r.ctx, id)
	if err != nil {
		return err
	}
	if stored.Record.Head().Type.Plural() != plural {
		return noRecord(string(id))
	}
	card.Kicker = label(r.words, "type", stored.Record.Head().Type)
	card.Title = ownLine(r.titleOf(stored.Record))
	switch stored.Record.(type) {
	case *registry.Agreement:
		return r.agreementCard(card, stored)
	case *registry.Site:
		return r.siteCard(card, stored)
	case *registry.Organisation, *registry.Programme:
		var agreements []registry.Stored
		agreements, err = r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAgreement}, PointsTo: []registry.ID{id}})
		card.Figures = []picture.Figure{r.counted("home.agreements", len(agreements))}
	}
	return err
}

func (r *reading) agreementCard(card *picture.Card, stored registry.Stored) error {
	views, err := registry.AgreementsOn(r.ctx, r.store, []registry.Stored{stored}, r.day)
	if err != nil {
		return err
	}
	now := views[0]
	a := now.Agreement()
	date, _ := r.agreementDate(a)
	card.Kicker = label(r.words, "agreement_kind", a.Kind) + " · " + date
	if place := r.nearestPlace(stored); place != "" {
		card.Subtitle = r.ourLine(place)
	}
	card.Figures = append(r.premises(now.Sites), r.surface(now.Sites)...)
	if len(now.Sites) > 0 {
		card.Figures = append(card.Figures, r.counted("home.sites", len(now.Sites)))
	}
	if len(a.Parties) > 0 {
		card.Figures = append(card.Figures, r.counted("card.parties", len(a.Parties)))
	}
	if card.Map, err = r.agreementScene(now); card.Map == nil {
		card.Note = r.say("card.no_place")
		if a.Scope == registry.ScopeCountry {
			card.Note = r.say("precision.country")
		}
	}
	return err
}

func (r *reading) siteCard(card *picture.Card, stored registry.Stored) error {
	dated, err := registry.SitesOn(r.ctx, r.store, []registry.Stored{stored}, r.day)
	if err != nil {
		return err
	}
	site := dated[0].Site()
	card.Kicker = label(r.words, "site_kind", site.Kind)
	if place := r.nearestPlace(stored); place != "" {
		card.Subtitle = r.ourLine(place)
	}
	card.Figures = append(r.premises(dated), r.surface(dated)...)
	if site.Status != registry.StatusUnknown {
		card.Figures = append(card.Figures, picture.Figure{Number: label(r.words, "site_status", site.Status), Label: r.say("site.status")})
	}
	found := stored.Resolution("/place")
	var focus registry.PlaceCode
	if p, ok := r.gaz.Place(found.Code); ok && p.Level == registry.LevelCommune {
		focus = p.Code
	}
	if card.Map, err = r.siteScene(focus, dated, nil); card.Map == nil {
		card.Note = r.say("card.no_place")
	}
	return err
}
