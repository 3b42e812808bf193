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
	for _, d := range duplicateKeys(raw) {
		fail(d, "the key twice", "each key once")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		fail("", jsonError(raw, err), "one JSON document")
		return nil, problems
	}
	problems = append(problems, check(file, "", schemas().file, doc)...)
	if len(problems) > 0 {
		return nil, problems
	}
	first := map[registry.ID]string{}
	for i, x := range doc.(map[string]any)["records"].([]any) {
		e := Entry{File: file, Pointer: "/records/" + strconv.Itoa(i)}
		t := registry.Type(fmt.Sprint(x.(map[string]any)["type"]))
		schema, ok := schemas().records[t]
		if !ok {
			fail(e.Pointer+"/type", strconv.Quote(string(t)), "one of "+strings.Join(registry.ClosedSets["Type"], ", "))
			continue
		}
		if found := check(file, e.Pointer, schema, x); len(found) > 0 {
			problems = append(problems, found...)
			continue
		}
		one, err := json.Marshal(x)
		if err == nil {
			e.Record, err = registry.Decode(one)
		}
		if err != nil {
			fail(e.Pointer, err.Error(), "a record as the schema has it")
			continue
		}
		for _, p := range registry.Validate(e.Record) {
			problems = append(problems, e.Problem(p))
		}
		id := e.Record.Head().ID
		if at, twice := first[id]; twice {
			fail(e.Pointer+"/id", fmt.Sprintf("%q, which %s has", id, at), "each id once")
		}
		first[id] = e.Pointer
		entries = append(entries, e)
	}
	return entries, problems
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

// duplicateKeys lists the pointers of keys that an object has twice; encoding/json would take the last without a word.
func duplicateKeys(raw []byte) (found []string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var walk func(pointer string) bool
	walk = func(pointer string) bool {
		token, err := dec.Token()
		if err != nil {
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
				at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
				if seen[key] {
					found = append(found, at)
				}
				seen[key] = true
				if !walk(at) {
					return false
				}
			}
			_, err = dec.Token()
		case json.Delim('['):
			for i := 0; dec.More(); i++ {
				if !walk(pointer + "/" + strconv.Itoa(i)) {
					return false
				}
			}
			_, err = dec.Token()
		}
		return err == nil
	}
	walk("")
	return found
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
			local += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
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
				add("/"+p, "an unknown field", "the fields of the schema")
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
