package httpapi

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
	"mithaq/internal/crs"
	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// The languages of filters, the default first (OGC 19-079r2, 6.3).
var filterLangs = []string{"cql2-text", "cql2-json"}

// readFilter reads the parameters filter, filter-lang and filter-crs; nil when there is no filter.
func readFilter(info collectionInfo, p httpserve.Params) (*cql.Filter, error) {
	lang := filterLangs[0]
	if p.Has("filter-lang") {
		lang = p["filter-lang"]
	}
	in, err := system(p, "filter-crs")
	if err != nil {
		return nil, err
	}
	var e cql.Expr
	switch text := p["filter"]; {
	case lang != filterLangs[0] && lang != filterLangs[1]:
		return nil, &registry.Error{Code: registry.Invalid, Message: "There is no such language of filters.", Param: "filter-lang", Got: lang, Takes: strings.Join(filterLangs, " or ")}
	case text == "":
		return nil, nil
	case lang == filterLangs[0]:
		e, err = cql.ParseText(text)
	default:
		e, err = cql.ParseJSON([]byte(text))
	}
	if err == nil && in.URI != crs.Default {
		e, err = cql.Project(e, func(g orb.Geometry) (orb.Geometry, error) {
			out, ok := in.GeometryInDegrees(g)
			if !ok {
				return nil, &registry.Error{Code: registry.Invalid, Message: "A geometry of the filter is not within the coordinate reference system.", Param: "filter-crs", Got: in.URI,
					Takes: "the system of the filter's coordinates, in its axis order"}
			}
			return out, nil
		})
	}
	if err != nil {
		return nil, wrongFilter(p["filter"], err)
	}
	f, err := cql.Check(e, feature.Queryables(info.id))
	return f, wrongFilter(p["filter"], err)
}

// wrongFilter says where reading a filter stopped, and what could have stood there.
func wrongFilter(text string, err error) error {
	var wrong *cql.Error
	if !errors.As(err, &wrong) {
		return err
	}
	out := &registry.Error{Code: registry.Invalid, Message: "The filter can't be answered: " + wrong.Error() + ".", Param: "filter", Got: wrong.Got, Takes: wrong.Takes}
	if wrong.Offset >= 0 && wrong.Offset <= len(text) {
		out.Message = "The filter can't be read: " + wrong.Error() + "."
		out.Got = around(text, wrong.Offset)
	}
	if len(wrong.Near) > 0 {
		out.Takes += "; perhaps " + strings.Join(wrong.Near, " or ")
	}
	return out
}

// around is the text round a byte, which an arrow marks.
func around(text string, at int) string {
	const most = 40 // bytes on each side
	from, to := max(0, at-most), min(len(text), at+most)
	for from < at && !utf8.RuneStart(text[from]) {
		from++
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	return text[from:at] + "▶" + text[at:to]
}
