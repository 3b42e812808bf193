package picture

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// indexed turns a picture into one of at most 256 colours: those that most pixels have, and for the others, which are mixtures at the
// edges of letters and lines, the nearest of these. Nobody sees the difference, and the same pixels always give the same palette.
func indexed(from *image.RGBA) *image.Paletted {
	counts := map[uint32]int{}
	key := func(i int) uint32 {
		p := from.Pix[i : i+3 : i+3]
		return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
	}
	for i := 0; i < len(from.Pix); { // mostly runs of one colour
		k, start := key(i), i
		for i < len(from.Pix) && key(i) == k {
			i += 4
		}
		counts[k] += (i - start) / 4
	}
	order := make([]uint32, 0, len(counts))
	for k := range counts {
		order = append(order, k)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	var palette color.Palette
	chosen := order[:min(len(order), 256)]
	for _, k := range chosen {
		palette = append(palette, color.RGBA{uint8(k >> 16), uint8(k >> 8), uint8(k), 255})
	}
	index := map[uint32]uint8{}
	for _, k := range order {
		index[k] = nearest(chosen, k)
	}
	out := image.NewPaletted(from.Bounds(), palette)
	for i := range out.Pix {
		if i > 0 && key(4*i) == key(4*i-4) {
			out.Pix[i] = out.Pix[i-1]
			continue
		}
		out.Pix[i] = index[key(4*i)]
	}
	return out
}

// nearest is the index of the colour that differs least from another.
func nearest(colours []uint32, k uint32) uint8 {
	best, least := 0, 1<<30
	for i, c := range colours {
		r, g, b := int(c>>16)-int(k>>16), int(c>>8&255)-int(k>>8&255), int(c&255)-int(k&255)
		if d := 2*r*r + 4*g*g + 3*b*b; d < least {
			best, least = i, d
		}
	}
	return uint8(best)
}
