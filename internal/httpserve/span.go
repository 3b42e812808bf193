package httpserve

import (
	"context"
	"sync"
	"time"
)

// span is a stretch of a request's life as a context. It has no channel, timer or goroutine until somebody waits for it or makes another
// context of it: most answers are there before anybody does, and a timer for each would cost more than some of them.
type span struct {
	within   context.Context
	deadline time.Time // zero for none

	mu     sync.Mutex
	ctx    context.Context // nil until somebody waits
	cancel context.CancelCauseFunc
	ended  bool
	cause  error // why it ended before anybody waited; nil for the ordinary end
}

var _ context.Context = (*span)(nil)

// Deadline implements context.Context.
func (s *span) Deadline() (time.Time, bool) {
	at, ok := s.within.Deadline()
	if !s.deadline.IsZero() && (!ok || s.deadline.Before(at)) {
		return s.deadline, true
	}
	return at, ok
}

// Done implements context.Context.
func (s *span) Done() <-chan struct{} { return s.waited().Done() }

// Value implements context.Context. The standard library asks for its own contexts by it, to find a cause and to tie others to this one.
func (s *span) Value(key any) any { return s.waited().Value(key) }

// Err implements context.Context.
func (s *span) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ctx != nil:
		return s.ctx.Err()
	case s.ended:
		return context.Canceled
	case !s.deadline.IsZero() && !time.Now().Before(s.deadline):
		return context.DeadlineExceeded
	}
	return s.within.Err()
}

// end ends the span for good; cause is what context.Cause then says, nil for the ordinary end. A second end changes nothing.
func (s *span) end(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended, s.cause = true, cause
	if s.cancel != nil {
		s.cancel(cause)
	}
}

// waited is the span as the standard library's context.
func (s *span) waited() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx != nil {
		return s.ctx
	}
	within, stop := s.within, context.CancelFunc(func() {})
	if !s.deadline.IsZero() {
		within, stop = context.WithDeadline(within, s.deadline)
	}
	ctx, cancel := context.WithCancelCause(within)
	s.ctx, s.cancel = ctx, func(cause error) {
		cancel(cause)
		stop()
	}
	if s.ended {
		s.cancel(s.cause)
	}
	return s.ctx
}
