package picture

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// FontFiles are the fonts of a family as TrueType, each cut to one script.
type FontFiles struct {
	Latin, LatinBold, Arabic, ArabicBold []byte
}

// typesetter shapes and breaks text. It keeps what it has learnt of the fonts, so it's for one goroutine at a time.
type typesetter struct {
	plain, bold faces
	shaper      shaping.HarfbuzzShaper
	segmenter   shaping.Segmenter
	wrapper     shaping.LineWrapper
}

// faces are one weight of the family: Latin, then Arabic.
type faces [2]*font.Face

// ResolveFace chooses the face that has a letter: Latin has the digits and the space that both do.
func (f faces) ResolveFace(r rune) *font.Face {
	for _, face := range f {
		if _, ok := face.NominalGlyph(r); ok {
			return face
		}
	}
	return f[0]
}

func newTypesetter(files FontFiles) (*typesetter, error) {
	t := &typesetter{}
	for _, x := range []struct {
		into *faces
		raw  [2][]byte
	}{{&t.plain, [2][]byte{files.Latin, files.Arabic}}, {&t.bold, [2][]byte{files.LatinBold, files.ArabicBold}}} {
		for i, raw := range x.raw {
			face, err := font.ParseTTF(bytes.NewReader(raw))
			if err != nil {
				return nil, fmt.Errorf("font %d of a card: %w", i, err)
			}
			x.into[i] = face
		}
	}
	return t, nil
}

// Type is how a text is set: its size in pixels, weight and colour.
type Type struct {
	Size   float64
	Bold   bool
	Colour color.RGBA
}

// line is a line of shaped text, its runs from left to right.
type line struct {
	runs  []shaping.Output
	width float64
}

// lines breaks a text into at most so many lines of a width; a text that is longer ends in an ellipsis. rtl is the direction of the
// paragraph: a French title stays left-to-right on an Arabic card.
func (t *typesetter) lines(text string, rtl bool, as Type, width float64, most int) (out []line, cut bool) {
	family := t.plain
	if as.Bold {
		family = t.bold
	}
	direction := di.DirectionLTR
	if rtl {
		direction = di.DirectionRTL
	}
	shape := func(text []rune) (runs []shaping.Output) {
		in := shaping.Input{Text: text, RunEnd: len(text), Direction: direction, Size: fixed.Int26_6(as.Size * 64), Language: language.NewLanguage("fr")}
		for _, run := range t.segmenter.Split(in, family) {
			runs = append(runs, t.shaper.Shape(run))
		}
		return runs
	}
	letters := []rune(text)
	if len(letters) == 0 {
		return nil, false
	}
	config := shaping.WrapConfig{Direction: direction, TruncateAfterLines: most}
	config.Truncator = shape([]rune("…"))[0]
	wrapped, truncated := t.wrapper.WrapParagraph(config, int(width), letters, shaping.NewSliceIterator(shape(letters)))
	for _, l := range wrapped {
		runs := slices.Clone(l)
		slices.SortStableFunc(runs, func(a, b shaping.Output) int { return cmp.Compare(a.VisualIndex, b.VisualIndex) })
		var w fixed.Int26_6
		for _, run := range runs {
			w += run.Advance
		}
		out = append(out, line{runs, float64(w) / 64})
	}
	return out, truncated > 0
}

// draw puts a line on a canvas. x is its left end, y its baseline, in pixels.
func (l line) draw(c *canvas, x, y float64, colour color.Color) {
	c.begin()
	l.outline(c, x, y)
	c.fill(colour)
}

// outline adds the line's letters to the canvas's path.
func (l line) outline(c *canvas, x, y float64) {
	for _, run := range l.runs {
		scale := float64(run.Size) / 64 / float64(run.Face.Upem())
		for _, g := range run.Glyphs {
			data, ok := run.Face.GlyphDataOutline(g.GlyphID)
			if ok {
				left, base := x+float64(g.XOffset)/64, y-float64(g.YOffset)/64
				at := func(p opentype.SegmentPoint) (float32, float32) {
					return float32(left + float64(p.X)*scale), float32(base - float64(p.Y)*scale)
				}
				letter(c, data.Segments, at)
			}
			x += float64(g.Advance) / 64
		}
	}
}

func letter(c *canvas, segments []opentype.Segment, at func(opentype.SegmentPoint) (float32, float32)) {
	open := false
	for _, s := range segments {
		x0, y0 := at(s.Args[0])
		x1, y1 := at(s.Args[1])
		x2, y2 := at(s.Args[2])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if open {
				c.path.ClosePath()
			}
			c.path.MoveTo(x0, y0)
			open = true
		case opentype.SegmentOpLineTo:
			c.path.LineTo(x0, y0)
		case opentype.SegmentOpQuadTo:
			c.path.QuadTo(x0, y0, x1, y1)
		case opentype.SegmentOpCubeTo:
			c.path.CubeTo(x0, y0, x1, y1, x2, y2)
		}
	}
	if open {
		c.path.ClosePath()
	}
}
