package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/paulmach/orb"
	"golang.org/x/image/vector"
)

// canvas is pixels, with one path at a time that is filled with a colour. Parts of a path that overlap count once if they wind alike.
type canvas struct {
	pixels *image.RGBA
	path   *vector.Rasterizer
}

func newCanvas(width, height int) *canvas {
	return &canvas{pixels: image.NewRGBA(image.Rect(0, 0, width, height)), path: vector.NewRasterizer(width, height)}
}

// begin starts a new path.
func (c *canvas) begin() {
	size := c.pixels.Bounds().Size()
	c.path.Reset(size.X, size.Y)
}

// fill fills the path with one colour.
func (c *canvas) fill(colour color.Color) { c.fillWith(image.NewUniform(colour)) }

// fillWith fills the path with a picture of the canvas's size.
func (c *canvas) fillWith(source image.Image) {
	c.path.Draw(c.pixels, c.pixels.Bounds(), source, image.Point{})
}

// clear covers all with a colour.
func (c *canvas) clear(colour color.Color) {
	draw.Draw(c.pixels, c.pixels.Bounds(), image.NewUniform(colour), image.Point{}, draw.Src)
}

// polygon adds rings to the path.
func (c *canvas) polygon(rings ...orb.Ring) {
	for _, ring := range rings {
		for i, p := range ring {
			if i == 0 {
				c.path.MoveTo(float32(p[0]), float32(p[1]))
			} else {
				c.path.LineTo(float32(p[0]), float32(p[1]))
			}
		}
		c.path.ClosePath()
	}
}

// stroke adds the outline of a line of a width to the path: a quadrilateral for each side, and an octagon for each corner.
func (c *canvas) stroke(line []orb.Point, width float64) {
	half := width / 2
	for i, p := range line {
		c.disc(p, half, 8)
		if i == 0 {
			continue
		}
		before := line[i-1]
		dx, dy := p[0]-before[0], p[1]-before[1]
		length := math.Hypot(dx, dy)
		if length == 0 {
			continue
		}
		nx, ny := -dy/length*half, dx/length*half
		c.polygon(orb.Ring{{before[0] + nx, before[1] + ny}, {before[0] - nx, before[1] - ny}, {p[0] - nx, p[1] - ny}, {p[0] + nx, p[1] + ny}})
	}
}

// disc adds a circle as so many sides, wound as strokes are.
func (c *canvas) disc(at orb.Point, radius float64, sides int) {
	ring := make(orb.Ring, sides)
	for i := range ring {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(sides))
		ring[i] = orb.Point{at[0] + radius*cos, at[1] + radius*sin}
	}
	c.polygon(ring)
}

// pill adds a rectangle with round ends.
func (c *canvas) pill(b box) {
	radius := (b.bottom - b.top) / 2
	y := (b.top + b.bottom) / 2
	c.disc(orb.Point{b.left + radius, y}, radius, 48)
	c.disc(orb.Point{b.right - radius, y}, radius, 48)
	c.polygon(orb.Ring{{b.left + radius, b.top}, {b.right - radius, b.top}, {b.right - radius, b.bottom}, {b.left + radius, b.bottom}})
}

// pin adds a pin with its tip on a point, as the interactive map draws it.
func (c *canvas) pin(tip orb.Point, size float64) {
	x, y, s := float32(tip[0]), float32(tip[1]), float32(size)
	c.path.MoveTo(x, y)
	c.path.CubeTo(x-4*s, y-7*s, x-10*s, y-13*s, x-10*s, y-19.5*s)
	c.path.CubeTo(x-10*s, y-25*s, x-5.5*s, y-29.5*s, x, y-29.5*s)
	c.path.CubeTo(x+5.5*s, y-29.5*s, x+10*s, y-25*s, x+10*s, y-19.5*s)
	c.path.CubeTo(x+10*s, y-13*s, x+4*s, y-7*s, x, y)
	c.path.ClosePath()
}
