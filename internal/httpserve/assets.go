package httpserve

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/klauspost/compress/gzip"
)

// Assets are the static files, read and compressed once at start, so that a request touches no file system and no
// traversal has anywhere to go.
//
// Addresses carry the hash of the whole tree as a directory: /static/v-1a2b3c4d5e6f/js/map.js. A relative import or a
// url() in a style sheet then stays under the same hash, so files of two releases never meet in one page.
type Assets struct {
	files map[string]asset
	tree  string // "v-" and the hash
}

type asset struct {
	contentType string
	version     string
	body, gzip  []byte // gzip is nil when it doesn't pay
}

const (
	staticRoot = "/static/"
	forever    = "public, max-age=31536000, immutable" // the content behind a hashed address can't change
)

// mediaTypes is our own table: the system's differs from machine to machine.
var mediaTypes = map[string]string{
	"":             "text/plain; charset=utf-8", // LICENSE
	".css":         "text/css; charset=utf-8",
	".gif":         "image/gif",
	".ico":         "image/x-icon",
	".jpg":         "image/jpeg",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".geojson":     "application/geo+json",
	".map":         "application/json",
	".md":          "text/markdown; charset=utf-8",
	".mjs":         "text/javascript; charset=utf-8",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".ttf":         "font/ttf",
	".txt":         "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
	".webp":        "image/webp",
	".woff2":       "font/woff2",
}

// NewAssets reads every file of files except those whose name begins with a dot.
func NewAssets(files fs.FS) (*Assets, error) {
	a := &Assets{files: map[string]asset{}}
	tree := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		file := asset{contentType: mediaTypes[path.Ext(name)], version: ContentVersion(body), body: body}
		if file.contentType == "" {
			file.contentType = "application/octet-stream"
		}
		if compressible(file.contentType) && len(body) >= worthGzip {
			file.gzip = compressedWell(body)
		}
		a.files[name] = file
		fmt.Fprintf(tree, "%s %s\n", name, file.version) // WalkDir is in order, so the same files give the same hash
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	a.tree = "v-" + base64.RawURLEncoding.EncodeToString(tree.Sum(nil)[:9])
	return a, nil
}

// AssetPath is the address of a file for a template: AssetPath("js/map.js"). An unknown file is an error, so that the
// page's test fails and not the page.
func (a *Assets) AssetPath(name string) (string, error) {
	if _, ok := a.files[name]; !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return staticRoot + a.tree + "/" + (&url.URL{Path: name}).EscapedPath(), nil
}

// Content is a file as it was read, for whoever needs it in the program too. It is not to be changed.
func (a *Assets) Content(name string) ([]byte, error) {
	file, ok := a.files[name]
	if !ok {
		return nil, fmt.Errorf("no static file %q", name)
	}
	return file.body, nil
}

// Mount serves the files under /static/.
func (a *Assets) Mount(r fiber.Router) { r.Get(staticRoot+"*", a.serve) }

func (a *Assets) serve(c *fiber.Ctx) error {
	name := PathParam(c, "*")
	cache := "no-cache" // a bare address, or a hash of another release: right only until the next one
	if first, rest, ok := strings.Cut(name, "/"); ok && strings.HasPrefix(first, "v-") {
		if name = rest; first == a.tree {
			cache = forever
		}
	}
	file, ok := a.files[name]
	if !ok || strings.HasSuffix(c.Path(), "/") { // which the router forgives, but a file is no directory
		return fiber.ErrNotFound
	}
	asGzip, fresh := head{contentType: file.contentType, cacheControl: cache, version: file.version}.set(c, file.gzip != nil)
	switch {
	case fresh:
	case asGzip:
		c.Response().SetBodyRaw(file.gzip)
	default:
		c.Response().SetBodyRaw(file.body)
	}
	return nil
}

// compressedWell is Compress for what is compressed once and sent for months: it takes eight times as long, and a script is a sixteenth shorter.
func compressedWell(body []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid, so there is no error
	_, _ = z.Write(body)                                    // a bytes.Buffer takes everything
	_ = z.Close()
	return out.Bytes()
}
