package httpserve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/registry"
)

func TestBBox(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []Box // nil: refused
	}{
		{"-9.8,29.5,-9.5,29.8", []Box{{-9.8, 29.5, -9.5, 29.8}}},
		{"-180,-90,180,90", []Box{{-180, -90, 180, 90}}},
		{"-9.8,29.5,-9.8,29.5", []Box{{-9.8, 29.5, -9.8, 29.5}}},
		{"-9.8,29.5,0,-9.5,29.8,1000", []Box{{-9.8, 29.5, -9.5, 29.8}}},
		{"177,-20,-178,-16", []Box{{177, -20, 180, -16}, {-180, -20, -178, -16}}},
		{"177,-20,-5,-178,-16,5", []Box{{177, -20, 180, -16}, {-180, -20, -178, -16}}},
		{"1e1,-.5,2.E1,.5", []Box{{10, -.5, 20, .5}}},
		{"-0,-0,0,0", []Box{{0, 0, 0, 0}}},
		{"", nil}, {"1,2,3", nil}, {"1,2,3,4,5", nil}, {"1,2,3,4,5,6,7", nil}, {"1,2,3,", nil}, {"1, 2, 3, 4", nil}, {"1;2;3;4", nil},
		{"NaN,0,1,1", nil}, {"0,0,Inf,1", nil}, {"0,0,1e999,1", nil}, {"0x1p4,0,20,1", nil}, {"+1,0,2,1", nil}, {"a,b,c,d", nil},
		{"0,2,1,1", nil}, {"0,0,1,90.1", nil}, {"0,-91,1,1", nil}, {"-180.1,0,1,1", nil}, {"0,0,181,1", nil},
		{"0,0,5,1,1,4", nil}, {"-1091000,3446000,-1050000,3500000", nil}, {"١,٢,٣,٤", nil},
	} {
		got, err := BBox(tc.in)
		var refused *registry.Error
		switch {
		case tc.want == nil && (!errors.As(err, &refused) || refused.Code != registry.Invalid || refused.Param != "bbox" || refused.Got != tc.in):
			t.Errorf("BBox(%q) = %v, %v; want a refusal", tc.in, got, err)
		case tc.want != nil && (err != nil || !slices.Equal(got, tc.want)):
			t.Errorf("BBox(%q) = %v, %v; want %v", tc.in, got, err, tc.want)
		}
	}
}

func FuzzBBox(f *testing.F) {
	f.Add("177,-20,-178,-16")
	f.Fuzz(func(t *testing.T, s string) {
		boxes, err := BBox(s)
		for _, b := range boxes {
			if err != nil || !(b.West >= -180 && b.West <= b.East && b.East <= 180 && b.South >= -90 && b.South <= b.North && b.North <= 90) {
				t.Errorf("BBox(%q) = %v, %v", s, boxes, err)
			}
		}
	})
}

func TestQueryAndPathText(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/query/:name?", func(c *fiber.Ctx) error {
			q, err := Query(c, "limit", "q")
			if err != nil {
				return err
			}
			return c.SendString(fmt.Sprintf("%q %q", PathParam(c, "name"), map[string]string(q)))
		})
		app.Get("/none", func(c *fiber.Ctx) error {
			_, err := Query(c)
			return err
		})
		app.Get("/communes/:code.geojson", func(c *fiber.Ctx) error { return c.SendString(PathParam(c, "code")) })
	})
	for path, want := range map[string]string{
		"/query":                                `"" map[]`,
		"/query/%D9%85%D9%8A%D8%AB%D8%A7%D9%82": `"ميثاق" map[]`,
		"/query/a%2Fb%20c+d?q=a+b%2Bc;d&limit=": `"a/b c+d" map["limit":"" "q":"a b+c;d"]`,
		"/query/%2e%2e?&&q=1":                   `".." map["q":"1"]`,
		"/communes/09.581.01.05.geojson?q=%00":  "400",
		"/communes/09.581.01.05.geojson":        "09.581.01.05",
		"/query?Q=1":                            "400 Q one of: limit, q",
		"/query?q=1&q=1":                        "400 q one value",
		"/query?q[]=1":                          "400 q[] one of: limit, q",
		"/none?x":                               "400 x one of: no parameter",
		"/query?q=%ff":                          "400", "/query?q=%zz": "400", "/query?%00=1": "400", "/query?q=%ED%A0%80": "400",
		"/query/%ff": "400", "/query/%00": "400", "/query/%0a": "400", "/query/%7f": "400", "/nothing/%ff": "400",
		"/Q": "404",
	} {
		resp, body := r.getRaw(t, path)
		got := string(body)
		if resp != 200 {
			got = fmt.Sprint(resp)
			if rest, ok := strings.CutPrefix(want, "400 "); ok {
				name, takes, _ := strings.Cut(rest, " ")
				if !strings.Contains(string(body), fmt.Sprintf(`"parameter":%q`, name)) || !strings.Contains(string(body), fmt.Sprintf(`"takes":%q`, takes)) {
					t.Errorf("%s: %s", path, body)
				}
				got = want
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// getRaw sends the path as it is: http.Client would refuse or mend some of them.
func (r *running) getRaw(t *testing.T, path string) (status int, body string) {
	t.Helper()
	answer, _ := r.raw(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	_, body, _ = strings.Cut(answer, "\r\n\r\n")
	_, _ = fmt.Sscanf(answer, "HTTP/1.1 %d", &status)
	return status, body
}

func TestWholeNumbers(t *testing.T) {
	for _, tc := range []struct {
		in        string
		int, upTo int // -1: refused
	}{
		{"", 10, 10}, {"1", 1, 1}, {"50", 50, 50}, {"007", 7, 7}, {"51", -1, 50}, {"99999999999999999999999", -1, 50},
		{"0", -1, -1}, {"-1", -1, -1}, {"-99999999999999999999999", -1, -1}, {"1.0", -1, -1}, {"1e1", -1, -1}, {"0x1", -1, -1},
		{" 1", -1, -1}, {"+1", -1, -1}, {"1_0", -1, -1}, {"NaN", -1, -1}, {"١", -1, -1},
	} {
		p := Params{"limit": tc.in}
		for name, read := range map[string]func(string, int, int, int) (int, error){"Int": p.Int, "UpTo": p.UpTo} {
			want := map[string]int{"Int": tc.int, "UpTo": tc.upTo}[name]
			got, err := read("limit", 10, 1, 50)
			if (err != nil) != (want == -1) || err == nil && got != want {
				t.Errorf("%s(%q) = %d, %v; want %d", name, tc.in, got, err, want)
			}
		}
	}
}
