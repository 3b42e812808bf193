// Command schemagen writes the JSON Schema of the record format from the record types: names, comments and closed sets
// come from the code, so that the published schema can't say otherwise than the program does.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"mithaq/internal/dossier"
	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

func main() {
	raw, err := generate("../registry")
	if err == nil {
		err = os.WriteFile(os.Args[1], raw, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generate makes the schema; sources is the folder of package registry, for its comments.
func generate(sources string) ([]byte, error) {
	omitzero := map[string][]string{}
	r := &jsonschema.Reflector{
		Anonymous: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case reflect.TypeFor[edtf.Date]():
				return &jsonschema.Schema{Type: "string", Format: "edtf", Description: "A date in EDTF, level 1 (and one doubtful component, as in 2021?-07-26); never padded to a day that the source doesn't give."}
			case reflect.TypeFor[registry.Geometry]():
				g := &jsonschema.Schema{Type: "object", Format: "geojson-geometry", Description: "A GeoJSON geometry: degrees of WGS 84, longitude then latitude.",
					Properties: jsonschema.NewProperties(), Required: []string{"type", "coordinates"}, AdditionalProperties: jsonschema.FalseSchema}
				g.Properties.Set("type", &jsonschema.Schema{Type: "string", Enum: anys(dossier.GeometryTypes)})
				g.Properties.Set("coordinates", &jsonschema.Schema{Type: "array"})
				return g
			case reflect.TypeFor[registry.Decimal]():
				return &jsonschema.Schema{Type: "number", Format: "decimal-3"}
			case reflect.TypeFor[registry.ID]():
				return &jsonschema.Schema{Type: "string", Pattern: "^[a-z0-9]+(-[a-z0-9]+)*$", MaxLength: ptr(uint64(100))}
			case reflect.TypeFor[json.RawMessage]():
				return jsonschema.TrueSchema
			}
			if set, ok := registry.ClosedSets[t.Name()]; ok && strings.HasSuffix(t.PkgPath(), "internal/registry") {
				return &jsonschema.Schema{Type: "string", Enum: anys(set)}
			}
			if t.Kind() == reflect.Struct {
				for i := range t.NumField() {
					if name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); strings.Contains(options, "omitzero") {
						omitzero[t.Name()] = append(omitzero[t.Name()], name)
					}
				}
			}
			return nil
		},
	}
	if err := r.AddGoComments("mithaq/internal/registry", sources); err != nil {
		return nil, err
	}
	clean := map[string]string{}
	for key, comment := range r.CommentMap {
		clean[strings.ReplaceAll(key, "mithaq/internal/registry/../registry", "mithaq/internal/registry")] = strings.Join(strings.Fields(comment), " ")
	}
	r.CommentMap = clean

	defs := jsonschema.Definitions{}
	var refs []*jsonschema.Schema
	for _, t := range registry.Types {
		s := r.Reflect(registry.New(t))
		for name, def := range s.Definitions {
			defs[name] = def
		}
		name := dossier.Definitions[t]
		defs[name].Properties.Set("type", &jsonschema.Schema{Const: string(t)})
		refs = append(refs, &jsonschema.Schema{Ref: "#/$defs/" + name})
	}
	for name, optional := range omitzero {
		if def := defs[name]; def != nil {
			def.Required = slices.DeleteFunc(def.Required, func(p string) bool { return slices.Contains(optional, p) })
		}
	}
	file := &jsonschema.Schema{Type: "object", AdditionalProperties: jsonschema.FalseSchema, Required: []string{"format", "records"},
		Properties:  jsonschema.NewProperties(),
		Description: "A file of records: what mithaq import takes and mithaq export writes."}
	file.Properties.Set("$schema", &jsonschema.Schema{Type: "string"})
	file.Properties.Set("format", &jsonschema.Schema{Const: dossier.Format})
	file.Properties.Set("records", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "object", Required: []string{"type", "id"}}})
	defs["File"] = file
	root := &jsonschema.Schema{
		Version: jsonschema.Version, ID: "urn:mithaq:records-1", Title: "Mithaq records, format 1", Definitions: defs,
		AllOf: []*jsonschema.Schema{{Ref: "#/$defs/File"}, {Properties: jsonschema.NewProperties()}},
	}
	root.AllOf[1].Properties.Set("records", &jsonschema.Schema{Items: &jsonschema.Schema{OneOf: refs}})
	raw, err := json.MarshalIndent(root, "", "  ")
	return append(raw, '\n'), err
}

// anys is a closed set as the library takes it.
func anys(set []string) (out []any) {
	for _, code := range set {
		out = append(out, code)
	}
	return out
}

func ptr[T any](v T) *T { return &v }
