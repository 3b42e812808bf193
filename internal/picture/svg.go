package picture

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/paulmach/orb"
)

// side is the width and height of an SVG drawing in its own units: whole units are then finer than what a screen shows.
const side = 1000

// SVG draws the scene as an svg element, square, for a page whose style sheet has the classes of Style and of the signs. It is an image
// to assistive technology, and name is what it is called. What lies beside the square is drawn, too, in case the element's box is longer.
func (s Scene) SVG(name, class string) []byte {
	f := frameOf(s.Box, side, side, 40)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg class="%s" viewBox="0 0 %d %d" role="img" aria-label="%s">`, class, side, side, html.EscapeString(name))
	const hatch = "static-hatch"
	if s.has(Hatched) {
		b.WriteString(`<defs><pattern id="` + hatch + `" width="20" height="20" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
			`<rect class="hatch-ground" width="20" height="20"/><path class="hatch-line" d="M0 0V20"/></pattern></defs>`)
	}
	for _, style := range Styles {
		var path bytes.Buffer
		for _, shape := range s.Shapes {
			if shape.Style == style {
				writePath(&path, f.area(shape.Area, side/2, 1.2))
			}
		}
		if path.Len() == 0 {
			continue
		}
		fmt.Fprintf(&b, `<path class="%s"`, style)
		if style == Hatched {
			b.WriteString(` fill="url(#` + hatch + `)"`)
		}
		fmt.Fprintf(&b, ` d="%s"/>`, path.Bytes())
	}
	for _, p := range s.Pins {
		at := f.point(p)
		// The tip of the pin of the interactive map, 24 by 32, on the point.
		fmt.Fprintf(&b, `<path class="static-pin" transform="translate(%.0f %.0f) scale(2.2)" d="M0 0C-4-7-10-13-10-19.5a10 10 0 0 1 20 0C10-13 4-7 0 0Z"/>`, at[0], at[1])
	}
	badges, labels := s.arrange(f, func(text string) float64 { return 15.5 * float64(utf8.RuneCountInString(text)) }, 48)
	for _, p := range badges {
		if p.text == "" {
			fmt.Fprintf(&b, `<circle class="static-badge" cx="%.0f" cy="%.0f" r="12"/>`, p.at[0], p.at[1])
			continue
		}
		fmt.Fprintf(&b, `<rect class="static-badge" x="%.0f" y="%.0f" width="%.0f" height="%.0f" rx="24"/>`, p.box.left, p.box.top, p.box.right-p.box.left, p.box.bottom-p.box.top)
		writeText(&b, "static-badge-text", p)
	}
	for _, p := range labels {
		writeText(&b, "static-label", p)
	}
	if s.Scale != nil {
		metres, length := f.scaleBar(side / 4)
		fmt.Fprintf(&b, `<path class="static-scale" d="M30 956v16h%.0fv-16"/><text class="static-label" x="30" y="940">%s</text>`, length, html.EscapeString(s.Scale(metres)))
	}
	b.WriteString(`</svg>`)
	return b.Bytes()
}

func writeText(b *bytes.Buffer, class string, p put) {
	fmt.Fprintf(b, `<text class="%s" x="%.0f" y="%.0f" text-anchor="middle">%s</text>`, class, p.at[0], p.at[1]+10, html.EscapeString(p.text))
}

func (s Scene) has(style Style) bool {
	for _, shape := range s.Shapes {
		if shape.Style == style {
			return true
		}
	}
	return false
}

// writePath writes rings as closed paths in whole units, each step from the position before: the shortest form that there is.
func writePath(b *bytes.Buffer, area orb.MultiPolygon) {
	var scratch []byte
	write := func(v int, first bool) {
		if !first && v >= 0 {
			scratch = append(scratch, ' ')
		}
		scratch = strconv.AppendInt(scratch, int64(v), 10)
	}
	for _, polygon := range area {
		for _, ring := range polygon {
			scratch = scratch[:0]
			x, y := whole(ring[0][0]), whole(ring[0][1])
			scratch = append(scratch, 'M')
			write(x, true)
			write(y, false)
			steps := 0
			for _, p := range ring[1 : len(ring)-1] {
				toX, toY := whole(p[0]), whole(p[1])
				if toX == x && toY == y {
					continue
				}
				if steps == 0 {
					scratch = append(scratch, 'l')
				}
				write(toX-x, steps == 0)
				write(toY-y, false)
				x, y = toX, toY
				steps++
			}
			if steps > 1 {
				b.Write(scratch)
				b.WriteByte('z')
			}
		}
	}
}

func whole(v float64) int { return int(math.Round(v)) }
