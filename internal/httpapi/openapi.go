package httpapi

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
)

// object is a JSON object.
type object = map[string]any

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

// openAPI answers with the API definition: OpenAPI 3.0, whole in itself, made from the tables that the handlers read.
func (s *Server) openAPI(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c); err != nil {
		return err
	}
	return s.sendJSON(c, mimeOpenAPI, s.definition())
}

// definitionPage is the API definition for people.
func (s *Server) definitionPage(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c); err != nil {
		return err
	}
	return s.HTML(c, s.Definition())
}

// Definition is the API definition as a document: every address with its parameters.
func (s *Server) Definition() httpserve.Document {
	page := httpserve.Document{Kind: "definition", Columns: []string{"address", "parameters"}, Links: []link{
		{Href: s.api("/api.html"), Rel: "self", Type: mimeHTML},
		{Href: s.api("/openapi.json"), Rel: "alternate", Type: mimeOpenAPI},
	}}
	for _, r := range s.resources() {
		page.Rows = append(page.Rows, []cell{{Texts: []string{"/api" + r.path}, Href: r.example(s)}, {Texts: names(r.parameters)}})
	}
	return page
}

// resource is an address of the API definition.
type resource struct {
	path, id, summary string
	collection        *collectionInfo
	parameters        []parameter
	formats           []format
	schema            object // of the JSON answer
	crs               bool   // the answer says its Content-Crs
	missing           bool   // it may be answered by 404
	empty             bool   // it may be answered by 204
}

// example is an address that answers; a feature's has none.
func (r resource) example(s *Server) string {
	if strings.Contains(r.path, "{") {
		return ""
	}
	return s.api(r.path)
}

// resources are all addresses of the API definition.
func (s *Server) resources() []resource {
	f := func(formats []format) []parameter {
		all := []string{}
		for _, x := range formats {
			all = append(all, x.name)
		}
		return []parameter{{"f", "The format; without it, the Accept header chooses.", choice(all)}}
	}
	out := []resource{
		{path: "/", id: "landing", summary: "The landing page", parameters: f(documentFormats), formats: documentFormats, schema: ref("schemas", "landing")},
		{path: "/conformance", id: "conformance", summary: "The standards that the API follows", parameters: f(documentFormats), formats: documentFormats, schema: ref("schemas", "conformance")},
		{path: "/collections", id: "collections", summary: "All collections", parameters: f(documentFormats), formats: documentFormats, schema: ref("schemas", "collections")},
	}
	for _, info := range collectionInfos {
		path := "/collections/" + info.id
		out = append(out,
			resource{path: path, id: info.id, collection: &info, summary: info.title + ": what the collection is", parameters: f(documentFormats), formats: documentFormats, schema: ref("schemas", "collection")},
			resource{path: path + "/queryables", id: info.id + "-queryables", collection: &info, summary: info.title + ": the properties", parameters: f(schemaFormats), formats: schemaFormats, schema: object{"type": "object"}},
			resource{path: path + "/items", id: info.id + "-items", collection: &info, summary: info.title + ", page by page", parameters: s.parameters(info), formats: itemFormats(info.id), schema: ref("schemas", info.id+"-items"), crs: true},
			resource{path: path + "/items/{featureId}", id: info.id + "-item", collection: &info, summary: info.title + ": one feature", parameters: s.itemParameters(info, featureFormats), formats: featureFormats, schema: ref("schemas", info.id+"-item"), crs: true, missing: true})
	}
	return append(out, s.tileResources()...)
}

// definition is the OpenAPI document. servers is the API's root, so that its paths are those of the standard.
func (s *Server) definition() object {
	paths := object{}
	for _, r := range s.resources() {
		paths[r.path] = object{"get": r.operation()}
	}
	return object{
		"openapi": "3.0.3",
		"info": object{"title": apiTitle, "description": apiDescription + " OGC API - Features, parts 1 and 2.", "version": s.Version,
			"license": object{"name": credits().Licence}},
		"servers": []object{{"url": s.api("")}},
		"tags":    []object{{"name": "API"}, {"name": "Collections"}, {"name": "Features"}},
		"paths":   paths,
		"components": object{
			"schemas": s.schemas(),
			"responses": object{
				"invalid":     problem("The request is wrong: parameter, got and takes say where."),
				"notFound":    problem("There is no such feature or tile."),
				"unavailable": problem("The registry can't answer now; Retry-After says when to ask again."),
				"internal":    problem("Our mistake; request_id finds it in the log."),
			},
		},
	}
}

func problem(description string) object {
	return object{"description": description, "content": object{"application/problem+json": object{"schema": ref("schemas", "problem")}}}
}

func (r resource) operation() object {
	parameters := []object{}
	if strings.Contains(r.path, "{featureId}") {
		parameters = append(parameters, object{"name": "featureId", "in": "path", "required": true, "description": "The id of a feature.", "schema": object{"type": "string"}})
	}
	for _, p := range tileParameters() {
		if strings.Contains(r.path, "{"+p.name+"}") {
			parameters = append(parameters, object{"name": p.name, "in": "path", "required": true, "description": p.description, "schema": p.schema})
		}
	}
	for _, p := range r.parameters {
		parameters = append(parameters, object{"name": p.name, "in": "query", "required": false, "description": p.description,
			"style": "form", "explode": false, "schema": p.schema})
	}
	content := object{}
	for _, f := range r.formats {
		schema := r.schema
		if f.name == "html" || f.file != nil {
			schema = object{"type": "string"}
		}
		content[f.mime] = object{"schema": schema}
	}
	ok := object{"description": r.summary, "content": content}
	if r.crs {
		ok["headers"] = object{headerCRS: object{"description": "The coordinate reference system of the geometries, in angle brackets.", "schema": object{"type": "string"}}}
	}
	responses := object{"200": ok, "400": ref("responses", "invalid"), "500": ref("responses", "internal"), "503": ref("responses", "unavailable")}
	if r.empty {
		responses["204"] = object{"description": "Nothing is there."}
	}
	if r.missing {
		responses["404"] = ref("responses", "notFound")
	}
	tag := "API"
	switch {
	case r.crs:
		tag = "Features"
	case r.collection != nil:
		tag = "Collections"
	}
	return object{"operationId": r.id, "summary": r.summary, "tags": []string{tag}, "parameters": parameters, "responses": responses}
}

// schemas are the schemas of the answers.
func (s *Server) schemas() object {
	str, list := object{"type": "string"}, func(items object) object { return object{"type": "array", "items": items} }
	links := list(ref("schemas", "link"))
	out := object{
		"link": object{"type": "object", "required": []string{"href", "rel"}, "properties": object{
			"href": object{"type": "string", "format": "uri"}, "rel": str, "type": str, "title": str, "hreflang": str}},
		"landing": object{"type": "object", "required": []string{"title", "links"}, "properties": object{
			"title": str, "description": str, "attribution": str, "links": links}},
		"conformance": object{"type": "object", "required": []string{"conformsTo"}, "properties": object{"conformsTo": list(str), "links": links}},
		"collections": object{"type": "object", "required": []string{"collections", "links"}, "properties": object{"collections": list(ref("schemas", "collection")), "links": links}},
		"collection": object{"type": "object", "required": []string{"id", "links"}, "properties": object{
			"id": str, "title": str, "description": str, "itemType": str, "attribution": str, "licence": str, "crs": list(str), "storageCrs": str, "links": links,
			"extent": object{"type": "object", "properties": object{
				"spatial": object{"type": "object", "properties": object{"crs": str,
					"bbox": list(object{"type": "array", "minItems": 4, "maxItems": 4, "items": object{"type": "number"}})}},
				"temporal": object{"type": "object", "properties": object{"trs": str,
					"interval": list(object{"type": "array", "minItems": 2, "maxItems": 2, "items": object{"type": "string", "format": "date-time", "nullable": true}})}}}}}},
		"geometry": object{"type": "object", "nullable": true, "required": []string{"type", "coordinates"}, "properties": object{
			"type":        choice([]string{"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}),
			"coordinates": list(object{})}},
		"problem": object{"type": "object", "required": []string{"title", "status"}, "properties": object{
			"type": str, "title": str, "status": object{"type": "integer"}, "detail": str, "instance": str, "code": str, "parameter": str, "got": str, "takes": str, "request_id": str}},
	}
	for _, info := range collectionInfos {
		properties, required := object{}, []string{}
		for _, column := range feature.Columns(info.id) {
			property := schemaOf(column)
			if column.Type != feature.List && column.Type != feature.Parts {
				property["nullable"] = true
				if codes, ok := property["enum"].([]string); ok {
					withNull := []any{nil}
					for _, code := range codes {
						withNull = append(withNull, code)
					}
					property["enum"] = withNull
				}
			}
			properties[column.Name] = property
			required = append(required, column.Name)
		}
		slices.Sort(required)
		members := object{"type": choice([]string{"Feature"}), "id": str, "geometry": ref("schemas", "geometry"),
			"properties": object{"type": "object", "required": required, "properties": properties}}
		out[info.id+"-feature"] = object{"type": "object", "required": []string{"type", "id", "geometry", "properties"}, "properties": members}
		out[info.id+"-item"] = object{"allOf": []object{ref("schemas", info.id+"-feature"), {"type": "object", "required": []string{"links"},
			"properties": object{"links": links, "attribution": str, "licence": str}}}}
		count := object{"type": "integer", "minimum": 0}
		out[info.id+"-items"] = object{"type": "object", "required": []string{"type", "features", "links", "numberReturned"}, "properties": object{
			"type": choice([]string{"FeatureCollection"}), "features": list(ref("schemas", info.id+"-feature")), "links": links,
			"numberReturned": count, "numberMatched": count, "attribution": str, "licence": str}}
	}
	return out
}
