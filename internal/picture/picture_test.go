package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

// vendored reads a file that the build of static/ makes.
func vendored(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../static/" + name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("static/vendor is not built: make build")
	}
	return raw
}

func painter(t *testing.T) *Painter {
	t.Helper()
	const fonts = "vendor/fonts/card/plex-"
	palette, err := ReadPalette(vendored(t, "css/tokens.css"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPainter(FontFiles{
		Latin: vendored(t, fonts+"latin-400.ttf"), LatinBold: vendored(t, fonts+"latin-600.ttf"),
		Arabic: vendored(t, fonts+"arabic-400.ttf"), ArabicBold: vendored(t, fonts+"arabic-600.ttf"),
	}, palette)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// square is an area of a degree.
func square(west, south float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{west, south}, {west + 1, south}, {west + 1, south + 1}, {west, south + 1}, {west, south}}}}
}

func scene() Scene {
	return Scene{
		Box:    square(-9, 29).Bound(),
		Shapes: []Shape{{square(-8, 29), Outline}, {square(-9, 29), Hatched}, {square(-8.6, 29.2), Footprint}},
		Pins:   []orb.Point{{-8.3, 29.7}},
		Badges: []Badge{{orb.Point{-8.5, 29.5}, "2 sites"}, {orb.Point{-8.5, 29.5}, "1 site & <b>"}},
		Labels: []Label{{orb.Point{-8.8, 29.9}, "تافراوت"}},
		Scale:  func(metres int) string { return strconv.Itoa(metres) + " m" },
	}
}

func TestSceneAsSVG(t *testing.T) {
	got := scene().SVG(`Carte "de" <Tafraout>`, "still")
	if again := scene().SVG(`Carte "de" <Tafraout>`, "still"); !bytes.Equal(got, again) {
		t.Error("the same scene was drawn in two ways")
	}
	for d := xml.NewDecoder(bytes.NewReader(got)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, got)
		}
	}
	for _, want := range []string{`aria-label="Carte &#34;de&#34; &lt;Tafraout&gt;"`, `class="hatched" fill="url(#static-hatch)"`, `1 site &amp; &lt;b&gt;`, "تافراوت", "static-scale"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the drawing lacks %s: %s", want, got)
		}
	}
	if strings.Contains(string(got), "NaN") {
		t.Error("a position is no number")
	}
}

// Two badges at one point stand one above the other, and a third that finds no room is a dot, not a lie about another place.
func TestBadgesDoNotCover(t *testing.T) {
	s := Scene{Box: square(-9, 29).Bound()}
	for range 7 {
		s.Badges = append(s.Badges, Badge{orb.Point{-8.5, 29.5}, "2 sites"})
	}
	badges, _ := s.arrange(frameOf(s.Box, 500, 500, 10), func(string) float64 { return 80 }, 30)
	words := 0
	for i, a := range badges {
		if a.text != "" {
			words++
		}
		for _, b := range badges[:i] {
			if a.text != "" && b.text != "" && a.box.meets(b.box) {
				t.Errorf("%v covers %v", a.box, b.box)
			}
		}
	}
	if words != len(shifts) || len(badges) != 7 {
		t.Errorf("%d badges, %d with words; want 7, %d", len(badges), words, len(shifts))
	}
}

func TestScaleBar(t *testing.T) {
	for _, tc := range []struct {
		box    orb.Bound
		metres int
	}{
		{orb.Bound{Min: orb.Point{-17, 21}, Max: orb.Point{-1, 36}}, 200_000},
		{orb.Bound{Min: orb.Point{-9, 29}, Max: orb.Point{-8, 30}}, 20_000},
		{orb.Bound{Min: orb.Point{-9, 29}, Max: orb.Point{-8.95, 29.05}}, 1_000},
		{orb.Bound{Min: orb.Point{-9, 29}, Max: orb.Point{-9, 29}}, 10}, // a point
	} {
		f := frameOf(tc.box, 500, 500, 10)
		metres, length := f.scaleBar(125)
		if metres != tc.metres || length > 125 || length < 125/2.6 {
			t.Errorf("%v: %d m in %.0f px, want %d", tc.box, metres, length, tc.metres)
		}
	}
}

// The length of the bar is the length on the ground: a degree of latitude is some 111 km.
func TestScaleIsTrue(t *testing.T) {
	f := frameOf(square(-9, 29).Bound(), 500, 500, 10)
	degree := f.point(orb.Point{-8.5, 29})[1] - f.point(orb.Point{-8.5, 30})[1]
	if km := degree * f.metres / 1000; km < 110 || km > 112 {
		t.Errorf("a degree of latitude is drawn as %.1f km", km)
	}
}

// Arabic letters are joined, and a line of them runs from right to left: shaped alone each has another form, and the first letter is the last drawn.
func TestArabicIsShaped(t *testing.T) {
	p := painter(t)
	lines, _ := p.set.lines("ميثاق", true, Type{Size: 40}, 1000, 1)
	var joined int
	for _, run := range lines[0].runs {
		for _, g := range run.Glyphs {
			alone, _ := run.Face.NominalGlyph([]rune("ميثاق")[g.TextIndex()])
			if alone != g.GlyphID {
				joined++
			}
		}
		if first := run.Glyphs[0].TextIndex(); first == 0 {
			t.Error("the first letter is drawn on the left")
		}
	}
	if joined < 3 {
		t.Errorf("%d letters have a joined form, want 3 or more", joined)
	}
	mixed, _ := p.set.lines("25 محلا في Tafraout", true, Type{Size: 40}, 1000, 1)
	if runs := mixed[0].runs; len(runs) < 3 || runs[0].Direction.IsVertical() || runs[0].Runes.Offset < 5 {
		t.Errorf("a mixed line doesn't begin on the left with its last word: %d runs", len(runs))
	}
}

func TestCard(t *testing.T) {
	p := painter(t)
	s := scene()
	long := strings.Repeat("Convention de partenariat pour la réhabilitation du complexe ", 8)
	for name, card := range map[string]Card{
		"map":      {Kicker: "Commune", Title: Line{"Tafraout", false}, Figures: []Figure{{"2", "accords"}}, Credit: "CC BY 4.0", Map: &s},
		"arabic":   {RTL: true, Kicker: "جماعة", Title: Line{"تافراوت", true}, Subtitle: Line{"Tafraout", false}, Figures: []Figure{{"2", "اتفاقيتان"}, {"15", "محلا"}, {"1", "موقع"}, {"9", "أكثر"}}, Map: &s},
		"no map":   {Title: Line{long, false}, Note: long, Credit: long},
		"nothing":  {},
		"no space": {Title: Line{strings.Repeat("x", 300), false}},
	} {
		got, err := p.PNG(card)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		img, err := png.Decode(bytes.NewReader(got))
		if err != nil || img.Bounds().Dx() != CardWidth || img.Bounds().Dy() != CardHeight || len(got) > 100_000 {
			t.Errorf("%s: %d bytes, %v, %v", name, len(got), err, img)
		}
		if again, _ := p.PNG(card); !bytes.Equal(got, again) {
			t.Errorf("%s: drawn in two ways", name)
		}
	}
}

func TestPaletteLacksAColour(t *testing.T) {
	if _, err := ReadPalette([]byte(":root { --ground: #fff; }")); err == nil || !strings.Contains(err.Error(), "--") {
		t.Errorf("%v, want the name of the colour", err)
	}
}
