package main

import (
	"bytes"
	"testing"

	"mithaq/internal/dossier"
)

// The published schema is the one that the record types make now.
func TestSchemaIsFresh(t *testing.T) {
	t.Chdir("..") // where go generate runs: comments are found by relative path
	raw, err := generate("../registry")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, dossier.Schema) {
		t.Error("records.schema.json is stale: run go generate ./internal/dossier")
	}
}
