package passage

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Abbreviations whose point ends no sentence: titles never, references only before a digit, since "nos." or "sept." may also come
// last. "etc." is in neither list: it ends sentences more often than not. Titles are in this case, references in any.
const (
	titles     = `MM|Mme|Mmes|Mlle|Mlles|Mgr|Mr|Mrs|Ms|Dr|Pr|Prof|St|Ste|av|bd|cf|p\. ex`
	references = `al|alin|approx|art|arts|chap|env|fasc|fig|n|no|nos|nr|p|par|pp|réf|ref|sect|t|tél|tel|vol|` +
		`jan|janv|feb|fév|févr|mar|apr|avr|jun|jul|juil|aug|sep|sept|oct|nov|dec|déc`
)

// unfinished matches a piece whose last point ends no sentence: initials and acronyms, titles, a number alone.
// referring matches one that goes on if a digit follows.
var (
	unfinished = regexp.MustCompile(`(?:^|[^\p{L}\p{M}\p{N}])(?:(?:[\p{Lu}\p{Lo}]\.[ -]?)+|(?:` + titles + `)\.)$|^\p{Nd}{1,3}\.$`)
	referring  = regexp.MustCompile(`(?i:(?:^|[^\p{L}\p{M}\p{N}])(?:` + references + `)\.)$`)
)

// beforeNumber matches a point, a space and a digit. Unicode reads "en 2019. 25 locaux" as one sentence, for the sake of lower-case
// words after abbreviations; a row of points is a leader or a hesitation and does not count.
var beforeNumber = regexp.MustCompile(`[^. ]\.(?: ?[\p{Pf}\p{Pe}"])* (\p{Nd})`)

// closers are the quotes and brackets at the beginning of a piece that close what came before.
var closers = regexp.MustCompile(`^[\p{Pf}\p{Pe}](?: ?[\p{Pf}\p{Pe}.,;:!?…])*`)

// tailBytes is how much of a sentence's end the abbreviations need; a cap keeps a long run of initials from costing its square.
const tailBytes = 64

// split cuts one item into its sentences.
func split(item string) []string {
	var sentences []string
	start, worded := 0, false // the sentence at hand: where it begins, and whether it has a word yet
	at := 0
	for piece := range pieces(item) {
		from := at + closing(piece)
		if worded && beginsSentence(item[from:at+len(piece)]) && !goesOn(item[start:at], piece) {
			sentences = append(sentences, strings.TrimSpace(item[start:from]))
			start = from
		}
		worded = worded || hasWord(piece)
		at += len(piece)
	}
	if worded {
		sentences = append(sentences, strings.TrimSpace(item[start:]))
	}
	return sentences
}

// pieces yields an item in Unicode's sentences, cut further before numbers; together they are the item.
func pieces(item string) iter.Seq[string] {
	return func(yield func(string) bool) {
		state := -1
		for rest := item; rest != ""; {
			var piece string
			piece, rest, state = uniseg.FirstSentenceInString(rest, state)
			from := 0
			for _, m := range beforeNumber.FindAllStringSubmatchIndex(piece, -1) {
				if !yield(piece[from:m[2]]) {
					return
				}
				from = m[2]
			}
			if !yield(piece[from:]) {
				return
			}
		}
	}
}

// goesOn reports whether the point at the end of sentence belongs to an abbreviation that piece goes on from.
func goesOn(sentence, piece string) bool {
	sentence = strings.TrimSpace(sentence)
	if cut := len(sentence) - tailBytes; cut > 0 {
		for !utf8.RuneStart(sentence[cut]) {
			cut++
		}
		sentence = sentence[cut:]
	}
	first, _ := utf8.DecodeRuneInString(piece)
	return unfinished.MatchString(sentence) || unicode.IsDigit(first) && referring.MatchString(sentence)
}

// closing gives the length of the closing signs at the beginning of piece.
func closing(piece string) int { return len(closers.FindString(piece)) }

func beginsSentence(piece string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(piece))
	return hasWord(piece) && !unicode.IsLower(first)
}

func hasWord(s string) bool { return strings.ContainsFunc(s, isWord) }

// Find gives the place of words in s.Text, as byte offsets. Words are normalised like a text. The typographic apostrophe equals the
// straight one, the hyphens U+2010 and U+2011 equal "-". The first match in equal case wins, else the first in any case.
// A match is whole words and whole numbers: "5" is not found in "25", nor in "2,5". Accents count.
func (s Sentence) Find(words string) (start, end int, ok bool) {
	if !utf8.ValidString(words) {
		return 0, 0, false
	}
	wanted := []rune(strings.Join(strings.Fields(dropEmphasis(normalise(words))), " "))
	if len(wanted) == 0 {
		return 0, 0, false
	}
	text := make([]rune, 0, len(s.Text))
	offsets := make([]int, 0, len(s.Text)+1)
	for offset, r := range s.Text {
		text, offsets = append(text, r), append(offsets, offset)
	}
	offsets = append(offsets, len(s.Text))
	for _, fold := range []func(rune) rune{foldSigns, foldCase} {
		if at := index(text, wanted, fold); at >= 0 {
			return offsets[at], offsets[at+len(wanted)], true
		}
	}
	return 0, 0, false
}

// index gives the first place in text where wanted stands as whole words, -1 when there is none.
func index(text, wanted []rune, fold func(rune) rune) int {
	for at := 0; at+len(wanted) <= len(text); at++ {
		equal := true
		for i, r := range wanted {
			if text[at+i] != r && fold(text[at+i]) != fold(r) {
				equal = false
				break
			}
		}
		if equal && isBoundary(text, at) && isBoundary(text, at+len(wanted)) {
			return at
		}
	}
	return -1
}

// isBoundary reports whether a word or a number may end or begin before text[at].
func isBoundary(text []rune, at int) bool {
	if at == 0 || at == len(text) {
		return true
	}
	before, after := text[at-1], text[at]
	switch {
	case unicode.IsMark(after) || isWord(before) && isWord(after):
		return false
	case unicode.IsDigit(after) && (before == '.' || before == ',') && at > 1:
		return !unicode.IsDigit(text[at-2])
	case unicode.IsDigit(before) && (after == '.' || after == ',') && at+1 < len(text):
		return !unicode.IsDigit(text[at+1])
	}
	return true
}

// foldSigns makes the signs equal that a keyboard doesn't tell apart.
func foldSigns(r rune) rune {
	switch r {
	case '’', 'ʼ', '‘':
		return '\''
	case '\u2010', '\u2011':
		return '-'
	}
	return r
}

func foldCase(r rune) rune { return unicode.ToLower(unicode.ToUpper(foldSigns(r))) }
