package web

import (
	"regexp"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// placeForm is what a place code looks like.
var placeForm = regexp.MustCompile(`^[0-9]{2}(\.[0-9]{1,3}){0,4}$`)

// chooseLanguage sends a visitor of the bare address to the first page in their language.
func (s *Server) chooseLanguage(c *fiber.Ctx) error {
	c.Vary(fiber.HeaderAcceptLanguage)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	return c.Redirect("/"+string(langOf(c))+"/", fiber.StatusFound)
}

func (s *Server) getBackground(c *fiber.Ctx) error {
	return httpserve.Send(c, httpserve.Payload{ContentType: "application/geo+json", Body: s.background, CacheControl: "public, max-age=86400"})
}

func (s *Server) getHome(c *fiber.Ctx) error {
	r, err := s.read(c, sortParam)
	if err != nil {
		return err
	}
	view, err := r.homeView(s.Tiles)
	if err != nil {
		return err
	}
	return s.send(c, r, "home", Page{
		Title: r.say("home.title"), Description: r.say("site.description"), View: view, Scripts: []string{"js/area-map.js", "js/facts.js"}, IsHome: true,
		Data: []Alternate{{Href: "/api/collections/agreements/items?f=geojson", Type: "application/geo+json"}},
	})
}

// readList starts the reading of a filtered list. done is true when the visitor was sent to the plainer address of the same list.
func (s *Server) readList(c *fiber.Ctx, set filterSet) (r *reading, done bool, err error) {
	if r, err = s.read(c, set.params()...); err != nil {
		return nil, false, err
	}
	for _, value := range r.q {
		if value == "" { // a form sends its empty fields too; the address bar shows what was chosen and no more
			return nil, true, c.Redirect(withMoment(set.address(r.lang, r.q), r.moment), fiber.StatusSeeOther)
		}
	}
	return r, false, r.checkFilters(set, r.q)
}

func (s *Server) getExplorer(c *fiber.Ctx) error {
	r, done, err := s.readList(c, siteFilters)
	if err != nil || done {
		return err
	}
	view, err := r.explorerView(r.q, s.Tiles)
	if err != nil {
		return err
	}
	p := Page{Title: r.say("explorer.title"), Description: r.say("explorer.lead"), View: view, NoIndex: len(r.q) > 0,
		Scripts: []string{"js/explorer-map.js", "js/facts.js"}, Subject: explorerSubject, Cited: r.citedSources()}
	if view.Download != "" {
		p.Data = []Alternate{{Href: view.Download, Type: "application/geo+json"}}
	}
	return s.send(c, r, "explorer", p)
}

func (s *Server) getAgreements(c *fiber.Ctx) error {
	r, done, err := s.readList(c, agreementFilters)
	if err != nil || done {
		return err
	}
	view, err := r.agreementListView()
	if err != nil {
		return err
	}
	return s.send(c, r, "agreements", Page{Title: r.say("agreements.title"), Description: r.say("agreements.lead"), View: view, NoIndex: len(r.q) > 0, Scripts: []string{"js/facts.js"}})
}

func (s *Server) getAbout(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	return s.send(c, r, "about", Page{Title: r.say("about.title"), Description: r.say("site.description"), View: r.aboutView(s.contactLink())})
}

// AboutView is the page about the registry.
type AboutView struct {
	Glossary []Fact
	Contact  *Link // of the operator; nil when there is none
}

// glossary are the words that the pages use in a sense of their own, in the order in which they are explained.
var glossary = []string{"agreement", "framework_agreement", "programme_contract", "amendment", "party", "delegated_owner", "site", "commune", "mentioned", "not_stated", "unlocated"}

func (r *reading) aboutView(contact *Link) (v AboutView) {
	v.Contact = contact
	for _, term := range glossary {
		v.Glossary = append(v.Glossary, Fact{Label: r.say("glossary." + term), Values: []Value{r.value(r.say("glossary." + term + "_text"))}})
	}
	return v
}

func (s *Server) getComponents(c *fiber.Ctx) error {
	r, err := s.read(c, append(siteFilters.params(), asOfParam)...)
	if err != nil {
		return err
	}
	return s.send(c, r, "gallery", Page{Title: r.say("components.title"), Description: r.say("components.lead"), View: r.componentsView(), NoIndex: true,
		Scripts: []string{"js/facts.js"}, Breadcrumb: []Link{{Text: r.ours(r.say("about.title")), Href: "/" + string(r.lang) + "/about"}}})
}

// place reads the unit that an address names.
func (s *Server) place(c *fiber.Ctx, level registry.PlaceLevel) (registry.Place, error) {
	return s.placeOf(level, httpserve.PathParam(c, "code"))
}

// placeOf is the unit with a code: 400 for what is no code, 404 for a code of another level or of nothing.
func (s *Server) placeOf(level registry.PlaceLevel, code string) (registry.Place, error) {
	if !placeForm.MatchString(code) {
		return registry.Place{}, &registry.Error{Code: registry.Invalid, Message: "This is not a place code.", Param: "code", Got: code, Takes: "a census code as 09.581.01.05"}
	}
	p, ok := s.Gazetteer.Place(registry.PlaceCode(code))
	if !ok || p.Level != level {
		return registry.Place{}, &registry.Error{Code: registry.NotFound, Message: "There is no such place."}
	}
	return p, nil
}

func (s *Server) getCommune(c *fiber.Ctx) error {
	r, err := s.read(c, asOfParam)
	if err != nil {
		return err
	}
	p, err := s.place(c, registry.LevelCommune)
	if err != nil {
		return err
	}
	view, err := r.communeView(p, s.Tiles)
	if err != nil {
		return err
	}
	return s.send(c, r, "commune", Page{
		Title: view.Name + " — " + view.Kind, Description: view.Summary, Breadcrumb: r.breadcrumb(p.Code), View: view, Feeds: []Alternate{r.placeFeed(p)}, Linked: r.linkedPlace(p),
		Scripts: []string{"js/commune-map.js", "js/facts.js", "js/copy.js"}, Data: []Alternate{{Href: view.GeoJSON, Type: "application/geo+json"}},
		Subject: string(p.Code), Cited: r.citedSources(),
	})
}

func (s *Server) getArea(level registry.PlaceLevel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, err := s.read(c, asOfParam, sortParam)
		if err != nil {
			return err
		}
		p, err := s.place(c, level)
		if err != nil {
			return err
		}
		view, err := r.areaView(p, s.Tiles)
		if err != nil {
			return err
		}
		return s.send(c, r, "area", Page{
			Title: view.Name + " — " + view.Kind, Description: view.Summary, Breadcrumb: r.breadcrumb(p.Code), View: view, Feeds: []Alternate{r.placeFeed(p)}, Linked: r.linkedPlace(p),
			Scripts: []string{"js/area-map.js", "js/facts.js", "js/copy.js"}, Data: []Alternate{{Href: view.GeoJSON, Type: "application/geo+json"}},
			Subject: string(p.Code), Cited: r.citedSources(),
		})
	}
}

// record reads the record that an address names, and what it points at.
func (s *Server) record(c *fiber.Ctx, r *reading, t registry.Type) (registry.Stored, error) {
	id := registry.ID(httpserve.PathParam(c, "id"))
	if !id.Valid() {
		return registry.Stored{}, badID(id)
	}
	stored, err := r.store.Record(r.ctx, id)
	if err != nil {
		return registry.Stored{}, err
	}
	if stored.Record.Head().Type != t {
		return registry.Stored{}, noRecord(string(id))
	}
	return stored, r.follow(stored)
}

// agreement reads the agreement that an address names, for its page or for a frame.
func (s *Server) agreement(c *fiber.Ctx) (r *reading, stored registry.Stored, view AgreementView, err error) {
	if r, err = s.read(c, asOfParam); err != nil {
		return r, stored, view, err
	}
	if stored, err = s.record(c, r, registry.TypeAgreement); err != nil {
		return r, stored, view, err
	}
	view, err = r.agreementView(stored, s.Tiles)
	return r, stored, view, err
}

func (s *Server) getAgreement(c *fiber.Ctx) error {
	r, stored, view, err := s.agreement(c)
	if err != nil {
		return err
	}
	page := r.recordPage(stored, view.RecordHead, view)
	page.Description = view.Sentence
	if view.Map != nil {
		page.Scripts = append(page.Scripts, "js/commune-map.js")
	}
	if r.asOf {
		page.Data[0].Href += "?as-of=" + string(r.day)
	}
	return s.send(c, r, "agreement", page)
}

// recordPage is the frame of a record's page.
func (r *reading) recordPage(stored registry.Stored, head RecordHead, view any) Page {
	p := Page{Title: head.Title.Text, Description: head.Kind + " — " + head.Title.Text, View: view, Scripts: []string{"js/facts.js", "js/copy.js"}, Data: []Alternate{{Href: head.JSON, Type: "application/json"}}, Feeds: []Alternate{r.recordFeed(stored.Record)}, Linked: head.Linked,
		Subject: string(stored.ID()), Cited: r.citedSources()}
	p.Breadcrumb = []Link{{Text: r.ours(r.say("place.country")), Href: "/" + string(r.lang) + "/"}}
	if found := stored.Resolution("/place"); found.Match.Located() {
		p.Breadcrumb = append(r.breadcrumb(found.Code), r.placeLink(found.Code))
	}
	return p
}

// getRecord answers for the records that are told as facts and lists.
func (s *Server) getRecord(t registry.Type) fiber.Handler {
	var allowed []string
	if t == registry.TypeSite { // amendments change agreements and sites, nothing else
		allowed = []string{asOfParam}
	}
	return func(c *fiber.Ctx) error {
		r, err := s.read(c, allowed...)
		if err != nil {
			return err
		}
		stored, err := s.record(c, r, t)
		if err != nil {
			return err
		}
		var view RecordView
		switch t {
		case registry.TypeAmendment:
			view, err = r.amendmentView(stored)
		case registry.TypeSite:
			view, err = r.siteView(stored, s.Tiles)
		case registry.TypeOrganisation:
			view, err = r.organisationView(stored)
		case registry.TypeProgramme:
			view, err = r.programmeView(stored)
		case registry.TypeEvent:
			view, err = r.eventView(stored)
		}
		if err != nil {
			return err
		}
		page := r.recordPage(stored, view.RecordHead, view)
		if view.Map != nil {
			page.Scripts = append(page.Scripts, "js/commune-map.js")
		}
		return s.send(c, r, "record", page)
	}
}

func (s *Server) getAnnouncement(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	stored, err := s.record(c, r, registry.TypeAnnouncement)
	if err != nil {
		return err
	}
	view, err := r.announcementView(stored)
	if err != nil {
		return err
	}
	return s.send(c, r, "announcement", r.recordPage(stored, view.RecordHead, view))
}

func (s *Server) getSource(c *fiber.Ctx) error {
	r, err := s.read(c)
	if err != nil {
		return err
	}
	stored, err := s.record(c, r, registry.TypeSource)
	if err != nil {
		return err
	}
	view, err := r.sourceView(stored)
	if err != nil {
		return err
	}
	return s.send(c, r, "source", r.recordPage(stored, view.RecordHead, view))
}
