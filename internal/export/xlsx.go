package export

import (
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// Limits of a worksheet.
const (
	maxSheetRows = excelize.TotalRows
	maxCellUnits = excelize.TotalCellChars // UTF-16 units
)

// xlsxEncoder writes a workbook: the rows, the dictionary of columns, the codes, and what the file says of itself. Texts are cells of text with
// the format of text, so that no spreadsheet computes them, even after somebody has edited one.
type xlsxEncoder struct {
	out    io.Writer
	book   *excelize.File
	sheet  *excelize.StreamWriter
	d      Document
	layer  Layer
	reader rowReader
	rows   int // header included
	text   int // style
	time   int // style
	tooBig int // geometries whose text is longer than a cell
}

// Names of the sheets beside the rows, which bear the collection's name.
const (
	sheetColumns = "columns"
	sheetCodes   = "codes"
	sheetAbout   = "about"
)

func newXLSX(w io.Writer, d Document) (_ Encoder, err error) {
	e := &xlsxEncoder{out: w, book: excelize.NewFile(), d: d, layer: d.Layers[0], reader: rowReader{columns: d.Layers[0].Columns}}
	defer func() {
		if err != nil {
			e.Abandon()
		}
	}()
	if e.text, err = e.book.NewStyle(&excelize.Style{NumFmt: 49}); err != nil { // 49: text
		return nil, err
	}
	form := `yyyy\-mm\-dd\ hh:mm:ss`
	if e.time, err = e.book.NewStyle(&excelize.Style{CustomNumFmt: &form}); err != nil {
		return nil, err
	}
	if err = e.book.SetSheetName("Sheet1", e.layer.Collection); err != nil {
		return nil, err
	}
	if err = e.unbounded(e.layer.Collection); err != nil {
		return nil, err
	}
	if e.sheet, err = e.book.NewStreamWriter(e.layer.Collection); err != nil {
		return nil, err
	}
	if err = e.sheet.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"}); err != nil {
		return nil, err
	}
	var names []any
	for _, name := range header(e.layer) {
		names = append(names, e.words(name))
	}
	return e, e.row(names)
}

// unbounded takes back what the library says of a new sheet, that it ends at A1: some readers believe it.
func (e *xlsxEncoder) unbounded(sheet string) error { return e.book.SetSheetDimension(sheet, "") }

// words is a cell of text.
func (e *xlsxEncoder) words(s string) any { return excelize.Cell{StyleID: e.text, Value: s} }

// row writes the next row.
func (e *xlsxEncoder) row(cells []any) error {
	if e.rows == maxSheetRows {
		return &registry.Error{Code: registry.Invalid, Message: "A worksheet has no room for so many rows: ask for fewer, or for CSV, GeoPackage or Parquet.",
			Param: "f", Got: "xlsx", Takes: "at most " + strconv.Itoa(maxSheetRows-1) + " rows"}
	}
	e.rows++
	at, err := excelize.CoordinatesToCellName(1, e.rows)
	if err != nil {
		return err
	}
	return e.sheet.SetRow(at, cells)
}

func (e *xlsxEncoder) Feature(f registry.Feature) error {
	r, err := e.reader.read(f)
	if err != nil {
		return err
	}
	cells := []any{e.words(r.id)}
	for i, v := range r.values {
		cell, err := e.cell(e.layer.Columns[i].Type, v)
		if err != nil {
			return fmt.Errorf("feature %s: %s: %w", r.id, e.layer.Columns[i].Name, err)
		}
		cells = append(cells, cell)
	}
	var lon, lat, text any
	if p, ok := spot(r.geometry); ok {
		lon, lat = p[0], p[1]
	}
	if r.geometry != nil {
		if s := wktOf(r.geometry); len(s) <= maxCellUnits {
			text = e.words(s)
		} else {
			e.tooBig++
		}
	}
	return e.row(append(cells, lon, lat, text))
}

// cell is a value as a cell holds it; nil for an empty cell.
func (e *xlsxEncoder) cell(t feature.ColumnType, v value) (any, error) {
	if v.null {
		return nil, nil
	}
	switch t {
	case feature.Number:
		return v.number()
	case feature.Integer:
		return v.integer()
	case feature.Boolean:
		return v.text == "true", nil
	case feature.Timestamp:
		at, err := time.Parse(time.RFC3339, v.text)
		return excelize.Cell{StyleID: e.time, Value: at.UTC()}, err
	}
	s := v.cell()
	if len(s) > maxCellUnits && len(utf16.Encode([]rune(s))) > maxCellUnits {
		return nil, fmt.Errorf("%d bytes are more than a cell holds", len(s)) // the library would cut it short in silence
	}
	if s == "" {
		return nil, nil
	}
	return e.words(s), nil
}

// Close adds the sheets that explain the rows. They are short; only one sheet may be streamed, because the order of several wouldn't be certain.
func (e *xlsxEncoder) Close() error {
	defer e.Abandon()
	if err := e.sheet.Flush(); err != nil {
		return err
	}
	described := e.d.describe(wktColumns...)
	columns := [][]any{{"name", "type", "unit", "label_fr", "label_ar", "label_en", "meaning_fr", "meaning_ar", "meaning_en"}}
	codes := [][]any{{"column", "code", "label_fr", "label_ar", "label_en"}}
	for _, c := range described.Layers[0].Columns {
		columns = append(columns, []any{c.Name, string(c.Type), c.Unit, c.Label.FR, c.Label.AR, c.Label.EN, c.Meaning.FR, c.Meaning.AR, c.Meaning.EN})
		for _, x := range c.Codes {
			codes = append(codes, []any{c.Name, x.Code, x.Label.FR, x.Label.AR, x.Label.EN})
		}
	}
	about := [][]any{
		{"title", described.Title}, {"collection", e.layer.Collection}, {"licence", described.Licence}, {"licence_url", described.LicenceURL},
		{"attribution", described.Attribution}, {"extracted", described.Extracted}, {"day", described.Day}, {"link", described.Link},
		{"rows", strconv.Itoa(e.rows - 1)}, {"located_only", strconv.FormatBool(e.d.LocatedOnly)}, {"left_out", strconv.Itoa(e.d.LeftOut)},
		{"wkt_left_out", strconv.Itoa(e.tooBig)},
	}
	for i, w := range e.d.remarks("lists", "dates", "unknown", "location", "wkt_left_out").in() {
		about = append(about, []any{"note_" + Langs[i], w})
	}
	for _, s := range []struct {
		name string
		rows [][]any
	}{{sheetColumns, columns}, {sheetCodes, codes}, {sheetAbout, about}} {
		if _, err := e.book.NewSheet(s.name); err != nil {
			return err
		}
		for i, cells := range s.rows {
			if err := e.book.SetSheetRow(s.name, "A"+strconv.Itoa(i+1), &cells); err != nil {
				return err
			}
		}
		if err := e.unbounded(s.name); err != nil {
			return err
		}
	}
	stamp := e.d.stamp().Format(time.RFC3339)
	err := e.book.SetDocProps(&excelize.DocProperties{
		Title: described.Title, Creator: "Mithaq", LastModifiedBy: "Mithaq", Created: stamp, Modified: stamp,
		Description: described.Attribution + "\n" + described.Licence + "\n" + described.Link,
	})
	if err != nil {
		return err
	}
	return e.book.Write(e.out)
}

// Abandon removes the temporary file that a long sheet is kept in.
func (e *xlsxEncoder) Abandon() { _ = e.book.Close() } // nothing can be done about a temporary file that doesn't go
