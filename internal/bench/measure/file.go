package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	_ "github.com/mattn/go-sqlite3" // a GeoPackage is a SQLite database
	"github.com/parquet-go/parquet-go"
)

// rowCounters count the sites in a file of each format, each in the plainest way that the format allows.
var rowCounters = map[string]func(path string) (int, error){
	"geojson":    streamed(func(r io.Reader) (int, error) { return members(r, "features") }),
	"oc4ids":     streamed(func(r io.Reader) (int, error) { return members(r, "projects") }),
	"geojsonl":   streamed(func(r io.Reader) (int, error) { return occurrences(r, "\n") }),
	"geojsonseq": streamed(func(r io.Reader) (int, error) { return occurrences(r, "\x1e") }),
	"kml":        streamed(func(r io.Reader) (int, error) { return occurrences(r, "<Placemark") }),
	"csv":        streamed(csvRows),
	"csv-plain":  streamed(csvRows),
	"gpkg":       geoPackageRows,
	"parquet":    parquetRows,
	"xlsx": func(path string) (int, error) {
		n, err := packed(path, "xl/worksheets/sheet1.xml", func(r io.Reader) (int, error) { return occurrences(r, "<row ") })
		return n - 1, err // without the names of the columns
	},
	"zip": func(path string) (int, error) {
		rows, err := packed(path, ".csv", csvRows)
		if err != nil {
			return 0, err
		}
		features, err := packed(path, ".geojson", func(r io.Reader) (int, error) { return members(r, "features") })
		if err == nil && rows != features {
			err = fmt.Errorf("the archive has %d rows as CSV and %d features as GeoJSON", rows, features)
		}
		return rows, err
	},
}

// streamed counts in a file from its beginning to its end.
func streamed(count func(io.Reader) (int, error)) func(string) (int, error) {
	return func(path string) (int, error) {
		f, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		return count(bufio.NewReaderSize(f, 1<<20))
	}
}

// occurrences counts how often a text, which doesn't overlap itself, stands in another.
func occurrences(r io.Reader, text string) (n int, err error) {
	kept, buffer := 0, make([]byte, 1<<20)
	for {
		read, err := r.Read(buffer[kept:])
		seen := buffer[:kept+read]
		n += bytes.Count(seen, []byte(text))
		// What may be the beginning of one more is looked at again with what follows.
		kept = copy(buffer, seen[len(seen)-min(len(text)-1, len(seen)):])
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// members counts the objects in one array of a JSON object, and that the object ends. Texts are skipped, not read: a file of a million sites takes
// seconds.
func members(r io.Reader, name string) (n int, err error) {
	in := bufio.NewReaderSize(r, 1<<20)
	depth, text, inText, escaped, last, counting := 0, []byte(nil), false, false, "", false
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			if depth != 0 || inText {
				return n, fmt.Errorf("the file ends in the middle")
			}
			return n, nil
		}
		if err != nil {
			return n, err
		}
		switch {
		case escaped:
			escaped = false
		case inText && b == '\\':
			escaped = true
		case inText && b == '"':
			inText, last = false, string(text)
		case inText:
			if depth == 1 {
				text = append(text, b)
			}
		case b == '"':
			inText, text = true, text[:0]
		case b == '{' || b == '[':
			if b == '[' && depth == 1 {
				counting = last == name
			}
			if depth++; b == '{' && depth == 3 && counting {
				n++
			}
		case b == '}' || b == ']':
			depth--
		}
	}
}

// csvRows counts the records without the one that names the columns.
func csvRows(r io.Reader) (n int, err error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	for n = -1; ; n++ {
		if _, err := in.Read(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

func geoPackageRows(path string) (n int, err error) {
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRow(`SELECT count(*) FROM sites`).Scan(&n)
	return n, err
}

func parquetRows(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	table, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return 0, err
	}
	return int(table.NumRows()), nil
}

// packed counts in the file of an archive whose name ends so.
func packed(path, suffix string, count func(io.Reader) (int, error)) (int, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return 0, err
	}
	defer archive.Close()
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, suffix) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return 0, err
		}
		defer r.Close()
		return count(bufio.NewReaderSize(r, 1<<20))
	}
	return 0, fmt.Errorf("%s has no file %s", path, suffix)
}
