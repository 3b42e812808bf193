package web

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// mimeAtom is the media type of a feed.
const mimeAtom = "application/atom+xml; charset=utf-8"

// entriesInFeed bounds a feed; /{lang}/changes and the histories have the rest.
const entriesInFeed = 50

// feed is an Atom feed (RFC 4287).
type feed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string   `xml:"xml:lang,attr"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  person   `xml:"author"`
	Rights  string   `xml:"rights"`
	Links   []atomLink
	Entries []entry
}

type person struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type atomLink struct {
	XMLName  xml.Name `xml:"link"`
	Rel      string   `xml:"rel,attr"`
	Type     string   `xml:"type,attr,omitempty"`
	HrefLang string   `xml:"hreflang,attr,omitempty"`
	Href     string   `xml:"href,attr"`
}

// entry is one revision of one record.
type entry struct {
	XMLName   xml.Name `xml:"entry"`
	ID        string   `xml:"id"`
	Title     string   `xml:"title"`
	Updated   string   `xml:"updated"`
	Published string   `xml:"published"`
	Author    person   `xml:"author"`
	Category  category `xml:"category"`
	Links     []atomLink
	Content   content `xml:"content"`
}

type category struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr"`
}

// content is XHTML: what changed, as a list.
type content struct {
	Type string `xml:"type,attr"`
	Div  struct {
		XMLName xml.Name `xml:"http://www.w3.org/1999/xhtml div"`
		Lang    string   `xml:"lang,attr"`
		Dir     string   `xml:"dir,attr"`
		P       []string `xml:"p"`
		Items   []string `xml:"ul>li,omitempty"`
	}
}

// feedAddress is the address of a feed in a language; French is the one without a parameter.
func feedAddress(path string, lang Lang, values url.Values) string {
	if lang != French {
		with := url.Values{langParam: {string(lang)}}
		maps.Copy(with, values)
		values = with
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// feedOf is a page's feed as its head and foot name it.
func (r *reading) feedOf(path, title string) Alternate {
	return Alternate{Href: feedAddress(path, r.lang, nil), Type: "application/atom+xml", Name: r.say("feed.title", args{"Of": title})}
}

// placeFeed is the feed of what reaches a place.
func (r *reading) placeFeed(p registry.Place) Alternate {
	return r.feedOf(placePath(p)+".atom", r.placeName(p))
}

// recordFeed is the feed of a record and of those that point at it.
func (r *reading) recordFeed(record registry.Record) Alternate {
	return r.feedOf(recordPath(record.Head())+".atom", r.titleOf(record).Text)
}

// mountFeeds adds the feeds. They end in .atom and must be routed before the files that share their folders.
func (s *Server) mountFeeds(app fiber.Router) {
	for _, level := range registry.PagedLevels {
		app.Get("/"+level.Plural()+"/:code.atom", httpserve.ReadableByAll, s.getPlaceFeed(level))
	}
	for _, t := range registry.Types {
		app.Get("/"+t.Plural()+"/:id.atom", httpserve.ReadableByAll, s.getRecordFeed(t))
	}
	app.Get("/changes.atom", httpserve.ReadableByAll, s.getChangesFeed)
	app.Get("/search.atom", httpserve.ReadableByAll, s.getSearchFeed)
}

func (s *Server) getPlaceFeed(level registry.PlaceLevel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, err := s.read(c, langParam)
		if err != nil {
			return err
		}
		p, err := s.place(c, level)
		if err != nil {
			return err
		}
		title := r.say("feed.title", args{"Of": r.placeName(p)})
		return s.sendFeed(c, r, registry.RevisionQuery{Reaches: p.Code}, placePath(p), placePath(p)+".atom", title, nil)
	}
}

func (s *Server) getRecordFeed(t registry.Type) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, err := s.read(c, langParam)
		if err != nil {
			return err
		}
		stored, err := s.record(c, r, t)
		if err != nil {
			return err
		}
		path := recordPath(stored.Record.Head())
		title := r.say("feed.title", args{"Of": r.titleOf(stored.Record).Text})
		return s.sendFeed(c, r, registry.RevisionQuery{About: stored.ID()}, path, path+".atom", title, nil)
	}
}

func (s *Server) getChangesFeed(c *fiber.Ctx) error {
	r, err := s.read(c, langParam)
	if err != nil {
		return err
	}
	return s.sendFeed(c, r, registry.RevisionQuery{}, "/changes", "/changes.atom", r.say("feed.all"), nil)
}

// getSearchFeed is the feed of what a search finds now.
func (s *Server) getSearchFeed(c *fiber.Ctx) error {
	r, query, found, err := s.find(c, langParam)
	if err != nil {
		return err
	}
	ids := []registry.ID{""} // of no record: a search that finds nothing has an empty feed, not everybody's
	for _, h := range found.Hits {
		ids = append(ids, h.ID())
	}
	values := url.Values{"q": {query}}
	return s.sendFeed(c, r, registry.RevisionQuery{Records: ids}, "/search?"+values.Encode(), "/search.atom", r.say("feed.search", args{"Query": isolated(query)}), values)
}

// sendFeed reads revisions and sends them as a feed. page is the address of the same for people, without its language; values are the
// feed's own parameters.
func (s *Server) sendFeed(c *fiber.Ctx, r *reading, q registry.RevisionQuery, page, path, title string, values url.Values) error {
	q.Limit = entriesInFeed
	entries, _, err := r.entries(q)
	if err != nil {
		return err
	}
	self := r.base + feedAddress(path, r.lang, values)
	f := feed{
		Lang: string(r.lang), ID: self, Title: title, Rights: r.say("credit.data"),
		Updated: time.Unix(0, 0).UTC().Format(time.RFC3339), // nothing was ever published here
		Author:  person{registryName, r.base + "/"},
		Links:   []atomLink{{Rel: "self", Type: "application/atom+xml", HrefLang: string(r.lang), Href: self}},
	}
	for _, lang := range Langs {
		f.Links = append(f.Links, atomLink{Rel: "alternate", Type: "text/html", HrefLang: string(lang), Href: r.base + "/" + string(lang) + page})
		if lang != r.lang {
			f.Links = append(f.Links, atomLink{Rel: "related", Type: "application/atom+xml", HrefLang: string(lang), Href: r.base + feedAddress(path, lang, values)})
		}
	}
	for i, e := range entries {
		if at := e.At.UTC().Format(time.RFC3339Nano); i == 0 {
			f.Updated = at
		}
		f.Entries = append(f.Entries, r.feedEntry(e))
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := xml.NewEncoder(&out).Encode(f); err != nil {
		return fmt.Errorf("feed %s: %w", path, err)
	}
	out.WriteByte('\n')
	return httpserve.Send(c, httpserve.Payload{ContentType: mimeAtom, Body: out.Bytes()})
}

// feedEntry is one revision in words.
func (r *reading) feedEntry(e registry.HistoryEntry) entry {
	v := r.revisionView(e)
	title := r.titleOf(e.Record).Text
	out := entry{
		ID:    r.base + v.History, // good for ever: a record's id and its revisions' numbers are
		Title: r.say("feed.entry", args{"Title": isolated(title), "Version": v.Label}), Updated: v.Time, Published: v.Time, Author: person{Name: v.Role},
		Category: category{string(e.Record.Head().Type), v.Kind},
		Links: []atomLink{
			{Rel: "alternate", Type: "text/html", HrefLang: string(r.lang), Href: r.base + "/" + string(r.lang) + recordPath(e.Record.Head())},
			{Rel: "related", Type: "text/html", HrefLang: string(r.lang), Href: r.base + v.History},
		},
	}
	out.Content.Type = "xhtml"
	d := &out.Content.Div
	d.Lang, d.Dir = string(r.lang), r.lang.Dir()
	d.P = []string{strings.TrimSpace(v.Kind + " — " + v.Reason)}
	if v.First {
		d.P = append(d.P, r.say("history.first"))
	}
	for _, change := range v.Changes {
		d.Items = append(d.Items, r.changeInWords(change))
	}
	return out
}

// changeInWords says a change in one line: "rôle : signataire → financeur".
func (r *reading) changeInWords(c ChangeView) string {
	before, after := c.Before.Text, c.After.Text
	if before == "" {
		before = r.say("history.none")
	}
	if after == "" {
		after = r.say("history.none")
	}
	return r.say("feed.change", args{"Field": c.Field, "Before": isolated(before), "After": isolated(after)})
}

// searchFeeds names the feed of a search; an empty one has none.
func (r *reading) searchFeeds(query string) []Alternate {
	if query == "" {
		return nil
	}
	return []Alternate{{Href: feedAddress("/search.atom", r.lang, url.Values{"q": {query}}), Type: "application/atom+xml", Name: r.say("feed.search", args{"Query": query})}}
}
