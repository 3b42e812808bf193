package web

import (
	"io/fs"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/docs/recipes"
	"mithaq/internal/feature"
)

// APIView is the page that teaches the interface for programs: recipes, and every address with what it takes.
type APIView struct {
	Root       CiteForm // the address that clients ask for
	Links      []Link
	Tools      []Tool
	Definition DocumentView
}

// Tool is a program that people have, with what to do in it.
type Tool struct {
	ID, Name string
	Text     string
	Recipes  []CiteForm
}

// tools are the programs of the page in their order, with the files of docs/recipes, or an address to enter where a menu asks for one.
var tools = []struct {
	id, name, address string
	files             []string
}{
	{id: "curl", name: "curl", files: []string{"commune.sh", "filter.sh", "table.sh"}},
	{id: "python", name: "Python", files: []string{"sites.py", "pages.py"}},
	{id: "r", name: "R", files: []string{"sites.R"}},
	{id: "duckdb", name: "DuckDB", files: []string{"duckdb.sh"}},
	{id: "qgis", name: "QGIS", address: "/api", files: []string{"gdal.sh"}},
	{id: "excel", name: "Excel", address: "/api/collections/" + feature.Sites + "/items?f=csv"},
}

func (s *Server) getAPI(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	view := APIView{Root: CiteForm{ID: "root", Name: r.say("api.root"), Text: r.base + "/api"}}
	for _, x := range []struct{ key, address string }{
		{"document.landing", "/api?f=html"}, {"document.collections", "/api/collections?f=html"}, {"document.conformance", "/api/conformance?f=html"},
		{"api.openapi", "/api/openapi.json"}, {"data.title", "/" + string(r.lang) + "/data"},
	} {
		view.Links = append(view.Links, Link{Text: r.ours(r.say(x.key)), Href: x.address})
	}
	if view.Tools, err = r.tools(); err != nil {
		return err
	}
	if s.Definition != nil {
		view.Definition = r.document(s.Definition())
	}
	return s.send(c, r, "api", Page{Title: r.say("api.title"), Description: r.say("api.lead"), View: view, Scripts: []string{"js/copy.js", "js/api-console.js"}})
}

// tools are the recipes with this registry's address. The first line of a file says in English what it does, which the page says in its
// own language.
func (r *reading) tools() (out []Tool, err error) {
	for _, t := range tools {
		tool := Tool{ID: t.id, Name: t.name, Text: r.say("recipe." + t.id)}
		if t.address != "" {
			tool.Recipes = append(tool.Recipes, CiteForm{ID: "address-" + t.id, Name: r.say("recipe.address"), Text: r.base + t.address})
		}
		for _, name := range t.files {
			code, err := fs.ReadFile(recipes.Files, name)
			if err != nil {
				return nil, err
			}
			_, text, _ := strings.Cut(string(code), "\n")
			id := strings.ToLower(strings.ReplaceAll(name, ".", "-"))
			tool.Recipes = append(tool.Recipes, CiteForm{ID: "recipe-" + id, Name: r.say("recipe.do_" + id), Text: strings.TrimSpace(strings.ReplaceAll(text, recipes.BaseURL, r.base))})
		}
		out = append(out, tool)
	}
	return out, nil
}
