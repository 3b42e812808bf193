package httpapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"mithaq/internal/httpserve"
)

func TestAnswersAreMadeOnce(t *testing.T) {
	cache := &answerCache{}
	var drawn atomic.Int32
	ask := func(version, question, want string) {
		t.Helper()
		got, err := cache.of(t.Context(), version, question, func() ([]byte, error) {
			drawn.Add(1)
			return []byte(question + version), nil
		})
		if err != nil || string(got.body) != want || got.version != httpserve.ContentVersion([]byte(want)) {
			t.Errorf("%s in %s: %q, %v", question, version, got.body, err)
		}
	}
	times := func(want int32) {
		t.Helper()
		if got := drawn.Swap(0); got != want {
			t.Errorf("%d drawn, want %d", got, want)
		}
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { ask("1", "a", "a1") })
	}
	all.Wait()
	times(1)
	ask("1", "b", "b1")
	ask("1", "a", "a1")
	times(1)
	ask("2", "a", "a2")
	times(1)

	empty := 0
	for range 2 {
		got, err := cache.of(t.Context(), "2", "nothing", func() ([]byte, error) { empty++; return nil, nil })
		if got.body != nil || err != nil {
			t.Errorf("%q, %v", got.body, err)
		}
	}
	if empty != 1 {
		t.Errorf("an empty answer was made %d times", empty)
	}
	locked := errors.New("locked")
	if _, err := cache.of(t.Context(), "2", "c", func() ([]byte, error) { return nil, locked }); !errors.Is(err, locked) {
		t.Error(err)
	}
	ask("2", "c", "c2") // no error is kept
}

// Whoever waits for an answer that another makes may leave, and makes it where the other fails.
func TestWaitingForAnAnswer(t *testing.T) {
	cache := &answerCache{}
	drawing, fail := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := cache.of(t.Context(), "1", "a", func() ([]byte, error) {
			close(drawing)
			<-fail
			return nil, errors.New("failed")
		})
		if err == nil {
			t.Error("no error")
		}
	})
	<-drawing
	left := errors.New("left")
	gone, leave := context.WithCancelCause(t.Context())
	leave(left)
	if _, err := cache.of(gone, "1", "a", func() ([]byte, error) { t.Error("drawn for nobody"); return nil, nil }); !errors.Is(err, left) {
		t.Error(err)
	}
	all.Go(func() {
		if got, err := cache.of(t.Context(), "1", "a", func() ([]byte, error) { return []byte("mine"), nil }); string(got.body) != "mine" || err != nil {
			t.Errorf("%q, %v", got.body, err)
		}
	})
	close(fail)
	all.Wait()
}

func TestKeptAnswersAreBounded(t *testing.T) {
	cache := &answerCache{}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 1_000 { // every other one is empty
				body := make([]byte, i%2*100_000)
				if _, err := cache.of(t.Context(), "1", fmt.Sprint(worker, "/", i), func() ([]byte, error) { return body, nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	size := 0
	for question, k := range cache.kept {
		size += len(question) + answerCostBytes + len(k.body)
	}
	if size != cache.size || size > maxAnswerBytes || size < maxAnswerBytes*3/4 {
		t.Errorf("%d bytes are kept, %d counted", size, cache.size)
	}
}
