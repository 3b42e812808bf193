package httpapi

import (
	"net/url"
	"slices"
	"strings"

	"mithaq/internal/httpserve"
)

// given are the parameters of a request that have a value, in the order of their names, which is the one of addresses.
type given []param

// param is a parameter with its value, not yet encoded.
type param struct{ name, value string }

func givenBy(p httpserve.Params) given {
	out := make(given, 0, len(p)+3) // with room for what links add
	for name, value := range p {
		if value != "" {
			out = append(out, param{name, value})
		}
	}
	slices.SortFunc(out, func(a, b param) int { return strings.Compare(a.name, b.name) })
	return out
}

func (g given) has(name string) bool {
	return slices.ContainsFunc(g, func(p param) bool { return p.name == name })
}

// with is g with some parameters changed; an empty value takes one away.
func (g given) with(changed ...param) given {
	out := append(make(given, 0, len(g)+len(changed)), g...)
	for _, p := range changed {
		i, found := slices.BinarySearchFunc(out, p.name, func(q param, name string) int { return strings.Compare(q.name, name) })
		switch {
		case p.value == "" && found:
			out = slices.Delete(out, i, i+1)
		case p.value == "":
		case found:
			out[i] = p
		default:
			out = slices.Insert(out, i, p)
		}
	}
	return out
}

func (g given) without(names ...string) given {
	return slices.DeleteFunc(slices.Clone(g), func(p param) bool { return slices.Contains(names, p.name) })
}

// after is an address with g as its query.
func (g given) after(address string) string {
	out := []byte(address)
	for i, p := range g {
		out = append(out, "?&"[min(i, 1)])
		out = p.appendTo(out)
	}
	return string(out)
}

// around is the address with g as its query, but for one parameter: between begin and end stands its name, "=" and its value, encoded.
// Links to many formats differ in nothing else.
func (g given) around(address, name string) (begin, end string) {
	first, last := append(make([]byte, 0, len(address)+64), address...), []byte(nil)
	first = append(first, '?')
	for _, p := range g {
		switch strings.Compare(p.name, name) {
		case -1:
			first = append(p.appendTo(first), '&')
		case 1:
			last = p.appendTo(append(last, '&'))
		}
	}
	return string(first), string(last)
}

func (p param) appendTo(out []byte) []byte {
	out = append(append(out, url.QueryEscape(p.name)...), '=')
	return append(out, url.QueryEscape(p.value)...)
}
