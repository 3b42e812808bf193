package export

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/twpayne/go-kml/v3"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// kmlEncoder writes one placemark a row, with the columns as typed data of a schema. A row without a geometry is a placemark without one. Rows are
// written as the library would write them, which writes the rest.
type kmlEncoder struct {
	w      *bufio.Writer
	xml    *xml.Encoder
	layer  Layer
	rows   rowReader
	schema *kml.SchemaElement
	open   []xml.StartElement
	ranks  []int  // of columns among nameColumns, -1 for none
	line   []byte // of the last row
}

// kmlTypes are those of a schema's fields; KML has no other types that its readers share.
var kmlTypes = map[feature.ColumnType]string{feature.Number: "double", feature.Integer: "int", feature.Boolean: "bool"}

func newKML(w io.Writer, d Document) (Encoder, error) {
	e := &kmlEncoder{w: bufio.NewWriterSize(w, bufferSize), layer: d.Layers[0], rows: rowReader{columns: d.Layers[0].Columns}}
	e.xml = xml.NewEncoder(e.w)
	e.w.WriteString(xml.Header)
	for _, s := range []xml.StartElement{
		{Name: xml.Name{Local: "kml"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: kml.Namespace}}},
		{Name: xml.Name{Local: "Document"}, Attr: []xml.Attr{{Name: xml.Name{Local: "id"}, Value: e.layer.Collection}}},
	} {
		e.open = append(e.open, s)
		if err := e.xml.EncodeToken(s); err != nil {
			return nil, err
		}
	}
	described := d.describe()
	fields := make([]kml.Element, 0, len(described.Layers[0].Columns))
	for _, c := range described.Layers[0].Columns {
		t := kmlTypes[c.Type]
		if t == "" {
			t = "string"
		}
		fields = append(fields, kml.SimpleField(c.Name, t, kml.DisplayName(c.Label.FR)))
	}
	e.schema = kml.Schema(e.layer.Collection+"-columns", fields...).WithName(e.layer.Collection)
	for _, x := range []kml.Element{kml.Name(described.Title), kml.Description(kmlDescription(d, described)), e.schema} {
		if err := e.element(x); err != nil {
			return nil, err
		}
	}
	for _, c := range e.layer.Columns {
		e.ranks = append(e.ranks, slices.Index(nameColumns, c.Name))
	}
	return e, e.xml.Flush()
}

// kmlDescription is the whole dictionary as one text, which is the place that KML has for it.
func kmlDescription(d Document, described description) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s %s\n", described.Attribution, described.Licence, described.LicenceURL)
	if described.Extracted != "" {
		fmt.Fprintf(&b, "%s\n", described.Extracted)
	}
	fmt.Fprintf(&b, "%s\n\n", described.Link)
	for _, remark := range d.remarks("lists", "dates", "unknown", "location").in() {
		b.WriteString(remark + "\n")
	}
	for _, c := range described.Layers[0].Columns {
		fmt.Fprintf(&b, "\n%s (%s)", c.Name, c.Type)
		if c.Unit != "" {
			b.WriteString(" " + c.Unit)
		}
		for i, label := range c.Label.in() {
			fmt.Fprintf(&b, "\n  %s: %s. %s", Langs[i], label, c.Meaning.in()[i])
		}
		for _, code := range c.Codes {
			fmt.Fprintf(&b, "\n  %s = %s", code.Code, strings.Join(code.Label.in(), " | "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// element writes one element and a line break after it.
func (e *kmlEncoder) element(x kml.Element) error {
	if err := x.MarshalXML(e.xml, xml.StartElement{}); err != nil {
		return err
	}
	return e.xml.EncodeToken(xml.CharData("\n"))
}

// Feature writes a placemark with its id as an attribute, too, where XML allows it: some readers take a field called id from there alone.
func (e *kmlEncoder) Feature(f registry.Feature) error {
	r, err := e.rows.read(f)
	if err != nil {
		return err
	}
	name, best := r.id, len(nameColumns)
	for i, v := range r.values {
		if rank := e.ranks[i]; !v.null && rank >= 0 && rank < best {
			name, best = v.text, rank
		}
	}
	line := append(e.line[:0], "<Placemark"...)
	if xmlName.MatchString(r.id) {
		line = append(append(append(line, ` id="`...), r.id...), '"')
	}
	line = append(appendXML(append(line, "><name>"...), name), "</name><ExtendedData><SchemaData schemaUrl=\""...)
	line = append(appendXML(line, e.schema.URL()), "\">"...)
	line = appendData(line, idColumn.Name, r.id)
	for i, v := range r.values {
		if text := v.cell(); text != "" {
			line = appendData(line, e.layer.Columns[i].Name, text)
		}
	}
	line = append(line, "</SchemaData></ExtendedData>"...)
	switch g := r.geometry.(type) {
	case nil:
	case orb.Point: // as the library writes it, which takes longer than the rest of the row
		line = strconv.AppendFloat(append(line, "<Point><coordinates>"...), g[0], 'f', -1, 64)
		line = append(strconv.AppendFloat(append(line, ','), g[1], 'f', -1, 64), "</coordinates></Point>"...)
	default:
		shape, err := kmlGeometry(g)
		if err != nil {
			return fmt.Errorf("feature %s: %w", r.id, err)
		}
		e.w.Write(line)
		if err := errors.Join(shape.MarshalXML(e.xml, xml.StartElement{}), e.xml.Flush()); err != nil {
			return err
		}
		line = line[:0]
	}
	e.line = append(line, "</Placemark>\n"...)
	_, err = e.w.Write(e.line) // bufio keeps the first error, so the last one tells
	return err
}

// appendData appends the value of a column whose name is the program's own.
func appendData(line []byte, name, value string) []byte {
	line = append(append(append(line, `<SimpleData name="`...), name...), `">`...)
	return append(appendXML(line, value), "</SimpleData>"...)
}

// xmlName is what an XML id may look like.
var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// appendXML appends a text as encoding/xml writes it between two tags.
func appendXML(line []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\'' || c == '&' || c == '<' || c == '>' {
			plain = false
			break
		}
	}
	if plain {
		return append(line, s...)
	}
	b := bytes.NewBuffer(line)
	_ = xml.EscapeText(b, []byte(s)) // a buffer takes everything
	out := b.Bytes()
	if strings.IndexByte(s, '\n') >= 0 {
		out = append(line, bytes.ReplaceAll(out[len(line):], []byte("&#xA;"), []byte("\n"))...)
	}
	return out
}

// nameColumns hold what people call the row, the best first.
var nameColumns = []string{"name", "name_fr", "title", "name_ar", "title_ar", "name_en", "title_en"}

func (e *kmlEncoder) Close() error {
	for i := len(e.open) - 1; i >= 0; i-- {
		if err := e.xml.EncodeToken(e.open[i].End()); err != nil {
			return err
		}
	}
	if err := e.xml.Flush(); err != nil {
		return err
	}
	return e.w.Flush()
}

func (e *kmlEncoder) Abandon() {}

// kmlGeometry is a geometry in KML: degrees, longitude first, no altitude.
func kmlGeometry(g orb.Geometry) (kml.Element, error) {
	switch g := g.(type) {
	case orb.Point:
		return kml.Point(coordinates(g)), nil
	case orb.LineString:
		return kml.LineString(coordinates(g...)), nil
	case orb.Polygon:
		var rings []kml.Element
		for i, ring := range g {
			line := kml.LinearRing(coordinates(ring...))
			if i == 0 {
				rings = append(rings, kml.OuterBoundaryIs(line))
			} else {
				rings = append(rings, kml.InnerBoundaryIs(line))
			}
		}
		return kml.Polygon(rings...), nil
	case orb.MultiPoint:
		return several(g)
	case orb.MultiLineString:
		return several(g)
	case orb.MultiPolygon:
		return several(g)
	}
	return nil, fmt.Errorf("KML has no %s", g.GeoJSONType())
}

func several[G orb.Geometry](all []G) (kml.Element, error) {
	var parts []kml.Element
	for _, g := range all {
		part, err := kmlGeometry(g)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return kml.MultiGeometry(parts...), nil
}

func coordinates(points ...orb.Point) kml.Element {
	var all []kml.Coordinate
	for _, p := range points {
		all = append(all, kml.Coordinate{Lon: p[0], Lat: p[1]})
	}
	return kml.Coordinates(all...)
}
