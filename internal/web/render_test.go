package web

import (
	"io/fs"
	"regexp"
	"testing"
)

var defined = regexp.MustCompile(`\{\{define "([^"]+)"`)

// TestTemplatesHaveNamesOfTheirOwn looks for two templates of one name: all are in one set, and the later would quietly stand for both.
func TestTemplatesHaveNamesOfTheirOwn(t *testing.T) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	in := map[string]string{}
	for _, file := range files {
		raw, err := fs.ReadFile(templateFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range defined.FindAllStringSubmatch(string(raw), -1) {
			if in[m[1]] != "" {
				t.Errorf("%s defines %q, as %s does", file, m[1], in[m[1]])
			}
			in[m[1]] = file
		}
	}
}
