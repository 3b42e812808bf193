package registry

import (
	"encoding/json"

	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
)

// Source is a document in one language that records rest on. Its text is attached by the operator, never part of the record.
type Source struct {
	Header
	Kind   SourceKind `json:"kind"`
	Lang   string     `json:"lang"`
	Titles Texts      `json:"titles"`
	// Publisher is the organisation that published it, when known.
	Publisher ID `json:"publisher,omitempty"`
	// Published is when it appeared; PageDate is a date that stands on the page and dates nothing but the page.
	Published edtf.Date `json:"published,omitzero"`
	PageDate  edtf.Date `json:"page_date,omitzero"`
	// Read is when it was read for the registry.
	Read edtf.Date `json:"read,omitzero"`
	URL  string    `json:"url,omitempty"`
	// Rights says whether its sentences may be shown; RightsNote says why.
	Rights     Rights `json:"rights"`
	RightsNote Texts  `json:"rights_note,omitempty"`
}

// Organisation is an organisation's identity, apart from the names that sources print in agreements.
type Organisation struct {
	Header
	Kind  OrganisationKind `json:"kind"`
	Names Texts            `json:"names"`
	// Acronym as the source prints it: "GIZ".
	Acronym string        `json:"acronym,omitempty"`
	Parent  ID            `json:"parent,omitempty"`
	Country string        `json:"country,omitempty"`
	Place   *WrittenPlace `json:"place,omitempty"`
	Founded edtf.Date     `json:"founded,omitzero"`
}

// Axis is one strand of a programme.
type Axis struct {
	Number int   `json:"number"`
	Titles Texts `json:"titles"`
}

// Phase is a stretch of a programme's time.
type Phase struct {
	Number int       `json:"number"`
	Titles Texts     `json:"titles"`
	Period edtf.Date `json:"period,omitzero"`
}

// Step is a dated step; an undated step is known to have happened, not when.
type Step struct {
	Kind StepKind  `json:"kind"`
	Date edtf.Date `json:"date,omitzero"`
	Note Texts     `json:"note,omitempty"`
}

// Party is an organisation's part in an agreement.
type Party struct {
	// Organisation is empty when the source names a group ("local associations") and no member.
	Organisation ID   `json:"organisation,omitempty"`
	Role         Role `json:"role"`
	// NameAsWritten is the name as the source prints it, whatever the organisation is called elsewhere.
	NameAsWritten  string    `json:"name_as_written"`
	Representative string    `json:"representative,omitempty"`
	Signed         edtf.Date `json:"signed,omitzero"`
}

// Programme is a framework strategy, project or programme: axes, phases, and the agreements under it.
type Programme struct {
	Header
	Titles  Texts         `json:"titles"`
	Object  Texts         `json:"object,omitempty"`
	Scope   Scope         `json:"scope,omitempty"`
	Place   *WrittenPlace `json:"place,omitempty"`
	Period  edtf.Date     `json:"period,omitzero"`
	Axes    []Axis        `json:"axes,omitempty"`
	Phases  []Phase       `json:"phases,omitempty"`
	Parties []Party       `json:"parties,omitempty"`
	Steps   []Step        `json:"steps,omitempty"`
	Figures []NamedFigure `json:"figures,omitempty"`
}

// ProgrammeLink places an agreement under a programme, and under one of its phases when the source says which.
type ProgrammeLink struct {
	Programme ID  `json:"programme"`
	Phase     int `json:"phase,omitempty"`
}

// Obligation is what a party must do.
type Obligation struct {
	Organisation ID    `json:"organisation,omitempty"`
	Text         Texts `json:"text"`
}

// Contribution is what a party pays in a year; year 0 is a year that the source doesn't tell.
type Contribution struct {
	Organisation ID      `json:"organisation,omitempty"`
	Year         int     `json:"year,omitempty"`
	Amount       *Figure `json:"amount,omitempty"`
}

// Component is a part of what an agreement consists of.
type Component struct {
	Kind    ComponentKind `json:"kind"`
	Titles  Texts         `json:"titles"`
	Place   *WrittenPlace `json:"place,omitempty"`
	Figures []NamedFigure `json:"figures,omitempty"`
}

// Agreement is one accord, or one record for several accords whose number no source tells.
type Agreement struct {
	Header
	Kind          AgreementKind `json:"kind"`
	Documentation Documentation `json:"documentation"`
	// Several marks one record that stands for several agreements whose number isn't told.
	Several   bool   `json:"several,omitempty"`
	Titles    Texts  `json:"titles"`
	Reference string `json:"reference,omitempty"`
	Object    Texts  `json:"object,omitempty"`
	Scope     Scope  `json:"scope,omitempty"`
	// Place is where the agreement itself applies; its sites have their own.
	Place      *WrittenPlace   `json:"place,omitempty"`
	Programmes []ProgrammeLink `json:"programmes,omitempty"`
	Parties    []Party         `json:"parties,omitempty"`
	// PartiesIncomplete marks a list that the source opens with "among them".
	PartiesIncomplete bool           `json:"parties_incomplete,omitempty"`
	Obligations       []Obligation   `json:"obligations,omitempty"`
	Contributions     []Contribution `json:"contributions,omitempty"`
	Components        []Component    `json:"components,omitempty"`
	Trades            []Trade        `json:"trades,omitempty"`
	Figures           []NamedFigure  `json:"figures,omitempty"`
	// Duration is the interval that the agreement covers.
	Duration edtf.Date `json:"duration,omitzero"`
	FollowUp Texts     `json:"follow_up,omitempty"`
	Steps    []Step    `json:"steps,omitempty"`
}

// Change sets one field of an amendment's target, or of a site of it, to a new value.
type Change struct {
	// Record is the site changed; empty means the target itself.
	Record ID `json:"record,omitempty"`
	// Path is a JSON pointer into that record; Value is what stands there from the effective date on.
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
	// Article is the article that the change rewrites, as printed.
	Article string `json:"article,omitempty"`
}

// Amendment changes an agreement, possibly one that is only mentioned.
type Amendment struct {
	Header
	Target ID `json:"target"`
	// Number is its place among the target's amendments, when the source numbers them.
	Number   int             `json:"number,omitempty"`
	Articles []string        `json:"articles,omitempty"`
	Kinds    []AmendmentKind `json:"kinds,omitempty"`
	Titles   Texts           `json:"titles"`
	Object   Texts           `json:"object,omitempty"`
	// Sets holds the new values, where the source gives any.
	Sets []Change `json:"sets,omitempty"`
	// Effective is from when it holds; see StateOn for dates that are no day, or missing.
	Effective edtf.Date `json:"effective,omitzero"`
	Parties   []Party   `json:"parties,omitempty"`
	Steps     []Step    `json:"steps,omitempty"`
}

// Surface is an area by what it measures.
type Surface struct {
	Plot    *Figure `json:"plot,omitempty"`
	Covered *Figure `json:"covered,omitempty"`
	Total   *Figure `json:"total,omitempty"`
}

// Premises counts shops, workshops and stands for craftspeople, those to create apart from those to restore.
type Premises struct {
	Created  *Figure `json:"created,omitempty"`
	Restored *Figure `json:"restored,omitempty"`
}

// Position is a geometry that a source gives, with what it stands for.
type Position struct {
	Geometry Geometry `json:"geometry"`
	// Precision is footprint, point or locality.
	Precision Precision `json:"precision"`
	// UncertaintyM is the radius in metres round the point that holds the true place, when the source says.
	UncertaintyM *Decimal `json:"uncertainty_m,omitempty"`
}

// Geometry is a GeoJSON geometry: degrees, longitude then latitude (OGC:CRS84). Reading is strict, see ReadGeometry.
type Geometry struct{ orb.Geometry }

// Site is a place that agreements build, restore or equip.
type Site struct {
	Header
	Kind  SiteKind `json:"kind"`
	Names Texts    `json:"names"`
	// Place is where it is in words; Position only when a source gives one.
	Place     *WrittenPlace `json:"place,omitempty"`
	Position  *Position     `json:"position,omitempty"`
	Surface   Surface       `json:"surface,omitzero"`
	Shops     Premises      `json:"shops,omitzero"`
	Figures   []NamedFigure `json:"figures,omitempty"`
	Works     []Work        `json:"works,omitempty"`
	Utilities []Utility     `json:"utilities,omitempty"`
	Trades    []Trade       `json:"trades,omitempty"`
	// TradesIncomplete marks a list that the source opens with "such as".
	TradesIncomplete bool       `json:"trades_incomplete,omitempty"`
	Status           SiteStatus `json:"status"`
	StatusDate       edtf.Date  `json:"status_date,omitzero"`
	Agreements       []ID       `json:"agreements,omitempty"`
}

// Occurrence is one date and place of an event.
type Occurrence struct {
	Date  edtf.Date     `json:"date,omitzero"`
	Place *WrittenPlace `json:"place,omitempty"`
}

// Event is a fair, visit, meeting, launch, presentation, founding, training or adoption.
type Event struct {
	Header
	Kind        EventKind    `json:"kind"`
	Titles      Texts        `json:"titles"`
	Occurrences []Occurrence `json:"occurrences,omitempty"`
	Recurrence  Recurrence   `json:"recurrence,omitempty"`
	// AlongWith names the festivals it goes with, as printed.
	AlongWith []string `json:"along_with,omitempty"`
	// AlongWithIncomplete marks a list that the source opens with "such as".
	AlongWithIncomplete bool          `json:"along_with_incomplete,omitempty"`
	Figures             []NamedFigure `json:"figures,omitempty"`
	Parties             []Party       `json:"parties,omitempty"`
	Agreements          []ID          `json:"agreements,omitempty"`
	Programmes          []ID          `json:"programmes,omitempty"`
}

// Announcement is a public statement that names several agreements: the number it claims beside what it lists.
type Announcement struct {
	Header
	Titles  Texts         `json:"titles"`
	Date    edtf.Date     `json:"date,omitzero"`
	Place   *WrittenPlace `json:"place,omitempty"`
	Parties []Party       `json:"parties,omitempty"`
	// Claimed is the number of agreements that it claims.
	Claimed *Figure `json:"claimed,omitempty"`
	// Lists are the agreements and amendments that it enumerates, in its order.
	Lists []ID `json:"lists,omitempty"`
}

// Country is the code that stands for the whole country among place codes; it is in no gazetteer row.
const Country PlaceCode = "country"
