package httpapi

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// revisionsOnPage bounds a page of revisions.
const revisionsOnPage = 100

// revision is one version of a record: who published it, when, why, and what it changed.
type revision struct {
	ID        registry.ID   `json:"id"`
	Type      registry.Type `json:"type"`
	Number    int           `json:"revision"`
	Published string        `json:"published"`
	Author    string        `json:"author"` // a role or the program, not a person
	Reason    string        `json:"reason"`
	Previous  string        `json:"previous,omitempty"`
	Hash      string        `json:"hash"`
	Changes   []difference  `json:"changes"`
}

// difference is one value that two versions have differently; null stands for none.
type difference struct {
	Path   string `json:"path"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// revisions is the document of a history.
type revisions struct {
	ID        registry.ID   `json:"id,omitempty"`
	Type      registry.Type `json:"type,omitempty"`
	Revisions []revision    `json:"revisions"`
	credit
	Links []link `json:"links"`
}

// historyFile answers /history/{id}.json: every revision of a record, newest first, or what two of them have differently.
func (s *Server) historyFile(c *fiber.Ctx) error {
	id, isJSON := strings.CutSuffix(httpserve.PathParam(c, "file"), ".json")
	if !isJSON || !registry.ID(id).Valid() {
		return notFound("file", id, "the id of a record and .json")
	}
	p, err := httpserve.Query(c, "from", "to", "before", recorded)
	if err != nil {
		return err
	}
	if s, err = s.asked(c.UserContext(), p); err != nil {
		return err
	}
	x, err := s.Store.Record(c.UserContext(), registry.ID(id))
	if err != nil {
		return err
	}
	path := "/history/" + id
	if p.Has("from") || p.Has("to") {
		return s.compare(c, p, x)
	}
	d, err := s.history(c, p, registry.RevisionQuery{Records: []registry.ID{x.ID()}}, path)
	if err != nil {
		return err
	}
	d.ID, d.Type = x.ID(), x.Record.Head().Type
	return s.sendJSON(c, mimeJSON, d)
}

// changes answers /changes.json: the newest revisions of the whole registry.
func (s *Server) changes(c *fiber.Ctx) error {
	p, err := httpserve.Query(c, "before", recorded)
	if err != nil {
		return err
	}
	if s, err = s.asked(c.UserContext(), p); err != nil {
		return err
	}
	d, err := s.history(c, p, registry.RevisionQuery{}, "/changes")
	if err != nil {
		return err
	}
	return s.sendJSON(c, mimeJSON, d)
}

// history reads one page of revisions, newest first.
func (s *Server) history(c *fiber.Ctx, p httpserve.Params, q registry.RevisionQuery, path string) (revisions, error) {
	d := revisions{Revisions: []revision{}, credit: credits()}
	if p.Has("before") {
		n, err := strconv.ParseInt(p["before"], 10, 64)
		if err != nil || n < 1 {
			return d, &registry.Error{Code: registry.Invalid, Message: "The page can't be found.", Param: "before", Got: p["before"], Takes: "what a next link holds"}
		}
		q.After = n
	}
	q.Limit = revisionsOnPage + 1
	entries, err := registry.History(c.UserContext(), s.Store, q)
	if err != nil {
		return d, err
	}
	d.Links = append([]link{{Href: s.BaseURL + path + ".json", Rel: "self", Type: mimeJSON}}, s.pageLinks(path)...)
	if len(entries) > revisionsOnPage {
		entries = entries[:revisionsOnPage]
		d.Links = append(d.Links, link{Href: fmt.Sprintf("%s%s.json?before=%d", s.BaseURL, path, entries[revisionsOnPage-1].Seq), Rel: "next", Type: mimeJSON})
	}
	for _, e := range entries {
		d.Revisions = append(d.Revisions, newRevision(e))
	}
	return d, nil
}

func newRevision(e registry.HistoryEntry) revision {
	return revision{
		ID: e.Record.Head().ID, Type: e.Record.Head().Type, Number: e.Number, Published: e.At.UTC().Format(time.RFC3339Nano),
		Author: e.Author, Reason: e.Reason, Previous: e.Previous, Hash: e.Hash, Changes: differences(e.Differences()),
	}
}

func differences(found []registry.Difference) []difference {
	out := []difference{}
	for _, d := range found {
		out = append(out, difference{d.Pointer, d.Before, d.After})
	}
	return out
}

// compare answers for two versions of a record.
func (s *Server) compare(c *fiber.Ctx, p httpserve.Params, x registry.Stored) error {
	from, err := p.Int("from", 1, 1, x.Revision)
	if err != nil {
		return err
	}
	to, err := p.Int("to", x.Revision, 1, x.Revision)
	if err != nil {
		return err
	}
	found, err := s.Store.Revisions(c.UserContext(), registry.RevisionQuery{Records: []registry.ID{x.ID()}, Numbers: []int{from, to}})
	if err != nil {
		return err
	}
	byNumber := map[int]registry.PublishedRevision{}
	for _, r := range found {
		byNumber[r.Number] = r
	}
	before, after := byNumber[from], byNumber[to]
	if before.Record == nil || after.Record == nil {
		return notFound("version", p["from"]+" to "+p["to"], "the numbers of two versions of the record")
	}
	path := "/history/" + string(x.ID())
	query := fmt.Sprintf("?from=%d&to=%d", from, to)
	return s.sendJSON(c, mimeJSON, struct {
		ID      registry.ID   `json:"id"`
		Type    registry.Type `json:"type"`
		From    int           `json:"from"`
		To      int           `json:"to"`
		Changes []difference  `json:"changes"`
		credit
		Links []link `json:"links"`
	}{x.ID(), x.Record.Head().Type, from, to, differences(registry.Differences(before.Record, after.Record)), credits(),
		append([]link{{Href: s.BaseURL + path + ".json" + query, Rel: "self", Type: mimeJSON}}, s.pageLinks(path+query)...)})
}
