package httpapi

import (
	"context"
	"slices"
	"sync"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/cql"
	"mithaq/internal/crs"
	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// cell is a field of a table for people.
type cell = httpserve.Cell

func text(s string) cell { return cell{Texts: []string{s}} }

// classes are the conformance classes that the server declares.
var classes = append([]string{
	"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
	"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
	"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
	"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
	"http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
	"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
	"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
	"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
	"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/oas30",
	"http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
	"http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
}, cql.ConformanceClasses...)

// api is the address of a resource of the API: path begins with a slash, or is empty for the landing page.
func (s *Server) api(path string) string { return s.BaseURL + "/api" + path }

// answer sends a document of the API; see send.
func (s *Server) answer(c *fiber.Ctx, path string, formats []format, page httpserve.Document, doc func(links []link) any, more ...link) error {
	return s.send(c, s.api(path), formats, page, doc, more...)
}

// send sends a document in the format that was asked for. doc gets the links for its self, page the table.
func (s *Server) send(c *fiber.Ctx, address string, formats []format, page httpserve.Document, doc func(links []link) any, more ...link) error {
	p, err := httpserve.Query(c, "f")
	if err != nil {
		return err
	}
	sent, err := negotiate(c, p, formats)
	if err != nil {
		return err
	}
	c.Vary(fiber.HeaderAccept)
	links := append(alternates(formats, sent, func(f string) string { return address + "?f=" + f }), more...)
	if sent.name == "html" {
		page.Links = links
		return s.HTML(c, page)
	}
	return s.sendJSON(c, sent.mime, doc(links))
}

const (
	apiTitle       = "Mithaq"
	apiDescription = "Partnership agreements, what they build, where, and which words of which source say so."
)

func (s *Server) landing(c *fiber.Ctx) error {
	page := httpserve.Document{Kind: "landing"}
	return s.answer(c, "", documentFormats, page, func(links []link) any {
		return map[string]any{"title": apiTitle, "description": apiDescription, "attribution": credits().Attribution, "links": append(append(links, s.guides()...), s.pageLinks("/about")...)}
	},
		link{Href: s.api("/openapi.json"), Rel: "service-desc", Type: mimeOpenAPI, Title: "The API definition"},
		link{Href: s.api("/api.html"), Rel: "service-doc", Type: mimeHTML, Title: "The API definition, to be read"},
		link{Href: s.api("/conformance"), Rel: "conformance", Type: mimeJSON, Title: "The standards that it follows"},
		link{Href: s.api("/collections"), Rel: "data", Type: mimeJSON, Title: "The collections"},
		s.tilesetsLink("")[0],
		link{Href: s.api("/tileMatrixSets") + "?f=json", Rel: relTilingSchemes, Type: mimeJSON, Title: "The tile matrix sets"},
		link{Href: s.BaseURL + "/schemas/records.json", Rel: "describedby", Type: mimeSchema, Title: "The record format"},
		s.licenceLink())
}

// guides are the pages that teach the API, in each language.
func (s *Server) guides() []link {
	out := s.pageLinks("/api")
	for i := range out {
		out[i].Rel, out[i].Title = "service-doc", "Recipes, and the API definition to try"
	}
	return out
}

// licenceLink leads to the page that says what may be done with the data.
func (s *Server) licenceLink() link {
	return link{Href: s.BaseURL + "/en/about#licences", Rel: "license", Type: mimeHTML, Title: credits().Licence}
}

func (s *Server) conformance(c *fiber.Ctx) error {
	page := httpserve.Document{Kind: "conformance", Columns: []string{"address"}}
	for _, uri := range classes {
		page.Rows = append(page.Rows, []cell{text(uri)})
	}
	return s.answer(c, "/conformance", documentFormats, page, func(links []link) any {
		return map[string]any{"conformsTo": classes, "links": links}
	})
}

// describe is a collection's document.
func (s *Server) describe(info collectionInfo, e registry.Extent, links []link) map[string]any {
	out := map[string]any{
		"id": info.id, "title": info.title, "description": info.description, "itemType": "feature",
		"crs": crs.URIs(), "storageCrs": crs.Default,
		"attribution": credits().Attribution, "licence": credits().Licence, "links": links,
	}
	extent := map[string]any{}
	if b := e.Bound; b != nil {
		extent["spatial"] = map[string]any{"bbox": [][]float64{{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}}, "crs": crs.Default}
	}
	if info.date != "" && e.Days != (registry.Days{}) {
		var interval [2]any // null is an open end
		if e.Days.First != "" {
			interval[0] = string(e.Days.First) + "T00:00:00Z"
		}
		if e.Days.Last != "" {
			interval[1] = string(e.Days.Last) + "T23:59:59Z"
		}
		extent["temporal"] = map[string]any{"interval": [][2]any{interval}, "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"}
	}
	if len(extent) > 0 {
		out["extent"] = extent
	}
	return out
}

// collectionLinks are a collection's links beside those to itself.
func (s *Server) collectionLinks(info collectionInfo) []link {
	path := "/collections/" + info.id
	out := []link{
		{Href: s.api(path + "/items?f=geojson"), Rel: "items", Type: mimeGeoJSON, Title: info.title},
		{Href: s.api(path + "/items?f=html"), Rel: "items", Type: mimeHTML, Title: info.title},
		{Href: s.api(path + "/queryables?f=json"), Rel: "http://www.opengis.net/def/rel/ogc/1.0/queryables", Type: mimeSchema, Title: "Properties"},
	}
	out = append(out, s.tilesetsLink(info.id)...)
	for _, f := range itemFormats(info.id) {
		if f.file != nil && !f.sidecar {
			out = append(out, link{Href: s.api(path + "/items?f=" + f.name), Rel: "enclosure", Type: f.mime, Title: info.title + ", whole"})
		}
	}
	return append(out, s.licenceLink())
}

func (s *Server) collections(c *fiber.Ctx) error {
	extents, err := s.extents(c.UserContext())
	if err != nil {
		return err
	}
	page := httpserve.Document{Kind: "collections", Columns: []string{"id", "description"}}
	for _, info := range collectionInfos {
		page.Rows = append(page.Rows, []cell{{Texts: []string{info.id}, Href: s.api("/collections/" + info.id)}, text(info.id)})
	}
	return s.answer(c, "/collections", documentFormats, page, func(links []link) any {
		var all []any
		for _, info := range collectionInfos {
			path := "/collections/" + info.id
			own := append([]link{{Href: s.api(path) + "?f=json", Rel: "self", Type: mimeJSON}, {Href: s.api(path) + "?f=html", Rel: "alternate", Type: mimeHTML}},
				s.collectionLinks(info)...)
			all = append(all, s.describe(info, extents[info.id], own))
		}
		return map[string]any{"collections": all, "links": links}
	}, s.licenceLink())
}

func (s *Server) collection(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	extents, err := s.extents(c.UserContext())
	if err != nil {
		return err
	}
	page := httpserve.Document{Kind: "collection", Collection: info.id, Columns: []string{"name", "crs"}}
	for _, system := range crs.Systems {
		page.Rows = append(page.Rows, []cell{text(system.Name), text(system.URI)})
	}
	return s.answer(c, "/collections/"+info.id, documentFormats, page, func(links []link) any {
		return s.describe(info, extents[info.id], links)
	}, s.collectionLinks(info)...)
}

func (s *Server) queryables(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	path := "/collections/" + info.id + "/queryables"
	page := httpserve.Document{Kind: "queryables", Collection: info.id, Columns: []string{"property", "type", "values"}}
	properties := map[string]any{"id": map[string]any{"type": "string", "x-ogc-role": "id"}}
	page.Rows = append(page.Rows, []cell{text("id"), text("text"), {}})
	if info.geometry != "" {
		properties["geometry"] = map[string]any{"x-ogc-role": "primary-geometry", "format": "geometry-" + info.geometry}
		page.Rows = append(page.Rows, []cell{text("geometry"), text(info.geometry), {}})
	}
	for _, column := range feature.Columns(info.id) {
		if column.Type == feature.Parts { // small objects aren't compared
			continue
		}
		property := schemaOf(column)
		if column.Name == info.date {
			property["x-ogc-role"] = "primary-instant"
		}
		properties[column.Name] = property
		page.Rows = append(page.Rows, []cell{text(column.Name), text(string(column.Type)), {Texts: column.Codes, Property: column.Name}})
	}
	return s.answer(c, path, schemaFormats, page, func([]link) any {
		return map[string]any{
			"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": s.api(path) + "?f=json", "title": info.title, "description": info.description,
			"type": "object", "properties": properties, "additionalProperties": false,
		}
	}, link{Href: s.api("/collections/" + info.id), Rel: "collection", Type: mimeJSON})
}

// schemaOf is a column as JSON Schema; the value may be null as well, which is left to whoever needs it.
func schemaOf(c feature.Column) map[string]any {
	out := map[string]any{"type": "string"}
	switch c.Type {
	case feature.Number, feature.Integer, feature.Boolean:
		out["type"] = string(c.Type)
	case feature.Timestamp:
		out["format"] = "date-time"
	case feature.Date:
		out["description"] = "A date as precise as its source (EDTF level 1): 2016-02, 2021?-07-26, 2015-09/2016-03."
	case feature.List:
		item := map[string]any{"type": "string"}
		if c.Codes != nil {
			item["enum"] = c.Codes
		}
		return map[string]any{"type": "array", "items": item}
	case feature.Parts:
		return map[string]any{"type": "array", "items": map[string]any{"type": "object"}}
	}
	if c.Codes != nil {
		out["enum"] = slices.Clone(c.Codes)
	}
	return out
}

// extentCache keeps the extents of the collections until the next publication: each is a walk over all features.
type extentCache struct {
	sync.Mutex
	version string
	extents map[string]registry.Extent
}

func (s *Server) extents(ctx context.Context) (map[string]registry.Extent, error) {
	version, err := s.Store.Version(ctx)
	if err != nil {
		return nil, err
	}
	s.cache.Lock()
	defer s.cache.Unlock()
	if s.cache.extents != nil && s.cache.version == version {
		return s.cache.extents, nil
	}
	out := map[string]registry.Extent{}
	for _, info := range collectionInfos {
		if out[info.id], err = s.Store.Extent(ctx, info.id); err != nil {
			return nil, err
		}
	}
	s.cache.version, s.cache.extents = version, out
	return out, nil
}
