package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
	"mithaq/internal/edtf"
)

// Stored is a published record with what the registry knows of its publication.
type Stored struct {
	Record   Record
	Revision int       // its number among the record's revisions, from 1
	Updated  time.Time // when that revision was published, UTC
	Hash     string    // SHA-256 over the revision and the one before it, lower-case hex
	// Places are the written places with the gazetteer's answer, in the order of WrittenPlaces.
	Places []PlacedAt
}

// Undecoded is a published record as it is stored: decoding it is left to whoever has time.
type Undecoded struct {
	Body []byte // canonical JSON
	// Revision, Updated and Hash are as in Stored.
	Revision int
	Updated  time.Time
	Hash     string
}

// Decode reads the record; its places aren't resolved.
func (u Undecoded) Decode() (Stored, error) {
	record, err := DecodeCanonical(u.Body)
	if err != nil {
		return Stored{}, fmt.Errorf("a record as published: %w", err)
	}
	return Stored{Record: record, Revision: u.Revision, Updated: u.Updated, Hash: u.Hash}, nil
}

// SiteInPlace reads of a site what tells where it is, and of which agreements, and leaves the rest out.
func (u Undecoded) SiteInPlace() (Stored, error) {
	var of struct {
		Type       Type          `json:"type"`
		ID         ID            `json:"id"`
		Agreements []ID          `json:"agreements"`
		Place      *WrittenPlace `json:"place"`
		Position   *Position     `json:"position"`
	}
	if err := UnmarshalOwn(u.Body, &of); err != nil {
		return Stored{}, fmt.Errorf("a site as published: %w", err)
	}
	site := &Site{Header: Header{Type: of.Type, ID: of.ID}, Agreements: of.Agreements, Place: of.Place, Position: of.Position}
	return Stored{Record: site, Revision: u.Revision, Updated: u.Updated, Hash: u.Hash}, nil
}

// ID is the record's id.
func (s Stored) ID() ID { return s.Record.Head().ID }

// Resolution is the answer for the place at pointer; MatchNone when the record names none there.
func (s Stored) Resolution(pointer string) Resolution {
	for _, p := range s.Places {
		if p.Pointer == pointer {
			return p.Resolution
		}
	}
	return Resolution{Match: MatchNone}
}

// PlacedAt is where a written place stands in its record, and which unit it is.
type PlacedAt struct {
	Pointer string
	Resolution
}

// Listed is a published record by its name alone.
type Listed struct {
	ID      ID
	Type    Type
	Updated time.Time // when its last revision was published, UTC
}

// RecordQuery selects published records. Empty fields don't narrow. Order: newest revision first, then id.
type RecordQuery struct {
	Types []Type
	// Reaches keeps records that touch the place: they, or a site of theirs, are in it or in a unit of it.
	Reaches PlaceCode
	// At keeps records whose own place is that very unit, not one inside it. Country is the whole country.
	At PlaceCode
	// PointsTo keeps records that refer to one of these.
	PointsTo []ID
	// Limit bounds the answer; 0 means no bound.
	Limit int
}

// PlaceCounts counts what touches a place. Agreements are documented ones; Mentioned those known by name only.
type PlaceCounts struct {
	Agreements, Mentioned, Amendments, Sites, Events int
}

// Totals counts the whole registry and what it doesn't know.
type Totals struct {
	Agreements, Mentioned, Amendments, Sites, Organisations, Sources int
	Communes                                                         int // communes that documented agreements or sites are placed in
	SitesNotLocated                                                  int // sites without a unit of the gazetteer
	AgreementsUndated                                                int // documented agreements without a date of signature
}

// FeatureQuery selects features of one collection on a day. Order is by id, which paging follows: stable while rows arrive.
type FeatureQuery struct {
	Collection string
	Detail     string // of a boundary: low, medium, high; empty for records
	Day        edtf.Day
	// Boxes keep features whose geometry meets one of these, degrees (OGC:CRS84), edges included; a box across 180° is two.
	// A feature without a geometry is kept, too: nobody knows that it lies elsewhere. Located leaves it out.
	Boxes []orb.Bound
	// During keeps features whose date may fall in these days, and those without a date.
	During Days
	Places []PlaceCode       // touches every one of these units
	Where  map[string]string // exact values by property: kind, status, …; see FeatureColumns
	Lists  map[string]string // one value of a list property: works, trades, …; see FeatureLists
	// Party and Programme keep sites of which an agreement has that organisation among its parties, or belongs to that programme,
	// as the agreement's own record names them.
	Party, Programme ID
	// Year keeps agreements that may have been signed in it, and sites of an agreement that may; 0 doesn't narrow. What nobody dates isn't kept.
	Year    int
	Located Located
	// Filter keeps features for which it is true, not those for which it isn't known; nil keeps all. Its names are properties of the
	// features, and beside them id and geometry.
	Filter *cql.Filter
	ID     string // one feature
	After  string // id of the last feature of the page before
	Offset int    // how many to leave out before the first, for clients that count; After is stable while rows arrive
	Limit  int    // 0: no bound
	// Units keep features that are in one of these very units, as precisely as is known; an empty code keeps those in none.
	Units []PlaceCode
	Order FeatureOrder
}

// FeatureOrder is the order of an answer; empty is by id.
type FeatureOrder string

// AnyOrder leaves the order to the store: all features in a small box then cost no walk through the others. It has no pages.
const AnyOrder FeatureOrder = "any"

// Days are a stretch of days, both ends included; an empty end is open.
type Days struct{ First, Last edtf.Day }

// Extent is what the features of a collection span; Bound is nil when none has a geometry; an end of Days is empty when it
// is open, or when none has a date.
type Extent struct {
	Bound *orb.Bound
	Days  Days
}

// FeatureColumns are the properties that Where may name, beside the place codes.
var FeatureColumns = []string{"kind", "status", "documentation", "place_match", "location_precision", "type"}

// PlaceProperties are the properties that name, where they have a value, one of the Places of their feature. Features of a collection that are in the same Unit
// have the same values of them.
var PlaceProperties = []string{"commune_code", "province_code", "region_code"}

// FeatureLists are the properties with a list of codes that Lists may name.
var FeatureLists = []string{"works", "utilities", "trades", "kinds"}

// Located narrows features by whether they have a geometry; empty doesn't narrow.
type Located string

// A located feature has a geometry.
const (
	LocatedYes Located = "yes"
	LocatedNo  Located = "no"
)

// LocatedValues are the values that narrow.
var LocatedValues = []Located{LocatedYes, LocatedNo}

// Feature is a map feature as stored: its GeoJSON is encoded already.
type Feature struct {
	Collection string
	ID         string
	Detail     string
	From       edtf.Day  // first day on which it is so; empty: since ever
	Until      edtf.Day  // first day on which it is so no more; empty: for good
	Date       edtf.Date // of what it tells, not of its record; none when no source gives it
	Geometry   orb.Geometry
	Places     []PlaceCode       // units that it touches, with those above them
	Unit       PlaceCode         // the finest unit that it is known to be in; empty for none, and for what may be in several
	Where      map[string]string // its properties that FeatureColumns names, but for null
	JSON       []byte            // one GeoJSON Feature, no line break
}

// Spot is where a feature is, and how well that is known: enough to count it on a map.
type Spot struct {
	Box       orb.Bound // degrees (OGC:CRS84), without extent for a point
	Point     bool      // its geometry is one point
	Precision Precision // its location_precision
	Unit      PlaceCode // as the feature has it
}

// FeatureTexts are encoded features of one page.
type FeatureTexts struct {
	JSON []byte // with a comma and a line feed between two features
	N    int    // how many
	Last string // id of the last one
	More bool   // the query selects others after it
}

// SourceText is a source's text that the operator attached.
type SourceText struct {
	Raw      []byte
	SHA256   string // of the normalised text
	Attached time.Time
}

// SearchQuery asks for the records that meet every term. The store is a word index and no more: which words may stand for what a person
// typed is decided by package search.
type SearchQuery struct {
	Terms []SearchTerm
	Limit int
}

// SearchTerm is met by a record that has a word beginning with one of Words, or touches one of Places.
type SearchTerm struct {
	Words  []string // folded (gazetteer.Fold)
	Places []PlaceCode
}

// SearchHit is one record that matches what a person typed.
type SearchHit struct {
	ID   ID
	Rank float64 // smaller is better
}

// Reader is what pages and interfaces read. Every method may return *Error; NotFound when the one thing asked for isn't there.
type Reader interface {
	Record(ctx context.Context, id ID) (Stored, error)
	// RecordsByID returns those that exist, in the order asked; an id asked twice is answered once.
	RecordsByID(ctx context.Context, ids []ID) ([]Stored, error)
	Records(ctx context.Context, q RecordQuery) ([]Stored, error)
	// EachListed streams what is published by id, after one id, without reading the records; limit 0 means no bound.
	EachListed(ctx context.Context, after ID, limit int, yield func(Listed) error) error
	// AgreementDates are the dates of the steps and durations of agreements, each once, in no order.
	AgreementDates(ctx context.Context) ([]edtf.Date, error)
	// EveryNth are the last ids of the pages that EachListed has of n records each, but for the last page.
	EveryNth(ctx context.Context, n int) ([]ID, error)
	// CountsByPlace counts what touches each unit; units that nothing touches have no row.
	CountsByPlace(ctx context.Context) (map[PlaceCode]PlaceCounts, error)
	Totals(ctx context.Context) (Totals, error)
	// EachSiteOutline gives every site, for all its days, in no order.
	EachSiteOutline(ctx context.Context, yield func(SiteOutline) error) error
	// EachAgreementOutline gives every agreement, for all its days, what was published last first.
	EachAgreementOutline(ctx context.Context, yield func(AgreementOutline) error) error
	// EachFeature streams; memory doesn't grow with the answer. An error of yield ends it and is returned.
	EachFeature(ctx context.Context, q FeatureQuery, yield func(Feature) error) error
	// EachSpot streams where the features of a query are, on all its pages and in any order. What is nowhere is left out. No feature is read
	// whole, so a hundred thousand of them are a moment's work.
	EachSpot(ctx context.Context, q FeatureQuery, yield func(Spot) error) error
	// FeatureTexts is the GeoJSON of the features that EachFeature gives for a query with a limit and an order, as one text: for a page that is
	// sent as it is stored, this costs much less than its features one by one. The text is yield's until it returns.
	FeatureTexts(ctx context.Context, q FeatureQuery, yield func(FeatureTexts) error) error
	// Count is how many features EachFeature gives for the query.
	Count(ctx context.Context, q FeatureQuery) (int, error)
	// CountsByUnit is Count of the features with a geometry, by the finest unit that each is known to be in; "" for none.
	CountsByUnit(ctx context.Context, q FeatureQuery) (map[PlaceCode]int, error)
	// PageBefore is the After of the page of size features before the one that q.After begins; empty for the first page.
	PageBefore(ctx context.Context, q FeatureQuery, size int) (after string, err error)
	// Extent is what the features of a collection span, on any day.
	Extent(ctx context.Context, collection string) (Extent, error)
	// Search finds records by their words and places, best first; a query without terms finds none.
	Search(ctx context.Context, q SearchQuery) ([]SearchHit, error)
	// Words are the words of the index that begin with prefix, in order, at most limit: what a misspelt word is compared with.
	Words(ctx context.Context, prefix string, limit int) ([]string, error)
	// Version changes with every publication; ETags are made of it.
	Version(ctx context.Context) (string, error)
	SourceText(ctx context.Context, source ID) (SourceText, error)
	// Revisions are versions of records as they were published, in the order of q.
	Revisions(ctx context.Context, q RevisionQuery) ([]PublishedRevision, error)
	// LastRevision is the Seq of the last revision published at a moment or before; 0 when there is none. Whatever was published
	// before that revision counts as published by then, also when a clock was set back meanwhile.
	LastRevision(ctx context.Context, moment time.Time) (int64, error)
	// BoundariesVersion is what PutBoundaries was last given; empty when never.
	BoundariesVersion(ctx context.Context) (string, error)
}

// Revision is a record about to be appended.
type Revision struct {
	Record Record
	Body   []byte // its canonical JSON, where it is at hand; nil otherwise
	Author string
	Reason string
	At     time.Time
}

// PublishedRevision is a revision with its place in the chain of its record, and among all publications.
type PublishedRevision struct {
	Revision
	Seq            int64 // grows with each publication of the registry, with gaps
	Number         int   // among the record's revisions, from 1
	Previous, Hash string
}

// RevisionQuery selects revisions. Empty fields don't narrow.
type RevisionQuery struct {
	Records []ID
	Numbers []int // of revisions among those of their record
	// Reaches keeps revisions of records that touch the place as they are published now.
	Reaches PlaceCode
	// About keeps revisions of that record and of those that point at it.
	About ID
	Order RevisionOrder
	// After is the Seq of the last revision of the page before, in the order asked.
	After int64
	// UpTo leaves out what has a greater Seq; 0 means no bound.
	UpTo  int64
	Limit int // 0: no bound
}

// RevisionOrder is the order of an answer; empty is NewestFirst.
type RevisionOrder string

const (
	NewestFirst RevisionOrder = "newest_first"
	OldestFirst RevisionOrder = "oldest_first"
)

// Seal is the hash of a revision: SHA-256, lower-case hex, over the JSON list of the hash before, id, number, time, author, reason and
// body, so that no two revisions have one form. body is the record's canonical JSON.
func (r Revision) Seal(previous string, number int, body []byte) (string, error) {
	sealed, err := json.Marshal([]any{previous, r.Record.Head().ID, number, r.At.UTC(), r.Author, r.Reason, string(body)})
	if err != nil {
		return "", fmt.Errorf("seal revision %d of %s: %w", number, r.Record.Head().ID, err)
	}
	sum := sha256.Sum256(sealed)
	return hex.EncodeToString(sum[:]), nil
}

// Derived is everything that is computed from a record for reading; it replaces what stood before.
type Derived struct {
	Record   ID
	Counted  Counted // see CountedAs
	Places   []PlacedAt
	Own      []PlaceCode // the units that the record itself is in, as precise as known; Country for the whole country
	Touches  []PlaceCode // Own, its sites', and every unit above
	Features []Feature
	Search   []string // folded words
}

// Writer is a Reader inside one write transaction. It also keeps a set of marks on records, which ends with the transaction: what is to be
// derived anew may be the whole registry, and isn't held in memory.
type Writer interface {
	Reader
	// Undecoded is Records without their places, and without decoding them.
	Undecoded(ctx context.Context, q RecordQuery) ([]Undecoded, error)
	// Mark marks the records that q selects, its Limit aside; MarkByID those of ids that are published.
	Mark(ctx context.Context, q RecordQuery) error
	MarkByID(ctx context.Context, ids []ID) error
	// CountMarked is how many records are marked.
	CountMarked(ctx context.Context) (int, error)
	// TakeMarked takes the marks from records of a type, at most limit, and returns these records in the order in which they were first published.
	TakeMarked(ctx context.Context, t Type, limit int) ([]Undecoded, error)
	// Append adds a revision and makes it the published one. It does at once what takes no transaction, and may be asked from any goroutine; what it
	// returns does the rest, in the transaction's.
	Append(r Revision) func(context.Context) error
	// Derive replaces what is derived from a record, in two parts as Append.
	Derive(d Derived) func(context.Context) error
	// PutBoundaries replaces the features of the boundary collections.
	PutBoundaries(ctx context.Context, version string, features []Feature) error
	// NameBoundaries changes what BoundariesVersion is, and no boundary.
	NameBoundaries(ctx context.Context, version string) error
	AttachText(ctx context.Context, source ID, text SourceText) error
}

// Store keeps records for good.
type Store interface {
	Reader
	// Write runs f in one transaction: all of it is durable when Write returns nil, none of it otherwise.
	Write(ctx context.Context, f func(Writer) error) error
}
