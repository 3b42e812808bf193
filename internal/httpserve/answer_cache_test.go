package httpserve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

func TestAnswersAreMadeOnce(t *testing.T) {
	cache := &AnswerCache{}
	var drawn atomic.Int32
	ask := func(version, question, want string) {
		t.Helper()
		got, err := cache.Of(t.Context(), version, question, func() (Kept, error) {
			drawn.Add(1)
			return KeepWhole([]byte(question + version)), nil
		})
		if err != nil || string(got.Body) != want || got.Version != ContentVersion([]byte(want)) {
			t.Errorf("%s in %s: %q, %v", question, version, got.Body, err)
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
		got, err := cache.Of(t.Context(), "2", "nothing", func() (Kept, error) { empty++; return Kept{}, nil })
		if got.Body != nil || err != nil {
			t.Errorf("%q, %v", got.Body, err)
		}
	}
	if empty != 1 {
		t.Errorf("an empty answer was made %d times", empty)
	}
	locked := errors.New("locked")
	if _, err := cache.Of(t.Context(), "2", "c", func() (Kept, error) { return Kept{}, locked }); !errors.Is(err, locked) {
		t.Error(err)
	}
	ask("2", "c", "c2") // no error is kept
}

// Of many questions those are kept that are asked again, and what is asked once takes no room.
func TestAnswersAskedAgainAreKept(t *testing.T) {
	cache := &AnswerCache{}
	made := 0
	ask := func(version, question string) {
		t.Helper()
		got, err := cache.OfMany(t.Context(), version, question, func() (Kept, error) {
			made++
			return KeepWhole([]byte(question + version)), nil
		})
		if want := question + version; err != nil || string(got.Body) != want || got.Version != ContentVersion([]byte(want)) {
			t.Errorf("%s in %s: %q, %v", question, version, got.Body, err)
		}
	}
	times := func(want int) {
		t.Helper()
		if made != want {
			t.Errorf("%d made, want %d", made, want)
		}
		made = 0
	}
	for range 5 {
		ask("1", "a")
	}
	times(2)
	for i := range 100_000 {
		ask("1", fmt.Sprint(i))
	}
	times(100_000)
	if len(cache.kept) != 1 {
		t.Errorf("%d are kept", len(cache.kept))
	}
	ask("1", "a")
	times(0)
	for range 5 {
		ask("2", "a")
	}
	times(2)
}

// Whoever waits for an answer that another makes may leave, and makes it where the other fails.
func TestWaitingForAnAnswer(t *testing.T) {
	cache := &AnswerCache{}
	drawing, fail := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := cache.Of(t.Context(), "1", "a", func() (Kept, error) {
			close(drawing)
			<-fail
			return Kept{}, errors.New("failed")
		})
		if err == nil {
			t.Error("no error")
		}
	})
	<-drawing
	left := errors.New("left")
	gone, leave := context.WithCancelCause(t.Context())
	leave(left)
	if _, err := cache.Of(gone, "1", "a", func() (Kept, error) { t.Error("drawn for nobody"); return Kept{}, nil }); !errors.Is(err, left) {
		t.Error(err)
	}
	all.Go(func() {
		if got, err := cache.Of(t.Context(), "1", "a", func() (Kept, error) { return KeepWhole([]byte("mine")), nil }); string(got.Body) != "mine" || err != nil {
			t.Errorf("%q, %v", got.Body, err)
		}
	})
	close(fail)
	all.Wait()
}

func TestKeptAnswersAreBounded(t *testing.T) {
	cache := &AnswerCache{}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 1_000 { // every other one is empty
				body := make([]byte, i%2*100_000)
				if _, err := cache.Of(t.Context(), "1", fmt.Sprint(worker, "/", i), func() (Kept, error) { return KeepWhole(body), nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	size := 0
	for question, k := range cache.kept {
		size += len(question) + answerCostBytes + len(k.made.Load().Body)
	}
	if size != cache.size || size > maxAnswerBytes || size < maxAnswerBytes*3/4 {
		t.Errorf("%d bytes are kept, %d counted", size, cache.size)
	}
}
