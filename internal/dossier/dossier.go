// Package dossier is the record file format: one JSON file of records, what mithaq import takes and mithaq export writes.
//
// Reading refuses what encoding/json takes in silence: a key twice, a key in other case, text that is not UTF-8, a field that the record
// doesn't have. It reports every problem of a file at once, each with its JSON pointer, what stood there and what may stand
// there, because a clerk corrects a file once. It knows nothing of other records: whether a reference meets one is publish's to say.
package dossier

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"mithaq/internal/idmap"
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
	Body    []byte // its canonical JSON
}

// Problem puts a problem of e's record in its file.
func (e Entry) Problem(p registry.Problem) Problem {
	p.Pointer = e.Pointer + p.Pointer
	return Problem{File: e.File, Problem: p}
}

// Read reads a file of records that is in memory. With any problem, the entries are of no use.
func Read(file string, raw []byte) (entries []Entry, problems []Problem) {
	problems, err := Each(file, bytes.NewReader(raw), func(e Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil { // memory doesn't fail
		problems = append(problems, Problem{file, registry.Problem{Got: err.Error(), Takes: "a file that can be read"}})
	}
	return entries, problems
}

// Each reads a file of records one by one, so that memory doesn't grow with it, and gives those before the first problem. With any problem, what it
// gave is of no use. Errors: those of reading and of yield.
func Each(file string, r io.ReadSeeker, yield func(Entry) error) (problems []Problem, err error) {
	f := newReading(file, yield)
	var refused *syntaxError
	var alien notUTF8
	switch err := f.read(r); {
	case err == nil:
	case errors.As(err, &alien):
		return []Problem{{file, registry.Problem{Got: alien.Error(), Takes: "a JSON file in UTF-8"}}}, nil
	case errors.Is(err, errDeep):
		f.items = report{}
		f.fail(&f.items, "", fmt.Sprintf("values nested more than %d deep", maxDepth), "a file of records, which are flatter")
		f.outer = report{}
	case errors.As(err, &refused):
		got, err := refused.where(r, f.bom)
		if err != nil {
			return nil, err
		}
		f.outer, f.items = report{}, report{}
		f.fail(&f.items, "", got, "one JSON document")
	default:
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return f.problems(), nil
}

// reading is one reading of a file.
type reading struct {
	file  string
	yield func(Entry) error
	bom   int64               // bytes of the byte order mark
	frame map[string]any      // what stands round the records
	first *idmap.Map[[4]byte] // the record that had an id first
	// Problems in the order in which they are told: keys twice, the frame's, the records'.
	twice, outer, items report
}

func newReading(file string, yield func(Entry) error) *reading {
	return &reading{file: file, yield: yield, first: idmap.New[[4]byte](), frame: map[string]any{}}
}

// report is a bounded list of problems.
type report struct {
	kept  []Problem
	count int
}

func (r *report) add(problems ...Problem) {
	r.count += len(problems)
	r.kept = append(r.kept, problems[:min(len(problems), maxProblems-len(r.kept))]...)
}

func (f *reading) fail(r *report, pointer, got, takes string) {
	r.add(Problem{f.file, registry.Problem{Pointer: pointer, Got: got, Takes: takes}})
}

// sound reports whether nothing was found wrong so far.
func (f *reading) sound() bool { return f.twice.count+f.outer.count+f.items.count == 0 }

// problems are all, bounded.
func (f *reading) problems() []Problem {
	all := slices.Concat(f.twice.kept, f.outer.kept, f.items.kept)
	if n := f.twice.count + f.outer.count + f.items.count; n > maxProblems {
		all = append(all[:maxProblems], Problem{f.file, registry.Problem{Got: fmt.Sprintf("%d more problems", n-maxProblems), Takes: "a file with fewer"}})
	}
	return all
}

// errDeep is a value nested more than maxDepth deep.
var errDeep = errors.New("nested too deep")

// read reads the whole file.
func (f *reading) read(r io.Reader) error {
	s := newScanner(&utf8Reader{r: r})
	if mark, err := s.r.Peek(3); err == nil && string(mark) == "\ufeff" {
		f.bom = int64(len(mark))
		if _, err := s.r.Discard(len(mark)); err != nil {
			return err
		}
	}
	c, err := s.next("")
	if err != nil {
		return err
	}
	if c != '{' {
		doc, err := f.decode(s, "", "", 0)
		if err != nil {
			return err
		}
		f.outer.add(check(f.file, "", schemas().file, doc)...)
		return f.end(s)
	}
	if _, err := s.one("", "{"); err != nil {
		return err
	}
	if c, err = s.next("{"); err != nil {
		return err
	}
	if c == '}' {
		c, err = s.one("{", "}")
	}
	for err == nil && c != '}' {
		if err := f.member(s); err != nil {
			return err
		}
		if c, err = s.one(`{"":0`, ",}"); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	f.outer.add(check(f.file, "", schemas().file, f.frame)...)
	return f.end(s)
}

// end checks that nothing follows the document.
func (f *reading) end(s *scanner) error {
	c, err := s.next("{}")
	var ended *syntaxError
	if errors.As(err, &ended) && ended.at < 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return &syntaxError{"invalid character " + strconv.QuoteRune(rune(c)) + " after top-level value", s.at + 1}
}

// member reads a member of the file's object.
func (f *reading) member(s *scanner) error {
	c, err := s.next("{\"\":0,")
	if err != nil {
		return err
	}
	if c != '"' {
		return s.unexpected(`{"":0,`, c)
	}
	raw, begin, err := s.value("{")
	if err != nil {
		return err
	}
	var key string
	if err := json.Unmarshal(raw, &key); err != nil {
		return broken(err, begin)
	}
	if _, err := s.one(`{""`, ":"); err != nil {
		return err
	}
	at := "/" + escape.Replace(key)
	_, again := f.frame[key]
	if again {
		f.fail(&f.twice, at, "the key twice", "each key once")
	}
	if c, err = s.next(`{"":`); err != nil {
		return err
	}
	if key == "records" && c == '[' && !again {
		f.frame[key] = []any{}
		return f.records(s)
	}
	f.frame[key], err = f.decode(s, `{"":`, at, 1)
	return err
}

// decode reads a value that is no record.
func (f *reading) decode(s *scanner, before, pointer string, depth int) (any, error) {
	raw, begin, err := s.value(before)
	if raw == nil && err != nil {
		return nil, err
	}
	return f.tree(raw, begin, pointer, depth, err)
}

// tree decodes a value at a pointer and depth, with its numbers as written; cut is the error that it broke off with.
func (f *reading) tree(raw []byte, begin int64, pointer string, depth int, cut error) (any, error) {
	twice, deep := walk(raw, pointer, depth)
	for _, d := range twice {
		f.fail(&f.twice, d, "the key twice", "each key once")
	}
	if deep {
		return nil, errDeep
	}
	if cut != nil {
		return nil, cut
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if errors.Is(err, io.ErrUnexpectedEOF) { // a word cut short: something follows it
		return nil, &syntaxError{"unexpected end of " + strconv.Quote(string(raw[:min(len(raw), 20)])), begin + int64(len(raw))}
	}
	if err != nil {
		return nil, broken(err, begin)
	}
	return doc, nil
}

// broken is an error of encoding/json in a value that begins at an offset.
func broken(err error, begin int64) error {
	var se *json.SyntaxError
	if errors.As(err, &se) {
		return &syntaxError{se.Error(), begin + se.Offset}
	}
	return &syntaxError{err.Error(), -1}
}

// records reads the list of records.
func (f *reading) records(s *scanner) error {
	if _, err := s.one("", "["); err != nil {
		return err
	}
	c, err := s.next("[")
	if err != nil {
		return err
	}
	if c == ']' {
		_, err := s.one("[", "]")
		return err
	}
	for n, ended := 0, false; !ended; {
		var some []written
		var failed error
		for held := 0; held < bytesAtOnce && !ended; {
			raw, begin, err := s.value("[")
			if raw == nil && err != nil {
				ended, failed = true, err
				break
			}
			some = append(some, written{raw: slices.Clone(raw), begin: begin, cut: err})
			held += len(raw)
			c, failed = s.one("[0", ",]")
			ended = failed != nil || c == ']'
		}
		decode(some)
		for _, w := range some {
			if err := f.record(n, w); err != nil {
				return err
			}
			n++
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// bytesAtOnce is how many bytes of records are decoded together, or one record that is longer.
const bytesAtOnce = 256 << 10

// written is a record of a file.
type written struct {
	raw   []byte
	begin int64 // where in the file
	cut   error // that it broke off with

	record registry.Record // as plain has it
	body   []byte
}

// decode reads what is plain of some records, on all processors: it is most of what an import takes before anything is written.
func decode(some []written) {
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(some)) {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(some); i = int(next.Add(1)) - 1 {
				if w := &some[i]; w.cut == nil {
					w.record, w.body = plain(w.raw)
				}
			}
		})
	}
	working.Wait()
}

// record reads record i.
func (f *reading) record(i int, w written) error {
	if w.record == nil {
		return f.any(i, w.raw, w.begin, w.cut)
	}
	e := Entry{File: f.file, Pointer: "/records/" + strconv.Itoa(i), Record: w.record, Body: w.body}
	f.once(string(e.Record.Head().ID), i, e)
	if f.sound() {
		return f.yield(e)
	}
	return nil
}

// any reads record i the long way.
func (f *reading) any(i int, raw []byte, begin int64, cut error) error {
	e := Entry{File: f.file, Pointer: "/records/" + strconv.Itoa(i)}
	x, err := f.tree(raw, begin, e.Pointer, 2, cut)
	if err != nil {
		return err
	}
	framed := check(f.file, "", schemas().file, map[string]any{"format": Format, "records": []any{x}})
	for j := range framed {
		framed[j].Pointer = e.Pointer + strings.TrimPrefix(framed[j].Pointer, "/records/0")
	}
	f.outer.add(framed...)
	fields, _ := x.(map[string]any)
	if id, ok := fields["id"].(string); ok {
		f.once(id, i, e)
	}
	if fields["type"] == nil {
		return nil // the frame's check has said so
	}
	t := registry.Type(fmt.Sprint(fields["type"]))
	schema, ok := schemas().records[t]
	if !ok {
		f.fail(&f.items, e.Pointer+"/type", strconv.Quote(string(t)), "one of "+strings.Join(registry.ClosedSets["Type"], ", "))
		return nil
	}
	found := check(f.file, e.Pointer, schema, x)
	for _, p := range found {
		if !slices.Contains(framed, p) { // the frame's check asks for an id, too
			f.items.add(p)
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
	if err == nil {
		e.Body, err = registry.Canonical(e.Record)
	}
	if err != nil {
		if len(found) == 0 {
			f.fail(&f.items, e.Pointer, err.Error(), "a record as the schema has it")
		}
		return nil
	}
	for _, p := range registry.Validate(e.Record) {
		if !follows(p, bad, x) {
			f.items.add(e.Problem(p))
		}
	}
	if f.sound() {
		return f.yield(e)
	}
	return nil
}

// once notes the id of record i and reports one that another record has.
func (f *reading) once(id string, i int, e Entry) {
	if at, twice := f.first.Get(id); twice {
		f.fail(&f.items, e.Pointer+"/id", fmt.Sprintf("%q, which /records/%d has", id, binary.NativeEndian.Uint32(at[:])), "each id once")
		return
	}
	var at [4]byte
	binary.NativeEndian.PutUint32(at[:], uint32(i))
	f.first.Put(id, at)
}

// plain reads a record that is written as the registry itself writes it, white space aside, and sound: what then is left of the schema is that no text is empty,
// nothing is null and ids are well formed. nil for every other record, which takes the long way: it may be sound, too.
func plain(raw []byte) (registry.Record, []byte) {
	r, err := registry.DecodeCanonical(raw)
	if err != nil {
		return nil, nil
	}
	if _, free := r.(*registry.Amendment); free { // its values are any JSON, which a schema of its own has no word on
		return nil, nil
	}
	body, err := registry.Canonical(r)
	if err != nil || !same(raw, body) || bytes.Contains(body, []byte(`""`)) || bytes.Contains(body, []byte(":null")) {
		return nil, nil
	}
	for _, ref := range r.References() {
		if !ref.To.Valid() {
			return nil, nil
		}
	}
	if len(registry.ValidateCanonical(r, body)) > 0 {
		return nil, nil
	}
	return r, body
}

// same reports whether raw is body with white space between its parts at most.
func same(raw, body []byte) bool {
	for len(raw) > 0 {
		switch c := raw[0]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			raw = raw[1:]
		case c == '"': // texts are most of it, so each is compared whole
			n := textEnd(raw)
			if !bytes.HasPrefix(body, raw[:n]) {
				return false
			}
			raw, body = raw[n:], body[n:]
		default:
			if len(body) == 0 || body[0] != c {
				return false
			}
			raw, body = raw[1:], body[1:]
		}
	}
	return len(body) == 0
}

// textEnd is how long the text is that raw begins with, its quotation marks included; all of raw where it has no end.
func textEnd(raw []byte) int {
	for i := 1; i < len(raw); i++ {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			break
		}
		back := bytes.IndexByte(raw[i:i+n], '\\')
		if back < 0 {
			return i + n + 1
		}
		i += back + 1 // what is escaped
	}
	return len(raw)
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
	out := NewWriter(w)
	for _, r := range sorted {
		if err := out.Add(r); err != nil {
			return err
		}
	}
	return out.Close()
}

// Writer writes a file of records one by one, in the order given.
type Writer struct {
	w *bufio.Writer
	n int
}

// NewWriter begins a file.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{w: bufio.NewWriterSize(w, 1<<16)}
	out.w.WriteString("{\n  \"format\": \"" + Format + "\",\n  \"records\": [") // bufio keeps the first error, so Close tells
	return out
}

// Add writes one record.
func (w *Writer) Add(r registry.Record) error {
	if w.n++; w.n > 1 {
		w.w.WriteByte(',')
	}
	w.w.WriteString("\n    ")
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write %s: %w", r.Head().ID, err)
	}
	_, err := w.w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return err
}

// Close ends the file; what it was written to stays open.
func (w *Writer) Close() error {
	if w.n > 0 {
		w.w.WriteString("\n  ")
	}
	w.w.WriteString("]\n}\n")
	return w.w.Flush()
}

// invalidUTF8 returns the offset of the first byte that is no UTF-8, or -1.
func invalidUTF8(raw []byte) int {
	if utf8.Valid(raw) { // ten times as fast as to look for where
		return -1
	}
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// where says where a JSON document broke off, in line and column. It reads it again up to there; bom is how many bytes don't count.
func (e *syntaxError) where(r io.ReadSeeker, bom int64) (string, error) {
	if e.at < 0 {
		return e.message, nil
	}
	if _, err := r.Seek(bom, io.SeekStart); err != nil {
		return "", err
	}
	line, column := 1, 0
	for before := bufio.NewReader(io.LimitReader(r, e.at)); ; {
		c, err := before.ReadByte()
		if errors.Is(err, io.EOF) {
			return fmt.Sprintf("%s at line %d, column %d", e.message, line, column), nil
		}
		if err != nil {
			return "", err
		}
		if column++; c == '\n' {
			line, column = line+1, 0
		}
	}
}

// escape writes a key as a part of a JSON pointer (RFC 6901).
var escape = strings.NewReplacer("~", "~0", "/", "~1")

// walk lists the pointers of keys that an object has twice, in a value at a pointer and a depth; encoding/json would take the last without a word. It stops where values
// are nested deeper than maxDepth: pointers grow with the depth, so that 100 kB of brackets would fill the memory.
func walk(raw []byte, pointer string, depth int) (twice []string, deep bool) {
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
	value(pointer, depth)
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
