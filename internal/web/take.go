package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/picture"
	"mithaq/internal/registry"
)

// What one takes along from a page: a frame for another site, its address, a print, a word to whoever keeps the registry; and what the
// page says of itself to the sites that links to it are put on.

// TakeView is the row of what one can do with a page.
type TakeView struct {
	Title   string
	Address string // public, absolute
	Cites   bool   // the page says how to cite it
	Embed   string // the page that offers the embed; empty when there is none
	Mail    string // mailto: with the address, for whoever has no script
	Report  string // where a mistake is reported; empty when the operator has given no address
}

// Cited is a source that a page's marks lead to: a footnote on paper.
type Cited struct {
	Link
	Number  int
	Address string // public, absolute
}

// SocialCard is what other sites show beside a link to the page.
type SocialCard struct {
	Image, Alt    string
	Locale        string
	Locales       []string // of the same page in the other languages
	OEmbed        string
	Width, Height int
}

// locales are the languages as the Open Graph names them.
var locales = map[Lang]string{French: "fr_MA", Arabic: "ar_MA", English: "en_GB"}

// addTake adds to a page what needs its public address; a copy of the site that has none goes without. path is without the language, query
// with its question mark.
func (s *Server) addTake(w *words, p *Page, path, query string) {
	if s.BaseURL == "" {
		return
	}
	card := SocialCard{Alt: w.say("card.alt", args{"Title": p.Title}), Locale: locales[w.lang], Width: picture.CardWidth, Height: picture.CardHeight}
	for _, lang := range Langs {
		if lang != w.lang {
			card.Locales = append(card.Locales, locales[lang])
		}
	}
	values, _ := url.ParseQuery(strings.TrimPrefix(query, "?")) // the handler has refused what can't be read
	card.Image = s.BaseURL + cardPath(w.lang, path, values)
	t, err := s.parseTarget("/"+string(w.lang)+"/"+path+query, embedOfParam)
	embeddable := err == nil
	if embeddable {
		card.OEmbed = s.BaseURL + oEmbedPath + "?" + url.Values{"url": {p.Canonical}, "format": {"json"}}.Encode()
	}
	p.Card = &card
	if p.Subject == "" {
		return
	}
	take := &TakeView{Title: p.Title, Address: p.Canonical, Cites: p.Subject != explorerSubject}
	if embeddable {
		take.Embed = "/" + string(w.lang) + "/embed?" + url.Values{embedOfParam: {t.page(w.lang)}}.Encode()
	}
	take.Mail = mailto("", p.Title+" — Mithaq", p.Title+"\n"+p.Canonical)
	if s.Contact != "" {
		take.Report = s.Contact
		if strings.Contains(s.Contact, "@") {
			body := w.say("report.body", args{"Title": p.Title, "Address": p.Canonical, "Id": p.Subject})
			take.Report = mailto(s.Contact, w.say("report.subject", args{"Id": p.Subject}), body)
		}
	}
	p.Take = take
	p.Scripts = append(slices.Clone(p.Scripts), "js/take.js")
}

// mailto is an address that opens a letter. Letters have lines that end in CR LF (RFC 6068).
func mailto(to, subject, body string) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return "mailto:" + to + "?subject=" + escape(subject) + "&body=" + escape(strings.ReplaceAll(body, "\n", "\r\n"))
}

// cardPath is the address of the card of a page, given by its path without the language: its own, or the first page's.
func cardPath(lang Lang, path string, query url.Values) string {
	kind, rest, _ := strings.Cut(path, "/")
	id, _, _ := strings.Cut(rest, "/") // whatever lies under a record has the record's card
	ofRecord := slices.ContainsFunc(registry.Types, func(t registry.Type) bool { return t.Plural() == kind })
	if id == "" || levelOf(kind) == "" && !ofRecord {
		return cardsPath + "/" + string(lang) + "/home.png"
	}
	address := cardsPath + "/" + string(lang) + "/" + kind + "/" + id + ".png"
	asked := url.Values{}
	for _, name := range []string{asOfParam, recordedParam} {
		if query.Has(name) {
			asked[name] = query[name]
		}
	}
	if len(asked) > 0 {
		address += "?" + asked.Encode()
	}
	return address
}

// citedSources are the sources that the page's marks lead to, in the order in which they came.
func (r *reading) citedSources() (out []Cited) {
	for i, id := range r.cited {
		out = append(out, Cited{Link: r.link(id), Number: i + 1, Address: r.base + r.href(registry.TypeSource, id)})
	}
	return out
}

// cite numbers a source among those of the page.
func (r *reading) cite(id registry.ID) int {
	i := slices.Index(r.cited, id)
	if i < 0 {
		i = len(r.cited)
		r.cited = append(r.cited, id)
	}
	return i + 1
}

// oEmbedPath is where programs ask how a page is embedded (oembed.com, version 1.0).
const oEmbedPath = "/oembed"

// leastEmbed is the smallest frame that an embed is made for, in pixels.
const leastEmbed = 200

func (s *Server) getOEmbed(c *fiber.Ctx) error {
	r, err := s.read(c, "url", "format", "maxwidth", "maxheight")
	if err != nil {
		return err
	}
	if f := r.q["format"]; f != "" && f != "json" {
		return fiber.NewError(fiber.StatusNotImplemented, "Only the format json is answered.")
	}
	// The pages on which others embed ours send the widest and highest that they have room for.
	width, err := r.q.Int("maxwidth", 640, leastEmbed, 10_000)
	if err != nil {
		return err
	}
	height, err := r.q.Int("maxheight", 480, leastEmbed, 10_000)
	if err != nil {
		return err
	}
	t, err := s.parseTarget(r.q["url"], "url")
	if err != nil {
		return err
	}
	r = r.in(s.words[t.lang])
	name, err := s.nameOf(r, t)
	if err != nil {
		return err
	}
	width, height = min(width, 640), min(height, 480)
	body, err := json.Marshal(map[string]any{
		"version": "1.0", "type": "rich", "title": name.Text, "provider_name": "Mithaq", "provider_url": s.BaseURL, "cache_age": 3600,
		"html":  iframe(s.BaseURL+t.embed(t.lang), name.Text+" — Mithaq", strconv.Itoa(width), strconv.Itoa(height)),
		"width": width, "height": height,
		"thumbnail_url":   s.BaseURL + cardPath(t.lang, strings.TrimPrefix(t.path, "/"), t.query),
		"thumbnail_width": picture.CardWidth, "thumbnail_height": picture.CardHeight,
	})
	if err != nil {
		return err
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "application/json", Body: body})
}

// explorerSubject is the explorer as a subject of reports.
const explorerSubject = "map"

// contactLink is the operator's address for the page about the registry; nil without one.
func (s *Server) contactLink() *Link {
	switch {
	case s.Contact == "":
		return nil
	case strings.Contains(s.Contact, "@"):
		return &Link{Text: Text{Text: s.Contact, Dir: "ltr"}, Href: "mailto:" + s.Contact}
	}
	return &Link{Text: Text{Text: s.Contact, Dir: "ltr"}, Href: s.Contact}
}
