package export

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"mithaq/internal/registry"
)

// bundle writes a ZIP: the rows as CSV and as GeoJSON, CSV's own metadata, metadata.json with a hash of each, the dictionary as a table, and a README. The CSV
// goes into the archive as it is made; the GeoJSON waits in a temporary file, because an archive holds one file after the other.
type bundle struct {
	d       Document
	zip     *zip.Writer
	csv     Encoder
	geojson Encoder
	temp    tempFile
	rows    int
	files   []bundled
	current *hashing
}

// bundled is a file in the archive.
type bundled struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // lower-case hex
	Bytes  int64  `json:"bytes"`
}

// hashing counts and hashes what is written through it.
type hashing struct {
	w    io.Writer
	hash hash.Hash
	n    int64
}

func (h *hashing) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	h.hash.Write(p[:n])
	h.n += int64(n)
	return n, err
}

func newBundle(w io.Writer, d Document) (_ Encoder, err error) {
	e := &bundle{d: d, zip: zip.NewWriter(w)}
	if e.temp, err = newTempFile(); err != nil {
		return nil, err
	}
	e.d.Filename = d.collections() + ".csv"
	out, err := e.create(e.d.Filename)
	if err == nil {
		e.csv, err = newCSV(out, e.d)
	}
	if err == nil {
		e.geojson, err = newGeoJSON(e.temp, e.d)
	}
	if err != nil {
		e.Abandon()
		return nil, err
	}
	return e, nil
}

// create begins a file in the archive; the one before it ends.
func (e *bundle) create(name string) (io.Writer, error) {
	e.end()
	w, err := e.zip.CreateHeader(&zip.FileHeader{Name: e.d.collections() + "/" + name, Method: zip.Deflate, Modified: e.d.stamp()})
	if err != nil {
		return nil, err
	}
	e.files = append(e.files, bundled{Name: name})
	e.current = &hashing{w: w, hash: sha256.New()}
	return e.current, nil
}

// end notes the hash of the file that was open.
func (e *bundle) end() {
	if e.current != nil {
		last := &e.files[len(e.files)-1]
		last.SHA256, last.Bytes = hex.EncodeToString(e.current.hash.Sum(nil)), e.current.n
		e.current = nil
	}
}

func (e *bundle) Feature(f registry.Feature) error {
	e.rows++
	if err := e.csv.Feature(f); err != nil {
		return err
	}
	return e.geojson.Feature(f)
}

func (e *bundle) Close() error {
	defer e.Abandon()
	if err := e.csv.Close(); err != nil {
		return err
	}
	if err := e.geojson.Close(); err != nil {
		return err
	}
	described := e.d.describe(wktColumns...)
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{e.d.collections() + ".geojson", e.temp.sendTo},
		{e.d.Filename + "-metadata.json", func(w io.Writer) error { return writeIndented(w, e.d.csvw()) }},
		{"metadata.json", func(w io.Writer) error {
			return writeIndented(w, struct {
				description
				Rows  int       `json:"rows"`
				Files []bundled `json:"files"`
			}{described, e.rows, e.files[:len(e.files)-1]})
		}},
		{"README.txt", func(w io.Writer) error {
			_, err := w.Write(e.readme(described, e.files[:len(e.files)-1]))
			return err
		}},
	} {
		w, err := e.create(f.name)
		if err != nil {
			return err
		}
		if err := f.write(w); err != nil {
			return err
		}
		e.end()
	}
	return e.zip.Close()
}

// Abandon removes the temporary file.
func (e *bundle) Abandon() { _ = e.temp.remove() } // nothing can be done about a temporary file that doesn't go

// readme says in each language what the files are, how they may be used and cited, and what to beware of; then come the hashes and the columns.
func (e *bundle) readme(described description, files []bundled) []byte {
	var b bytes.Buffer
	layer := described.Layers[0]
	fmt.Fprintf(&b, "%s\n%s\n", described.Title, strings.Repeat("=", len(described.Title)))
	for i, lang := range Langs {
		y := dictionaries()[lang]
		line := func(key, value string) {
			if value != "" {
				fmt.Fprintf(&b, "%s%s%s\n", y.Texts[key], y.Texts["colon"], value)
			}
		}
		fmt.Fprintf(&b, "\n[%s] %s\n\n%s\n\n", lang, layer.Label.in()[i], layer.Meaning.in()[i])
		line("rows", fmt.Sprint(e.rows))
		line("extracted", described.Extracted)
		line("day", described.Day)
		line("link", described.Link)
		line("licence", described.Licence+" "+described.LicenceURL)
		line("attribution", described.Attribution)
		line("cite", fmt.Sprintf("%s, %s, %s", described.Title, described.Extracted, described.Link))
		fmt.Fprintf(&b, "\n%s\n", y.Texts["beware"])
		for _, key := range []string{"unknown", "location", "figures", "dates", "lists", "guard"} {
			fmt.Fprintf(&b, "- %s\n", y.Texts[key])
		}
		if e.d.LocatedOnly {
			fmt.Fprintf(&b, "- %s\n", fmt.Sprintf(y.Texts["left_out"], e.d.LeftOut))
		}
	}
	b.WriteString("\nSHA-256\n\n")
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Name) // as sha256sum --check reads it
	}
	b.WriteString("\n")
	for _, c := range layer.Columns {
		fmt.Fprintf(&b, "\n%s (%s", c.Name, c.Type)
		if c.Unit != "" {
			b.WriteString(", " + c.Unit)
		}
		b.WriteString(")\n")
		for i := range Langs {
			fmt.Fprintf(&b, "  [%s] %s: %s\n", Langs[i], c.Label.in()[i], c.Meaning.in()[i])
		}
		for _, code := range c.Codes {
			fmt.Fprintf(&b, "  %s = %s\n", code.Code, strings.Join(code.Label.in(), " | "))
		}
	}
	return b.Bytes()
}
