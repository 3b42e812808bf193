package web_test

import (
	"encoding/json"
	"encoding/xml"
	"html"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSitemap walks the sitemap from robots.txt to the addresses: each page once in each language, each file within the protocol's
// bounds, the sisters in other languages there, and a sample of the addresses alive.
func TestSitemap(t *testing.T) {
	home := startSite(t)
	const public = "https://registry.example"
	_, robots := get(t, home+"/robots.txt")
	m := regexp.MustCompile(`(?m)^Sitemap: ` + public + `(/\S+)$`).FindStringSubmatch(robots)
	if m == nil {
		t.Fatalf("robots.txt names no sitemap: %s", robots)
	}
	var index struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		Files   []string `xml:"sitemap>loc"`
	}
	read := func(path string, v any) {
		t.Helper()
		res, body := get(t, home+path)
		if err := xml.Unmarshal([]byte(body), v); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
		}
	}
	read(m[1], &index)
	seen := map[string]int{}
	for _, file := range index.Files {
		var set struct {
			XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
			URLs    []struct {
				Loc     string `xml:"loc"`
				LastMod string `xml:"lastmod"`
				Sisters []struct {
					Lang string `xml:"hreflang,attr"`
					Href string `xml:"href,attr"`
				} `xml:"http://www.w3.org/1999/xhtml link"`
			} `xml:"url"`
		}
		read(strings.TrimPrefix(file, public), &set)
		if len(set.URLs) == 0 || len(set.URLs) >= 50_000 {
			t.Errorf("%s has %d addresses", file, len(set.URLs))
		}
		for i, u := range set.URLs {
			seen[u.Loc]++
			if len(u.Sisters) != 3 || !strings.HasPrefix(u.Loc, public+"/") {
				t.Errorf("%s: %d languages", u.Loc, len(u.Sisters))
			}
			if strings.Contains(u.Loc, "/trial-zone") && u.LastMod != "2026-11-22T09:00:00Z" {
				t.Errorf("%s changed %q", u.Loc, u.LastMod)
			}
			if i%211 == 0 {
				if res, _ := get(t, home+strings.TrimPrefix(u.Loc, public)); res.StatusCode != http.StatusOK {
					t.Errorf("%s: %d", u.Loc, res.StatusCode)
				}
			}
		}
	}
	for address, n := range seen {
		if n != 1 {
			t.Errorf("%s stands there %d times", address, n)
		}
	}
	if want := 3 * (len(records(t)) + 1503 + 75 + 12 + 6 + 6); len(seen) != want {
		t.Errorf("%d addresses, want %d", len(seen), want)
	}
	for path, want := range map[string]int{"/sitemaps/records.xml?after=UPPER": http.StatusBadRequest, "/sitemap.xml?x=1": http.StatusBadRequest, "/robots.txt?x=1": http.StatusBadRequest,
		"/opensearch.xml?lang=de": http.StatusBadRequest, "/catalog?f=xml": http.StatusBadRequest} {
		if res, _ := get(t, home+path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// TestHeadsForMachines reads what each kind of page says of itself to search engines and browsers.
func TestHeadsForMachines(t *testing.T) {
	home := startSite(t)
	block := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)
	for path, want := range map[string][]string{
		"/fr/data":                                  {`"@type":"Dataset"`, `"license":"https://creativecommons.org/licenses/by/4.0/"`, `"contentUrl":"https://registry.example/api/collections/sites/items?f=geojson"`, `"dateModified":"2026-11-22T09:00:00Z"`},
		"/fr/communes/09.581.01.05":                 {`"@type":"AdministrativeArea"`, `"name":"Tafraout"`, `"alternateName":"تافراوت"`, `"@type":"GeoCoordinates"`, `"containedInPlace"`},
		"/ar/regions/09":                            {`"@type":"AdministrativeArea"`, `"@type":"Country"`},
		"/fr/agreements/trial-agreement":            {`"@type":"Legislation"`, `"legislationDate":"2024-01-15"`, `"legislationChanges":{"@id":"https://registry.example/fr/agreements/trial-agreement"}`},
		"/fr/amendments/trial-amendment-1":          {`"@type":"Legislation"`, `"legislationChanges":{"@id":"https://registry.example/fr/agreements/trial-agreement"}`},
		"/fr/agreements/tiznit-jewellery-framework": {`"@type":"Legislation"`},
	} {
		_, body := get(t, home+path)
		found := block.FindAllStringSubmatch(body, -1)
		if len(found) != 1 {
			t.Errorf("%s: %d data blocks", path, len(found))
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(found[0][1]), &v); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		plain, _ := json.Marshal(v)
		text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(plain))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %s in %s", path, w, text)
			}
		}
		if strings.Contains(found[0][1], "<") {
			t.Errorf("%s: a < in a data block could end it", path)
		}
		if path == "/fr/agreements/tiznit-jewellery-framework" && strings.Contains(text, "legislationDate") {
			t.Errorf("%s has a date that no source states", path)
		}
	}
	_, body := get(t, home+"/ar/sites/trial-point")
	for _, want := range []string{`<link rel="canonical" href="https://registry.example/ar/sites/trial-point">`, `hreflang="en" href="https://registry.example/en/sites/trial-point"`,
		`hreflang="x-default" href="https://registry.example/fr/sites/trial-point"`, `type="application/opensearchdescription+xml" title="ميثاق" href="/opensearch.xml?lang=ar">`} {
		if !strings.Contains(body, want) {
			t.Errorf("the head lacks %s", want)
		}
	}
	res, body := get(t, home+"/opensearch.xml?lang=ar")
	var description struct {
		XMLName   xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName string   `xml:"ShortName"`
		URLs      []struct {
			Type     string `xml:"type,attr"`
			Template string `xml:"template,attr"`
		} `xml:"Url"`
	}
	if err := xml.Unmarshal([]byte(body), &description); err != nil || len(description.ShortName) == 0 || len(description.ShortName) > 16 || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/opensearchdescription+xml") {
		t.Errorf("%v, %+v", err, description)
	}
	for _, u := range description.URLs {
		path := strings.Replace(strings.TrimPrefix(u.Template, "https://registry.example"), "{searchTerms}", "essai", 1)
		if res, _ := get(t, home+path); res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), u.Type) {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
}

// TestCatalog reads the catalogue in both of its forms with rdflib: the same triples, and what DCAT-AP 3 asks for is there.
func TestCatalog(t *testing.T) {
	home := startSite(t)
	folder := t.TempDir()
	save := func(name, path, accept, contentType string) {
		t.Helper()
		res, body := get(t, home+path, "Accept", accept)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != contentType || !strings.Contains(res.Header.Get("Vary"), "Accept") || res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s as %q: %d %v", path, accept, res.StatusCode, res.Header)
		}
		check(t, os.WriteFile(filepath.Join(folder, name), []byte(body), 0o600))
	}
	save("c.jsonld", "/catalog", "*/*", "application/ld+json")
	save("c.ttl", "/catalog?f=ttl", "*/*", "text/turtle; charset=utf-8")
	save("c2.ttl", "/catalog", "text/turtle, application/rdf+xml;q=0.5", "text/turtle; charset=utf-8")
	save("c2.jsonld", "/catalog?f=jsonld", "text/turtle", "application/ld+json")

	python, err := filepath.Abs("../../build/venv/bin/python")
	check(t, err)
	if exec.Command(python, "-c", "import rdflib").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no rdflib in build/venv: run make install-test-tools")
		}
		t.Skip("no rdflib in build/venv: make install-test-tools installs it")
	}
	const script = `
import sys
from rdflib import Graph, Namespace, RDF, URIRef, Literal, XSD
from rdflib.compare import isomorphic
D, T = Namespace('http://www.w3.org/ns/dcat#'), Namespace('http://purl.org/dc/terms/')
F = Namespace('http://xmlns.com/foaf/0.1/')
read = lambda name, form: Graph().parse(sys.argv[1] + '/' + name, format=form)
a, b = read('c.ttl', 'turtle'), read('c.jsonld', 'json-ld')
def need(ok, what):
    if not ok: print(what)
need(len(a) > 100 and isomorphic(a, b), 'the two forms differ: %d and %d triples' % (len(a), len(b)))
need(isomorphic(a, read('c2.ttl', 'turtle')) and isomorphic(b, read('c2.jsonld', 'json-ld')), 'what Accept chooses differs from what f chooses')
def each(kind, *properties):
    things = list(a.subjects(RDF.type, kind))
    need(things, 'there is no %s' % kind)
    for thing in things:
        for p in properties:
            need(list(a.objects(thing, p)), '%s lacks %s' % (thing, p))
    return things
each(D.Catalog, T.title, T.description, T.publisher, D.dataset, D.service, F.homepage, T.language, T.license, T.issued, T.modified, T.spatial)
datasets = each(D.Dataset, T.title, T.description, T.publisher, D.contactPoint, D.distribution, D.theme, T.spatial, T.license, T.identifier, T.accrualPeriodicity, T.modified)
each(D.Distribution, D.accessURL, D.downloadURL, T.license, T.title)
each(D.DataService, T.title, D.endpointURL, D.servesDataset)
each(F.Agent, F.name)
need(len(datasets) >= 5, 'only %d datasets' % len(datasets))
for s, p, o in a:
    if isinstance(o, URIRef): need(str(o).startswith('http'), 'no address: %s' % o)
    if isinstance(o, Literal) and o.datatype in (XSD.date, XSD.dateTime): need(o.value is not None, 'no date: %s' % o)
languages = {o.language for o in a.objects(None, T.title)}
need(languages == {'fr', 'ar', 'en'}, 'titles in %s' % languages)
need((None, T.temporal, None) in a, 'no time is covered')
for o in a.objects(None, D.downloadURL): print('GET', o)`
	out, err := exec.Command(python, "-c", script, folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	downloads := 0
	for line := range strings.Lines(string(out)) {
		address, ok := strings.CutPrefix(strings.TrimSpace(line), "GET https://registry.example")
		if !ok {
			t.Error(strings.TrimSpace(line))
			continue
		}
		downloads++
		if res, _ := get(t, home+html.UnescapeString(address)+"&limit=1"); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", address, res.StatusCode)
		}
	}
	if downloads < 5 {
		t.Errorf("%d downloads", downloads)
	}
}
