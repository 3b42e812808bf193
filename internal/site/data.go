package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// script makes a script of a JSON value: it sets the value under its own address, where load in static/js/map.js finds it.
func script(body []byte) []byte {
	return slices.Concat([]byte("(globalThis.mithaq??={})[document.currentScript.src]="), bytes.TrimSpace(body), []byte(";\n"))
}

// dataLink is the reference to what a map reads: the same as a script, since a page from a disk can fetch nothing.
func (w *pageWriter) dataLink(address string) (string, error) {
	t, ok := w.collectionFile(address, formFeaturesScript)
	if !ok {
		plain, found := w.targetOf(address)
		if !found {
			return "", fmt.Errorf("%s: the map's %s has no file", w.ask, address)
		}
		t = target{file: plain.file + ".js", ask: plain.ask, form: formScript}
	}
	w.want(t, w.ask)
	ref := relative(w.file, t.file)
	if u, err := url.Parse(address); err == nil && u.Query().Has("bbox") {
		ref += "?bbox=" + u.Query().Get("bbox")
	}
	return ref, nil
}

// itemsForm is the address of a collection's features.
var itemsForm = regexp.MustCompile(`^/api/collections/([a-z]+)/items$`)

// plainValue is a parameter that can stand in a file's name.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// collectionFile is the file of a collection's features: data/communes-medium-09.581.js. A box is for the map to apply, a limit is for
// servers; all other parameters are a part of the name. All communes of the country are cut into parts.
func (s *Site) collectionFile(address string, f form) (target, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return target{}, false
	}
	m := itemsForm.FindStringSubmatch(u.Path)
	if m == nil {
		return target{}, false
	}
	q := u.Query()
	q.Del("bbox")
	q.Del("limit")
	if q.Get("f") == "geojson" {
		q.Del("f")
	}
	name := "data/" + m[1]
	for _, param := range []string{"detail", "province_code", "region_code"} {
		if v := q.Get(param); v != "" {
			if !plainValue.MatchString(v) {
				return target{}, false
			}
			name += "-" + v
			u.RawQuery = ""
		}
	}
	for param := range q {
		if !slices.Contains([]string{"detail", "province_code", "region_code"}, param) {
			return target{}, false // a choice that only a server makes
		}
	}
	q.Set("limit", "10000")
	q.Set("f", "geojson") // who may read a page is answered with one
	ask := u.Path + "?" + q.Encode()
	switch {
	case f == formFeatures:
		return target{file: name + ".geojson", ask: ask, form: f}, true
	case m[1] == "communes" && !q.Has("province_code") && !q.Has("region_code"):
		return target{file: name + ".js", ask: ask, form: formParts}, true
	}
	return target{file: name + ".js", ask: ask, form: f}, true
}

// partsScript lists the parts of a collection with their boxes, and queues them.
func (r *run) partsScript(j job) ([]byte, error) {
	type part struct {
		Href string     `json:"href"`
		Box  [4]float64 `json:"box"`
	}
	list := struct {
		Parts []part `json:"parts"`
	}{}
	for _, p := range r.Parts {
		t, ok := r.collectionFile(j.ask+"&province_code="+p.Code, formFeaturesScript)
		if !ok {
			return nil, fmt.Errorf("part %s of %s has no file", p.Code, j.ask)
		}
		r.want(t, j.ask)
		list.Parts = append(list.Parts, part{relative(j.file, t.file), p.Box})
	}
	body, err := json.Marshal(list)
	return script(body), err
}

// features puts all pages of a collection together, without the links of a server's answer.
func (r *run) features(ctx context.Context, j job, body []byte) ([]byte, error) {
	type collection struct {
		Type           string                       `json:"type"`
		Features       []json.RawMessage            `json:"features"`
		NumberReturned int                          `json:"numberReturned"`
		Attribution    string                       `json:"attribution,omitempty"`
		Licence        string                       `json:"licence,omitempty"`
		Links          []struct{ Rel, Href string } `json:"links,omitempty"`
	}
	var all collection
	for {
		var page collection
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("%s: %w", j.ask, err)
		}
		page.Features = append(all.Features, page.Features...)
		all = page
		next := slices.IndexFunc(all.Links, func(l struct{ Rel, Href string }) bool { return l.Rel == "next" })
		if next < 0 {
			break
		}
		u, err := url.Parse(all.Links[next].Href)
		if err != nil {
			return nil, fmt.Errorf("%s: its next page: %w", j.ask, err)
		}
		ans, err := r.Ask(ctx, u.RequestURI())
		if err != nil || ans.Status != 200 {
			return nil, fmt.Errorf("%s: its next page answers %d: %w", j.ask, ans.Status, err)
		}
		body = ans.Body
	}
	all.Links, all.NumberReturned = nil, len(all.Features)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(all); err != nil {
		return nil, err
	}
	if j.form == formFeaturesScript {
		return script(out.Bytes()), nil
	}
	return out.Bytes(), nil
}

// relativeJSON makes the links of a document lead to files of the site when no live registry has an address to lead to. A document
// that asks for a day is the file that it stands in: there is only one day.
func (r *run) relativeJSON(j job, body []byte) []byte {
	if r.BaseURL != "" {
		return body
	}
	var out bytes.Buffer
	const mark = `"href":"`
	for {
		at := bytes.Index(body, []byte(mark+"/"))
		if at < 0 {
			out.Write(body)
			return out.Bytes()
		}
		at += len(mark)
		end := at + bytes.IndexByte(body[at:], '"')
		out.Write(body[:at])
		address := string(body[at:end])
		if plain, query, _ := strings.Cut(address, "?"); strings.HasPrefix(query, "as-of=") {
			address = plain
		}
		if t, ok := r.targetOf(address); ok {
			out.WriteString(relative(path.Clean(j.file), t.file))
		} else {
			out.WriteString(address)
		}
		body = body[end:]
	}
}
