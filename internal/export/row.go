package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// row is a feature taken apart, in the order of its layer's columns.
type row struct {
	id       string
	values   []value
	geometry orb.Geometry // nil when no place is known
}

// value is one property. What isn't known is null, never zero or an empty text; a list that has no members is empty, not null.
type value struct {
	null bool
	// text is a text, date or time as it is, the digits of a number, true or false, or the JSON of parts.
	text string
	// list holds the members of a list.
	list []string
}

// rowReader takes the features of a layer apart, one after the other.
type rowReader struct {
	columns []feature.Column
	feature struct {
		Properties map[string]json.RawMessage `json:"properties"` // kept, so that a million rows don't make a million maps
	}
}

// read takes a feature apart. A property that the feature lacks is null.
func (x *rowReader) read(f registry.Feature) (row, error) {
	clear(x.feature.Properties)
	if err := json.Unmarshal(f.JSON, &x.feature); err != nil {
		return row{}, fmt.Errorf("feature %s: %w", f.ID, err)
	}
	r := row{id: f.ID, values: make([]value, len(x.columns)), geometry: f.Geometry}
	for i, c := range x.columns {
		v, err := readValue(c.Type, x.feature.Properties[c.Name])
		if err != nil {
			return row{}, fmt.Errorf("feature %s: %s: %w", f.ID, c.Name, err)
		}
		r.values[i] = v
	}
	return r, nil
}

// readValue reads valid JSON of a column's type.
func readValue(t feature.ColumnType, raw json.RawMessage) (v value, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return value{null: true}, nil
	}
	switch t {
	case feature.Number, feature.Integer:
		// The digits are kept as they are: a float64 would lose some of a large amount.
		v.text = string(raw)
		if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
			err = fmt.Errorf("%.40s is no number", raw)
		}
	case feature.Boolean:
		v.text = string(raw)
		if v.text != "true" && v.text != "false" {
			err = fmt.Errorf("%.40s is neither true nor false", raw)
		}
	case feature.List:
		err = json.Unmarshal(raw, &v.list)
		v.text = string(raw)
	case feature.Parts:
		var b bytes.Buffer
		err = json.Compact(&b, raw)
		v.text = b.String()
	default:
		if raw[0] == '"' && !bytes.Contains(raw, []byte{'\\'}) { // nothing to decode, as in nearly every text
			v.text = string(raw[1 : len(raw)-1])
		} else {
			err = json.Unmarshal(raw, &v.text)
		}
	}
	return v, err
}

// inList keeps a member of a list apart from its neighbours: a;b, with \; and \\ for a semicolon and a backslash that belong to a member.
var inList = strings.NewReplacer(`\`, `\\`, `;`, `\;`)

// cell is the value in one cell of a table: the members of a list joined by semicolons.
func (v value) cell() string {
	if v.list == nil || v.null {
		return v.text
	}
	members := make([]string, len(v.list))
	for i, m := range v.list {
		members[i] = inList.Replace(m)
	}
	return strings.Join(members, ";")
}

// number is the nearest float64.
func (v value) number() (float64, error) { return json.Number(v.text).Float64() }

// integer is a whole number. Error: a figure that counts has decimals.
func (v value) integer() (int64, error) {
	n, err := json.Number(v.text).Int64()
	if err == nil {
		return n, nil
	}
	f, ferr := v.number()
	if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, err
	}
	return int64(f), nil
}

// spot is the one point that stands for a geometry in tables with columns for longitude and latitude: the point itself, or a point on an area's
// surface. ok is false for several points and for lines: no one of them is the place.
func spot(g orb.Geometry) (p orb.Point, ok bool) {
	switch g := g.(type) {
	case orb.Point:
		return g, true
	case orb.MultiPoint:
		if len(g) == 1 {
			return g[0], true
		}
	case orb.Polygon:
		return feature.SpotIn(nil, orb.MultiPolygon{g}).Point, true
	case orb.MultiPolygon:
		return feature.SpotIn(nil, g).Point, true
	}
	return p, false
}

// layer finds the layer of a collection.
func (d Document) layer(collection string) (Layer, error) {
	for _, l := range d.Layers {
		if l.Collection == collection {
			return l, nil
		}
	}
	return Layer{}, fmt.Errorf("a feature of %s in a file of %s", collection, d.collections())
}
