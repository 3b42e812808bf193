package httpapi

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/edtf"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// format is one way to write a resource: what f= calls it, its media type, and the other types that an Accept header may ask it by.
type format struct {
	name, mime string
	also       []string
	download   *Download // set where a whole selection is written
}

// Media types of answers.
const (
	mimeGeoJSON = "application/geo+json"
	mimeJSON    = "application/json"
	mimeSchema  = "application/schema+json"
	mimeHTML    = "text/html"
	mimeOpenAPI = "application/vnd.oai.openapi+json;version=3.0"
	mimeLines   = "application/x-ndjson"
)

// The formats of each kind of resource, the default first. Items have the downloads, too; see itemFormats.
var (
	documentFormats = []format{{name: "json", mime: mimeJSON}, {name: "html", mime: mimeHTML}}
	schemaFormats   = []format{{name: "json", mime: mimeSchema, also: []string{mimeJSON}}, {name: "html", mime: mimeHTML}}
	featureFormats  = []format{{name: "geojson", mime: mimeGeoJSON, also: []string{mimeJSON}}, {name: "html", mime: mimeHTML}}
)

// Download is a format for all features that a query selects, in one answer.
type Download struct {
	Name, MediaType, Extension string
	// Collections are those that the format has room for; nil for any.
	Collections []string
	// Open begins a file; link is the address that asks the same again.
	Open func(w io.Writer, collection string, day edtf.Day, link string) (Encoder, error)
}

// Encoder writes one file. After an error Abandon frees what it holds; after Close it does nothing.
type Encoder interface {
	Feature(f registry.Feature) error
	Close() error
	Abandon()
}

// lines is GeoJSON, one feature a line.
var lines = Download{Name: "geojsonl", MediaType: mimeLines, Extension: ".geojsonl", Open: func(w io.Writer, _ string, _ edtf.Day, _ string) (Encoder, error) {
	return lineEncoder{w}, nil
}}

type lineEncoder struct{ w io.Writer }

func (e lineEncoder) Feature(f registry.Feature) error {
	_, err := e.w.Write(append(slices.Clip(f.JSON), '\n'))
	return err
}
func (lineEncoder) Close() error { return nil }
func (lineEncoder) Abandon()     {}

// itemFormats are the formats of a collection's items.
func (s *Server) itemFormats(collection string) []format {
	out := slices.Clone(featureFormats)
	for _, d := range s.downloads() {
		if d.Collections == nil || slices.Contains(d.Collections, collection) {
			out = append(out, format{name: d.Name, mime: d.MediaType, download: &d})
		}
	}
	return out
}

// downloads are the formats of whole selections: those of the server, and lines where it has none of that name.
func (s *Server) downloads() []Download {
	if slices.ContainsFunc(s.Downloads, func(d Download) bool { return d.Name == lines.Name }) {
		return s.Downloads
	}
	return append([]Download{lines}, s.Downloads...)
}

// negotiate is the one place where a format is chosen: by f, or else by Accept. An Accept that meets none gets the default, since what is
// asked for by hand or by an old client is better answered than refused.
func negotiate(c *fiber.Ctx, p httpserve.Params, formats []format) (format, error) {
	if p.Has("f") {
		names := make([]string, len(formats))
		for i, f := range formats {
			if p["f"] == f.name || p["f"] == "json" && i == 0 {
				return f, nil
			}
			names[i] = f.name
		}
		return format{}, &registry.Error{Code: registry.Invalid, Message: "There is no such format.", Param: "f", Got: p["f"], Takes: "one of " + strings.Join(names, ", ")}
	}
	return preferred(c.Get(fiber.HeaderAccept), formats), nil
}

// preferred is the format that an Accept header weighs most; of equals, the first.
func preferred(header string, formats []format) format {
	ranges := acceptRanges(header)
	best, weight := formats[0], 0.0
	for _, f := range formats {
		w := accepted(ranges, f.mime)
		for _, r := range ranges {
			if slices.Contains(f.also, r.mime) {
				w = max(w, r.weight)
			}
		}
		if w > weight {
			best, weight = f, w
		}
	}
	return best
}

// acceptRange is one media range of an Accept header with its weight, RFC 9110, section 12.5.1.
type acceptRange struct {
	mime   string
	weight float64
}

func acceptRanges(header string) (out []acceptRange) {
	for field := range strings.SplitSeq(strings.ToLower(header), ",") {
		mime, parameters, _ := strings.Cut(field, ";")
		r := acceptRange{strings.TrimSpace(mime), 1}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
				r.weight, _ = strconv.ParseFloat(q, 64) // an unreadable weight refuses
			}
		}
		out = append(out, r)
	}
	return out
}

// accepted is the weight of the most specific range that a type falls into; 0 when none does.
func accepted(ranges []acceptRange, mime string) (weight float64) {
	mime, _, _ = strings.Cut(mime, ";")
	major, _, _ := strings.Cut(mime, "/")
	for _, form := range []string{mime, major + "/*", "*/*"} {
		for _, r := range ranges {
			if r.mime == form {
				return r.weight
			}
		}
	}
	return 0
}

// alternates are the links to the same resource: self in the format that is sent, the others beside it. address has no query; query may
// be nil.
func alternates(formats []format, sent format, address func(f string) string) (out []link) {
	for _, f := range formats {
		switch {
		case f.name == sent.name:
			out = append([]link{{Href: address(f.name), Rel: "self", Type: f.mime}}, out...)
		case f.download == nil:
			out = append(out, link{Href: address(f.name), Rel: "alternate", Type: f.mime})
		}
	}
	return out
}
