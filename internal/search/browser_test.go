package search

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// spelling is what the rules make of a text.
type spelling struct {
	Fold  string     `json:"fold"`
	Key   string     `json:"key"`
	Forms [][]string `json:"forms"` // of each word
	Typed [][]string `json:"typed"`
}

// The search of the static site has the rules in JavaScript. They give the same for every name of the gazetteer and for what was hard.
func TestABrowserSpellsAlike(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Node.js")
		}
		t.Skip("no Node.js on this machine: the scripts are built with it")
	}
	texts := []string{"", "l’artisanat d'Ameln", "Souss-Massa (2021–2030)", "المادّة ٣", "« — »", "a\x00b", "\u200fتافراوت\u200f", "ﷺ", "éééé", "Ighalène", "إتفاقية اتفاقيات",
		"بتافراوت والفخار للفخار الفخار", "Tizniṭ", "tizi n’Test", "œuvre Æther straße", "۲۰۲۱", "Beni Mellal-Khénifra", "My Bouselham", "Ouled oued", "½ kg", "accords prix", "𝒜bc", "Łódź",
		"گلميم ڭلميم ݣلميم", "شيء", "الـــدار", "نُور", "ⵜⵉⵣⵏⵉⵜ", "ИВАН", "x s", "s"}
	g := places(t)
	for _, level := range registry.PlaceLevels {
		for _, p := range g.Places(level) {
			texts = append(append(texts, p.NameFR, p.NameAR), p.Aliases...)
		}
	}
	want := make([]spelling, len(texts))
	for i, text := range texts {
		folded := gazetteer.Fold(text)
		want[i] = spelling{Fold: folded, Key: gazetteer.Key(folded), Forms: [][]string{}, Typed: [][]string{}}
		for _, w := range split(text) {
			want[i].Forms, want[i].Typed = append(want[i].Forms, forms(w.folded)), append(want[i].Typed, typed(w.folded))
		}
	}
	asked, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "--input-type=module", "-e", `
		import { fold, forms, key, split, typed } from './words.js';
		import { readFileSync } from 'node:fs';
		console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((text) => ({
			fold: fold(text), key: key(fold(text)), forms: split(text).map((w) => forms(w.folded)), typed: split(text).map((w) => typed(w.folded)) }))));`)
	cmd.Dir = "../../static/site"
	cmd.Stdin = bytes.NewReader(asked)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got []spelling
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(want) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	equal := func(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal) }
	for i, w := range want {
		if x := got[i]; x.Fold != w.Fold || x.Key != w.Key || !equal(x.Forms, w.Forms) || !equal(x.Typed, w.Typed) {
			t.Errorf("%q: the browser has %+v, the program %+v", texts[i], x, w)
		}
	}
}
