// Package dossier is the record file format: one JSON file of records, what mithaq import takes and mithaq export writes.
//
// Reading refuses what encoding/json takes in silence: a key twice, a key in other case, text that is not UTF-8, a field that the record
// doesn't have. It reports every problem of a file at once, each with its JSON pointer, what stood there and what may stand
// there, because a clerk corrects a file once. It knows nothing of other records: whether a reference meets one is publish's to say.
package dossier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"mithaq/internal/registry"
)

// Format names the file format, in each file.
const Format = "mithaq-records-1"

// maxProblems bounds a report: a file of another kind altogether shouldn't print a million lines.
const maxProblems = 1000

// maxDepth bounds how deep values nest; the deepest that a record can hold are a multipolygon's positions, at 8.
const maxDepth = 64

// Problem is one thing wrong with a file.
type Problem struct {
	File string `json:"file"`
	registry.Problem
}

// String is the problem in one line.
func (p Problem) String() string { return p.File + "#" + p.Problem.String() }

// Entry is a record and where in which file it stands.
type Entry struct {
	File    string
	Pointer string // "/records/3"
	Record  registry.Record
}

// Problem puts a problem of e's record in its file.
func (e Entry) Problem(p registry.Problem) Problem {
	p.Pointer = e.Pointer + p.Pointer
	return Problem{File: e.File, Problem: p}
}

// Read reads a file of records. With any problem, the entries are of no use.
func Read(file string, raw []byte) (entries []Entry, problems []Problem) {
	defer func() {
		if len(problems) > maxProblems {
			problems = append(problems[:maxProblems], Problem{file, registry.Problem{Got: fmt.Sprintf("%d more problems", len(problems)-maxProblems), Takes: "a file with fewer"}})
		}
	}()
	fail := func(pointer, got, takes string) {
		problems = append(problems, Problem{file, registry.Problem{Pointer: pointer, Got: got, Takes: takes}})
	}
	if i := invalidUTF8(raw); i >= 0 {
		fail("", fmt.Sprintf("a byte that is not UTF-8 at offset %d", i), "a JSON file in UTF-8")
		return nil, problems
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	twice, deep := walk(raw)
	for _, d := range twice {
		fail(d, "the key twice", "each key once")
	}
	if deep {
		fail("", fmt.Sprintf("values nested more than %d deep", maxDepth), "a file of records, which are flatter")
		return nil, problems
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		fail("", jsonError(raw, err), "one JSON document")
		return nil, problems
	}
	problems = append(problems, check(file, "", schemas().file, doc)...)
	frame, _ := doc.(map[string]any)
	records, _ := frame["records"].([]any)
	first := map[string]string{}
	for i, x := range records {
		e := Entry{File: file, Pointer: "/records/" + strconv.Itoa(i)}
		fields, _ := x.(map[string]any)
		if id, ok := fields["id"].(string); ok {
			if at, twice := first[id]; twice {
				fail(e.Pointer+"/id", fmt.Sprintf("%q, which %s has", id, at), "each id once")
			} else {
				first[id] = e.Pointer
			}
		}
		if fields["type"] == nil {
			continue // the frame's check has said so
		}
		t := registry.Type(fmt.Sprint(fields["type"]))
		schema, ok := schemas().records[t]
		if !ok {
			fail(e.Pointer+"/type", strconv.Quote(string(t)), "one of "+strings.Join(registry.ClosedSets["Type"], ", "))
			continue
		}
		found := check(file, e.Pointer, schema, x)
		for _, p := range found {
			if !slices.Contains(problems, p) { // the frame's check asks for an id, too
				problems = append(problems, p)
			}
		}
		bad := make([]string, len(found))
		for i, p := range found {
			bad[i] = strings.TrimPrefix(p.Pointer, e.Pointer)
		}
		one, err := json.Marshal(without(x, "", bad))
		if err == nil {
			e.Record, err = registry.Decode(one)
		}
		if err != nil {
			if len(found) == 0 {
				fail(e.Pointer, err.Error(), "a record as the schema has it")
			}
			continue
		}
		for _, p := range registry.Validate(e.Record) {
			if !follows(p, bad, x) {
				problems = append(problems, e.Problem(p))
			}
		}
		entries = append(entries, e)
	}
	return entries, problems
}

// without is a decoded value without what stands at the bad pointers, so that the rest of a record can be validated in the same
// round. A member of a list becomes null, because the others keep their places.
func without(x any, pointer string, bad []string) any {
	switch x := x.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range x {
			if at := pointer + "/" + escape.Replace(k); !slices.Contains(bad, at) {
				out[k] = without(v, at, bad)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, v := range x {
			if at := pointer + "/" + strconv.Itoa(i); !slices.Contains(bad, at) {
				out[i] = without(v, at, bad)
			}
		}
		return out
	}
	return x
}

// dependsOn names, for a field, the one beside it that says what may stand there.
var dependsOn = map[string]string{"by": "origin", "reason": "disagrees", "value": "unit"}

// follows reports whether p is only there because of what the schema refused in record x.
func follows(p registry.Problem, bad []string, x any) bool {
	parent, field := p.Pointer[:max(0, strings.LastIndexByte(p.Pointer, '/'))], p.Pointer[strings.LastIndexByte(p.Pointer, '/')+1:]
	for _, b := range bad {
		if registry.Below(p.Pointer, b) || dependsOn[field] != "" && b == parent+"/"+dependsOn[field] {
			return true
		}
		if p.Got == "a value without a statement" && (registry.Below("/statements", b) || strings.HasPrefix(b, "/statements/") && (strings.Count(b, "/") == 2 || strings.HasSuffix(b, "/path"))) {
			return true // the statement may be there, and not be readable
		}
	}
	if len(bad) > 0 && strings.HasPrefix(parent, "/statements/") && field == "path" {
		path, _ := registry.Lookup(x, p.Pointer)
		text, _ := path.(string)
		_, there := registry.Lookup(x, text)
		return there
	}
	return false
}

// Write writes records as a file, ordered by type and id: the same records give the same bytes.
func Write(w io.Writer, records []registry.Record) error {
	sorted := slices.Clone(records)
	slices.SortFunc(sorted, func(a, b registry.Record) int {
		x, y := a.Head(), b.Head()
		if c := slices.Index(registry.Types, x.Type) - slices.Index(registry.Types, y.Type); c != 0 {
			return c
		}
		return strings.Compare(string(x.ID), string(y.ID))
	})
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if sorted == nil {
		sorted = []registry.Record{}
	}
	if err := enc.Encode(struct {
		Format  string            `json:"format"`
		Records []registry.Record `json:"records"`
	}{Format, sorted}); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// invalidUTF8 returns the offset of the first byte that is no UTF-8, or -1.
func invalidUTF8(raw []byte) int {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// jsonError says where a JSON document broke off, in line and column.
func jsonError(raw []byte, err error) string {
	var se *json.SyntaxError
	if !errors.As(err, &se) {
		return err.Error()
	}
	before := raw[:min(int(se.Offset), len(raw))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("%s at line %d, column %d", se, line, column)
}

// escape writes a key as a part of a JSON pointer (RFC 6901).
var escape = strings.NewReplacer("~", "~0", "/", "~1")

// walk lists the pointers of keys that an object has twice; encoding/json would take the last without a word. It stops where values
// are nested deeper than maxDepth: pointers grow with the depth, so that 100 kB of brackets would fill the memory.
func walk(raw []byte) (twice []string, deep bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value func(pointer string, depth int) bool
	value = func(pointer string, depth int) bool {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		if _, opens := token.(json.Delim); opens && depth == maxDepth {
			deep = true
			return false
		}
		switch token {
		case json.Delim('{'):
			seen := map[string]bool{}
			for dec.More() {
				token, err := dec.Token()
				key, ok := token.(string)
				if err != nil || !ok {
					return false
				}
				at := pointer + "/" + escape.Replace(key)
				if seen[key] {
					twice = append(twice, at)
				}
				seen[key] = true
				if !value(at, depth+1) {
					return false
				}
			}
			_, err = dec.Token()
		case json.Delim('['):
			for i := 0; dec.More(); i++ {
				if !value(pointer+"/"+strconv.Itoa(i), depth+1) {
					return false
				}
			}
			_, err = dec.Token()
		}
		return err == nil
	}
	value("", 0)
	return twice, deep
}

// check validates a decoded value against a schema and says each problem in our words.
func check(file, pointer string, schema *jsonschema.Schema, value any) (problems []Problem) {
	var ve *jsonschema.ValidationError
	if err := schema.Validate(value); !errors.As(err, &ve) {
		return nil
	}
	var leaves func(e *jsonschema.ValidationError)
	leaves = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			leaves(c)
		}
		if len(e.Causes) > 0 {
			return
		}
		local := ""
		for _, part := range e.InstanceLocation {
			local += "/" + escape.Replace(part)
		}
		add := func(below, got, takes string) {
			problems = append(problems, Problem{file, registry.Problem{Pointer: pointer + local + below, Got: got, Takes: takes}})
		}
		shown := func() string {
			v, _ := registry.Lookup(value, local)
			raw, _ := json.Marshal(v)
			if r := []rune(string(raw)); len(r) > 80 {
				return string(r[:80]) + "…"
			}
			return string(raw)
		}
		switch k := e.ErrorKind.(type) {
		case *kind.AdditionalProperties:
			for _, p := range k.Properties {
				add("/"+escape.Replace(p), "an unknown field", "the fields of the schema")
			}
		case *kind.Required:
			for _, p := range k.Missing {
				add("/"+p, "nothing", "a value: the field is required")
			}
		case *kind.Enum:
			add("", shown(), "one of "+strings.Trim(fmt.Sprint(k.Want), "[]"))
		case *kind.Const:
			add("", shown(), fmt.Sprint(k.Want))
		case *kind.Type:
			add("", shown(), "a value of type "+strings.Join(k.Want, " or "))
		case *kind.Pattern:
			add("", shown(), "a text of the form "+k.Want)
		case *kind.Format:
			add("", shown(), "a value of the form "+k.Want+" ("+k.Err.Error()+")")
		default:
			add("", shown(), e.Error())
		}
	}
	leaves(ve)
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.Pointer, b.Pointer) })
	return problems
}
