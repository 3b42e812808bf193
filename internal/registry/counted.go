package registry

import "slices"

// Counted is what a record counts as where records are counted by place: its type, or one of these.
type Counted string

const (
	CountedDocumented Counted = "documented"         // an agreement
	CountedUndated    Counted = "documented undated" // one that no source dates the signature of
	CountedMentioned  Counted = "mentioned"          // an agreement of which little more than the name is known
	CountedSite       Counted = "site"
	CountedNowhere    Counted = "site nowhere" // in no unit of the gazetteer
)

// CountedAs is what r counts as; places are the gazetteer's answers for its written places.
func CountedAs(r Record, places []PlacedAt) Counted {
	switch r := r.(type) {
	case *Agreement:
		if r.Documentation == Documented && !r.SignatureDated() {
			return CountedUndated
		}
		return Counted(r.Documentation)
	case *Site:
		if !slices.ContainsFunc(places, func(p PlacedAt) bool { return p.Code != "" }) {
			return CountedNowhere
		}
	}
	return Counted(r.Head().Type)
}

// SignatureDated reports whether a source dates the signature of a.
func (a *Agreement) SignatureDated() bool {
	return slices.ContainsFunc(a.Steps, func(s Step) bool { return s.Kind == StepSigned && !s.Date.IsZero() })
}
