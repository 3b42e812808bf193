package web

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

//go:embed templates
var templateFiles embed.FS

// templates are the parsed pages: a set for each language, so that "t" stands in a template without more. All pages are in one set, because a copy
// of the layout and the components for each would cost more memory than all else that the pages need.
type templates map[Lang]*template.Template

func loadTemplates(all map[Lang]*words, asset func(string) (string, error)) (templates, error) {
	out := templates{}
	for lang, w := range all {
		set, err := template.New("pages").Funcs(template.FuncMap{
			"t":     w.fromTemplate,
			"n":     func(key string, n int) string { return w.count(key, n) },
			"asset": asset,
		}).ParseFS(templateFiles, "templates/*.html")
		if err != nil {
			return nil, err
		}
		out[lang] = set
	}
	return out, nil
}

// page renders a page: its content between the beginning and the end of a layout.
func (t templates) page(layout, name string, p Page) ([]byte, error) {
	var out bytes.Buffer
	for _, part := range []string{layout + "-begin", name + "-content", layout + "-end"} {
		if err := t[p.Lang].ExecuteTemplate(&out, part, p); err != nil {
			return nil, fmt.Errorf("page %s: %w", name, err)
		}
	}
	return out.Bytes(), nil
}

// fromTemplate says a message with gaps given as pairs: {{t "key" "Name" .Name}}.
func (w *words) fromTemplate(key string, pairs ...any) (string, error) {
	if len(pairs)%2 != 0 {
		return "", fmt.Errorf("message %s: a gap without a value", key)
	}
	gaps := args{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return "", fmt.Errorf("message %s: gap %v is not a name", key, pairs[i])
		}
		gaps[name] = pairs[i+1]
	}
	return w.say(key, gaps), nil
}

// send renders a page and sends it. The address is the request's own, less what the page doesn't know.
func (s *Server) send(c *fiber.Ctx, r *reading, name string, p Page) error {
	w := r.words
	if at := r.lastChanged(); !at.IsZero() {
		p.Changed = w.say("layout.changed", args{"Day": w.sayDay(dayOf(at))})
	}
	path, query := strings.Clone(c.Path()), string(c.Request().URI().QueryString())
	rest := strings.TrimPrefix(strings.TrimPrefix(path, "/"+string(w.lang)), "/")
	if query != "" {
		query = "?" + query
	}
	p.Lang, p.Dir = w.lang, w.lang.Dir()
	own := p.Canonical == "" // a frame's is the page that it shows
	for _, lang := range Langs {
		a := Alternate{Lang: string(lang), Href: "/" + string(lang) + "/" + rest + query, Name: ownNames[lang], Current: lang == w.lang}
		if s.BaseURL != "" {
			a.Absolute = s.BaseURL + a.Href
		}
		if a.Current && own {
			p.Canonical = a.Absolute
		}
		p.Languages = append(p.Languages, a)
	}
	p.Feeds = append(p.Feeds, Alternate{Href: feedAddress("/changes.atom", w.lang, nil), Type: "application/atom+xml", Name: w.say("feed.all")})
	past, _ := c.Locals(recordedKey{}).(*Recorded)
	p.Recorded, p.NoIndex = past, p.NoIndex || past != nil
	if p.Layout == "" {
		s.addTake(w, &p, rest, query)
		p.Extracted = w.say("print.extracted", args{"Day": w.sayDay(dayOf(s.now()))})
	}
	body, err := s.templates.page(cmp.Or(p.Layout, "layout"), name, p)
	if err != nil {
		return err
	}
	if past != nil {
		body = carry(body, past.text)
	}
	if made, ok := c.Locals(keptKey{}).(*madePage); ok && p.Status == 0 {
		made.body = body
		return nil
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: mimePage, Body: body, Status: p.Status})
}

// ErrorPage answers for an error with a page in the visitor's language, when it's a person who asked. It's made for
// httpserve.Options.OnError.
func (s *Server) ErrorPage(c *fiber.Ctx, status int, problem httpserve.Problem) (handled bool) {
	path := c.Path()
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	lang, ours := parseLang(first)
	if !ours {
		if strings.HasPrefix(path, "/api") || strings.HasPrefix(path, "/static/") || !strings.Contains(c.Get(fiber.HeaderAccept), "text/html") {
			return false
		}
		lang = preferredLang(c.Get(fiber.HeaderAcceptLanguage))
	}
	w := s.words[lang]
	kind := "internal"
	switch {
	case status == fiber.StatusNotFound:
		kind = "not_found"
	case status == fiber.StatusServiceUnavailable:
		kind = "busy"
	case status < fiber.StatusInternalServerError:
		kind = "invalid"
	}
	view := ErrorView{
		Status: status, Title: w.say("error." + kind), Text: w.say("error." + kind + "_text"), RequestID: problem.RequestID,
		Home: "/" + string(lang) + "/",
	}
	if kind == "invalid" { // the problem's own words are for programs; a page says them in its language, where it has them
		view.Parameter, view.Got = problem.Parameter, problem.Got
		if key, ok := takes[problem.Parameter]; ok {
			view.Takes = w.say(key)
		} else if slices.Contains(filterParams(), problem.Parameter) {
			view.Takes = w.say("error.takes_filter")
		}
	}
	page := Page{Title: view.Title, NoIndex: true, View: view, Status: status}
	page.Lang, page.Dir = lang, lang.Dir()
	for _, l := range Langs {
		page.Languages = append(page.Languages, Alternate{Lang: string(l), Href: "/" + string(l) + "/", Name: ownNames[l], Current: l == lang})
	}
	layout := "layout"
	if strings.HasPrefix(path, "/"+string(lang)+"/embed/") {
		layout = "frame" // what is wrong inside another site's frame is said inside it
	}
	body, err := s.templates.page(layout, "error", page)
	if err != nil {
		return false
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: mimePage, Body: body, Status: status, CacheControl: "no-store"}) == nil
}

// takes says, for the parameters that a person may have typed, what they take.
var takes = map[string]string{
	"from": "error.takes_version", "to": "error.takes_version", asOfParam: "error.takes_day", embedOfParam: "error.takes_page", recordedParam: "error.takes_moment", "code": "error.takes_code", "id": "error.takes_id", "q": "error.takes_query",
}

// ErrorView is the page of an error.
type ErrorView struct {
	Status                       int
	Title, Text, RequestID, Home string
	Parameter, Got, Takes        string
}

// noRecord is the error for an address that no record has.
func noRecord(id string) error {
	return &registry.Error{Code: registry.NotFound, Message: "There is no such record.", Err: errors.New("record " + id)}
}
