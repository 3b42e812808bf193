package export

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// A row group ends after so many rows, or bytes of features as they are stored: it is what a reader takes in at once, and what the writer keeps in memory.
const (
	rowsPerGroup  = 50_000
	bytesPerGroup = 8 << 20
)

// parquetEncoder writes GeoParquet 1.1: the geometry as WKB, and its box in a column of its own, by which readers skip what they don't need.
type parquetEncoder struct {
	w       *parquet.GenericWriter[any]
	reader  rowReader
	kinds   map[string]bool // of geometries met
	box     orb.Bound       // round all of them
	located bool
	rows    int // in the row group
	bytes   int // of the features in it
	row     parquet.Row
}

// ordered is a group of columns in their own order; the library would sort them by name.
type ordered struct {
	parquet.Group
	names []string
}

func (o *ordered) add(name string, n parquet.Node) {
	o.Group[name] = n
	o.names = append(o.names, name)
}

// Fields implements parquet.Node.
func (o *ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(o.names, a.Name()) - slices.Index(o.names, b.Name())
	})
	return fields
}

func newOrdered() *ordered { return &ordered{Group: parquet.Group{}} }

// Names of the columns of geometry, and of the box's sides in their order.
const (
	geometryColumn = "geometry"
	boxColumn      = "bbox"
)

var boxSides = []string{"xmin", "ymin", "xmax", "ymax"}

// zstandard compresses pages like the library's codec, with a window as long as a page: the library's takes 16 MB of memory for each file that is written
// at once. It reads nothing.
type zstandard struct{ encoder *zstd.Encoder }

const window = 512 << 10

func newZstandard() (*zstandard, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	return &zstandard{encoder}, err
}

// String implements compress.Codec.
func (z *zstandard) String() string { return "ZSTD" }

// CompressionCodec implements compress.Codec.
func (z *zstandard) CompressionCodec() format.CompressionCodec { return format.Zstd }

// Encode implements compress.Codec.
func (z *zstandard) Encode(dst, src []byte) ([]byte, error) {
	return z.encoder.EncodeAll(src, dst[:0]), nil
}

// Decode implements compress.Codec.
func (z *zstandard) Decode(_, _ []byte) ([]byte, error) { return nil, errors.ErrUnsupported }

func newParquet(w io.Writer, d Document) (Encoder, error) {
	codec, err := newZstandard()
	if err != nil {
		return nil, err
	}
	root := newOrdered()
	root.add(idColumn.Name, parquet.String())
	for _, c := range d.Layers[0].Columns {
		node := parquet.String()
		switch c.Type {
		case feature.Number:
			node = parquet.Leaf(parquet.DoubleType)
		case feature.Integer:
			node = parquet.Int(64)
		case feature.Boolean:
			node = parquet.Leaf(parquet.BooleanType)
		case feature.Timestamp:
			node = parquet.Timestamp(parquet.Millisecond)
		case feature.Parts:
			node = parquet.JSON()
		case feature.List:
			root.add(c.Name, parquet.List(parquet.String()))
			continue
		}
		root.add(c.Name, parquet.Optional(node))
	}
	root.add(geometryColumn, parquet.Optional(parquet.Leaf(parquet.ByteArrayType)))
	box := newOrdered()
	for _, side := range boxSides {
		box.add(side, parquet.Leaf(parquet.DoubleType))
	}
	root.add(boxColumn, parquet.Optional(box))
	e := &parquetEncoder{reader: rowReader{columns: d.Layers[0].Columns}, kinds: map[string]bool{}}
	e.w = parquet.NewGenericWriter[any](w, parquet.NewSchema(d.Layers[0].Collection, root),
		parquet.CreatedBy("mithaq", "1", "parquet-go"), parquet.Compression(codec))
	described, err := encodeJSON(d.describe(feature.Column{Name: geometryColumn, Type: feature.Text}, feature.Column{Name: boxColumn, Type: feature.Parts}))
	if err != nil {
		return nil, err
	}
	e.w.SetKeyValueMetadata("mithaq", string(described))
	return e, nil
}

func (e *parquetEncoder) Feature(f registry.Feature) error {
	r, err := e.reader.read(f)
	if err != nil {
		return err
	}
	out := e.row[:0]
	column := 0
	// put adds a value to the column: repetition 0 begins a row, 1 goes on with a list; definition counts the parts of its path that are there.
	put := func(v parquet.Value, repetition, definition int) {
		out = append(out, v.Level(repetition, definition, column))
	}
	put(parquet.ValueOf(r.id), 0, 0)
	for i, v := range r.values {
		column++
		c := e.reader.columns[i]
		if c.Type == feature.List {
			if len(v.list) == 0 {
				put(parquet.NullValue(), 0, 0)
			}
			for j, member := range v.list {
				put(parquet.ValueOf(member), min(j, 1), 1)
			}
			continue
		}
		if v.null {
			put(parquet.NullValue(), 0, 0)
			continue
		}
		x, err := parquetValue(c.Type, v)
		if err != nil {
			return fmt.Errorf("feature %s: %s: %w", r.id, c.Name, err)
		}
		put(x, 0, 1)
	}
	column++
	if r.geometry == nil {
		put(parquet.NullValue(), 0, 0)
		for range boxSides {
			column++
			put(parquet.NullValue(), 0, 0)
		}
	} else {
		raw, err := wkb.Marshal(r.geometry)
		if err != nil {
			return fmt.Errorf("geometry of %s: %w", r.id, err)
		}
		put(parquet.ValueOf(raw), 0, 1)
		b := r.geometry.Bound()
		for _, side := range []float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]} {
			column++
			put(parquet.ValueOf(side), 0, 1)
		}
		if e.located {
			b = b.Union(e.box)
		}
		e.box, e.located = b, true
		e.kinds[r.geometry.GeoJSONType()] = true
	}
	e.row = out
	if _, err := e.w.WriteRows([]parquet.Row{out}); err != nil {
		return err
	}
	e.rows, e.bytes = e.rows+1, e.bytes+len(f.JSON)
	if e.rows == rowsPerGroup || e.bytes > bytesPerGroup {
		e.rows, e.bytes = 0, 0
		return e.w.Flush()
	}
	return nil
}

func parquetValue(t feature.ColumnType, v value) (parquet.Value, error) {
	switch t {
	case feature.Number:
		x, err := v.number()
		return parquet.ValueOf(x), err
	case feature.Integer:
		x, err := v.integer()
		return parquet.ValueOf(x), err
	case feature.Boolean:
		return parquet.ValueOf(v.text == "true"), nil
	case feature.Timestamp:
		at, err := time.Parse(time.RFC3339, v.text)
		return parquet.ValueOf(at.UnixMilli()), err
	}
	return parquet.ValueOf(v.text), nil
}

// geoColumn is a geometry column's entry in the metadata that GeoParquet asks for. Without a crs it is OGC:CRS84.
type geoColumn struct {
	Encoding    string                         `json:"encoding"`
	Types       []string                       `json:"geometry_types"`
	Orientation string                         `json:"orientation"`
	Box         []float64                      `json:"bbox,omitempty"`
	Covering    map[string]map[string][]string `json:"covering"`
}

// Close writes the metadata, part of which is known only now.
func (e *parquetEncoder) Close() error {
	g := geoColumn{Encoding: "WKB", Types: []string{}, Orientation: "counterclockwise", Covering: map[string]map[string][]string{boxColumn: {}}}
	for kind := range e.kinds {
		g.Types = append(g.Types, kind)
	}
	slices.Sort(g.Types)
	for _, side := range boxSides {
		g.Covering[boxColumn][side] = []string{boxColumn, side}
	}
	if e.located {
		g.Box = []float64{e.box.Min[0], e.box.Min[1], e.box.Max[0], e.box.Max[1]}
	}
	raw, err := encodeJSON(map[string]any{"version": "1.1.0", "primary_column": geometryColumn, "columns": map[string]geoColumn{geometryColumn: g}})
	if err != nil {
		return err
	}
	e.w.SetKeyValueMetadata("geo", string(raw))
	return e.w.Close()
}

func (e *parquetEncoder) Abandon() {}
