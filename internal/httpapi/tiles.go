package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
	"mithaq/internal/tile"
)

// The tile matrix set of all tilesets, and what it is made of (OGC 17-083r4, annex D.1).
const (
	matrixSet    = "WebMercatorQuad"
	matrixSetURI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/" + matrixSet
	mercatorURI  = "http://www.opengis.net/def/crs/EPSG/0/3857"
	mercatorHalf = 20037508.342789244 // metres from the middle of the projected world to each of its sides
	tilePixels   = 256
	pixelMetres  = 0.00028 // of the screen that scale denominators are given for
	deepest      = 24      // tile matrix of the set
)

const (
	relTilesets      = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
	relTilingScheme  = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
	relTilingSchemes = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
	relGeodata       = "http://www.opengis.net/def/rel/ogc/1.0/geodata"
	mimeTile         = "application/vnd.mapbox-vector-tile"
	mimeTileJSON     = "application/vnd.mapbox.tilejson+json"
)

var (
	onlyJSON       = []format{{name: "json", mime: mimeJSON}}
	tilesetFormats = []format{{name: "json", mime: mimeJSON}, {name: "tilejson", mime: mimeTileJSON}}
	tileFormats    = []format{{name: "mvt", mime: mimeTile}}
)

// tileLayer is a layer of a tileset and the zooms at which it has anything.
type tileLayer struct {
	collection      string
	id, description string
	points          bool
	minZoom         int
	maxZoom         int
	properties      []string
}

var siteLayers = []tileLayer{
	{feature.Sites, tile.LayerSites, "Sites at their footprint, point or village.", true, 10, tile.MaxZoom, []string{"id", "name", "name_ar", "kind", "status", "precision"}},
	{feature.Sites, tile.LayerSitesInArea, "Sites of which only the unit is known, at its label point: not where they stand.", true, 10, tile.MaxZoom,
		[]string{"id", "name", "name_ar", "kind", "status", "precision", "code"}},
	{feature.Sites, tile.LayerSiteCounts, "How many sites there are: by region below zoom 5, by province below 7, by commune below 10, then where a tile has more than it can show one by one.",
		true, 0, tile.MaxZoom, []string{"code", "level", "name", "name_ar", "count"}},
}

func boundaryLayer(collection string, minZoom int) tileLayer {
	return tileLayer{collection, collection, "Boundaries.", false, minZoom, tile.MaxZoom, []string{"code", "name", "name_ar", "type", "province_code", "region_code"}}
}

// tileset is what can be asked for as tiles: a collection, or the whole registry.
type tileset struct {
	path       string          // below the root of the API, without the tile matrix set
	name       string          // in the API definition
	collection *collectionInfo // nil: all of them
	title      string
	layers     []tileLayer
	taken      []string // the names of its parameters, put together once
}

// allTilesets are all of them; that of the whole registry is the first. Its wider boundaries show at zooms at which the narrower ones would
// only be a smear.
func (s *Server) allTilesets() []tileset {
	whole := tileset{path: "/tiles", name: "dataset", title: apiTitle, layers: append(slices.Clone(siteLayers),
		boundaryLayer(feature.Regions, 0), boundaryLayer(feature.Provinces, 5), boundaryLayer(feature.Communes, 8))}
	out := []tileset{whole}
	for _, info := range collectionInfos {
		t := tileset{path: "/collections/" + info.id + "/tiles", name: info.id + ".collection", collection: &info, title: info.title, layers: siteLayers}
		switch {
		case info.boundaries:
			t.layers = []tileLayer{boundaryLayer(info.id, 0)}
		case info.id != feature.Sites:
			continue
		}
		out = append(out, t)
	}
	for i, t := range out {
		out[i].taken = append(names(t.filters(s)), "f")
	}
	return out
}

// mountTiles adds the routes of OGC API - Tiles.
func (s *Server) mountTiles(app *fiber.App) {
	app.Get("/api/tileMatrixSets", s.matrixSets)
	app.Get("/api/tileMatrixSets/:tileMatrixSet", s.matrixSet)
	for _, root := range []string{"/api/tiles", "/api/collections/:collection/tiles"} {
		app.Get(root, s.tilesetList)
		app.Get(root+"/:tileMatrixSet", s.tileset)
		app.Get(root+"/:tileMatrixSet/:tileMatrix/:tileRow/:tileCol", s.tile)
	}
}

// tilesetOf finds the tileset by the path.
func (s *Server) tilesetOf(c *fiber.Ctx) (tileset, error) {
	id := httpserve.PathParam(c, "collection")
	var tiled []string
	for _, t := range s.tilesets {
		if t.collection == nil && id == "" || t.collection != nil && t.collection.id == id {
			return t, wantMatrixSet(c)
		}
		if t.collection != nil {
			tiled = append(tiled, t.collection.id)
		}
	}
	return tileset{}, notFound("collection", id, "one of "+strings.Join(tiled, ", "))
}

// wantMatrixSet refuses tile matrix sets that aren't served; a path without one is fine.
func wantMatrixSet(c *fiber.Ctx) error {
	if id := httpserve.PathParam(c, "tileMatrixSet"); id != "" && id != matrixSet {
		return notFound("tileMatrixSet", id, matrixSet)
	}
	return nil
}

// filters are the parameters that narrow a tileset's features: those of the collection that need no geometry.
func (t tileset) filters(s *Server) []parameter {
	if t.collection == nil {
		return slices.DeleteFunc(s.itemParameters(collectionInfos[0], nil), func(p parameter) bool { return p.name != asOf })
	}
	info := *t.collection
	names := slices.Concat([]string{asOf, "filter", "filter-lang", "filter-crs"}, info.places, info.where, info.lists, info.ids)
	if info.signed {
		names = append(names, yearParam)
	}
	return slices.DeleteFunc(s.parameters(info), func(p parameter) bool { return !slices.Contains(names, p.name) })
}

// address is the address of the tileset, or of what is below it.
func (t tileset) address(s *Server, below string, values url.Values, f string) string {
	values = maps.Clone(values)
	if values == nil {
		values = url.Values{}
	}
	values.Set("f", f)
	return s.api(t.path+"/"+matrixSet+below) + "?" + values.Encode()
}

func (s *Server) matrixSetAddress() string { return s.api("/tileMatrixSets/"+matrixSet) + "?f=json" }

// tilesetsLink leads to the list of a collection's tilesets, or of the whole registry's; none for a collection without tiles.
func (s *Server) tilesetsLink(collection string) []link {
	for _, t := range s.tilesets {
		if t.collection == nil && collection == "" || t.collection != nil && t.collection.id == collection {
			return []link{{Href: s.api(t.path) + "?f=json", Rel: relTilesets, Type: mimeJSON, Title: "Vector tiles"}}
		}
	}
	return nil
}

func (s *Server) matrixSets(c *fiber.Ctx) error {
	return s.answer(c, "/tileMatrixSets", onlyJSON, httpserve.Document{}, func(links []link) any {
		return object{"links": links, "tileMatrixSets": []object{{"id": matrixSet, "title": "Google Maps Compatible for the World", "uri": matrixSetURI, "crs": mercatorURI, "links": []link{
			{Href: s.matrixSetAddress(), Rel: "self", Type: mimeJSON},
			{Href: s.matrixSetAddress(), Rel: "item", Type: mimeJSON}, // as clients of the drafts looked for it
		}}}}
	})
}

func (s *Server) matrixSet(c *fiber.Ctx) error {
	if err := wantMatrixSet(c); err != nil {
		return err
	}
	return s.answer(c, "/tileMatrixSets/"+matrixSet, onlyJSON, httpserve.Document{}, func(links []link) any {
		var matrices []object
		for zoom := range deepest + 1 {
			cell := 2 * mercatorHalf / tilePixels / float64(int(1)<<zoom)
			matrices = append(matrices, object{"id": strconv.Itoa(zoom), "scaleDenominator": cell / pixelMetres, "cellSize": cell, "cornerOfOrigin": "topLeft",
				"pointOfOrigin": []float64{-mercatorHalf, mercatorHalf}, "tileWidth": tilePixels, "tileHeight": tilePixels, "matrixWidth": 1 << zoom, "matrixHeight": 1 << zoom})
		}
		return object{"id": matrixSet, "title": "Google Maps Compatible for the World", "uri": matrixSetURI, "crs": mercatorURI, "orderedAxes": []string{"X", "Y"},
			"wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible", "tileMatrices": matrices, "links": links}
	})
}

func (s *Server) tilesetList(c *fiber.Ctx) error {
	t, err := s.tilesetOf(c)
	if err != nil {
		return err
	}
	return s.answer(c, t.path, onlyJSON, httpserve.Document{}, func(links []link) any {
		// Whoever checks a list asks for all of its links, so templates and what isn't JSON are in the tileset's own document.
		return object{"links": links, "tilesets": []object{{"title": t.title, "dataType": "vector", "crs": mercatorURI, "tileMatrixSetURI": matrixSetURI, "links": []link{
			{Href: t.address(s, "", nil, "json"), Rel: "self", Type: mimeJSON},
			{Href: s.matrixSetAddress(), Rel: relTilingScheme, Type: mimeJSON},
		}}}}
	})
}

// tileset describes a tileset, narrowed as the parameters say: the template of its tiles has the same ones.
func (s *Server) tileset(c *fiber.Ctx) error {
	t, err := s.tilesetOf(c)
	if err != nil {
		return err
	}
	p, err := httpserve.Query(c, t.taken...)
	if err != nil {
		return err
	}
	sent, err := negotiate(c, p, tilesetFormats)
	if err != nil {
		return err
	}
	values := narrowing(p)
	if _, err := s.tileQuery(t, p); err != nil { // a template of tiles that are all refused helps nobody
		return err
	}
	extents, err := s.extents(c.UserContext())
	if err != nil {
		return err
	}
	var bound *orb.Bound
	for _, l := range t.layers {
		if b := extents[l.collection].Bound; b != nil {
			all := *b
			if bound != nil {
				all = bound.Union(all)
			}
			bound = &all
		}
	}
	c.Vary(fiber.HeaderAccept)
	if sent.name == "tilejson" {
		return s.sendJSON(c, mimeTileJSON, t.tileJSON(s, bound, values))
	}
	return s.sendJSON(c, mimeJSON, t.describe(s, bound, values))
}

// narrowing are the parameters that narrow a tileset.
func narrowing(p httpserve.Params) url.Values {
	values := url.Values{}
	for name, value := range p {
		if value != "" && name != "f" {
			values.Set(name, value)
		}
	}
	return values
}

const (
	tileDescription = "Sites are counted by region, province and commune before each is drawn; of some only the commune is known."
	centreZoom      = 5 // the whole country on a screen
)

// describe is the tileset as OGC 17-083r4 has it.
func (t tileset) describe(s *Server, bound *orb.Bound, values url.Values) object {
	links := alternates(tilesetFormats, tilesetFormats[0], func(f string) string { return t.address(s, "", values, f) })
	template := t.address(s, "/{tileMatrix}/{tileRow}/{tileCol}", values, "mvt")
	links = append(links, link{Href: template, Rel: "item", Type: mimeTile, Templated: true}, link{Href: s.matrixSetAddress(), Rel: relTilingScheme, Type: mimeJSON}, s.licenceLink())
	if t.collection != nil {
		links = append(links, link{Href: s.api("/collections/" + t.collection.id), Rel: relGeodata, Type: mimeJSON})
	}
	var limits, layers []object
	for zoom := range tile.MaxZoom + 1 {
		last := 1<<zoom - 1
		limits = append(limits, object{"tileMatrix": strconv.Itoa(zoom), "minTileRow": 0, "maxTileRow": last, "minTileCol": 0, "maxTileCol": last})
	}
	for _, l := range t.layers {
		dimension := 2
		if l.points {
			dimension = 0
		}
		properties := object{}
		for _, name := range l.properties {
			properties[name] = object{"type": typeOf(name)}
		}
		layer := object{"id": l.id, "title": l.id, "description": l.description, "dataType": "vector", "minTileMatrix": strconv.Itoa(l.minZoom), "maxTileMatrix": strconv.Itoa(l.maxZoom),
			"propertiesSchema": object{"type": "object", "properties": properties}}
		if l.id != tile.LayerSites { // which has footprints and points
			layer["geometryDimension"] = dimension
		}
		layers = append(layers, layer)
	}
	out := object{"title": t.title, "description": tileDescription, "dataType": "vector", "crs": mercatorURI, "tileMatrixSetURI": matrixSetURI, "tileMatrixSetLimits": limits,
		"layers": layers, "links": links, "attribution": credits().Attribution, "license": credits().Licence, "mediaTypes": []string{mimeTile}}
	if bound != nil {
		out["boundingBox"] = object{"lowerLeft": bound.Min, "upperRight": bound.Max, "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
		out["centerPoint"] = object{"coordinates": bound.Center(), "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "tileMatrix": strconv.Itoa(centreZoom)}
	}
	return out
}

func typeOf(property string) string {
	if property == "count" {
		return "integer"
	}
	return "string"
}

// tileJSON is the tileset as TileJSON 3.0 has it, which map libraries read.
func (t tileset) tileJSON(s *Server, bound *orb.Bound, values url.Values) object {
	var layers []object
	for _, l := range t.layers {
		fields := object{}
		for _, name := range l.properties {
			fields[name] = map[string]string{"string": "String", "integer": "Number"}[typeOf(name)]
		}
		layers = append(layers, object{"id": l.id, "description": l.description, "minzoom": l.minZoom, "maxzoom": l.maxZoom, "fields": fields})
	}
	out := object{"tilejson": "3.0.0", "name": t.title, "description": tileDescription, "attribution": credits().Attribution, "scheme": "xyz",
		"tiles": []string{t.address(s, "/{z}/{y}/{x}", values, "mvt")}, "minzoom": 0, "maxzoom": tile.MaxZoom, "vector_layers": layers}
	if bound != nil {
		middle := bound.Center()
		out["bounds"] = []float64{bound.Min[0], bound.Min[1], bound.Max[0], bound.Max[1]}
		out["center"] = []float64{middle[0], middle[1], centreZoom}
	}
	return out
}

// tileQuery is what narrows the features of the tileset; the collection is left to its layers.
func (s *Server) tileQuery(t tileset, p httpserve.Params) (registry.FeatureQuery, error) {
	info := collectionInfo{}
	if t.collection != nil {
		info = *t.collection
	}
	q, err := s.query(info, p)
	q.Detail, q.Limit, q.Located, q.Order = "", 0, registry.LocatedYes, registry.AnyOrder
	return q, err
}

func (s *Server) tile(c *fiber.Ctx) error {
	t, err := s.tilesetOf(c)
	if err != nil {
		return err
	}
	p, err := httpserve.Query(c, t.taken...)
	if err != nil {
		return err
	}
	if p.Has("f") && p["f"] != "mvt" {
		return &registry.Error{Code: registry.Invalid, Message: "There is no such format.", Param: "f", Got: p["f"], Takes: "mvt"}
	}
	at, err := tile.ParseAddress(httpserve.PathParam(c, "tileMatrix"), httpserve.PathParam(c, "tileRow"), httpserve.PathParam(c, "tileCol"))
	if err != nil {
		return err
	}
	q, err := s.tileQuery(t, p)
	if err != nil {
		return err
	}
	version, err := s.Kept.Version(c.UserContext(), s.Store)
	if err != nil {
		return err
	}
	question := string(q.Day) + "?" + narrowing(p).Encode()
	address := fmt.Sprintf("%s/%d/%d/%d ", t.path, at.Zoom, at.Row, at.Col)
	made, err := s.Kept.Of(c.UserContext(), version, address+question, func() (httpserve.Kept, error) {
		drawn, err := s.makeTile(c.UserContext(), t, at, q, question)
		return httpserve.KeepWhole(drawn), err
	})
	if err != nil {
		return err
	}
	if made.Body == nil {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		c.Status(fiber.StatusNoContent)
		return nil
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: mimeTile, Body: made.Body, Version: made.Version})
}

// makeTile draws a tile, nil when nothing is in it. question is what q was made of: it has one text only.
func (s *Server) makeTile(ctx context.Context, t tileset, at tile.Address, q registry.FeatureQuery, question string) ([]byte, error) {
	made := tile.New(at)
	for i, l := range t.layers {
		var err error
		if l.collection == feature.Sites {
			if i == 0 { // its layers are drawn together
				err = s.drawSites(ctx, made, q, question)
			}
		} else if at.Zoom >= l.minZoom {
			err = s.drawBoundaries(ctx, made, l, q)
		}
		if err != nil {
			return nil, err
		}
	}
	return made.Encode()
}

func (s *Server) drawBoundaries(ctx context.Context, made *tile.Tile, l tileLayer, q registry.FeatureQuery) error {
	q.Collection, q.Detail, q.Boxes = l.collection, string(tile.DetailAt(made.Zoom)), []orb.Bound{made.Box()}
	return s.Store.EachFeature(ctx, q, func(f registry.Feature) error {
		made.AddBoundary(s.Places, l.id, registry.PlaceCode(f.ID), f.Geometry)
		return nil
	})
}

// drawSites draws sites by the unit, or one by one.
func (s *Server) drawSites(ctx context.Context, made *tile.Tile, q registry.FeatureQuery, question string) error {
	q.Collection = feature.Sites
	sites := made.Sites(s.Places)
	one := q
	if level := tile.LevelAt(made.Zoom); level != "" {
		finest, err := s.counts.of(ctx, s.Store, q, question)
		if err != nil {
			return err
		}
		counts, left := tile.CountSites(s.Places, level, finest)
		made.AddSiteCounts(s.Places, counts)
		if len(left) == 0 {
			return nil
		}
		one.Units = left // so few that the box isn't asked: the index of units finds them, and the box of a low zoom holds everybody
	} else {
		one.Boxes = []orb.Bound{made.Box()}
	}
	if err := s.Store.EachSpot(ctx, one, func(at registry.Spot) error { sites.Add(at); return nil }); err != nil {
		return err
	}
	if sites.TooMany() {
		sites.DrawCounts()
		return nil
	}
	return s.Store.EachFeature(ctx, one, func(f registry.Feature) error { return made.AddSite(s.Places, f) })
}

// countCache keeps counts until the next publication: all tiles of a zoom share them, and each is a walk over all sites.
type countCache struct {
	sync.Mutex
	version string
	counts  map[string]*countEntry
}

type countEntry struct {
	sync.Mutex // whoever comes second waits for the first one's answer
	counts     map[registry.PlaceCode]int
}

// maxCounts bounds how many questions are kept; there are as many as people choose filters.
const maxCounts = 200

func (cache *countCache) of(ctx context.Context, store registry.Reader, q registry.FeatureQuery, question string) (map[registry.PlaceCode]int, error) {
	version, err := store.Version(ctx)
	if err != nil {
		return nil, err
	}
	e := cache.entry(version, question)
	e.Lock()
	defer e.Unlock()
	if e.counts == nil {
		if e.counts, err = store.CountsByUnit(ctx, q); err != nil {
			e.counts = nil
		}
	}
	return e.counts, err
}

func (cache *countCache) entry(version, question string) *countEntry {
	cache.Lock()
	defer cache.Unlock()
	if cache.version != version || len(cache.counts) >= maxCounts {
		cache.version, cache.counts = version, map[string]*countEntry{}
	}
	e := cache.counts[question]
	if e == nil {
		e = &countEntry{}
		cache.counts[question] = e
	}
	return e
}

// tileResources are the addresses of tiles in the API definition.
func (s *Server) tileResources() []resource {
	f := func(formats []format) parameter {
		all := make([]string, len(formats))
		for i, x := range formats {
			all[i] = x.name
		}
		return parameter{"f", "The format; without it, the Accept header chooses.", choice(all)}
	}
	document := object{"type": "object"}
	out := []resource{
		{path: "/tileMatrixSets", id: ".getTileMatrixSetsList", summary: "The tile matrix sets", parameters: []parameter{f(onlyJSON)}, formats: onlyJSON, schema: document},
		{path: "/tileMatrixSets/" + matrixSet, id: ".getTileMatrixSet", summary: "The tile matrix set of all tiles", parameters: []parameter{f(onlyJSON)}, formats: onlyJSON, schema: document},
	}
	for _, t := range s.tilesets {
		id := t.name + ".vector"
		if t.collection == nil {
			id = "." + id
		}
		with := func(formats []format) []parameter { return append(t.filters(s), f(formats)) }
		out = append(out,
			resource{path: t.path, id: id + ".getTileSetsList", collection: t.collection, summary: t.title + ": the tilesets", parameters: []parameter{f(onlyJSON)}, formats: onlyJSON, schema: document},
			resource{path: t.path + "/" + matrixSet, id: id + ".getTileSet", collection: t.collection, summary: t.title + ": the tileset, what is in it and the template of its tiles", parameters: with(tilesetFormats), formats: tilesetFormats, schema: document},
			resource{path: t.path + "/" + matrixSet + "/{tileMatrix}/{tileRow}/{tileCol}", id: id + ".getTile", collection: t.collection, summary: t.title + ": one tile", parameters: with(tileFormats), formats: tileFormats,
				schema: object{"type": "string", "format": "binary"}, missing: true, empty: true})
	}
	return out
}

// tileParameters are the parts of a tile's address, in the API definition.
func tileParameters() []parameter {
	zooms := make([]string, tile.MaxZoom+1)
	for i := range zooms {
		zooms[i] = strconv.Itoa(i)
	}
	number := object{"type": "integer", "minimum": 0}
	return []parameter{
		{"tileMatrix", "The tile matrix, which is the zoom.", choice(zooms)},
		{"tileRow", "The row, from the north.", number},
		{"tileCol", "The column, from the west.", number},
	}
}
