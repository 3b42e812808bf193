package gazetteer

import (
	"slices"
	"strings"
)

// form is a name prepared for likeness: its key, its skeleton of consonants, and the trigrams of both.
type form struct {
	arabic      bool // likeness is defined inside one script only
	whole, bare letters
}

// letters are the runes of a key with their trigrams, packed in an integer each, in ascending order.
type letters struct {
	runes []rune
	grams []uint64
}

// skeleton drops the letters that transcriptions add, drop or exchange most, in either script, and writes the emphatic
// consonants of Arabic as the plain ones, since Berber names are written with both.
var skeleton = strings.NewReplacer("a", "", "e", "", "i", "", "o", "", "w", "", "ا", "", "و", "", "ي", "",
	"ط", "ت", "ض", "د", "ص", "س", "ظ", "ذ")

func formOf(folded string) form {
	k := key(folded)
	return form{arabic: arabic(folded), whole: lettersOf(k), bare: lettersOf(skeleton.Replace(k))}
}

func lettersOf(s string) letters {
	l := letters{runes: []rune(s)}
	const end = ' ' // makes a trigram of each end; with two ends, short names are taken for each other more often (measured)
	r := slices.Concat([]rune{end}, l.runes, []rune{end})
	l.grams = make([]uint64, 0, len(l.runes))
	for i := 2; i < len(r); i++ {
		l.grams = append(l.grams, uint64(r[i-2])<<42|uint64(r[i-1])<<21|uint64(r[i]))
	}
	slices.Sort(l.grams)
	return l
}

// likeness of two names, 0 to 1: 0.6 of the keys' and 0.4 of the skeletons'; 0 across scripts.
// Each is half Jaro-Winkler, which looks at the order of letters, and half the Dice coefficient of trigrams.
func likeness(a, b form) float64 {
	if a.arabic != b.arabic || len(a.whole.runes) == 0 || len(b.whole.runes) == 0 {
		return 0
	}
	if len(a.bare.runes)+len(b.bare.runes) == 0 { // names of vowels alone: nothing more to compare
		return alike(a.whole, b.whole)
	}
	return 0.6*alike(a.whole, b.whole) + 0.4*alike(a.bare, b.bare)
}

func alike(a, b letters) float64 {
	if slices.Equal(a.runes, b.runes) {
		return 1
	}
	return (jaroWinkler(a.runes, b.runes) + dice(a.grams, b.grams)) / 2
}

// dice is twice the common trigrams over all trigrams, counted with repetition; both slices are sorted.
func dice(a, b []uint64) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if common == 0 {
		return 0
	}
	return 2 * float64(common) / float64(len(a)+len(b))
}

// jaroWinkler is Winkler's 1990 measure with its usual prefix of at most four letters and weight 0.1.
func jaroWinkler(a, b []rune) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if len(a) > 64 { // the sets of matched letters are bits of an integer; no name in the gazetteer is half as long
		a = a[:64]
	}
	if len(b) > 64 {
		b = b[:64]
	}
	reach := max(len(a), len(b))/2 - 1
	var usedA, usedB uint64
	common := 0
	for i, r := range a {
		for j := max(0, i-reach); j < min(len(b), i+reach+1); j++ {
			if usedB&(1<<j) == 0 && b[j] == r {
				usedA |= 1 << i
				usedB |= 1 << j
				common++
				break
			}
		}
	}
	if common == 0 {
		return 0
	}
	swapped, j := 0, 0
	for i, r := range a {
		if usedA&(1<<i) == 0 {
			continue
		}
		for usedB&(1<<j) == 0 {
			j++
		}
		if b[j] != r {
			swapped++
		}
		j++
	}
	c := float64(common)
	jaro := (c/float64(len(a)) + c/float64(len(b)) + (c-float64(swapped)/2)/c) / 3
	prefix := 0
	for prefix < min(len(a), len(b), 4) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + 0.1*float64(prefix)*(1-jaro)
}
