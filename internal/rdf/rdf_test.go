package rdf_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mithaq/internal/rdf"
)

// python is the interpreter with rdflib, an RDF reader that is not ours: make test installs it into build/venv by hash.
func python(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs("../../build/venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if exec.Command(program, "-c", "import rdflib").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no rdflib in build/venv: run make install-test-tools")
		}
		t.Skip("no rdflib in build/venv: make install-test-tools installs it")
	}
	return program
}

// TestBothFormsSayTheSame reads both with rdflib: the same triples, and as many as were said.
func TestBothFormsSayTheSame(t *testing.T) {
	texts := []string{"plain", `quote " and back\slash`, "two\nlines\r\tand a tab", "يوليوز", "", `{"@id": "x"}`, "<b>&", "@fr", "^^xsd:date", `ends with \`}
	nested := (&rdf.Node{Types: []rdf.IRI{"ex:Thing"}}).Add("ex:inner", &rdf.Node{}, (&rdf.Node{}).Add("ex:deep", rdf.IRI("ex:end")))
	n := (&rdf.Node{ID: "https://mithaq.example/a?x=1&y=b c{}|\"<>", Types: []rdf.IRI{"ex:Thing", "ex:Other"}}).
		Add("ex:none").
		Add("ex:link", rdf.IRI("ex:Dataset"), rdf.IRI("https://mithaq.example/é/تافراوت"), rdf.IRI("mailto:a@mithaq.example")).
		Add("ex:day", rdf.Literal{Text: "2026-05-01", Type: "xsd:date"}).
		Add("ex:nested", nested).
		Add("ex:text", rdf.Literal{Text: "accord", Lang: "fr"}).
		Add("ex:text", rdf.Literal{Text: "agreement", Lang: "en"})
	for _, text := range texts {
		n.Add("ex:text", rdf.Literal{Text: text})
	}
	other := (&rdf.Node{ID: "https://mithaq.example/b"}).Add("ex:points", n)
	g := rdf.Graph{Prefixes: map[string]string{"ex": "https://example.org/ns#", "xsd": "http://www.w3.org/2001/XMLSchema#"}, Nodes: []*rdf.Node{n, other}}

	ttl, jsonld := filepath.Join(t.TempDir(), "g.ttl"), filepath.Join(t.TempDir(), "g.jsonld")
	for file, body := range map[string][]byte{ttl: g.Turtle(), jsonld: g.JSONLD()} {
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const compare = `
import sys
from rdflib import Graph
from rdflib.compare import isomorphic
a, b = Graph().parse(sys.argv[1], format='turtle'), Graph().parse(sys.argv[2], format='json-ld')
print(len(a), len(b), isomorphic(a, b))
print('\x00'.join(sorted(str(o) for o in a.objects(None, None))))`
	out, err := exec.Command(python(t), "-c", compare, ttl, jsonld).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, g.Turtle())
	}
	first, said, _ := strings.Cut(string(out), "\n")
	// 2 types, 3 links, 1 day, 1 nested with 1 type, 2 inner and 1 deep, 2 texts in a language, the plain texts, 1 pointer
	if want := 2 + 3 + 1 + 1 + 1 + 2 + 1 + 2 + len(texts) + 1; first != fmt.Sprint(want, want, " True") {
		t.Errorf("rdflib reads %s, want %d triples in both\n%s", first, want, g.Turtle())
	}
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.Errorf("%q came back otherwise", text)
		}
	}
}
