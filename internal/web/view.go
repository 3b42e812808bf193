package web

import (
	"html/template"

	"mithaq/internal/registry"
)

// The components that every page is made of, as templates take them: finished strings, choices already made.

// Text is a text with its language. Mark names the language when it isn't the page's, or says that it is a translation.
type Text struct {
	Text, Lang, Dir, Mark string
}

// Link is a text that leads somewhere; without Href it is only a text.
type Link struct {
	Text
	Href string
}

// Mark is a source mark: what a value rests on.
type Mark struct {
	ID     string // of its card on the page
	Href   string // the paragraph on the source's page
	Label  string // "¶ 4", or "¶ 4.2" beside another sentence of that paragraph
	Source string // which of several sources, by its language; empty when there is one
	Spoken string // what a screen reader adds to the label
	Title  Text   // of the source
	Where  string // "paragraphe 4, phrase 1"
	Words  Text   // as written
	// Before, Match and After are the sentence with the words found in it; empty when the text may not be shown.
	Before, Match, After string
	Disagrees            bool
	Reason               string
	Footnote             int // number of the source on paper
}

// Value is one value of a fact, possibly a link.
type Value struct {
	Link
	Chip string // class of the chip that it is drawn as; empty for plain text
	Note string // said beside it, in smaller type
}

// Changed says which amendment set a value.
type Changed struct {
	By     Link
	Text   string // "modifié par l’avenant 1, article 3"
	Before string // what stood there, in words; empty when it can't be said in few
	// Possible marks a change that may be in force, while the value shown is the one before it.
	Possible bool
}

// Fact is a label and its values, or the word that no source states any.
type Fact struct {
	Label   string
	Values  []Value
	Missing string // said when there is no value
	Note    string
	Marks   []Mark
	Changed []Changed
	Popup   bool // shown in the popup on the map too
}

// Chip is a word in a rounded frame; Class says which frame.
type Chip struct{ Text, Class string }

// AgreementRow is an agreement in a list.
type AgreementRow struct {
	ID         registry.ID
	Title      Link
	Chips      []Chip
	Date       string
	DateIsOpen bool // no source dates it
	Facts      []Fact
	Notes      []string
	Marks      []Mark
	Amendments []AmendmentRow
}

// AmendmentRow is an amendment under its agreement, or in a chain.
type AmendmentRow struct {
	Title   Link
	Kinds   []string
	Facts   []Fact
	Changes []string
	Force   string // whether it holds on the day shown
	Marks   []Mark
}

// SiteRow is a site in a list; its popup on the map is copied from it.
type SiteRow struct {
	ID    registry.ID
	Name  Link
	Chips []Chip
	Facts []Fact
	Where string // how precisely it is known where it is, in words
	Units string // codes of the units whose badges stand for it on the explorer's map
	Drawn string // drawnSite as JSON, for the map of units; empty when nobody knows where it is
	sign  string // how the map draws it
}

// EventRow is an event in a list.
type EventRow struct {
	ID    registry.ID
	Title Link
	Chips []Chip
	Facts []Fact
	Marks []Mark
}

// Step is one step on the line of an agreement's or programme's life.
type Step struct {
	Name, Date, Note string
	Known            bool
	Marks            []Mark
}

// LegendItem is a sign of the map and what it means. Sign is one of band-0 … band-4, badge, boundary, hatch, pin, shape.
type LegendItem struct{ Sign, Text string }

// MapView is a map and what the scripts need to draw it.
type MapView struct {
	Kind         string        // "commune", "area" or "explorer": which script draws it
	Name         string        // spoken
	Codes        string        // of the units drawn, blanks between
	GeoJSON      string        // address of the features
	Shapes       string        // address of the areas to shade
	Bands        string        // the least number of agreements of each shade, commas between
	Surroundings string        // address of the units drawn, and of those round about
	Prefix       string        // of the pages that areas lead to
	Bounds       string        // west,south,east,north
	Still        template.HTML // the map as an svg element; empty when nothing has a place
	Words        string        // JSON, for the controls
	Credit       string
	TileURL      string
	TileCredit   string
	Legend       []LegendItem
	Notes        []string
	SkipTo       string // id of what stands after the map
}

// AreaRow is one unit in the table beside an area map.
type AreaRow struct {
	Code       registry.PlaceCode
	Name       Link
	OtherName  Text
	Spoken     string // "Tiznit : 9 accords"
	Agreements int
	Cells      []Cell
}

// Cell is a number in a table. Zero ones are shown as a dash; Unknown ones hold a word instead.
type Cell struct {
	Text          string
	Zero, Unknown bool
}

// Count is a number with what it counts, leading to the list.
type Count struct {
	N, Label, Href string
}

// Alternate is the same page in another language, or the same thing in another format.
type Alternate struct {
	Lang, Href, Absolute, Name, Type string
	Current                          bool
}

// Page is what the layout needs, with the page's own view inside.
type Page struct {
	Lang        Lang
	Dir         string
	Layout      string // "frame" inside another site's frame; else empty
	Title       string
	Description string
	Canonical   string
	Languages   []Alternate // the switch, and the hreflang links
	Data        []Alternate // the same in other formats
	Feeds       []Alternate // what changes on it, and in the whole registry
	Recorded    *Recorded   // nil: the registry as it is
	Breadcrumb  []Link
	Changed     string // when the newest of its records was published, in words
	Query       string // what stands in the search box
	Scripts     []string
	IsHome      bool
	Subject     string // the id of what the page is of, for reports: a record, a place, the explorer; empty for a page about nothing in particular
	Take        *TakeView
	Card        *SocialCard
	Cited       []Cited
	Extracted   string // on paper: when, and on which terms it may be reused
	NoIndex     bool
	Linked      linked // for search engines; may be nil
	Status      int    // 200 when 0
	View        any
}
