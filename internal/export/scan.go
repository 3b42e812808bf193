package export

import "strings"

// scan.go takes features apart that are written as package feature writes them: no blanks between the parts, no escapes in names. Whatever else is
// valid JSON is left to encoding/json, which takes ten times as long; both give the same parts.

// deepest is how deep values may be nested.
const deepest = 64

// member is where the first member of an object begins and ends in s, which begins with {, or of the rest of one, which begins with a comma. end is where the
// rest begins; the object ends there when that is }. ok is false for what this scanner leaves alone.
func member(s string) (name, value string, end int, ok bool) {
	const quoted = `"`
	if len(s) < 2 || s[1] != '"' {
		return "", "", 0, false
	}
	n := strings.Index(s[2:], quoted)
	if n < 0 {
		return "", "", 0, false
	}
	name = s[2 : 2+n]
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '\\' || c > '~' {
			return "", "", 0, false
		}
	}
	begin := 2 + n + 2
	if begin >= len(s) || s[begin-1] != ':' {
		return "", "", 0, false
	}
	length := skip(s[begin:], 0)
	end = begin + length
	if length == 0 || end == len(s) || s[end] != ',' && s[end] != '}' {
		return "", "", 0, false
	}
	return name, s[begin:end], end, true
}

// skip is the length of the value that s begins with, 0 for what this scanner leaves alone.
func skip(s string, depth int) int {
	if s == "" || depth == deepest {
		return 0
	}
	switch s[0] {
	case '"':
		return skipText(s)
	case '{', '[':
		open := s[0]
		i := 1
		if len(s) > 1 && s[1] == open+2 { // } and ] are two after their openings
			return 2
		}
		for {
			if open == '{' {
				n := skipText(s[i:])
				if i += n; n == 0 || i == len(s) || s[i] != ':' {
					return 0
				}
				i++
			}
			n := skip(s[i:], depth+1)
			if i += n; n == 0 || i == len(s) {
				return 0
			}
			if s[i] == open+2 {
				return i + 1
			}
			if s[i] != ',' {
				return 0
			}
			i++
		}
	}
	for _, word := range []string{"null", "true", "false"} {
		if strings.HasPrefix(s, word) {
			return len(word)
		}
	}
	return skipNumber(s)
}

// skipText is the length of a text with its quotes.
func skipText(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return 0
		case c == '\\':
			if i++; i == len(s) {
				return 0
			}
			switch s[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(s) {
					return 0
				}
				for _, c := range []byte(s[i+1 : i+5]) {
					if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
						return 0
					}
				}
				i += 4
			default:
				return 0
			}
		}
	}
	return 0
}

// skipNumber is the length of a number.
func skipNumber(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	begin := 0
	if s[0] == '-' {
		begin = 1
	}
	i := digits(begin)
	if i == begin || s[begin] == '0' && i > begin+1 {
		return 0
	}
	if i < len(s) && s[i] == '.' {
		begin = i + 1
		if i = digits(begin); i == begin {
			return 0
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		begin = i + 1
		if begin < len(s) && (s[begin] == '+' || s[begin] == '-') {
			begin++
		}
		if i = digits(begin); i == begin {
			return 0
		}
	}
	return i
}

// appendTexts appends the members of a list of texts. ok is false for what this scanner leaves alone.
func appendTexts(list []string, s string) (_ []string, ok bool) {
	if s == "[]" {
		return list, true
	}
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' || strings.IndexByte(s, '\\') >= 0 {
		return list, false
	}
	for s = s[1:]; ; {
		n := skipText(s)
		if n == 0 || n == len(s) {
			return list, false
		}
		list = append(list, s[1:n-1])
		switch s[n] {
		case ',':
			s = s[n+1:]
		case ']':
			return list, len(s) == n+1
		default:
			return list, false
		}
	}
}
