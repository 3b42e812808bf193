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
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/crs"
	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// itemsAsked is a request for items, read and checked.
type itemsAsked struct {
	info  collectionInfo
	taken taken
	q     registry.FeatureQuery
	sent  format
	in    crs.System // of the answer's geometries
	exact bool       // numberMatched was asked for
	given given
}

func (s *Server) items(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	taken := s.taken[info.id]
	p, err := httpserve.Query(c, taken.items...)
	if err != nil {
		return err
	}
	a := itemsAsked{info: info, taken: taken, given: givenBy(p), exact: p.Has("count")}
	live := s
	if s, err = live.asked(c.UserContext(), p); err != nil {
		return err
	}
	if a.sent, err = negotiate(c, p, taken.formats); err != nil {
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
	c.Vary(fiber.HeaderAccept)
	if a.sent.name == "html" {
		return s.itemsPage(c, a)
	}
	if a.sent.file == nil && a.in.URI == crs.Default && a.q.Limit <= mostKept && !p.Has(recorded) {
		return s.shortPage(c, a)
	}
	options := httpserve.StreamOptions{ContentType: a.sent.mime, Vary: acceptDecides}
	if a.sent.file == nil {
		options.Hold = pageHeld
	}
	if a.sent.file != nil || info.boundaries || a.q.Limit > surelyHeld || c.Get(fiber.HeaderIfNoneMatch) != "" {
		if options.Version, err = s.version(c.UserContext(), c, a.q.Day); err != nil {
			return err
		}
	}
	if a.sent.file != nil {
		options.Filename = info.id + a.sent.file.Extension
		if a.sent.sidecar {
			options.Filename += a.sent.file.Sidecar
		} else if sidecar := a.sent.file.SidecarType; sidecar != "" {
			c.Append(fiber.HeaderLink, fmt.Sprintf(`<%s>; rel="describedby"; type="%s"`, a.address(s, param{"f", a.sent.name + sidecarSuffix}), sidecar))
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
		gather := s.each(func(f registry.Feature) error { return out.feature(projected(f, a.in)) })
		if a.in.URI == crs.Default && a.q.Limit <= mostTexts {
			gather = s.text(out.features)
		}
		page, err := s.page(ctx, a, gather, s.count)
		if err != nil {
			return err
		}
		return out.close(page)
	})
}

// shortPage sends a short page of items. It is kept with its ETag until the next publication, as how many there are on all pages is, unless it is asked for by
// a box or a filter: hardly anybody asks the same one again, and it would take the place of others.
func (s *Server) shortPage(c *fiber.Ctx, a itemsAsked) error {
	ctx := c.UserContext()
	kept := func(_ string, make func() ([]byte, error)) (httpserve.Kept, error) {
		body, err := make()
		return httpserve.Kept{Body: body}, err
	}
	if len(a.q.Boxes) == 0 && a.q.Filter == nil {
		version, err := s.Kept.Version(ctx, s.Store)
		if err != nil {
			return err
		}
		kept = func(question string, make func() ([]byte, error)) (httpserve.Kept, error) {
			return s.Kept.Of(ctx, version, string(a.q.Day)+" "+question, func() (httpserve.Kept, error) {
				body, err := make()
				return httpserve.KeepWhole(body), err
			})
		}
	}
	page, err := kept(a.given.after(a.info.id), func() ([]byte, error) {
		var text bytes.Buffer
		out := newCollectionWriter(&text)
		page, err := s.page(ctx, a, s.text(func(features []byte, n int) error {
			const others = 5 << 10 // what stands around them
			text.Grow(len(features) + others)
			return out.features(features, n)
		}), func(ctx context.Context, a itemsAsked) (n int, err error) {
			counted, err := kept(a.given.without("after", "offset", "limit", "f").after("count "+a.info.id), func() ([]byte, error) {
				n, err := s.count(ctx, a)
				return strconv.AppendInt(nil, int64(n), 10), err
			})
			if err != nil {
				return 0, err
			}
			return strconv.Atoi(string(counted.Body))
		})
		if err != nil {
			return nil, err
		}
		err = out.close(page)
		return text.Bytes(), err
	})
	if err != nil {
		return err
	}
	c.Set(headerCRS, "<"+a.in.URI+">")
	return httpserve.Send(c, httpserve.Payload{ContentType: a.sent.mime, Body: page.Body, Version: page.Version})
}

// mostKept is up to how many features a page is kept.
const mostKept = 50

// pageHeld bounds a page that is sent in one piece, with the ETag of its bytes; see httpserve.StreamOptions. Pages of up to surelyHeld records are far
// shorter, so nobody need ask for the version that longer ones are tagged with.
const (
	pageHeld   = 2 << 20
	surelyHeld = 500
)

var acceptDecides = []string{fiber.HeaderAccept}

// headerCRS names the coordinate reference system of an answer (OGC 18-058r1, 6.3).
const headerCRS = "Content-Crs"

// pageRead is what is known of a page once its features were read.
type pageRead struct {
	matched *int // nil when there are more than anybody counted
	links   []link
}

// errLast ends a page when there is one feature more.
var errLast = errors.New("page is full")

// mostTexts is up to how many features are read as one text, which is whole in memory; longer pages stream.
const mostTexts = 1_000

// gathered is what reading the features of a page has told of it.
type gathered struct {
	n    int
	last string // id; empty without features
	more bool   // there are others after it
}

// each reads the features of a page one by one.
func (s *Server) each(yield func(registry.Feature) error) func(context.Context, registry.FeatureQuery) (gathered, error) {
	return func(ctx context.Context, q registry.FeatureQuery) (page gathered, err error) {
		most := q.Limit
		q.Limit++ // one more tells whether there is a next page
		err = s.Store.EachFeature(ctx, q, func(f registry.Feature) error {
			if page.n == most {
				page.more = true
				return errLast
			}
			page.n, page.last = page.n+1, f.ID
			return yield(f)
		})
		if errors.Is(err, errLast) {
			err = nil
		}
		return page, err
	}
}

// text reads the features of a page as one text.
func (s *Server) text(yield func(features []byte, n int) error) func(context.Context, registry.FeatureQuery) (gathered, error) {
	return func(ctx context.Context, q registry.FeatureQuery) (out gathered, err error) {
		err = s.Store.FeatureTexts(ctx, q, func(page registry.FeatureTexts) error {
			out = gathered{page.N, page.Last, page.More}
			return yield(page.JSON, page.N)
		})
		return out, err
	}
}

// page reads one page of features, and counts what is on all pages where the page doesn't tell.
func (s *Server) page(ctx context.Context, a itemsAsked, gather func(context.Context, registry.FeatureQuery) (gathered, error),
	count func(context.Context, itemsAsked) (int, error)) (out pageRead, err error) {
	q := a.q
	before := ""
	if q.After != "" {
		if before, err = s.Store.PageBefore(ctx, q, q.Limit); err != nil {
			return out, err
		}
	}
	read, err := gather(ctx, q)
	if err != nil {
		return out, err
	}
	matched := 0
	if !read.more && q.After == "" && (read.n > 0 || q.Offset == 0) { // the last page of a counted walk tells it itself
		matched = q.Offset + read.n
	} else if matched, err = count(ctx, a); err != nil {
		return out, err
	}
	if a.exact || matched <= countedFor {
		out.matched = &matched
	}
	out.links = s.links(a, before, read.last, read.more)
	return out, nil
}

// count counts what is asked for on all pages, as far as it is wanted.
func (s *Server) count(ctx context.Context, a itemsAsked) (int, error) {
	all := a.q
	all.After, all.Offset, all.Limit = "", 0, countedFor+1
	if a.exact {
		all.Limit = 0
	}
	return s.Store.Count(ctx, all)
}

// links are a page's: before is the id that the page before begins after, last the last one of this page, more whether another follows.
func (s *Server) links(a itemsAsked, before, last string, more bool) []link {
	out := make([]link, 0, len(a.taken.formats)+4)
	begin, end := a.given.around(s.itemsAddress(a.info.id), "f")
	out = append(out, alternates(a.taken.formats, a.sent, func(f string) string { return begin + "f=" + f + end })...)
	if more {
		out = append(out, link{Href: a.address(s, param{"after", token(last)}, param{"offset", ""}, param{"f", a.sent.name}), Rel: "next", Type: a.sent.mime})
	}
	switch {
	case a.q.After != "" && a.q.Offset == 0:
		out = append(out, link{Href: a.address(s, param{"after", token(before)}, param{"f", a.sent.name}), Rel: "prev", Type: a.sent.mime})
	case a.q.After == "" && a.q.Offset != 0:
		// A page that began nearer to the start than a page is long has a shorter one before it.
		size := min(a.q.Limit, a.q.Offset)
		out = append(out, link{Rel: "prev", Type: a.sent.mime,
			Href: a.address(s, param{"offset", strconv.Itoa(a.q.Offset - size)}, param{"limit", strconv.Itoa(size)}, param{"f", a.sent.name})})
	}
	begin, end = a.given.without("after", "offset", "limit", "crs", "count").around(s.itemsAddress(a.info.id), "f")
	for _, f := range a.taken.formats {
		if f.file != nil && !f.sidecar {
			out = append(out, link{Rel: "enclosure", Type: f.mime, Title: "All of these, in one file", Href: begin + "f=" + f.name + end})
		}
	}
	return append(out, link{Href: s.api("/collections/" + a.info.id), Rel: "collection", Type: mimeJSON})
}

// token is the opaque form of the id that a page begins after; empty for the first page.
func token(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func (s *Server) itemsAddress(collection string) string {
	return s.api("/collections/" + collection + "/items")
}

// address is the address of the same question with some parameters changed; an empty value takes one away.
func (a itemsAsked) address(s *Server, changed ...param) string {
	return a.given.with(changed...).after(s.itemsAddress(a.info.id))
}

// writeFile writes every feature that is asked for, or as many as the limit that is asked for, into one file; or that file's description.
func (s *Server) writeFile(ctx context.Context, w io.Writer, a itemsAsked) error {
	q := a.q
	if !a.given.has("limit") {
		q.Limit = 0
	}
	selection := export.Selection{
		Format: a.sent.file.ID, Queries: []registry.FeatureQuery{q}, Link: a.address(s, param{"f", a.sent.file.ID}), BaseURL: s.BaseURL, Labels: s.Labels, Ahead: true,
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
	read, err := s.page(c.UserContext(), a, s.each(func(f registry.Feature) error {
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
	}), s.count)
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
	return s.itemsAddress(collection) + "/" + url.PathEscape(id)
}

func (s *Server) item(c *fiber.Ctx) error {
	info, err := infoOf(c)
	if err != nil {
		return err
	}
	p, err := httpserve.Query(c, s.taken[info.id].item...)
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
	given, ctx := givenBy(p), c.UserContext()
	if sent.name == "html" {
		return s.itemPage(c, info, q, given)
	}
	read := func() (httpserve.Kept, error) {
		body, err := s.itemText(ctx, info, q, in, given)
		return httpserve.KeepWhole(body), err
	}
	var found httpserve.Kept
	if p.Has(recorded) {
		found, err = read()
	} else {
		var version string
		if version, err = s.Kept.Version(ctx, s.Store); err != nil {
			return err
		}
		found, err = s.Kept.OfMany(ctx, version, string(q.Day)+" "+info.id+"/"+given.after(q.ID), read)
	}
	if err != nil {
		return err
	}
	if found.Body == nil {
		return notFound("feature", q.ID, "the id of a feature of "+info.id)
	}
	c.Set(headerCRS, "<"+in.URI+">")
	return httpserve.Send(c, httpserve.Payload{ContentType: mimeGeoJSON, Body: found.Body, Version: found.Version, Vary: acceptDecides})
}

// itemText is one feature as it is sent; nil when there is none.
func (s *Server) itemText(ctx context.Context, info collectionInfo, q registry.FeatureQuery, in crs.System, given given) (body []byte, err error) {
	if in.URI != crs.Default {
		err = s.Store.EachFeature(ctx, q, func(f registry.Feature) error {
			body = s.withMembers(projected(f, in), info, q.ID, given)
			return nil
		})
		return body, err
	}
	err = s.Store.FeatureTexts(ctx, q, func(found registry.FeatureTexts) error {
		if found.N > 0 {
			body = s.withMembers(found.JSON, info, q.ID, given)
		}
		return nil
	})
	return body, err
}

// itemLinks are the links of one feature.
func (s *Server) itemLinks(info collectionInfo, id string, sent format, given given) []link {
	begin, end := given.around(s.itemAddress(info.id, id), "f")
	links := alternates(featureFormats, sent, func(f string) string { return begin + "f=" + f + end })
	links = append(links, link{Href: s.api("/collections/" + info.id), Rel: "collection", Type: mimeJSON})
	return append(links, s.pageLinks("/"+info.id+"/"+id)...) // collections are named as their pages' addresses are
}

// itemPage is one feature for people.
func (s *Server) itemPage(c *fiber.Ctx, info collectionInfo, q registry.FeatureQuery, given given) error {
	page := httpserve.Document{Kind: "item", Collection: info.id, Item: q.ID, Columns: []string{"property", "value"},
		Links: s.itemLinks(info, q.ID, featureFormats[1], given)}
	found := false
	err := s.Store.EachFeature(c.UserContext(), q, func(f registry.Feature) error {
		found = true
		d, err := decode(f.JSON)
		if err != nil {
			return err
		}
		page.Rows = nil
		for _, column := range feature.Columns(info.id) {
			page.Rows = append(page.Rows, []cell{text(column.Name), {Texts: texts(d.values[column.Name]), Property: column.Name}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !found {
		return notFound("feature", q.ID, "the id of a feature of "+info.id)
	}
	return s.HTML(c, page)
}

// withMembers is an encoded feature with the credit line and links behind its own members. Features are encoded by package feature: an object
// on one line.
func (s *Server) withMembers(encoded []byte, info collectionInfo, id string, given given) []byte {
	pieces := s.taken[info.id].itemEnd
	if len(given) > 0 || !registry.ID(id).Valid() { // an id looks the same in addresses and in JSON
		pieces = []string{s.itemEnd(info, id, given)}
	}
	out := make([]byte, 0, len(encoded)+2048)
	out = append(out, encoded[:len(encoded)-1]...)
	for i, piece := range pieces {
		if i > 0 {
			out = append(out, id...)
		}
		out = append(out, piece...)
	}
	return out
}

// itemEnd is what stands behind the own members of one feature.
func (s *Server) itemEnd(info collectionInfo, id string, given given) string {
	out := append(creditMembers(), `,"links":`...)
	out = appendLinks(out, s.itemLinks(info, id, featureFormats[0], given))
	return string(append(out, "}\n"...))
}

// creditMembers are the members of a document that credit the data's owners, each behind a comma.
func creditMembers() []byte {
	c := credits()
	out := appendText([]byte(`,"attribution":`), c.Attribution)
	return appendText(append(out, `,"licence":`...), c.Licence)
}

// collectionWriter writes a FeatureCollection feature by feature.
type collectionWriter struct {
	w   io.Writer
	n   int
	err error
}

func newCollectionWriter(w io.Writer) *collectionWriter {
	out := &collectionWriter{w: w}
	out.write(`{"type":"FeatureCollection","features":[`)
	return out
}

// write keeps the first error, so the last one tells.
func (o *collectionWriter) write(s string) {
	if o.err == nil {
		_, o.err = io.WriteString(o.w, s)
	}
}

// feature writes one encoded feature.
func (o *collectionWriter) feature(encoded []byte) error { return o.features(encoded, 1) }

// features writes n encoded features, with a comma and a line feed between two.
func (o *collectionWriter) features(encoded []byte, n int) error {
	if n == 0 {
		return o.err
	}
	if o.n == 0 {
		o.write("\n")
	} else {
		o.write(",\n")
	}
	o.n += n
	if o.err == nil {
		_, o.err = o.w.Write(encoded)
	}
	return o.err
}

// close ends a page with its count, the credit line and its links.
func (o *collectionWriter) close(page pageRead) error {
	return o.end("", page)
}

// closeOn ends the collection of a day.
func (o *collectionWriter) closeOn(day edtf.Day, links []link) error {
	return o.end(`,
"as_of":"`+string(day)+`"`, pageRead{links: links})
}

// end writes the members behind the features, in the order of their names. dated is the one of a collection of a day, behind its comma.
func (o *collectionWriter) end(dated string, page pageRead) error {
	out := append(make([]byte, 0, 4096), "\n],\n\"numberReturned\":"...)
	out = strconv.AppendInt(out, int64(o.n), 10)
	out = append(out, dated...)
	c := credits()
	out = appendText(append(out, ",\n\"attribution\":"...), c.Attribution)
	out = appendText(append(out, ",\n\"licence\":"...), c.Licence)
	out = appendLinks(append(out, ",\n\"links\":"...), page.links)
	if page.matched != nil {
		out = strconv.AppendInt(append(out, ",\n\"numberMatched\":"...), int64(*page.matched), 10)
	}
	out = append(out, "}\n"...)
	if o.err == nil {
		_, o.err = o.w.Write(out)
	}
	return o.err
}
