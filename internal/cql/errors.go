package cql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says why a filter can't be read, or why it can't be asked.
type Error struct {
	// Offset is the byte of the filter at which reading stopped; -1 when the filter reads well and asks what can't be asked.
	Offset int
	// Property is the one at fault; empty when none is.
	Property string
	Got      string   // what stands there
	Takes    string   // what may stand there
	Near     []string // what was perhaps meant; may be empty
}

// Error is a sentence for whoever wrote the filter.
func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Offset >= 0:
		fmt.Fprintf(&b, "expected %s at %d, found %s", e.Takes, e.Offset, e.Got)
	case e.Property != "":
		fmt.Fprintf(&b, "property %s: got %s, takes %s", e.Property, e.Got, e.Takes)
	default:
		fmt.Fprintf(&b, "got %s, takes %s", e.Got, e.Takes)
	}
	if len(e.Near) > 0 {
		fmt.Fprintf(&b, "; perhaps %s", strings.Join(e.Near, " or "))
	}
	return b.String()
}

func tooMuch(n int, of string, atMost int) error {
	return &Error{Offset: -1, Got: fmt.Sprintf("a filter of %d %s", n, of), Takes: fmt.Sprintf("one of at most %d", atMost)}
}

func notText(at int) error {
	return &Error{Offset: at, Got: "a byte or character that no text has", Takes: "text in UTF-8 without control characters"}
}

func tooLong(n int) error {
	if n > MaxBytes {
		return tooMuch(n, "bytes", MaxBytes)
	}
	return nil
}

// short is a piece of a filter for an error message, cut where it is long.
func short(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
