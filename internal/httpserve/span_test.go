package httpserve

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A span says what a context of the standard library says, whether somebody waited for it before it ended or asks afterwards.
func TestSpanIsAContextLikeAnyOther(t *testing.T) {
	for _, tc := range []struct {
		name       string
		deadline   time.Duration // from now; 0 for none
		end        func(within context.CancelFunc, s *span)
		err, cause error
	}{
		{"running", time.Hour, func(context.CancelFunc, *span) {}, nil, nil},
		{"ended", time.Hour, func(_ context.CancelFunc, s *span) { s.end(nil) }, context.Canceled, context.Canceled},
		{"client left", 0, func(_ context.CancelFunc, s *span) { s.end(errLeft); s.end(nil) }, context.Canceled, errLeft},
		{"past its deadline", -time.Second, func(context.CancelFunc, *span) {}, context.DeadlineExceeded, context.DeadlineExceeded},
		{"past, then ended", -time.Second, func(_ context.CancelFunc, s *span) { _ = s.Err(); s.Done(); s.end(nil) }, context.DeadlineExceeded, context.DeadlineExceeded},
		{"ended with what it is within", time.Hour, func(stop context.CancelFunc, _ *span) { stop() }, context.Canceled, context.Canceled},
	} {
		for _, waited := range []bool{true, false} {
			within, stop := context.WithCancel(t.Context())
			outer := &span{within: within}
			s := &span{within: outer}
			if tc.deadline != 0 {
				s.deadline = time.Now().Add(tc.deadline)
			}
			var below context.Context
			if waited {
				below = belowOf(t, s)
			}
			tc.end(stop, s)
			if s.Err() != tc.err || !errors.Is(context.Cause(s), tc.cause) {
				t.Errorf("%s, waited %v: Err %v, Cause %v", tc.name, waited, s.Err(), context.Cause(s))
			}
			if !waited {
				below = belowOf(t, s)
			}
			if below.Err() != tc.err || !errors.Is(context.Cause(below), tc.cause) {
				t.Errorf("%s, waited %v: what is made of it has Err %v, Cause %v", tc.name, waited, below.Err(), context.Cause(below))
			}
			select {
			case <-s.Done():
				if tc.err == nil {
					t.Errorf("%s: done", tc.name)
				}
			default:
				if tc.err != nil {
					t.Errorf("%s, waited %v: not done", tc.name, waited)
				}
			}
			at, ok := s.Deadline()
			if ok != (tc.deadline != 0) || ok && !at.Equal(s.deadline) {
				t.Errorf("%s: Deadline %v %v", tc.name, at, ok)
			}
			outer.end(nil)
			stop()
		}
	}
}

// belowOf is a context of the standard library made of s.
func belowOf(t *testing.T, s *span) context.Context {
	t.Helper()
	below, cancel := context.WithTimeout(s, time.Hour)
	t.Cleanup(cancel)
	return below
}
