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

// pageNames are the files of templates/ that are pages; layout.html, components.html and *-parts.html serve them all.
var pageNames = []string{"home", "explorer", "commune", "area", "agreement", "agreements", "record", "announcement", "source", "search", "about", "document", "gallery", "index", "history", "changes", "data", "api", "embed", "snippet", "languages", "error"}

// templates are the parsed pages by language and name. A set for each language lets "t" stand in a template without more.
type templates map[Lang]map[string]*template.Template

func loadTemplates(all map[Lang]*words, asset func(string) (string, error)) (templates, error) {
	out := templates{}
	for lang, w := range all {
		base, err := template.New("base").Funcs(template.FuncMap{
			"t":     w.fromTemplate,
			"n":     func(key string, n int) string { return w.count(key, n) },
			"asset": asset,
		}).ParseFS(templateFiles, "templates/layout.html", "templates/components.html", "templates/*-parts.html")
		if err != nil {
			return nil, err
		}
		out[lang] = map[string]*template.Template{}
		for _, name := range pageNames {
			page, err := template.Must(base.Clone()).ParseFS(templateFiles, "templates/"+name+".html")
			if err != nil {
				return nil, err
			}
			out[lang][name] = page
		}
	}
	return out, nil
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
	var out bytes.Buffer
	if err := s.templates[w.lang][name].ExecuteTemplate(&out, cmp.Or(p.Layout, "layout"), p); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	body := out.Bytes()
	if past != nil {
		body = carry(body, past.text)
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "text/html; charset=utf-8", Body: body, Status: p.Status})
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
	var out bytes.Buffer
	page.Lang, page.Dir = lang, lang.Dir()
	for _, l := range Langs {
		page.Languages = append(page.Languages, Alternate{Lang: string(l), Href: "/" + string(l) + "/", Name: ownNames[l], Current: l == lang})
	}
	layout := "layout"
	if strings.HasPrefix(path, "/"+string(lang)+"/embed/") {
		layout = "frame" // what is wrong inside another site's frame is said inside it
	}
	if err := s.templates[lang]["error"].ExecuteTemplate(&out, layout, page); err != nil {
		return false
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: "text/html; charset=utf-8", Body: out.Bytes(), Status: status, CacheControl: "no-store"}) == nil
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
