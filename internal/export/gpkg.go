package export

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"mithaq/internal/export/geopackage"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// gpkgEncoder writes a layer for each collection into a temporary GeoPackage, which Close copies out: SQLite can't be written front to back.
type gpkgEncoder struct {
	out   io.Writer
	d     Document
	temp  tempFile
	file  *geopackage.File
	begun int // layers
	layer Layer
	rows  rowReader
}

// gpkgGeometries are the types of geometry of collections that have one only.
var gpkgGeometries = map[string]string{feature.Agreements: "MULTIPOINT", feature.Communes: "MULTIPOLYGON", feature.Provinces: "MULTIPOLYGON", feature.Regions: "MULTIPOLYGON"}

var gpkgTypes = map[feature.ColumnType]string{feature.Number: "DOUBLE", feature.Integer: "INTEGER", feature.Boolean: "BOOLEAN", feature.Timestamp: "DATETIME"}

func newGeoPackage(w io.Writer, d Document) (Encoder, error) {
	temp, err := newTempFile()
	if err != nil {
		return nil, err
	}
	e := &gpkgEncoder{out: w, d: d, temp: temp}
	if e.file, err = geopackage.Create(temp.Name(), d.stamp()); err != nil {
		e.Abandon()
		return nil, err
	}
	return e, nil
}

// beginNext begins the layer after those begun.
func (e *gpkgEncoder) beginNext() error {
	e.layer = e.d.Layers[e.begun]
	e.begun++
	e.rows = rowReader{columns: e.layer.Columns}
	words := inEach(func(_ string, y dictionary) string { return y.Collections[e.layer.Collection].Meaning })
	l := geopackage.Layer{Name: e.layer.Collection, Title: e.layer.Collection, Geometry: "GEOMETRY", Columns: []geopackage.Column{{Name: idColumn.Name, Type: "TEXT NOT NULL UNIQUE"}}}
	l.Description = words.FR + "\n" + words.AR + "\n" + words.EN
	if t, ok := gpkgGeometries[e.layer.Collection]; ok {
		l.Geometry = t
	}
	for _, c := range e.layer.Columns {
		t := gpkgTypes[c.Type]
		if t == "" {
			t = "TEXT"
		}
		l.Columns = append(l.Columns, geopackage.Column{Name: c.Name, Type: t})
	}
	return e.file.Begin(l)
}

func (e *gpkgEncoder) Feature(f registry.Feature) error {
	if _, err := e.d.layer(f.Collection); err != nil {
		return err
	}
	for e.begun == 0 || e.layer.Collection != f.Collection {
		if e.begun == len(e.d.Layers) {
			return fmt.Errorf("features of %s come after their layer's end", f.Collection)
		}
		if err := e.beginNext(); err != nil {
			return err
		}
	}
	r, err := e.rows.read(f)
	if err != nil {
		return err
	}
	values := []any{r.id}
	for i, v := range r.values {
		x, err := gpkgValue(e.layer.Columns[i].Type, v)
		if err != nil {
			return fmt.Errorf("feature %s: %s: %w", r.id, e.layer.Columns[i].Name, err)
		}
		values = append(values, x)
	}
	return e.file.Insert(r.geometry, values...)
}

func gpkgValue(t feature.ColumnType, v value) (any, error) {
	if v.null {
		return nil, nil
	}
	switch t {
	case feature.Number:
		return v.number()
	case feature.Integer:
		return v.integer()
	case feature.Boolean:
		return v.text == "true", nil
	case feature.Timestamp:
		at, err := time.Parse(time.RFC3339, v.text)
		return at.UTC().Format("2006-01-02T15:04:05.000Z"), err
	}
	return v.text, nil // a list is its JSON, which SQLite's json_each takes apart
}

func (e *gpkgEncoder) Close() error {
	defer e.Abandon()
	for e.begun < len(e.d.Layers) {
		if err := e.beginNext(); err != nil {
			return err
		}
	}
	described := e.d.describe()
	var columns, codes [][]string
	for _, l := range described.Layers {
		for _, c := range l.Columns {
			columns = append(columns, []string{l.Collection, c.Name, string(c.Type), c.Unit, c.Label.FR, c.Label.AR, c.Label.EN, c.Meaning.FR, c.Meaning.AR, c.Meaning.EN})
			for _, x := range c.Codes {
				codes = append(codes, []string{l.Collection, c.Name, x.Code, x.Label.FR, x.Label.AR, x.Label.EN})
			}
		}
	}
	about := [][]string{{"title", described.Title}, {"licence", described.Licence}, {"licence_url", described.LicenceURL}, {"attribution", described.Attribution},
		{"extracted", described.Extracted}, {"day", described.Day}, {"link", described.Link}, {"located_only", strconv.FormatBool(e.d.LocatedOnly)}, {"left_out", strconv.Itoa(e.d.LeftOut)}}
	for i, w := range e.d.remarks("lists", "dates", "unknown", "location").in() {
		about = append(about, []string{"note_" + Langs[i], w})
	}
	for _, t := range []struct {
		name, description string
		columns           []string
		rows              [][]string
	}{
		{"mithaq_columns", "Dictionnaire des colonnes · معجم الأعمدة · Column dictionary", []string{"layer", "name", "type", "unit", "label_fr", "label_ar", "label_en", "meaning_fr", "meaning_ar", "meaning_en"}, columns},
		{"mithaq_codes", "Codes · الرموز · Codes", []string{"layer", "column", "code", "label_fr", "label_ar", "label_en"}, codes},
		{"mithaq_about", "Licence, date, lien · الرخصة والتاريخ والرابط · Licence, date, link", []string{"name", "value"}, about},
	} {
		if err := e.file.AddTable(t.name, t.name, t.description, t.columns, t.rows); err != nil {
			return err
		}
	}
	raw, err := encodeJSON(described)
	if err != nil {
		return err
	}
	if err := e.file.SetMetadata(e.d.Link, "application/json", string(raw)); err != nil {
		return err
	}
	if err := e.file.Close(); err != nil {
		return err
	}
	return e.temp.sendTo(e.out)
}

// Abandon removes the temporary file.
func (e *gpkgEncoder) Abandon() {
	if e.file != nil {
		e.file.Abandon()
	}
	_ = e.temp.remove() // nothing can be done about a temporary file that doesn't go
}
