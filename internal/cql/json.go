package cql

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/orb"
)

// ParseJSON reads a filter written as CQL2 JSON. Members that the schema doesn't name are refused, and so are names that stand twice in
// one object. An error is an *Error.
func ParseJSON(raw []byte) (Expr, error) {
	if err := tooLong(len(raw)); err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) {
		return nil, notText(0)
	}
	r := reader{raw: string(raw), dec: json.NewDecoder(bytes.NewReader(raw))}
	r.dec.UseNumber()
	root, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if at := r.ahead(); at < len(raw) {
		return nil, &Error{Offset: at, Got: short(string(raw[at:])), Takes: "the end"}
	}
	e, err := root.as(truth)
	if err != nil {
		return nil, err
	}
	return e, bounded(e)
}

// node is a JSON value and where it stands.
type node struct {
	at    int
	raw   string // as written, cut where it is long
	value any    // string, json.Number, bool or nil; []node of a list; map[string]node of an object
}

// reader reads JSON value by value, so that every error knows its byte and no name is lost under its twin.
type reader struct {
	raw string
	dec *json.Decoder
}

// ahead is the byte at which the next token begins.
func (r *reader) ahead() int {
	at := int(r.dec.InputOffset())
	for at < len(r.raw) && strings.IndexByte(" \t\r\n,:", r.raw[at]) >= 0 {
		at++
	}
	return at
}

func (r *reader) value(level int) (node, error) {
	n := node{at: r.ahead()}
	n.raw = short(r.raw[n.at:])
	if level > maxNesting {
		return n, n.expected("at most " + strconv.Itoa(maxNesting) + " levels")
	}
	tok, err := r.dec.Token()
	if err != nil {
		return n, r.broken(err)
	}
	switch tok {
	case json.Delim('['):
		list := []node{}
		for r.dec.More() {
			x, err := r.value(level + 1)
			if err != nil {
				return n, err
			}
			list = append(list, x)
		}
		n.value = list
	case json.Delim('{'):
		object := map[string]node{}
		for r.dec.More() {
			at := r.ahead()
			name, err := r.dec.Token()
			if err != nil {
				return n, r.broken(err)
			}
			key := name.(string) // the decoder gives nothing else here
			if _, twice := object[key]; twice {
				return n, &Error{Offset: at, Got: strconv.Quote(key) + " again", Takes: "each name once"}
			}
			if object[key], err = r.value(level + 1); err != nil {
				return n, err
			}
		}
		n.value = object
	default:
		n.value = tok
		n.raw = short(r.raw[n.at:r.dec.InputOffset()])
		return n, nil
	}
	if _, err := r.dec.Token(); err != nil { // the closing bracket
		return n, r.broken(err)
	}
	n.raw = short(r.raw[n.at:r.dec.InputOffset()])
	return n, nil
}

// broken is an error of the JSON itself.
func (r *reader) broken(err error) error {
	at := r.ahead()
	got := "the end"
	if at < len(r.raw) && !errors.Is(err, io.ErrUnexpectedEOF) {
		got = short(r.raw[at:])
	}
	return &Error{Offset: at, Got: got, Takes: "JSON"}
}

func (n node) expected(takes string) error {
	return &Error{Offset: n.at, Got: n.raw, Takes: takes}
}

// list gives the members of a list.
func (n node) list(takes string) ([]node, error) {
	list, ok := n.value.([]node)
	if !ok {
		return nil, n.expected(takes)
	}
	return list, nil
}

// as reads a node that stands where takes may.
func (n node) as(takes sort) (Expr, error) {
	e, err := n.expr()
	if err == nil && !fits(e, takes) {
		err = n.expected(takes.String())
	}
	return e, err
}

func (n node) expr() (Expr, error) {
	switch v := n.value.(type) {
	case string:
		if !isText(v) {
			return nil, n.expected("text in UTF-8 without control characters")
		}
		return Text(v), nil
	case json.Number:
		f, err := n.number()
		return Number(f), err
	case bool:
		return Bool(v), nil
	case []node:
		list, err := exprs(v)
		return List(list), err
	case map[string]node:
		return n.object(v)
	}
	return nil, n.expected("an object, a text, a number, true, false or a list") // null
}

func exprs(nodes []node) (out []Expr, err error) {
	for _, x := range nodes {
		e, err := x.expr()
		if err == nil && !fits(e, anything) {
			err = x.expected(anything.String())
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (n node) number() (float64, error) {
	num, ok := n.value.(json.Number)
	if !ok {
		return 0, n.expected("a number")
	}
	f, err := num.Float64()
	if err != nil || !finite(f) {
		return 0, n.expected("a number that is finite")
	}
	return f, nil
}

// beside are the members that may stand in an object, by the one that tells what it is.
var beside = []struct {
	key   string
	other []string
}{
	{"op", []string{"args"}}, {"property", nil}, {"date", nil}, {"timestamp", nil}, {"interval", nil},
	{"type", []string{"coordinates", "geometries", "bbox"}}, {"bbox", nil},
}

func (n node) object(o map[string]node) (Expr, error) {
	for _, s := range beside {
		x, ok := o[s.key]
		if !ok {
			continue
		}
		for key, x := range o {
			if key != s.key && !slices.Contains(s.other, key) {
				return nil, x.expected("no member " + strconv.Quote(key) + " beside " + strconv.Quote(s.key))
			}
		}
		switch s.key {
		case "op":
			return n.operation(o)
		case "property":
			name, _ := x.value.(string)
			if !isName(name) {
				return nil, x.expected("the name of a property")
			}
			return Property(name), nil
		case "date", "timestamp":
			return x.instant(strings.ToUpper(s.key))
		case "interval":
			return x.interval()
		case "bbox":
			return x.bbox()
		}
		g, err := geometry(o)
		return Geometry{g}, err
	}
	return nil, n.expected(`an object with "op", "property", "date", "timestamp", "interval", "type" or "bbox"`)
}

func (n node) operation(o map[string]node) (Expr, error) {
	name, _ := o["op"].value.(string)
	op := Op(name)
	if _, ok := forms[op]; !ok && (!isName(name) || keywords[strings.ToUpper(name)]) {
		return nil, o["op"].expected("an operator or the name of a function")
	}
	args, ok := o["args"]
	if !ok {
		return nil, n.expected(`"args" beside "op"`)
	}
	nodes, err := args.list("a list of operands")
	if err != nil {
		return nil, err
	}
	operands, err := exprs(nodes)
	if err != nil {
		return nil, err
	}
	if i, takes, bad := misfit(op, operands); bad {
		return nil, append(nodes, args)[min(i, len(nodes))].expected(takes)
	}
	return Call{op, operands}, nil
}

func (n node) instant(key string) (Expr, error) {
	s, _ := n.value.(string)
	e, ok := readInstant(s)
	if _, isDate := e.(Date); !ok || isDate != (key == "DATE") {
		return nil, n.expected(instantForms[key])
	}
	return e, nil
}

func (n node) interval() (Expr, error) {
	nodes, err := n.list("a list of two sides")
	if err != nil {
		return nil, err
	}
	if len(nodes) != 2 {
		return nil, n.expected("a list of two sides")
	}
	var sides [2]Expr
	for i, x := range nodes {
		if s, isText := x.value.(string); isText {
			e, ok := readSide(s)
			if !ok {
				return nil, x.expected(sideForms)
			}
			sides[i] = e
		} else if sides[i], err = x.as(aProperty | aFunction); err != nil {
			return nil, err
		}
	}
	if i := (Interval{sides[0], sides[1]}); !i.reversed() {
		return i, nil
	}
	return nil, nodes[1].expected("an end that isn't before the start")
}

func (n node) bbox() (Expr, error) {
	sides, err := members(n, "west, south, east, north", node.number)
	if err != nil {
		return nil, err
	}
	box, takes := newBBox(sides)
	if takes != "" {
		return nil, n.expected(takes)
	}
	return box, nil
}

// members reads a list.
func members[T any](n node, takes string, one func(node) (T, error)) (out []T, err error) {
	nodes, err := n.list(takes)
	if err == nil && len(nodes) == 0 {
		err = n.expected(takes)
	}
	for i := 0; err == nil && i < len(nodes); i++ {
		var x T
		x, err = one(nodes[i])
		out = append(out, x)
	}
	return out, err
}

// geometry reads a GeoJSON geometry; what its bbox says is not asked.
func geometry(o map[string]node) (orb.Geometry, error) {
	dimensions := 0 // of the first position, which the others follow
	point := func(n node) (orb.Point, error) {
		c, err := members(n, "a position, [longitude, latitude]", node.number)
		if err != nil {
			return orb.Point{}, err
		}
		if dimensions == 0 {
			dimensions = len(c)
		}
		if len(c) < 2 || len(c) > 3 || len(c) != dimensions {
			return orb.Point{}, n.expected("a position of two numbers, or of three throughout")
		}
		return orb.Point{c[0], c[1]}, nil
	}
	points := func(n node) ([]orb.Point, error) { return members(n, "a list of positions", point) }
	line := func(n node) (orb.LineString, error) {
		pts, err := points(n)
		return pts, n.checked(lineTakes(pts), err)
	}
	ring := func(n node) (orb.Ring, error) {
		pts, err := points(n)
		return pts, n.checked(ringTakes(pts), err)
	}
	polygon := func(n node) (orb.Polygon, error) { return members(n, "a list of rings", ring) }

	kind, _ := o["type"].value.(string)
	key := "coordinates"
	if kind == "GeometryCollection" {
		key = "geometries"
	}
	c, ok := o[key]
	if !ok {
		return nil, o["type"].expected("a GeoJSON geometry with its " + key)
	}
	switch kind {
	case "Point":
		return point(c)
	case "LineString":
		return line(c)
	case "Polygon":
		return polygon(c)
	case "MultiPoint":
		pts, err := points(c)
		return orb.MultiPoint(pts), err
	case "MultiLineString":
		lines, err := members(c, "a list of lines", line)
		return orb.MultiLineString(lines), err
	case "MultiPolygon":
		polygons, err := members(c, "a list of polygons", polygon)
		return orb.MultiPolygon(polygons), err
	case "GeometryCollection":
		parts, err := members(c, "a list of geometries", func(n node) (orb.Geometry, error) {
			inner, _ := n.value.(map[string]node)
			if kind, _ := inner["type"].value.(string); kind == "" || kind == "GeometryCollection" {
				return nil, n.expected("a geometry that is no collection")
			}
			return geometry(inner)
		})
		return orb.Collection(parts), err
	}
	return nil, o["type"].expected("Point, LineString, Polygon, their Multi forms or GeometryCollection")
}

func (n node) checked(takes string, err error) error {
	if err == nil && takes != "" {
		return n.expected(takes)
	}
	return err
}
