package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mithaq/internal/bench"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// TestPagesOverHTTP asks each page, without a browser and so without script, for what its reader came for.
func TestPagesOverHTTP(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct {
		path string
		has  []string // in the text, blanks of any kind being one space
	}{
		{"/fr/", []string{"Les accords de l’artisanat", "Tiznit", "site non localisé", "Aouartas"}},
		{"/fr/communes/09.581.01.05", []string{"Réhabilitation du marché", "15 locaux", "Espace d’exposition", "date non indiquée", "non indiqué par la source", "Ammelne", "paragraphe 8, phrase 1"}},
		{"/ar/communes/09.581.01.05", []string{"تافراوت", "15 محلا", "التاريخ غير مذكور"}},
		{"/en/communes/09.581.01.05", []string{"15 units", "not stated by the source"}},
		{"/fr/communes/09.581.09.05", []string{"Ammelne", "Askin", "Ighalen", "Festival Tifawin", "Festival de l’Amande", "annuel"}},
		{"/fr/agreements", []string{"Tous les accords", "Accord-cadre pour le développement de la bijouterie"}},
		{"/ar/agreements?year=2021", []string{"اتفاقية", "2021"}},
		{"/fr/agreements?kind=programme_contract&dated=no&province_code=09.581", []string{"Aucun accord ne correspond"}},
		{"/fr/agreements?amended=yes", []string{"4 accords", "Annexe modifiant"}},
		{"/fr/sources", []string{"Les sources", "9 nouveaux accords"}},
		{"/ar/organisations", []string{"الهيئات", "GIZ"}},
		{"/fr/provinces/09.581", []string{"Non localisés 1", "Aouartas", "25 locaux", "environ 1 000 m²", "8 sites sans chiffre", "7 · 2 seulement mentionnés"}},
		{"/fr/regions/09", []string{"Souss-Massa", "Tiznit", "Taroudannt"}},
		{"/fr/agreements/tiznit-ameln-craft-projects", []string{"Accord de partenariat à \u2068Ammelne\u2069 : 2 sites ; parties : \u2068commune d’Ameln\u2069 ; date non indiquée."}},
		{"/ar/agreements/trial-agreement", []string{"بجماعة \u2068تارودانت\u2069"}},
		{"/en/agreements/craft-contract-rural-carpet", []string{"Programme contract across the country; signed: 26 July"}},
		{"/fr/agreements/tiznit-jewellery-framework", []string{"et 5 autres ;", "ministère des Finances", "elle est peut-être incomplète"}},
		{"/fr/agreements/tiznit-pottery-complex", []string{"n’est connu que par d’autres fiches", "Annexe modifiant"}},
		{"/fr/agreements/craft-contract-rural-carpet", []string{"26 juillet, année déduite : 2021"}},
		{"/fr/agreements/trial-agreement?as-of=2024-04-30", []string{"25 locaux", "État au 30 avril 2024"}},
		{"/fr/agreements/trial-agreement?as-of=2024-05-01", []string{"30 locaux", "article 2", "(avant : 25)", "Cet accord a été modifié", "peut-être modifié", "valeur possible : environ 1 400 m²"}},
		{"/fr/communes/09.541.01.13?as-of=2024-04-30", []string{"25 locaux à créer"}},
		{"/fr/communes/09.541.01.13", []string{"30 locaux à créer"}},
		{"/fr/amendments/amend-tiznit-anzi-craft-complex", []string{"n’est pas documenté", "3"}},
		{"/fr/announcements/announce-tiznit-nine-agreements", []string{"9 accords annoncés", "7 accords énumérés", "2 avenants énumérés", "dont le nombre n’est pas indiqué"}},
		{"/fr/events/event-chefchaouen-study-visit", []string{"10 septembre 2015", "Tunis, Tunisie", "11 septembre 2015", "Sousse, Tunisie"}},
		{"/fr/programmes/prog-craft-strategy-2021-2030", []string{"5 axes", "3 phases", "Phase 1 de 2021 à 2022 Relance", "Phase 2 date non indiquée Transformation", "Contrat-programme"}},
		{"/fr/organisations/org-giz", []string{"GIZ", "Avec qui 1 accord", "Accords 2016 Coopération GIZ", "Date non indiquée Assistance technique"}},
		{"/fr/sites/site-aouartas-craft-zone", []string{"Non localisé sur la carte", "commune d’Aouartas"}},
		{"/fr/sources/src-tiznit-press-fr", []string{"¶ 8", "restauration de 15 locaux", "non indiqué par la source"}},
		{"/fr/search?q=Tafraoute", []string{"Tafraout"}},
		{"/fr/search?q=" + "%D8%AA%D8%A7%D9%81%D8%B1%D8%A7%D9%88%D8%AA", []string{"Tafraout"}},
		{"/fr/search?q=zzzzzz", []string{"Rien ne correspond"}},
	} {
		t.Run(tc.path, func(t *testing.T) {
			res, body := get(t, home+tc.path)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("status %d", res.StatusCode)
			}
			text := plainText(body)
			for _, want := range tc.has {
				if !strings.Contains(text, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			if strings.Contains(body, "⟦") {
				t.Error("a message is missing")
			}
			if strings.Contains(body, " style=") || strings.Contains(body, "<script>") {
				t.Error("the page has an inline style or script")
			}
		})
	}
}

// Every number of the first page that counts agreements leads to a list of that many.
func TestNumbersLeadToWhatTheyCount(t *testing.T) {
	home := startSite(t)
	_, body := get(t, home+"/en/")
	found := regexp.MustCompile(`<a href="(/en/agreements\?[^"]+)">(\d+)</a>`).FindAllStringSubmatch(body, -1)
	if len(found) != 4 {
		t.Fatalf("%d numbers lead to the list of agreements, want those of all documented, amended, undated and mentioned ones", len(found))
	}
	for _, m := range found {
		if strings.Contains(m[1], "amended=") {
			continue // the number is that of the amendments, the list that of the agreements with their amendments
		}
		_, list := get(t, home+html.UnescapeString(m[1]))
		if n := strings.Count(list, `<li class="row" id="agreement-`); strconv.Itoa(n) != m[2] {
			t.Errorf("%s lists %d agreements, the first page says %s", m[1], n, m[2])
		}
	}
}

// Each choice of each filter of the list leaves as many agreements as it says, and none is left out of all choices in silence.
func TestAgreementListNarrows(t *testing.T) {
	home := startSite(t)
	_, body := get(t, home+"/en/agreements")
	_, form, _ := strings.Cut(body, `<form class="filter-form"`)
	form, _, _ = strings.Cut(form, "</form>")
	name, tried := "", 0
	for _, m := range regexp.MustCompile(`<select class="field" name="(\w+)">|<option value="([^"]+)">.*?\((\d+)\)</option>`).FindAllStringSubmatch(form, -1) {
		if m[1] != "" {
			name = m[1]
			continue
		}
		tried++
		_, list := get(t, home+"/en/agreements?"+name+"="+html.UnescapeString(m[2]))
		if n := strings.Count(list, `<li class="row" id="agreement-`); strconv.Itoa(n) != m[3] {
			t.Errorf("%s=%s lists %d agreements, the form says %s", name, m[2], n, m[3])
		}
	}
	if tried < 30 {
		t.Errorf("only %d choices", tried)
	}
}

// TestTextThatMayBeShown has the sentence with its words marked, on the source's page and in a value's card; a source whose
// rights are unknown shows the words alone.
func TestTextThatMayBeShown(t *testing.T) {
	home := startSite(t)
	for path, want := range map[string]string{
		"/fr/sources/src-trial":          `<p lang="fr" dir="ltr">Un <mark>essai</mark> de phrase.</p>`,
		"/ar/agreements/trial-agreement": `<blockquote class="words" lang="fr" dir="ltr">Un <mark>essai</mark> de phrase.</blockquote>`,
		"/fr/communes/09.581.01.05":      `<blockquote class="words" lang="fr" dir="ltr">restauration de 15 locaux</blockquote>`,
	} {
		if _, body := get(t, home+path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", path, want)
		}
	}
}

var (
	tags   = regexp.MustCompile(`(?s)<[^>]*>`)
	blanks = regexp.MustCompile(`[\s\x{a0}\x{202f}]+`)
	chars  = strings.NewReplacer("&#39;", "'", "&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`)
)

func plainText(body string) string {
	return blanks.ReplaceAllString(chars.Replace(tags.ReplaceAllString(body, " ")), " ")
}

func TestBareAddressGoesToTheVisitorsLanguage(t *testing.T) {
	home := startSite(t)
	for header, want := range map[string]string{"": "/fr/", "ar-MA,ar;q=0.8": "/ar/", "en": "/en/"} {
		res, _ := get(t, home+"/", "Accept-Language", header)
		if res.StatusCode != http.StatusFound || res.Header.Get("Location") != want || !strings.Contains(res.Header.Get("Vary"), "Accept-Language") {
			t.Errorf("%q: %d to %s, Vary %q; want 302 to %s", header, res.StatusCode, res.Header.Get("Location"), res.Header.Get("Vary"), want)
		}
	}
}

func TestWrongAddresses(t *testing.T) {
	home := startSite(t)
	for path, want := range map[string]int{
		"/fr/communes/99.999":                        http.StatusNotFound,
		"/fr/communes/09.581":                        http.StatusNotFound, // a province
		"/fr/communes/tafraout":                      http.StatusBadRequest,
		"/fr/agreements/nothing-of-this-name":        http.StatusNotFound,
		"/fr/agreements/site-aouartas-craft-zone":    http.StatusNotFound, // a site
		"/fr/agreements/UPPER":                       http.StatusBadRequest,
		"/fr/nowhere":                                http.StatusNotFound,
		"/fr/communes/09.581.01.05?colour=blue":      http.StatusBadRequest,
		"/fr/agreements?year=21":                     http.StatusBadRequest,
		"/fr/agreements?kind=craft_zone":             http.StatusBadRequest,
		"/fr/communes/09.581.01.05?as-of=yesterday":  http.StatusBadRequest,
		"/fr/communes/09.581.01.05?as-of=2023-02-30": http.StatusBadRequest,
	} {
		res, body := get(t, home+path)
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
		if !strings.Contains(body, `<html lang="fr"`) {
			t.Errorf("%s: the error is not a page in French", path)
		}
	}
	if _, body := get(t, home+"/ar/communes/99.999"); !strings.Contains(body, "الصفحة غير موجودة") {
		t.Error("the Arabic error page is not in Arabic")
	}
}

// TestLinksOfAPage asks for what programs and search engines read in its head.
func TestLinksOfAPage(t *testing.T) {
	home := startSite(t)
	res, body := get(t, home+"/ar/communes/09.541.01.13?as-of=2024-05-01")
	for _, want := range []string{
		`<html lang="ar" dir="rtl">`,
		`<link rel="canonical" href="https://registry.example/ar/communes/09.541.01.13?as-of=2024-05-01">`,
		`hreflang="fr" href="https://registry.example/fr/communes/09.541.01.13?as-of=2024-05-01"`,
		`<link rel="alternate" type="application/geo&#43;json" href="/communes/09.541.01.13.geojson?as-of=2024-05-01">`,
		`<a href="/fr/communes/09.541.01.13?as-of=2024-05-01" lang="fr" hreflang="fr">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	tag := res.Header.Get("ETag")
	if again, _ := get(t, home+"/ar/communes/09.541.01.13?as-of=2024-05-01", "If-None-Match", tag); tag == "" || again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag %q the page answers %d, want 304", tag, again.StatusCode)
	}
}

// What a map draws of a site is where the interface for programs says that it is; one that is somewhere in a unit has no point of its own.
func TestMapsDrawSitesWhereTheyAre(t *testing.T) {
	home := startSite(t)
	_, body := get(t, home+"/api/collections/sites/items?limit=1000")
	var all struct {
		Features []struct {
			ID         string
			Geometry   json.RawMessage
			Properties struct {
				Precision   registry.Precision `json:"location_precision"`
				Commune     string             `json:"commune_code"`
				Uncertainty float64            `json:"coordinate_uncertainty_m"`
			}
		}
	}
	check(t, json.Unmarshal([]byte(body), &all))
	drawn := regexp.MustCompile(`data-site="([^"]*)" data-drawn="([^"]*)"`)
	points, somewhere := 0, 0
	for _, f := range all.Features {
		_, page := get(t, home+"/fr/sites/"+f.ID)
		m := drawn.FindStringSubmatch(page)
		if m == nil {
			if strings.Contains(page, `data-map="commune"`) && f.Properties.Precision != registry.PrecisionNone {
				t.Errorf("%s: the map doesn't draw it", f.ID)
			}
			continue
		}
		var d struct {
			In           []string
			Geometry     json.RawMessage
			UncertaintyM float64
		}
		check(t, json.Unmarshal([]byte(html.UnescapeString(m[2])), &d))
		if m[1] != f.ID || !slices.Contains(d.In, f.Properties.Commune) {
			t.Errorf("%s in %s: the map draws %s, %+v", f.ID, f.Properties.Commune, m[1], d)
		}
		switch f.Properties.Precision {
		case registry.PrecisionPoint, registry.PrecisionLocality, registry.PrecisionFootprint:
			points++
			if string(d.Geometry) != string(f.Geometry) || d.UncertaintyM != f.Properties.Uncertainty {
				t.Errorf("%s is drawn at %s (%v m), is at %s (%v m)", f.ID, d.Geometry, d.UncertaintyM, f.Geometry, f.Properties.Uncertainty)
			}
		default:
			somewhere++
			if d.Geometry != nil {
				t.Errorf("%s is drawn at %s, is somewhere in %s", f.ID, d.Geometry, f.Properties.Commune)
			}
		}
		if strings.Contains(page, "data-geojson") {
			t.Errorf("%s: the map asks for a file", f.ID)
		}
	}
	if points == 0 || somewhere == 0 {
		t.Errorf("%d have a place, %d are somewhere in a unit", points, somewhere)
	}
}

// A row names some sites of an agreement that has many, and says how many more there are; its page names all.
func TestRowsOfLargeAgreements(t *testing.T) {
	places, err := gazetteer.Default()
	check(t, err)
	generator, err := bench.New(places, 25)
	check(t, err)
	home := startSiteWith(t, slices.Collect(generator.Records()))
	named := regexp.MustCompile(`href="/fr/sites/synthetic-site-[0-9]+"`)
	_, body := get(t, home+"/fr/agreements/synthetic-agreement-000001")
	if n := len(named.FindAllString(body, -1)); n < 25 {
		t.Errorf("its page names %d sites", n)
	}
	_, body = get(t, home+"/fr/agreements")
	_, row, _ := strings.Cut(body, `id="agreement-synthetic-agreement-000001"`)
	row, _, _ = strings.Cut(row, `id="agreement-`)
	if n := len(named.FindAllString(row, -1)); n != 5 || !strings.Contains(plainText(row), "et 20 autres sites") {
		t.Errorf("its row names %d sites: %s", n, plainText(row))
	}
}
