package export

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"mithaq/internal/feature"
)

// Langs are the languages of dictionaries.
var Langs = []string{"fr", "ar", "en"}

//go:embed dictionary
var dictionaryFiles embed.FS

// entry names and explains one thing in one language.
type entry struct {
	Label   string `json:"label"`
	Meaning string `json:"meaning"`
}

// dictionary is what dictionary/{lang}.json holds.
type dictionary struct {
	Collections map[string]entry `json:"collections"`
	// Columns are by name; a column that means something else in one collection is "collection.name".
	Columns map[string]entry `json:"columns"`
	// Codes are those of which the pages' catalogs have no name that stands alone, by "set.code".
	Codes map[string]string `json:"codes"`
	Texts map[string]string `json:"texts"`
}

// dictionaries reads the embedded files; a fault in one is our own mistake, which every test finds.
var dictionaries = sync.OnceValue(func() map[string]dictionary {
	all := map[string]dictionary{}
	for _, lang := range Langs {
		raw, err := dictionaryFiles.ReadFile("dictionary/" + lang + ".json")
		var d dictionary
		if err == nil {
			err = json.Unmarshal(raw, &d)
		}
		if err != nil {
			panic(fmt.Sprintf("export: dictionary %s: %v", lang, err))
		}
		all[lang] = d
	}
	return all
})

// words is a text in each language.
type words struct {
	FR string `json:"fr"`
	AR string `json:"ar"`
	EN string `json:"en"`
}

// in lists the texts in the order of Langs.
func (w words) in() []string { return []string{w.FR, w.AR, w.EN} }

// inEach asks for a text in each language.
func inEach(say func(lang string, d dictionary) string) words {
	all := dictionaries()
	return words{say("fr", all["fr"]), say("ar", all["ar"]), say("en", all["en"])}
}

// description is what a file says of itself in JSON: at the head of GeoJSON, in metadata.json, in Parquet's and GeoPackage's metadata.
type description struct {
	Title       string           `json:"title"`
	Licence     string           `json:"licence"`
	LicenceURL  string           `json:"licence_url"`
	Attribution string           `json:"attribution"`
	Extracted   string           `json:"extracted,omitempty"` // time of the publication that the data stand on
	Day         string           `json:"day,omitempty"`       // on which the data hold
	Link        string           `json:"link"`
	LocatedOnly bool             `json:"located_only"`
	LeftOut     int              `json:"left_out"` // rows without a geometry that were left out
	Layers      []describedLayer `json:"layers"`
}

type describedLayer struct {
	Collection string            `json:"collection"`
	Label      words             `json:"label"`
	Meaning    words             `json:"meaning"`
	Columns    []describedColumn `json:"columns"`
}

type describedColumn struct {
	Name    string             `json:"name"`
	Type    feature.ColumnType `json:"type"`
	Unit    string             `json:"unit,omitempty"`
	Label   words              `json:"label"`
	Meaning words              `json:"meaning"`
	Codes   []describedCode    `json:"codes,omitempty"`
}

type describedCode struct {
	Code  string `json:"code"`
	Label words  `json:"label"`
}

// units are those of columns that have one; the qualifiers beside a figure say how exact it is.
var units = map[string]string{"coordinate_uncertainty_m": "m", "surface_m2": "m²", "area_km2": "km²", "lon": "°", "lat": "°"}

// Columns that files have beside the collection's own.
var (
	idColumn   = feature.Column{Name: "id", Type: feature.Text}
	wktColumns = []feature.Column{{Name: "lon", Type: feature.Number}, {Name: "lat", Type: feature.Number}, {Name: "wkt", Type: feature.Text}}
)

// describe says what is in a file whose rows end with the columns of geometry.
func (d Document) describe(geometry ...feature.Column) description {
	out := description{
		Title: d.title(), Licence: d.Licence, LicenceURL: d.LicenceURL, Attribution: d.Attribution, Extracted: d.extracted(), Day: string(d.Day),
		Link: d.Link, LocatedOnly: d.LocatedOnly, LeftOut: d.LeftOut, Layers: make([]describedLayer, len(d.Layers)),
	}
	for i, l := range d.Layers {
		x := describedLayer{
			Collection: l.Collection,
			Label:      inEach(func(_ string, y dictionary) string { return y.Collections[l.Collection].Label }),
			Meaning:    inEach(func(_ string, y dictionary) string { return y.Collections[l.Collection].Meaning }),
			Columns:    []describedColumn{d.column(l.Collection, idColumn)},
		}
		for _, c := range l.Columns {
			x.Columns = append(x.Columns, d.column(l.Collection, c))
		}
		for _, c := range geometry {
			x.Columns = append(x.Columns, d.column(l.Collection, c))
		}
		out.Layers[i] = x
	}
	return out
}

// column explains one column.
func (d Document) column(collection string, c feature.Column) describedColumn {
	find := func(y dictionary) entry {
		if e, ok := y.Columns[collection+"."+c.Name]; ok {
			return e
		}
		return y.Columns[c.Name]
	}
	out := describedColumn{
		Name: c.Name, Type: c.Type, Unit: units[c.Name],
		Label:   inEach(func(_ string, y dictionary) string { return find(y).Label }),
		Meaning: inEach(func(_ string, y dictionary) string { return find(y).Meaning }),
	}
	set := c.Set
	if set == "" {
		set = c.Name
	}
	for _, code := range c.Codes {
		out.Codes = append(out.Codes, describedCode{code, d.label(set, code)})
	}
	return out
}

// label names a code: by the dictionary where it has a name, else by the catalogs, else it is its own name.
func (d Document) label(set, code string) words {
	return inEach(func(lang string, y dictionary) string {
		if s := y.Codes[set+"."+code]; s != "" {
			return s
		}
		if d.Labels != nil {
			if s := d.Labels(lang, set, code); s != "" {
				return s
			}
		}
		return code
	})
}

// remarks are texts of the dictionary, one after the other, and how many rows were left out, if any were to be.
func (d Document) remarks(keys ...string) words {
	return inEach(func(_ string, y dictionary) string {
		var all []string
		for _, key := range keys {
			all = append(all, y.Texts[key])
		}
		if d.LocatedOnly {
			all = append(all, fmt.Sprintf(y.Texts["left_out"], d.LeftOut))
		}
		return strings.Join(all, " ")
	})
}

// encodeJSON is one value's JSON, without a line break and without escapes for HTML.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// writeIndented writes one JSON document for people to read.
func writeIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
