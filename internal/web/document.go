package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/edtf"
	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// DocumentView is the page of a document for programs: what it is, a table, and where it leads.
type DocumentView struct {
	Title, Kicker, Lead string
	Tally               string
	Columns             []string
	Rows                [][]DocumentCell
	Pages               []DocumentLink // the page before and the next
	Links               []DocumentLink
}

// DocumentCell is one field of the table.
type DocumentCell struct {
	Texts   []string
	Missing string // said when there is no text
	Href    string
	Code    bool // a name for programs, shown as such
}

// DocumentLink is one link of the document; Type is its media type.
type DocumentLink struct{ Text, Href, Type string }

// setLabels are the messages that name the codes of closed sets where a table shows them.
var setLabels = map[string]string{
	"AgreementKind": "agreement_kind", "AmendmentKind": "amendment_kind", "Documentation": "documentation", "PlaceLevel": "place_level", "Precision": "explorer.precision",
	"SiteKind": "site_kind", "SiteStatus": "site_status", "Trade": "trade", "Utility": "utility", "Work": "work",
}

// Document sends the page of a document for programs, in the visitor's language: the address has none. It's made for httpapi.Server.HTML.
func (s *Server) Document(c *fiber.Ctx, d httpserve.Document) error {
	lang := langOf(c)
	w := s.words[lang]
	view := w.document(d)
	c.Vary(fiber.HeaderAccept, fiber.HeaderAcceptLanguage)
	page := Page{Lang: lang, Dir: lang.Dir(), Title: view.Title, Description: view.Lead, NoIndex: true, View: view, Breadcrumb: w.documentPath(d)}
	for _, l := range Langs {
		page.Languages = append(page.Languages, Alternate{Lang: string(l), Href: "/" + string(l) + "/", Name: ownNames[l], Current: l == lang})
	}
	body, err := s.templates.page("layout", "document", page)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Kind, err)
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "text/html; charset=utf-8", Body: body})
}

// documentPath is the way from the landing page to a document.
func (w *words) documentPath(d httpserve.Document) (path []Link) {
	add := func(text, href string) {
		path = append(path, Link{Text: Text{Text: text, Lang: string(w.lang), Dir: w.lang.Dir()}, Href: href})
	}
	switch d.Kind {
	case "landing":
		return nil
	case "downloads", "snapshot":
		add(w.say("data.title"), "/"+string(w.lang)+"/data")
		if d.Kind == "snapshot" {
			add(w.say("document.downloads"), "/downloads?f=html")
		}
		return path
	}
	add(w.say("document.landing"), "/api?f=html")
	if d.Collection == "" {
		return path
	}
	add(w.say("document.collections"), "/api/collections?f=html")
	if d.Kind != "collection" {
		add(w.say("collection."+d.Collection), "/api/collections/"+d.Collection+"?f=html")
	}
	if d.Kind == "item" {
		add(w.say("document.items"), "/api/collections/"+d.Collection+"/items?f=html")
	}
	return path
}

func (w *words) document(d httpserve.Document) DocumentView {
	v := DocumentView{Title: w.say("document." + d.Kind), Lead: w.say("document." + d.Kind + "_lead")}
	if d.Collection != "" {
		v.Kicker, v.Title = v.Title, w.say("collection."+d.Collection)
		if d.Kind == "collection" {
			v.Lead = w.say("collection." + d.Collection + "_lead")
		}
	}
	switch {
	case d.Kind == "downloads" && len(d.Rows) == 0:
		v.Lead = w.say("document.downloads_none")
	case d.Kind == "snapshot":
		v.Kicker, v.Title = v.Title, w.snapshotValue("published", d.Item)
	case d.Item != "":
		v.Title = d.Item
	}
	if d.Matched != nil {
		v.Tally = w.count("document.matched", *d.Matched)
	}
	for _, name := range d.Columns {
		if text := w.say("column." + name); !strings.HasPrefix(text, "⟦") {
			name = text
		}
		v.Columns = append(v.Columns, name)
	}
	for _, row := range d.Rows {
		var cells []DocumentCell
		for i, field := range row {
			cell := DocumentCell{Href: local(field.Href)}
			for _, text := range field.Texts {
				cell.Texts = append(cell.Texts, w.documentValue(d, i, field, text))
			}
			cell.Code = field.Property == "" && d.Kind != "items" && d.Kind != "collection" || d.Kind == "queryables" || d.Kind == "collection" && i == 1
			if d.Kind == "collections" && i == 1 {
				cell = DocumentCell{Texts: []string{w.say("collection." + field.Texts[0] + "_lead")}}
			}
			switch {
			case len(cell.Texts) > 0:
			case field.Texts != nil:
				cell.Missing = w.say("document.empty_list")
			case d.Kind == "queryables":
				cell.Missing = "–"
			default:
				cell.Missing = w.say("missing_short")
			}
			cells = append(cells, cell)
		}
		v.Rows = append(v.Rows, cells)
	}
	for _, l := range d.Links {
		x := DocumentLink{Href: local(l.Href), Type: l.Type, Text: w.documentRelation(l)}
		switch l.Rel {
		case "self":
		case "next", "prev":
			v.Pages = append(v.Pages, x)
		default:
			v.Links = append(v.Links, x)
		}
	}
	return v
}

// documentRelation says what a link leads to; its own title, in English, where the catalogs have no word for it.
func (w *words) documentRelation(l httpserve.Link) string {
	rel := l.Rel[strings.LastIndex(l.Rel, "/")+1:]
	if rel == "alternate" && l.HrefLang != "" {
		return w.say("relation.page") + " (" + ownNames[Lang(l.HrefLang)] + ")"
	}
	if text := w.say("relation." + rel); !strings.HasPrefix(text, "⟦") {
		return text
	}
	return l.Title
}

// documentValue says a property's value in words, and leaves what isn't one alone.
func (w *words) documentValue(d httpserve.Document, column int, field httpserve.Cell, text string) string {
	if d.Kind == "downloads" || d.Kind == "snapshot" {
		return w.snapshotValue(field.Property, text)
	}
	c, ok := feature.ColumnOf(d.Collection, field.Property)
	if !ok || d.Kind == "queryables" {
		return text
	}
	if prefix := setLabels[c.Set]; prefix != "" {
		if said := w.say(prefix + "." + text); !strings.HasPrefix(said, "⟦") {
			return said
		}
	}
	switch c.Type {
	case feature.Date:
		if date, err := edtf.Parse(text); err == nil {
			return w.date(date)
		}
	case feature.Number, feature.Integer:
		var n registry.Decimal
		if n.UnmarshalJSON([]byte(text)) == nil {
			return w.decimal(n)
		}
	case feature.Boolean:
		return w.say("boolean." + text)
	}
	if c.Name == "type" && c.Codes != nil {
		return w.say("place_type." + text)
	}
	return text
}

// snapshotValue says a property of a snapshot of the downloads, or of one of its files, in words, and leaves what isn't one alone.
func (w *words) snapshotValue(property, text string) string {
	switch property {
	case "published":
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return w.sayMoment(at)
		}
	case "as_of":
		return w.sayDay(edtf.Day(text))
	case "files", "bytes":
		n, err := strconv.Atoi(text)
		switch {
		case err != nil:
		case property == "bytes":
			return w.size(n)
		default:
			return w.whole(n)
		}
	case "collection":
		if text == "all" {
			return w.say("document.all_collections")
		}
		return w.say("collection." + text)
	case "format":
		for _, f := range KnownFormats {
			if f.ID == text {
				return f.Name
			}
		}
		if text == "metadata" {
			return w.say("document.metadata")
		}
		return strings.ToUpper(text)
	}
	return text
}

// size says how many bytes there are, in the unit that leaves one to three digits before the comma.
func (w *words) size(bytes int) string {
	n := float64(bytes)
	switch {
	case n < 1e3:
		return w.say("size.bytes", args{"N": w.whole(bytes)})
	case n < 1e6:
		return w.say("size.kilobytes", args{"N": w.rate(n / 1e3)})
	case n < 1e9:
		return w.say("size.megabytes", args{"N": w.rate(n / 1e6)})
	}
	return w.say("size.gigabytes", args{"N": w.rate(n / 1e9)})
}

// local is an address of ours without its host: the page may be read under another name than the public one.
func local(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" || !strings.HasPrefix(u.Path, "/api") && !strings.HasPrefix(u.Path, "/downloads") {
		return address
	}
	u.Scheme, u.Host = "", ""
	return u.String()
}
