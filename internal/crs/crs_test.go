package crs

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// labels are the label points of every commune of the country.
func labels(t *testing.T) (points []orb.Point) {
	t.Helper()
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places.Places(registry.LevelCommune) {
		if p.Label != nil {
			points = append(points, *p.Label)
		}
	}
	if len(points) < 1500 {
		t.Fatalf("only %d communes have a point", len(points))
	}
	return points
}

// program finds one of PROJ's programs; make test installs them.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed: apt-get install proj-bin", name)
	}
	return path
}

// proj is what PROJ's own database says a system is, with the datum shift that the test is about: it has no operation of its own for the
// south of the Sahara, where the one for the country stands in.
func proj(t *testing.T, code int) string {
	t.Helper()
	raw, err := exec.Command(program(t, "projinfo"), "-q", "-o", "PROJ", "EPSG:"+strconv.Itoa(code)).Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(raw))
	if code != 3857 && !strings.Contains(text, "+towgs84=31,146,47") {
		text = strings.Replace(text, "+ellps=clrk80ign", "+ellps=clrk80ign +towgs84=31,146,47,0,0,0,0", 1)
	}
	return text
}

// Within a centimetre of PROJ at the label point of every commune, there and back, in every projected system.
func TestAsPROJ(t *testing.T) {
	points := labels(t)
	cs2cs := program(t, "cs2cs")
	for _, s := range Systems {
		if !s.Projected {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			var in bytes.Buffer
			for _, p := range points {
				fmt.Fprintf(&in, "%.9f %.9f\n", p[0], p[1])
			}
			cmd := exec.Command(cs2cs, "-f", "%.6f", "+proj=longlat +datum=WGS84 +no_defs +type=crs", "+to", proj(t, s.EPSG))
			cmd.Stdin = &in
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) != len(points) {
				t.Fatalf("%d answers for %d points", len(lines), len(points))
			}
			worst := 0.0
			for i, line := range lines {
				fields := strings.Fields(line)
				x, err := strconv.ParseFloat(fields[0], 64)
				if err != nil {
					t.Fatal(err)
				}
				y, err := strconv.ParseFloat(fields[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				got, ok := s.Point(points[i])
				if !ok {
					t.Fatalf("%v is nowhere", points[i])
				}
				d := math.Hypot(got[0]-x, got[1]-y)
				if !(d < 0.01) {
					t.Fatalf("%v: %v, PROJ has %v %v", points[i], got, x, y)
				}
				worst = max(worst, d)
				back, ok := s.Degrees(got)
				// 5 mm: the height between the two ellipsoids is dropped both ways, as the operation in two dimensions has it.
				if !ok || math.Abs(back[0]-points[i][0]) > 5e-8 || math.Abs(back[1]-points[i][1]) > 5e-8 {
					t.Fatalf("%v comes back as %v", points[i], back)
				}
			}
			t.Logf("at most %.1f mm from PROJ at %d points", worst*1000, len(points))
		})
	}
}

// The operation that PROJ itself chooses inside the country is the one that docs/api.md names.
func TestOperationIsTheOneThatPROJChooses(t *testing.T) {
	for _, code := range []int{26191, 26192, 26194} {
		out, err := exec.Command(program(t, "projinfo"), "-s", "EPSG:"+strconv.Itoa(code), "-t", "EPSG:4326", "--spatial-test", "intersects", "--summary").Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), "Merchich to WGS 84 (1), 7 m") {
			t.Errorf("EPSG:%d: %s", code, out)
		}
	}
}

// near is within a few millimetres.
func near(a, b orb.Bound) bool {
	return a.Pad(5e-8).Contains(b.Min) && a.Pad(5e-8).Contains(b.Max) && b.Pad(5e-8).Contains(a.Min) && b.Pad(5e-8).Contains(a.Max)
}

func TestGeometryKeepsItsShapeAndItsSource(t *testing.T) {
	web, _ := ByURI(epsg + "3857")
	swapped, _ := ByURI(epsg + "4326")
	p := orb.Point{-9.73, 29.69}
	ring := orb.Ring{{-9, 29}, {-8, 29}, {-8, 30}, {-9, 29}}
	for _, g := range []orb.Geometry{p, orb.MultiPoint{p}, orb.LineString{p, {0, 0}}, orb.MultiLineString{{p, {0, 0}}}, orb.Polygon{ring}, orb.MultiPolygon{{ring}}, orb.Collection{p, ring.Bound().ToPolygon()}} {
		before := orb.Clone(g)
		for _, s := range []System{web, swapped} {
			out, ok := s.Geometry(g)
			if !ok || out.GeoJSONType() != g.GeoJSONType() || orb.Equal(out, g) {
				t.Errorf("%s: %v of %v", s.Name, out, g)
			}
			if back, ok := s.GeometryInDegrees(out); !ok || !near(back.Bound(), g.Bound()) {
				t.Errorf("%s: %v comes back as %v", s.Name, g, back)
			}
		}
		if !orb.Equal(before, g) {
			t.Errorf("%v was changed in place", g)
		}
	}
	if out, _ := swapped.Geometry(p); out != (orb.Point{29.69, -9.73}) {
		t.Errorf("EPSG:4326 is latitude first: %v", out)
	}
	for _, s := range Systems {
		if out, ok := s.Geometry(nil); !ok || out != nil {
			t.Errorf("%s: no geometry became %v", s.Name, out)
		}
	}
}

func TestOutsideTheDomainIsNoNumber(t *testing.T) {
	for _, s := range Systems {
		for _, p := range []orb.Point{{0, 90}, {0, -90}, {12, -89.9999999}, {174.6, -20}, {-5.4, 0}} {
			out, ok := s.Geometry(orb.MultiPoint{{-9, 30}, p})
			if ok && !finite(out.(orb.MultiPoint)[1]) || !ok && out != nil {
				t.Errorf("%s: %v became %v", s.Name, p, out)
			}
		}
		if s.Projected {
			if _, ok := s.Geometry(orb.Point{0, 90}); ok {
				t.Errorf("%s has the pole", s.Name)
			}
		}
	}
}

// A box in a projection is a curved one in degrees: what lies in it is in the box that holds it.
func TestBoxHoldsWhatIsInIt(t *testing.T) {
	points := labels(t)
	for _, s := range Systems[2:] {
		low, _ := s.Point(orb.Point{-10, 29})
		high, _ := s.Point(orb.Point{-2, 34})
		box, ok := s.Box(low, high)
		if !ok {
			t.Fatalf("%s: no box", s.Name)
		}
		inside := 0
		for _, p := range points {
			q, _ := s.Point(p)
			if (orb.Bound{Min: low, Max: high}).Contains(q) {
				inside++
				if !box.Contains(p) {
					t.Errorf("%s: %v is in the box, and not in %v", s.Name, p, box)
				}
			}
		}
		if inside < 500 {
			t.Errorf("%s: only %d points in the box", s.Name, inside)
		}
	}
	north, _ := ByURI(epsg + "26191")
	if _, ok := north.Box(orb.Point{500_000, 1e9}, orb.Point{500_001, 1e9 + 1}); ok {
		t.Error("a box beyond the cone's tip is somewhere")
	}
}
