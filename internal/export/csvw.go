package export

import (
	"io"

	"mithaq/internal/feature"
)

// WriteSidecar writes the file that describes a file of this format (see Format.Sidecar): CSV on the Web metadata for CSV, the description
// that other formats carry inside for the others.
func WriteSidecar(format string, w io.Writer, d Document) error {
	f, _ := FormatOf(format)
	if d.Filename == "" {
		d.Filename = d.collections() + f.Extension
	}
	if f.Extension == ".csv" {
		return writeIndented(w, d.csvw())
	}
	return writeIndented(w, d.describe())
}

// localized is a text in JSON-LD.
type localized struct {
	Value string `json:"@value"`
	Lang  string `json:"@language"`
}

func localizedOf(w words) (out []localized) {
	for i, text := range w.in() {
		out = append(out, localized{text, Langs[i]})
	}
	return out
}

type linked struct {
	ID string `json:"@id"`
}

type csvwTable struct {
	Context     []any       `json:"@context"`
	URL         string      `json:"url"`
	Title       string      `json:"dc:title"`
	Description []localized `json:"dc:description"`
	License     linked      `json:"dc:license"`
	Rights      string      `json:"dc:rights"`
	Modified    string      `json:"dc:modified,omitempty"`
	Source      linked      `json:"dc:source"`
	Comment     []localized `json:"rdfs:comment"`
	Dialect     csvwDialect `json:"dialect"`
	Schema      csvwSchema  `json:"tableSchema"`
}

type csvwDialect struct {
	Encoding    string `json:"encoding"`
	Delimiter   string `json:"delimiter"`
	Header      bool   `json:"header"`
	DoubleQuote bool   `json:"doubleQuote"`
}

type csvwSchema struct {
	Columns    []csvwColumn `json:"columns"`
	PrimaryKey string       `json:"primaryKey"`
}

// csvwColumn has its header as title, because readers find a column by it; what people call it stands in dc:title.
type csvwColumn struct {
	Name        string      `json:"name"`
	Titles      string      `json:"titles"`
	Datatype    string      `json:"datatype"`
	Separator   string      `json:"separator,omitempty"`
	Label       []localized `json:"dc:title"`
	Description []localized `json:"dc:description"`
	Unit        string      `json:"schema:unitText,omitempty"`
	Codes       []csvwCode  `json:"skos:member,omitempty"`
}

type csvwCode struct {
	Code  string      `json:"skos:notation"`
	Label []localized `json:"skos:prefLabel"`
}

var csvwTypes = map[feature.ColumnType]string{feature.Number: "decimal", feature.Integer: "integer", feature.Boolean: "boolean", feature.Timestamp: "dateTime", feature.Parts: "json"}

// csvw is the table's description by the W3C's "Metadata Vocabulary for Tabular Data".
func (d Document) csvw() csvwTable {
	described := d.describe(wktColumns...).Layers[0]
	t := csvwTable{
		Context: []any{"http://www.w3.org/ns/csvw", map[string]string{"@language": "fr"}},
		URL:     d.Filename, Title: d.title(), Description: localizedOf(described.Meaning), License: linked{d.LicenceURL}, Rights: d.Attribution,
		Modified: d.extracted(), Source: linked{d.Link}, Comment: localizedOf(d.remarks("guard")),
		Dialect: csvwDialect{"utf-8", ",", true, true},
		Schema:  csvwSchema{PrimaryKey: "id"},
	}
	for _, c := range described.Columns {
		x := csvwColumn{Name: c.Name, Titles: c.Name, Datatype: csvwTypes[c.Type], Label: localizedOf(c.Label), Description: localizedOf(c.Meaning), Unit: c.Unit}
		if x.Datatype == "" {
			x.Datatype = "string"
		}
		if c.Type == feature.List {
			x.Separator = ";"
		}
		for _, code := range c.Codes {
			x.Codes = append(x.Codes, csvwCode{code.Code, localizedOf(code.Label)})
		}
		t.Schema.Columns = append(t.Schema.Columns, x)
	}
	return t
}
