// Package passage gives every sentence of a source an address that stays: paragraph, sentence, and the hash of its words. It
// reads a text and numbers it; it judges nothing, corrects no spelling and keeps no layout.
//
// The rules are a public convention, so that anyone with the same document finds the same sentence under the same number.
//
// Characters. The text is UTF-8; anything else is an error. CRLF, CR, form feed, vertical tab, U+0085 and U+2028 are line breaks,
// U+2029 is a blank line. Every Unicode space and every other control character is a space. Characters without ink are dropped:
// U+FEFF, U+200B, U+2060, the soft hyphen and the marks of writing direction. Then the text is brought to NFC, runs of spaces become
// one, and spaces at both ends of a line go.
//
// Paragraphs. A paragraph is a block of lines that aren't blank and that hold at least one sentence; they are numbered from 1.
//
// Emphasis. A text extraction leaves asterisks round stressed words. A run of one to three, set before a word and matched by an equal
// run after a word of the same paragraph, is dropped with its match; an asterisk alone (a footnote, a product) stays.
//
// Items. A line that begins with a list marker begins an item; every other line break is soft and reads as a space. The marker is
// dropped, and so are further markers right behind it. Markers are a bullet (the constant bullets lists them, from • to ❖, ❑, ➔
// and ►); a dash, an asterisk or a middle dot followed by a space; and, followed by a space, one or two digits with "." or ")" or
// in brackets, and one letter with ")" or in brackets.
//
// Sentences. Inside an item, sentences end where Unicode says (UAX #29), with five repairs:
//   - after an initial or a dotted acronym ("M. Alaoui", "S.A.R. le prince"), a title (the constant titles lists them), a
//     bare number with its point, and before a digit after a reference (the constant references: "art. 3"), the sentence goes on;
//   - a point, a space and a digit end a sentence otherwise ("en 2019. 25 locaux"), except after a row of points;
//   - closing quotes and brackets belong to the sentence that they close, with or without a space before them;
//   - what begins with a lower-case letter goes on with the sentence before it ("Pourquoi ? demande-t-il");
//   - what has no letter and no digit belongs to the sentence before it, or to the next when it comes first; alone it's no sentence.
//
// Sentences are trimmed and numbered from 1 in their paragraph. The hash of a sentence is the SHA-256 of its UTF-8 text. The hash of a
// text is the SHA-256 of its sentences, one a line, with a blank line between paragraphs and nothing after the last.
package passage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is a source's text, numbered.
type Text struct {
	Paragraphs []Paragraph
}

// Paragraph is one block of a text.
type Paragraph struct {
	Number    int // from 1
	Sentences []Sentence
}

// Sentence is one sentence in its normalised spelling.
type Sentence struct {
	Number int // from 1 in its paragraph
	Text   string
	SHA256 string // of Text, in lower-case hexadecimal
}

// Locator is the address of a sentence, with the hash that proves it's still the same one.
type Locator struct {
	Paragraph int
	Sentence  int
	SHA256    string
}

// Parse numbers the text of a source. It refuses what is not UTF-8; a text without words has no paragraphs.
func Parse(raw []byte) (Text, error) {
	if at := invalidAt(raw); at >= 0 {
		return Text{}, fmt.Errorf("the text is not UTF-8: byte %d is 0x%02x; it takes UTF-8 only", at, raw[at])
	}
	var t Text
	for _, block := range blocks(normalise(string(raw))) {
		var sentences []Sentence
		for _, item := range items(block) {
			for _, words := range split(item) {
				sentences = append(sentences, Sentence{Number: len(sentences) + 1, Text: words, SHA256: hash(words)})
			}
		}
		if len(sentences) > 0 {
			t.Paragraphs = append(t.Paragraphs, Paragraph{Number: len(t.Paragraphs) + 1, Sentences: sentences})
		}
	}
	return t, nil
}

// Sentence gives the sentence at an address, both numbers from 1.
func (t Text) Sentence(paragraph, sentence int) (Sentence, bool) {
	if paragraph < 1 || paragraph > len(t.Paragraphs) {
		return Sentence{}, false
	}
	sentences := t.Paragraphs[paragraph-1].Sentences
	if sentence < 1 || sentence > len(sentences) {
		return Sentence{}, false
	}
	return sentences[sentence-1], true
}

// Locate gives the address of every sentence that has these words, in reading order. Words are matched as in Sentence.Find.
func (t Text) Locate(words string) []Locator {
	var found []Locator
	for _, paragraph := range t.Paragraphs {
		for _, sentence := range paragraph.Sentences {
			if _, _, ok := sentence.Find(words); ok {
				found = append(found, Locator{Paragraph: paragraph.Number, Sentence: sentence.Number, SHA256: sentence.SHA256})
			}
		}
	}
	return found
}

// SHA256 is the hash of the whole text in its normalised spelling, in lower-case hexadecimal.
func (t Text) SHA256() string {
	var whole strings.Builder
	for i, paragraph := range t.Paragraphs {
		if i > 0 {
			whole.WriteString("\n\n")
		}
		for j, sentence := range paragraph.Sentences {
			if j > 0 {
				whole.WriteByte('\n')
			}
			whole.WriteString(sentence.Text)
		}
	}
	return hash(whole.String())
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// invalidAt gives the place of the first byte that is not UTF-8, -1 when there's none.
func invalidAt(raw []byte) int {
	for at := 0; at < len(raw); {
		r, size := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}
