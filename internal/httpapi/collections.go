package httpapi

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/crs"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// How many features a page has, unless asked otherwise, and at most; and how many are counted without being asked.
const (
	defaultLimit = 100
	maxLimit     = 10_000
	countedFor   = 10_000
)

// collectionInfo is what a collection is and may be asked by.
type collectionInfo struct {
	id, title, description string
	geometry               string   // type of its geometries, as queryables name it; empty when it has none
	date                   string   // property that datetime asks; empty when it has none
	summary                []string // properties of its features that a table for people shows, the name first
	places                 []string // place parameters
	where                  []string // properties of which one code may be asked for
	lists                  []string // list properties of which one code may be asked for
	ids                    []string // records that its agreements name
	signed                 bool     // may be asked for by the year of a signature
	located                bool     // may lack a geometry
	boundaries             bool     // has a detail
}

var placeParams = []string{"commune_code", "province_code", "region_code"}

// collectionInfos are the collections in the order of the contract.
var collectionInfos = []collectionInfo{
	{id: feature.Sites, title: "Sites", geometry: "any", places: placeParams, located: true, signed: true,
		description: "Places that agreements build, restore or equip. They have no date of their own: every datetime has them.",
		summary:     []string{"name", "kind", "commune_name", "province_name", "status"},
		where:       []string{"kind", "status", "place_match", "location_precision"}, lists: []string{"works", "utilities", "trades"}, ids: []string{"party", "programme"}},
	{id: feature.Agreements, title: "Agreements", geometry: "multipoint", date: "signed", places: placeParams, located: true, signed: true,
		description: "Agreements, documented and mentioned, at the points of their sites or places. datetime asks when they were signed.",
		summary:     []string{"title", "kind", "signed", "documentation", "place_as_written"},
		where:       []string{"kind", "documentation", "place_match", "location_precision"}},
	{id: feature.Amendments, title: "Amendments", date: "effective", places: placeParams,
		description: "Amendments to agreements. They are texts and have no geometry; their agreement, target, has. datetime asks when they take effect.",
		summary:     []string{"title", "kinds", "effective", "target"}, lists: []string{"kinds"}},
	{id: feature.Communes, title: "Communes", description: "Communes with their boundaries.", geometry: "multipolygon", places: placeParams, boundaries: true,
		summary: []string{"name_fr", "name_ar", "type", "province_name", "population_2024"}, where: []string{"type"}},
	{id: feature.Provinces, title: "Provinces", description: "Provinces and prefectures with their boundaries.", geometry: "multipolygon", places: placeParams[1:], boundaries: true,
		summary: []string{"name_fr", "name_ar", "type", "region_name", "population_2024"}, where: []string{"type"}},
	{id: feature.Regions, title: "Regions", description: "Regions with their boundaries.", geometry: "multipolygon", places: placeParams[2:], boundaries: true,
		summary: []string{"name_fr", "name_ar", "population_2024", "area_km2"}},
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

// codes are the members of the closed set of a property.
func (info collectionInfo) codes(property string) []string {
	c, _ := feature.ColumnOf(info.id, property)
	return c.Codes
}

// parameter is a query parameter as the API definition has it.
type parameter struct {
	name, description string
	schema            map[string]any
}

func choice(codes []string) map[string]any { return map[string]any{"type": "string", "enum": codes} }

// itemParameters are those of one feature.
func (s *Server) itemParameters(info collectionInfo, formats []format) []parameter {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	system := choice(crs.URIs())
	system["format"] = "uri"
	out := []parameter{
		{asOf, "A day: the state in force then; today without it.", map[string]any{"type": "string", "format": "date"}},
		{recorded, "A moment, as 2026-05-01T10:00:00Z or a day, which is its end in UTC: the registry as it was published then.", map[string]any{"type": "string"}},
		{"crs", "The coordinate reference system of the answer; longitude and latitude of WGS 84 without it.", system},
		{"f", "The format; without it, the Accept header chooses.", choice(append(names, "json"))},
	}
	if info.boundaries {
		details := make([]string, len(gazetteer.Details))
		for i, d := range gazetteer.Details {
			details[i] = string(d)
		}
		out = append(out, parameter{"detail", "How fine the boundaries are; medium without it.", choice(details)})
	}
	return out
}

// parameters are those of a collection's items: the only ones that are taken.
func (s *Server) parameters(info collectionInfo) []parameter {
	number := map[string]any{"type": "number"}
	system := choice(crs.URIs())
	system["format"] = "uri"
	out := []parameter{
		{"bbox", "Features whose geometry meets this box, and those without a geometry: four numbers in the order of the axes of bbox-crs, or six with heights, which are " +
			"checked and left aside. West greater than east crosses 180 degrees.", map[string]any{"type": "array", "items": number, "oneOf": []any{
			map[string]any{"minItems": 4, "maxItems": 4}, map[string]any{"minItems": 6, "maxItems": 6}}}},
		{"bbox-crs", "The coordinate reference system of bbox; longitude and latitude of WGS 84 without it.", system},
		{"datetime", "Features whose date may fall in this time, and those without a date: " + datetimeTakes + ".", map[string]any{"type": "string"}},
		{"filter", "Features for which this condition is true: CQL2 over the queryables.", map[string]any{"type": "string"}},
		{"filter-lang", "The language of filter; cql2-text without it.", choice(filterLangs)},
		{"filter-crs", "The coordinate reference system of the geometries in filter; longitude and latitude of WGS 84 without it.", system},
		{"limit", "How many features a page has at most; more than 10000 means 10000.", map[string]any{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit}},
		{"after", "What a next or prev link holds; opaque.", map[string]any{"type": "string"}},
		{"offset", "How many features to leave out before the first, for clients that count pages. The next link stays right while records arrive; this doesn't.",
			map[string]any{"type": "integer", "minimum": 0, "default": 0}},
		{"count", "exact: numberMatched however many there are. Without it, it is given up to 10000.", choice([]string{"exact"})},
	}
	out = append(out, s.itemParameters(info, itemFormats(info.id))...)
	for _, name := range info.places {
		out = append(out, parameter{name, "A census code: what lies in that unit, or reaches it.", map[string]any{"type": "string"}})
	}
	for _, name := range info.where {
		out = append(out, parameter{name, "One value of the property.", choice(info.codes(name))})
	}
	for _, name := range info.lists {
		out = append(out, parameter{name, "One value that is to be in the property.", choice(info.codes(name))})
	}
	for _, name := range info.ids {
		out = append(out, parameter{name, "A record's id: sites of an agreement that names it.", map[string]any{"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}})
	}
	if info.signed {
		out = append(out, parameter{yearParam, "A year: agreements that may have been signed in it, sites of such agreements.", map[string]any{"type": "string", "pattern": "^[0-9]{4}$"}})
	}
	if info.located {
		out = append(out, parameter{"located", "yes: with a geometry; no: without.", choice([]string{string(registry.LocatedYes), string(registry.LocatedNo)})})
	}
	return out
}

// taken is what the routes of a collection take, put together once.
type taken struct {
	items   []string // the names of the parameters of items
	item    []string // and of one feature
	formats []format // of items
	itemEnd []string // of one feature, as it is first asked for: its id stands between the pieces
}

func (s *Server) allTaken() map[string]taken {
	out := map[string]taken{}
	for _, info := range collectionInfos {
		const anID = "0-an-id-0"
		end := strings.Split(s.itemEnd(info, anID, nil), anID)
		out[info.id] = taken{names(s.parameters(info)), names(s.itemParameters(info, featureFormats)), itemFormats(info.id), end}
	}
	return out
}

// names are the names of parameters.
func names(parameters []parameter) []string {
	out := make([]string, len(parameters))
	for i, p := range parameters {
		out[i] = p.name
	}
	return out
}
