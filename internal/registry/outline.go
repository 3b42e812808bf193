package registry

import (
	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
)

// Outlines are what lists, maps and sums over the whole registry go by: so little of each record that all of them can be kept in memory. A
// record has one for each stretch of days on which it is the same, as its features are.

// SiteOutline is a site in outline. What it points at is shared among sites that have it alike, and never changed.
type SiteOutline struct {
	ID          ID
	From, Until edtf.Day // the days on which it is so; an empty end is open
	Sort        *SiteSort
	Craft       *SiteCraft
	Spot        *SiteSpot
	Figures     SiteFigures
	Agreements  *[]ID // nil for none
}

// SiteSort is what a site is, and how far it has come.
type SiteSort struct {
	Kind   SiteKind
	Status SiteStatus
}

// SiteCraft is what is done to a site, and what for.
type SiteCraft struct {
	Works  []Work
	Trades []Trade
}

// SiteSpot is where a site is, as precisely as is known.
type SiteSpot struct {
	Unit      PlaceCode // the finest unit that it is known to be in; empty for none
	Precision Precision
	Bound     *orb.Bound // of a geometry that is in no unit of the gazetteer; nil else
	Located   bool       // it has a geometry
}

// SiteFigures are what a site measures; nil for what no source tells. Its surface is all of it if told, else the plot, else what is covered.
type SiteFigures struct{ Created, Restored, Surface *Figure }

// AgreementOutline is an agreement in outline.
type AgreementOutline struct {
	ID            ID
	From, Until   edtf.Day
	Kind          AgreementKind
	Documentation Documentation
	Dated         bool // a source dates its signature
	// First and Last are the days between which it was signed; an end is empty when it is open or nobody tells.
	First, Last edtf.Day
	Touches     []PlaceCode // units that it or its sites are in, with those above them
	Parties     []ID        // organisations, each once, in its order
	Programmes  []ID        // each once, in its order
}
