package web

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// Embeds are pages made for other sites' frames: a title, the map, the first rows, the way to the whole. They are the only pages
// that may be framed. Their addresses are those of the pages, with /embed after the language.

// embedRows is how many rows of its list an embed shows; the page has all.
const embedRows = 5

// embedColumns is how many columns of an area's table an embed shows: the units' names and what is counted.
const embedColumns = 4

// EmbedView is an embed.
type EmbedView struct {
	Kind    string
	Title   Link
	Summary string
	AsOf    string
	Map     *MapView
	Areas   *EmbedAreas
	Rows    []EmbedRow
	Facts   []Fact
	More    *Link
	Behind  []SiteRow   // not shown: popups are copied from them
	Units   []UnitTable // not shown: badges are drawn from them
}

// EmbedRow is an agreement or a site.
type EmbedRow struct {
	Title Link
	Chips []Chip
	Text  string
}

// EmbedAreas is the table of an area's units, with its first columns. All units are in it, for the map; Most are shown.
type EmbedAreas struct {
	Caption string
	Columns []string
	Rows    []AreaRow
	Most    int
}

func embedAreas(t AreaTable) *EmbedAreas {
	e := &EmbedAreas{Caption: t.Caption, Most: embedRows}
	for _, c := range t.Columns[:min(len(t.Columns), embedColumns)] {
		e.Columns = append(e.Columns, c.Label)
	}
	for _, row := range t.Rows {
		row.Cells = row.Cells[:min(len(row.Cells), embedColumns-1)]
		e.Rows = append(e.Rows, row)
	}
	return e
}

// mountEmbeds adds the embeds of one language and the page that offers them.
func (s *Server) mountEmbeds(g fiber.Router) {
	g.Get("/embed", httpserve.FramesOwn, s.getSnippet)
	for _, level := range registry.PagedLevels {
		g.Get("/embed/"+level.Plural()+"/:code", httpserve.FramableByAll, s.kept(s.embedPlace(level)))
	}
	g.Get("/embed/agreements/:id", httpserve.FramableByAll, s.embedAgreement)
	g.Get("/embed/sites/:id", httpserve.FramableByAll, s.embedSite)
	g.Get("/embed/map", httpserve.FramableByAll, s.kept(s.embedExplorer))
}

// sendEmbed sends an embed of the page at a path, which begins with the language.
func (s *Server) sendEmbed(c *fiber.Ctx, r *reading, path string, v EmbedView, scripts ...string) error {
	if v.AsOf = ""; r.asOf {
		v.AsOf = r.say("as_of.shown", args{"Day": r.sayDay(r.day)})
	}
	if v.Title.Href == "" {
		v.Title.Href = path
	}
	return s.send(c, r, "embed", Page{Layout: "frame", Title: v.Title.Text.Text, Canonical: s.BaseURL + path, View: v, Scripts: scripts})
}

// pagePath is the path of a page with the day and the moment that were asked for.
func (r *reading) pagePath(path string) string {
	path = "/" + string(r.lang) + path
	if r.asOf {
		path += "?" + asOfParam + "=" + url.QueryEscape(string(r.day))
	}
	return withMoment(path, r.moment)
}

// more leads to the rows that an embed doesn't show; nil when it shows all.
func (r *reading) more(total int, path string) *Link {
	if total <= embedRows {
		return nil
	}
	return &Link{Text: r.ours(r.count("embed.more", total-embedRows)), Href: path}
}

// embedAgreements are the first agreements of a list.
func embedAgreements(rows []AgreementRow) (out []EmbedRow) {
	for _, row := range rows[:min(len(rows), embedRows)] {
		out = append(out, EmbedRow{Title: row.Title, Chips: row.Chips, Text: row.Date})
	}
	return out
}

// embedSites are the first sites of a list.
func embedSites(rows []SiteRow) (out []EmbedRow) {
	for _, row := range rows[:min(len(rows), embedRows)] {
		out = append(out, EmbedRow{Title: row.Name, Chips: row.Chips, Text: row.Where})
	}
	return out
}

func (s *Server) embedPlace(level registry.PlaceLevel) fiber.Handler {
	allowed := []string{asOfParam}
	if level != registry.LevelCommune {
		allowed = append(allowed, sortParam)
	}
	return func(c *fiber.Ctx) error {
		r, err := s.read(c, allowed...)
		if err != nil {
			return err
		}
		p, err := s.place(c, level)
		if err != nil {
			return err
		}
		path := r.pagePath("/" + level.Plural() + "/" + string(p.Code))
		if level == registry.LevelCommune {
			page, err := r.communeView(p, s.Tiles)
			if err != nil {
				return err
			}
			return s.sendEmbed(c, r, path, EmbedView{
				Kind: page.Kind, Title: Link{Text: r.ours(page.Name)}, Summary: page.Summary, Map: &page.Map,
				Rows: embedAgreements(page.Agreements), More: r.more(len(page.Agreements), path), Behind: page.Sites,
			}, "js/commune-map.js")
		}
		page, err := r.areaView(p, s.Tiles)
		if err != nil {
			return err
		}
		return s.sendEmbed(c, r, path, EmbedView{
			Kind: page.Kind, Title: Link{Text: r.ours(page.Name)}, Summary: page.Summary, Map: &page.Map,
			Areas: embedAreas(page.Table), More: r.more(len(page.Table.Rows), path),
		}, "js/area-map.js")
	}
}

func (s *Server) embedAgreement(c *fiber.Ctx) error {
	r, stored, page, err := s.agreement(c)
	if err != nil {
		return err
	}
	path := r.pagePath("/agreements/" + string(stored.ID()))
	v := EmbedView{Kind: page.Kind, Title: Link{Text: page.Title}, Summary: page.Sentence, Map: page.Map, Rows: embedSites(page.Sites), More: r.more(len(page.Sites), path), Behind: page.Sites}
	if len(v.Rows) == 0 {
		v.Facts = page.Facts[:min(len(page.Facts), embedRows)]
	}
	return s.sendEmbed(c, r, path, v, "js/commune-map.js")
}

func (s *Server) embedSite(c *fiber.Ctx) error {
	r, err := s.read(c, asOfParam)
	if err != nil {
		return err
	}
	stored, err := s.record(c, r, registry.TypeSite)
	if err != nil {
		return err
	}
	page, err := r.siteView(stored, s.Tiles)
	if err != nil {
		return err
	}
	v := EmbedView{Kind: page.Kind, Title: Link{Text: page.Title}, Summary: page.Row.Where, Map: page.Map, Facts: page.Facts, Behind: []SiteRow{*page.Row}}
	return s.sendEmbed(c, r, r.pagePath("/sites/"+string(stored.ID())), v, "js/commune-map.js")
}

func (s *Server) embedExplorer(c *fiber.Ctx) error {
	r, done, err := s.readList(c, siteFilters)
	if err != nil || done {
		return err
	}
	page, err := r.explorerView(r.q, s.Tiles)
	if err != nil {
		return err
	}
	path := withMoment(siteFilters.address(r.lang, r.q), r.moment)
	var chosen []string
	for _, chip := range page.Chosen {
		chosen = append(chosen, chip.Text)
	}
	return s.sendEmbed(c, r, path, EmbedView{
		Kind: page.Total, Title: Link{Text: r.ours(r.say("explorer.title"))}, Summary: r.join(chosen), Map: &page.Map,
		Rows: embedSites(page.Rows), More: r.more(len(page.Rows), path), Behind: page.Rows, Units: page.Units,
	}, "js/explorer-map.js")
}

// embedSizes are the sizes that the snippet page offers, in pixels; a width of 0 is that of the page round about.
var embedSizes = []struct {
	code          string
	width, height int
}{{"small", 320, 300}, {"medium", 640, 480}, {"wide", 0, 600}}

const (
	embedOfParam   = "of"
	embedInParam   = "in"
	embedSizeParam = "size"
)

// SnippetView is the page that offers an embed.
type SnippetView struct {
	Action, Of    string
	Target        Link
	Languages     []Choice
	Sizes         []Choice
	Snippet       string // HTML, for the other site
	Preview       string
	FrameTitle    string
	Width, Height string // attributes of the frame
}

// getSnippet offers what to paste into another site's page, by form, with a look at it.
func (s *Server) getSnippet(c *fiber.Ctx) error {
	r, err := s.read(c, embedOfParam, embedInParam, embedSizeParam)
	if err != nil {
		return err
	}
	v := SnippetView{Action: "/" + string(r.lang) + "/embed", Of: r.q[embedOfParam]}
	p := Page{Title: r.say("embed.title"), Description: r.say("embed.lead"), NoIndex: true, Scripts: []string{"js/copy.js"}}
	if v.Of != "" {
		if err := s.fillSnippet(r, &v); err != nil {
			return err
		}
	}
	p.View = v
	return s.send(c, r, "snippet", p)
}

func (s *Server) fillSnippet(r *reading, v *SnippetView) error {
	lang := r.lang
	if asked := r.q[embedInParam]; asked != "" {
		known := false
		if lang, known = parseLang(asked); !known {
			return &registry.Error{Code: registry.Invalid, Message: "There is no such language.", Param: embedInParam, Got: asked, Takes: "fr, ar or en"}
		}
	}
	size := embedSizes[1]
	if asked := r.q[embedSizeParam]; asked != "" {
		i := slices.IndexFunc(embedSizes, func(x struct {
			code          string
			width, height int
		}) bool {
			return x.code == asked
		})
		if i < 0 {
			return &registry.Error{Code: registry.Invalid, Message: "There is no such size.", Param: embedSizeParam, Got: asked, Takes: "small, medium or wide"}
		}
		size = embedSizes[i]
	}
	target, err := s.parseTarget(v.Of, embedOfParam)
	if err != nil {
		return err
	}
	inItsLanguage := r.in(s.words[lang])
	name, err := s.nameOf(inItsLanguage, target)
	if err != nil {
		return err
	}
	for _, l := range Langs {
		v.Languages = append(v.Languages, Choice{Value: string(l), Text: ownNames[l], Current: l == lang})
	}
	for _, x := range embedSizes {
		v.Sizes = append(v.Sizes, Choice{Value: x.code, Text: r.say("embed.size_" + x.code), Current: x.code == size.code})
	}
	v.Width, v.Height = "100%", strconv.Itoa(size.height)
	if size.width > 0 {
		v.Width = strconv.Itoa(size.width)
	}
	v.Target = Link{Text: name, Href: target.page(lang)}
	v.Preview = target.embed(lang)
	v.FrameTitle = name.Text + " — Mithaq"
	v.Snippet = iframe(s.BaseURL+target.embed(lang), v.FrameTitle, v.Width, v.Height)
	return nil
}
