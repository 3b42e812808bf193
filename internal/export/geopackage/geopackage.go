// Package geopackage writes GeoPackage 1.3 files (OGC 12-128r17): layers of features in WGS 84, longitude first, each with its R*Tree, tables
// of attributes, and metadata. It knows the standard and no record.
//
// A GeoPackage is a SQLite database by definition, so this room has the driver that otherwise only stores have. It opens no database but the
// file that it writes. The same calls give the same bytes: times are given, never asked for.
package geopackage

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
)

// Numbers that the standard gives.
const (
	applicationID = 0x47504B47 // "GPKG"
	userVersion   = 10300      // 1.3.0
	wgs84         = 4326
)

// wgs84Definition is the WKT of EPSG:4326 as the standard prints it. Coordinates are longitude, latitude whatever its axes say (clause 1.1.1.1.3).
const wgs84Definition = `GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],` +
	`PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]`

// createTables makes the tables of the standard's core, of its metadata extension and of its R*Tree extension.
const createTables = `
	CREATE TABLE gpkg_spatial_ref_sys (
		srs_name TEXT NOT NULL,
		srs_id INTEGER NOT NULL PRIMARY KEY,
		organization TEXT NOT NULL,
		organization_coordsys_id INTEGER NOT NULL,
		definition TEXT NOT NULL,
		description TEXT
	);
	CREATE TABLE gpkg_contents (
		table_name TEXT NOT NULL PRIMARY KEY,
		data_type TEXT NOT NULL,
		identifier TEXT UNIQUE,
		description TEXT DEFAULT '',
		last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
		min_x DOUBLE,
		min_y DOUBLE,
		max_x DOUBLE,
		max_y DOUBLE,
		srs_id INTEGER,
		CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
	);
	CREATE TABLE gpkg_geometry_columns (
		table_name TEXT NOT NULL,
		column_name TEXT NOT NULL,
		geometry_type_name TEXT NOT NULL,
		srs_id INTEGER NOT NULL,
		z TINYINT NOT NULL,
		m TINYINT NOT NULL,
		CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
		CONSTRAINT uk_gc_table_name UNIQUE (table_name),
		CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
		CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
	);
	CREATE TABLE gpkg_extensions (
		table_name TEXT,
		column_name TEXT,
		extension_name TEXT NOT NULL,
		definition TEXT NOT NULL,
		scope TEXT NOT NULL,
		CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
	);
	CREATE TABLE gpkg_metadata (
		id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
		md_scope TEXT NOT NULL DEFAULT 'dataset',
		md_standard_uri TEXT NOT NULL,
		mime_type TEXT NOT NULL DEFAULT 'text/xml',
		metadata TEXT NOT NULL DEFAULT ''
	);
	CREATE TABLE gpkg_metadata_reference (
		reference_scope TEXT NOT NULL,
		table_name TEXT,
		column_name TEXT,
		row_id_value INTEGER,
		timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
		md_file_id INTEGER NOT NULL,
		md_parent_id INTEGER,
		CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
		CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
	);
	INSERT INTO gpkg_spatial_ref_sys VALUES
		('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
		('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
		('WGS 84 geodetic', 4326, 'EPSG', 4326, '` + wgs84Definition + `', 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');
	INSERT INTO gpkg_extensions VALUES
		('gpkg_metadata', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec130/#extension_metadata', 'read-write'),
		('gpkg_metadata_reference', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec130/#extension_metadata', 'read-write');`

// triggers keep the R*Tree of {table} right when somebody edits it (annex F.3). They are made after the rows are in: their functions are
// those of GeoPackage editors, which this writer needn't have.
const triggers = `
	CREATE TRIGGER "rtree_{table}_geom_insert" AFTER INSERT ON "{table}"
		WHEN (new."geom" NOT NULL AND NOT ST_IsEmpty(NEW."geom"))
	BEGIN
		INSERT OR REPLACE INTO "rtree_{table}_geom" VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));
	END;
	CREATE TRIGGER "rtree_{table}_geom_update1" AFTER UPDATE OF "geom" ON "{table}"
		WHEN OLD."fid" = NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))
	BEGIN
		INSERT OR REPLACE INTO "rtree_{table}_geom" VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));
	END;
	CREATE TRIGGER "rtree_{table}_geom_update2" AFTER UPDATE OF "geom" ON "{table}"
		WHEN OLD."fid" = NEW."fid" AND (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))
	BEGIN
		DELETE FROM "rtree_{table}_geom" WHERE id = OLD."fid";
	END;
	CREATE TRIGGER "rtree_{table}_geom_update3" AFTER UPDATE ON "{table}"
		WHEN OLD."fid" != NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))
	BEGIN
		DELETE FROM "rtree_{table}_geom" WHERE id = OLD."fid";
		INSERT OR REPLACE INTO "rtree_{table}_geom" VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));
	END;
	CREATE TRIGGER "rtree_{table}_geom_update4" AFTER UPDATE ON "{table}"
		WHEN OLD."fid" != NEW."fid" AND (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))
	BEGIN
		DELETE FROM "rtree_{table}_geom" WHERE id IN (OLD."fid", NEW."fid");
	END;
	CREATE TRIGGER "rtree_{table}_geom_delete" AFTER DELETE ON "{table}"
		WHEN old."geom" NOT NULL
	BEGIN
		DELETE FROM "rtree_{table}_geom" WHERE id = OLD."fid";
	END;`

// Column is a column of a layer or table. Type is one of the standard's: TEXT, DOUBLE, INTEGER, BOOLEAN, DATETIME.
type Column struct{ Name, Type string }

// Layer is a table of features. Names of layers and columns are the program's own, never a stranger's.
type Layer struct {
	Name, Title, Description string
	// Geometry is the type of its geometries: POINT, MULTIPOINT, MULTIPOLYGON, or GEOMETRY for any.
	Geometry string
	Columns  []Column
}

// File is a GeoPackage being written. It ends with Close or Abandon.
type File struct {
	db    *sql.DB
	tx    *sql.Tx
	stamp string
	layer *openLayer
}

// openLayer is the layer that features go to.
type openLayer struct {
	Layer
	insert, index *sql.Stmt
	fid           int64
	box           orb.Bound
	located       bool
}

// Create begins a file at path, where there is an empty file or none. stamp is the time that stands in it as that of the last change.
func Create(path string, stamp time.Time) (*File, error) {
	// There is nothing to protect from a crash: the file is thrown away unless it is whole.
	address := (&url.URL{Scheme: "file", Path: path, RawQuery: "_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE&_cache_size=-16384"}).String()
	db, err := sql.Open("sqlite3", address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	f := &File{db: db, stamp: stamp.UTC().Format("2006-01-02T15:04:05.000Z")}
	if _, err := db.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, userVersion)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if f.tx, err = db.Begin(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if _, err := f.tx.Exec(createTables); err != nil {
		f.Abandon()
		return nil, err
	}
	return f, nil
}

// Begin begins a layer; the one before it ends.
func (f *File) Begin(l Layer) error {
	if err := f.endLayer(); err != nil {
		return err
	}
	var definition, names, marks strings.Builder
	for _, c := range l.Columns {
		fmt.Fprintf(&definition, ", %q %s", c.Name, c.Type)
		fmt.Fprintf(&names, ", %q", c.Name)
		marks.WriteString(", ?")
	}
	for _, statement := range []string{
		fmt.Sprintf(`CREATE TABLE %q (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom %s%s)`, l.Name, l.Geometry, &definition),
		fmt.Sprintf(`CREATE VIRTUAL TABLE "rtree_%s_geom" USING rtree(id, minx, maxx, miny, maxy)`, l.Name),
	} {
		if _, err := f.tx.Exec(statement); err != nil {
			return fmt.Errorf("create layer %s: %w", l.Name, err)
		}
	}
	open := &openLayer{Layer: l}
	var err error
	if open.insert, err = f.tx.Prepare(fmt.Sprintf(`INSERT INTO %q (fid, geom%s) VALUES (?, ?%s)`, l.Name, &names, &marks)); err != nil {
		return err
	}
	if open.index, err = f.tx.Prepare(fmt.Sprintf(`INSERT INTO "rtree_%s_geom" VALUES (?, ?, ?, ?, ?)`, l.Name)); err != nil {
		return err
	}
	f.layer = open
	return nil
}

// Insert adds a feature to the layer begun last: a value for each column, and a geometry or nil.
func (f *File) Insert(g orb.Geometry, values ...any) error {
	l := f.layer
	l.fid++
	var blob any
	if g != nil {
		raw, err := encode(g)
		if err != nil {
			return err
		}
		blob = raw
	}
	if _, err := l.insert.Exec(append([]any{l.fid, blob}, values...)...); err != nil {
		return fmt.Errorf("insert into %s: %w", l.Name, err)
	}
	if g == nil {
		return nil
	}
	b := g.Bound()
	if _, err := l.index.Exec(l.fid, b.Min[0], b.Max[0], b.Min[1], b.Max[1]); err != nil {
		return fmt.Errorf("index %s: %w", l.Name, err)
	}
	if l.located {
		b = b.Union(l.box)
	}
	l.box, l.located = b, true
	return nil
}

const insertContents = `
	INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, min_x, min_y, max_x, max_y, srs_id)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// endLayer registers the layer that was open, now that its extent is known.
func (f *File) endLayer() error {
	l := f.layer
	if l == nil {
		return nil
	}
	f.layer = nil
	if err := errors.Join(l.insert.Close(), l.index.Close()); err != nil {
		return err
	}
	box := []any{nil, nil, nil, nil}
	if l.located {
		box = []any{l.box.Min[0], l.box.Min[1], l.box.Max[0], l.box.Max[1]}
	}
	args := append([]any{l.Name, "features", l.Title, l.Description, f.stamp}, box...)
	if _, err := f.tx.Exec(insertContents, append(args, wgs84)...); err != nil {
		return err
	}
	if _, err := f.tx.Exec(`INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)`, l.Name, l.Geometry, wgs84); err != nil {
		return err
	}
	const rtree = `INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec130/#extension_rtree', 'write-only')`
	if _, err := f.tx.Exec(rtree, l.Name); err != nil {
		return err
	}
	_, err := f.tx.Exec(strings.ReplaceAll(triggers, "{table}", l.Name))
	return err
}

// AddTable adds a table of attributes, all of them texts.
func (f *File) AddTable(name, title, description string, columns []string, rows [][]string) error {
	if err := f.endLayer(); err != nil {
		return err
	}
	definition, marks := "", "?"
	for _, c := range columns {
		definition += fmt.Sprintf(", %q TEXT", c)
		marks += ", ?"
	}
	if _, err := f.tx.Exec(fmt.Sprintf(`CREATE TABLE %q (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL%s)`, name, definition)); err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	for i, row := range rows {
		args := []any{i + 1}
		for _, cell := range row {
			args = append(args, cell)
		}
		if _, err := f.tx.Exec(fmt.Sprintf(`INSERT INTO %q VALUES (%s)`, name, marks), args...); err != nil {
			return fmt.Errorf("insert into %s: %w", name, err)
		}
	}
	_, err := f.tx.Exec(insertContents, name, "attributes", title, description, f.stamp, nil, nil, nil, nil, nil)
	return err
}

// SetMetadata says what the whole file is: a text of a media type, by a standard that the address names.
func (f *File) SetMetadata(standard, mediaType, text string) error {
	if _, err := f.tx.Exec(`INSERT INTO gpkg_metadata VALUES (1, 'dataset', ?, ?, ?)`, standard, mediaType, text); err != nil {
		return err
	}
	_, err := f.tx.Exec(`INSERT INTO gpkg_metadata_reference VALUES ('geopackage', NULL, NULL, NULL, ?, 1, NULL)`, f.stamp)
	return err
}

// Close ends the file, which is whole when it returns nil.
func (f *File) Close() error {
	if f.db == nil {
		return nil
	}
	err := f.endLayer()
	if err == nil {
		err = f.tx.Commit()
	}
	if err != nil {
		f.Abandon()
		return err
	}
	db := f.db
	f.db = nil
	return db.Close()
}

// Abandon lets go of the file, which is worth nothing then. After Close it does nothing.
func (f *File) Abandon() {
	if f.db == nil {
		return
	}
	if f.tx != nil {
		_ = f.tx.Rollback() // there is no way back without a journal, and none is needed
	}
	_ = f.db.Close()
	f.db = nil
}

// encode is a geometry as the standard stores it (clause 2.1.3): a header with the envelope, but for points, and little-endian WKB.
func encode(g orb.Geometry) ([]byte, error) {
	var b bytes.Buffer
	const littleEndian, envelopeXY = 1, 1 << 1
	b.WriteString("GP\x00")
	var envelope []float64
	if _, point := g.(orb.Point); point {
		b.WriteByte(littleEndian)
	} else {
		b.WriteByte(littleEndian | envelopeXY)
		box := g.Bound()
		envelope = []float64{box.Min[0], box.Max[0], box.Min[1], box.Max[1]}
	}
	header := binary.LittleEndian.AppendUint32(nil, wgs84)
	for _, x := range envelope {
		header = binary.LittleEndian.AppendUint64(header, math.Float64bits(x))
	}
	b.Write(header)
	raw, err := wkb.Marshal(g, binary.LittleEndian)
	b.Write(raw)
	return b.Bytes(), err
}
