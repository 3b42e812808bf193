package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// recordsInSitemap bounds one file: the protocol takes 50,000 addresses, and a record has one in each language.
const recordsInSitemap = 16_000

// listPages are the pages that lead to all others, without their language.
var listPages = []string{"/", "/map", "/agreements", "/changes", "/data", "/api", "/about"}

// mountFound adds what search engines and browsers ask of a site.
func (s *Server) mountFound(app fiber.Router) {
	app.Get("/robots.txt", s.getRobots)
	app.Get("/sitemap.xml", s.getSitemapIndex)
	app.Get("/sitemaps/places.xml", s.getPlacesSitemap)
	app.Get("/sitemaps/records.xml", s.getRecordsSitemap)
	app.Get("/opensearch.xml", s.getOpenSearch)
}

// getRobots asks robots to leave alone what is one question among endlessly many: searches, filters, moments before, comparisons.
func (s *Server) getRobots(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c); err != nil {
		return err
	}
	body := "User-agent: *\nDisallow: /*/search\nDisallow: /*/map?\nDisallow: /*recorded=\nDisallow: /*?from=\nDisallow: /search.atom\n\nSitemap: " + s.BaseURL + "/sitemap.xml\n"
	return httpserve.Send(c, httpserve.Payload{ContentType: "text/plain; charset=utf-8", Body: []byte(body)})
}

const sitemapSpace = "http://www.sitemaps.org/schemas/sitemap/0.9"

// getSitemapIndex lists the files of addresses; each begins behind the last record of the one before.
func (s *Server) getSitemapIndex(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c); err != nil {
		return err
	}
	files := []string{"/sitemaps/places.xml", "/sitemaps/records.xml"}
	last, err := s.Store.EveryNth(c.UserContext(), recordsInSitemap)
	if err != nil {
		return err
	}
	for _, id := range last {
		files = append(files, "/sitemaps/records.xml?after="+url.QueryEscape(string(id)))
	}
	var out bytes.Buffer
	out.WriteString(xml.Header + `<sitemapindex xmlns="` + sitemapSpace + `">` + "\n")
	for _, f := range files {
		out.WriteString("<sitemap><loc>" + xmlText(s.BaseURL+f) + "</loc></sitemap>\n")
	}
	out.WriteString("</sitemapindex>\n")
	return httpserve.Send(c, httpserve.Payload{ContentType: "application/xml; charset=utf-8", Body: out.Bytes()})
}

func xmlText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

func (s *Server) getPlacesSitemap(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c); err != nil {
		return err
	}
	return s.sendSitemap(c, func(_ context.Context, add func(path string, changed time.Time)) error {
		for _, path := range listPages {
			add(path, time.Time{})
		}
		for _, t := range indexed {
			add("/"+t.Plural(), time.Time{})
		}
		for _, level := range registry.PagedLevels {
			for _, p := range s.Gazetteer.Places(level) {
				add(placePath(p), time.Time{}) // what touches it changes it: no revision of its own says when
			}
		}
		return nil
	})
}

func (s *Server) getRecordsSitemap(c *fiber.Ctx) error {
	q, err := httpserve.Query(c, "after")
	if err != nil {
		return err
	}
	if q.Has("after") && !registry.ID(q["after"]).Valid() {
		return &registry.Error{Code: registry.Invalid, Message: "This is not a record's id.", Param: "after", Got: q["after"], Takes: "what the sitemap's index holds"}
	}
	return s.sendSitemap(c, func(ctx context.Context, add func(path string, changed time.Time)) error {
		return s.Store.EachListed(ctx, registry.ID(q["after"]), recordsInSitemap, func(x registry.Listed) error {
			add("/"+x.Type.Plural()+"/"+string(x.ID), x.Updated)
			return nil
		})
	})
}

// sendSitemap streams addresses, each page in every language with its sisters.
func (s *Server) sendSitemap(c *fiber.Ctx, each func(ctx context.Context, add func(path string, changed time.Time)) error) error {
	version, err := s.Store.Version(c.UserContext())
	if err != nil {
		return err
	}
	options := httpserve.StreamOptions{ContentType: "application/xml; charset=utf-8", Version: version + " " + c.OriginalURL()}
	return httpserve.Stream(c, options, func(ctx context.Context, w io.Writer) error {
		out := bufio.NewWriter(w)
		out.WriteString(xml.Header + `<urlset xmlns="` + sitemapSpace + `" xmlns:xhtml="http://www.w3.org/1999/xhtml">` + "\n")
		err := each(ctx, func(path string, changed time.Time) {
			for _, lang := range Langs {
				out.WriteString("<url><loc>" + xmlText(s.BaseURL+"/"+string(lang)+path) + "</loc>")
				if !changed.IsZero() {
					out.WriteString("<lastmod>" + changed.UTC().Format(time.RFC3339) + "</lastmod>")
				}
				for _, sister := range Langs {
					fmt.Fprintf(out, `<xhtml:link rel="alternate" hreflang="%s" href="%s"/>`, sister, xmlText(s.BaseURL+"/"+string(sister)+path))
				}
				out.WriteString("</url>\n")
			}
		})
		if err != nil {
			return err
		}
		out.WriteString("</urlset>\n")
		return out.Flush()
	})
}

// getOpenSearch lets a browser put the registry among its search engines (OpenSearch 1.1).
func (s *Server) getOpenSearch(c *fiber.Ctx) error {
	r, err := s.read(c, langParam)
	if err != nil {
		return err
	}
	type address struct {
		XMLName  xml.Name `xml:"Url"`
		Type     string   `xml:"type,attr"`
		Template string   `xml:"template,attr"`
	}
	pages := s.BaseURL + "/" + string(r.lang) + "/search?q={searchTerms}"
	feeds := s.BaseURL + "/search.atom?q={searchTerms}"
	if r.lang != French {
		feeds += "&" + langParam + "=" + string(r.lang)
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	err = xml.NewEncoder(&out).Encode(struct {
		XMLName       xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName     string
		Description   string
		Language      string
		InputEncoding string
		URLs          []address
	}{ShortName: registryName, Description: r.say("search.label"), Language: string(r.lang), InputEncoding: "UTF-8",
		URLs: []address{{Type: "text/html", Template: pages}, {Type: "application/atom+xml", Template: feeds}}})
	if err != nil {
		return fmt.Errorf("search description: %w", err)
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "application/opensearchdescription+xml; charset=utf-8", Body: out.Bytes()})
}

// linked are the pages' statements for search engines: schema.org in JSON-LD, which layout.html puts into a data block.
type linked map[string]any

// linkedPlace says what a place is.
func (r *reading) linkedPlace(p registry.Place) linked {
	out := linked{"@context": "https://schema.org", "@type": "AdministrativeArea", "@id": r.base + "/" + string(r.lang) + placePath(p), "name": r.placeName(p), "identifier": string(p.Code),
		"url": r.base + "/" + string(r.lang) + placePath(p)}
	if other := r.otherPlaceName(p).Text; other != "" {
		out["alternateName"] = other
	}
	if p.Label != nil {
		out["geo"] = linked{"@type": "GeoCoordinates", "latitude": p.Label.Lat(), "longitude": p.Label.Lon()}
	}
	if p.Bound != nil {
		b := *p.Bound
		out["hasMap"] = r.base + placePath(p) + ".geojson"
		out["geo"] = []any{out["geo"], linked{"@type": "GeoShape", "box": fmt.Sprintf("%.5f %.5f %.5f %.5f", b.Bottom(), b.Left(), b.Top(), b.Right())}}
	}
	country := linked{"@type": "Country", "name": r.say("place.country")}
	if above := r.gaz.Ancestors(p.Code); len(above) > 0 {
		nearest := above[len(above)-1]
		out["containedInPlace"] = linked{"@type": "AdministrativeArea", "name": r.placeName(nearest), "identifier": string(nearest.Code), "containedInPlace": country}
	} else {
		out["containedInPlace"] = country
	}
	return out
}

// linkedAgreement says what an agreement is and which amendments change it.
func (r *reading) linkedAgreement(a *registry.Agreement, amendments []*registry.Amendment) linked {
	self := r.linkedRecord(a)
	self["@type"] = "Legislation"
	if a.Reference != "" {
		self["legislationIdentifier"] = a.Reference
	}
	for _, step := range a.Steps {
		if day := step.Date.String(); step.Kind == registry.StepSigned && len(day) == len(time.DateOnly) { // a whole day without doubt, or nothing
			self["legislationDate"] = day
		}
	}
	graph := []any{self}
	for _, x := range amendments {
		graph = append(graph, r.linkedAmendment(x))
	}
	return linked{"@context": "https://schema.org", "@graph": graph}
}

// linkedAmendment says what an amendment is and which agreement it changes.
func (r *reading) linkedAmendment(a *registry.Amendment) linked {
	self := r.linkedRecord(a)
	self["@type"] = "Legislation"
	self["legislationChanges"] = linked{"@id": r.base + "/" + string(r.lang) + "/agreements/" + string(a.Target)}
	return self
}

// linkedRecord is what any record says of itself.
func (r *reading) linkedRecord(record registry.Record) linked {
	title := r.titleOf(record)
	address := r.base + "/" + string(r.lang) + recordPath(record.Head())
	return linked{"@id": address, "url": address, "name": title.Text, "inLanguage": title.Lang, "identifier": string(record.Head().ID)}
}

// linkedDataset says what the registry is as data.
func (r *reading) linkedDataset(v DataView) linked {
	address := r.base + "/" + string(r.lang) + "/data"
	out := linked{
		"@context": "https://schema.org", "@type": "Dataset", "@id": address, "url": address, "name": r.say("data.dataset"), "description": r.say("site.description"),
		"license": v.Terms, "isAccessibleForFree": true, "creditText": v.Credit, "inLanguage": slices.Clone(Langs), "creator": linked{"@type": "Organization", "name": registryName, "url": r.base + "/"},
		"spatialCoverage": linked{"@type": "Country", "name": r.say("place.country")}, "includedInDataCatalog": linked{"@type": "DataCatalog", "url": r.base + "/catalog"},
	}
	if v.Time != "" {
		out["dateModified"] = v.Time
	}
	var files []any
	for _, c := range v.Collections {
		for _, f := range c.Formats {
			files = append(files, linked{"@type": "DataDownload", "name": c.Title, "encodingFormat": f.Text.Text, "contentUrl": r.base + f.Href})
		}
	}
	out["distribution"] = files
	return out
}
