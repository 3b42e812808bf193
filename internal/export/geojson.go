package export

import (
	"bufio"
	"bytes"
	"io"
	"strconv"

	"mithaq/internal/registry"
)

// featureText writes features as they are stored; formats of GeoJSON differ in what stands round them.
type featureText struct {
	w             *bufio.Writer
	before, after string // each feature
	between       string
	end           func(n int) string
	n             int
}

// newGeoJSON writes a FeatureCollection that begins with what it says of itself, so that a reader of the first lines knows the licence.
func newGeoJSON(w io.Writer, d Document) (Encoder, error) {
	described, err := encodeJSON(d.describe())
	if err != nil {
		return nil, err
	}
	name, err := encodeJSON(d.collections())
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriterSize(w, bufferSize)
	b.WriteString(`{"type":"FeatureCollection","name":` + string(name) + ",\n")
	b.Write(described[1 : len(described)-1])
	b.WriteString(",\n\"features\":[\n")
	return &featureText{w: b, between: ",\n", end: func(n int) string { return "\n],\n\"numberReturned\":" + strconv.Itoa(n) + "}\n" }}, nil
}

// newLines writes one feature a line.
func newLines(w io.Writer, _ Document) (Encoder, error) {
	return &featureText{w: bufio.NewWriterSize(w, bufferSize), after: "\n"}, nil
}

// newSequence writes a GeoJSON text sequence (RFC 8142): each feature between a record separator and a line feed.
func newSequence(w io.Writer, _ Document) (Encoder, error) {
	return &featureText{w: bufio.NewWriterSize(w, bufferSize), before: "\x1e", after: "\n"}, nil
}

func (e *featureText) Feature(f registry.Feature) error {
	if e.n > 0 {
		e.w.WriteString(e.between)
	}
	e.n++
	e.w.WriteString(e.before)
	e.w.Write(f.JSON)
	_, err := e.w.WriteString(e.after) // bufio keeps the first error, so the last call tells
	return err
}

// betweenTexts stands between two features of registry.FeatureTexts, and inside none.
var betweenTexts = []byte(",\n")

// Texts implements textEncoder.
func (e *featureText) Texts(text []byte) error {
	var err error
	for more := len(text) > 0; more; {
		var one []byte
		if one, text, more = bytes.Cut(text, betweenTexts); e.n > 0 {
			e.w.WriteString(e.between)
		}
		e.n++
		e.w.WriteString(e.before)
		e.w.Write(one)
		_, err = e.w.WriteString(e.after)
	}
	return err
}

func (e *featureText) Close() error {
	if e.end != nil {
		e.w.WriteString(e.end(e.n))
	}
	return e.w.Flush()
}

func (e *featureText) Abandon() {}
