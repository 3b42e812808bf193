package httpapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/export"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// format is one way to write a resource: what f= calls it, its media type, and the other types that an Accept header may ask it by.
type format struct {
	name, mime string
	also       []string
	file       *export.Format // set where a whole selection is one file
	sidecar    bool           // the description of that file instead
}

// Media types of answers.
const (
	mimeGeoJSON = "application/geo+json"
	mimeJSON    = "application/json"
	mimeSchema  = "application/schema+json"
	mimeHTML    = "text/html"
	mimeOpenAPI = "application/vnd.oai.openapi+json;version=3.0"
)

// The formats of each kind of resource, the default first. Items have the downloads, too; see itemFormats.
var (
	documentFormats = []format{{name: "json", mime: mimeJSON}, {name: "html", mime: mimeHTML}}
	schemaFormats   = []format{{name: "json", mime: mimeSchema, also: []string{mimeJSON}}, {name: "html", mime: mimeHTML}}
	featureFormats  = []format{{name: "geojson", mime: mimeGeoJSON, also: []string{mimeJSON}}, {name: "html", mime: mimeHTML}}
)

// itemFormats are the formats of a collection's items: a page of them as GeoJSON or for people, and all that are selected as one file in each
// of export's formats. Where a file can't describe itself, its description is a format, too.
func itemFormats(collection string) []format {
	out := slices.Clone(featureFormats)
	for _, f := range export.Formats() {
		if f.ID == featureFormats[0].name || export.Check(f.ID, []export.Layer{export.LayerOf(collection)}) != nil {
			continue
		}
		base, _, _ := strings.Cut(f.MediaType, ";")
		out = append(out, format{name: f.ID, mime: f.MediaType, also: []string{base}, file: &f})
		if f.Sidecar != "" {
			out = append(out, format{name: f.ID + sidecarSuffix, mime: f.SidecarType, file: &f, sidecar: true})
		}
	}
	return out
}

// sidecarSuffix after a format's name asks for the description of its file.
const sidecarSuffix = "-metadata"

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
	if header == "" || header == "*/*" {
		return formats[0]
	}
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
			out = slices.Insert(out, 0, link{Href: address(f.name), Rel: "self", Type: f.mime})
		case f.file == nil:
			out = append(out, link{Href: address(f.name), Rel: "alternate", Type: f.mime})
		}
	}
	return out
}
