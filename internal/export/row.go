package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

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

// rowReader takes the features of a layer apart, one after the other. A row is good until the next one is read.
type rowReader struct {
	columns []feature.Column
	raw     []string   // the JSON of each column
	values  []value    // of the last row
	lists   [][]string // of the last row, by column
}

// read takes a feature apart. A property that the feature lacks is null.
func (x *rowReader) read(f registry.Feature) (row, error) {
	if x.raw == nil {
		x.raw, x.values, x.lists = make([]string, len(x.columns)), make([]value, len(x.columns)), make([][]string, len(x.columns))
		for i := range x.lists {
			x.lists[i] = []string{} // a list without members isn't nil
		}
	}
	if err := x.split(string(f.JSON)); err != nil {
		return row{}, fmt.Errorf("feature %s: %w", f.ID, err)
	}
	for i, c := range x.columns {
		v, err := x.value(i)
		if err != nil {
			return row{}, fmt.Errorf("feature %s: %s: %w", f.ID, c.Name, err)
		}
		x.values[i] = v
	}
	return row{id: f.ID, values: x.values, geometry: f.Geometry}, nil
}

// split finds the JSON of each column.
func (x *rowReader) split(s string) error {
	clear(x.raw)
	if x.scan(s) {
		return nil
	}
	clear(x.raw)
	return x.decode(s)
}

// scan is split of what is written as features are stored; ok is false for anything else.
func (x *rowReader) scan(s string) (ok bool) {
	if s == "" || s[0] != '{' {
		return false
	}
	properties := ""
	for at := 0; s[at] != '}'; {
		name, value, n, ok := member(s[at:])
		if !ok {
			return false
		}
		switch {
		case name == "properties" && properties == "" && value[0] == '{':
			properties = value
		case strings.EqualFold(name, "properties"):
			return false // encoding/json makes one of them all
		}
		if at += n; s[at] == '}' && at != len(s)-1 {
			return false
		}
	}
	if properties == "" || properties == "{}" {
		return properties != ""
	}
	next := 0 // properties stand in the order of columns
	for at := 0; properties[at] != '}'; {
		name, value, n, ok := member(properties[at:])
		if !ok {
			return false
		}
		if next == len(x.columns) || x.columns[next].Name != name {
			next = slices.IndexFunc(x.columns, func(c feature.Column) bool { return c.Name == name })
		}
		if next >= 0 {
			x.raw[next] = value // the last of several, as encoding/json has it
		}
		next++
		at += n
	}
	return true
}

// decode is split of any JSON.
func (x *rowReader) decode(s string) error {
	var f struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal([]byte(s), &f); err != nil {
		return err
	}
	for i, c := range x.columns {
		x.raw[i] = string(f.Properties[c.Name])
	}
	return nil
}

// value reads a column, which is valid JSON.
func (x *rowReader) value(i int) (v value, err error) {
	raw := x.raw[i]
	if raw == "" || raw == "null" {
		return value{null: true}, nil
	}
	switch x.columns[i].Type {
	case feature.Number, feature.Integer:
		// The digits are kept as they are: a float64 would lose some of a large amount.
		v.text = raw
		if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
			err = fmt.Errorf("%.40s is no number", raw)
		}
	case feature.Boolean:
		v.text = raw
		if raw != "true" && raw != "false" {
			err = fmt.Errorf("%.40s is neither true nor false", raw)
		}
	case feature.List:
		v.text = raw
		plain := utf8.ValidString(raw)
		if plain {
			v.list, plain = appendTexts(x.lists[i][:0], raw)
			x.lists[i] = v.list
		}
		if !plain {
			v.list = nil
			err = json.Unmarshal([]byte(raw), &v.list)
		}
	case feature.Parts:
		var b bytes.Buffer
		if err = json.Compact(&b, []byte(raw)); err == nil {
			v.text = b.String()
		}
	default:
		if raw[0] == '"' && strings.IndexByte(raw, '\\') < 0 { // nothing to decode, as in nearly every text
			v.text = raw[1 : len(raw)-1]
		} else {
			err = json.Unmarshal([]byte(raw), &v.text)
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
	if !strings.ContainsAny(v.text, `\;`) { // the JSON of the list, which has every one that its members have
		return strings.Join(v.list, ";")
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
