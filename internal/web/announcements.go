package web

import (
	"slices"

	"mithaq/internal/registry"
)

// AnnouncementView is the page of a public statement: what it claims beside what it lists.
type AnnouncementView struct {
	RecordHead
	Claims     []Claim
	Verdict    string
	Facts      []Fact
	Parties    []PartyRow
	Agreements []AgreementRow
	Several    []AgreementRow
	Amendments []AmendmentRow
	Sources    []Link
}

// Claim is one number of an announcement with what it counts.
type Claim struct {
	Amount, Label string
	Marks         []Mark
}

func (r *reading) announcementView(stored registry.Stored) (AnnouncementView, error) {
	a := stored.Record.(*registry.Announcement)
	s := plain(stored)
	v := AnnouncementView{RecordHead: r.recordHead(stored, label(r.words, "type", registry.TypeAnnouncement)), Sources: r.sourcesOf(a)}
	listed, err := r.store.RecordsByID(r.ctx, a.Lists)
	if err != nil {
		return v, err
	}
	if err := r.follow(listed...); err != nil {
		return v, err
	}
	var counted, several []registry.Stored
	for _, l := range listed {
		switch x := l.Record.(type) {
		case *registry.Agreement:
			if x.Several {
				several = append(several, l)
			} else {
				counted = append(counted, l)
			}
		case *registry.Amendment:
			v.Amendments = append(v.Amendments, r.amendmentRow(x))
		}
	}
	views, err := r.agreements(slices.Concat(counted, several))
	if err != nil {
		return v, err
	}
	v.Agreements, _ = r.agreementRows(views[:len(counted)])
	v.Several, _ = r.agreementRows(views[len(counted):])
	if a.Claimed != nil {
		v.Claims = append(v.Claims, Claim{r.figure(*a.Claimed, ""), r.say("announcement.claimed"), r.marks(&a.Header, "/claimed")})
	}
	v.Claims = append(v.Claims,
		Claim{r.whole(len(v.Agreements)), r.count("announcement.listed_agreements", len(v.Agreements)), nil},
		Claim{r.whole(len(v.Amendments)), r.count("announcement.listed_amendments", len(v.Amendments)), nil})
	if len(v.Several) > 0 {
		v.Claims = append(v.Claims, Claim{"+ ?", r.say("announcement.several"), r.marks(several[0].Record.Head(), "/several")})
	}
	v.Verdict = r.say("announcement.verdict")
	v.Facts = append(v.Facts, r.dateFact(s, "announcement.date", "/date", a.Date), r.placeFact(s, "site.place", "/place", a.Place))
	v.Parties = r.partyRows(s, a.Parties)
	return v, nil
}
