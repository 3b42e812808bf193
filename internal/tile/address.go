package tile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// Extent is how many units a tile has along a side.
const Extent = 4096

// MaxZoom is the finest zoom of the tilesets: a unit is then 15 cm, finer than any position is known. Clients enlarge its tiles beyond.
const MaxZoom = 16

// reach is how far a line or an area is drawn beyond the tile's edges, so that the stroke along a border doesn't end there.
const reach = 64

// Address is a place in WebMercatorQuad: Zoom is its tile matrix, Row is counted from the north, Col from the west.
type Address struct{ Zoom, Row, Col int }

// ParseAddress reads the three parts of an address as OGC API - Tiles names them. What is no whole number is Invalid; one that names no tile
// of the tilesets is NotFound.
func ParseAddress(tileMatrix, tileRow, tileCol string) (a Address, err error) {
	zooms := MaxZoom + 1
	if a.Zoom, err = part("tileMatrix", tileMatrix, zooms); err != nil {
		return a, err
	}
	if a.Row, err = part("tileRow", tileRow, 1<<a.Zoom); err != nil {
		return a, err
	}
	a.Col, err = part("tileCol", tileCol, 1<<a.Zoom)
	return a, err
}

var digits = regexp.MustCompile(`^[0-9]+$`)

func part(name, text string, below int) (int, error) {
	e := &registry.Error{Code: registry.Invalid, Message: "This is not a whole number.", Param: name, Got: text, Takes: fmt.Sprintf("a whole number from 0 to %d", below-1)}
	if !digits.MatchString(text) {
		return 0, e
	}
	n, err := strconv.Atoi(text)
	if err != nil || n >= below || strconv.Itoa(n) != text { // one address for one tile: no leading zeros
		e.Code, e.Message = registry.NotFound, "There is no such tile."
		return 0, e
	}
	return n, nil
}

// At is the tile that a point is in, degrees (OGC:CRS84). Beyond the latitudes of the projection, it is the nearest.
func At(p orb.Point, zoom int) Address {
	x, y := world(p, zoom)
	last := 1<<zoom - 1
	return Address{zoom, min(max(int(y)/Extent, 0), last), min(max(int(x)/Extent, 0), last)}
}

// maxLatitude is where the projected world is square.
const maxLatitude = 85.051128779806604

// world is a point in units of a zoom, from the north-western corner of the world.
func world(p orb.Point, zoom int) (x, y float64) {
	size := float64(int(Extent) << zoom)
	lat := min(max(p[1], -maxLatitude), maxLatitude) * math.Pi / 180
	return (p[0] + 180) / 360 * size, (1 - math.Asinh(math.Tan(lat))/math.Pi) / 2 * size
}

// Position is a point in units of the tile, from its north-western corner; they aren't rounded.
func (a Address) Position(p orb.Point) orb.Point {
	x, y := world(p, a.Zoom)
	return orb.Point{x - float64(a.Col*Extent), y - float64(a.Row*Extent)}
}

// degrees is the point at a position of the tile, the inverse of Position.
func (a Address) degrees(p orb.Point) orb.Point {
	size := float64(int(Extent) << a.Zoom)
	x, y := p[0]+float64(a.Col*Extent), p[1]+float64(a.Row*Extent)
	return orb.Point{x/size*360 - 180, math.Atan(math.Sinh(math.Pi*(1-2*y/size))) * 180 / math.Pi}
}

// Box holds whatever is drawn in the tile, what reaches over its edges too: degrees (OGC:CRS84).
func (a Address) Box() orb.Bound {
	low, high := a.degrees(orb.Point{-reach, Extent + reach}), a.degrees(orb.Point{Extent + reach, -reach})
	return orb.Bound{Min: orb.Point{max(low[0], -180), low[1]}, Max: orb.Point{min(high[0], 180), high[1]}}
}
