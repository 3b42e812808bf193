package web

import (
	"html"
	"net/url"
	"slices"
	"strings"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// target is a page that can be embedded, shared and described to other sites: a place, an agreement, a site, or the explorer with its
// filters and its view.
type target struct {
	path     string // without the language: "/communes/09.581.01.05"
	query    url.Values
	fragment string // of the explorer: "view=9/-8.98/29.72"
	lang     Lang   // of the address that named it
}

// embedKinds are the kinds of pages that have an embed, as their paths begin, and the parameters that each knows.
var embedKinds = map[string][]string{
	"communes": {asOfParam}, "provinces": {asOfParam, sortParam}, "regions": {asOfParam, sortParam}, "agreements": {asOfParam}, "sites": {asOfParam}, "map": siteFilters.params(),
}

// parseTarget reads the address of a page, with or without our public address before it. param is the parameter that an error names.
func (s *Server) parseTarget(address, param string) (target, error) {
	wrong := &registry.Error{Code: registry.Invalid, Message: "This is not the address of a page that can be embedded.", Param: param, Got: address,
		Takes: "the address of a commune, province, region, agreement, site or of the explorer, as /fr/communes/09.581.01.05"}
	u, err := url.Parse(strings.TrimPrefix(address, s.BaseURL))
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return target{}, wrong
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	lang, known := parseLang(first)
	kind, id, _ := strings.Cut(rest, "/")
	allowed, embeddable := embedKinds[kind]
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || !known || !embeddable || (kind == "map") != (id == "") || strings.Contains(id, "/") {
		return target{}, wrong
	}
	query.Del(afterParam)
	for name, values := range query {
		if name != recordedParam && !slices.Contains(allowed, name) || len(values) > 1 {
			return target{}, wrong
		}
	}
	t := target{path: "/" + rest, query: query, lang: lang}
	if kind == "map" && strings.HasPrefix(u.Fragment, "view=") {
		t.fragment = u.Fragment
	}
	return t, nil
}

// page is the address of the page in a language.
func (t target) page(lang Lang) string { return "/" + string(lang) + t.path + t.tail() }

// embed is the address of its embed.
func (t target) embed(lang Lang) string { return "/" + string(lang) + "/embed" + t.path + t.tail() }

func (t target) tail() (tail string) {
	if len(t.query) > 0 {
		tail = "?" + t.query.Encode()
	}
	if t.fragment != "" {
		tail += "#" + t.fragment
	}
	return tail
}

// in is the same reading in another language.
func (r *reading) in(w *words) *reading {
	other := *r
	other.words = w
	return &other
}

// nameOf is what a target is called. Errors: NotFound when nothing stands at its address, Invalid for what isn't asked well.
func (s *Server) nameOf(r *reading, t target) (Text, error) {
	if t.query.Has(asOfParam) {
		if _, err := registry.DayAsked(t.query.Get(asOfParam), s.now()); err != nil {
			return Text{}, err
		}
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(t.path, "/"), "/")
	if level := levelOf(kind); level != "" {
		p, err := s.placeOf(level, id)
		return r.ours(r.placeName(p)), err
	}
	if kind == "map" {
		q := httpserve.Params{}
		for name := range t.query {
			q[name] = t.query.Get(name)
		}
		return r.ours(r.say("explorer.title")), r.checkFilters(siteFilters, q)
	}
	if !registry.ID(id).Valid() {
		return Text{}, noRecord(id)
	}
	stored, err := r.store.Record(r.ctx, registry.ID(id))
	if err != nil {
		return Text{}, err
	}
	if stored.Record.Head().Type.Plural() != kind {
		return Text{}, noRecord(id)
	}
	return r.titleOf(stored.Record), nil
}

// iframe is the HTML that another site puts an embed into its page with.
func iframe(address, title, width, height string) string {
	e := html.EscapeString
	return `<iframe src="` + e(address) + `" title="` + e(title) + `" width="` + e(width) + `" height="` + e(height) + `" loading="lazy" allowfullscreen></iframe>`
}
