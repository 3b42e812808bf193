package picture

import (
	"fmt"
	"image/color"
	"regexp"
	"strconv"
)

// Palette is the house's colours by the names of the style sheet's variables, without the hyphens before them.
type Palette map[string]color.RGBA

// inks are the colours that a card needs.
var inks = []string{
	"ground", "ground-raised", "ink", "ink-soft", "line", "accent", "craft", "craft-ground",
	"map-sea", "map-land", "map-none", "map-line", "map-1", "map-2", "map-3", "map-4",
}

var variable = regexp.MustCompile(`--([a-z0-9-]+):\s*#([0-9a-f]{6}|[0-9a-f]{3});`)

// ReadPalette takes the colours from the style sheet that the pages have, so that they are written once. Of a variable that is set
// several times the first counts: the one for light screens.
func ReadPalette(css []byte) (Palette, error) {
	p := Palette{}
	for _, m := range variable.FindAllSubmatch(css, -1) {
		name, hex := string(m[1]), string(m[2])
		if _, again := p[name]; again {
			continue
		}
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		v, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			return nil, fmt.Errorf("colour --%s: %w", name, err)
		}
		p[name] = color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
	}
	for _, name := range inks {
		if _, ok := p[name]; !ok {
			return nil, fmt.Errorf("the style sheet has no colour --%s", name)
		}
	}
	return p, nil
}
