package dossier

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxValue bounds a record, and any other member of a file, in bytes: far above any real one, far below the machine's memory.
const maxValue = 16 << 20

// scanner cuts a JSON document into the values of its top levels, without holding more than one of them. It finds where a value ends and leaves to
// encoding/json what is in it.
type scanner struct {
	r   *bufio.Reader
	at  int64 // bytes read
	buf bytes.Buffer
}

// syntaxError is a document broken off: what encoding/json says, and after how many bytes.
type syntaxError struct {
	message string
	at      int64 // -1: at its end
}

func (e *syntaxError) Error() string { return e.message }

// errTooLarge is a value beyond maxValue.
var errTooLarge = errors.New("a value of more than 16 MiB")

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 1<<16)} }

// next is the next byte that isn't white space, left to be read; before is the document so far in short, for the words of an error.
func (s *scanner) next(before string) (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil && errors.Is(err, io.EOF) {
			message := io.ErrUnexpectedEOF.Error()
			if before == "" {
				message = io.EOF.Error()
			}
			return 0, &syntaxError{message, -1}
		}
		if err != nil {
			return 0, err
		}
		s.at++
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			continue
		}
		s.at--
		return c, s.r.UnreadByte()
	}
}

// one reads one byte of those given, which must come next.
func (s *scanner) one(before, of string) (byte, error) {
	c, err := s.next(before)
	if err != nil {
		return 0, err
	}
	if bytes.IndexByte([]byte(of), c) < 0 {
		return 0, s.unexpected(before, c)
	}
	s.at++
	return s.r.ReadByte()
}

// unexpected words an error as encoding/json does.
func (s *scanner) unexpected(before string, c byte) error {
	var any any
	err := json.Unmarshal(append([]byte(before), c), &any)
	var se *json.SyntaxError
	if !errors.As(err, &se) {
		return &syntaxError{fmt.Sprintf("invalid character %q", c), s.at + 1}
	}
	return &syntaxError{se.Error(), s.at + 1}
}

// value reads one value. The bytes are good until the next call; begin is where they begin. At a document's end in the middle of it they are what there is,
// with the error. Whether it is JSON is not said.
func (s *scanner) value(before string) (raw []byte, begin int64, err error) {
	c, err := s.next(before)
	if err != nil {
		return nil, s.at, err
	}
	s.buf.Reset()
	begin = s.at
	v := valueEnd{scalar: c != '{' && c != '[' && c != '"'}
	for {
		if _, err := s.r.Peek(1); errors.Is(err, io.EOF) {
			if v.scalar {
				return s.buf.Bytes(), begin, nil
			}
			return s.buf.Bytes(), begin, &syntaxError{io.ErrUnexpectedEOF.Error(), -1}
		} else if err != nil {
			return nil, begin, err
		}
		some, err := s.r.Peek(s.r.Buffered())
		if err != nil {
			return nil, begin, err
		}
		n, ended := v.in(some)
		if s.buf.Len()+n > maxValue {
			return nil, begin, errTooLarge
		}
		s.buf.Write(some[:n])
		s.at += int64(n)
		if _, err := s.r.Discard(n); err != nil {
			return nil, begin, err
		}
		if ended {
			return s.buf.Bytes(), begin, nil
		}
	}
}

// valueEnd finds where a value ends, piece by piece.
type valueEnd struct {
	depth         int
	scalar        bool // a number or a word, which ends before what follows it
	text, escaped bool
}

// in is how many bytes of some belong to the value, and whether it ends there.
func (v *valueEnd) in(some []byte) (n int, ended bool) {
	for i := 0; i < len(some); i++ {
		if v.escaped {
			v.escaped = false
			continue
		}
		if v.text {
			n := bytes.IndexByte(some[i:], '"')
			if n < 0 {
				n = len(some) - i
			}
			if back := bytes.IndexByte(some[i:i+n], '\\'); back >= 0 {
				i += back
				v.escaped = true
				continue
			}
			if i += n; i == len(some) {
				break
			}
			if v.text = false; v.depth == 0 {
				return i + 1, true
			}
			continue
		}
		switch some[i] {
		case '"':
			v.text = !v.scalar
		case '{', '[':
			v.depth++
		case '}', ']':
			if v.scalar {
				return i, true
			}
			if v.depth--; v.depth == 0 {
				return i + 1, true
			}
		case ' ', '\t', '\r', '\n', ',':
			if v.scalar {
				return i, true
			}
		}
	}
	return len(some), false
}

// utf8Reader passes UTF-8 through and stops at the first byte that is none.
type utf8Reader struct {
	r    io.Reader
	at   int64 // bytes known to be UTF-8
	rest []byte
}

// notUTF8 is the offset of the first byte that is no UTF-8.
type notUTF8 int64

func (e notUTF8) Error() string {
	return fmt.Sprintf("a byte that is not UTF-8 at offset %d", int64(e))
}

// Read implements io.Reader.
func (u *utf8Reader) Read(p []byte) (int, error) {
	if len(p) < utf8.UTFMax {
		return 0, io.ErrShortBuffer
	}
	kept := copy(p, u.rest)
	n, err := u.r.Read(p[kept:])
	n += kept
	whole := n // without a rune that is cut
	for back := 1; back < utf8.UTFMax && back <= n && err == nil; back++ {
		if c := p[n-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(p[n-back : n]) {
				whole = n - back
			}
			break
		}
	}
	u.rest = append(u.rest[:0], p[whole:n]...)
	if i := invalidUTF8(p[:whole]); i >= 0 {
		return 0, notUTF8(u.at + int64(i))
	}
	u.at += int64(whole)
	return whole, err
}
