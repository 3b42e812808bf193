package gazetteer

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold is the light normalisation: two texts that differ by letter case, accents, vowel marks, tatweel, the form of an alef or
// of a hamza's seat, the digits' script, hyphens, apostrophes or spacing fold to the same words, one space between them.
// It keeps every letter, so it suits a full-text index; "L'Oulja – Salé" is "l oulja sale". Folding twice changes nothing.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false // a separator was seen since the last letter
	for _, r := range norm.NFKD.String(s) {
		switch {
		case 'a' <= r && r <= 'z' || 'ا' <= r && r <= 'غ' || 'ف' <= r && r <= 'ي': // most letters need no look at the tables below
		case r == 'ـ', unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // tatweel; accents, vowel marks, hamzas; joiners, bidi marks
			continue
		case !unicode.In(r, unicode.L, unicode.N, unicode.Mc):
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		writeFolded(&b, unicode.ToLower(r))
	}
	return b.String()
}

// writeFolded writes a lower-case letter or digit in its plain form; NFKD has already done most of it.
func writeFolded(b *strings.Builder, r rune) {
	switch {
	case r == 'œ':
		b.WriteString("oe")
	case r == 'æ':
		b.WriteString("ae")
	case r == 'ß':
		b.WriteString("ss")
	case r == 'ٱ': // alef wasla has no decomposition
		b.WriteRune('ا')
	case '٠' <= r && r <= '٩':
		b.WriteByte(byte('0' + r - '٠'))
	case '۰' <= r && r <= '۹':
		b.WriteByte(byte('0' + r - '۰'))
	default:
		b.WriteRune(r)
	}
}

// plain is a folded text without its spaces: what "equal but for case, accents and spaces" compares.
func plain(folded string) string { return strings.ReplaceAll(folded, " ", "") }

// Key is one spelling for all the ways in which a folded name or word is transcribed; for comparing, never for showing.
func Key(folded string) string { return key(folded) }

// key is the full matching key of a folded text: one spelling for all the ways in which a name is transcribed. It is for
// comparing, never for showing. "Sidi Bou Abdelli" and "Sidi Bouabdelli" are both "sidibwabdli". The rules were tuned on
// the spellings of two censuses (geodata/name-pairs.csv); geodata/README.md lists them.
func key(folded string) string {
	if arabic(folded) {
		return arabicKey(folded)
	}
	return latinKey(folded)
}

// arabic tells the script of a folded text by its first letter.
func arabic(folded string) bool {
	for _, r := range folded {
		if unicode.IsLetter(r) {
			return unicode.Is(unicode.Arabic, r)
		}
	}
	return false
}

var (
	latinArticles = []string{"al", "el", "l", "la", "le", "les", "de", "des"}
	latinWords    = map[string]string{"beni": "bni", "ouled": "oulad", "oued": "ouad", "my": "moulay"}
	// Digraphs before single letters; X and S stand for the sounds that take two letters in French.
	latinSounds = strings.NewReplacer(
		"kh", "X", "sh", "S", "ch", "S", "gh", "r", "rh", "r", "ou", "w", "u", "w",
		"q", "k", "c", "k", "y", "i", "h", "")
	arabicLetters = strings.NewReplacer(
		"ة", "ه", "ى", "ي", "ء", "", "گ", "ك", "ݣ", "ك", "ڭ", "ك", "ک", "ك", "ی", "ي")
)

func latinKey(folded string) string {
	words := strings.Fields(folded)
	kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(latinArticles, w) })
	if len(kept) == 0 { // a name made of articles alone keeps them
		kept = words
	}
	for i, w := range kept {
		if usual, ok := latinWords[w]; ok {
			w = usual
		}
		w = latinSounds.Replace(w)
		if w != "" {
			w = w[:1] + strings.ReplaceAll(w[1:], "e", "") // only a first e is heard alike by all
		}
		kept[i] = w
	}
	return single(strings.Join(kept, ""))
}

func arabicKey(folded string) string {
	words := strings.Fields(folded)
	for i, w := range words {
		if bare := strings.TrimPrefix(w, "ال"); bare != "" {
			w = bare
		}
		words[i] = arabicLetters.Replace(w)
	}
	return single(strings.Join(words, ""))
}

// single writes a letter that follows itself once.
func single(s string) string {
	return string(slices.Compact([]rune(s)))
}
