package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// long are the problems of one record read the long way.
func long(t *testing.T, raw []byte) []Problem {
	t.Helper()
	f := newReading("file.json", func(Entry) error { return nil })
	if err := f.any(0, raw, 0, nil); err != nil {
		t.Fatal(err)
	}
	return f.problems()
}

// What the short way takes, the long way takes, too: sound records of every type with one value changed, taken away, doubled or moved.
func TestShortWayTakesNothingElse(t *testing.T) {
	type record struct {
		body   []byte
		values [][2]int // where values begin and end
	}
	var sound []record
	files := shipped(t)
	files["sound"] = edited(t)
	for name, raw := range files {
		entries, problems := Read(name, raw)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, e := range entries {
			sound = append(sound, record{e.Body, values(e.Body)})
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	odd := []string{`""`, `null`, `"x"`, `"X Y"`, `0`, `-1`, `1.5`, `1e3`, `true`, `[]`, `{}`, `[""]`, `["x"]`, `"2024-13"`, `"2024"`, `"\\u200b"`, `"ftp://x"`, `[{}]`, `"99.999"`}
	short := 0
	for i := range 10_000 {
		r := sound[random.IntN(len(sound))]
		raw := r.body
		if i%8 > 0 {
			at, with := r.values[random.IntN(len(r.values))], odd[random.IntN(len(odd))]
			if random.IntN(3) == 0 {
				other := r.values[random.IntN(len(r.values))]
				with = string(r.body[other[0]:other[1]])
			}
			raw = slices.Concat(r.body[:at[0]], []byte(with), r.body[at[1]:])
		}
		if taken, _ := plain(raw); taken == nil {
			continue
		}
		short++
		if problems := long(t, raw); len(problems) > 0 {
			t.Fatalf("taken the short way:\n%s\n%v", raw, problems)
		}
	}
	if short < 1_000 {
		t.Errorf("only %d of 10,000 took the short way", short)
	}
}

// values are where the values of a JSON document begin and end.
func values(body []byte) (spans [][2]int) {
	for i := 1; i < len(body); i++ {
		if !strings.ContainsRune(":[,", rune(body[i-1])) {
			continue
		}
		var v json.RawMessage
		if json.NewDecoder(bytes.NewReader(body[i:])).Decode(&v) == nil {
			spans = append(spans, [2]int{i, i + len(v)})
		}
	}
	return spans
}

// A file is the same file however it is cut into pieces on the way.
func TestReadingInPieces(t *testing.T) {
	raw := edited(t)
	var whole []string
	if problems, err := Each("whole", strings.NewReader(string(raw)), func(e Entry) error {
		whole = append(whole, string(e.Body))
		return nil
	}); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	for _, size := range []int{4, 5, 7, 64, 1000} {
		var pieces []string
		problems, err := Each("pieces", &slow{strings.NewReader(string(raw)), size}, func(e Entry) error {
			pieces = append(pieces, string(e.Body))
			return nil
		})
		if err != nil || len(problems) > 0 || !slices.Equal(pieces, whole) {
			t.Errorf("in pieces of %d: %d records of %d, %v, %v", size, len(pieces), len(whole), problems, err)
		}
	}
}

// Records that are decoded side by side come in the order of the file, each problem with the number of its own record.
func TestRecordsComeInTheirOrder(t *testing.T) {
	const n, wrong = 2_000, 1_500
	var records, want []string
	for i := range n {
		id := fmt.Sprintf("organisation-%d", i)
		kind := "association"
		if i == wrong {
			kind = "club"
		} else if i < wrong {
			want = append(want, id)
		}
		name := strings.Repeat("Coopérative ", 1+i%20)
		records = append(records, fmt.Sprintf(`{"type":"organisation","id":%q,"kind":%q,"names":[{"lang":"fr","text":%q,"origin":"registry"}],"country":"MA"}`, id, kind, name))
	}
	raw := fmt.Sprintf(`{"format":%q,"records":[%s]}`, Format, strings.Join(records, ","))
	if len(raw) < bytesAtOnce {
		t.Fatalf("%d bytes are decoded at once", len(raw))
	}
	var got []string
	problems, err := Each("file.json", strings.NewReader(raw), func(e Entry) error {
		if e.Pointer != fmt.Sprintf("/records/%d", len(got)) {
			t.Errorf("%s comes as %d", e.Pointer, len(got))
		}
		got = append(got, string(e.Record.Head().ID))
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d records, want %d: %v", len(got), len(want), err)
	}
	if len(problems) != 1 || problems[0].Pointer != fmt.Sprintf("/records/%d/kind", wrong) {
		t.Errorf("problems: %v", problems)
	}
}

// slow reads a few bytes at a time.
type slow struct {
	*strings.Reader
	size int
}

func (s *slow) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), s.size)]) }

// A document that breaks off says where, as before it was read in pieces.
func TestWhereADocumentBreaksOff(t *testing.T) {
	for text, want := range map[string]string{
		"{\n \"format\": 1,\n \"records\": [{]}": "invalid character ']' looking for beginning of object key string at line 3, column 15",
		"{\n \"format\" 1}":                      "invalid character '1' after object key at line 2, column 11",
		"{\"format\":\"mithaq-records-1\",}":     "invalid character '}' looking for beginning of object key string at line 1, column 30",
		"\ufeff{\"records\":[{} {}]}":            "invalid character '{' after array element at line 1, column 16",
		"{\"records\":[],\n\"format\":nul}":      "unexpected end of \"nul\" at line 2, column 12",
		"{} x":                                   "invalid character 'x' after top-level value",
		"{\"records\":[":                         "unexpected EOF",
		"":                                       "EOF",
	} {
		_, problems := Read("file.json", []byte(text))
		if got := fmt.Sprint(problems); len(problems) != 1 || !strings.Contains(got, "got "+want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// White space between the parts makes no difference, anything else does.
func TestSameButForWhiteSpace(t *testing.T) {
	const body = `{"a":"x y","b\"\\":["\\",1.5,"é\\\""]}`
	for raw, want := range map[string]bool{
		body: true,
		"\n{ \"a\" :\t\"x y\",\r\n \"b\\\"\\\\\": [ \"\\\\\" , 1.5 , \"é\\\\\\\"\" ] } ": true,
		`{"a":"xy","b\"\\":["\\",1.5,"é\\\""]}`:                                          false,
		`{"a":"x  y","b\"\\":["\\",1.5,"é\\\""]}`:                                        false,
		`{"a":"x y","b\"\\":["\\",1.5,"é\\\""]}}`:                                        false,
		`{"a":"x y","b\"\\":["\\",1.5,"é\\\""]`:                                          false,
		`{"a":"x y","b\"\\":["\\",1.5,"é\\\"`:                                            false,
		`{"a":"x y","b\"\\":["\`:                                                         false,
		`{"a":"x y","b\" \\":["\\",1.5,"é\\\""]}`:                                        false,
		`{"a":"x y","b\"\\":["\\",1.50,"é\\\""]}`:                                        false,
		`{"a":"x y","b\"\\":["\\",1.5,"é\\\"",""]}`:                                      false,
		``: false,
	} {
		if got := same([]byte(raw), []byte(body)); got != want {
			t.Errorf("%q: %t", raw, got)
		}
	}
}
