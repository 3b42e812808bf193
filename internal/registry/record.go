package registry

import (
	"bytes"
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ID names a record for good, in the whole registry: lower-case letters, digits and single hyphens.
type ID string

// maxID bounds an ID: it stands in addresses and file names.
const maxID = 100

// Valid reports whether id is well formed.
func (id ID) Valid() bool {
	hyphen := true // where one may not stand
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			hyphen = false
		case c == '-' && !hyphen:
			hyphen = true
		default:
			return false
		}
	}
	return !hyphen && len(id) <= maxID
}

// Type is the type of a record: the "type" member of its JSON.
type Type string

const (
	TypeSource       Type = "source"
	TypeOrganisation Type = "organisation"
	TypeProgramme    Type = "programme"
	TypeAgreement    Type = "agreement"
	TypeAmendment    Type = "amendment"
	TypeSite         Type = "site"
	TypeEvent        Type = "event"
	TypeAnnouncement Type = "announcement"
)

// Types lists every type in the order in which files hold them: what is pointed at stands before what points.
var Types = []Type{TypeSource, TypeOrganisation, TypeProgramme, TypeAgreement, TypeAmendment, TypeSite, TypeEvent, TypeAnnouncement}

// Plural is the type in the plural, as addresses name it.
func (t Type) Plural() string { return string(t) + "s" }

// Record is one record of any type.
type Record interface {
	// Head is what every record has.
	Head() *Header
	// References are the records that this one points at, with where it does.
	References() []Reference
	// WrittenPlaces are the places that this record names, with where; the first is where the record itself is.
	WrittenPlaces() []PlaceAt
	check(*checker)
}

// Header is what every record has: its type, its name for good, and where each of its values is written.
type Header struct {
	Type       Type        `json:"type"`
	ID         ID          `json:"id"`
	Statements []Statement `json:"statements,omitempty"`
}

// Head returns h itself, so that a struct that embeds Header is half a Record.
func (h *Header) Head() *Header { return h }

// Reference is a pointer from one record to another.
type Reference struct {
	Pointer string // where in the record it stands
	To      ID
	Types   []Type // what it may point at
}

// PlaceAt is a written place and where in the record it stands.
type PlaceAt struct {
	Pointer string
	Place   *WrittenPlace
}

// New returns an empty record of type t, or nil when there is no such type.
func New(t Type) Record {
	var r Record
	switch t {
	case TypeSource:
		r = &Source{}
	case TypeOrganisation:
		r = &Organisation{}
	case TypeProgramme:
		r = &Programme{}
	case TypeAgreement:
		r = &Agreement{}
	case TypeAmendment:
		r = &Amendment{}
	case TypeSite:
		r = &Site{}
	case TypeEvent:
		r = &Event{}
	case TypeAnnouncement:
		r = &Announcement{}
	default:
		return nil
	}
	r.Head().Type = t
	return r
}

// Canonical returns r's JSON: fields in declaration order, no escaping of HTML, no white space. Two records are equal
// when their canonical forms are.
func Canonical(r Record) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Head().ID, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads a record from its JSON. Fields that its type doesn't have are an error.
func Decode(raw []byte) (Record, error) {
	r, err := typed(raw)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(r); err != nil {
		return nil, err
	}
	return r, nil
}

// DecodeCanonical reads a record from what is known to be its canonical form, or is compared with it afterwards: it passes over fields that the
// type doesn't have.
func DecodeCanonical(raw []byte) (Record, error) {
	r, err := typed(raw)
	if err != nil {
		return nil, err
	}
	if err := UnmarshalOwn(raw, r); err != nil {
		return nil, err
	}
	return r, nil
}

// UnmarshalOwn reads JSON that the registry wrote, or that is compared with what it would write: names are as they are written there, and one that stands twice isn't looked
// for. It takes half as long as encoding/json, whose next version it is, and which reads everything twice.
func UnmarshalOwn(raw []byte, into any) error {
	return jsonv2.Unmarshal(raw, into, jsontext.AllowDuplicateNames(true))
}

// typed is an empty record of the type that raw names.
func typed(raw []byte) (Record, error) {
	// The type stands first in what the registry writes. Reading it there saves reading the whole record for it.
	first := raw
	for _, part := range []string{"{", `"type"`, ":", `"`} {
		if rest, ok := bytes.CutPrefix(bytes.TrimLeft(first, " \t\r\n"), []byte(part)); ok {
			first = rest
		} else {
			first = nil
		}
	}
	if t, _, ok := bytes.Cut(first, []byte(`"`)); ok {
		if r := New(Type(t)); r != nil {
			return r, nil
		}
	}
	var head struct{ Type Type }
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, err
	}
	r := New(head.Type)
	if r == nil {
		return nil, fmt.Errorf("record of type %q: takes one of %v", head.Type, Types)
	}
	return r, nil
}
