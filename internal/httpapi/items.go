package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/crs"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// itemsAsked is a request for items, read and checked.
type itemsAsked struct {
	info   collectionInfo
	q      registry.FeatureQuery
	sent   format
	in     crs.System // of the answer's geometries
	exact  bool       // numberMatched was asked for
	values url.Values // the parameters as given
}

func (s *Server) items(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	p, err := httpserve.Query(c, names(s.parameters(info))...)
	if err != nil {
		return err
	}
	a := itemsAsked{info: info, values: url.Values{}, exact: p.Has("count")}
	for name, value := range p {
		if value != "" {
			a.values.Set(name, value)
		}
	}
	live := s
	if s, err = live.asked(c.UserContext(), p); err != nil {
		return err
	}
	if a.sent, err = negotiate(c, p, itemFormats(info.id)); err != nil {
		return err
	}
	if a.in, err = system(p, "crs"); err != nil {
		return err
	}
	if a.sent.file != nil && a.in.URI != crs.Default {
		return &registry.Error{Code: registry.Invalid, Message: "Files of this format are in longitude and latitude.", Param: "crs", Got: p["crs"], Takes: crs.Default}
	}
	if a.q, err = s.query(info, p); err != nil {
		return err
	}
	v, err := s.version(c.UserContext(), c, a.q.Day)
	if err != nil {
		return err
	}
	c.Vary(fiber.HeaderAccept)
	options := httpserve.StreamOptions{ContentType: a.sent.mime, Version: v, Vary: []string{fiber.HeaderAccept}}
	switch {
	case a.sent.name == "html":
		return s.itemsPage(c, a)
	case a.sent.file != nil:
		options.Filename = info.id + a.sent.file.Extension
		if a.sent.sidecar {
			options.Filename += a.sent.file.Sidecar
		} else if sidecar := a.sent.file.SidecarType; sidecar != "" {
			c.Append(fiber.HeaderLink, fmt.Sprintf(`<%s>; rel="describedby"; type="%s"`, a.address(s, map[string]string{"f": a.sent.name + sidecarSuffix}), sidecar))
		}
		return httpserve.Stream(c, options, func(ctx context.Context, w io.Writer) error {
			s, err := live.asked(ctx, p)
			if err != nil {
				return err
			}
			return s.writeFile(ctx, w, a)
		})
	}
	c.Set(headerCRS, "<"+a.in.URI+">")
	return httpserve.Stream(c, options, func(ctx context.Context, w io.Writer) error {
		s, err := live.asked(ctx, p)
		if err != nil {
			return err
		}
		out := newCollectionWriter(w)
		page, err := s.page(ctx, a, func(f registry.Feature) error { return out.feature(projected(f, a.in)) })
		if err != nil {
			return err
		}
		more := map[string]any{"links": page.links}
		if page.matched != nil {
			more["numberMatched"] = *page.matched
		}
		return out.close(more)
	})
}

// headerCRS names the coordinate reference system of an answer (OGC 18-058r1, 6.3).
const headerCRS = "Content-Crs"

// pageRead is what is known of a page once its features were read.
type pageRead struct {
	matched *int // nil when there are more than anybody counted
	links   []link
}

// errLast ends a page when there is one feature more.
var errLast = errors.New("page is full")

// page yields the features of one page. What could fail beside them is asked first, while an error can still have a status.
func (s *Server) page(ctx context.Context, a itemsAsked, yield func(registry.Feature) error) (out pageRead, err error) {
	q := a.q
	first := q.After == "" && q.Offset == 0
	before := ""
	if q.After != "" {
		if before, err = s.Store.PageBefore(ctx, q, q.Limit); err != nil {
			return out, err
		}
	}
	all := q
	all.After, all.Offset, all.Limit = "", 0, countedFor+1
	if a.exact {
		all.Limit = 0
	}
	matched, err := s.Store.Count(ctx, all)
	if err != nil {
		return out, err
	}
	if a.exact || matched <= countedFor {
		out.matched = &matched
	}
	q.Limit++ // one more tells whether there is a next page
	n, last, more := 0, "", false
	err = s.Store.EachFeature(ctx, q, func(f registry.Feature) error {
		if n == a.q.Limit {
			more = true
			return errLast
		}
		n, last = n+1, f.ID
		return yield(f)
	})
	if err != nil && !errors.Is(err, errLast) {
		return out, err
	}
	out.links = alternates(itemFormats(a.info.id), a.sent, func(f string) string { return a.address(s, map[string]string{"f": f}) })
	if more {
		out.links = append(out.links, link{Href: a.address(s, map[string]string{"after": token(last), "offset": "", "f": a.sent.name}), Rel: "next", Type: a.sent.mime})
	}
	switch {
	case a.q.After != "" && a.q.Offset == 0:
		out.links = append(out.links, link{Href: a.address(s, map[string]string{"after": token(before), "f": a.sent.name}), Rel: "prev", Type: a.sent.mime})
	case !first && a.q.After == "":
		// A page that began nearer to the start than a page is long has a shorter one before it.
		size := min(a.q.Limit, a.q.Offset)
		out.links = append(out.links, link{Rel: "prev", Type: a.sent.mime,
			Href: a.address(s, map[string]string{"offset": strconv.Itoa(a.q.Offset - size), "limit": strconv.Itoa(size), "f": a.sent.name})})
	}
	for _, f := range itemFormats(a.info.id) {
		if f.file != nil && !f.sidecar {
			out.links = append(out.links, link{Rel: "enclosure", Type: f.mime, Title: "All of these, in one file",
				Href: a.address(s, map[string]string{"after": "", "offset": "", "limit": "", "crs": "", "count": "", "f": f.name})})
		}
	}
	out.links = append(out.links, link{Href: s.api("/collections/" + a.info.id), Rel: "collection", Type: mimeJSON})
	return out, nil
}

// token is the opaque form of the id that a page begins after; empty for the first page.
func token(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

// address is the address of the same question with some parameters changed; an empty value takes one away.
func (a itemsAsked) address(s *Server, changed map[string]string) string {
	values := maps.Clone(a.values)
	for name, value := range changed {
		values.Del(name)
		if value != "" {
			values.Set(name, value)
		}
	}
	return withQuery(s.api("/collections/"+a.info.id+"/items"), values)
}

func withQuery(address string, values url.Values) string {
	if len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}

// writeFile writes every feature that is asked for, or as many as the limit that is asked for, into one file; or that file's description.
func (s *Server) writeFile(ctx context.Context, w io.Writer, a itemsAsked) error {
	q := a.q
	if !a.values.Has("limit") {
		q.Limit = 0
	}
	selection := export.Selection{
		Format: a.sent.file.ID, Queries: []registry.FeatureQuery{q}, Link: a.address(s, map[string]string{"f": a.sent.file.ID}), BaseURL: s.BaseURL, Labels: s.Labels,
	}
	if a.sent.sidecar {
		return selection.WriteSidecar(ctx, s.Store, w)
	}
	buffered := bufio.NewWriterSize(w, 32<<10)
	if err := selection.Write(ctx, s.Store, buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

// projected is a feature's JSON with its geometry in another system. What has no finite place there has the geometry null, like
// what has no place at all.
func projected(f registry.Feature, in crs.System) []byte {
	if in.URI == crs.Default || f.Geometry == nil {
		return f.JSON
	}
	// Features are encoded by package feature: the geometry stands between these two names, and holds no text but its type.
	const begin, end = `"geometry":`, `,"properties":`
	i := bytes.Index(f.JSON, []byte(begin)) + len(begin)
	j := i + bytes.Index(f.JSON[i:], []byte(end))
	g, ok := in.Geometry(f.Geometry)
	if !ok {
		g = nil
	}
	out := append(make([]byte, 0, len(f.JSON)+len(f.JSON)/4), f.JSON[:i]...)
	out = registry.AppendGeometry(out, g)
	return append(out, f.JSON[j:]...)
}

// decoded is a feature as it is stored, taken apart.
type decoded struct {
	ID         json.RawMessage            `json:"id"`
	Geometry   json.RawMessage            `json:"geometry"`
	Properties json.RawMessage            `json:"properties"`
	values     map[string]json.RawMessage // of Properties
}

func decode(raw []byte) (d decoded, err error) {
	if err = json.Unmarshal(raw, &d); err == nil {
		err = json.Unmarshal(d.Properties, &d.values)
	}
	return d, err
}

// itemsPage is a page of items for people.
func (s *Server) itemsPage(c *fiber.Ctx, a itemsAsked) error {
	page := httpserve.Document{Kind: "items", Collection: a.info.id, Columns: a.info.summary}
	read, err := s.page(c.UserContext(), a, func(f registry.Feature) error {
		d, err := decode(f.JSON)
		if err != nil {
			return err
		}
		var row []cell
		for i, property := range a.info.summary {
			field := cell{Texts: texts(d.values[property]), Property: property}
			if i == 0 {
				if len(field.Texts) == 0 {
					field = text(f.ID)
				}
				field.Href = s.itemAddress(a.info.id, f.ID)
			}
			row = append(row, field)
		}
		page.Rows = append(page.Rows, row)
		return nil
	})
	if err != nil {
		return err
	}
	page.Links, page.Matched = read.links, read.matched
	return s.HTML(c, page)
}

// texts are a property's value as texts: nil for null, one for a value, those of a list, which may be empty.
func texts(raw json.RawMessage) []string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := []string{}
	for _, x := range list {
		if part, ok := x.(map[string]any); ok { // a small object: its name tells it
			x = part["name"]
		}
		out = append(out, fmt.Sprint(x))
	}
	return out
}

func (s *Server) itemAddress(collection, id string) string {
	return s.api("/collections/" + collection + "/items/" + url.PathEscape(id))
}

func (s *Server) item(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	p, err := httpserve.Query(c, names(s.itemParameters(info, featureFormats))...)
	if err != nil {
		return err
	}
	sent, err := negotiate(c, p, featureFormats)
	if err != nil {
		return err
	}
	in, err := system(p, "crs")
	if err != nil {
		return err
	}
	if s, err = s.asked(c.UserContext(), p); err != nil {
		return err
	}
	q, err := s.query(info, p)
	if err != nil {
		return err
	}
	q.ID = httpserve.PathParam(c, "id")
	var found []byte
	err = s.Store.EachFeature(c.UserContext(), q, func(f registry.Feature) error {
		found = slices.Clone(projected(f, in))
		return nil
	})
	if err != nil {
		return err
	}
	if found == nil {
		return notFound("feature", q.ID, "the id of a feature of "+info.id)
	}
	d, err := decode(found)
	if err != nil {
		return err
	}
	values := url.Values{}
	for name, value := range p {
		if value != "" {
			values.Set(name, value)
		}
	}
	links := alternates(featureFormats, sent, func(f string) string {
		values.Set("f", f)
		return withQuery(s.itemAddress(info.id, q.ID), values)
	})
	links = append(links, link{Href: s.api("/collections/" + info.id), Rel: "collection", Type: mimeJSON})
	links = append(links, s.pageLinks("/"+info.id+"/"+q.ID)...) // collections are named as their pages' addresses are
	c.Vary(fiber.HeaderAccept)
	if sent.name == "html" {
		page := httpserve.Document{Kind: "item", Collection: info.id, Item: q.ID, Links: links, Columns: []string{"property", "value"}}
		for _, column := range feature.Columns(info.id) {
			page.Rows = append(page.Rows, []cell{text(column.Name), {Texts: texts(d.values[column.Name]), Property: column.Name}})
		}
		return s.HTML(c, page)
	}
	c.Set(headerCRS, "<"+in.URI+">")
	return s.sendJSON(c, mimeGeoJSON, struct {
		Type       string          `json:"type"`
		ID         json.RawMessage `json:"id"`
		Geometry   json.RawMessage `json:"geometry"`
		Properties json.RawMessage `json:"properties"`
		credit
		Links []link `json:"links"`
	}{"Feature", d.ID, d.Geometry, d.Properties, credits(), links})
}

// collectionWriter writes a FeatureCollection feature by feature.
type collectionWriter struct {
	w *bufio.Writer
	n int
}

func newCollectionWriter(w io.Writer) *collectionWriter {
	out := &collectionWriter{w: bufio.NewWriterSize(w, 32<<10)}
	out.w.WriteString(`{"type":"FeatureCollection","features":[`)
	return out
}

// feature writes one encoded feature.
func (o *collectionWriter) feature(encoded []byte) error {
	if o.n > 0 {
		o.w.WriteByte(',')
	}
	o.n++
	o.w.WriteByte('\n')
	_, err := o.w.Write(encoded) // bufio keeps the first error, so the last one tells
	return err
}

// close ends the collection with its count, the credit line and what else it says of itself.
func (o *collectionWriter) close(more map[string]any) error {
	fmt.Fprintf(o.w, "\n],\n\"numberReturned\":%d", o.n)
	c := credits()
	more["attribution"], more["licence"] = c.Attribution, c.Licence
	for _, name := range slices.Sorted(maps.Keys(more)) {
		raw, err := encodeJSON(more[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(o.w, ",\n%q:%s", name, raw)
	}
	o.w.WriteString("}\n")
	return o.w.Flush()
}
