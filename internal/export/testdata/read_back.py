"""Reads the files of one export back with readers that aren't ours, and prints their rows as JSON, all in one form.

    read_back.py FOLDER COLLECTION

Readers: csv and CSV on the Web's metadata, openpyxl, pyogrio (GDAL), geopandas and duckdb for GeoParquet, ogrinfo of the system's GDAL.
Types of columns come from each file's own dictionary, so that a wrong dictionary is a failed test.
"""

import csv
import datetime
import json
import math
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

import duckdb
import geopandas
import openpyxl
import pyogrio
import shapely
import shapely.geometry

csv.field_size_limit(1 << 30)  # outlines are long
folder, collection = pathlib.Path(sys.argv[1]), sys.argv[2]


def geometry(shape):
    """A geometry as GeoJSON; KML has no MultiPoint of one point, so a collection of one counts as its only member."""
    if shape is None or shape.is_empty:
        return None
    if shape.geom_type.startswith("Multi") and len(shape.geoms) == 1:
        shape = shape.geoms[0]
    return json.loads(json.dumps(shapely.geometry.mapping(shapely.force_2d(shape))))


def unguard(text):
    """docs/downloads.md: one apostrophe less where a text looks like a formula behind apostrophes."""
    return text[1:] if re.match("'+[=+\\-@\t\r\n＝＋－＠]", text) else text


def members(text):
    """a;b with \\; and \\\\ for characters that belong to a member."""
    if not text:
        return []
    return [re.sub(r"\\(.)", r"\1", m, flags=re.S) for m in re.findall(r"(?:[^;\\]|\\.)+", text, flags=re.S)]


def instant(value):
    """A time as RFC 3339 in whole seconds, UTC."""
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00").replace("/", "-"))
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.timezone.utc)
    value = value.astimezone(datetime.timezone.utc)
    return (value + datetime.timedelta(microseconds=500_000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def missing(value):
    return value is None or isinstance(value, str) and value == "" or isinstance(value, float) and math.isnan(value) or str(value) == "NaT"


def typed(kind, value):
    """A value of one of our types, from a reader's own."""
    if kind == "list":
        if missing(value):
            return []
        if isinstance(value, str):
            return json.loads(value) if value.startswith("[") else members(value)
        return [str(x) for x in value]
    if missing(value):
        return None
    if kind == "boolean":
        return value.lower() in ("true", "1") if isinstance(value, str) else bool(value)
    if kind in ("number", "integer"):
        return float(value)
    if kind == "timestamp":
        return instant(value)
    if kind == "parts":
        return json.loads(value) if isinstance(value, str) else [dict(x) for x in value]
    return str(value)


def row(types, get, shape):
    out = {name: typed(kind, get(name)) for name, kind in types.items() if kind != "geometry"}
    out["geometry"] = geometry(shape)
    return out


def rows_of_frame(types, frame):
    return [row(types, lambda n, r=r: r[n] if n in r.index else None, r["geometry"]) for _, r in frame.iterrows()]


def without_geometry(columns):
    return {c["name"]: c["type"] for c in columns if c["name"] not in ("lon", "lat", "wkt", "geometry", "bbox")}


answers = {}

# What every file says of itself, in one form; the other formats' types are held against it.
described = json.loads((folder / f"{collection}.geojsonl-metadata.json").read_text("utf-8"))
types = without_geometry(described["layers"][0]["columns"])

xsd = {"decimal": "number", "integer": "integer", "boolean": "boolean", "dateTime": "timestamp", "json": "parts"}
for name in ("csv", "csv-plain"):
    path = folder / f"{collection}.{name}"
    meta = json.loads(pathlib.Path(f"{path}-metadata.json").read_text("utf-8"))
    own = {c["name"]: "list" if "separator" in c else xsd.get(c["datatype"], "text") for c in meta["tableSchema"]["columns"]}
    assert meta["url"] == path.name, meta["url"]
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") == (name == "csv"), raw[:4]
    with open(path, encoding="utf-8-sig", newline="") as f:
        table = list(csv.DictReader(f))
    assert table == [] or list(table[0]) == list(own), list(table[0])
    rows = []
    for r in table:
        shape = shapely.from_wkt(r["wkt"]) if r["wkt"] else None
        x = row({n: k for n, k in own.items() if n not in ("lon", "lat", "wkt")}, lambda n: unguard(r[n]) if own[n] not in ("number", "integer", "boolean") else r[n], shape)
        if shape is not None and shape.geom_type == "Point":
            assert (float(r["lon"]), float(r["lat"])) == (shape.x, shape.y)
        elif shape is not None and "Polygon" in shape.geom_type:
            assert shape.covers(shapely.Point(float(r["lon"]), float(r["lat"]))), r["id"]
        rows.append(x)
    answers[name] = rows
    names = [d[0] for d in duckdb.sql(f"select * from read_csv('{path}', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', max_line_size = 16000000)").description]
    assert names == list(own), names

book = openpyxl.load_workbook(folder / f"{collection}.xlsx")
assert book.sheetnames == [collection, "columns", "codes", "about"], book.sheetnames
quick = openpyxl.load_workbook(folder / f"{collection}.xlsx", read_only=True)  # believes what a sheet says of its size
for sheet in book:
    assert sum(1 for _ in quick[sheet.title].iter_rows()) == sheet.max_row, sheet.title
own = {r[0]: r[1] for r in book["columns"].iter_rows(min_row=2, values_only=True)}
about = dict(book["about"].iter_rows(values_only=True))
sheet = book[collection]
for line in sheet.iter_rows():
    for cell in line:
        assert cell.data_type != "f", f"{cell.coordinate} is a formula"
head = [c.value for c in sheet[1]]
assert head == list(own), head
answers["xlsx"] = []
for cells in sheet.iter_rows(min_row=2, values_only=True):
    r = dict(zip(head, cells))
    answers["xlsx"].append(row({n: k for n, k in own.items() if n not in ("lon", "lat", "wkt")}, lambda n: r[n], shapely.from_wkt(r["wkt"]) if r["wkt"] else None))
left_empty = int(about["wkt_left_out"])
assert int(about["rows"]) == len(answers["xlsx"])

gpkg = folder / f"{collection}.gpkg"
table = pyogrio.read_dataframe(gpkg, layer="mithaq_columns")
own = {r["name"]: r["type"] for _, r in table.iterrows() if r["layer"] == collection}
answers["gpkg"] = rows_of_frame(own, pyogrio.read_dataframe(gpkg, layer=collection))

parquet = folder / f"{collection}.parquet"
frame = geopandas.read_parquet(parquet)
assert frame.crs.to_string() == "OGC:CRS84", frame.crs
kv = dict(duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{parquet}')").fetchall())
own = without_geometry(json.loads(kv["mithaq"])["layers"][0]["columns"])
answers["parquet"] = rows_of_frame(own, frame)
# duckdb, and what the box column says, on its own.
cursor = duckdb.sql(f"select * from '{parquet}'")
names = [d[0] for d in cursor.description]
answers["parquet-duckdb"] = []
for values in cursor.fetchall():
    r = dict(zip(names, values))
    g = r["geometry"]
    if isinstance(g, (bytes, bytearray)):
        g = shapely.from_wkb(bytes(g))
    elif isinstance(g, str):
        g = shapely.from_wkt(g)
    if g is not None:
        assert tuple(r["bbox"].values()) == g.bounds, (r["bbox"], g.bounds)
    else:
        assert r["bbox"] is None
    answers["parquet-duckdb"].append(row(own, lambda n: r[n], g))
geo = json.loads(kv["geo"])
assert geo["version"] == "1.1.0" and geo["primary_column"] == "geometry", geo
assert set(geo["columns"]["geometry"]["geometry_types"]) == {s.geom_type for s in frame.geometry if s is not None}, geo

for name, reads in (("geojson", "geojson"), ("geojsonl", "geojsonl"), ("geojsonseq", "geojsonseq")):
    path = folder / f"{collection}.{name}"
    frame = pyogrio.read_dataframe(path)
    answers[name] = rows_of_frame(types, frame)

# GDAL renames a KML field called name, so the fields are read as XML, and the shapes by GDAL.
path = folder / f"{collection}.kml"
ns = "{http://www.opengis.net/kml/2.2}"
shapes = list(pyogrio.read_dataframe(path)["geometry"])
answers["kml"] = []
for mark, shape in zip(xml.etree.ElementTree.parse(path).iter(f"{ns}Placemark"), shapes, strict=True):
    data = {d.get("name"): d.text for d in mark.iter(f"{ns}SimpleData")}
    answers["kml"].append(row(types, data.get, shape))

# The system's GDAL, older than pyogrio's, counts the same rows.
for name in ("geojson", "geojsonl", "geojsonseq", "gpkg", "kml"):
    out = subprocess.run(["ogrinfo", "-ro", "-so", "-al", str(folder / f"{collection}.{name}")], capture_output=True, text=True, check=True).stdout
    counts = [int(n) for n in re.findall(r"^Feature Count: (\d+)$", out, flags=re.M)]
    assert counts[0] == len(answers["geojson"]), (name, counts)

print(json.dumps({"rows": answers, "wkt_left_out": left_empty}, ensure_ascii=False))
