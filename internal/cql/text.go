package cql

import (
	"strings"

	"github.com/paulmach/orb"
)

// ParseText reads a filter written as CQL2 text. Keywords are read in any case. An error is an *Error.
//
// Where the grammar is of two minds it is read so: what stands alone in parentheses as an operand of a function, or within a list, is
// a list of one; "- depth" is -1 * depth.
func ParseText(s string) (Expr, error) {
	if err := tooLong(len(s)); err != nil {
		return nil, err
	}
	p := parser{src: s}
	if err := p.next(); err != nil {
		return nil, err
	}
	e, err := p.read(bindsOr)
	switch {
	case err != nil:
		return nil, err
	case p.tok.kind != end && !fits(e, truth):
		return nil, p.expected("=, <>, <, >, LIKE, BETWEEN, IN or IS")
	case p.tok.kind != end:
		return nil, p.expected("AND, OR or the end")
	case !fits(e, truth):
		return nil, p.expectedAt(0, truth.String())
	}
	return e, bounded(e)
}

// parser reads CQL2 text by recursive descent, one token ahead.
type parser struct {
	src     string
	tok     token
	nesting int
	// begun is a node that was read before it was known to begin a larger one.
	begun Expr
	shut  int // where the last parenthesis was closed
}

func (p *parser) next() (err error) {
	p.tok, err = lex(p.src, p.tok.to)
	return err
}

// expected is an error at the token ahead.
func (p *parser) expected(takes string) error { return p.expectedAt(p.tok.at, takes) }

func (p *parser) expectedAt(at int, takes string) error {
	got := "the end"
	if t, err := lex(p.src, at); err != nil {
		return err
	} else if t.kind != end {
		got = short(p.src[t.at:t.to])
	}
	return &Error{Offset: at, Got: got, Takes: takes}
}

// accept steps over a symbol or keyword if it is ahead.
func (p *parser) accept(s string) (bool, error) {
	if p.begun != nil || !p.tok.is(s) {
		return false, nil
	}
	return true, p.next()
}

// expect steps over a symbol or keyword.
func (p *parser) expect(s string) error {
	ok, err := p.accept(s)
	if err == nil && !ok {
		err = p.expected(s)
	}
	return err
}

// nest counts the levels that are open; leave is to be called when this one is closed.
func (p *parser) nest() (leave func(), err error) {
	if p.nesting++; p.nesting > maxNesting {
		return nil, &Error{Offset: p.tok.at, Got: "one more level", Takes: "at most 192 levels"}
	}
	return func() { p.nesting-- }, nil
}

// operand reads what binds at least so tightly, and refuses it where another sort is taken.
func (p *parser) operand(binds int, takes sort) (Expr, error) {
	at := p.tok.at
	e, err := p.read(binds)
	if err == nil && !fits(e, takes) {
		err = p.expectedAt(at, takes.String())
	}
	return e, err
}

// read reads what binds at least so tightly, of whatever sort.
func (p *parser) read(binds int) (Expr, error) {
	switch binds {
	case bindsOr:
		return p.chain(Or, bindsAnd)
	case bindsAnd:
		return p.chain(And, bindsNot)
	case bindsNot:
		not, err := p.accept("NOT")
		if err != nil {
			return nil, err
		}
		if !not {
			return p.predicate()
		}
		e, err := p.operand(bindsPredicate, truth)
		return Call{Not, []Expr{e}}, err
	case bindsPredicate:
		return p.predicate()
	case bindsSum:
		return p.arithmetic(bindsProduct, Plus, Minus)
	case bindsProduct:
		return p.arithmetic(bindsPower, Times, Divide, Modulo, Div)
	case bindsPower:
		return p.arithmetic(bindsAll, Power)
	}
	return p.signed()
}

// chain reads operands with AND or OR between them; one alone is itself.
func (p *parser) chain(op Op, binds int) (Expr, error) {
	at := p.tok.at
	e, err := p.read(binds)
	args := []Expr{e}
	for err == nil && p.tok.is(strings.ToUpper(string(op))) {
		if len(args) == 1 && !fits(e, truth) {
			return nil, p.expectedAt(at, truth.String())
		}
		if err = p.next(); err == nil {
			e, err = p.operand(binds, truth)
			args = append(args, e)
		}
	}
	if err != nil || len(args) == 1 {
		return e, err
	}
	return Call{op, args}, nil
}

// call makes a Call whose operands began at these bytes.
func (p *parser) call(op Op, at []int, args ...Expr) (Expr, error) {
	if i, takes, bad := misfit(op, args); bad {
		return nil, p.expectedAt(append(at, p.tok.at)[i], takes)
	}
	return Call{op, args}, nil
}

// predicate reads an operand and, if one of the comparisons follows it, the whole of that.
func (p *parser) predicate() (Expr, error) {
	at := []int{p.tok.at}
	left, err := p.read(bindsSum)
	if err != nil {
		return nil, err
	}
	if p.tok.is("IS") {
		return p.isNull(at, left)
	}
	for _, op := range []Op{Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater} {
		if ok, err := p.accept(string(op)); err != nil {
			return nil, err
		} else if ok {
			at = append(at, p.tok.at)
			right, err := p.read(bindsSum)
			if err != nil {
				return nil, err
			}
			return p.call(op, at, left, right)
		}
	}
	not, err := p.accept("NOT")
	if err != nil {
		return nil, err
	}
	var e Expr
	switch {
	case p.tok.is("LIKE"):
		e, err = p.like(at, left)
	case p.tok.is("BETWEEN"):
		e, err = p.between(at, left)
	case p.tok.is("IN"):
		e, err = p.in(at, left)
	case not:
		err = p.expected("LIKE, BETWEEN or IN")
	default:
		return left, nil
	}
	if not && err == nil {
		e = Call{Not, []Expr{e}}
	}
	return e, err
}

func (p *parser) isNull(at []int, left Expr) (Expr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	not, err := p.accept("NOT")
	if err != nil {
		return nil, err
	}
	if !p.tok.is("NULL") {
		if not {
			return nil, p.expected("NULL")
		}
		return nil, p.expected("NULL or NOT NULL")
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	e, err := p.call(IsNull, at, left)
	if not && err == nil {
		e = Call{Not, []Expr{e}}
	}
	return e, err
}

func (p *parser) like(at []int, left Expr) (Expr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	at = append(at, p.tok.at)
	pattern, err := p.read(bindsAll)
	if err != nil {
		return nil, err
	}
	return p.call(Like, at, left, pattern)
}

func (p *parser) between(at []int, left Expr) (Expr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	at = append(at, p.tok.at)
	low, err := p.read(bindsSum)
	if err != nil {
		return nil, err
	}
	if err := p.expect("AND"); err != nil {
		return nil, err
	}
	at = append(at, p.tok.at)
	high, err := p.read(bindsSum)
	if err != nil {
		return nil, err
	}
	return p.call(Between, at, left, low, high)
}

func (p *parser) in(at []int, left Expr) (Expr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	at = append(at, p.tok.at)
	if !p.tok.is("(") {
		return nil, p.expected("(")
	}
	var list List
	err := p.listed(func() error {
		e, err := p.operand(bindsSum, scalar)
		list = append(list, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.call(In, at, left, list)
}

// listed reads "(", members with commas between them, and ")". one reads a member.
func (p *parser) listed(one func() error) error {
	leave, err := p.nest()
	if err != nil {
		return err
	}
	defer leave()
	if err := p.expect("("); err != nil {
		return err
	}
	for {
		if err := one(); err != nil {
			return err
		}
		if more, err := p.accept(","); err != nil {
			return err
		} else if !more {
			break
		}
	}
	if !p.tok.is(")") {
		return p.expected(", or )")
	}
	p.shut = p.tok.at
	return p.next()
}

// arithmetic reads operands with these operators between them, from the left; a power has but one.
func (p *parser) arithmetic(binds int, ops ...Op) (Expr, error) {
	at := p.tok.at
	e, err := p.read(binds)
	for n := 0; err == nil && (n == 0 || ops[0] != Power); n++ {
		var op Op
		for _, o := range ops {
			if p.tok.is(strings.ToUpper(string(o))) {
				op = o
			}
		}
		if op == "" {
			return e, nil
		}
		if err = p.next(); err != nil {
			return nil, err
		}
		right := p.tok.at
		var x Expr
		if x, err = p.read(binds); err == nil {
			e, err = p.call(op, []int{at, right}, e, x)
		}
	}
	return e, err
}

// signed reads an operand with its sign.
func (p *parser) signed() (Expr, error) {
	if p.begun != nil || !p.tok.is("-") && !p.tok.is("+") {
		return p.primary()
	}
	minus := p.tok.is("-")
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.tok.kind == number {
		f, err := p.number()
		if minus {
			f = -f
		}
		return Number(f), err
	}
	if !minus {
		return nil, p.expected("a number")
	}
	at := p.tok.at
	e, err := p.primary()
	if err == nil && (sortOf(e)&(aProperty|aFunction) == 0 || p.src[at] == '(') {
		err = p.expectedAt(at, "a number, a property or a function")
	}
	return Call{Times, []Expr{Number(-1), e}}, err
}

// number steps over the number ahead.
func (p *parser) number() (float64, error) {
	f := p.tok.number
	return f, p.next()
}

func (p *parser) primary() (Expr, error) {
	if e := p.begun; e != nil {
		p.begun = nil
		return e, nil
	}
	t := p.tok
	switch {
	case t.kind == number:
		return Number(t.number), p.next()
	case t.kind == text:
		return Text(t.value), p.next()
	case t.kind == quoted:
		return Property(t.value), p.next()
	case t.is("TRUE"), t.is("FALSE"):
		return Bool(t.is("TRUE")), p.next()
	case t.is("("):
		leave, err := p.nest()
		if err != nil {
			return nil, err
		}
		defer leave()
		if err := p.next(); err != nil {
			return nil, err
		}
		e, err := p.read(bindsOr)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case t.is("NULL"):
		return nil, p.expected("a value; what has none is asked for by IS NULL")
	case t.kind == word:
		return p.named()
	}
	return nil, p.expected("a property, a literal or (")
}

// named reads what begins with a word.
func (p *parser) named() (Expr, error) {
	t := p.tok
	op, standard := byWord[t.key]
	geometry := geometryWords[t.key]
	if keywords[t.key] && !standard && geometry == "" && t.key != "DATE" && t.key != "TIMESTAMP" && t.key != "INTERVAL" && t.key != "BBOX" {
		return nil, p.expected("a property, a literal or (")
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if geometry != "" {
		g, err := p.wkt(geometry)
		return Geometry{g}, err
	}
	if !p.tok.is("(") {
		if keywords[t.key] {
			return nil, p.expected("( after " + t.key + "; the name of a property that is a word of CQL2 stands in double quotes")
		}
		return Property(t.value), nil
	}
	switch t.key {
	case "DATE", "TIMESTAMP":
		return p.instant(t.key)
	case "INTERVAL":
		return p.interval()
	case "BBOX":
		return p.bbox()
	}
	if !standard {
		op = Op(t.value)
	}
	var at []int
	args, err := p.arguments(&at)
	if err != nil {
		return nil, err
	}
	if i, takes, bad := misfit(op, args); bad {
		return nil, p.expectedAt(at[i], takes)
	}
	return Call{op, args}, nil
}

// arguments reads the operands of a function, which may be none, and notes where each begins and where they end.
func (p *parser) arguments(at *[]int) (args []Expr, err error) {
	none, err := p.empty()
	if err != nil || none {
		*at = append(*at, p.shut)
		return nil, err
	}
	err = p.listed(func() error {
		*at = append(*at, p.tok.at)
		e, err := p.argument()
		args = append(args, e)
		return err
	})
	*at = append(*at, p.shut)
	return args, err
}

// empty steps over "()" if it is ahead.
func (p *parser) empty() (bool, error) {
	after, err := lex(p.src, p.tok.to)
	if err != nil || !p.tok.is("(") || !after.is(")") {
		return false, nil // an error shows again when the token is read
	}
	p.tok, p.shut = after, after.at
	return true, p.next()
}

// argument reads an operand of a function or a member of a list. What begins with a parenthesis is a list, unless the operand goes on
// after it: then it was one in parentheses.
func (p *parser) argument() (Expr, error) {
	if !p.tok.is("(") {
		return p.operand(bindsOr, anything)
	}
	at := p.tok.at
	var where []int
	list, err := p.arguments(&where)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 || p.tok.is(",") || p.tok.is(")") || p.tok.kind == end {
		return List(list), nil
	}
	p.begun = list[0]
	e, err := p.read(bindsOr)
	if err == nil && !fits(e, anything) {
		err = p.expectedAt(at, anything.String())
	}
	return e, err
}

// instant reads the parentheses of DATE or TIMESTAMP.
func (p *parser) instant(key string) (Expr, error) {
	var e Expr
	err := p.listed(func() (err error) {
		t := p.tok
		if t.kind == text {
			e, _ = readInstant(t.value)
		}
		_, isDate := e.(Date)
		if e == nil || isDate != (key == "DATE") {
			return p.expected(instantForms[key])
		}
		if err := p.next(); err != nil {
			return err
		}
		if !p.tok.is(")") {
			return p.expected(")")
		}
		return nil
	})
	return e, err
}

var instantForms = map[string]string{"DATE": "a day as '2016-02-10'", "TIMESTAMP": "an instant as '2016-02-10T09:30:00Z'"}

// interval reads the parentheses of INTERVAL.
func (p *parser) interval() (Expr, error) {
	var sides []Expr
	var last int
	err := p.listed(func() error {
		last = p.tok.at
		if len(sides) == 2 {
			return p.expected(")")
		}
		if p.tok.kind == text {
			e, ok := readSide(p.tok.value)
			if !ok {
				return p.expected(sideForms)
			}
			sides = append(sides, e)
			return p.next()
		}
		e, err := p.operand(bindsAll, aProperty|aFunction)
		sides = append(sides, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(sides) < 2 {
		return nil, p.expectedAt(last, "two sides of an interval, with a comma between them")
	}
	if i := (Interval{sides[0], sides[1]}); !i.reversed() {
		return i, nil
	}
	return nil, p.expectedAt(last, "an end that isn't before the start")
}

const sideForms = "'2016-02-10', '2016-02-10T09:30:00Z', '..' or a property"

// coordinate reads a signed number.
func (p *parser) coordinate() (float64, error) {
	minus := p.tok.is("-")
	if minus || p.tok.is("+") {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	if p.tok.kind != number {
		return 0, p.expected("a number")
	}
	f, err := p.number()
	if minus {
		f = -f
	}
	return f, err
}

func (p *parser) bbox() (Expr, error) {
	at := p.tok.at
	var sides []float64
	err := p.listed(func() error {
		f, err := p.coordinate()
		sides = append(sides, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	box, takes := newBBox(sides)
	if takes != "" {
		return nil, p.expectedAt(at, takes)
	}
	return box, nil
}

// wkt reads what follows the tag of a geometry.
func (p *parser) wkt(geometry string) (orb.Geometry, error) {
	dimensions := 0 // of the first position, which the others follow
	if p.tok.is("Z") {
		dimensions = 3
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	at := p.tok.at
	position := func() (orb.Point, error) {
		var c []float64
		for p.tok.kind == number || p.tok.is("-") || p.tok.is("+") || len(c) < 2 || len(c) < dimensions {
			if len(c) == 3 {
				return orb.Point{}, p.expected(", or )")
			}
			f, err := p.coordinate()
			if err != nil {
				return orb.Point{}, err
			}
			c = append(c, f)
		}
		if dimensions == 0 {
			dimensions = len(c)
		}
		if len(c) != dimensions {
			return orb.Point{}, p.expected("as many numbers in each position")
		}
		return orb.Point{c[0], c[1]}, nil
	}
	point := func() (pt orb.Point, err error) {
		err = p.listed(func() error {
			if pt, err = position(); err != nil {
				return err
			}
			if !p.tok.is(")") {
				return p.expected(")")
			}
			return nil
		})
		return pt, err
	}
	line := func() (out []orb.Point, err error) { return wktList(p, position) }
	checked := func(takes string, err error) error {
		if err == nil && takes != "" {
			err = p.expectedAt(at, takes)
		}
		return err
	}
	linestring := func() (orb.LineString, error) {
		pts, err := line()
		return pts, checked(lineTakes(pts), err)
	}
	ring := func() (orb.Ring, error) {
		pts, err := line()
		return pts, checked(ringTakes(pts), err)
	}
	polygon := func() (orb.Polygon, error) { return wktList(p, ring) }
	switch geometry {
	case "Point":
		return point()
	case "LineString":
		return linestring()
	case "Polygon":
		return polygon()
	case "MultiPoint":
		pts, err := wktList(p, point)
		return orb.MultiPoint(pts), err
	case "MultiLineString":
		lines, err := wktList(p, linestring)
		return orb.MultiLineString(lines), err
	case "MultiPolygon":
		polygons, err := wktList(p, polygon)
		return orb.MultiPolygon(polygons), err
	}
	members, err := wktList(p, func() (orb.Geometry, error) {
		inner := geometryWords[p.tok.key]
		if p.tok.kind != word || inner == "" || inner == "GeometryCollection" {
			return nil, p.expected("POINT, LINESTRING, POLYGON or their MULTI forms")
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		return p.wkt(inner)
	})
	return orb.Collection(members), err
}

func wktList[T any](p *parser, one func() (T, error)) (out []T, err error) {
	err = p.listed(func() error {
		x, err := one()
		out = append(out, x)
		return err
	})
	return out, err
}
