package registry

import (
	"context"
	"time"

	"mithaq/internal/edtf"
)

// Archive gives the registry as it was published before.
type Archive interface {
	// At is the registry as published at a moment: good until ctx ends, and not to be written. A moment before the first publication
	// has an empty one. Error: *Error with code Unavailable when it isn't put together by the time ctx ends; asked again later, it is.
	At(ctx context.Context, moment time.Time) (Reader, error)
}

// ReaderAsked chooses the registry that somebody asks of: live, or as published at the moment that text names; see MomentAsked. now is
// the present as that registry has it: the moment, or the time given when the moment is still to come. Whoever asks for no day then
// sees the state of the moment's own day, as who looked then saw it; a citation stays what it was.
func ReaderAsked(ctx context.Context, live Reader, past Archive, text string, at time.Time) (r Reader, now time.Time, err error) {
	if text == "" {
		return live, at, nil
	}
	moment, err := MomentAsked(text)
	if err != nil {
		return nil, at, err
	}
	if past == nil {
		return nil, at, &Error{Code: Unavailable, Message: "This registry keeps no archive to read from."}
	}
	if moment.Before(at) {
		at = moment
	}
	r, err = past.At(ctx, moment)
	return r, at, err
}

// MomentAsked reads the moment that somebody asks the registry of: a time as RFC 3339 has it, or a day, which is its end in UTC.
// Error: *Error for what is neither.
func MomentAsked(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	if day, err := edtf.ParseDay(text); err == nil {
		if at, err := time.Parse(time.DateOnly, string(day)); err == nil {
			return at.AddDate(0, 0, 1).Add(-time.Nanosecond), nil
		}
	}
	return time.Time{}, &Error{Code: Invalid, Message: "This is not a moment.", Param: "recorded", Got: text, Takes: "a time as 2026-05-01T10:00:00Z, or a day as 2026-05-01, which is its end in UTC"}
}
