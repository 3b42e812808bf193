package web

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// How many revisions a page lists, and how many values of one the newest publications name.
const (
	revisionsOnPage    = 50
	changesInShortForm = 4
)

// RevisionView is one revision of a record.
type RevisionView struct {
	Anchor  string // "revision-3"
	Label   string // "Version 3"
	Record  Link
	Kind    string // of the record
	When    string
	Time    string // for programs
	Role    string
	Reason  string
	First   bool
	Changes []ChangeView
	More    string // how many changes are left out
	History string // address of this revision in the record's history
	Read    string // address of the record's page as it was
	Compare string // address of the comparison with the revision before
}

// HistoryView is the page of a record's revisions.
type HistoryView struct {
	Kind     string
	Record   Link
	Entries  []RevisionView
	Newest   int // number of the last revision
	Compared *VersionPair
	Action   string
	Back     string // to the whole history
	Older    string
	JSON     string
}

// VersionPair is two revisions side by side.
type VersionPair struct {
	From, To int
	Title    string
	Changes  []ChangeView
}

// ChangesView is the page of the newest publications.
type ChangesView struct {
	Publications []Publication
	Older, First string
	JSON         string
}

// Publication is what was published together.
type Publication struct {
	When, Time, Role, Reason string
	Tally                    string
	Entries                  []RevisionView
}

// historyHref is the address of a record's history.
func (r *reading) historyHref(id registry.ID) string {
	return "/" + string(r.lang) + "/history/" + string(id)
}

func (s *Server) getHistory(c *fiber.Ctx) error {
	r, err := s.read(c, "from", "to", "before")
	if err != nil {
		return err
	}
	id := registry.ID(httpserve.PathParam(c, "id"))
	if !id.Valid() {
		return badID(id)
	}
	stored, err := r.store.Record(r.ctx, id)
	if err != nil {
		return err
	}
	view, err := r.historyView(stored)
	if err != nil {
		return err
	}
	p := Page{Title: r.say("history.of", args{"Record": view.Record.Text.Text}), Description: view.Kind + " — " + view.Record.Text.Text, View: view, NoIndex: len(r.q) > 0,
		Data: []Alternate{{Href: view.JSON, Type: "application/json"}}, Feeds: []Alternate{r.recordFeed(stored.Record)}, Breadcrumb: []Link{{Text: r.ours(r.say("changes.title")), Href: "/" + string(r.lang) + "/changes"}, view.Record}}
	return s.send(c, r, "history", p)
}

func badID(id registry.ID) error {
	return &registry.Error{Code: registry.Invalid, Message: "This is not a record's id.", Param: "id", Got: string(id), Takes: "lower-case letters, digits and single hyphens"}
}

// historyView lists a record's revisions, newest first, or compares two.
func (r *reading) historyView(stored registry.Stored) (HistoryView, error) {
	id := stored.ID()
	r.keep(stored)
	v := HistoryView{Kind: label(r.words, "type", stored.Record.Head().Type), Record: r.linkTo(stored.Record), Newest: stored.Revision, Action: r.historyHref(id), JSON: "/history/" + string(id) + ".json"}
	if r.q.Has("from") || r.q.Has("to") {
		v.Back = v.Action
		return v, r.compare(&v, id)
	}
	before, err := seqAsked(r.q)
	if err != nil {
		return v, err
	}
	entries, older, err := r.entries(registry.RevisionQuery{Records: []registry.ID{id}, After: before})
	if err != nil {
		return v, err
	}
	for _, e := range entries {
		v.Entries = append(v.Entries, r.revisionView(e))
	}
	if older > 0 {
		v.Older = fmt.Sprintf("%s?before=%d", v.Action, older)
	}
	return v, nil
}

// seqAsked is the key of the page asked for; 0 for the first.
func seqAsked(q httpserve.Params) (int64, error) {
	if !q.Has("before") {
		return 0, nil
	}
	n, err := strconv.ParseInt(q["before"], 10, 64)
	if err != nil || n < 1 {
		return 0, &registry.Error{Code: registry.Invalid, Message: "The page can't be found.", Param: "before", Got: q["before"], Takes: "what a link to older publications holds"}
	}
	return n, nil
}

// entries reads one page of revisions and what they point at. older is the key of the next page, 0 when there is none.
func (r *reading) entries(q registry.RevisionQuery) (entries []registry.HistoryEntry, older int64, err error) {
	limit := revisionsOnPage
	if q.Limit > 0 {
		limit = q.Limit
	}
	q.Limit = limit + 1
	if entries, err = registry.History(r.ctx, r.store, q); err != nil {
		return nil, 0, err
	}
	if len(entries) > limit {
		entries = entries[:limit]
		older = entries[limit-1].Seq
	}
	return entries, older, r.knowEntries(entries...)
}

// knowEntries loads what two versions of records point at, so that it can be named.
func (r *reading) knowEntries(entries ...registry.HistoryEntry) error {
	var ids []registry.ID
	for _, e := range entries {
		ids = append(ids, e.Record.Head().ID)
		for _, record := range []registry.Record{e.Record, e.Before} {
			if record == nil {
				continue
			}
			for _, ref := range record.References() {
				ids = append(ids, ref.To)
			}
		}
	}
	return r.know(ids...)
}

// revisionView is a revision with all that it changed.
func (r *reading) revisionView(e registry.HistoryEntry) RevisionView {
	head := e.Record.Head()
	v := RevisionView{
		Anchor:  fmt.Sprintf("revision-%d", e.Number),
		Label:   r.say("history.version", args{"Number": r.whole(e.Number)}),
		Record:  r.linkTo(e.Record),
		Kind:    label(r.words, "type", head.Type),
		When:    r.sayMoment(e.At),
		Time:    e.At.UTC().Format(time.RFC3339Nano),
		Role:    r.orCode("author", e.Author),
		Reason:  e.Reason,
		First:   e.Before == nil,
		Changes: r.changeViews(e.Differences()),
		History: fmt.Sprintf("%s#revision-%d", r.historyHref(head.ID), e.Number),
	}
	v.Read = withMoment("/"+string(r.lang)+recordPath(head), v.Time)
	if !v.First {
		v.Compare = fmt.Sprintf("%s?from=%d&to=%d", r.historyHref(head.ID), e.Number-1, e.Number)
	}
	return v
}

// short leaves the first changes of a revision and says how many more there are.
func (r *reading) short(v RevisionView) RevisionView {
	if more := len(v.Changes) - changesInShortForm; more > 0 {
		v.Changes, v.More = v.Changes[:changesInShortForm], r.count("history.more", more)
	}
	return v
}

// compare puts two revisions of a record side by side.
func (r *reading) compare(v *HistoryView, id registry.ID) error {
	from, err := r.q.Int("from", 1, 1, v.Newest)
	if err != nil {
		return err
	}
	to, err := r.q.Int("to", v.Newest, 1, v.Newest)
	if err != nil {
		return err
	}
	found, err := r.store.Revisions(r.ctx, registry.RevisionQuery{Records: []registry.ID{id}, Numbers: []int{from, to}})
	if err != nil {
		return err
	}
	byNumber := map[int]registry.PublishedRevision{}
	for _, x := range found {
		byNumber[x.Number] = x
	}
	e := registry.HistoryEntry{PublishedRevision: byNumber[to], Before: byNumber[from].Record}
	if e.Record == nil || e.Before == nil {
		return &registry.Error{Code: registry.NotFound, Message: "There is no such version."}
	}
	if err := r.knowEntries(e); err != nil {
		return err
	}
	v.Compared = &VersionPair{From: from, To: to, Changes: r.changeViews(e.Differences()), Title: r.say("history.compared", args{
		"From": r.whole(from), "FromDay": r.sayDay(dayOf(byNumber[from].At)), "To": r.whole(to), "ToDay": r.sayDay(dayOf(e.At))})}
	return nil
}

func (s *Server) getChanges(c *fiber.Ctx) error {
	r, err := s.read(c, "before")
	if err != nil {
		return err
	}
	view, err := r.changesView()
	if err != nil {
		return err
	}
	return s.send(c, r, "changes", Page{Title: r.say("changes.title"), Description: r.say("changes.lead"), View: view, NoIndex: len(r.q) > 0,
		Data: []Alternate{{Href: view.JSON, Type: "application/json"}}})
}

// changesView lists the newest revisions of the registry by publication.
func (r *reading) changesView() (ChangesView, error) {
	v := ChangesView{JSON: "/changes.json"}
	address := "/" + string(r.lang) + "/changes"
	before, err := seqAsked(r.q)
	if err != nil {
		return v, err
	}
	entries, older, err := r.entries(registry.RevisionQuery{After: before})
	if err != nil {
		return v, err
	}
	for i, e := range entries {
		row := r.short(r.revisionView(e))
		if last := i - 1; last < 0 || !entries[last].At.Equal(e.At) || entries[last].Author != e.Author || entries[last].Reason != e.Reason {
			v.Publications = append(v.Publications, Publication{When: row.When, Time: row.Time, Role: row.Role, Reason: row.Reason})
		}
		p := &v.Publications[len(v.Publications)-1]
		p.Entries = append(p.Entries, row)
	}
	for i := range v.Publications {
		v.Publications[i].Tally = r.count("count.records", len(v.Publications[i].Entries))
	}
	if before > 0 {
		v.First = address
	}
	if older > 0 {
		v.Older = fmt.Sprintf("%s?before=%d", address, older)
	}
	return v, nil
}
