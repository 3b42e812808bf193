package passage

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalise applies the rules on characters: afterwards there is one kind of line break and one kind of space.
func normalise(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\f' || r == '\v' || r == '\u0085' || r == '\u2028':
			b.WriteByte('\n')
		case r == '\u2029':
			b.WriteString("\n\n")
		case unicode.IsSpace(r) || unicode.IsControl(r):
			b.WriteByte(' ')
		case inkless(r):
		default:
			b.WriteRune(r)
		}
	}
	lines := strings.Split(norm.NFC.String(b.String()), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.FieldsFunc(line, isBlank), " ")
	}
	return strings.Join(lines, "\n")
}

func isBlank(r rune) bool { return r == ' ' }

// inkless reports characters that no reader sees and that copies of one text differ in. The joiners U+200C and U+200D are not
// among them: they change how Arabic letters look.
func inkless(r rune) bool {
	switch {
	case r == '\ufeff', r == '\u200b', r == '\u2060', r == '\u00ad': // byte order mark, zero-width space, word joiner, soft hyphen
		return true
	case r == '\u061c', r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069': // direction
		return true
	}
	return false
}

// blocks cuts a normalised text at its blank lines and frees each block of emphasis marks.
func blocks(s string) []string {
	var all []string
	var block []string // the lines of the block at hand
	for _, line := range append(strings.Split(s, "\n"), "") {
		if line != "" {
			block = append(block, line)
		} else if len(block) > 0 {
			all = append(all, dropEmphasis(strings.Join(block, "\n")))
			block = nil
		}
	}
	return all
}

// dropEmphasis takes out pairs of asterisk runs, and leaves the unpaired.
func dropEmphasis(s string) string {
	if !strings.Contains(s, "*") {
		return s
	}
	runes := []rune(s)
	drop := make([]bool, len(runes))
	var open [4][]int // open[n]: where runs of n asterisks wait for their match
	for i := 0; i < len(runes); i++ {
		if runes[i] != '*' {
			continue
		}
		start := i
		for i+1 < len(runes) && runes[i+1] == '*' {
			i++
		}
		n := i + 1 - start
		if n >= len(open) {
			continue
		}
		before, after := '\n', '\n'
		if start > 0 {
			before = runes[start-1]
		}
		if i+1 < len(runes) {
			after = runes[i+1]
		}
		closes := !unicode.IsSpace(before) && !opensBracket(before) && !isWord(after)
		opens := !isWord(before) && (isWord(after) || opensBracket(after))
		switch {
		case closes && len(open[n]) > 0:
			last := len(open[n]) - 1
			for k := range n {
				drop[open[n][last]+k], drop[start+k] = true, true
			}
			open[n] = open[n][:last]
		case opens:
			open[n] = append(open[n], start)
		}
	}
	kept := make([]rune, 0, len(runes))
	for i, r := range runes {
		if !drop[i] {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// isWord reports whether r is part of a word or a number.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// opensBracket reports opening brackets and quotes; " and ' open as well as close.
func opensBracket(r rune) bool {
	return unicode.In(r, unicode.Ps, unicode.Pi) || r == '"' || r == '\''
}

// bullets begin an item wherever they begin a line, since they have no other use there.
const bullets = "•‣◦●○■□▪▫◆◇❖❑❒❏➔➢➤►▶▸✓✔✦✧"

// marker is one list marker at the beginning of a line.
var marker = regexp.MustCompile(`^(?:[` + bullets + `] ?|(?:[-–—*·]|\p{Nd}{1,2}[.)]|\p{L}\)|\((?:\p{Nd}{1,2}|\p{L})\))(?: |$))`)

// items cuts a block into its list items; a block without markers is one item.
func items(block string) []string {
	var all []string
	var lines []string // of the item at hand
	for line := range strings.SplitSeq(block, "\n") {
		marked := false
		for m := marker.FindString(line); m != ""; m = marker.FindString(line) {
			line, marked = line[len(m):], true
		}
		if marked {
			all = append(all, strings.Join(lines, " "))
			lines = nil
		}
		lines = append(lines, line)
	}
	return append(all, strings.Join(lines, " "))
}
