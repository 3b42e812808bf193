// Package cite writes a reference to something in the registry in the forms that reference managers read: BibTeX, RIS and CSL-JSON.
// It knows no record and no page; it refuses nothing, because a title may hold whatever a source prints: what would break a form is
// written so that it doesn't.
//
// Rules: BibTeX as its manual (btxdoc) and biblatex's have them, in UTF-8; RIS as the format's specification of 2011 (tags of two
// letters, two blanks, a hyphen, a blank; lines end with CR LF); CSL-JSON 1.0.2.
package cite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Work is what is cited.
type Work struct {
	Key       string // names it among references: letters, digits, hyphens and dots
	Title     string
	Lang      string // of the title, ISO 639-1; empty when unknown
	Publisher string
	Version   string    // empty for none
	Published time.Time // of that version; zero when nothing was published
	URL       string    // of that version
	Note      string    // in words, for people
}

// Forms lists the forms by the ending of their files.
var Forms = []Form{
	{"bib", "BibTeX", "application/x-bibtex; charset=utf-8", BibTeX},
	{"ris", "RIS", "application/x-research-info-systems; charset=utf-8", RIS},
	{"csl.json", "CSL-JSON", "application/vnd.citationstyles.csl+json", CSLJSON},
}

// Form is one way to write a reference.
type Form struct {
	Ending, Name, ContentType string
	Write                     func(Work) string
}

// oneLine keeps a value on its line: control characters and line ends become blanks, runs of blanks one.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) && r != '\u00a0' && r != '\u202f' }), " ")
}

// tex escapes what TeX would take for its own. Braces are written by name: BibTeX counts them before TeX reads the backslash in front.
var tex = strings.NewReplacer(`\`, `\textbackslash{}`, `{`, `\textbraceleft{}`, `}`, `\textbraceright{}`, `#`, `\#`, `$`, `\$`, `%`, `\%`, `&`, `\&`,
	`_`, `\_`, `~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`)

// texLanguages are the names that babel and biblatex know; others are left out.
var texLanguages = map[string]string{"fr": "french", "ar": "arabic", "en": "english", "es": "spanish", "de": "german"}

// address keeps an address whole in a field in braces.
var address = strings.NewReplacer("{", "%7B", "}", "%7D", `\`, "%5C")

// BibTeX is w as one entry of the type misc. The title is in braces of its own, so that no style changes its capitals.
func BibTeX(w Work) string {
	var b strings.Builder
	fmt.Fprintf(&b, "@misc{%s,\n", w.Key)
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %s = {%s},\n", name, value)
		}
	}
	field("title", "{"+tex.Replace(oneLine(w.Title))+"}")
	field("author", "{"+tex.Replace(oneLine(w.Publisher))+"}")
	field("publisher", tex.Replace(oneLine(w.Publisher)))
	if !w.Published.IsZero() {
		at := w.Published.UTC()
		field("date", at.Format(time.DateOnly))
		field("year", at.Format("2006"))
		fmt.Fprintf(&b, "  month = %s,\n", strings.ToLower(at.Format("Jan")))
	}
	field("version", tex.Replace(oneLine(w.Version)))
	field("langid", texLanguages[w.Lang])
	field("url", address.Replace(w.URL))
	field("note", tex.Replace(oneLine(w.Note)))
	b.WriteString("}\n")
	return b.String()
}

// RIS is w as one reference of the type DATA.
func RIS(w Work) string {
	var b strings.Builder
	field := func(tag, value string) {
		if value = oneLine(value); value != "" || tag == "ER" {
			fmt.Fprintf(&b, "%s  - %s\r\n", tag, value)
		}
	}
	field("TY", "DATA")
	field("ID", w.Key)
	field("TI", w.Title)
	field("AU", w.Publisher)
	field("PB", w.Publisher)
	if !w.Published.IsZero() {
		field("PY", w.Published.UTC().Format("2006"))
		field("DA", w.Published.UTC().Format("2006/01/02"))
	}
	field("ET", w.Version)
	field("LA", w.Lang)
	field("UR", w.URL)
	field("N1", w.Note)
	field("ER", "")
	return b.String()
}

// name is a person or, as here always, a body.
type name struct {
	Literal string `json:"literal"`
}

type date struct {
	Parts [][]int `json:"date-parts"`
}

type item struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title"`
	Author    []name `json:"author"`
	Publisher string `json:"publisher"`
	Issued    *date  `json:"issued,omitempty"`
	Version   string `json:"version,omitempty"`
	Language  string `json:"language,omitempty"`
	URL       string `json:"URL"`
	Note      string `json:"note,omitempty"`
}

// CSLJSON is w as a list of one item.
func CSLJSON(w Work) string {
	it := item{ID: w.Key, Type: "dataset", Title: oneLine(w.Title), Author: []name{{oneLine(w.Publisher)}}, Publisher: oneLine(w.Publisher),
		Version: oneLine(w.Version), Language: w.Lang, URL: w.URL, Note: oneLine(w.Note)}
	if !w.Published.IsZero() {
		y, m, d := w.Published.UTC().Date()
		it.Issued = &date{[][]int{{y, int(m), d}}}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode([]item{it}); err != nil {
		panic(err) // texts and numbers have a JSON form
	}
	return b.String()
}
