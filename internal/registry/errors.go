package registry

import "strings"

// Code is the class of an Error; servers and the command line turn it into a status.
type Code string

const (
	Invalid     Code = "invalid"     // the input is wrong: the caller can mend it
	NotFound    Code = "not_found"   // no such record or place
	Conflict    Code = "conflict"    // the input contradicts what is stored
	Busy        Code = "busy"        // somebody else is writing; try again
	Unavailable Code = "unavailable" // the store can't answer now
	Internal    Code = "internal"    // our own mistake
)

// Codes lists every error code.
var Codes = []Code{Invalid, NotFound, Conflict, Busy, Unavailable, Internal}

// Error is an error with two voices: Message for whoever asked, Err for the log.
type Error struct {
	Code    Code
	Message string // public, English, names no table and no file of ours
	Param   string // the parameter or field at fault; empty when the whole is
	Got     string // what stood there
	Takes   string // what may stand there
	Err     error  // for the log only; may be nil
}

// Error joins both voices, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if e.Param != "" {
		b.WriteString(" (" + e.Param + ": got " + e.Got + ", takes " + e.Takes + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
