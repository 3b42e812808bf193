package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The facts of the four stories, one by one, as a program and a reader get them.
func TestStories(t *testing.T) {
	s := start(t, true)

	t.Run("Tiznit announces nine, and nine are listed beside the uncounted ones", func(t *testing.T) {
		a := s.json(t, "/announcements/announce-tiznit-nine-agreements.json")
		a.want("/record/claimed", "exact 9 count")
		a.want("/record/parties/0/representative", "Lahcen Saadi")
		a.want("/record/date", "nothing")
		lists := a.at("/record/lists").([]any)
		agreements, several, amendments := 0, 0, 0
		for _, id := range lists {
			if strings.HasPrefix(id.(string), "amend-") {
				amendments++
				continue
			}
			x := s.json(t, "/agreements/"+id.(string)+".json")
			x.want("/record/documentation", "documented")
			if x.at("/record/several") == true {
				several++
				continue
			}
			agreements++
		}
		if agreements != 7 || amendments != 2 || several != 1 {
			t.Errorf("lists %d agreements, %d amendments and %d uncounted", agreements, amendments, several)
		}
		body, _ := s.get(t, "/fr/announcements/announce-tiznit-nine-agreements", http.StatusOK)
		for _, words := range []string{"9", "7", "2", "avenants"} {
			if !strings.Contains(string(body), words) {
				t.Errorf("the page of the announcement doesn't say %q", words)
			}
		}
	})

	t.Run("Tiznit, no date is stored", func(t *testing.T) {
		for _, id := range []string{"tiznit-jewellery-framework", "tiznit-sidi-bou-abdelli-exhibition-space", "tiznit-aouartas-craft-zone",
			"tiznit-tafraout-market-rehabilitation", "tiznit-tafraout-exhibition-space", "tiznit-ameln-craft-projects", "tiznit-social-economy-house"} {
			x := s.json(t, "/agreements/"+id+".json")
			if dates := x.each("/record/steps", "/date"); slices.ContainsFunc(dates, func(d string) bool { return d != "nothing" }) {
				t.Errorf("%s has dates %v", id, dates)
			}
			if kinds := x.each("/record/steps", "/kind"); !slices.Contains(kinds, "signed") {
				t.Errorf("%s: steps %v", id, kinds)
			}
		}
	})

	t.Run("the jewellery framework lists eight names as printed, and says that there may be more", func(t *testing.T) {
		x := s.json(t, "/agreements/tiznit-jewellery-framework.json")
		x.want("/record/kind", "framework_agreement")
		x.want("/record/parties_incomplete", "true")
		names := x.each("/record/parties", "/name_as_written")
		if len(names) != 8 || !slices.Contains(names, "la Direction générale des douanes et impôts indirects") && !slices.Contains(names, "Direction générale des douanes et impôts indirects") {
			t.Errorf("parties: %q", names)
		}
		body, _ := s.get(t, "/fr/agreements/tiznit-jewellery-framework", http.StatusOK)
		if !strings.Contains(string(body), "Université des Chambres de l’artisanat") {
			t.Error("the page doesn't print the name as written")
		}
	})

	t.Run("Aouartas is in no list of communes: no geometry, its spelling kept, visible as not located", func(t *testing.T) {
		x := s.json(t, "/api/collections/sites/items/site-aouartas-craft-zone")
		for pointer, want := range map[string]string{
			"/geometry": "null", "/properties/place_match": "unresolved", "/properties/location_precision": "none",
			"/properties/coordinate_uncertainty_m": "null", "/properties/place_as_written": "commune d’Aouartas",
			"/properties/commune_code": "null", "/properties/province_code": "09.581", "/properties/region_code": "09",
			"/properties/surface_m2": "1000", "/properties/surface_qualifier": "about", "/properties/shops": "25",
			"/properties/shops_created": "25", "/properties/shops_restored": "null", "/properties/works": "[creation equipment]",
			"/properties/trades": "[carpentry metalwork services]", "/properties/status": "announced",
		} {
			x.want(pointer, want)
		}
		for lang, words := range map[string]string{"fr": "Non localisés", "en": "Not located", "ar": "غير محدد"} {
			body, _ := s.get(t, "/"+lang+"/provinces/09.581", http.StatusOK)
			if !strings.Contains(string(body), "Aouartas") || !strings.Contains(strings.ToLower(string(body)), strings.ToLower(words)) {
				t.Errorf("%s: Aouartas isn't on the province's page under %q", lang, words)
			}
		}
	})

	t.Run("places meet their communes by the rules", func(t *testing.T) {
		for id, want := range map[string][3]string{
			"site-tafraout-craft-market":             {"09.581.01.05", "exact", "commune de Tafraout"},
			"site-ameln-exhibition-space":            {"09.581.09.05", "alias", "commune d’Ameln"},
			"site-sidi-bou-abdelli-exhibition-space": {"09.581.11.13", "", "commune de Sidi Bou Abdelli"},
			"site-anzi-craft-complex":                {"09.581.03.03", "exact", "commune d’Anzi"},
			"site-tiznit-pottery-complex":            {"09.581.01.07", "exact", "Tiznit"},
		} {
			x := s.json(t, "/api/collections/sites/items/"+id)
			x.want("/properties/commune_code", want[0])
			if want[1] != "" {
				x.want("/properties/place_match", want[1])
			}
			if got := x.at("/properties/place_as_written").(string); !strings.Contains(got, want[2]) {
				t.Errorf("%s: place as written %q", id, got)
			}
			x.want("/properties/location_precision", "commune")
			x.want("/geometry/type", "Point")
			if x.at("/properties/coordinate_uncertainty_m") == nil {
				t.Errorf("%s: a commune's point without its radius", id)
			}
		}
	})

	t.Run("Tafraout: fifteen premises to restore, three networks, a second accord in the same commune", func(t *testing.T) {
		x := s.json(t, "/api/collections/sites/items/site-tafraout-craft-market")
		x.want("/properties/shops_restored", "15")
		x.want("/properties/shops_created", "null")
		x.want("/properties/utilities", "[water electricity sewerage]")
		c := s.json(t, "/communes/09.581.01.05.geojson")
		if ids := c.each("/features", "/id"); !slices.Equal(ids, []string{"09.581.01.05", "site-tafraout-craft-market", "site-tafraout-exhibition-space"}) {
			t.Errorf("features: %v", ids)
		}
	})

	t.Run("Ameln: three works, two douars, yearly fairs with two festivals", func(t *testing.T) {
		centres := s.json(t, "/sites/site-ameln-skills-centres.json")
		if names := centres.each("/record/place/localities", "/name"); !slices.Equal(names, []string{"Askin", "Ighalen"}) {
			t.Errorf("localities %v", names)
		}
		centres.want("/record/place/localities/0/kind", "douar")
		centres.want("/record/figures/0/value", "2")
		fairs := s.json(t, "/events/event-ameln-annual-fairs.json")
		fairs.want("/record/recurrence", "annual")
		fairs.want("/record/along_with_incomplete", "true")
		if got := plainText(fairs.at("/record/along_with")); !strings.Contains(got, "Festival Tifawin") || !strings.Contains(got, "Festival de l’Amande") {
			t.Errorf("festivals: %s", got)
		}
		a := s.json(t, "/agreements/tiznit-ameln-craft-projects.json")
		if n := len(a.at("/sites").([]any)); n != 2 {
			t.Errorf("%d sites", n)
		}
		a.want("/events", "[event-ameln-annual-fairs]")
	})

	t.Run("Tiznit: the house of the social economy and its centre", func(t *testing.T) {
		s.json(t, "/agreements/tiznit-social-economy-house.json").want("/record/kind", "specific_agreement")
		x := s.json(t, "/sites/site-tiznit-social-economy-house.json")
		x.want("/record/kind", "social_economy_house")
		if got := plainText(x.at("/record/place/localities/0/name")); !strings.Contains(got, "Haj Mohammed Bourkous") {
			t.Errorf("locality %s", got)
		}
	})

	t.Run("the two amendments change agreements that are only mentioned", func(t *testing.T) {
		anzi := s.json(t, "/amendments/amend-tiznit-anzi-craft-complex.json")
		anzi.want("/record/articles", "[3]")
		anzi.want("/record/effective", "nothing")
		pottery := s.json(t, "/amendments/amend-tiznit-pottery-complex.json")
		pottery.want("/record/articles", "nothing")
		pottery.want("/record/kinds", "[technical administrative]")
		for _, x := range []tree{anzi, pottery} {
			target := x.at("/record/target").(string)
			a := s.json(t, "/agreements/"+target+".json")
			a.want("/record/documentation", "mentioned")
			a.want("/amendments/0/force", "possible")
			body, _ := s.get(t, "/fr/agreements/"+target, http.StatusOK)
			if !strings.Contains(string(body), "connu seulement") && !strings.Contains(string(body), "connu que par") {
				t.Errorf("the page of %s doesn't say that it is only mentioned", target)
			}
		}
	})

	t.Run("agreements with associations: one record that says they are several", func(t *testing.T) {
		x := s.json(t, "/agreements/souss-massa-associations-support.json")
		x.want("/record/several", "true")
		x.want("/record/scope", "region")
		x.want("/places/0/code", "09")
		x.want("/record/parties/0/name_as_written", "associations locales")
	})

	t.Run("Chefchaouen: one record, two languages of sources", func(t *testing.T) {
		x := s.json(t, "/agreements/chefchaouen-craft-technical-assistance.json")
		x.want("/record/kind", "technical_assistance")
		x.want("/record/duration", "2015-09/2016-03")
		sources := x.each("/record/statements", "/source")
		if !slices.Contains(sources, "src-chefchaouen-assistance-fr") || !slices.Contains(sources, "src-chefchaouen-assistance-en") {
			t.Error("one of the two sources supports nothing")
		}
		roles := map[string]int{}
		for _, role := range x.each("/record/parties", "/role") {
			roles[role]++
		}
		if roles["funder"] != 3 || roles["partner"] != 3 || roles["local_partner"] != 2 {
			t.Errorf("roles %v", roles)
		}
		if n := len(x.at("/record/components").([]any)); n != 3 {
			t.Errorf("%d outputs", n)
		}
		visit := s.json(t, "/events/event-chefchaouen-study-visit.json")
		if got := visit.each("/record/occurrences", "/date"); !slices.Equal(got, []string{"2015-09-10", "2015-09-11"}) {
			t.Errorf("dates %v", got)
		}
		if got := visit.each("/record/occurrences", "/place/country"); !slices.Equal(got, []string{"TN", "TN"}) {
			t.Errorf("countries %v", got)
		}
		if got := visit.each("/record/occurrences", "/place/name"); !slices.Equal(got, []string{"Tunis", "Sousse"}) {
			t.Errorf("cities %v", got)
		}
		if values, countries := visit.each("/record/figures", "/value"), visit.each("/record/figures", "/country"); !slices.Equal(values, []string{"5", "3"}) || !slices.Equal(countries, []string{"MA", "TN"}) {
			t.Errorf("cities: %v of %v", values, countries)
		}
		s.json(t, "/organisations/org-union-des-artisans.json").want("/record/founded", "2016-03-04")
		training := s.json(t, "/events/event-chefchaouen-training.json")
		training.want("/record/figures/0/value", "50")
		training.want("/record/figures/0/qualifier", "nearly")
		c := s.json(t, "/api/collections/agreements/items?commune_code=01.151.01.01")
		c.want("/numberReturned", "1")
	})

	t.Run("Taroudant: a strategy of 93 actions in seven axes, a pilot project, projects in named quarters", func(t *testing.T) {
		p := s.json(t, "/programmes/prog-taroudant-medina-strategy.json")
		if n := len(p.at("/record/axes").([]any)); n != 7 {
			t.Errorf("%d axes", n)
		}
		p.want("/record/figures/0/value", "93")
		if kinds, dates := p.each("/record/steps", "/kind"), p.each("/record/steps", "/date"); !slices.Equal(kinds, []string{"launched", "presented"}) || !slices.Equal(dates, []string{"2017-07-11", "2019-01-04"}) {
			t.Errorf("steps %v %v", kinds, dates)
		}
		pilot := s.json(t, "/programmes/prog-jamaa-mouwatena.json")
		if n := len(pilot.at("/record/axes").([]any)); n != 3 {
			t.Errorf("%d axes of the pilot project", n)
		}
		figures := map[string]string{}
		values := pilot.each("/record/figures", "/value")
		for i, m := range pilot.each("/record/figures", "/measure") {
			figures[m] = values[i]
		}
		if figures["meetings"] != "30" || figures["beneficiaries"] != "184" || figures["pilot_communes"] != "10" {
			t.Errorf("figures %v", figures)
		}
		a := s.json(t, "/agreements/taroudant-giz-cooperation.json")
		a.want("/record/steps/0/date", "2016-02")
		all := plainText(a.at("/record/components"))
		for _, name := range []string{"Derb Jdid", "Talmqalat", "Benayara", "Sidi Belkas", "Darb Al Afou", "Assarag"} {
			if !strings.Contains(all, name) {
				t.Errorf("%s isn't named", name)
			}
		}
		s.json(t, "/events/event-taroudant-participation-charter-adoption.json").want("/record/kind", "adoption")
		c := s.json(t, "/api/collections/agreements/items?commune_code=09.541.01.13")
		c.want("/numberReturned", "1")
	})

	t.Run("the national strategy: five axes, three phases, three contracts of a year that is only implied", func(t *testing.T) {
		p := s.json(t, "/programmes/prog-craft-strategy-2021-2030.json")
		if axes, phases := len(p.at("/record/axes").([]any)), len(p.at("/record/phases").([]any)); axes != 5 || phases != 3 {
			t.Errorf("%d axes, %d phases", axes, phases)
		}
		p.want("/record/phases/0/period", "2021/2022")
		p.want("/record/scope", "country")
		c := s.json(t, "/api/collections/agreements/items?kind=programme_contract")
		c.want("/numberReturned", "3")
		for _, signed := range c.each("/features", "/properties/signed") {
			if signed != "2021?-07-26" {
				t.Errorf("signed %s", signed)
			}
		}
		for _, g := range c.each("/features", "/geometry") {
			if g != "null" {
				t.Errorf("a national contract has the geometry %s", g)
			}
		}
		s.json(t, "/agreements/craft-contract-rural-carpet.json").want("/record/programmes/0/phase", "1")
		src := s.json(t, "/sources/src-craft-strategy-press-fr.json")
		src.want("/record/page_date", "2025-12-22")
		src.want("/record/published", "nothing")
		body, _ := s.get(t, "/fr/agreements/craft-contract-rural-carpet", http.StatusOK)
		if !strings.Contains(string(body), "année déduite") {
			t.Error("the page doesn't say that the year is deduced")
		}
	})

	t.Run("every value of a page opens its source", func(t *testing.T) {
		body, _ := s.get(t, "/fr/communes/09.581.01.05", http.StatusOK)
		for _, words := range []string{"/fr/sources/src-tiznit-press-fr#p", "15", "Tafraout", "تافراوت", "/communes/09.581.01.05.geojson"} {
			if !strings.Contains(string(body), words) {
				t.Errorf("the page of Tafraout doesn't have %q", words)
			}
		}
	})
}
