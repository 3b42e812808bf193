package dump

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// formats are those of whole dumps, in the order of the list. A text sequence and a CSV without its mark are left to whoever asks for them:
// they hold what their sisters hold.
var formats = []string{"geojson", "geojsonl", "csv", "xlsx", "gpkg", "parquet", "kml", "oc4ids", "zip"}

// Name is the name of the file of a collection in a format, empty when there is none.
func Name(collection, format string) string {
	f, _ := export.FormatOf(format)
	if !slices.Contains(formats, format) || export.Check(format, []export.Layer{export.LayerOf(collection)}) != nil {
		return ""
	}
	return collection + f.Extension
}

// plan is a file to be written.
type plan struct {
	name        string
	format      export.Format
	collections []string
}

// plans are the files of a snapshot: one GeoPackage with everything, then each collection in each format that has room for it.
func plans() (out []plan) {
	whole, _ := export.FormatOf("gpkg")
	out = append(out, plan{"mithaq" + whole.Extension, whole, feature.Collections})
	for _, collection := range feature.Collections {
		for _, id := range formats {
			if name := Name(collection, id); name != "" {
				f, _ := export.FormatOf(id)
				out = append(out, plan{name, f, []string{collection}})
			}
		}
	}
	return out
}

// write writes a file, and the one that describes it where it can't do so itself.
func (d *Dumps) write(ctx context.Context, folder string, s Snapshot, p plan) ([]File, error) {
	selection := export.Selection{Format: p.format.ID, BaseURL: d.BaseURL, Link: d.BaseURL + "/downloads", Filename: p.name, Labels: d.Labels}
	for _, c := range p.collections {
		q := registry.FeatureQuery{Collection: c, Day: s.Day}
		if _, ok := feature.ColumnOf(c, "detail"); ok {
			q.Detail = string(gazetteer.DetailMedium) // as the interface for programs gives boundaries
		}
		selection.Queries = append(selection.Queries, q)
	}
	if len(p.collections) == 1 { // the question that gives these very data for good, also when the snapshot is gone
		selection.Link = d.BaseURL + "/api/collections/" + p.collections[0] + "/items?" + url.Values{
			"f": {p.format.ID}, "as-of": {string(s.Day)}, "recorded": {s.Published.Format(time.RFC3339Nano)}}.Encode()
	}
	out := File{Name: p.name, Collections: p.collections, Format: p.format.ID, MediaType: p.format.MediaType}
	err := create(ctx, folder, &out, func(w io.Writer) error { return selection.Write(ctx, d.Live, w) })
	if err != nil || p.format.Sidecar == "" {
		return []File{out}, err
	}
	beside := File{Name: p.name + p.format.Sidecar, Collections: p.collections, Describes: p.name, MediaType: p.format.SidecarType}
	err = create(ctx, folder, &beside, func(w io.Writer) error { return selection.WriteSidecar(ctx, d.Live, w) })
	return []File{out, beside}, err
}

// create writes the file f.Name into a folder, to the disk and not only to its cache, and notes its length and hash. After an error
// there is no file.
func create(ctx context.Context, folder string, f *File, write func(io.Writer) error) error {
	path := filepath.Join(folder, f.Name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	count := &counting{ctx: ctx, w: file, hash: sha256.New()}
	out := bufio.NewWriterSize(count, 64<<10)
	if err = write(out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	f.Bytes, f.SHA256 = count.n, hex.EncodeToString(count.hash.Sum(nil))
	return nil
}

// counting counts and hashes what is written through it, until its context ends.
type counting struct {
	ctx  context.Context
	w    io.Writer
	hash hash.Hash
	n    int64
}

func (c *counting) Write(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	n, err := c.w.Write(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	return n, err
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
