package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"sync"

	"github.com/paulmach/orb"
)

// The size of a card in pixels: what sites that show a picture beside a link ask for.
const (
	CardWidth  = 1200
	CardHeight = 630
)

// Card is a picture of a page, for other sites to show beside a link to it.
type Card struct {
	RTL      bool // the card's own direction; each text below has its own
	Kicker   string
	Title    Line
	Subtitle Line
	Figures  []Figure // at most three are shown
	Note     string   // why there is no map, or what the map doesn't show
	Credit   string   // licence and owners
	Map      *Scene   // nil for none
}

// Line is a text with its direction.
type Line struct {
	Text string
	RTL  bool
}

// Figure is a number and what it counts.
type Figure struct{ Number, Label string }

// Painter draws cards, one at a time: the others wait, so that many requests can't take the whole machine.
type Painter struct {
	mu      sync.Mutex
	set     *typesetter
	palette Palette
}

// NewPainter reads the fonts.
func NewPainter(files FontFiles, palette Palette) (*Painter, error) {
	t, err := newTypesetter(files)
	return &Painter{set: t, palette: palette}, err
}

const (
	cardMargin = 56
	mapWidth   = 540
	figuresTop = 396
	column     = CardWidth - mapWidth - cardMargin - 44 // width of the texts beside a map
)

// PNG draws a card.
func (p *Painter) PNG(card Card) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := newCanvas(CardWidth, CardHeight)
	c.clear(p.palette["ground"])
	s := sheet{Painter: p, canvas: c, rtl: card.RTL, width: CardWidth - 2*cardMargin, left: cardMargin}
	if card.Map != nil {
		s.width = column
		at := CardWidth - mapWidth
		if card.RTL {
			at, s.left = 0, CardWidth-cardMargin-column
		}
		m := p.paintMap(*card.Map, mapWidth, CardHeight)
		draw.Draw(c.pixels, image.Rect(at, 0, at+mapWidth, CardHeight), m.pixels, image.Point{}, draw.Src)
	}
	s.lay(card)
	// A hundred colours and their mixtures at the edges of letters: a palette keeps the file a third of the size.
	var out bytes.Buffer
	if err := png.Encode(&out, indexed(c.pixels)); err != nil {
		return nil, fmt.Errorf("encode a card: %w", err)
	}
	return out.Bytes(), nil
}

// sheet is the part of a card with the texts.
type sheet struct {
	*Painter
	canvas      *canvas
	rtl         bool
	left, width float64
	y           float64 // where the next text begins
}

// text sets a text at the start of the sheet and moves on below it.
func (s *sheet) text(l Line, as Type, most int, leading float64) {
	lines, _ := s.set.lines(l.Text, l.RTL, as, s.width, most)
	for _, line := range lines {
		s.y += as.Size * leading
		x := s.left
		if s.rtl {
			x += s.width - line.width
		}
		line.draw(s.canvas, x, s.y-as.Size*(leading-1)/2, as.Colour)
	}
}

func (s *sheet) lay(card Card) {
	ink, soft := s.palette["ink"], s.palette["ink-soft"]
	s.y = 44
	s.wordmark()
	s.y = 118
	s.text(Line{card.Kicker, card.RTL}, Type{25, true, s.palette["craft"]}, 1, 1.5)
	subtitle, note := Type{28, false, soft}, Type{23, false, soft}
	const subtitleLeading, noteLeading = 1.5, 1.4
	room := figuresTop - 18 - s.y
	if card.Subtitle.Text != "" {
		room -= subtitle.Size * subtitleLeading
	}
	if card.Note != "" {
		lines, _ := s.set.lines(card.Note, card.RTL, note, s.width, 2)
		room -= float64(len(lines)) * note.Size * noteLeading
	}
	leading := 1.18
	if card.Title.RTL {
		leading = 1.38
	}
	title := Type{66, true, ink}
	most := func() int { return max(1, int(room/title.Size/leading)) }
	for ; title.Size > 32; title.Size -= 2 { // as large as there is room for the whole of it
		if _, cut := s.set.lines(card.Title.Text, card.Title.RTL, title, s.width, min(3, most())); !cut {
			break
		}
	}
	s.text(card.Title, title, most(), leading)
	s.y += 4
	s.text(card.Subtitle, subtitle, 1, subtitleLeading)
	s.text(Line{card.Note, card.RTL}, note, 2, noteLeading)
	s.figures(card.Figures)
	credit := Type{15, false, soft}
	lines, _ := s.set.lines(card.Credit, card.RTL, credit, s.width, 4)
	s.y = CardHeight - 36 - float64(len(lines))*credit.Size*1.45
	s.text(Line{card.Credit, card.RTL}, credit, 4, 1.45)
}

// wordmark is the registry's name in both scripts, in the order of the card's direction.
func (s *sheet) wordmark() {
	const gap = 12
	latin, _ := s.set.lines("Mithaq", false, Type{34, true, s.palette["ink"]}, s.width, 1)
	arabic, _ := s.set.lines("ميثاق", true, Type{34, true, s.palette["craft"]}, s.width, 1)
	x := s.left
	if s.rtl {
		x += s.width - arabic[0].width
		arabic[0].draw(s.canvas, x, s.y+34, s.palette["craft"])
		latin[0].draw(s.canvas, x-gap-latin[0].width, s.y+34, s.palette["ink"])
		return
	}
	latin[0].draw(s.canvas, x, s.y+34, s.palette["ink"])
	arabic[0].draw(s.canvas, x+latin[0].width+gap, s.y+34, s.palette["craft"])
}

// figures are in a row above the credit, each under a rule.
func (s *sheet) figures(figures []Figure) {
	figures = figures[:min(len(figures), 3)]
	if len(figures) == 0 {
		return
	}
	const gap = 24
	const top float64 = figuresTop
	width := (min(s.width, 640) - gap*float64(len(figures)-1)) / float64(len(figures))
	for i, f := range figures {
		cell := *s
		cell.width = width
		cell.left = s.left + float64(i)*(width+gap)
		if s.rtl {
			cell.left = s.left + s.width - float64(i+1)*width - float64(i)*gap
		}
		s.canvas.begin()
		s.canvas.polygon(orb.Ring{{cell.left, top}, {cell.left + width, top}, {cell.left + width, top + 4}, {cell.left, top + 4}})
		s.canvas.fill(s.palette["accent"])
		cell.y = top + 6
		number := Type{50, true, s.palette["accent"]}
		for ; number.Size > 22; number.Size -= 2 {
			if lines, cut := s.set.lines(f.Number, s.rtl, number, width, 1); !cut && len(lines) == 1 {
				break
			}
		}
		cell.y += 64 - number.Size*1.3
		cell.text(Line{f.Number, s.rtl}, number, 1, 1.3)
		cell.text(Line{f.Label, s.rtl}, Type{21, false, s.palette["ink-soft"]}, 2, 1.35)
	}
}

// paint is how a style looks on a card: a fill, or none, and a stroke.
type paint struct {
	fill, stroke string // names of the palette; empty for none
	width        float64
}

var paints = map[Style]paint{
	Land: {"map-land", "", 0}, Country: {"map-none", "map-line", 1.5}, Outline: {"map-none", "map-line", 1.2},
	Band0: {"map-none", "map-line", 1}, Band1: {"map-1", "map-line", 1}, Band2: {"map-2", "map-line", 1}, Band3: {"map-3", "map-line", 1}, Band4: {"map-4", "map-line", 1},
	Boundary: {"map-none", "accent", 3}, Hatched: {"craft-ground", "accent", 3}, Footprint: {"craft", "craft", 2},
}

// paintMap draws a scene.
func (p *Painter) paintMap(s Scene, width, height int) *canvas {
	c := newCanvas(width, height)
	ground := "map-sea"
	if s.OnLand {
		ground = "map-land"
	}
	c.clear(p.palette[ground])
	f := frameOf(s.Box, float64(width), float64(height), 36)
	for _, style := range Styles {
		var areas []orb.MultiPolygon
		for _, shape := range s.Shapes {
			if shape.Style == style {
				areas = append(areas, f.area(shape.Area, 20, 0.4))
			}
		}
		if len(areas) > 0 {
			p.paintAreas(c, areas, style)
		}
	}
	for _, pin := range s.Pins {
		at := f.point(pin)
		c.begin()
		c.pin(orb.Point{at[0], at[1] + 2}, 1.75)
		c.fill(p.palette["ground-raised"])
		c.begin()
		c.pin(at, 1.5)
		c.fill(p.palette["craft"])
		c.begin()
		c.disc(orb.Point{at[0], at[1] - 29}, 5, 24)
		c.fill(p.palette["ground-raised"])
	}
	p.paintWords(c, s, f)
	return c
}

func (p *Painter) paintAreas(c *canvas, areas []orb.MultiPolygon, style Style) {
	look := paints[style]
	c.begin()
	for _, area := range areas {
		for _, polygon := range area {
			c.polygon(polygon...)
		}
	}
	switch {
	case style == Hatched:
		c.fillWith(p.hatching(c.pixels.Bounds()))
	case style == Footprint:
		fill := p.palette[look.fill]
		c.fill(color.NRGBA{fill.R, fill.G, fill.B, 150})
	default:
		c.fill(p.palette[look.fill])
	}
	if look.stroke == "" {
		return
	}
	c.begin()
	for _, area := range areas {
		for _, polygon := range area {
			for _, ring := range polygon {
				c.stroke(ring, look.width)
			}
		}
	}
	c.fill(p.palette[look.stroke])
}

// hatching is a picture of lines at 45 degrees that says "somewhere in here".
func (p *Painter) hatching(size image.Rectangle) image.Image {
	const apart, width = 13, 2.0
	ground, line := p.palette["craft-ground"], p.palette["craft"]
	strip := make([]color.RGBA, apart) // all that repeats: the colour depends on x + y alone
	for i := range strip {
		cover := max(0, min(1, width/2+0.5-math.Abs(float64(i)-apart/2.0)))
		strip[i] = blend(ground, line, cover)
	}
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			out.SetRGBA(x, y, strip[(x+y)%apart])
		}
	}
	return out
}

// blend mixes two opaque colours.
func blend(a, b color.RGBA, share float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(float64(x)*(1-share) + float64(y)*share + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// paintWords draws badges, labels and the scale bar.
func (p *Painter) paintWords(c *canvas, s Scene, f frame) {
	of := func(text string, bold bool) line {
		lines, _ := p.set.lines(text, beginsRTL(text), Type{21, bold, p.palette["ink"]}, 400, 1)
		if len(lines) == 0 {
			return line{}
		}
		return lines[0]
	}
	badges, labels := s.arrange(f, func(text string) float64 { return of(text, true).width }, 36)
	for _, b := range badges {
		c.begin()
		if b.text == "" {
			c.disc(b.at, 8, 32)
			c.fill(p.palette["craft"])
			continue
		}
		rim := box{b.box.left - 3, b.box.top - 3, b.box.right + 3, b.box.bottom + 3}
		c.pill(rim)
		c.fill(p.palette["ground-raised"])
		c.begin()
		c.pill(b.box)
		c.fill(p.palette["craft"])
		l := of(b.text, true)
		l.draw(c, b.at[0]-l.width/2, b.at[1]+7, p.palette["ground-raised"])
	}
	for _, l := range labels {
		p.haloed(c, of(l.text, true), l.at[0], l.at[1]+7, true)
	}
	if s.Scale == nil {
		return
	}
	metres, length := f.scaleBar(f.width / 4)
	y := f.height - 26
	c.begin()
	c.stroke([]orb.Point{{24, y - 9}, {24, y}, {24 + length, y}, {24 + length, y - 9}}, 2.5)
	c.fill(p.palette["ink-soft"])
	p.haloed(c, of(s.Scale(metres), false), 30, y-8, false)
}

// haloed draws a line with a rim of the ground's colour, so that it is read over borders.
func (p *Painter) haloed(c *canvas, l line, x, y float64, middle bool) {
	if middle {
		x -= l.width / 2
	}
	const rim = 2.5
	c.begin()
	for i := range 12 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 12)
		l.outline(c, x+rim*cos, y+rim*sin)
	}
	c.fill(p.palette["ground"])
	l.draw(c, x, y, p.palette["ink"])
}

// beginsRTL says whether the first letter of a text is Arabic.
func beginsRTL(text string) bool {
	for _, r := range text {
		switch {
		case r >= 0x600 && r <= 0x6ff:
			return true
		case r >= 'A' && r <= 'z' || r >= 0xc0 && r <= 0x24f:
			return false
		}
	}
	return false
}
