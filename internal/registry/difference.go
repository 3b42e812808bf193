package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"mithaq/internal/edtf"
)

// Difference is one value of a record that two versions of it have differently.
type Difference struct {
	// Pointer is the JSON pointer of the value in the later version, or in the earlier when the later has none.
	Pointer string
	// Before and After are values as the record types hold them, a Role, a *Figure, Texts; nil for none.
	Before, After any
}

// Differences says what two versions of one record have differently, in the order of its fields with the statements last; none when their canonical forms are
// equal. Members of lists are told apart by what they are about (see identity), not by where they stand, so that a party put first
// isn't a change of every party behind it. Members that only changed places are told as their whole list, before and after.
func Differences(before, after Record) []Difference {
	d := differ{}
	d.compare("", reflect.ValueOf(before), reflect.ValueOf(after))
	slices.SortStableFunc(d.found, func(a, b Difference) int { return inStatements(a) - inStatements(b) })
	return d.found
}

func inStatements(d Difference) int {
	if Below(d.Pointer, "/statements") {
		return 1
	}
	return 0
}

// wholes are the types that are told as one value and never field by field.
var wholes = []reflect.Type{
	reflect.TypeFor[Figure](), reflect.TypeFor[NamedFigure](), reflect.TypeFor[Decimal](), reflect.TypeFor[edtf.Date](), reflect.TypeFor[Geometry](),
	reflect.TypeFor[Statement](), reflect.TypeFor[Change](), reflect.TypeFor[Locality](), reflect.TypeFor[Confirmation](),
}

type differ struct{ found []Difference }

func (d *differ) add(pointer string, before, after reflect.Value) {
	d.found = append(d.found, Difference{pointer, given(before), given(after)})
}

// given is a value as a Difference holds it: nil for what isn't there.
func given(v reflect.Value) any {
	if absent(v) {
		return nil
	}
	return v.Interface()
}

func absent(v reflect.Value) bool { return !v.IsValid() || v.IsZero() }

// compare adds the differences of two values of one type.
func (d *differ) compare(pointer string, before, after reflect.Value) {
	switch {
	case absent(before) && absent(after):
		return
	case absent(before) || absent(after):
		if before.Kind() == reflect.Interface || same(before, after) { // a nil list and an empty one are one
			return
		}
		d.add(pointer, before, after)
		return
	case slices.Contains(wholes, before.Type()):
		if !same(before, after) {
			d.add(pointer, before, after)
		}
		return
	}
	switch before.Kind() {
	case reflect.Pointer:
		d.compare(pointer, before.Elem(), after.Elem())
	case reflect.Interface:
		d.compare(pointer, before.Elem(), after.Elem())
	case reflect.Struct:
		for i := range before.NumField() {
			f := before.Type().Field(i)
			if f.Anonymous { // its fields are the record's own
				d.compare(pointer, before.Field(i), after.Field(i))
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			d.compare(pointer+"/"+name, before.Field(i), after.Field(i))
		}
	case reflect.Slice:
		if k := before.Type().Elem().Kind(); k != reflect.Struct {
			if !same(before, after) {
				d.add(pointer, before, after)
			}
			return
		}
		d.compareList(pointer, before, after)
	default:
		if !same(before, after) {
			d.add(pointer, before, after)
		}
	}
}

// compareList pairs the members of two lists, equal ones first, then those about the same thing, and tells the pairs that differ and
// the members that are in one list alone.
func (d *differ) compareList(pointer string, before, after reflect.Value) {
	pair := make([]int, after.Len()) // of each later member, the earlier one
	taken := make([]bool, before.Len())
	for i := range pair {
		pair[i] = -1
	}
	for _, alike := range []func(a, b reflect.Value) bool{same, about} {
		for i := range pair {
			for j := 0; j < before.Len() && pair[i] < 0; j++ {
				if !taken[j] && alike(before.Index(j), after.Index(i)) {
					pair[i], taken[j] = j, true
				}
			}
		}
	}
	told := len(d.found)
	for j := range before.Len() {
		if !taken[j] {
			d.add(pointer+"/"+strconv.Itoa(j), before.Index(j), reflect.Value{})
		}
	}
	for i, j := range pair {
		member := pointer + "/" + strconv.Itoa(i)
		if j < 0 {
			d.add(member, reflect.Value{}, after.Index(i))
		} else {
			d.compare(member, before.Index(j), after.Index(i))
		}
	}
	if len(d.found) == told && !slices.IsSorted(pair) {
		d.add(pointer, before, after)
	}
}

// same reports whether two values have one JSON form.
func same(a, b reflect.Value) bool {
	rawA, errA := json.Marshal(orNil(a))
	rawB, errB := json.Marshal(orNil(b))
	return errA == nil && errB == nil && bytes.Equal(rawA, rawB)
}

func orNil(v reflect.Value) any {
	if !v.IsValid() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil
	}
	return v.Interface()
}

// about reports whether two members of a list are about the same thing.
func about(a, b reflect.Value) bool { return identity(a.Interface()) == identity(b.Interface()) }

// identity is what a member of a list is about, in the lists of records.
func identity(member any) string {
	switch m := member.(type) {
	case Text:
		return m.Lang
	case Party:
		if m.Organisation != "" {
			return string(m.Organisation)
		}
		return m.NameAsWritten
	case Step:
		return string(m.Kind)
	case Axis:
		return strconv.Itoa(m.Number)
	case Phase:
		return strconv.Itoa(m.Number)
	case ProgrammeLink:
		return string(m.Programme)
	case Obligation:
		return string(m.Organisation)
	case Contribution:
		return string(m.Organisation) + " " + strconv.Itoa(m.Year)
	case Component:
		return string(m.Kind)
	case NamedFigure:
		return string(m.Measure) + " " + m.Country
	case Change:
		return string(m.Record) + " " + m.Path
	case Statement:
		return m.Path + " " + string(m.Source)
	case Locality:
		return string(m.Kind)
	case Occurrence:
		return "" // an event's date may be all that changes: in their order
	default:
		return fmt.Sprintf("%T", member)
	}
}
