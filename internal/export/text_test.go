package export

import (
	"bytes"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"mithaq/internal/feature"
)

// texts are made of what is special in XML, in cells and in either script.
func texts() func() string {
	random := rand.New(rand.NewPCG(5, 6))
	pieces := strings.Split(`a|Zone|é|’|منطقة|&|<|>|"|'| |_x0041_|_x|_|x005F|]]>|=1+1|🏺|`+"\t|\n|\r|\x00|\x1f|\u200e|\ufffe|\xff", "|")
	return func() string {
		var b strings.Builder
		for range random.IntN(6) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
}

// TestRowsOfAWorkbookAreTheLibrarys has the library write the same cells.
func TestRowsOfAWorkbookAreTheLibrarys(t *testing.T) {
	enc, err := newXLSX(io.Discard, Document{Layers: []Layer{LayerOf(feature.Sites)}})
	if err != nil {
		t.Fatal(err)
	}
	e := enc.(*xlsxEncoder)
	next, random := texts(), rand.New(rand.NewPCG(7, 8))
	day := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for range 500 {
		s := next()
		if s == "" || strings.Contains(s, "_x005F") || strings.Count(s, "_x0041_") > 1 { // what the library takes apart in a way of its own
			continue
		}
		x, n := random.NormFloat64()*100, random.Int64N(1e12)
		at := day.Add(time.Duration(random.Int64N(int64(200 * 24 * time.Hour))))
		e.line = append(e.line[:0], `<row r="1">`...)
		e.words(0, s)
		e.number(1, x)
		for i, c := range []struct {
			t feature.ColumnType
			v value
		}{{feature.Timestamp, value{text: at.Format(time.RFC3339Nano)}}, {feature.Boolean, value{text: "true"}}, {feature.Integer, value{text: strconv.FormatInt(n, 10)}}, {feature.Text, value{null: true}}, {feature.Text, value{text: s}}} {
			if err := e.cell(2+i, c.t, c.v); err != nil {
				t.Fatal(err)
			}
		}
		e.line = append(e.line, "</row>"...)

		book := excelize.NewFile()
		sheet, err := book.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		cell := func(style int, v any) any { return excelize.Cell{StyleID: style, Value: v} }
		row := []any{cell(e.text, s), x, cell(e.time, at), true, n, nil, cell(e.text, s)}
		if err := sheet.SetRow("A1", row); err != nil {
			t.Fatal(err)
		}
		if err := sheet.Flush(); err != nil {
			t.Fatal(err)
		}
		var whole bytes.Buffer
		(&xlsxEncoder{book: book}).write(func(name string) (io.Writer, error) {
			if name == rowsPart {
				return &whole, nil
			}
			return io.Discard, nil
		})
		if !bytes.Contains(whole.Bytes(), e.line) {
			t.Fatalf("%q:\n%s\nis not in\n%s", s, e.line, &whole)
		}
	}
}

func TestTextsOfXMLAreTheLibrarys(t *testing.T) {
	next := texts()
	for range 5000 {
		s := next()
		var b bytes.Buffer
		enc := xml.NewEncoder(&b)
		if err := enc.EncodeToken(xml.CharData(s)); err != nil {
			t.Fatal(err)
		}
		if err := enc.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := string(appendXML([]byte("before"), s)); got != "before"+b.String() {
			t.Fatalf("%q: %s, want %s", s, got, &b)
		}
	}
}
