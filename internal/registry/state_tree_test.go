package registry

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// A tree is what encoding/json would make of the same text, with numbers as written.
func TestTreeIsTheOneOfEncodingJSON(t *testing.T) {
	for _, text := range []string{
		`{"a":[1,2.50,-0,1e400,{"b":null}],"é\"\\\u00e9\/":"x\nﷺ","":{},"l":[[],[true,false]],"z":"a","a\u0000":0}`,
		`"x"`, `12345678901234567890.10`, `null`, `[]`, ` { "a" : 1 , "b" : [ ] } `, `{"a":1,"a":2}`,
	} {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got, err := decodeTree([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v; want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{``, ` `, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `[1`, `[1,`, `[1,]`, `{1:2}`, `tru`, `"a`, `1 2`, `{} x`, "\"\xff\"", `01`, `}`, `]`} {
		if got, err := decodeTree([]byte(text)); err == nil {
			t.Errorf("%q: %#v, no error", text, got)
		}
	}
}
