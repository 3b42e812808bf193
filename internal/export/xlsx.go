package export

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
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
//
// The library writes all but the rows, which go into the archive as they come: it would keep them in a temporary file, then the whole archive
// in memory. They are written as the library writes them.
type xlsxEncoder struct {
	archive *zip.Writer
	sheet   *bufio.Writer // the sheet of rows, the archive's first file
	book    *excelize.File
	d       Document
	layer   Layer
	reader  rowReader
	columns []string // A, B, …
	line    []byte   // the row that is being written
	tail    []byte   // what ends the sheet
	bytes   int      // of the sheet
	rows    int      // header included
	text    int      // style
	time    int      // style
	tooBig  int      // geometries whose text is longer than a cell
}

// Names of the sheets beside the rows, which bear the collection's name, and of the part that the rows are.
const (
	sheetColumns = "columns"
	sheetCodes   = "codes"
	sheetAbout   = "about"
	rowsPart     = "xl/worksheets/sheet1.xml"
)

// parts is a book's archive as the library sees it: it asks for a writer for each part.
type parts func(name string) (io.Writer, error)

// Create implements excelize.ZipWriter.
func (p parts) Create(name string) (io.Writer, error) { return p(name) }

// AddFS implements excelize.ZipWriter.
func (p parts) AddFS(fs.FS) error { return errors.ErrUnsupported }

// Close implements excelize.ZipWriter.
func (p parts) Close() error { return nil }

// write gives each part of the book as it is now a writer.
func (e *xlsxEncoder) write(p parts) error {
	e.book.SetZipWriter(func(io.Writer) excelize.ZipWriter { return p })
	return e.book.Write(io.Discard)
}

func newXLSX(w io.Writer, d Document) (_ Encoder, err error) {
	e := &xlsxEncoder{archive: zip.NewWriter(w), book: excelize.NewFile(), d: d, layer: d.Layers[0], reader: rowReader{columns: d.Layers[0].Columns}}
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
	sheet, err := e.book.NewStreamWriter(e.layer.Collection)
	if err != nil {
		return nil, err
	}
	if err = sheet.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"}); err != nil {
		return nil, err
	}
	var names []any
	for i, name := range header(e.layer) {
		names = append(names, excelize.Cell{StyleID: e.text, Value: name})
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return nil, err
		}
		e.columns = append(e.columns, column)
	}
	if err = errors.Join(sheet.SetRow("A1", names), sheet.Flush()); err != nil {
		return nil, err
	}
	e.rows = 1
	return e, e.begin()
}

// begin begins the archive with the sheet as the library has it, up to its first row.
func (e *xlsxEncoder) begin() error {
	var whole bytes.Buffer
	err := e.write(func(name string) (io.Writer, error) {
		if name == rowsPart {
			return &whole, nil
		}
		return io.Discard, nil
	})
	if err != nil {
		return err
	}
	const end = "</sheetData>"
	head, tail, ok := bytes.Cut(whole.Bytes(), []byte(end))
	if !ok {
		return fmt.Errorf("%s holds no rows", rowsPart)
	}
	e.tail = append([]byte(end), tail...)
	part, err := e.archive.Create(rowsPart)
	if err != nil {
		return err
	}
	e.sheet = bufio.NewWriterSize(part, bufferSize)
	_, err = e.sheet.Write(head)
	return err
}

// unbounded takes back what the library says of a new sheet, that it ends at A1: some readers believe it.
func (e *xlsxEncoder) unbounded(sheet string) error { return e.book.SetSheetDimension(sheet, "") }

// maxSheetBytes is how long the XML of a sheet may be: beyond it the archive's first pages would have to say so, and they are sent by then.
const maxSheetBytes = math.MaxUint32

func (e *xlsxEncoder) Feature(f registry.Feature) error {
	if e.rows == maxSheetRows || e.bytes > maxSheetBytes-len(f.JSON)*16 {
		return tooManyRows
	}
	r, err := e.reader.read(f)
	if err != nil {
		return err
	}
	e.rows++
	e.line = append(strconv.AppendInt(append(e.line[:0], `<row r="`...), int64(e.rows), 10), `">`...)
	e.words(0, r.id)
	for i, v := range r.values {
		if err := e.cell(i+1, e.layer.Columns[i].Type, v); err != nil {
			return fmt.Errorf("feature %s: %s: %w", r.id, e.layer.Columns[i].Name, err)
		}
	}
	lon := len(r.values) + 1
	if p, ok := spot(r.geometry); ok {
		e.number(lon, p[0])
		e.number(lon+1, p[1])
	}
	if r.geometry != nil {
		if s := wktOf(r.geometry); len(s) <= maxCellUnits {
			e.words(lon+2, s)
		} else {
			e.tooBig++
		}
	}
	e.line = append(e.line, "</row>"...)
	e.bytes += len(e.line)
	_, err = e.sheet.Write(e.line)
	return err
}

var tooManyRows = &registry.Error{Code: registry.Invalid, Message: "A worksheet has no room for so many rows: ask for fewer, or for CSV, GeoPackage or Parquet.",
	Param: "f", Got: "xlsx", Takes: "at most " + strconv.Itoa(maxSheetRows-1) + " rows"}

// open begins a cell.
func (e *xlsxEncoder) open(column, style int) {
	e.line = append(append(e.line, `<c r="`...), e.columns[column]...)
	e.line = append(strconv.AppendInt(e.line, int64(e.rows), 10), '"')
	if style != 0 {
		e.line = append(strconv.AppendInt(append(e.line, ` s="`...), int64(style), 10), '"')
	}
}

const endNumber = "</v></c>"

func (e *xlsxEncoder) number(column int, x float64) {
	e.open(column, 0)
	e.line = append(strconv.AppendFloat(append(e.line, "><v>"...), x, 'f', -1, 64), endNumber...)
}

// words is a cell of text.
func (e *xlsxEncoder) words(column int, s string) {
	e.open(column, e.text)
	e.line = append(e.line, ` t="inlineStr"><is><t`...)
	const blanks = "\t\n\r "
	if s != "" && (strings.IndexByte(blanks, s[0]) >= 0 || strings.IndexByte(blanks, s[len(s)-1]) >= 0) {
		e.line = append(e.line, ` xml:space="preserve"`...)
	}
	e.line = append(appendCell(append(e.line, '>'), s), "</t></is></c>"...)
}

// escape is what readers of worksheets take for a character that XML can't hold.
var escape = regexp.MustCompile("_x[0-9a-fA-F]{4}_")

// appendCell appends a text as the XML of a cell holds it.
func appendCell(line []byte, s string) []byte {
	if strings.Contains(s, "_x") {
		s = escape.ReplaceAllString(s, "_x005F$0")
	}
	return appendXML(line, s)
}

// cell writes a value; nothing for an empty cell.
func (e *xlsxEncoder) cell(column int, t feature.ColumnType, v value) error {
	if v.null {
		return nil
	}
	switch t {
	case feature.Number:
		x, err := v.number()
		e.number(column, x)
		return err
	case feature.Integer:
		x, err := v.integer()
		e.open(column, 0)
		e.line = append(strconv.AppendInt(append(e.line, "><v>"...), x, 10), endNumber...)
		return err
	case feature.Boolean:
		e.open(column, 0)
		digit := byte('0')
		if v.text == "true" {
			digit = '1'
		}
		e.line = append(append(e.line, ` t="b"><v>`...), digit)
		e.line = append(e.line, endNumber...)
		return nil
	case feature.Timestamp:
		at, err := time.Parse(time.RFC3339, v.text)
		e.open(column, e.time)
		e.line = append(strconv.AppendFloat(append(e.line, "><v>"...), sheetDays(at), 'f', -1, 64), endNumber...)
		return err
	}
	s := v.cell()
	if len(s) > maxCellUnits && len(utf16.Encode([]rune(s))) > maxCellUnits {
		return fmt.Errorf("%d bytes are more than a cell holds", len(s)) // readers would cut it short, or refuse the file
	}
	if s != "" {
		e.words(column, s)
	}
	return nil
}

// sheetDays is a time as days since 1899-12-30, which is how a worksheet has times after February 1900.
func sheetDays(at time.Time) float64 {
	const day = 24 * 60 * 60
	seconds := at.Unix() - time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Unix()
	return float64(seconds/day) + (float64(seconds%day)*1e9+float64(at.Nanosecond()))/(day*1e9)
}

// Close adds the sheets that explain the rows.
func (e *xlsxEncoder) Close() error {
	defer e.Abandon()
	e.sheet.Write(e.tail)
	if err := e.sheet.Flush(); err != nil { // it keeps the first error
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
	err = e.write(func(name string) (io.Writer, error) {
		if name == rowsPart {
			return io.Discard, nil
		}
		return e.archive.Create(name)
	})
	return errors.Join(err, e.archive.Close())
}

func (e *xlsxEncoder) Abandon() { _ = e.book.Close() } // it holds no file
