package httpapi

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/crs"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// query turns parameters into a question to the store.
func (s *Server) query(info collectionInfo, p httpserve.Params) (q registry.FeatureQuery, err error) {
	q.Collection = info.id
	if q.Day, err = registry.DayAsked(p[asOf], s.Now()); err != nil {
		return q, err
	}
	if info.boundaries {
		q.Detail = string(gazetteer.DetailMedium)
		if p.Has("detail") {
			q.Detail = p["detail"]
		}
		if !slices.Contains(gazetteer.Details, gazetteer.Detail(q.Detail)) {
			return q, &registry.Error{Code: registry.Invalid, Message: "There is no such detail.", Param: "detail", Got: q.Detail, Takes: "low, medium or high"}
		}
	}
	if q.Limit, err = p.UpTo("limit", defaultLimit, 1, maxLimit); err != nil {
		return q, err
	}
	if q.Offset, err = p.UpTo("offset", 0, 0, math.MaxInt32); err != nil {
		return q, err
	}
	if q.Boxes, err = boxes(p); err != nil {
		return q, err
	}
	if p.Has("datetime") {
		if q.During, err = readDatetime(p["datetime"]); err != nil {
			return q, err
		}
		if info.date == "" { // features without a date meet any
			q.During = registry.Days{}
		}
	}
	if q.Filter, err = readFilter(info, p); err != nil {
		return q, err
	}
	if p.Has("count") && p["count"] != "exact" {
		return q, &registry.Error{Code: registry.Invalid, Message: "There is no such way to count.", Param: "count", Got: p["count"], Takes: "exact"}
	}
	for _, name := range info.places {
		if p.Has(name) {
			q.Places = append(q.Places, registry.PlaceCode(p[name]))
		}
	}
	if q.Where, err = info.chosen(p, info.where); err != nil {
		return q, err
	}
	if q.Lists, err = info.chosen(p, info.lists); err != nil {
		return q, err
	}
	if info.located {
		if p.Has("located") && !slices.Contains(registry.LocatedValues, registry.Located(p["located"])) {
			return q, &registry.Error{Code: registry.Invalid, Message: "There is no such value.", Param: "located", Got: p["located"], Takes: "yes or no"}
		}
		q.Located = registry.Located(p["located"])
	}
	for _, name := range info.ids {
		if p.Has(name) && !registry.ID(p[name]).Valid() {
			return q, &registry.Error{Code: registry.Invalid, Message: "This is not a record's id.", Param: name, Got: p[name], Takes: "lower-case letters, digits and single hyphens"}
		}
	}
	q.Party, q.Programme = registry.ID(p["party"]), registry.ID(p["programme"])
	if info.signed && p.Has(yearParam) {
		n, err := strconv.Atoi(p[yearParam])
		if err != nil || len(p[yearParam]) != 4 || n < 1 {
			return q, &registry.Error{Code: registry.Invalid, Message: "This is no year.", Param: yearParam, Got: p[yearParam], Takes: "four digits, as 2021"}
		}
		q.Year = n
	}
	if p.Has("after") {
		id, err := base64.RawURLEncoding.DecodeString(p["after"])
		if err != nil || len(id) == 0 {
			return q, &registry.Error{Code: registry.Invalid, Message: "The page can't be found.", Param: "after", Got: p["after"], Takes: "what a next link holds"}
		}
		q.After = string(id)
	}
	return q, nil
}

// yearParam asks for the year of a signature.
const yearParam = "year"

// chosen are the values that parameters choose from closed sets.
func (info collectionInfo) chosen(p httpserve.Params, properties []string) (map[string]string, error) {
	var out map[string]string
	for _, name := range properties {
		if !p.Has(name) {
			continue
		}
		if values := info.codes(name); !slices.Contains(values, p[name]) {
			return nil, &registry.Error{Code: registry.Invalid, Message: "There is no such value.", Param: name, Got: p[name], Takes: "one of " + strings.Join(values, ", ")}
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = p[name]
	}
	return out, nil
}

// system is the coordinate reference system that a parameter names; the default without it.
func system(p httpserve.Params, param string) (crs.System, error) {
	if !p.Has(param) {
		return crs.Systems[0], nil
	}
	found, ok := crs.ByURI(p[param])
	if !ok {
		return found, &registry.Error{Code: registry.Invalid, Message: "This coordinate reference system is not served.", Param: param, Got: p[param], Takes: "one of " + strings.Join(crs.URIs(), ", ")}
	}
	return found, nil
}

// boxes are what bbox asks for, in degrees. A box in a projection is a curved one in degrees, so the box that holds it is asked for: nothing
// in it is lost, and what lies just beside it may be among the answer.
func boxes(p httpserve.Params) (out []orb.Bound, err error) {
	in, err := system(p, "bbox-crs")
	if err != nil || !p.Has("bbox") {
		return nil, err
	}
	n, err := httpserve.Corners(p["bbox"])
	if err != nil {
		return nil, err
	}
	if in.Projected {
		low, high := orb.Point{n[0], n[1]}, orb.Point{n[2], n[3]}
		box, ok := in.Box(low, high)
		if !ok || low[0] > high[0] || low[1] > high[1] {
			return nil, &registry.Error{Code: registry.Invalid, Message: "This box is not within the coordinate reference system.", Param: "bbox", Got: p["bbox"],
				Takes: "lowest easting, lowest northing, highest easting, highest northing, in metres of " + in.Name}
		}
		return []orb.Bound{box}, nil
	}
	if in.URI != crs.Default { // latitude first
		n = [4]float64{n[1], n[0], n[3], n[2]}
	}
	found, err := httpserve.Boxes(p["bbox"], n)
	for _, b := range found {
		out = append(out, orb.Bound{Min: orb.Point{b.West, b.South}, Max: orb.Point{b.East, b.North}})
	}
	return out, err
}
