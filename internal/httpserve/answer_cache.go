package httpserve

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"

	"mithaq/internal/registry"
)

// AnswerCache keeps short answers until the next publication: tiles, pages of items, pages for people. Clients ask for the same ones again and again,
// several at once.
type AnswerCache struct {
	told    toldVersion
	mu      sync.Mutex
	version string
	kept    map[string]*keptAnswer
	size    int
	lately  [1 << 13]uint32 // what was asked lately of OfMany, by some bits of its hash
}

// keptAnswer is an answer that is made, or being made.
type keptAnswer struct {
	counted int                  // bytes of its body in the cache's size; the cache's lock guards it
	made    atomic.Pointer[Kept] // nil until it is
	turn    chan struct{}        // whoever has it may make it
}

// Kept is what is kept of an answer, and sent.
type Kept struct {
	Body    []byte // nil when nothing is in it
	Version string // for its ETag
}

// KeepWhole keeps an answer as it is.
func KeepWhole(body []byte) Kept {
	if body == nil {
		return Kept{}
	}
	return Kept{body, ContentVersion(body)}
}

const (
	maxAnswerBytes  = 8 << 20 // of all answers that are kept
	answerCostBytes = 256     // what an entry takes beside its key and its body
)

// toldVersion is what the store said of its version. Whoever asks in the same moment is answered as the first one was: to ask the database costs more than to
// send an answer that is kept.
type toldVersion struct {
	mu      sync.Mutex
	asked   time.Time
	version string
}

const sameMoment = 2 * time.Millisecond

func (told *toldVersion) of(ctx context.Context, store registry.Reader) (string, error) {
	now := time.Now()
	told.mu.Lock()
	version, known := told.version, now.Sub(told.asked) < sameMoment
	told.mu.Unlock()
	if known {
		return version, nil
	}
	version, err := store.Version(ctx)
	if err != nil {
		return "", err
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	if now.After(told.asked) {
		told.asked, told.version = now, version
	}
	return version, nil
}

// Version is the store's; see registry.Reader.
func (cache *AnswerCache) Version(ctx context.Context, store registry.Reader) (string, error) {
	return cache.told.of(ctx, store)
}

// Of is the answer to a question in a version of the store. One client makes it while the others wait, so that a map which a thousand look at
// is drawn once; when that one fails, or leaves, the next tries for itself.
func (cache *AnswerCache) Of(ctx context.Context, version, question string, make func() (Kept, error)) (Kept, error) {
	cache.mu.Lock()
	k := cache.entry(version, question)
	cache.mu.Unlock()
	return cache.answer(ctx, question, k, make)
}

// OfMany is Of for questions of which there are far more than can be kept: an answer is kept when its question is asked again before many others were.
func (cache *AnswerCache) OfMany(ctx context.Context, version, question string, make func() (Kept, error)) (Kept, error) {
	cache.mu.Lock()
	var k *keptAnswer
	if cache.version == version {
		k = cache.kept[question]
	}
	if k == nil && cache.askedLately(question) {
		k = cache.entry(version, question)
	}
	cache.mu.Unlock()
	if k == nil {
		return make()
	}
	return cache.answer(ctx, question, k, make)
}

// askedLately says whether a question of OfMany was asked before, and notes that it was asked now. The cache's lock is held.
func (cache *AnswerCache) askedLately(question string) bool {
	hash := xxh3.HashString(question)
	last, mark := &cache.lately[hash%uint64(len(cache.lately))], uint32(hash>>32)
	again := *last == mark
	*last = mark
	return again
}

// answer is the answer of an entry.
func (cache *AnswerCache) answer(ctx context.Context, question string, k *keptAnswer, make func() (Kept, error)) (Kept, error) {
	if made := k.made.Load(); made != nil {
		return *made, nil
	}
	select {
	case k.turn <- struct{}{}:
	default: // to wait for a context costs more than most answers
		select {
		case k.turn <- struct{}{}:
		case <-ctx.Done():
			return Kept{}, context.Cause(ctx)
		}
	}
	defer func() { <-k.turn }()
	if made := k.made.Load(); made != nil {
		return *made, nil
	}
	made, err := make()
	if err != nil {
		return Kept{}, err
	}
	k.made.Store(&made)
	cache.grow(question, k)
	return made, nil
}

// entry is the entry of a question, made where there is none. The cache's lock is held.
func (cache *AnswerCache) entry(version, question string) *keptAnswer {
	if cache.version != version || cache.kept == nil {
		cache.version, cache.kept, cache.size = version, map[string]*keptAnswer{}, 0
	}
	k := cache.kept[question]
	if k == nil {
		k = &keptAnswer{turn: make(chan struct{}, 1)}
		cache.kept[question] = k
		cache.size += len(question) + answerCostBytes
		cache.shrink()
	}
	return k
}

// grow counts the body of an answer that has just been made.
func (cache *AnswerCache) grow(question string, k *keptAnswer) {
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.kept[question] == k { // else it was given up meanwhile
		k.counted = len(k.made.Load().Body)
		cache.size += k.counted
		cache.shrink()
	}
}

// shrink gives up answers, whichever come first, until the others have room. One that is being made is finished for those who wait for it.
func (cache *AnswerCache) shrink() {
	for question, k := range cache.kept {
		if cache.size <= maxAnswerBytes {
			return
		}
		delete(cache.kept, question)
		cache.size -= len(question) + answerCostBytes + k.counted
	}
}
