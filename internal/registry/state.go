package registry

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"mithaq/internal/edtf"
)

// When an amendment holds. The rule, in full:
//
//  1. A date of one day, stated without doubt: in force from that day on, that day included.
//  2. A month, season, year or interval stated without doubt: in force for certain from the last day that it allows; from
//     its first day until then only possibly.
//  3. No date, an open end, or a date that the source or its reading marks uncertain or approximate: possibly in force on
//     every day, for certain on none.
//  4. Amendments in force for certain are applied in the order of the day from which they are; on the same day by their
//     number, unnumbered ones last; then by id.
//
// A change that is only possible is never applied: the value before it stands, with the possible one beside it.

// Force is whether an amendment holds on a day.
type Force string

const (
	ForceNotYet   Force = "not_yet"
	ForcePossible Force = "possible"
	ForceCertain  Force = "in_force"
)

// Forces lists every answer.
var Forces = []Force{ForceNotYet, ForcePossible, ForceCertain}

// ForceOn says whether a holds on day.
func (a *Amendment) ForceOn(day edtf.Day) Force {
	first, last, hasFirst, hasLast := a.bounds()
	switch {
	case hasLast && day >= last:
		return ForceCertain
	case hasFirst && day < first:
		return ForceNotYet
	default:
		return ForcePossible
	}
}

// bounds are the days from which a is possibly and certainly in force. Without the second it never is for certain.
func (a *Amendment) bounds() (first, last edtf.Day, hasFirst, hasLast bool) {
	start, end := a.Effective.Parts()
	if a.Effective.IsZero() || doubtful(start) || doubtful(end) {
		return "", "", false, false
	}
	first, hasFirst = a.Effective.Earliest()
	last, hasLast = a.Effective.Latest()
	return first, last, hasFirst, hasLast
}

// doubtful reports whether a part of a date is marked uncertain or approximate.
func doubtful(p edtf.Part) bool { return p.Uncertain() || p.Approximate() }

// DayAsked reads the day that somebody asks the state of, today (UTC) for an empty text. Error: *Error for what is no day.
func DayAsked(text string, now time.Time) (edtf.Day, error) {
	if text == "" {
		return edtf.DayOf(now.UTC()), nil
	}
	day, err := edtf.ParseDay(text)
	if err != nil {
		return "", &Error{Code: Invalid, Message: "This is not a day.", Param: "as-of", Got: text, Takes: "a day as 2024-05-01", Err: err}
	}
	return day, nil
}

// AppliedChange is one field of one record that an amendment sets, or may set.
type AppliedChange struct {
	Amendment ID
	Article   string
	Effective edtf.Date
	Record    ID
	Path      string
	// Before is what stood there, nil when nothing did; After is what the amendment sets.
	Before, After json.RawMessage
}

// State is a record on a day.
type State struct {
	Record Record
	// Applied are the changes in force for certain, in their order; Possible those that may be.
	Applied  []AppliedChange
	Possible []AppliedChange
}

// StateOn computes base on day from the amendments that change it. Amendments that change other records only are passed
// over, so a caller may give all of an agreement's amendments for the agreement and for each of its sites. base isn't changed.
// Errors: a change whose path or value doesn't fit base (validation at import refuses such).
func StateOn(base Record, amendments []*Amendment, day edtf.Day) (State, error) {
	state := State{Record: base}
	id := base.Head().ID
	ordered := slices.Clone(amendments)
	slices.SortFunc(ordered, InOrder)
	for _, a := range ordered {
		force := a.ForceOn(day)
		if force == ForceNotYet {
			continue
		}
		for i, c := range a.Sets {
			if cmp.Or(c.Record, a.Target) != id {
				continue
			}
			change := AppliedChange{Amendment: a.ID, Article: c.Article, Effective: a.Effective, Record: id, Path: c.Path, After: c.Value}
			next, before, err := set(state.Record, c.Path, c.Value)
			if err != nil {
				return State{}, fmt.Errorf("%s%s sets %s of %s: %w", a.ID, at("sets", i), c.Path, id, err)
			}
			change.Before = before
			if force == ForcePossible {
				state.Possible = append(state.Possible, change)
				continue
			}
			next.Head().Statements = restate(next.Head().Statements, c.Path, a.Statements, at("sets", i))
			state.Record = next
			state.Applied = append(state.Applied, change)
		}
	}
	return state, nil
}

// InOrder compares amendments by the order in which they are applied (rule 4), those that never are for certain last.
func InOrder(a, b *Amendment) int {
	_, la, _, hasA := a.bounds()
	_, lb, _, hasB := b.bounds()
	if hasA != hasB {
		return map[bool]int{true: -1, false: 1}[hasA]
	}
	return cmp.Or(cmp.Compare(la, lb), cmp.Compare(numberLast(a.Number), numberLast(b.Number)), cmp.Compare(a.ID, b.ID))
}

// numberLast puts the unnumbered amendments behind the numbered.
func numberLast(n int) int {
	if n == 0 {
		return 1 << 30
	}
	return n
}

// Turns are the days on which the state of a record changes, in order: from each on, StateOn gives something else.
func Turns(amendments []*Amendment) []edtf.Day {
	var days []edtf.Day
	for _, a := range amendments {
		first, last, hasFirst, hasLast := a.bounds()
		if hasFirst {
			days = append(days, first)
		}
		if hasLast {
			days = append(days, last)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// SettledDay is the last day, up to today, on which what the registry says changed: that of its last publication, or one on which an
// amendment came into force since. Every day from it to today has one state. It is today when nothing was published, or when that lies ahead.
func SettledDay(published edtf.Day, amendments []*Amendment, today edtf.Day) edtf.Day {
	last := published
	for _, turn := range Turns(amendments) {
		if turn <= today {
			last = max(last, turn)
		}
	}
	if last == "" || last > today {
		return today
	}
	return last
}

// restate replaces the statements for path by those of the amendment's change, moved onto path.
func restate(base []Statement, path string, amendment []Statement, change string) []Statement {
	out := slices.DeleteFunc(slices.Clone(base), func(s Statement) bool { return Below(s.Path, path) })
	for _, s := range amendment {
		if rest, ok := strings.CutPrefix(s.Path, change+"/value"); ok {
			s.Path = path + rest
		} else if s.Path == change {
			s.Path = path
		} else {
			continue
		}
		out = append(out, s)
	}
	return out
}

// Below reports whether the JSON pointer path is root or lies under it.
func Below(path, root string) bool {
	return root == "" || path == root || strings.HasPrefix(path, root+"/")
}

// Apply tries one change on the record that it sets a field of, and gives the record changed and what stood there.
func Apply(r Record, c Change) (next Record, before json.RawMessage, err error) {
	return set(r, c.Path, c.Value)
}

// set returns a copy of r with value at the JSON pointer path, and what stood there. Objects on the way are made; an
// index may replace a member of a list or, as "-" or its length, add one.
func set(r Record, path string, value json.RawMessage) (next Record, before json.RawMessage, err error) {
	if top, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); !strings.HasPrefix(path, "/") || slices.Contains(fixedFields, top) {
		return nil, nil, fmt.Errorf("path %q: takes a JSON pointer to a value, none of %v", path, fixedFields)
	}
	raw, err := Canonical(r)
	if err != nil {
		return nil, nil, err
	}
	tree, err := decodeTree(raw)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := decodeTree(value)
	if err != nil {
		return nil, nil, fmt.Errorf("value: %w", err)
	}
	var old any
	if tree, old, err = setIn(tree, strings.Split(path[1:], "/"), leaf); err != nil {
		return nil, nil, err
	}
	if old != nil {
		if before, err = json.Marshal(old); err != nil {
			return nil, nil, err
		}
	}
	if raw, err = json.Marshal(tree); err != nil {
		return nil, nil, err
	}
	next, err = Decode(raw)
	return next, before, err
}

// fixedFields say what a record is; no amendment changes them.
var fixedFields = []string{"type", "id", "statements", "documentation", "target", "agreements", "sets"}

// decodeTree decodes JSON and keeps its numbers as written. It reads tokens by itself: into an empty interface encoding/json takes half as long again, and every record of an
// import comes here.
func decodeTree(raw []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	tree, err := decodeValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, cmp.Or(err, errors.New("more than one JSON value"))
	}
	return tree, nil
}

func decodeValue(dec *jsontext.Decoder) (any, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		object := map[string]any{}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String() // before the next token is read, after which it is no more
			if object[key], err = decodeValue(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.ReadToken()
		return object, err
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			value, err := decodeValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := dec.ReadToken()
		return list, err
	case '"':
		return token.String(), nil
	case '0':
		return json.Number(token.String()), nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

// setIn puts leaf at path below node and returns the new node and the value replaced.
func setIn(node any, path []string, leaf any) (changed, old any, err error) {
	if len(path) == 0 {
		return leaf, node, nil
	}
	key := unescaped(path[0])
	switch n := node.(type) {
	case nil:
		child, old, err := setIn(nil, path[1:], leaf)
		return map[string]any{key: child}, old, err
	case map[string]any:
		child, old, err := setIn(n[key], path[1:], leaf)
		n[key] = child
		return n, old, err
	case []any:
		i, err := strconv.Atoi(key)
		if key == "-" {
			i, err = len(n), nil
		}
		if err != nil || i < 0 || i > len(n) {
			return nil, nil, fmt.Errorf("index %q of a list of %d", key, len(n))
		}
		if i == len(n) {
			n = append(n, nil)
		}
		child, old, err := setIn(n[i], path[1:], leaf)
		n[i] = child
		return n, old, err
	default:
		return nil, nil, fmt.Errorf("%q lies under a plain value", key)
	}
}
