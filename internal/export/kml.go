package export

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/twpayne/go-kml/v3"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// kmlEncoder writes one placemark a row, with the columns as typed data of a schema. A row without a geometry is a placemark without one.
type kmlEncoder struct {
	w      *bufio.Writer
	xml    *xml.Encoder
	layer  Layer
	rows   rowReader
	schema *kml.SchemaElement
	open   []xml.StartElement
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
	return e, nil
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

func (e *kmlEncoder) Feature(f registry.Feature) error {
	r, err := e.rows.read(f)
	if err != nil {
		return err
	}
	data := []kml.Element{kml.SimpleData("id", r.id)}
	name, best := r.id, len(nameColumns)
	for i, v := range r.values {
		if rank := slices.Index(nameColumns, e.layer.Columns[i].Name); !v.null && rank >= 0 && rank < best {
			name, best = v.text, rank
		}
	}
	for i, v := range r.values {
		if text := v.cell(); text != "" {
			data = append(data, kml.SimpleData(e.layer.Columns[i].Name, text))
		}
	}
	placemark := []kml.Element{kml.Name(name), kml.ExtendedData(kml.SchemaData(e.schema.URL(), data...))}
	if r.geometry != nil {
		g, err := kmlGeometry(r.geometry)
		if err != nil {
			return fmt.Errorf("feature %s: %w", r.id, err)
		}
		placemark = append(placemark, g)
	}
	return e.placemark(r.id, placemark)
}

// xmlName is what an XML id may look like.
var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// placemark writes a placemark with its id as an attribute, too, where XML allows it: some readers take a field called id from there alone.
func (e *kmlEncoder) placemark(id string, children []kml.Element) error {
	start := xml.StartElement{Name: xml.Name{Local: "Placemark"}}
	if xmlName.MatchString(id) {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "id"}, Value: id}}
	}
	if err := e.xml.EncodeToken(start); err != nil {
		return err
	}
	for _, child := range children {
		if err := child.MarshalXML(e.xml, xml.StartElement{}); err != nil {
			return err
		}
	}
	if err := e.xml.EncodeToken(start.End()); err != nil {
		return err
	}
	return e.xml.EncodeToken(xml.CharData("\n"))
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
