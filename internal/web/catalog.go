package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/geodata"
	"mithaq/internal/edtf"
	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/rdf"
	"mithaq/internal/registry"
)

// The names of the catalogue, DCAT-AP 3. Codes are the European Union's authority tables', as it asks.
var catalogPrefixes = map[string]string{
	"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/", "vcard": "http://www.w3.org/2006/vcard/ns#",
	"xsd": "http://www.w3.org/2001/XMLSchema#", "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "geo": "http://www.opengis.net/ont/geosparql#",
	"lang": "http://publications.europa.eu/resource/authority/language/", "filetype": "http://publications.europa.eu/resource/authority/file-type/",
	"theme": "http://publications.europa.eu/resource/authority/data-theme/", "frequency": "http://publications.europa.eu/resource/authority/frequency/",
	"access": "http://publications.europa.eu/resource/authority/access-right/", "country": "http://publications.europa.eu/resource/authority/country/",
}

// Media types of the catalogue.
const (
	mimeJSONLD = "application/ld+json"
	mimeTurtle = "text/turtle; charset=utf-8"
)

// getCatalog tells what data there are: DCAT-AP as JSON-LD, or as Turtle by f=ttl or by Accept.
func (s *Server) getCatalog(c *fiber.Ctx) error {
	r, err := s.read(c, "f")
	if err != nil {
		return err
	}
	if f := r.q["f"]; r.q.Has("f") && f != "jsonld" && f != "ttl" {
		return &registry.Error{Code: registry.Invalid, Message: "There is no such format.", Param: "f", Got: f, Takes: "jsonld or ttl"}
	}
	g, err := s.catalog(r)
	if err != nil {
		return err
	}
	p := httpserve.Payload{ContentType: mimeJSONLD, Vary: []string{fiber.HeaderAccept}}
	if r.q["f"] == "ttl" || !r.q.Has("f") && c.Accepts(mimeJSONLD, "application/json", "text/turtle") == "text/turtle" {
		p.ContentType, p.Body = mimeTurtle, g.Turtle()
	} else {
		p.Body = g.JSONLD()
	}
	return httpserve.Send(c, p)
}

// inEveryLanguage is a message in each of the pages' languages.
func (s *Server) inEveryLanguage(key string) (out []rdf.Term) {
	for _, lang := range Langs {
		out = append(out, rdf.Literal{Text: s.words[lang].orKey(key), Lang: string(lang)})
	}
	return out
}

// orKey is a message, or for a new collection without one, the end of its key.
func (w *words) orKey(key string) string {
	if s := w.say(key); !strings.HasPrefix(s, "⟦") {
		return s
	}
	return key[strings.LastIndex(key, ".")+1:]
}

func day(at time.Time) rdf.Literal {
	return rdf.Literal{Text: at.UTC().Format(time.RFC3339), Type: "xsd:dateTime"}
}

// catalog is the graph: the catalogue, the interface, a dataset for each collection with its distributions, and who answers for them.
func (s *Server) catalog(r *reading) (*rdf.Graph, error) {
	newest, err := r.newest()
	if err != nil {
		return nil, err
	}
	first, err := r.store.Revisions(r.ctx, registry.RevisionQuery{Order: registry.OldestFirst, Limit: 1})
	if err != nil {
		return nil, err
	}
	covered, err := s.covered(r)
	if err != nil {
		return nil, err
	}
	base := rdf.IRI(r.base)
	languages := []rdf.Term{rdf.IRI("lang:FRA"), rdf.IRI("lang:ARA"), rdf.IRI("lang:ENG")}
	licence := rdf.IRI(licenceAddress)
	publisher := (&rdf.Node{ID: base + "/catalog#publisher", Types: []rdf.IRI{"foaf:Agent"}}).Add("foaf:name", rdf.Literal{Text: registryName}).Add("foaf:homepage", base+"/")
	contact := (&rdf.Node{Types: []rdf.IRI{"vcard:Kind"}}).Add("vcard:fn", rdf.Literal{Text: registryName}).Add("vcard:hasURL", base+"/fr/about")
	common := func(n *rdf.Node) *rdf.Node {
		n.Add("dct:publisher", publisher).Add("dct:language", languages...).Add("dct:license", licence)
		if len(first) > 0 {
			n.Add("dct:issued", day(first[0].At)).Add("dct:modified", day(newest))
		}
		return n.Add("dct:spatial", s.spatial()...)
	}
	catalog := common((&rdf.Node{ID: base + "/catalog#catalog", Types: []rdf.IRI{"dcat:Catalog"}}).
		Add("dct:title", s.inEveryLanguage("data.dataset")...).Add("dct:description", s.inEveryLanguage("site.description")...)).
		Add("foaf:homepage", base+"/fr/data").Add("dcat:service", base+"/catalog#api")
	service := (&rdf.Node{ID: base + "/catalog#api", Types: []rdf.IRI{"dcat:DataService"}}).
		Add("dct:title", s.inEveryLanguage("data.example_api")...).Add("dcat:endpointURL", base+"/api").Add("dct:publisher", publisher).Add("dct:license", licence).
		Add("dcat:contactPoint", contact)
	g := &rdf.Graph{Prefixes: catalogPrefixes, Nodes: []*rdf.Node{catalog, publisher, service}}
	for _, id := range feature.Collections {
		dataset := common((&rdf.Node{ID: base + rdf.IRI("/catalog#"+id), Types: []rdf.IRI{"dcat:Dataset"}}).
			Add("dct:title", s.inEveryLanguage("collection."+id)...).Add("dct:description", s.inEveryLanguage("collection_text."+id)...)).
			Add("dct:identifier", rdf.Literal{Text: r.base + "/api/collections/" + id}).
			Add("dcat:contactPoint", contact).
			Add("dcat:theme", rdf.IRI("theme:REGI"), rdf.IRI("theme:GOVE")).
			Add("dct:accrualPeriodicity", rdf.IRI("frequency:IRREG")).
			Add("dct:accessRights", rdf.IRI("access:PUBLIC")).
			Add("dcat:landingPage", base+"/fr/data")
		if covered != nil && !slices.ContainsFunc(registry.PagedLevels, func(l registry.PlaceLevel) bool { return l.Plural() == id }) {
			dataset.Add("dct:temporal", covered)
		}
		catalog.Add("dcat:dataset", dataset)
		service.Add("dcat:servesDataset", dataset)
		g.Nodes = append(g.Nodes, dataset)
		for _, f := range s.formats {
			if f.of(id) {
				d := s.distribution(base, id, f)
				dataset.Add("dcat:distribution", d)
				g.Nodes = append(g.Nodes, d)
			}
		}
	}
	return g, nil
}

// distribution is a collection in one format.
func (s *Server) distribution(base rdf.IRI, collection string, f Format) *rdf.Node {
	address := base + rdf.IRI(itemsPath(collection, f))
	download := address
	if s.Dump != nil {
		if path := s.Dump(collection, f.ID); path != "" { // whole in every format, and resumable
			download = base + rdf.IRI(path)
		}
	}
	title := s.inEveryLanguage("collection." + collection)
	for i, t := range title {
		l := t.(rdf.Literal)
		title[i] = rdf.Literal{Text: l.Text + " (" + f.Name + ")", Lang: l.Lang}
	}
	d := (&rdf.Node{ID: base + rdf.IRI("/catalog#"+collection+"-"+f.ID), Types: []rdf.IRI{"dcat:Distribution"}}).
		Add("dct:title", title...).Add("dcat:accessURL", address).Add("dcat:downloadURL", download).Add("dcat:accessService", base+"/catalog#api").
		Add("dct:license", rdf.IRI(licenceAddress)).
		Add("dct:rights", (&rdf.Node{Types: []rdf.IRI{"dct:RightsStatement"}}).Add("rdfs:label", rdf.Literal{Text: geodata.Credit(), Lang: "fr"}))
	if f.FileType != "" { // what has no name there isn't registered as a media type either
		d.Add("dct:format", rdf.IRI("filetype:"+f.FileType)).Add("dcat:mediaType", rdf.IRI("https://www.iana.org/assignments/media-types/"+f.MediaType))
	}
	return d
}

// spatial is where everything lies: the country by name, and the box of its regions (OGC:CRS84).
func (s *Server) spatial() []rdf.Term {
	var box []float64
	for _, p := range s.Gazetteer.Places(registry.LevelRegion) {
		if b := p.Bound; b == nil {
			continue
		} else if box == nil {
			box = []float64{b.Left(), b.Bottom(), b.Right(), b.Top()}
		} else {
			box = []float64{min(box[0], b.Left()), min(box[1], b.Bottom()), max(box[2], b.Right()), max(box[3], b.Top())}
		}
	}
	out := []rdf.Term{rdf.IRI("country:MAR")}
	if box != nil {
		out = append(out, (&rdf.Node{Types: []rdf.IRI{"dct:Location"}}).Add("dcat:bbox", rdf.Literal{Text: fmt.Sprintf("POLYGON((%[1]g %[2]g,%[3]g %[2]g,%[3]g %[4]g,%[1]g %[4]g,%[1]g %[2]g))", box[0], box[1], box[2], box[3]), Type: "geo:wktLiteral"}))
	}
	return out
}

// covered is the stretch of time that the agreements tell of, from the first day that one of their dates allows to the last; nil when
// none has a date. It is kept until the next publication: every agreement is looked at for it.
func (s *Server) covered(r *reading) (rdf.Term, error) {
	read := func() (httpserve.Kept, error) {
		days, err := r.coveredDays()
		return httpserve.Kept{Body: []byte(days)}, err
	}
	ask := read
	if s.Kept != nil && r.moment == "" {
		version, err := s.Kept.Version(r.ctx, r.store)
		if err != nil {
			return nil, err
		}
		ask = func() (httpserve.Kept, error) { return s.Kept.Of(r.ctx, version, "covered", read) }
	}
	days, err := ask()
	if err != nil {
		return nil, err
	}
	first, last, _ := strings.Cut(string(days.Body), "/")
	if first == "" && last == "" {
		return nil, nil
	}
	n := &rdf.Node{Types: []rdf.IRI{"dct:PeriodOfTime"}}
	if first != "" {
		n.Add("dcat:startDate", rdf.Literal{Text: first, Type: "xsd:date"})
	}
	if last != "" {
		n.Add("dcat:endDate", rdf.Literal{Text: last, Type: "xsd:date"})
	}
	return n, nil
}

// coveredDays are the first and the last day of covered, a slash between them; either may be empty.
func (r *reading) coveredDays() (string, error) {
	dates, err := r.store.AgreementDates(r.ctx)
	if err != nil {
		return "", err
	}
	var first, last edtf.Day
	for _, d := range dates {
		if from, ok := d.Earliest(); ok && (first == "" || from < first) {
			first = from
		}
		if to, ok := d.Latest(); ok && to > last {
			last = to
		}
	}
	return string(first) + "/" + string(last), nil
}
