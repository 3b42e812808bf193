package httpapi

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// How many features a page has, unless asked otherwise, and at most.
const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// collectionInfo is what a collection is and may be asked by.
type collectionInfo struct {
	id, title, description string
	places                 []string            // place parameters
	where                  map[string][]string // property → its values; nil values: any text
	lists                  map[string][]string // list property → its codes, one of which may be asked for
	ids                    []string            // records that its agreements name
	located                bool                // may lack a geometry
	boundaries             bool                // has a detail
}

var placeParams = []string{"commune_code", "province_code", "region_code"}

// collectionInfos are the collections in the order of the contract.
var collectionInfos = []collectionInfo{
	{id: feature.Sites, title: "Sites", description: "Places that agreements build, restore or equip.", places: placeParams,
		where: map[string][]string{"kind": registry.ClosedSets["SiteKind"], "status": registry.ClosedSets["SiteStatus"],
			"place_match": registry.ClosedSets["PlaceMatch"], "location_precision": registry.ClosedSets["Precision"]},
		lists: map[string][]string{"works": registry.ClosedSets["Work"], "utilities": registry.ClosedSets["Utility"], "trades": registry.ClosedSets["Trade"]},
		ids:   []string{"party", "programme"}, located: true},
	{id: feature.Agreements, title: "Agreements", description: "Agreements, documented and mentioned, at the points of their sites or places.", places: placeParams,
		where: map[string][]string{"kind": registry.ClosedSets["AgreementKind"], "documentation": registry.ClosedSets["Documentation"],
			"place_match": registry.ClosedSets["PlaceMatch"], "location_precision": registry.ClosedSets["Precision"]}, located: true},
	{id: feature.Communes, title: "Communes", description: "Communes with their boundaries.", places: placeParams, boundaries: true,
		where: map[string][]string{"type": {"urban", "rural"}}},
	{id: feature.Provinces, title: "Provinces", description: "Provinces and prefectures with their boundaries.", places: placeParams[1:], boundaries: true,
		where: map[string][]string{"type": {"province", "prefecture"}}},
	{id: feature.Regions, title: "Regions", description: "Regions with their boundaries.", places: placeParams[2:], boundaries: true},
}

// infoOf finds a collection by the path.
func infoOf(c *fiber.Ctx) (collectionInfo, error) {
	id := httpserve.PathParam(c, "collection")
	for _, info := range collectionInfos {
		if info.id == id {
			return info, nil
		}
	}
	return collectionInfo{}, notFound("collection", id, "one of "+strings.Join(feature.Collections, ", "))
}

func (s *Server) landing(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c, "f"); err != nil {
		return err
	}
	return s.sendJSON(c, mimeJSON, map[string]any{
		"title":       "Mithaq",
		"description": "Partnership agreements, what they build, where, and which words of which source say so.",
		"links": append([]link{
			{Href: s.BaseURL + "/api", Rel: "self", Type: mimeJSON},
			{Href: s.BaseURL + "/api/collections", Rel: "data", Type: mimeJSON},
			{Href: s.BaseURL + "/schemas/records.json", Rel: "describedby", Type: mimeSchema, Title: "The record format"},
		}, s.pageLinks("/about")...),
	})
}

// describe is a collection's document.
func (s *Server) describe(info collectionInfo) map[string]any {
	self := s.BaseURL + "/api/collections/" + info.id
	return map[string]any{
		"id": info.id, "title": info.title, "description": info.description, "itemType": "feature",
		"crs": []string{"http://www.opengis.net/def/crs/OGC/1.3/CRS84"}, "storageCrs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
		"attribution": credits().Attribution, "licence": credits().Licence,
		"links": []link{{Href: self, Rel: "self", Type: mimeJSON}, {Href: self + "/items", Rel: "items", Type: mimeGeoJSON}},
	}
}

func (s *Server) collections(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c, "f"); err != nil {
		return err
	}
	var all []any
	for _, info := range collectionInfos {
		all = append(all, s.describe(info))
	}
	return s.sendJSON(c, mimeJSON, map[string]any{"collections": all, "links": []link{{Href: s.BaseURL + "/api/collections", Rel: "self", Type: mimeJSON}}})
}

func (s *Server) collection(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	if _, err := httpserve.Query(c, "f"); err != nil {
		return err
	}
	return s.sendJSON(c, mimeJSON, s.describe(info))
}

// known are the parameters of a collection's items.
func (info collectionInfo) known() []string {
	names := append([]string{asOf, recorded, "bbox", "limit", "after", "f"}, info.places...)
	for name := range info.where {
		names = append(names, name)
	}
	for name := range info.lists {
		names = append(names, name)
	}
	names = append(names, info.ids...)
	if info.located {
		names = append(names, "located")
	}
	if info.boundaries {
		names = append(names, "detail")
	}
	slices.Sort(names[6:])
	return names
}

// query turns parameters into a question to the store.
func (s *Server) query(info collectionInfo, p httpserve.Params) (q registry.FeatureQuery, err error) {
	q.Collection = info.id
	if q.Day, err = registry.DayAsked(p[asOf], s.Now()); err != nil {
		return q, err
	}
	if info.boundaries {
		q.Detail = string(gazetteer.DetailMedium)
		if p.Has("detail") {
			q.Detail = p["detail"]
		}
		if !slices.Contains(gazetteer.Details, gazetteer.Detail(q.Detail)) {
			return q, &registry.Error{Code: registry.Invalid, Message: "There is no such detail.", Param: "detail", Got: q.Detail, Takes: "low, medium or high"}
		}
	}
	if err := format(p); err != nil {
		return q, err
	}
	if q.Limit, err = p.UpTo("limit", defaultLimit, 1, maxLimit); err != nil {
		return q, err
	}
	if p.Has("bbox") {
		boxes, err := httpserve.BBox(p["bbox"])
		if err != nil {
			return q, err
		}
		for _, b := range boxes {
			q.Boxes = append(q.Boxes, orb.Bound{Min: orb.Point{b.West, b.South}, Max: orb.Point{b.East, b.North}})
		}
	}
	for _, name := range info.places {
		if p.Has(name) {
			q.Places = append(q.Places, registry.PlaceCode(p[name]))
		}
	}
	if q.Where, err = chosen(p, info.where); err != nil {
		return q, err
	}
	if q.Lists, err = chosen(p, info.lists); err != nil {
		return q, err
	}
	if info.located {
		if p.Has("located") && !slices.Contains(registry.LocatedValues, registry.Located(p["located"])) {
			return q, &registry.Error{Code: registry.Invalid, Message: "There is no such value.", Param: "located", Got: p["located"], Takes: "yes or no"}
		}
		q.Located = registry.Located(p["located"])
	}
	for _, name := range info.ids {
		if p.Has(name) && !registry.ID(p[name]).Valid() {
			return q, &registry.Error{Code: registry.Invalid, Message: "This is not a record's id.", Param: name, Got: p[name], Takes: "lower-case letters, digits and single hyphens"}
		}
	}
	q.Party, q.Programme = registry.ID(p["party"]), registry.ID(p["programme"])
	if p.Has("after") {
		id, err := base64.RawURLEncoding.DecodeString(p["after"])
		if err != nil || len(id) == 0 {
			return q, &registry.Error{Code: registry.Invalid, Message: "The page can't be found.", Param: "after", Got: p["after"], Takes: "what a next link holds"}
		}
		q.After = string(id)
	}
	return q, nil
}

// chosen are the values that parameters choose from closed sets.
func chosen(p httpserve.Params, sets map[string][]string) (map[string]string, error) {
	out := map[string]string{}
	for name, values := range sets {
		if !p.Has(name) {
			continue
		}
		if !slices.Contains(values, p[name]) {
			return nil, &registry.Error{Code: registry.Invalid, Message: "There is no such value.", Param: name, Got: p[name], Takes: "one of " + strings.Join(values, ", ")}
		}
		out[name] = p[name]
	}
	return out, nil
}

// format refuses formats that are not served.
func format(p httpserve.Params) error {
	if p.Has("f") && p["f"] != "geojson" && p["f"] != "json" {
		return &registry.Error{Code: registry.Invalid, Message: "There is no such format.", Param: "f", Got: p["f"], Takes: "geojson"}
	}
	return nil
}

// errLast ends a page when there is one feature more.
var errLast = errors.New("page is full")

func (s *Server) items(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	p, err := httpserve.Query(c, info.known()...)
	if err != nil {
		return err
	}
	live := s
	if s, err = live.asked(c.UserContext(), p); err != nil {
		return err
	}
	q, err := s.query(info, p)
	if err != nil {
		return err
	}
	v, err := s.version(c.UserContext(), c, q.Day)
	if err != nil {
		return err
	}
	address := s.BaseURL + "/api/collections/" + info.id + "/items"
	values := url.Values{}
	for name, value := range p {
		values.Set(name, value)
	}
	return httpserve.Stream(c, httpserve.StreamOptions{ContentType: mimeGeoJSON, Version: v}, func(ctx context.Context, w io.Writer) error {
		s, err := live.asked(ctx, p)
		if err != nil {
			return err
		}
		out := newCollectionWriter(w)
		limit := q.Limit
		q := q
		q.Limit++ // one more tells whether there is a next page
		last, more := "", false
		err = s.Store.EachFeature(ctx, q, func(f registry.Feature) error {
			if out.n == limit {
				more = true
				return errLast
			}
			last = f.ID
			return out.feature(f.JSON)
		})
		if err != nil && !errors.Is(err, errLast) {
			return err
		}
		links := []link{{Href: withQuery(address, values), Rel: "self", Type: mimeGeoJSON},
			{Href: s.BaseURL + "/api/collections/" + info.id, Rel: "collection", Type: mimeJSON}}
		if more {
			values.Set("after", base64.RawURLEncoding.EncodeToString([]byte(last)))
			links = append(links, link{Href: withQuery(address, values), Rel: "next", Type: mimeGeoJSON})
		}
		return out.close(map[string]any{"links": links})
	})
}

func withQuery(address string, values url.Values) string {
	if len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}

func (s *Server) item(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	allowed := []string{"f", asOf, recorded}
	if info.boundaries {
		allowed = append(allowed, "detail")
	}
	p, err := httpserve.Query(c, allowed...)
	if err != nil {
		return err
	}
	if s, err = s.asked(c.UserContext(), p); err != nil {
		return err
	}
	q, err := s.query(info, p)
	if err != nil {
		return err
	}
	q.ID = httpserve.PathParam(c, "id")
	var found map[string]json.RawMessage
	err = s.Store.EachFeature(c.UserContext(), q, func(f registry.Feature) error { return json.Unmarshal(f.JSON, &found) })
	if err != nil {
		return err
	}
	if found == nil {
		return notFound("feature", q.ID, "the id of a feature of "+info.id)
	}
	self := s.BaseURL + "/api/collections/" + info.id + "/items/" + url.PathEscape(q.ID)
	page := "/" + info.id + "/" + q.ID // collections are named as their pages' addresses are
	return s.sendJSON(c, mimeGeoJSON, struct {
		Type       string          `json:"type"`
		ID         json.RawMessage `json:"id"`
		Geometry   json.RawMessage `json:"geometry"`
		Properties json.RawMessage `json:"properties"`
		credit
		Links []link `json:"links"`
	}{"Feature", found["id"], found["geometry"], found["properties"], credits(), append([]link{
		{Href: self, Rel: "self", Type: mimeGeoJSON},
		{Href: s.BaseURL + "/api/collections/" + info.id, Rel: "collection", Type: mimeJSON},
	}, s.pageLinks(page)...)})
}

// collectionWriter writes a FeatureCollection feature by feature.
type collectionWriter struct {
	w *bufio.Writer
	n int
}

func newCollectionWriter(w io.Writer) *collectionWriter {
	out := &collectionWriter{w: bufio.NewWriterSize(w, 32<<10)}
	out.w.WriteString(`{"type":"FeatureCollection","features":[`)
	return out
}

// feature writes one encoded feature.
func (o *collectionWriter) feature(encoded []byte) error {
	if o.n > 0 {
		o.w.WriteByte(',')
	}
	o.n++
	o.w.WriteByte('\n')
	_, err := o.w.Write(encoded) // bufio keeps the first error, so the last one tells
	return err
}

// close ends the collection with its count, the credit line and what else it says of itself.
func (o *collectionWriter) close(more map[string]any) error {
	fmt.Fprintf(o.w, "\n],\n\"numberReturned\":%d", o.n)
	c := credits()
	more["attribution"], more["licence"] = c.Attribution, c.Licence
	names := make([]string, 0, len(more))
	for name := range more {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		raw, err := encodeJSON(more[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(o.w, ",\n%q:%s", name, raw)
	}
	o.w.WriteString("}\n")
	return o.w.Flush()
}
