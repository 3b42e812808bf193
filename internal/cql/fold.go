package cql

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldCase is CASEI: Unicode's full case folding, of no language, as the standard asks. "Straße" and "STRASSE" fold to the same.
func FoldCase(s string) string { return cases.Fold().String(s) }

// FoldAccents is ACCENTI: letters without their marks, case kept. Arabic loses its vowel marks, and the hamza or madda that an alef,
// waw or yeh bears: "مُؤسَّسة" and "موسسة" fold to the same. A hamza that stands alone is a letter, and so are ة and ى.
func FoldAccents(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ٱ': // alef wasla has no decomposition
			return 'ا'
		}
		return r
	}, norm.NFD.String(s))
}
