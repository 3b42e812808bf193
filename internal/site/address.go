package site

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// target is a file of the site and the address that answers for it.
type target struct {
	file string // from the root of the site, with slashes
	ask  string
	form form
}

// form is what becomes of an answer on its way into a file.
type form int

const (
	formPlain          form = iota
	formScript              // a value that a page from a disk can load: a script that sets it
	formFeatures            // all pages of a collection as one
	formFeaturesScript      // the same as a script
	formParts               // a script that lists the parts of a collection
)

const (
	missingFile = "404.html"
	pageFile    = "index.html"
)

// targetOf is the file of an address; ok is false for one that only a server can answer: with a query, or of what only a live
// registry has. Two queries have files: the next pages of a list, and what a search page reads in the browser.
func (s *Site) targetOf(address string) (t target, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.Contains(u.Path, "//") {
		return target{}, false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, ".") || strings.ContainsAny(p, "\\:\x00") }) {
		return target{}, false
	}
	plain := strings.TrimSuffix(u.EscapedPath(), "/")
	name := strings.Join(parts, "/")
	if instead, has := s.Instead[plain]; has {
		if ending := path.Ext(instead); ending != "" { // data in place of what the server would answer
			return target{file: name + ".js", ask: instead, form: formScript}, true
		}
		return target{file: path.Join(name, pageFile), ask: instead}, true
	}
	isPage := slices.Contains(s.Languages, parts[0])
	switch {
	case u.RawQuery != "" && isPage:
		after := u.Query().Get("after")
		if len(u.Query()) != 1 || after == "" || strings.ContainsAny(after, "/\\.:") {
			return target{}, false
		}
		return target{file: name + "/after-" + after + "/" + pageFile, ask: address}, true
	case u.RawQuery != "" || slices.Contains(liveFolders, parts[0]) || slices.Contains(liveEndings, path.Ext(name)):
		return target{}, false
	case isPage && len(parts) == 1:
		return target{file: name + "/" + pageFile, ask: plain + "/"}, true
	case isPage && !hasEnding(name):
		return target{file: name + "/" + pageFile, ask: plain}, true
	case path.Ext(name) == "":
		return target{}, false
	}
	return target{file: name, ask: plain}, true
}

// What only a live registry has: answers to questions; references, which name a version by an address that a server answers; and feeds,
// which are read at the address that they name.
var (
	liveFolders = []string{"api", "cite"}
	liveEndings = []string{".atom"}
)

// endings are those of files below a language; codes of places have dots, too.
var endings = []string{".json", ".geojson", ".atom", ".xml", ".csv", ".txt", ".js"}

func hasEnding(name string) bool { return slices.Contains(endings, path.Ext(name)) }

// relative is the reference from one file of the site to another.
func relative(from, to string) string {
	a, b := strings.Split(path.Dir(from), "/"), strings.Split(to, "/")
	if a[0] == "." {
		a = nil
	}
	for len(a) > 0 && len(b) > 1 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return (&url.URL{Path: strings.Repeat("../", len(a)) + strings.Join(b, "/")}).EscapedPath()
}
