package httpapi

import (
	"context"
	"sync"
)

// tileCache keeps encoded tiles until the next publication. Clients ask for the same ones again and again, several at once.
type tileCache struct {
	mu      sync.Mutex
	version string
	kept    map[string]*keptTile
	size    int
}

// keptTile is a tile that is made, or being made.
type keptTile struct {
	counted int           // bytes of its body in the cache's size; the cache's lock guards it
	turn    chan struct{} // whoever has it may read and write what follows
	made    bool
	body    []byte // nil when nothing is in it
}

const (
	maxTileBytes  = 8 << 20 // of all tiles that are kept
	tileCostBytes = 256     // what an entry takes beside its key and its body
)

// of is the tile of a question in a version of the store. One client makes it while the others wait, so that a map which a thousand look at
// is drawn once; when that one fails, or leaves, the next tries for itself.
func (cache *tileCache) of(ctx context.Context, version, question string, draw func() ([]byte, error)) ([]byte, error) {
	k := cache.entry(version, question)
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-k.turn }()
	if k.made {
		return k.body, nil
	}
	body, err := draw()
	if err != nil {
		return nil, err
	}
	k.made, k.body = true, body
	cache.grow(question, k)
	return body, nil
}

func (cache *tileCache) entry(version, question string) *keptTile {
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.version != version || cache.kept == nil {
		cache.version, cache.kept, cache.size = version, map[string]*keptTile{}, 0
	}
	k := cache.kept[question]
	if k == nil {
		k = &keptTile{turn: make(chan struct{}, 1)}
		cache.kept[question] = k
		cache.size += len(question) + tileCostBytes
		cache.shrink()
	}
	return k
}

// grow counts the body of a tile that has just been made.
func (cache *tileCache) grow(question string, k *keptTile) {
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.kept[question] == k { // else it was given up meanwhile
		k.counted = len(k.body)
		cache.size += k.counted
		cache.shrink()
	}
}

// shrink gives up tiles, whichever come first, until the others have room. One that is being made is finished for those who wait for it.
func (cache *tileCache) shrink() {
	for question, k := range cache.kept {
		if cache.size <= maxTileBytes {
			return
		}
		delete(cache.kept, question)
		cache.size -= len(question) + tileCostBytes + k.counted
	}
}
