package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// Lists that are narrowed by filters: each choice of each filter says how many records it would leave, the filters in use are chips that can
// be taken away, and the address bar holds all of it.

// filter is one question that a list may be narrowed by.
type filter struct {
	param string
	codes []string                             // the closed set that it takes; nil for records and places
	label func(r *reading, code string) string // what people read
	valid func(r *reading, code string) bool   // for what isn't a closed set
	apart bool                                 // asked by a switch of its own, not by the form
}

// ofSet is a filter by a closed set that the catalogs name.
func ofSet(param, set, words string) filter {
	return filter{param: param, codes: registry.ClosedSets[set], label: func(r *reading, code string) string { return r.say(words + "." + code) }}
}

// ofRecord is a filter by a record of one type.
func ofRecord(param string, t registry.Type) filter {
	return filter{param: param,
		label: func(r *reading, code string) string { return r.link(registry.ID(code)).Text.Text },
		valid: func(r *reading, code string) bool {
			s, ok := r.known[registry.ID(code)]
			return ok && s.Record.Head().Type == t
		}}
}

// ofPlace is a filter by a unit of one level.
func ofPlace(level registry.PlaceLevel) filter {
	return filter{param: placeParam(level),
		label: func(r *reading, code string) string { return r.placeLink(registry.PlaceCode(code)).Text.Text },
		valid: func(r *reading, code string) bool {
			p, ok := r.gaz.Place(registry.PlaceCode(code))
			return ok && p.Level == level
		}}
}

// placeParam names the filter by a unit of a level.
func placeParam(level registry.PlaceLevel) string { return string(level) + "_code" }

// ofYear is a filter by the year in which an agreement may have been signed.
var ofYear = filter{param: yearParam, label: func(_ *reading, code string) string { return code },
	valid: func(_ *reading, code string) bool {
		n, err := strconv.Atoi(code)
		return err == nil && len(code) == 4 && n > 0
	}}

// yearParam asks for the year of a signature.
const yearParam = "year"

// filterSet is the filters of one list, in the order of its form.
type filterSet struct {
	path    string // of the list, without the language
	words   string // its messages: .apply, .next, .range, .nothing
	counted string // the plural message of what it lists
	filters []filter
}

// afterParam is the id of the last record of the page before.
const afterParam = "after"

// filterParams are the parameters of every list's filters, for the words of an error.
func filterParams() (params []string) {
	for _, set := range []filterSet{siteFilters, agreementFilters} {
		params = append(params, set.params()...)
	}
	return params
}

// params are the parameters of the list's page.
func (set filterSet) params() []string {
	params := []string{asOfParam, afterParam}
	for _, f := range set.filters {
		params = append(params, f.param)
	}
	return params
}

// checkFilters refuses values that no record could have: a misspelt filter must not look like an empty answer.
func (r *reading) checkFilters(set filterSet, q httpserve.Params) error {
	if err := r.know(registry.ID(q["party"]), registry.ID(q["programme"])); err != nil {
		return err
	}
	for _, f := range set.filters {
		value := q[f.param]
		if value == "" {
			continue
		}
		if f.codes != nil && !slices.Contains(f.codes, value) || f.valid != nil && !f.valid(r, value) {
			return &registry.Error{Code: registry.Invalid, Message: "There is no such value.", Param: f.param, Got: value, Takes: "a value that the page's form offers"}
		}
	}
	if q.Has(afterParam) && !registry.ID(q[afterParam]).Valid() {
		return &registry.Error{Code: registry.Invalid, Message: "The page can't be found.", Param: afterParam, Got: q[afterParam], Takes: "what a link to the next page holds"}
	}
	return nil
}

// include adds a value that isn't there yet.
func include(list []string, value string) []string {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// facetCounts are how many records each choice would leave.
type facetCounts struct {
	// counts are, for each filter and each of its values, the records that the value would leave with the other filters as they are.
	counts map[string]map[string]int
	// without are the records that there would be without a filter.
	without map[string]int
}

// address is the list's with these filters, without those left out. It says nothing that isn't chosen, so that one set has one address.
func (set filterSet) address(lang Lang, q httpserve.Params, but ...string) string {
	values := url.Values{}
	for name, value := range q {
		if value != "" && !slices.Contains(but, name) {
			values.Set(name, value)
		}
	}
	address := "/" + string(lang) + set.path
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

// with are the filters with one more, from the first page on.
func with(q httpserve.Params, name, value string) httpserve.Params {
	out := httpserve.Params{}
	for k, v := range q {
		if k != afterParam {
			out[k] = v
		}
	}
	out[name] = value
	return out
}

// Filters is the form of a filtered list, and the filters in use.
type Filters struct {
	Action string
	Kept   []Choice // what the form sends along: the day, a switch
	Fields []FilterField
	Chosen []FilterChip
	Clear  string // the list without them; empty when none is in use
	Apply  string // the button's word
}

// FilterField is a filter in the form.
type FilterField struct {
	Param, Label string
	Options      []Choice
}

// Choice is a value of a filter, or a position of a switch.
type Choice struct {
	Value, Text, Href string
	Current           bool
}

// FilterChip is a filter in use. Remove is the page without this one.
type FilterChip struct {
	Label, Text, Remove, Spoken string
}

// filtersOf builds the form of a list and the chips of what is chosen.
func (r *reading) filtersOf(set filterSet, q httpserve.Params, n facetCounts) Filters {
	v := Filters{Action: "/" + string(r.lang) + set.path, Fields: r.filterFields(set, q, n), Chosen: r.filterChips(set, q, n), Apply: r.say(set.words + ".apply")}
	if q[asOfParam] != "" {
		v.Kept = append(v.Kept, Choice{Value: q[asOfParam], Text: asOfParam})
	}
	for _, f := range set.filters {
		if f.apart && q[f.param] != "" {
			v.Kept = append(v.Kept, Choice{Value: q[f.param], Text: f.param})
		}
	}
	if len(v.Chosen) > 0 {
		v.Clear = set.address(r.lang, httpserve.Params{asOfParam: q[asOfParam]})
	}
	return v
}

// communeOptions bounds the communes that a form offers: more than that nobody reads through, and a province narrows them.
const communeOptions = 80

// filterFields are the filters of the form, each with the values that would leave something.
func (r *reading) filterFields(set filterSet, q httpserve.Params, n facetCounts) []FilterField {
	var fields []FilterField
	for _, f := range set.filters {
		if f.apart {
			continue
		}
		field := FilterField{Param: f.param, Label: r.say("explorer.filter." + f.param)}
		codes := f.codes
		if codes == nil {
			for code := range n.counts[f.param] {
				codes = append(codes, code)
			}
			codes = include(codes, q[f.param])
		}
		for _, code := range codes {
			count := n.counts[f.param][code]
			if code == "" || count == 0 && code != q[f.param] {
				continue
			}
			field.Options = append(field.Options, Choice{Value: code, Current: code == q[f.param],
				Text: r.say("explorer.option", args{"Name": f.label(r, code), "N": r.whole(count)})})
		}
		if f.codes == nil {
			byName := r.byName()
			slices.SortFunc(field.Options, func(a, b Choice) int {
				return cmp.Or(byName(a.Text, b.Text), strings.Compare(a.Value, b.Value))
			})
		}
		if f.param == placeParam(registry.LevelCommune) && len(field.Options) > communeOptions && q[f.param] == "" {
			continue
		}
		if len(field.Options) > 0 {
			fields = append(fields, field)
		}
	}
	return fields
}

// filterChips are the filters in use.
func (r *reading) filterChips(set filterSet, q httpserve.Params, n facetCounts) []FilterChip {
	var chips []FilterChip
	for _, f := range set.filters {
		if q[f.param] == "" || f.apart {
			continue
		}
		c := FilterChip{Label: r.say("explorer.filter." + f.param), Text: f.label(r, q[f.param]), Remove: set.address(r.lang, q, f.param, afterParam)}
		c.Spoken = r.say("explorer.remove", args{"Sites": r.count(set.counted, n.without[f.param])})
		chips = append(chips, c)
	}
	return chips
}

// listPage is one page of a narrowed list: its records, what they are of the whole, and the way on.
type listPage struct {
	Range   string // which records the list shows, when not all
	First   string // address of the first page, on the others
	Next    string
	More    string // the words of the link to the next page
	Nothing string // said when the filters leave none
}

// pageOf describes one page of what filters leave.
func (r *reading) pageOf(t *facetTable, q httpserve.Params, a facetAnswer) (page listPage) {
	end := a.before + len(a.rows)
	page.More, page.Nothing = r.say(t.set.words+".next"), r.say(t.set.words+".nothing")
	if len(a.rows) < a.left {
		page.Range = r.say(t.set.words+".range", args{"From": r.whole(a.before + 1), "To": r.whole(end), "Of": r.whole(a.left)})
	}
	if a.before > 0 {
		page.First = t.set.address(r.lang, q, afterParam)
	}
	if end < a.left {
		page.Next = t.set.address(r.lang, with(q, afterParam, string(t.ids.of(a.rows[len(a.rows)-1]))))
	}
	return page
}

// idsOf are the records of some rows.
func (t *facetTable) idsOf(rows []int) (ids []registry.ID) {
	for _, row := range rows {
		ids = append(ids, t.ids.of(row))
	}
	return ids
}
