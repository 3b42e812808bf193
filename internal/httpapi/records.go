package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/edtf"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// encodeJSON writes a value without escaping HTML: nothing here is put into a page.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// appendText appends a text as encodeJSON writes it.
func appendText(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			raw, err := encodeJSON(s)
			if err != nil {
				panic(err) // a text has a JSON form
			}
			return append(out, raw...)
		}
	}
	out = append(append(out, '"'), s...)
	return append(out, '"')
}

// appendLinks appends links as encodeJSON writes them. A page has more of them than features, and reflection takes longer than the features do.
func appendLinks(out []byte, links []link) []byte {
	if links == nil {
		return append(out, "null"...)
	}
	out = append(out, '[')
	for i, l := range links {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendText(append(out, `{"href":`...), l.Href)
		out = appendText(append(out, `,"rel":`...), l.Rel)
		for _, m := range []struct{ begin, value string }{{`,"type":`, l.Type}, {`,"title":`, l.Title}, {`,"hreflang":`, l.HrefLang}} {
			if m.value != "" {
				out = appendText(append(out, m.begin...), m.value)
			}
		}
		if l.Templated {
			out = append(out, `,"templated":true`...)
		}
		out = append(out, '}')
	}
	return append(out, ']')
}

func (s *Server) sendJSON(c *fiber.Ctx, contentType string, v any) error {
	body, err := encodeJSON(v)
	if err != nil {
		return err
	}
	return httpserve.Send(c, httpserve.Payload{ContentType: contentType, Body: append(body, '\n')})
}

// document is a record whole: what the page of it says, for programs.
type document struct {
	ID       registry.ID   `json:"id"`
	Type     registry.Type `json:"type"`
	AsOf     edtf.Day      `json:"as_of,omitempty"`
	Recorded string        `json:"recorded,omitempty"` // the moment asked for: whatever was published later isn't in the document
	Revision int           `json:"revision"`
	Updated  string        `json:"updated"`
	Hash     string        `json:"hash"`
	// Amended says that Record is not what was first published: an amendment is in force on the day.
	Amended    *bool           `json:"amended,omitempty"`
	Record     json.RawMessage `json:"record"`
	Places     []place         `json:"places"`
	Amendments []amendment     `json:"amendments,omitempty"`
	Sites      []document      `json:"sites,omitempty"`
	Events     []registry.ID   `json:"events,omitempty"`
	ListedBy   []registry.ID   `json:"listed_by,omitempty"`
	credit
	Links []link `json:"links,omitempty"`
}

// place is the gazetteer's answer for a written place of the record.
type place struct {
	Pointer    string               `json:"pointer"`
	Match      registry.PlaceMatch  `json:"match"`
	Similar    bool                 `json:"matched_by_similarity,omitempty"`
	Code       *registry.PlaceCode  `json:"code"`
	Name       *string              `json:"name"`
	NameAR     *string              `json:"name_ar"`
	Candidates []registry.PlaceCode `json:"candidates,omitempty"`
}

// amendment is one link of an agreement's chain and what it does on the day.
type amendment struct {
	ID        registry.ID    `json:"id"`
	Number    int            `json:"number,omitempty"`
	Titles    registry.Texts `json:"titles"`
	Articles  []string       `json:"articles,omitempty"`
	Effective *string        `json:"effective"`
	Force     registry.Force `json:"force"`
	Changes   []change       `json:"changes"`
}

// change is one value that an amendment sets.
type change struct {
	Record  registry.ID     `json:"record"`
	Path    string          `json:"path"`
	Article string          `json:"article,omitempty"`
	Before  json.RawMessage `json:"before"`
	After   json.RawMessage `json:"after"`
}

// newDocument puts a record as it stands into a document.
func (s *Server) newDocument(x registry.Stored, as registry.Record) (document, error) {
	raw, err := registry.Canonical(as)
	d := document{
		ID: x.ID(), Type: as.Head().Type, Revision: x.Revision, Updated: x.Updated.UTC().Format(time.RFC3339), Hash: x.Hash,
		Record: raw, Places: []place{}, credit: credits(),
	}
	for _, p := range x.Places {
		out := place{Pointer: p.Pointer, Match: p.Match, Similar: p.Similar, Candidates: p.Candidates}
		if unit, ok := s.Places.Place(p.Code); ok {
			out.Code, out.Name, out.NameAR = &unit.Code, &unit.NameFR, &unit.NameAR
		}
		d.Places = append(d.Places, out)
	}
	return d, err
}

// recordFile answers /agreements/{id}.json and its sisters.
func (s *Server) recordFile(t registry.Type) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, isJSON := strings.CutSuffix(httpserve.PathParam(c, "file"), ".json")
		if !isJSON || !registry.ID(id).Valid() {
			return notFound("file", id, "the id of a record and .json")
		}
		dated := t == registry.TypeAgreement || t == registry.TypeSite
		allowed := []string{recorded}
		if dated {
			allowed = append(allowed, asOf)
		}
		p, err := httpserve.Query(c, allowed...)
		if err != nil {
			return err
		}
		s, err := s.asked(c.UserContext(), p)
		if err != nil {
			return err
		}
		day, err := registry.DayAsked(p[asOf], s.Now())
		if err != nil {
			return err
		}
		d, err := s.document(c, registry.ID(id), t, day)
		if err != nil {
			return err
		}
		if p.Has(recorded) {
			d.Recorded = s.Now().Format(time.RFC3339Nano)
		}
		path := "/" + t.Plural() + "/" + id
		d.Links = append([]link{{Href: s.BaseURL + path + ".json", Rel: "self", Type: mimeJSON}}, s.pageLinks(path)...)
		return s.sendJSON(c, mimeJSON, d)
	}
}

// document reads the record and what belongs to it.
func (s *Server) document(c *fiber.Ctx, id registry.ID, t registry.Type, day edtf.Day) (document, error) {
	ctx := c.UserContext()
	switch t {
	case registry.TypeAgreement:
		v, err := registry.AgreementOn(ctx, s.Store, id, day)
		if err != nil {
			return document{}, err
		}
		return s.agreement(v)
	case registry.TypeSite:
		x, err := registry.RecordOf[*registry.Site](ctx, s.Store, id)
		if err != nil {
			return document{}, err
		}
		sites, err := registry.SitesOn(ctx, s.Store, []registry.Stored{x}, day)
		if err != nil {
			return document{}, err
		}
		return s.dated(sites[0], day)
	}
	x, err := s.Store.Record(ctx, id)
	if err != nil {
		return document{}, err
	}
	if x.Record.Head().Type != t {
		return document{}, notFound(string(t), string(id), "the id of a record of type "+string(t))
	}
	return s.newDocument(x, x.Record)
}

// dated is a record on a day.
func (s *Server) dated(x registry.Dated, day edtf.Day) (document, error) {
	d, err := s.newDocument(x.Stored, x.State.Record)
	amended := len(x.State.Applied) > 0
	d.AsOf, d.Amended = day, &amended
	return d, err
}

// agreement is an agreement with its chain, sites and what tells of it.
func (s *Server) agreement(v registry.AgreementView) (document, error) {
	d, err := s.dated(v.Dated, v.Day)
	if err != nil {
		return d, err
	}
	all := append([]registry.AppliedChange{}, v.State.Applied...)
	all = append(all, v.State.Possible...)
	for _, x := range v.Sites {
		site, err := s.dated(x, v.Day)
		if err != nil {
			return d, err
		}
		all = append(append(all, x.State.Applied...), x.State.Possible...)
		*d.Amended = *d.Amended || *site.Amended
		d.Sites = append(d.Sites, site)
	}
	for _, x := range v.Amendments {
		a := x.Amendment()
		out := amendment{ID: a.ID, Number: a.Number, Titles: a.Titles, Articles: a.Articles, Force: x.Force, Changes: []change{}}
		if text := a.Effective.String(); text != "" {
			out.Effective = &text
		}
		for _, ch := range all {
			if ch.Amendment == a.ID {
				out.Changes = append(out.Changes, change{ch.Record, ch.Path, ch.Article, ch.Before, ch.After})
			}
		}
		*d.Amended = *d.Amended || x.Force == registry.ForceCertain
		d.Amendments = append(d.Amendments, out)
	}
	for _, x := range v.Events {
		d.Events = append(d.Events, x.ID())
	}
	for _, x := range v.Announcements {
		d.ListedBy = append(d.ListedBy, x.ID())
	}
	return d, nil
}
