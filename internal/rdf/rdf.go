// Package rdf writes a small graph as Turtle and as JSON-LD, so that both say the same. It holds what a catalogue needs, things with
// properties, and no more: it reads nothing and reasons about nothing.
//
// Rules: RDF 1.1 Turtle; JSON-LD 1.1, in the compact form that its prefixes give.
package rdf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Term is what a property may lead to: an IRI, a Literal or a *Node.
type Term any

// IRI names something: an absolute address, or prefix:name with a prefix of the graph.
type IRI string

// Literal is a text: in a language, of a type, or plain.
type Literal struct {
	Text, Lang string
	Type       IRI
}

// Node is a thing. Without ID it is nameless, and stands where it is used.
type Node struct {
	ID         IRI
	Types      []IRI
	Properties []Property
}

// Property is what is said of a node.
type Property struct {
	Name  IRI // prefix:name
	Terms []Term
}

// Add says something of n, in the order of the calls. Nothing is said without terms.
func (n *Node) Add(name IRI, terms ...Term) *Node {
	if len(terms) > 0 {
		n.Properties = append(n.Properties, Property{name, terms})
	}
	return n
}

// Graph is named things with the prefixes of their names.
type Graph struct {
	Prefixes map[string]string // name → beginning of the IRIs
	Nodes    []*Node
}

// spelled is an IRI without the characters that Turtle has for itself; addresses have them percent-encoded.
var spelled = strings.NewReplacer(" ", "%20", "<", "%3C", ">", "%3E", `"`, "%22", "{", "%7B", "}", "%7D", "|", "%7C", "^", "%5E", "`", "%60", `\`, "%5C", "\n", "%0A", "\r", "%0D", "\t", "%09")

// short reports whether an IRI is one of the graph's prefix:name.
func (g *Graph) short(i IRI) bool {
	prefix, _, ok := strings.Cut(string(i), ":")
	_, known := g.Prefixes[prefix]
	return ok && known
}

// Turtle is g as text/turtle.
func (g *Graph) Turtle() []byte {
	var b bytes.Buffer
	for _, prefix := range g.sorted() {
		fmt.Fprintf(&b, "@prefix %s: <%s> .\n", prefix, g.Prefixes[prefix])
	}
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "\n%s", g.iri(n.ID))
		g.body(&b, n, "\n    ")
		b.WriteString(" .\n")
	}
	return b.Bytes()
}

func (g *Graph) sorted() []string {
	var names []string
	for p := range g.Prefixes {
		names = append(names, p)
	}
	slices.Sort(names)
	return names
}

func (g *Graph) iri(i IRI) string {
	if g.short(i) {
		return string(i)
	}
	return "<" + spelled.Replace(string(i)) + ">"
}

// body writes what is said of a node, one property a line.
func (g *Graph) body(b *bytes.Buffer, n *Node, line string) {
	separator := line
	if len(n.Types) > 0 {
		b.WriteString(line + "a ")
		for i, t := range n.Types {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(g.iri(t))
		}
		separator = " ;" + line
	}
	for _, p := range n.Properties {
		b.WriteString(separator + g.iri(p.Name) + " ")
		separator = " ;" + line
		for i, t := range p.Terms {
			if i > 0 {
				b.WriteString(", ")
			}
			g.term(b, t, line)
		}
	}
}

var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func (g *Graph) term(b *bytes.Buffer, t Term, line string) {
	switch t := t.(type) {
	case IRI:
		b.WriteString(g.iri(t))
	case Literal:
		b.WriteString(`"` + escaped.Replace(t.Text) + `"`)
		if t.Lang != "" {
			b.WriteString("@" + t.Lang)
		} else if t.Type != "" {
			b.WriteString("^^" + g.iri(t.Type))
		}
	case *Node:
		if t.ID != "" {
			b.WriteString(g.iri(t.ID))
			return
		}
		b.WriteString("[")
		g.body(b, t, line+"    ")
		b.WriteString(line + "]")
	default:
		panic(fmt.Sprintf("rdf: a term of type %T", t)) // our own mistake
	}
}

// JSONLD is g as application/ld+json.
func (g *Graph) JSONLD() []byte {
	nodes := make([]map[string]any, len(g.Nodes))
	for i, n := range g.Nodes {
		nodes[i] = g.object(n)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(map[string]any{"@context": g.Prefixes, "@graph": nodes}); err != nil {
		panic(err) // texts have a JSON form
	}
	return b.Bytes()
}

func (g *Graph) object(n *Node) map[string]any {
	out := map[string]any{}
	if n.ID != "" {
		out["@id"] = g.address(n.ID)
	}
	if len(n.Types) > 0 {
		out["@type"] = n.Types
	}
	for _, p := range n.Properties {
		var values []any
		for _, t := range p.Terms {
			values = append(values, g.value(t))
		}
		if earlier, ok := out[string(p.Name)].([]any); ok {
			values = append(earlier, values...)
		}
		out[string(p.Name)] = values
	}
	return out
}

func (g *Graph) address(i IRI) string {
	if g.short(i) {
		return string(i)
	}
	return spelled.Replace(string(i))
}

func (g *Graph) value(t Term) any {
	switch t := t.(type) {
	case IRI:
		return map[string]any{"@id": g.address(t)}
	case Literal:
		out := map[string]any{"@value": t.Text}
		if t.Lang != "" {
			out["@language"] = t.Lang
		} else if t.Type != "" {
			out["@type"] = g.address(t.Type)
		}
		return out
	case *Node:
		if t.ID != "" {
			return map[string]any{"@id": g.address(t.ID)}
		}
		return g.object(t)
	default:
		panic(fmt.Sprintf("rdf: a term of type %T", t)) // our own mistake
	}
}
