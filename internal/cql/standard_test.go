package cql

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// examples are the standard's own, by name: each file of one folder that ends so.
func examples(t *testing.T, folder, ending string) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "shared", "standards", "cql2", folder)
	files, err := filepath.Glob(filepath.Join(root, "*"+ending))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the standard's examples are not in ../shared")
		}
		t.Skip("the standard's examples are not in ../shared")
	}
	out := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ending)] = string(raw)
	}
	return out
}

// readsBack checks that a tree is written and read back as itself, as text and as JSON.
func readsBack(t *testing.T, e Expr) {
	t.Helper()
	text, raw := FormatText(e), FormatJSON(e)
	if again, err := ParseText(text); err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("written %s\n%v\nread back %#v\nnot %#v", text, err, again, e)
	}
	if again, err := ParseJSON(raw); err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("written %s\n%v\nread back %#v\nnot %#v", raw, err, again, e)
	}
}

func TestStandardExamples(t *testing.T) {
	texts, jsons := examples(t, "text", ".txt"), examples(t, "json", ".json")
	if len(texts) < 120 || len(jsons) < 109 {
		t.Fatalf("%d texts and %d JSON documents", len(texts), len(jsons))
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			e, err := ParseText(text)
			if err != nil {
				t.Fatalf("%s\n%v", text, err)
			}
			readsBack(t, e)
			twin, _, alternative := strings.Cut(name, "-alt")
			raw, ok := jsons[twin]
			if !ok {
				t.Fatalf("no JSON %s (alternative: %v)", twin, alternative)
			}
			f, err := ParseJSON([]byte(raw))
			if err != nil {
				t.Fatalf("%s\n%v", raw, err)
			}
			readsBack(t, f)
			if !reflect.DeepEqual(e, f) {
				t.Errorf("the text is %#v,\nthe JSON %#v", e, f)
			}
		})
	}
}
