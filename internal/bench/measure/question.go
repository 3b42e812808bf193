package main

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"

	"github.com/paulmach/orb"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// question is an address and what its answer must hold.
type question struct {
	path string
	want tally
}

// tally is what is counted in an answer.
type tally struct {
	features int      // in the answer; of a tile, the sites that it draws or counts
	matched  int      // numberMatched; untold when the answer has none
	ids      []string // of the features, in their order; nil in tiles
}

const untold = -1

// goal is what the issue asks of a measure with 16 clients at a million sites. Zero fields ask nothing.
type goal struct {
	Ratio     float64 // of nginx's answers a second
	PerSecond float64
	Part      float64 // of the answers a second of the measure Of
	Of        string
}

// measure is a kind of question, asked again and again with other values.
type measure struct {
	name      string
	questions []question
	read      func(body []byte) (tally, error)
	goal      goal
	growth    bool // an answer of the same size must not take much longer in a larger registry
}

const (
	items = "/api/collections/sites/items"
	// asked is where reading goes on in the middle of a long collection.
	asked = 500_000
	// told is up to how many matches an answer tells their number without being asked for it.
	told = 10_000
	// smallest and largest number of features of an answer that is asked for by its size. The largest is also the limit of those questions.
	smallest, largest = 100, 1000
)

// chooser chooses questions. The same registry gives the same ones.
type chooser struct {
	*dump
	everything           []int32
	byKind, byCommune    map[string][]int32
	byProvince, byRegion map[string][]int32
}

func newChooser(d *dump) *chooser {
	return &chooser{
		dump: d, everything: d.all(),
		byKind: d.by(func(s *site) string { return s.kind }), byCommune: d.by(func(s *site) string { return s.commune }),
		byProvince: d.by(func(s *site) string { return s.province }), byRegion: d.by(func(s *site) string { return s.region }),
	}
}

// random is the sequence of one measure, the same whatever else is measured.
func random(name string) *rand.Rand {
	seed := uint64(14695981039346656037) // FNV-1a, so that each name has a sequence of its own
	for _, b := range []byte(name) {
		seed = (seed ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(20261122, seed))
}

// askedAgain is how many features "one feature" is one of: few enough to be kept by the program, as nginx's file is by the system. "any feature" is one of so many that most are
// read from the database.
const askedAgain = 2_000

// measures are all that is asked under load, with at most n different questions each, ten times as many for pages, of which the program keeps some, and a hundred times as many for any feature.
func (c *chooser) measures(n int) ([]measure, error) {
	const first, anywhere = "first page of 10", "page of 10"
	middle := min(asked, len(c.sites)/2)
	there := anywhere + " at " + grouped(middle)
	asFirst, asAny := goal{Part: 0.8, Of: first}, goal{Part: 0.8, Of: anywhere} // one page again and again is kept, pages one after the other aren't
	out := []measure{
		{name: "one feature", questions: c.features("one feature", min(10*n, askedAgain)), read: readFeature, goal: goal{Ratio: 0.50}, growth: true},
		{name: "any feature", questions: c.features("any feature", 100*n), read: readFeature, goal: goal{Ratio: 0.50}, growth: true},
		{name: first, questions: []question{c.page("limit=10", 0, 10)}, read: readCollection, goal: goal{Ratio: 0.30}, growth: true},
		{name: anywhere, questions: c.pages(10 * n), read: readCollection, goal: goal{Ratio: 0.30}, growth: true},
		{name: there + ", by key, asked again", questions: c.pagesFrom(middle, 1, byKey), read: readCollection, goal: asFirst},
		{name: there + ", by offset, asked again", questions: c.pagesFrom(middle, 1, byOffset), read: readCollection, goal: asFirst},
		{name: there + ", by key, and those after it", questions: c.pagesFrom(middle, 10*n, byKey), read: readCollection, goal: asAny},
		{name: there + ", by offset, and those after it", questions: c.pagesFrom(middle, 10*n, byOffset), read: readCollection, goal: asAny},
		{name: "box", questions: c.boxes(n), read: readCollection, goal: goal{Ratio: 0.10}, growth: true},
		{name: "commune and box", questions: c.communeBoxes(n), read: readCollection, goal: goal{Ratio: 0.10}, growth: true},
		{name: "filter: kind and box", questions: c.filterBoxes(n), read: readCollection, goal: goal{Ratio: 0.10}, growth: true},
		{name: "filter: commune and kind", questions: c.filterCommunes(n), read: readCollection, goal: goal{Ratio: 0.10}, growth: true},
		{name: "count of a box", questions: c.countBoxes("count of a box", n, smallest, largest), read: readCollection, goal: goal{PerSecond: 100}},
		{name: "count of a large box", questions: c.countBoxes("count of a large box", n, max(1, len(c.sites)/100), len(c.sites)*3/10), read: readCollection, goal: goal{PerSecond: 100}},
		{name: "count of a commune", questions: c.countUnits("commune_code", c.byCommune, n), read: readCollection, goal: goal{PerSecond: 100}},
		{name: "count of a province", questions: c.countUnits("province_code", c.byProvince, n), read: readCollection, goal: goal{PerSecond: 100}},
		{name: "count of a region", questions: c.countUnits("region_code", c.byRegion, n), read: readCollection, goal: goal{PerSecond: 100}},
	}
	for _, set := range []struct{ name, path string }{{"", "/api/collections/sites/tiles"}, {" of the whole registry", "/api/tiles"}} {
		for _, zoom := range tileZooms {
			questions, err := c.tiles(set.path, zoom, n)
			if err != nil {
				return nil, err
			}
			out = append(out, measure{name: fmt.Sprintf("tile at zoom %d%s", zoom, set.name), questions: questions, read: readTile, goal: goal{PerSecond: 100}})
		}
	}
	return out, nil
}

// grouped is a number with commas.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (c *chooser) features(name string, n int) (out []question) {
	r := random(name)
	for range n {
		id := c.sites[r.IntN(len(c.sites))].id
		out = append(out, question{items + "/" + url.PathEscape(id), tally{1, untold, []string{id}}})
	}
	return out
}

// page is a question for the sites from an index on.
func (c *chooser) page(query string, from, limit int) question {
	ids := c.ids(c.everything[min(from, len(c.everything)):], limit)
	matched := len(c.sites)
	if matched > told {
		matched = untold
	}
	return question{items + "?" + query, tally{len(ids), matched, ids}}
}

// key is what the link to the page after site i holds.
func (c *chooser) key(i int) string {
	return "after=" + base64.RawURLEncoding.EncodeToString([]byte(c.sites[i].id))
}

func byKey(c *chooser, from int) string { return c.key(from-1) + "&limit=10" }

func byOffset(_ *chooser, from int) string { return "limit=10&offset=" + strconv.Itoa(from) }

func (c *chooser) pages(n int) (out []question) {
	r := random("page of 10")
	for range n {
		from := 1 + r.IntN(len(c.sites)-10)
		out = append(out, c.page(byKey(c, from), from, 10))
	}
	return out
}

// pagesFrom reads on from a place, so many pages.
func (c *chooser) pagesFrom(from, pages int, how func(*chooser, int) string) (out []question) {
	for i := from; i < min(from+10*pages, len(c.sites)); i += 10 {
		out = append(out, c.page(how(c, i), i, 10))
	}
	return out
}

// around is a box round a place that holds k of some sites, or all when there are fewer: the one whose farthest site lies on its edge. Its
// edges have six decimals, as the sites' positions have, so that an edge through a site is exact.
func (c *chooser) around(among []int32, centre orb.Point, k int) orb.Bound {
	k = min(k, len(among))
	distance := func(i int32) float64 {
		at := c.sites[i].at
		return max(math.Abs(at[0]-centre[0]), math.Abs(at[1]-centre[1]))
	}
	var near []float64
	for reach := 3 * math.Sqrt(float64(k)/float64(len(among))); len(near) < k; reach *= 2 {
		near = near[:0]
		for _, i := range among {
			if d := distance(i); d <= reach {
				near = append(near, d)
			}
		}
	}
	slices.Sort(near)
	half := near[k-1]
	round := func(x float64) float64 { return math.Round(x*1e6) / 1e6 }
	return orb.Bound{Min: orb.Point{round(centre[0] - half), round(centre[1] - half)}, Max: orb.Point{round(centre[0] + half), round(centre[1] + half)}}
}

// corners are a box's numbers as bbox and BBOX() take them.
func corners(b orb.Bound) string {
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	return f(b.Min[0]) + "," + f(b.Min[1]) + "," + f(b.Max[0]) + "," + f(b.Max[1])
}

// sized chooses a size of answer, every order of magnitude alike.
func sized(r *rand.Rand, from, to int) int {
	return int(math.Exp(math.Log(float64(from)) + r.Float64()*(math.Log(float64(to))-math.Log(float64(from)))))
}

// selected is a question whose answer holds these sites, up to the limit that it has. There are few enough for their number to be told, or it
// is asked for.
func (c *chooser) selected(query string, found []int32, limit int) question {
	ids := c.ids(found, limit)
	return question{items + "?" + query + "&limit=" + strconv.Itoa(limit), tally{len(ids), len(found), ids}}
}

func (c *chooser) boxes(n int) (out []question) {
	r := random("box")
	for range n {
		box := c.around(c.everything, c.sites[r.IntN(len(c.sites))].at, sized(r, smallest, largest))
		out = append(out, c.selected("bbox="+corners(box), c.within(c.everything, box), largest))
	}
	return out
}

// enough are the groups with as many members as an answer is to have at least, or the largest ones when hardly any has.
func enough(groups map[string][]int32, atLeast int) (codes []string) {
	codes = slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(groups[b]), len(groups[a])), cmp.Compare(a, b))
	})
	few := min(20, len(codes))
	n := few
	for n < len(codes) && len(groups[codes[n]]) >= atLeast {
		n++
	}
	return codes[:n]
}

// boxesAmong are boxes of the sites of one group each, and query makes the question.
func (c *chooser) boxesAmong(name string, groups map[string][]int32, n int, query func(code, corners string) string) (out []question) {
	r := random(name)
	codes := enough(groups, smallest)
	for range n {
		code := codes[r.IntN(len(codes))]
		among := groups[code]
		box := c.around(among, c.sites[among[r.IntN(len(among))]].at, sized(r, smallest, largest))
		out = append(out, c.selected(query(code, corners(box)), c.within(among, box), largest))
	}
	return out
}

func (c *chooser) communeBoxes(n int) []question {
	return c.boxesAmong("commune and box", c.byCommune, n, func(code, corners string) string { return "bbox=" + corners + "&commune_code=" + code })
}

func (c *chooser) filterBoxes(n int) []question {
	return c.boxesAmong("filter: kind and box", c.byKind, n, func(code, corners string) string {
		return "filter=" + url.QueryEscape(fmt.Sprintf("kind = '%s' AND S_INTERSECTS(geometry, BBOX(%s))", code, corners))
	})
}

func (c *chooser) filterCommunes(n int) (out []question) {
	r := random("filter: commune and kind")
	pairs := c.by(func(s *site) string {
		if s.commune == "" {
			return ""
		}
		return s.commune + " " + s.kind
	})
	maps.DeleteFunc(pairs, func(_ string, found []int32) bool { return len(found) > largest })
	codes := enough(pairs, smallest)
	for range n {
		found := pairs[codes[r.IntN(len(codes))]]
		one := c.sites[found[0]]
		filter := fmt.Sprintf("commune_code = '%s' AND kind = '%s'", one.commune, one.kind)
		out = append(out, c.selected("filter="+url.QueryEscape(filter), found, largest))
	}
	return out
}

// countBoxes asks for the exact number of sites in boxes that hold so many; a page of one is the smallest answer that tells it.
func (c *chooser) countBoxes(name string, n, from, to int) (out []question) {
	r := random(name)
	for range n {
		box := c.around(c.everything, c.sites[r.IntN(len(c.sites))].at, sized(r, from, to))
		out = append(out, c.selected("bbox="+corners(box)+"&count=exact", c.within(c.everything, box), 1))
	}
	return out
}

func (c *chooser) countUnits(parameter string, groups map[string][]int32, n int) (out []question) {
	codes := slices.Sorted(maps.Keys(groups))
	random(parameter).Shuffle(len(codes), func(i, j int) { codes[i], codes[j] = codes[j], codes[i] })
	for _, code := range codes[:min(n, len(codes))] {
		out = append(out, c.selected("count=exact&"+parameter+"="+code, groups[code], 1))
	}
	return out
}

// tileZooms are the zooms at which tiles are measured: sites counted by province, by commune, and one by one.
var tileZooms = []int{6, 9, 12}

// fullest is how many of the tiles are those with the most sites.
const fullest = 20

// tiles are tiles that have sites. A tile of a low zoom counts whole units at their label points, as docs/api.md has it.
func (c *chooser) tiles(set string, zoom, n int) (out []question, err error) {
	places, err := gazetteer.Default()
	if err != nil {
		return nil, err
	}
	sites := map[[2]int]int{} // by row and column
	for i := range c.sites {
		s := &c.sites[i]
		at := s.at
		if code := map[int]string{6: s.province, 9: s.commune}[zoom]; code != "" {
			unit, ok := places.Place(registry.PlaceCode(code))
			if !ok || unit.Label == nil {
				return nil, fmt.Errorf("%s is in %s, which has no label point", s.id, code)
			}
			at = *unit.Label
		}
		sites[tileOf(at, zoom)]++
	}
	addresses := slices.SortedFunc(maps.Keys(sites), func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	// The fullest come first, because what bounds a tile is for them; the others are chosen at random.
	slices.SortStableFunc(addresses, func(a, b [2]int) int { return sites[b] - sites[a] })
	rest := addresses[min(fullest, len(addresses)):]
	random(strconv.Itoa(zoom)).Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	for _, a := range addresses[:min(n, len(addresses))] {
		out = append(out, question{fmt.Sprintf("%s/WebMercatorQuad/%d/%d/%d", set, zoom, a[0], a[1]), tally{sites[a], untold, nil}})
	}
	return out, nil
}

// tileOf is the row from the north and the column from the west of the tile of WebMercatorQuad that a point is in.
func tileOf(p orb.Point, zoom int) [2]int {
	n := math.Exp2(float64(zoom))
	lat := p[1] * math.Pi / 180
	return [2]int{int((1 - math.Log(math.Tan(lat)+1/math.Cos(lat))/math.Pi) / 2 * n), int((p[0] + 180) / 360 * n)}
}
