// Package picture draws maps and cards without a browser: a scene as SVG inside a page, for whoever has no script and for paper, and a
// card as PNG, which other sites show beside a link. Positions are degrees, longitude then latitude (OGC:CRS84), drawn in Web Mercator
// as the interactive maps are, so that the two show one shape.
//
// It draws what it is given and knows no record, page or language: what is approximate, what counts and what it is called is decided by
// whoever asks. The same scene gives the same bytes.
package picture

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/simplify"
)

// Style is how a shape is drawn; it is its class in SVG, where the style sheet has the colours.
type Style string

// The styles, in the order in which they lie over one another.
const (
	Land      Style = "land"    // beyond the country
	Country   Style = "country" // the country itself
	Outline   Style = "outline" // units that are there for orientation
	Band0     Style = "area band-0"
	Band1     Style = "area band-1"
	Band2     Style = "area band-2"
	Band3     Style = "area band-3"
	Band4     Style = "area band-4"
	Boundary  Style = "boundary"  // the unit that the scene is of
	Hatched   Style = "hatched"   // something is somewhere in it
	Footprint Style = "footprint" // a site's own ground
)

// Styles lists every style in its order.
var Styles = []Style{Land, Country, Outline, Band0, Band1, Band2, Band3, Band4, Boundary, Hatched, Footprint}

// Shape is an area drawn in one style.
type Shape struct {
	Area  orb.MultiPolygon
	Style Style
}

// Badge is a few words at a point: how many of something are there.
type Badge struct {
	At   orb.Point
	Text string
}

// Label is a name on the map; one that finds no room is left out.
type Label struct {
	At   orb.Point
	Text string
}

// Scene is what a map shows.
type Scene struct {
	Box    orb.Bound // what is to be seen whole
	OnLand bool      // the ground under every shape is land; else it is sea
	Shapes []Shape
	Pins   []orb.Point
	Badges []Badge
	Labels []Label // the most important first
	// Scale says a length on the ground in words: "20 km".
	Scale func(metres int) string
}

// frame takes degrees to a drawing of a width and height, y downwards.
type frame struct {
	width, height float64
	scale         float64 // drawing units per radian
	west, north   float64 // radians of Web Mercator
	metres        float64 // on the ground, per drawing unit, in the middle
}

// mercator takes degrees to radians of Web Mercator, where the world is square.
func mercator(p orb.Point) (x, y float64) {
	lat := max(-85, min(85, p[1])) * math.Pi / 180
	return p[0] * math.Pi / 180, math.Asinh(math.Tan(lat))
}

const earthRadius = 6_378_137 // metres, of the sphere that Web Mercator stands on

// frameOf fits a box into a drawing with a margin on each side.
func frameOf(box orb.Bound, width, height, margin float64) frame {
	west, south := mercator(box.Min)
	east, north := mercator(box.Max)
	f := frame{width: width, height: height}
	const least = 1e-5 // radians: a single point is shown with some 60 m round it
	f.scale = min((width-2*margin)/max(east-west, least), (height-2*margin)/max(north-south, least))
	f.west = (west+east)/2 - width/2/f.scale
	f.north = (north+south)/2 + height/2/f.scale
	f.metres = earthRadius / f.scale * math.Cos(box.Center()[1]*math.Pi/180)
	return f
}

func (f frame) point(p orb.Point) orb.Point {
	x, y := mercator(p)
	return orb.Point{(x - f.west) * f.scale, (f.north - y) * f.scale}
}

// area takes a shape to the drawing: what lies more than margin outside is cut off, and what is finer than tolerance smoothed away.
func (f frame) area(m orb.MultiPolygon, margin, tolerance float64) orb.MultiPolygon {
	view := orb.Bound{Max: orb.Point{f.width, f.height}}.Pad(margin)
	var out orb.MultiPolygon
	for _, polygon := range m {
		var drawn orb.Polygon
		for _, ring := range polygon {
			r := make(orb.Ring, len(ring))
			for i, p := range ring {
				r[i] = f.point(p)
			}
			if !r.Bound().Intersects(view) {
				continue
			}
			r = clip.Ring(view, r)
			if len(r) < 4 {
				continue
			}
			if r = simplify.DouglasPeucker(tolerance).Ring(r); len(r) >= 4 {
				drawn = append(drawn, r)
			}
		}
		if len(drawn) > 0 {
			out = append(out, drawn)
		}
	}
	return out
}

// scaleBar is the longest round length, 1, 2 or 5 times a power of ten metres, that is at most a width of the drawing.
func (f frame) scaleBar(most float64) (metres int, length float64) {
	room := most * f.metres
	step := math.Pow(10, math.Floor(math.Log10(room)))
	for _, times := range []float64{5, 2, 1} {
		if step*times <= room {
			return int(step*times + 0.5), step * times / f.metres
		}
	}
	return int(step + 0.5), step / f.metres
}

// box is a rectangle that something written takes up.
type box struct{ left, top, right, bottom float64 }

func (b box) meets(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

// within says whether b lies in the drawing.
func (b box) within(f frame) bool {
	return b.left >= 0 && b.top >= 0 && b.right <= f.width && b.bottom <= f.height
}

// put is a badge or label with the room that was found for it. Text is empty for a badge that is a mere dot, for want of room.
type put struct {
	at   orb.Point // the middle
	text string
	box  box
}

// shifts are how far a badge or label may move up or down, in its own heights.
var shifts = []float64{0, -1.1, 1.1, -2.2, 2.2}

// arrange finds room for badges, then for labels. width measures a text; height is that of a line.
func (s Scene) arrange(f frame, width func(text string) float64, height float64) (badges, labels []put) {
	var taken []box
	find := func(at orb.Point, text string, padding float64) (put, bool) {
		half := width(text)/2 + padding
		for _, shift := range shifts {
			y := at[1] + shift*height
			b := box{at[0] - half, y - height/2, at[0] + half, y + height/2}
			free := b.within(f)
			for _, t := range taken {
				free = free && !b.meets(t)
			}
			if free {
				taken = append(taken, b)
				return put{orb.Point{at[0], y}, text, b}, true
			}
		}
		return put{at: at}, false
	}
	for _, p := range s.Pins {
		at := f.point(p)
		taken = append(taken, box{at[0] - height/2, at[1] - height, at[0] + height/2, at[1]})
	}
	for _, b := range s.Badges {
		p, _ := find(f.point(b.At), b.Text, height/2)
		badges = append(badges, p)
	}
	for _, l := range s.Labels {
		if p, ok := find(f.point(l.At), l.Text, height/4); ok {
			labels = append(labels, p)
		}
	}
	return badges, labels
}
