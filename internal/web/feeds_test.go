package web_test

import (
	"cmp"
	"encoding/xml"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// atomFeed is what RFC 4287 asks for, read with its name space.
type atomFeed struct {
	XMLName xml.Name     `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string       `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	ID      []string     `xml:"http://www.w3.org/2005/Atom id"`
	Title   []string     `xml:"http://www.w3.org/2005/Atom title"`
	Updated []string     `xml:"http://www.w3.org/2005/Atom updated"`
	Author  []atomPerson `xml:"http://www.w3.org/2005/Atom author"`
	Links   []struct {
		Rel      string `xml:"rel,attr"`
		Type     string `xml:"type,attr"`
		HrefLang string `xml:"hreflang,attr"`
		Href     string `xml:"href,attr"`
	} `xml:"http://www.w3.org/2005/Atom link"`
	Entries []atomEntry `xml:"http://www.w3.org/2005/Atom entry"`
}

type atomPerson struct {
	Name []string `xml:"http://www.w3.org/2005/Atom name"`
}

type atomEntry struct {
	ID      []string `xml:"http://www.w3.org/2005/Atom id"`
	Title   []string `xml:"http://www.w3.org/2005/Atom title"`
	Updated []string `xml:"http://www.w3.org/2005/Atom updated"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"http://www.w3.org/2005/Atom link"`
	Content []struct {
		Type string `xml:"type,attr"`
		Div  []struct {
			P     []string `xml:"http://www.w3.org/1999/xhtml p"`
			Items []string `xml:"http://www.w3.org/1999/xhtml ul>li"`
		} `xml:"http://www.w3.org/1999/xhtml div"`
	} `xml:"http://www.w3.org/2005/Atom content"`
}

// readFeed holds a feed to RFC 4287: the elements that it must have, once; identifiers that are absolute and unique; times; one self
// link, which is the address that it was fetched from; at most one alternate of each type and language; entries newest first.
func readFeed(t *testing.T, address, body string) (f atomFeed) {
	t.Helper()
	fault := func(format string, args ...any) { t.Helper(); t.Errorf(address+": "+format, args...) }
	dec := xml.NewDecoder(strings.NewReader(body))
	if err := dec.Decode(&f); err != nil {
		t.Fatalf("%s: %v\n%s", address, err, body)
	}
	if _, err := dec.Token(); err != io.EOF {
		if _, err = dec.Token(); err != io.EOF {
			fault("something follows the feed")
		}
	}
	absolute := func(what string, s []string) {
		t.Helper()
		if len(s) != 1 {
			fault("%d %s", len(s), what)
			return
		}
		if u, err := url.Parse(s[0]); err != nil || !u.IsAbs() {
			fault("%s %q is not absolute", what, s[0])
		}
	}
	moment := func(what string, s []string) (at time.Time) {
		t.Helper()
		if len(s) != 1 {
			fault("%d %s", len(s), what)
			return at
		}
		at, err := time.Parse(time.RFC3339, s[0])
		if err != nil {
			fault("%s: %v", what, err)
		}
		return at
	}
	if want := cmp.Or(parameter(address, "lang"), "fr"); f.Lang != want {
		fault("its language is %q, not %q", f.Lang, want)
	}
	absolute("id", f.ID)
	updated := moment("updated", f.Updated)
	if len(f.Title) != 1 || strings.TrimSpace(f.Title[0]) == "" || len(f.Author) != 1 || len(f.Author[0].Name) != 1 || f.Author[0].Name[0] == "" {
		fault("title %q, author %v", f.Title, f.Author)
	}
	alternates := map[string]int{}
	self := ""
	for _, l := range f.Links {
		absolute("link", []string{l.Href})
		alternates[l.Rel+" "+l.Type+" "+l.HrefLang]++
		if l.Rel == "self" {
			self += l.Href
		}
	}
	for l, n := range alternates {
		if n > 1 {
			fault("%d links %s", n, l)
		}
	}
	if self != "https://registry.example"+address {
		fault("self is %q", self)
	}
	seen := map[string]bool{}
	last := updated
	for i, e := range f.Entries {
		absolute("entry id", e.ID)
		if len(e.ID) == 1 && seen[e.ID[0]] {
			fault("entry %s twice", e.ID[0])
		}
		seen[strings.Join(e.ID, "")] = true
		at := moment("entry updated", e.Updated)
		if i == 0 && !at.Equal(updated) || at.After(last) {
			fault("entry %d of %s after %s", i, at, last)
		}
		last = at
		if len(e.Title) != 1 || strings.TrimSpace(e.Title[0]) == "" {
			fault("entry title %q", e.Title)
		}
		if len(e.Content) != 1 || e.Content[0].Type != "xhtml" || len(e.Content[0].Div) != 1 { // section 3.1.1.3
			fault("content of %v is no one div of XHTML", e.ID)
		}
		if !slices.ContainsFunc(e.Links, func(l struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		}) bool {
			return l.Rel == "alternate" && strings.HasPrefix(l.Href, "https://registry.example/")
		}) {
			fault("entry %v has no alternate", e.ID)
		}
	}
	return f
}

// parameter is one of an address's.
func parameter(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get(name)
}

// line is all that an entry says.
func line(e atomEntry) string {
	return strings.NewReplacer("\u2068", "", "\u2069", "", "\u00a0", " ", "\u202f", " ").Replace(strings.Join(append(append(e.Title, e.Content[0].Div[0].P...), e.Content[0].Div[0].Items...), "|"))
}

func TestFeeds(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct {
		address string
		entries int // least
		has     string
	}{
		{"/changes.atom", 50, "Zone d’essai — Version 3|Accord — test|durée : non indiqué → de 2024 à 2026"},
		{"/changes.atom?lang=ar", 50, "النسخة 3"},
		{"/communes/09.541.01.13.atom", 7, "locaux › à créer : 20 → 25"},
		{"/communes/09.541.01.13.atom?lang=en", 7, "units › to create: 20 → 25"},
		{"/communes/09.581.01.05.atom", 2, "Première publication"},
		{"/communes/01.051.01.01.atom", 0, ""},
		{"/provinces/09.581.atom", 9, "Première publication"},
		{"/regions/09.atom", 20, "Première publication"},
		{"/agreements/trial-agreement.atom", 8, "partie 1 › rôle : signataire → financeur"},
		{"/organisations/org-trial.atom", 4, "objet › texte : Essayer → Essayer les pages"},
		{"/sites/trial-point.atom", 1, "<script>alert(1)</script>"},
		{"/search.atom?q=essai", 3, "Version 3"},
		{"/search.atom?q=zzzzzz", 0, ""},
		{"/search.atom?lang=ar&q=%D8%AA%D8%A7%D9%81%D8%B1%D8%A7%D9%88%D8%AA", 1, ""},
	} {
		res, body := get(t, home+tc.address)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" || res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d, %v", tc.address, res.StatusCode, res.Header)
			continue
		}
		f := readFeed(t, tc.address, body)
		if len(f.Entries) < tc.entries || tc.entries == 0 && len(f.Entries) > 0 {
			t.Errorf("%s: %d entries, want %d", tc.address, len(f.Entries), tc.entries)
		}
		if tc.has != "" && !slices.ContainsFunc(f.Entries, func(e atomEntry) bool { return strings.Contains(line(e), tc.has) }) {
			t.Errorf("%s lacks %q; the first says %q", tc.address, tc.has, line(f.Entries[0]))
		}
		if again, _ := get(t, home+tc.address, "If-None-Match", res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: with its ETag %d, want 304", tc.address, again.StatusCode)
		}
	}
	for address, want := range map[string]int{
		"/communes/09.581.atom": http.StatusNotFound, "/communes/99.999.atom": http.StatusNotFound, "/communes/x.atom": http.StatusBadRequest,
		"/agreements/nothing.atom": http.StatusNotFound, "/agreements/trial-zone.atom": http.StatusNotFound, "/changes.atom?lang=de": http.StatusBadRequest,
		"/changes.atom?q=x": http.StatusBadRequest, "/agreements/UPPER.atom": http.StatusBadRequest,
		// the files beside the feeds are still there
		"/communes/09.581.01.05.geojson": http.StatusOK, "/agreements/trial-agreement.json": http.StatusOK, "/agreements/trial-agreement.xml": http.StatusNotFound,
	} {
		if res, _ := get(t, home+address); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", address, res.StatusCode, want)
		}
	}
}

// TestFeedsAreFound follows what the pages' heads say of feeds.
func TestFeedsAreFound(t *testing.T) {
	home := startSite(t)
	link := regexp.MustCompile(`<link rel="alternate" type="application/atom&#43;xml" title="([^"]+)" href="([^"]+)">`)
	for path, want := range map[string][]string{
		"/fr/":                           {"/changes.atom"},
		"/ar/communes/09.581.01.05":      {"/communes/09.581.01.05.atom?lang=ar", "/changes.atom?lang=ar"},
		"/en/provinces/09.581":           {"/provinces/09.581.atom?lang=en", "/changes.atom?lang=en"},
		"/fr/organisations/org-giz":      {"/organisations/org-giz.atom", "/changes.atom"},
		"/fr/agreements/trial-agreement": {"/agreements/trial-agreement.atom", "/changes.atom"},
		"/fr/search?q=essai":             {"/search.atom?q=essai", "/changes.atom"},
	} {
		_, body := get(t, home+path)
		var got []string
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			got = append(got, html.UnescapeString(m[2]))
			if res, _ := get(t, home+html.UnescapeString(m[2])); res.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", m[2], res.StatusCode)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s names the feeds %q, want %q", path, got, want)
		}
	}
}
