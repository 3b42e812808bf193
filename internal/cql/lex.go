package cql

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind int

const (
	end    kind = iota
	word        // a name or a keyword, bare
	quoted      // a name in double quotes
	text        // in single quotes
	number
	symbol
)

// token is a piece of CQL2 text.
type token struct {
	kind
	at, to int    // bytes from at to before to
	value  string // the name, the text without its quotes and escapes, the symbol; of a word upper-case in key
	key    string
	number float64
}

// is reports whether a token is a symbol or a keyword.
func (t token) is(s string) bool {
	return t.kind == symbol && t.value == s || t.kind == word && t.key == s
}

// startsName and inName are annex B's identifierStart and identifierPart.
func startsName(r rune) bool {
	switch {
	case r == ':' || r == '_' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z':
		return true
	case r < 0xC0 || r == 0xD7 || r == 0xF7 || r == 0x37E || 0x300 <= r && r <= 0x36F:
		return false
	}
	return r <= 0x1FFE || r == 0x200C || r == 0x200D || 0x2070 <= r && r <= 0x218F || 0x2C00 <= r && r <= 0x2FEF || 0x3001 <= r && r <= 0xD7FF ||
		0xF900 <= r && r <= 0xFDCF || 0xFDF0 <= r && r <= 0xFFFD || 0x10000 <= r && r <= 0xEFFFF
}

func inName(r rune) bool {
	return startsName(r) || r == '.' || '0' <= r && r <= '9' || 0x300 <= r && r <= 0x36F || r == 0x203F || r == 0x2040
}

// isName reports whether s may be the name of a property or a function.
func isName(s string) bool {
	for i, r := range s {
		if i == 0 && !startsName(r) || !inName(r) || r == utf8.RuneError {
			return false
		}
	}
	return s != ""
}

// inText is annex B's character, control characters as they are after their escapes.
func inText(r rune) bool {
	return r != utf8.RuneError && r >= 7 && (r < 0xE || r >= 0x20) && r != 0xFFFE && r != 0xFFFF
}

// isText reports whether s may be a text literal.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !inText(r) }) < 0
}

// escapes are the characters after a backslash that stand for another. Before any other character a backslash is one, which LIKE
// understands: '10\%' is a pattern that ends in a percent sign.
var escapes = map[byte]byte{'a': 7, 'b': 8, 't': 9, 'n': 10, 'v': 11, 'f': 12, 'r': 13, '\'': '\'', '\\': '\\'}

// lex reads the token at or after a byte.
func lex(src string, at int) (token, error) {
	for at < len(src) {
		r, size := utf8.DecodeRuneInString(src[at:])
		if !unicode.IsSpace(r) {
			break
		}
		at += size
	}
	t := token{kind: end, at: at, to: at}
	if at == len(src) {
		return t, nil
	}
	r, _ := utf8.DecodeRuneInString(src[at:])
	switch {
	case r == '\'':
		return lexText(src, at)
	case r == '"':
		to := strings.IndexByte(src[at+1:], '"')
		if to < 0 || !isName(src[at+1:at+1+to]) {
			return t, &Error{Offset: at, Got: short(src[at:]), Takes: "a name in double quotes; a text stands in single ones"}
		}
		return token{kind: quoted, at: at, to: at + to + 2, value: src[at+1 : at+1+to]}, nil
	case startsName(r) && r != utf8.RuneError:
		name := src[at:]
		if to := strings.IndexFunc(name, func(r rune) bool { return !inName(r) || r == utf8.RuneError }); to >= 0 {
			name = name[:to]
		}
		return token{kind: word, at: at, to: at + len(name), value: name, key: strings.ToUpper(name)}, nil
	case '0' <= r && r <= '9' || r == '.':
		return lexNumber(src, at)
	}
	for _, s := range []string{"<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/", "%", "^"} {
		if strings.HasPrefix(src[at:], s) {
			return token{kind: symbol, at: at, to: at + len(s), value: s}, nil
		}
	}
	if r == utf8.RuneError || !inText(r) {
		return t, notText(at)
	}
	takes := "a name, a literal, an operator or ("
	if r == '!' {
		takes = "<> for what isn't equal, NOT for what isn't so"
	}
	return t, &Error{Offset: at, Got: string(r), Takes: takes}
}

func lexText(src string, at int) (token, error) {
	var b strings.Builder
	for i := at + 1; i < len(src); {
		c := src[i]
		next := byte(0)
		if i+1 < len(src) {
			next = src[i+1]
		}
		switch {
		case c == '\'' && next != '\'':
			return token{kind: text, at: at, to: i + 1, value: b.String()}, nil
		case c == '\'':
			b.WriteByte('\'')
			i += 2
		case c == '\\' && escapes[next] != 0:
			b.WriteByte(escapes[next])
			i += 2
		default:
			r, size := utf8.DecodeRuneInString(src[i:])
			if r == utf8.RuneError && size == 1 || !inText(r) {
				return token{at: i}, notText(i)
			}
			b.WriteRune(r)
			i += size
		}
	}
	return token{at: at}, &Error{Offset: len(src), Got: "the end", Takes: "the ' that ends the text begun at " + strconv.Itoa(at)}
}

func lexNumber(src string, at int) (token, error) {
	to := at
	digits := func() (n int) {
		for ; to < len(src) && '0' <= src[to] && src[to] <= '9'; to++ {
			n++
		}
		return n
	}
	n := digits()
	if to < len(src) && src[to] == '.' {
		to++
		n += digits()
	}
	if to < len(src) && (src[to] == 'e' || src[to] == 'E') {
		to++
		if to < len(src) && (src[to] == '+' || src[to] == '-') {
			to++
		}
		if digits() == 0 {
			n = 0
		}
	}
	f, err := strconv.ParseFloat(src[at:to], 64)
	if err != nil || n == 0 || !finite(f) {
		return token{at: at}, &Error{Offset: at, Got: short(src[at:max(to, at+1)]), Takes: "a number that is finite"}
	}
	return token{kind: number, at: at, to: to, value: src[at:to], number: f}, nil
}
