// Package export writes the features of a collection as one file, in the formats of the tools that people have: GeoJSON, GeoJSON one feature
// a line, CSV, XLSX, GeoPackage, GeoParquet, KML, OC4IDS, and a ZIP with the data and all that is to be known of them.
//
// Every format holds the same rows and the same figures: rows without a geometry are kept, unknown values stay empty, numbers keep the digits
// that the registry has. Positions are degrees, longitude first (OGC:CRS84). The same Document and features give the same bytes: nothing here
// asks for the time, and an encoder's memory doesn't grow with the number of features.
//
// How lists, dates and geometries look in each format is promised in docs/downloads.md.
package export

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// Format is a kind of file.
type Format struct {
	ID        string // as parameters and flags name it
	MediaType string
	Extension string // with its point
	// Several: one file may hold several collections.
	Several bool
	// Collections are those that the format has room for; nil for any.
	Collections []string
	// Sidecar is what the name of the file that describes this one adds to its name; empty when the file describes itself.
	Sidecar string
	// SidecarType is that file's media type.
	SidecarType string
	// ReadsRecords says that the encoder asks Document.Reader while features come.
	ReadsRecords bool
	// MostRows is how many rows of a collection a file has room for; 0 for any number.
	MostRows int

	open func(w io.Writer, d Document) (Encoder, error)
}

// formats are in the order in which people are offered them.
var formats = []Format{
	{ID: "geojson", MediaType: "application/geo+json", Extension: ".geojson", open: newGeoJSON},
	{ID: "geojsonl", MediaType: "application/x-ndjson", Extension: ".geojsonl", Sidecar: "-metadata.json", SidecarType: "application/json", open: newLines},
	{ID: "geojsonseq", MediaType: "application/geo+json-seq", Extension: ".geojsons", Sidecar: "-metadata.json", SidecarType: "application/json", open: newSequence},
	{ID: "csv", MediaType: "text/csv; charset=utf-8; header=present", Extension: ".csv", Sidecar: "-metadata.json", SidecarType: "application/csvm+json", open: newCSV},
	{ID: "csv-plain", MediaType: "text/csv; charset=utf-8; header=present", Extension: ".csv", Sidecar: "-metadata.json", SidecarType: "application/csvm+json", open: newPlainCSV},
	{ID: "xlsx", MediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Extension: ".xlsx", MostRows: maxSheetRows - 1, open: newXLSX},
	{ID: "gpkg", MediaType: "application/geopackage+sqlite3", Extension: ".gpkg", Several: true, open: newGeoPackage},
	{ID: "parquet", MediaType: "application/vnd.apache.parquet", Extension: ".parquet", open: newParquet},
	{ID: "kml", MediaType: "application/vnd.google-earth.kml+xml", Extension: ".kml", open: newKML},
	{ID: "oc4ids", MediaType: "application/json", Extension: ".oc4ids.json", Collections: []string{feature.Sites, feature.Agreements}, ReadsRecords: true, open: newOC4IDS},
	{ID: "zip", MediaType: "application/zip", Extension: ".zip", open: newBundle},
}

// Formats lists every format.
func Formats() []Format { return slices.Clone(formats) }

// FormatOf finds a format by its id.
func FormatOf(id string) (Format, bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.ID == id })
	if i < 0 {
		return Format{}, false
	}
	return formats[i], true
}

// Document is what a file says of itself, and what an encoder must know beforehand.
type Document struct {
	// Layers are the collections in the file: one, or several where the format has room for them. Features come layer by layer, in this order.
	Layers []Layer
	// Licence is an SPDX id, LicenceURL the address of its text.
	Licence, LicenceURL string
	// Attribution is the line that whoever reuses the data must show.
	Attribution string
	// Extracted is the time of the publication that the data stand on, not of the request: asking twice gives one file. Zero when nothing
	// was published.
	Extracted time.Time
	// Link is the address that asks the very question again.
	Link string
	// BaseURL is the registry's public address, without a final slash.
	BaseURL string
	// Gazetteer names the list that place codes are from, where a format asks for its name: "MA-HCP".
	Gazetteer string
	// Filename is the name under which the file will be kept, which its sidecar points at; a name made of the layer when empty.
	Filename string
	// LocatedOnly says that rows without a geometry were left out, LeftOut how many.
	LocatedOnly bool
	LeftOut     int
	// Day is the day on which the data hold.
	Day edtf.Day
	// Labels name codes; nil leaves the codes alone.
	Labels Labels
	// Reader finds the records behind the features, for formats that say more than features hold, within Context; both may be nil for others.
	// It is asked while features come: whoever streams them from a pool of few connections needs a second one for as long, or reads by pages.
	Reader  registry.Reader
	Context context.Context
}

// Layer is one collection in a file.
type Layer struct {
	Collection string
	Columns    []feature.Column
}

// LayerOf is a collection with all of its columns.
func LayerOf(collection string) Layer {
	return Layer{collection, feature.Columns(collection)}
}

// Labels name a code in a language: set is its closed set in registry.ClosedSets, or the column's name when it has none. Empty when there is no name.
type Labels func(lang, set, code string) string

// bufferSize is how much encoders gather before they write, in bytes.
const bufferSize = 32 << 10

// Encoder writes one file. After an error, and when the features end early, Abandon frees what the encoder holds; half a file may have
// been written then.
type Encoder interface {
	Feature(f registry.Feature) error
	// Close ends the file.
	Close() error
	// Abandon gives the file up: temporary files are gone, nothing more is written. After Close it does nothing.
	Abandon()
}

// Check reports whether a format has room for layers, before anything is written. Error: *registry.Error.
func Check(format string, layers []Layer) error {
	f, ok := FormatOf(format)
	if !ok {
		var known []string
		for _, f := range formats {
			known = append(known, f.ID)
		}
		return &registry.Error{Code: registry.Invalid, Message: "There is no such format.", Param: "f", Got: format, Takes: "one of " + strings.Join(known, ", ")}
	}
	if len(layers) == 0 || len(layers) > 1 && !f.Several {
		return &registry.Error{Code: registry.Invalid, Message: "A file of this format holds one collection.", Param: "collection", Got: collections(layers), Takes: "one collection"}
	}
	takes := f.Collections
	if takes == nil {
		takes = feature.Collections
	}
	for i, l := range layers {
		if !slices.Contains(takes, l.Collection) || len(l.Columns) == 0 {
			return &registry.Error{Code: registry.Invalid, Message: "This format has no room for this collection.", Param: "collection", Got: l.Collection,
				Takes: "one of " + strings.Join(takes, ", ")}
		}
		if slices.ContainsFunc(layers[:i], func(x Layer) bool { return x.Collection == l.Collection }) {
			return &registry.Error{Code: registry.Invalid, Message: "A collection can be in a file once.", Param: "collection", Got: l.Collection, Takes: "each collection once"}
		}
	}
	return nil
}

// textEncoder is an Encoder that writes features as they are stored, and takes many as one text, too.
type textEncoder interface {
	Encoder
	// Texts adds features, one text as registry.FeatureTexts has it.
	Texts(text []byte) error
}

// New begins a file. Error: that of Check, or of w.
func New(format string, w io.Writer, d Document) (Encoder, error) {
	if err := Check(format, d.Layers); err != nil {
		return nil, err
	}
	f, _ := FormatOf(format)
	if d.Filename == "" {
		d.Filename = d.collections() + f.Extension
	}
	return f.open(w, d)
}

// Write writes one file with the features that each yields, layer by layer. Whatever happens, no temporary file stays.
func Write(format string, w io.Writer, d Document, each func(layer Layer, yield func(registry.Feature) error) error) error {
	return write(format, w, d, func(l Layer, enc Encoder) error { return each(l, enc.Feature) })
}

// write is Write with a layer's features given to the encoder itself.
func write(format string, w io.Writer, d Document, fill func(Layer, Encoder) error) error {
	enc, err := New(format, w, d)
	if err != nil {
		return err
	}
	defer enc.Abandon()
	for _, l := range d.Layers {
		if err := fill(l, enc); err != nil {
			return err
		}
	}
	return enc.Close()
}

// collections joins the names of layers: "sites", "sites-agreements".
func collections(layers []Layer) string {
	names := make([]string, len(layers))
	for i, l := range layers {
		names[i] = l.Collection
	}
	return strings.Join(names, "-")
}

func (d Document) collections() string { return collections(d.Layers) }

// title is what the file is called inside, in any language: the program's name and the collections'.
func (d Document) title() string { return "Mithaq: " + strings.ReplaceAll(d.collections(), "-", ", ") }

// extracted is the extraction date as files state it, RFC 3339 in UTC; empty when nothing was published.
func (d Document) extracted() string {
	if d.Extracted.IsZero() {
		return ""
	}
	return d.Extracted.UTC().Format(time.RFC3339)
}

// stamp is the extraction date for formats that can't do without a time.
func (d Document) stamp() time.Time {
	if d.Extracted.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return d.Extracted.UTC()
}
