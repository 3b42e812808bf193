package export

import (
	"bufio"
	"encoding/csv"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// byteOrderMark tells spreadsheets that the text is UTF-8: without it Excel reads é and every Arabic letter wrong, and says nothing.
const byteOrderMark = "\ufeff"

// csvEncoder writes commas, quotes where they are needed, and a line feed alone after each row: with CRLF the writer would change line breaks
// inside texts, too.
type csvEncoder struct {
	w     *csv.Writer
	rows  rowReader
	cells []string // of the last row
}

// newCSV begins with a byte order mark.
func newCSV(w io.Writer, d Document) (Encoder, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return nil, err
	}
	return newPlainCSV(w, d)
}

// newPlainCSV begins with the header itself.
func newPlainCSV(w io.Writer, d Document) (Encoder, error) {
	e := &csvEncoder{w: csv.NewWriter(bufio.NewWriterSize(w, bufferSize)), rows: rowReader{columns: d.Layers[0].Columns}}
	return e, e.w.Write(header(d.Layers[0]))
}

// header names the columns of a table.
func header(l Layer) []string {
	names := []string{idColumn.Name}
	for _, c := range l.Columns {
		names = append(names, c.Name)
	}
	for _, c := range wktColumns {
		names = append(names, c.Name)
	}
	return names
}

func (e *csvEncoder) Feature(f registry.Feature) error {
	r, err := e.rows.read(f)
	if err != nil {
		return err
	}
	cells := append(e.cells[:0], guard(r.id))
	for i, v := range r.values {
		cell := v.cell()
		switch e.rows.columns[i].Type {
		case feature.Number, feature.Integer, feature.Boolean:
		default:
			cell = guard(cell)
		}
		cells = append(cells, cell)
	}
	lon, lat, text := "", "", ""
	if p, ok := spot(r.geometry); ok {
		lon, lat = strconv.FormatFloat(p[0], 'f', -1, 64), strconv.FormatFloat(p[1], 'f', -1, 64)
	}
	if r.geometry != nil {
		text = wktOf(r.geometry)
	}
	e.cells = append(cells, lon, lat, text)
	return e.w.Write(e.cells)
}

// wktOf is wkt.MarshalString, quicker for a point.
func wktOf(g orb.Geometry) string {
	p, ok := g.(orb.Point)
	if !ok {
		return wkt.MarshalString(g)
	}
	text := append(make([]byte, 0, 48), "POINT("...)
	text = append(strconv.AppendFloat(text, p[0], 'g', -1, 64), ' ')
	return string(append(strconv.AppendFloat(text, p[1], 'g', -1, 64), ')'))
}

func (e *csvEncoder) Close() error {
	e.w.Flush()
	return e.w.Error()
}

func (e *csvEncoder) Abandon() {}

// formula is a text that a spreadsheet would compute instead of showing it, behind any number of apostrophes.
var formula = regexp.MustCompile("^'*[=+\\-@\t\r\n＝＋－＠]")

// guard puts an apostrophe before a text that a spreadsheet would take for a formula. A text that begins with apostrophes and would be one
// behind them gets one more, so that taking one away from whatever looks guarded gives back every text.
func guard(cell string) string {
	if cell != "" && strings.IndexByte("'=+-@\t\r\n\xef", cell[0]) >= 0 && formula.MatchString(cell) { // the expression is slow
		return "'" + cell
	}
	return cell
}

// Unguard takes back what CSV files put before texts that look like formulas; other texts stay as they are.
func Unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && formula.MatchString(cell) {
		return cell[1:]
	}
	return cell
}
