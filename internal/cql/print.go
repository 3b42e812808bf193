package cql

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// FormatText writes a filter as CQL2 text; ParseText reads it back as the same tree.
func FormatText(e Expr) string {
	var p printer
	p.expr(e, bindsOr)
	return p.String()
}

// printer writes CQL2 text.
type printer struct{ strings.Builder }

// binding is how tightly a node binds in text.
func binding(e Expr) int {
	call, ok := e.(Call)
	if !ok {
		return bindsAll
	}
	if _, ok := turned(call); ok {
		return bindsPredicate
	}
	if f := forms[call.Op]; f.infix > 0 {
		return f.infix
	}
	return bindsAll
}

// turned gives the predicate below a NOT that text writes into it: a NOT LIKE b.
func turned(call Call) (Call, bool) {
	if call.Op != Not {
		return call, false
	}
	inner, ok := call.Args[0].(Call)
	return inner, ok && (inner.Op == Like || inner.Op == Between || inner.Op == In || inner.Op == IsNull)
}

// expr writes e, in parentheses where it binds less tightly than what stands around it needs.
func (p *printer) expr(e Expr, binds int) {
	if binding(e) < binds {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch e := e.(type) {
	case Call:
		p.call(e)
	case Property:
		if keywords[strings.ToUpper(string(e))] {
			p.WriteString(`"` + string(e) + `"`)
		} else {
			p.WriteString(string(e))
		}
	case Text:
		p.text(string(e))
	case Number:
		p.WriteString(formatNumber(float64(e)))
	case Bool:
		p.WriteString(strings.ToUpper(strconv.FormatBool(bool(e))))
	case Date:
		p.WriteString("DATE('" + string(e) + "')")
	case Timestamp:
		p.WriteString("TIMESTAMP('" + string(e) + "')")
	case Interval:
		p.WriteString("INTERVAL(")
		p.side(e.Start)
		p.WriteString(", ")
		p.side(e.End)
		p.WriteByte(')')
	case Geometry:
		p.geometry(e.Geometry)
	case BBox:
		p.WriteString("BBOX(")
		for i, f := range []float64{e.West, e.South, e.East, e.North} {
			if i > 0 {
				p.WriteString(", ")
			}
			p.WriteString(formatNumber(f))
		}
		p.WriteByte(')')
	case List:
		p.list(e, bindsOr)
	}
}

// formatNumber writes a number as short as it reads back equal.
func formatNumber(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// escaped are the characters that a text literal writes as two.
var escaped = strings.NewReplacer(`'`, `''`, `\`, `\\`, "\a", `\a`, "\b", `\b`, "\t", `\t`, "\n", `\n`, "\v", `\v`, "\f", `\f`, "\r", `\r`)

func (p *printer) text(s string) { p.WriteString("'" + escaped.Replace(s) + "'") }

func (p *printer) side(e Expr) {
	switch e := e.(type) {
	case Open:
		p.WriteString("'..'")
	case Date:
		p.WriteString("'" + string(e) + "'")
	case Timestamp:
		p.WriteString("'" + string(e) + "'")
	default:
		p.expr(e, bindsAll)
	}
}

// list writes members with commas between them, in parentheses.
func (p *printer) list(members []Expr, binds int) {
	p.WriteByte('(')
	for i, x := range members {
		if i > 0 {
			p.WriteString(", ")
		}
		p.expr(x, binds)
	}
	p.WriteByte(')')
}

func (p *printer) call(c Call) {
	if inner, ok := turned(c); ok {
		p.predicate(inner, "NOT ")
		return
	}
	f := forms[c.Op]
	word := strings.ToUpper(string(c.Op))
	switch {
	case c.Op == Like || c.Op == Between || c.Op == In || c.Op == IsNull:
		p.predicate(c, "")
	case c.Op == Not:
		p.WriteString("NOT ")
		p.expr(c.Args[0], bindsPredicate)
	case c.Op == And || c.Op == Or:
		for i, x := range c.Args {
			if i > 0 {
				p.WriteString(" " + word + " ")
			}
			p.expr(x, f.infix+1)
		}
	case f.infix > 0:
		left := f.infix // from the left, but for what doesn't chain
		if f.infix == bindsPredicate || f.infix == bindsPower {
			left++
		}
		p.expr(c.Args[0], left)
		p.WriteString(" " + string(c.Op) + " ")
		p.expr(c.Args[1], f.infix+1)
	case f.gives != 0:
		p.WriteString(word)
		p.list(c.Args, bindsOr)
	default: // a function keeps its letters' case
		p.WriteString(string(c.Op))
		p.list(c.Args, bindsOr)
	}
}

// predicate writes what text writes in words.
func (p *printer) predicate(c Call, not string) {
	p.expr(c.Args[0], bindsSum)
	switch c.Op {
	case Like:
		p.WriteString(" " + not + "LIKE ")
		p.expr(c.Args[1], bindsAll)
	case Between:
		p.WriteString(" " + not + "BETWEEN ")
		p.expr(c.Args[1], bindsSum)
		p.WriteString(" AND ")
		p.expr(c.Args[2], bindsSum)
	case In:
		p.WriteString(" " + not + "IN ")
		p.list(c.Args[1].(List), bindsSum)
	case IsNull:
		p.WriteString(" IS " + not + "NULL")
	}
}

func (p *printer) geometry(g orb.Geometry) {
	if g, ok := g.(orb.Collection); ok {
		p.WriteString("GEOMETRYCOLLECTION")
		writeParts(p, g, p.geometry)
		return
	}
	p.WriteString(strings.ToUpper(g.GeoJSONType()))
	point := func(pt orb.Point) { p.WriteString(formatNumber(pt[0]) + " " + formatNumber(pt[1])) }
	inParentheses := func(pt orb.Point) { writeParts(p, []orb.Point{pt}, point) }
	line := func(l orb.LineString) { writeParts(p, l, point) }
	ring := func(r orb.Ring) { writeParts(p, r, point) }
	polygon := func(x orb.Polygon) { writeParts(p, x, ring) }
	switch g := g.(type) {
	case orb.Point:
		inParentheses(g)
	case orb.LineString:
		line(g)
	case orb.Polygon:
		polygon(g)
	case orb.MultiPoint:
		writeParts(p, g, inParentheses)
	case orb.MultiLineString:
		writeParts(p, g, line)
	case orb.MultiPolygon:
		writeParts(p, g, polygon)
	}
}

func writeParts[T any](p *printer, parts []T, one func(T)) {
	p.WriteByte('(')
	for i, x := range parts {
		if i > 0 {
			p.WriteString(", ")
		}
		one(x)
	}
	p.WriteByte(')')
}

// FormatJSON writes a filter as CQL2 JSON; ParseJSON reads it back as the same tree.
func FormatJSON(e Expr) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(encodable(e)); err != nil {
		panic(err) // a tree holds nothing that has no JSON form
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

type (
	operation struct {
		Op   Op    `json:"op"`
		Args []any `json:"args"`
	}
	shape struct {
		Type        string `json:"type"`
		Coordinates any    `json:"coordinates,omitempty"`
		Geometries  []any  `json:"geometries,omitempty"`
	}
)

// encodable is a node as encoding/json writes it.
func encodable(e Expr) any {
	switch e := e.(type) {
	case Call:
		return operation{e.Op, encodables(e.Args)}
	case Property:
		return map[string]string{"property": string(e)}
	case Date:
		return map[string]string{"date": string(e)}
	case Timestamp:
		return map[string]string{"timestamp": string(e)}
	case Interval:
		return map[string][]any{"interval": {encodableSide(e.Start), encodableSide(e.End)}}
	case BBox:
		return map[string][]float64{"bbox": {e.West, e.South, e.East, e.North}}
	case Geometry:
		return encodableGeometry(e.Geometry)
	case List:
		return encodables(e)
	}
	return e // texts, numbers and booleans are their own JSON
}

func encodables(list []Expr) []any {
	out := []any{}
	for _, x := range list {
		out = append(out, encodable(x))
	}
	return out
}

func encodableSide(e Expr) any {
	switch e := e.(type) {
	case Open:
		return ".."
	case Date, Timestamp:
		return e
	}
	return encodable(e)
}

func encodableGeometry(g orb.Geometry) any {
	if g, ok := g.(orb.Collection); ok {
		var parts []any
		for _, x := range g {
			parts = append(parts, encodableGeometry(x))
		}
		return shape{Type: g.GeoJSONType(), Geometries: parts}
	}
	return shape{Type: g.GeoJSONType(), Coordinates: g}
}
