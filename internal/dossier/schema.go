package dossier

import (
	"bytes"
	_ "embed" // the schema travels in the program
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

//go:generate go run ./schemagen records.schema.json

// Schema is the JSON Schema (draft 2020-12) of the record format, made from the record types by go generate.
//
//go:embed records.schema.json
var Schema []byte

// schemaID is the schema's own name; nothing is ever fetched from it.
const schemaID = "urn:mithaq:records-1"

// compiled are the schemas of the file's frame and of each type of record.
type compiled struct {
	file    *jsonschema.Schema
	records map[registry.Type]*jsonschema.Schema
}

// Definitions names each type's definition in the schema.
var Definitions = map[registry.Type]string{
	registry.TypeSource:       "Source",
	registry.TypeOrganisation: "Organisation",
	registry.TypeProgramme:    "Programme",
	registry.TypeAgreement:    "Agreement",
	registry.TypeAmendment:    "Amendment",
	registry.TypeSite:         "Site",
	registry.TypeEvent:        "Event",
	registry.TypeAnnouncement: "Announcement",
}

// schemas compiles the schema once; a schema that doesn't compile is our own mistake.
var schemas = sync.OnceValue(func() compiled {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.RegisterFormat(&jsonschema.Format{Name: "edtf", Validate: edtfFormat})
	c.RegisterFormat(&jsonschema.Format{Name: "geojson-geometry", Validate: geometryFormat})
	c.RegisterFormat(&jsonschema.Format{Name: "decimal-3", Validate: decimalFormat})
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		panic(err)
	}
	if err := c.AddResource(schemaID, doc); err != nil {
		panic(err)
	}
	out := compiled{file: c.MustCompile(schemaID + "#/$defs/File"), records: map[registry.Type]*jsonschema.Schema{}}
	for t, name := range Definitions {
		out.records[t] = c.MustCompile(schemaID + "#/$defs/" + name)
	}
	return out
})

func edtfFormat(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil // the type is another rule's matter
	}
	_, err := edtf.Parse(s)
	return err
}

// GeometryTypes are the GeoJSON geometries that a record may have.
var GeometryTypes = []string{"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}

// geometryFormat reads coordinates as strictly as the registry does; the members of a geometry are the schema's own matter.
func geometryFormat(v any) error {
	g, _ := v.(map[string]any)
	t, _ := g["type"].(string)
	if _, list := g["coordinates"].([]any); !list || !slices.Contains(GeometryTypes, t) {
		return nil
	}
	return readsAs(map[string]any{"type": t, "coordinates": g["coordinates"]}, &registry.Geometry{})
}

func decimalFormat(v any) error {
	if _, ok := v.(json.Number); !ok {
		return nil // likewise
	}
	return readsAs(v, &registry.Decimal{})
}

// readsAs reads a decoded JSON value with the type's own reader.
func readsAs(v any, into json.Unmarshaler) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("read again: %w", err)
	}
	return into.UnmarshalJSON(raw)
}
