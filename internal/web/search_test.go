package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var hitLink = regexp.MustCompile(`<li><a href="/fr/([^"]+)"`)

// hits are the addresses of a search's answers, in order, and the page.
func hits(t *testing.T, home, query string) ([]string, string) {
	t.Helper()
	res, body := get(t, home+"/fr/search?q="+url.QueryEscape(query))
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%.40q: status %d", query, res.StatusCode)
	}
	_, main, _ := strings.Cut(body, `<main`)
	main, _, _ = strings.Cut(main, `</main>`)
	found, _, _ := strings.Cut(main, `<div class="notice`)
	var all []string
	for _, m := range hitLink.FindAllStringSubmatch(found, -1) {
		all = append(all, m[1])
	}
	return all, main
}

// TestSearchFinds asks what people ask over the shipped records: the first place, if the query names one, and the first record.
func TestSearchFinds(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct{ query, place, record string }{
		// A place by any spelling, with a typo, with what surrounds it in a sentence.
		{"Tafraoute", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"TAFRAOUT", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"تافراوت", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"بتافراوت", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"tafroaut", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"commune de Tafraout", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"جماعة تافراوت", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"Chefchaouen", "provinces/01.151", "organisations/org-commune-chefchaouen"},
		{"chefchaoune", "provinces/01.151", "organisations/org-commune-chefchaouen"},
		{"شفشاون", "provinces/01.151", "organisations/org-commune-chefchaouen"},
		{"Taroudannt", "provinces/09.541", "organisations/org-commune-taroudant"},
		{"tarudant", "provinces/09.541", "organisations/org-commune-taroudant"},
		{"Sidi Bou Abdelli", "communes/09.581.11.13", "sites/site-sidi-bou-abdelli-exhibition-space"},
		{"sidi bouabdelli", "communes/09.581.11.13", "sites/site-sidi-bou-abdelli-exhibition-space"},
		{"souss massa", "regions/09", "agreements/souss-massa-associations-support"},
		{"سوس ماسة", "regions/09", "agreements/souss-massa-associations-support"},
		{"marché tafraout", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"سوق تافراوت", "communes/09.581.01.05", "sites/site-tafraout-craft-market"},
		{"tiznit poterie", "provinces/09.581", "sites/site-tiznit-pottery-complex"},
		{"Aouartas", "", "sites/site-aouartas-craft-zone"}, // a place that no gazetteer has
		{"aouarts", "", "sites/site-aouartas-craft-zone"},
		// Names and objects, with and without accents, articles, vowel marks.
		{"poterie", "", "sites/site-tiznit-pottery-complex"},
		{"potrie", "", "sites/site-tiznit-pottery-complex"},
		{"pottery", "", "sites/site-tiznit-pottery-complex"},
		{"فخار", "", "sites/site-tiznit-pottery-complex"},
		{"للفخار", "", "sites/site-tiznit-pottery-complex"},
		{"الفَخّار", "", "agreements/craft-contract-pottery-ceramics"},
		{"l'accord-cadre bijouterie", "", "agreements/tiznit-jewellery-framework"},
		{"bijoutrie", "", "agreements/tiznit-jewellery-framework"},
		{"الحلي والمجوهرات", "", "agreements/tiznit-jewellery-framework"},
		{"tapis rural", "", "agreements/craft-contract-rural-carpet"},
		{"carpet", "", "agreements/craft-contract-rural-carpet"},
		{"الزربية", "", "agreements/craft-contract-rural-carpet"},
		{"medina", "", "events/event-taroudant-medina-strategy-launch"},
		{"strategie 2021-2030", "", "programmes/prog-craft-strategy-2021-2030"},
		{"٢٠٣٠", "", "programmes/prog-craft-strategy-2021-2030"},
		{"Tifawin", "", "events/event-ameln-annual-fairs"},
		{"Ighalen", "", "sites/site-ameln-skills-centres"},
		// Parties, by every name of the organisation.
		{"GIZ", "", "organisations/org-giz"},
		{"ministère des finances", "", "organisations/org-ministry-finance"},
		{"وزارة المالية", "", "organisations/org-ministry-finance"},
		{"ministry of finance", "", "organisations/org-ministry-finance"},
		{"douane", "", "organisations/org-customs-administration"},
		{"ibn rashid", "", "organisations/org-fondation-ibn-rachid"},
		{"medcites", "", "organisations/org-medcities"},
		// Works, utilities, kinds: the catalogs' words in three languages.
		{"réhabilitation", "", "agreements/tiznit-tafraout-market-rehabilitation"},
		{"rehabilitacion", "", "agreements/tiznit-tafraout-market-rehabilitation"},
		{"rehablitasion", "", ""}, // two letters wrong are another word
		{"إعادة تأهيل", "", "sites/site-tafraout-craft-market"},
		{"electricite", "", "sites/site-tafraout-craft-market"},
		{"كهرباء", "", "sites/site-tafraout-craft-market"},
		{"zone artisanale", "", "sites/site-aouartas-craft-zone"},
		{"craft market", "", "sites/site-tafraout-craft-market"},
		{"annexe", "", "amendments/amend-tiznit-pottery-complex"},
	} {
		all, _ := hits(t, home, tc.query)
		isPlace := func(h string) bool {
			return strings.HasPrefix(h, "communes/") || strings.HasPrefix(h, "provinces/") || strings.HasPrefix(h, "regions/")
		}
		if tc.place != "" && (len(all) == 0 || all[0] != tc.place) {
			t.Errorf("%s: %.3q, want the place %s first", tc.query, all, tc.place)
		}
		all = slices.DeleteFunc(all, isPlace)
		if got := append(all, "")[0]; got != tc.record {
			t.Errorf("%s: the first record is %q, want %q", tc.query, got, tc.record)
		}
	}
}

func TestEverySpellingFindsTheSame(t *testing.T) {
	home := startSite(t)
	for _, spellings := range [][]string{{"Tafraoute", "tafraout", "تافراوت"}, {"Tiznit", "تيزنيت"}, {"Taroudannt", "taroudant", "تارودانت"}, {"Souss-Massa", "سوس ماسة"}} {
		want, _ := hits(t, home, spellings[0])
		for _, other := range spellings[1:] {
			if got, _ := hits(t, home, other); !slices.Equal(got, want) {
				t.Errorf("%s finds %q\n%s finds %q", spellings[0], want, other, got)
			}
		}
	}
	// What touches the place is part of the answer, though it doesn't name it.
	if all, body := hits(t, home, "Ammelne"); !slices.Contains(all, "agreements/tiznit-ameln-craft-projects") || !strings.Contains(body, "<mark>") {
		t.Errorf("Ammelne finds %q", all)
	}
}

// TestSearchSaysWhy has the field and the words met.
func TestSearchSaysWhy(t *testing.T) {
	home := startSite(t)
	for query, want := range map[string]string{
		"tapis":                `Contrat-programme de relance du <mark>tapis</mark> rural`,
		"المالية":              `nom : <bdi lang="ar" dir="rtl">وزارة <mark>المالية</mark></bdi>`,
		"electricite":          `réseaux : <bdi lang="fr" dir="ltr"><mark>électricité</mark></bdi>`,
		"Ministry of Finance":  `partie : `,
		"province de Tiznit":   `concerne ce lieu`,
		"الصناعة <b>التقليدية": `<mark>الصناعة</mark> <mark>التقليدية</mark>`,
	} {
		if _, body := hits(t, home, query); !strings.Contains(blanks.ReplaceAllString(body, " "), want) {
			t.Errorf("%s: the page lacks %s", query, want)
		}
	}
}

// TestNothingFoundHelpsOn leads to shorter queries and to places of a similar name.
func TestNothingFoundHelpsOn(t *testing.T) {
	home := startSite(t)
	for query, want := range map[string][]string{
		"zzzzzz":           {"Rien ne correspond", "Mot absent du registre", "Parcourir la carte"},
		"poterie zzzzzz":   {"zzzzzz", `href="/fr/search?q=poterie"`},
		"poterie tafraout": {"Rien ne correspond", `href="/fr/search?q=poterie"`, `href="/fr/search?q=tafraout"`, "communes/09.581.01.05"},
		"Tafrawtine":       {"Tafraout"},
	} {
		_, body := hits(t, home, query)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: the page lacks %s", query, w)
			}
		}
	}
}

// TestHostileSearches: whatever is typed is answered or refused in words, and never an error of ours.
func TestHostileSearches(t *testing.T) {
	home := startSite(t)
	for _, q := range []string{`"`, `""`, `"zone`, `zone" OR "1`, "NEAR(zone laou, 3)", "-zone", "^zone", "words:zone", "*", "()", "'", ";--", "%", "_", "\\", "!!!???…", "—", "\u200f", "\x00", "zone\x00",
		"\xff\xfe", "<script>alert(1)</script>", "{{.Query}}", "و", "ال", "l'", "a a a a a a a a a a a a", "½ ﷺ 𝒜", strings.Repeat("a", 200), strings.Repeat("é", 100), strings.Repeat("a", 10_000), strings.Repeat(`"`, 10_000)} {
		for _, path := range []string{"/fr/search?q=", "/ar/search/suggest?q="} {
			res, body := get(t, home+path+url.QueryEscape(q))
			if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusBadRequest && res.StatusCode != http.StatusRequestURITooLong && res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s%.40q: status %d", path, q, res.StatusCode)
			}
			if strings.Contains(body, "<script>alert") || strings.Contains(body, "⟦") {
				t.Errorf("%s%.40q: is in the page as it is", path, q)
			}
		}
	}
}

func TestSuggestionsOverHTTP(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct{ lang, typed, first, note, status string }{
		{"fr", "tafra", "Tafraout", "Tiznit", "propositions"},
		{"ar", "تافرا", "تافراوت", "تيزنيت", "اقتراحات"},
		{"en", "carpet", "Programme contract for the recovery of the rural carpet", "Agreement", "1 suggestion"},
		{"fr", "zzzzzz", "", "", "Aucune proposition"},
		{"fr", "", "", "", "Aucune proposition"},
	} {
		res, body := get(t, home+"/"+tc.lang+"/search/suggest?q="+url.QueryEscape(tc.typed))
		var got struct {
			Status  string
			Options []struct{ Text, Lang, Dir, Note, Href string }
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || res.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%s: %v: %.200s", tc.typed, err, body)
		}
		if !strings.Contains(got.Status, tc.status) || len(got.Options) > 8 || (tc.first == "") != (len(got.Options) == 0) {
			t.Errorf("%s: %+v", tc.typed, got)
			continue
		}
		if tc.first == "" {
			continue
		}
		o := got.Options[0]
		if o.Text != tc.first || !strings.Contains(o.Note, tc.note) || !strings.HasPrefix(o.Href, "/"+tc.lang+"/") {
			t.Errorf("%s: first is %+v", tc.typed, o)
		}
		if page, _ := get(t, home+o.Href); page.StatusCode != http.StatusOK {
			t.Errorf("%s leads to %s: %d", tc.typed, o.Href, page.StatusCode)
		}
	}
	if res, _ := get(t, home+"/fr/search/suggest?colour=blue"); res.StatusCode != http.StatusBadRequest {
		t.Error(fmt.Sprint("an unknown parameter gives ", res.StatusCode))
	}
}

// What nobody finds is noted, so that the registry's keepers learn what it lacks; what somebody finds is nobody's business.
func TestSearchWithoutAnswerIsLogged(t *testing.T) {
	var log bytes.Buffer
	home := startSiteTo(t, &log, nil)
	for _, q := range []string{"zzzzzz", "Tafraout"} {
		get(t, home+"/fr/search?q="+q)
	}
	if s := log.String(); !strings.Contains(s, `query=zzzzzz`) || strings.Contains(s, "query=Tafraout") {
		t.Errorf("the log says %s", s)
	}
}
