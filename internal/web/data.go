package web

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/geodata"
	"mithaq/internal/cite"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// Format is a form that the interface for programs gives the items of a collection in.
type Format struct {
	ID        string // the value of its parameter f
	Name      string // as people call it, in every language
	MediaType string
	FileType  string // the European Union's name of it, for the catalogue; empty when it has none
	// Only lists the collections that have it; empty for all.
	Only []string
}

// KnownFormats are the forms with a name. Deps.Formats chooses among them.
var KnownFormats = []Format{
	{"geojson", "GeoJSON", "application/geo+json", "GEOJSON", nil},
	{"geojsonl", "GeoJSON Lines", "application/x-ndjson", "", nil},
	{"csv", "CSV", "text/csv", "CSV", nil},
	{"xlsx", "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX", nil},
	{"gpkg", "GeoPackage", "application/geopackage+sqlite3", "GPKG", nil},
	{"parquet", "GeoParquet", "application/vnd.apache.parquet", "PARQUET", nil},
	{"kml", "KML", "application/vnd.google-earth.kml+xml", "KML", nil},
	{"oc4ids", "OC4IDS", "application/json", "JSON", []string{feature.Sites, feature.Agreements}},
}

// CollectionRow is a collection with the addresses of its items in every format.
type CollectionRow struct {
	ID, Title, Text, Count string
	Formats                []Link
}

// DataView is the page that says what can be taken away, and how.
type DataView struct {
	Updated     string // when the registry last published something; empty for never
	Time        string
	Collections []CollectionRow
	Dumps       string // address of the whole dumps; empty for none
	Examples    []Example
	Terms       string // address of the licence
	Credit      string
	Cite        CiteView
	Request     CiteForm // one to try
}

// Example is what one kind of address gives, with one to open.
type Example struct {
	What string
	Link Link
}

func (s *Server) getData(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	view, err := r.dataView(s.formats)
	if err != nil {
		return err
	}
	if s.Dump != nil {
		view.Dumps = "/downloads?f=html"
	}
	return s.send(c, r, "data", Page{Title: r.say("data.title"), Description: r.say("data.lead"), View: view, Scripts: []string{"js/copy.js"}, Data: []Alternate{{Href: "/catalog", Type: "application/ld+json"}}, Linked: r.linkedDataset(view)})
}

// chosenFormats are the known formats with these ids, in their own order.
func chosenFormats(ids []string) (out []Format) {
	for _, f := range KnownFormats {
		for _, id := range ids {
			if f.ID == id {
				out = append(out, f)
			}
		}
	}
	return out
}

// of reports whether a collection has the format.
func (f Format) of(collection string) bool {
	if len(f.Only) == 0 {
		return true
	}
	for _, id := range f.Only {
		if id == collection {
			return true
		}
	}
	return false
}

// itemsPath is the address of a collection's items in a format.
func itemsPath(collection string, f Format) string {
	return "/api/collections/" + collection + "/items?f=" + f.ID
}

// sitesIn are the addresses of a selection of sites in each format of files; values are the parameters that select them.
func (r *reading) sitesIn(values url.Values) (out []Link) {
	for _, f := range r.forms {
		if f.ID == KnownFormats[0].ID {
			continue // an address gives GeoJSON by pages, and what is whole stands beside this list
		}
		q := maps.Clone(values)
		q.Set("f", f.ID)
		if r.asOf {
			q.Set(asOfParam, string(r.day))
		}
		out = append(out, Link{Text: Text{Text: f.Name, Lang: "en", Dir: "ltr"}, Href: "/api/collections/" + feature.Sites + "/items?" + q.Encode()})
	}
	return out
}

func (r *reading) dataView(formats []Format) (DataView, error) {
	v := DataView{Terms: licenceAddress, Credit: geodata.Credit()}
	counts, err := r.collectionCounts()
	if err != nil {
		return v, err
	}
	for _, id := range feature.Collections {
		row := CollectionRow{ID: id, Title: r.orCode("collection", id), Text: r.orCode("collection_text", id)}
		if n, known := counts[id]; known {
			row.Count = r.whole(n)
		}
		for _, f := range formats {
			if f.of(id) {
				row.Formats = append(row.Formats, Link{Text: Text{Text: f.Name, Lang: "en", Dir: "ltr"}, Href: itemsPath(id, f)})
			}
		}
		v.Collections = append(v.Collections, row)
	}
	examples := []struct{ key, address string }{{"data.example_place", "/communes/09.581.01.05.geojson"}}
	some, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAgreement}, Limit: 1})
	if err != nil {
		return v, err
	}
	for _, a := range some {
		id := string(a.ID())
		examples = append(examples, []struct{ key, address string }{
			{"data.example_record", "/agreements/" + id + ".json"}, {"data.example_history", "/history/" + id + ".json"}, {"data.example_cite", "/cite/agreements/" + id + ".bib"},
		}...)
	}
	examples = append(examples, []struct{ key, address string }{
		{"data.example_changes", "/changes.json"}, {"data.example_feed", "/communes/09.581.01.05.atom"}, {"data.example_api", "/api"}, {"data.example_schema", "/schemas/records.json"},
		{"data.example_catalog", "/catalog"}, {"data.example_turtle", "/catalog?f=ttl"},
	}...)
	for _, x := range examples {
		v.Examples = append(v.Examples, Example{r.say(x.key), Link{Text: Text{Text: x.address, Dir: "ltr"}, Href: x.address}})
	}
	v.Request = CiteForm{ID: "request", Name: "curl", Text: fmt.Sprintf("curl '%s%s&bbox=-10.1,29.3,-8.6,30'", r.base, itemsPath(feature.Sites, KnownFormats[0]))}
	newest, err := r.newest()
	if err != nil {
		return v, err
	}
	if !newest.IsZero() {
		v.Updated, v.Time = r.sayMoment(newest), momentText(newest)
	}
	v.Cite = r.citeView(r.citeRegistry(newest), "/data")
	v.Cite.Forms = nil // a file is of a record or a place
	return v, nil
}

// newest is when the registry last published something; zero for never.
func (r *reading) newest() (time.Time, error) {
	found, err := r.store.Revisions(r.ctx, registry.RevisionQuery{Limit: 1})
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0].At, nil
}

// citeRegistry is the reference to the registry as a whole.
func (r *reading) citeRegistry(newest time.Time) cite.Work {
	w := r.work("/data", newest)
	w.Key, w.Lang, w.Title = "mithaq", string(r.lang), r.say("data.dataset")
	if !newest.IsZero() {
		w.Key += newest.UTC().Format("-20060102")
		w.Note = r.say("cite.state", args{"Moment": r.sayMoment(newest)})
	}
	return w
}

// collectionCounts are the numbers of members of the collections that can be counted at once.
func (r *reading) collectionCounts() (map[string]int, error) {
	totals, err := r.store.Totals(r.ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{feature.Sites: totals.Sites, feature.Agreements: totals.Agreements + totals.Mentioned, "amendments": totals.Amendments}
	for _, level := range registry.PagedLevels {
		counts[level.Plural()] = len(r.gaz.Places(level))
	}
	return counts, nil
}

// licenceAddress is where the terms of geodata.Licence stand.
var licenceAddress = "https://creativecommons.org/licenses/" + strings.ToLower(strings.Replace(strings.TrimPrefix(geodata.Licence, "CC-"), "-4", "/4", 1)) + "/"
