package httpserve

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/klauspost/compress/gzip" // the standard one's interface at three times its speed; fasthttp stands on it already
	"github.com/zeebo/xxh3"
)

// Payload is an answer that is whole in memory.
type Payload struct {
	ContentType string
	Body        []byte // not to be changed afterwards: it is sent without a copy
	Gzip        []byte // Body as Compress makes it, for whoever has it kept; then Version is known and Body isn't needed
	// CacheControl is "no-cache" when empty: kept by whoever likes, and asked again with its ETag each time, so nobody
	// sees a record as it was before a publication.
	CacheControl string
	Vary         []string // the request headers that chose this answer, as Accept-Language; Accept-Encoding is added here
	Filename     string   // makes it a download
	Status       int      // 200 when 0
	Version      string   // ContentVersion of the body, for whoever knows it; it is computed when empty
}

// Send sends p with a strong ETag of its content, as 304 when the client has it, and compressed when that pays.
func Send(c *fiber.Ctx, p Payload) error {
	h := head{contentType: p.ContentType, cacheControl: p.CacheControl, vary: p.Vary, filename: p.Filename}
	if p.Status != 0 && p.Status != fiber.StatusOK {
		c.Status(p.Status) // validators are for the one answer an address normally gives
	} else {
		if h.version = p.Version; h.version == "" {
			h.version = ContentVersion(p.Body)
		}
	}
	asGzip, fresh := h.set(c, p.Gzip != nil || len(p.Body) >= worthGzip)
	switch {
	case fresh:
		return nil
	case asGzip && p.Gzip != nil:
		c.Response().SetBodyRaw(p.Gzip)
	case asGzip:
		c.Response().SetBodyRaw(Compress(p.Body))
	case p.Gzip != nil:
		body, err := decompress(p.Gzip)
		if err != nil {
			return err
		}
		c.Response().SetBodyRaw(body)
	default:
		c.Response().SetBodyRaw(p.Body)
	}
	return nil
}

// head is what the headers of an answer are made from.
type head struct {
	contentType  string
	cacheControl string
	vary         []string
	filename     string
	version      string // of the content, for the ETag; "" for none
}

// set settles the representation and sets the headers. When the client already has it (fresh), the answer is a finished 304.
func (h head) set(c *fiber.Ctx, worth bool) (asGzip, fresh bool) {
	asGzip = h.choose(c, worth)
	return asGzip, h.finish(c, asGzip)
}

// choose settles the representation, and says what it depends on.
func (h head) choose(c *fiber.Ctx, worth bool) (asGzip bool) {
	text := compressible(h.contentType)
	vary := h.vary
	if text {
		vary = append(slices.Clip(vary), fiber.HeaderAcceptEncoding)
	}
	c.Vary(vary...)
	return text && worth && acceptsGzip(c)
}

// finish sets the headers of a representation; fresh as in set.
// Each representation has its own ETag: with one for both codings, a shared cache may answer a client that asked for
// plain bytes with "what you have is right" about gzip ones (RFC 9110, section 8.8.3.3).
func (h head) finish(c *fiber.Ctx, asGzip bool) (fresh bool) {
	setOwn(c, fiber.HeaderContentType, h.contentType)
	if h.cacheControl == "" {
		h.cacheControl = "no-cache"
	}
	setOwn(c, fiber.HeaderCacheControl, h.cacheControl)
	if h.filename != "" {
		c.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": h.filename}))
	}
	if h.version != "" {
		tag := `"` + h.version + `"`
		if asGzip {
			tag = `"` + h.version + `.gz"`
		}
		setOwn(c, fiber.HeaderETag, tag)
		if names(c.Get(fiber.HeaderIfNoneMatch), tag) && (c.Method() == fiber.MethodGet || c.Method() == fiber.MethodHead) {
			c.Status(fiber.StatusNotModified)
			c.Response().Header.Del(fiber.HeaderContentType)
			c.Response().Header.Del(fiber.HeaderContentDisposition)
			c.Response().Header.Del(fiber.HeaderContentEncoding)
			return true
		}
	}
	if asGzip {
		c.Set(fiber.HeaderContentEncoding, "gzip")
	}
	return false
}

// setOwn sets a header to a value of ours under its canonical name: to bring names into that form and to look for line feeds costs more than to send them.
func setOwn(c *fiber.Ctx, name, value string) {
	c.Response().Header.SetCanonical([]byte(name), []byte(value))
}

// names says whether an If-None-Match holds the tag. The comparison is weak (RFC 9110, section 13.1.2): proxies that
// recompress mark our tags with W/.
func names(ifNoneMatch, tag string) bool {
	if ifNoneMatch == "" {
		return false
	}
	for field := range strings.SplitSeq(ifNoneMatch, ",") {
		field = strings.TrimSpace(field)
		if field == "*" || strings.TrimPrefix(field, "W/") == tag {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3): gzip counts when it, or else *, has a weight above zero.
func acceptsGzip(c *fiber.Ctx) bool {
	lines := c.Request().Header.PeekAll(fiber.HeaderAcceptEncoding)
	if len(lines) == 0 {
		return false
	}
	weights := map[string]float64{}
	for _, line := range lines {
		for field := range strings.SplitSeq(string(line), ",") {
			coding, parameter, _ := strings.Cut(strings.ToLower(field), ";")
			weight := 1.0
			if q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
				weight, _ = strconv.ParseFloat(q, 64) // an unreadable weight refuses
			}
			weights[strings.TrimSpace(coding)] = weight
		}
	}
	if w, ok := weights["gzip"]; ok {
		return w > 0
	}
	return weights["*"] > 0
}

// compressible says whether a media type is text in some form. The others are compressed already, or are databases that
// their reader wants to seek in.
func compressible(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.TrimSpace(t)
	switch t {
	case "application/json", "application/xml", "application/javascript", "application/x-ndjson", "application/geo+json-seq",
		"application/vnd.mapbox-vector-tile":
		return true
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml")
}

// ContentVersion is the content's hash, short enough for a header: 96 bits do not collide by chance. XXH3 is no hash against forgery, which nobody has a use for:
// an ETag must differ when the text does, and be the same after a restart and in another process, which hash/maphash isn't.
func ContentVersion(body []byte) string { return version(xxh3.Hash128(body)) }

func version(hash xxh3.Uint128) string {
	sum := hash.Bytes()
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, 5) // the level is valid, so there is no error
	return w
}}

// Compress is a body as gzip.
func Compress(body []byte) []byte {
	var out bytes.Buffer
	z := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(z)
	z.Reset(&out)
	_, _ = z.Write(body) // a bytes.Buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

func decompress(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
