package site

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// needsServer marks what only a server can do; its value is the sentence that stands in its place. Without one, an element goes when there
// is no live registry that its links could lead to.
const needsServer = "data-needs-server"

// links are the attributes that hold an address, by themselves.
var links = []string{"href", "src", "action", "formaction", "poster", "data-href", "data-suggest"}

// mapData are the attributes that hold the address of what a map draws.
var mapData = []string{"data-geojson", "data-shapes", "data-surroundings", "data-background"}

// void elements have no end tag.
var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// pageWriter copies a page tag by tag. What needs no change keeps its bytes.
type pageWriter struct {
	*run
	job
	out      bytes.Buffer
	said     map[string]bool // sentences that stand on the page
	scripted bool            // the one script stands on the page
	skip     string          // the element that is left out
	depth    int             // of elements of its name inside it
}

// page rewrites a page for its file, and queues what it links.
func (r *run) page(j job, body []byte) ([]byte, error) {
	w := &pageWriter{run: r, job: j, said: map[string]bool{}}
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		tt := z.Next()
		if tt == html.ErrorToken {
			break // a reader of bytes ends, and does nothing else
		}
		raw := bytes.Clone(z.Raw()) // reading a tag's name and attributes changes the bytes behind it
		if tt != html.StartTagToken && tt != html.EndTagToken && tt != html.SelfClosingTagToken {
			if w.skip == "" {
				w.out.Write(raw)
			}
			continue
		}
		name, more := z.TagName()
		tag := tag{name: string(name), end: tt == html.EndTagToken}
		for more {
			var k, v []byte
			k, v, more = z.TagAttr()
			tag.attrs = append(tag.attrs, attr{string(k), string(v)})
		}
		if err := w.tag(tag, raw); err != nil {
			return nil, err
		}
	}
	return w.out.Bytes(), nil
}

type attr struct{ name, value string }

type tag struct {
	name  string
	end   bool
	attrs []attr
}

func (t *tag) get(name string) (string, bool) {
	i := slices.IndexFunc(t.attrs, func(a attr) bool { return a.name == name })
	if i < 0 {
		return "", false
	}
	return t.attrs[i].value, true
}

// leave begins to leave out an element.
func (w *pageWriter) leave(t tag) {
	if !slices.Contains(void, t.name) {
		w.skip, w.depth = t.name, 1
	}
}

func (w *pageWriter) tag(t tag, raw []byte) error {
	switch {
	case w.skip != "":
		if t.name == w.skip && t.end {
			w.depth--
		} else if t.name == w.skip {
			w.depth++
		}
		if w.depth == 0 {
			w.skip = ""
		}
		return nil
	case t.end:
		w.out.Write(raw)
		return nil
	}
	if sentence, marked := t.get(needsServer); marked && (sentence != "" || w.BaseURL == "") {
		w.say(t.name, sentence)
		w.leave(t)
		return nil
	}
	rel, _ := t.get("rel")
	kind, _ := t.get("type")
	switch {
	case t.name == "script" && kind == "module":
		src, _ := t.get("src")
		w.leave(t)
		return w.script(src)
	case t.name == "link" && (rel == "preload" || rel == "modulepreload"): // a font from a disk is loaded by the style sheet alone
		return nil
	}
	changed, err := w.attributes(&t)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(t.attrs, func(a attr) bool { return a.name == needsServer }); i >= 0 {
		t.attrs, changed = slices.Delete(t.attrs, i, i+1), true
	}
	switch _, leads := t.get("href"); {
	case t.name == "link" && !leads: // to what isn't in the site
	case !changed:
		w.out.Write(raw)
	default:
		w.out.WriteString("<" + t.name)
		for _, a := range t.attrs {
			fmt.Fprintf(&w.out, ` %s="%s"`, a.name, html.EscapeString(a.value))
		}
		w.out.WriteString(">")
	}
	if t.name == "head" && w.file == missingFile {
		w.out.WriteString(w.baseScript())
	}
	return nil
}

// attributes rewrites the addresses of a tag.
func (w *pageWriter) attributes(t *tag) (changed bool, err error) {
	for i := 0; i < len(t.attrs); i++ {
		a := &t.attrs[i]
		if !strings.HasPrefix(a.value, "/") || strings.HasPrefix(a.value, "//") {
			continue
		}
		switch {
		case slices.Contains(mapData, a.name):
			if a.value, err = w.dataLink(a.value); err != nil {
				return false, err
			}
			changed = true
		case a.name == "data-prefix":
			a.value, changed = strings.TrimSuffix(relative(w.file, strings.Trim(a.value, "/")+"/x"), "x"), true
			t.attrs = append(t.attrs, attr{"data-suffix", "/" + pageFile})
		case slices.Contains(links, a.name):
			changed = true
			if a.value = w.link(a.value); a.value == "" {
				t.attrs = slices.Delete(t.attrs, i, i+1)
				i--
			}
		}
	}
	return changed, nil
}

// link is the reference to an address from this page: to its file, else to the live registry, else nothing.
func (w *pageWriter) link(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	fragment := ""
	if u.Fragment != "" {
		fragment = "#" + u.EscapedFragment()
	}
	bare, _, _ := strings.Cut(address, "#")
	if download, ok := w.collectionFile(bare, formFeatures); ok {
		w.want(download, w.ask)
		return relative(w.file, download.file)
	}
	t, ok := w.targetOf(bare)
	if !ok {
		if w.BaseURL == "" {
			return ""
		}
		return w.BaseURL + address
	}
	w.want(t, w.ask)
	query := ""
	if _, instead := w.Instead[strings.TrimSuffix(u.EscapedPath(), "/")]; instead && u.RawQuery != "" && t.form == formPlain {
		query = "?" + u.RawQuery // read in the browser
	}
	return relative(w.file, t.file) + query + fragment
}

// say writes the sentence that stands for something left out, once on a page.
func (w *pageWriter) say(element, sentence string) {
	if sentence == "" || w.said[sentence] {
		return
	}
	w.said[sentence] = true
	container := "p"
	switch element {
	case "li":
		container = "li"
	case "a", "button", "input", "label", "select", "span":
		container = "span"
	}
	fmt.Fprintf(&w.out, `<%s class="note">%s`, container, html.EscapeString(sentence))
	if w.BaseURL != "" {
		live := html.EscapeString(w.BaseURL + w.ask)
		fmt.Fprintf(&w.out, ` <a href="%s"><bdi dir="ltr">%s</bdi></a>`, live, live)
	}
	fmt.Fprintf(&w.out, `</%s>`, container)
}

// script puts the one classic script in the place of the first module: it holds them all.
func (w *pageWriter) script(src string) error {
	if w.scripted {
		return nil
	}
	folder, _, ok := strings.Cut(src, "/js/")
	if !ok {
		return fmt.Errorf("%s: the module %s is none of the bundle's", w.ask, src)
	}
	t, _ := w.targetOf(folder + "/vendor/site.js")
	w.want(t, w.ask)
	w.scripted = true
	fmt.Fprintf(&w.out, `<script defer src="%s"></script>`, html.EscapeString(relative(w.file, t.file)))
	return nil
}

// baseScript finds the root of the site for the page that hosts show at an address that is missing: its links can't be counted from an
// address that nobody foresaw. The root is what comes before the first folder of ours. Without script the links are right at the root.
func (w *pageWriter) baseScript() string {
	folders := []string{"static"}
	for _, address := range w.Addresses {
		first, _, _ := strings.Cut(strings.TrimPrefix(address, "/"), "/")
		if first != "" && !slices.Contains(folders, first) {
			folders = append(folders, first)
		}
	}
	return `<script>{const {pathname}=location,ours=pathname.search(/\/(` + strings.Join(folders, "|") + `)(\/|$)/);` +
		`document.head.append(Object.assign(document.createElement('base'),{href:ours<0?pathname.replace(/[^/]*$/,''):pathname.slice(0,ours+1)}))}</script>`
}

// followStyle queues what a style sheet refers to. Its addresses are relative already.
func (r *run) followStyle(j job, css []byte) error {
	for rest := string(css); ; {
		_, after, found := strings.Cut(rest, "url(")
		if !found {
			return nil
		}
		ref, more, _ := strings.Cut(after, ")")
		rest = more
		ref = strings.Trim(strings.TrimSpace(ref), `"'`)
		if ref == "" || strings.HasPrefix(ref, "data:") || strings.HasPrefix(ref, "#") {
			continue
		}
		t, ok := r.targetOf(path.Join(path.Dir(j.ask), ref))
		if !ok {
			return fmt.Errorf("%s refers to %s, which has no file", j.ask, ref)
		}
		r.want(t, j.ask)
	}
}
