package httpserve

import (
	"net"
	"sync"

	"github.com/zeebo/xxh3"
)

// block is a piece of an answer in memory. With its counts it fills one size class of the allocator exactly.
type block struct {
	n       int  // bytes used
	counted bool // among server.held
	bytes   [blockSize]byte
}

const blockSize = 16<<10 - 16

var freeBlocks = sync.Pool{New: func() any { return new(block) }}

// blocks is a text in blocks, each full but the last: growing copies nothing, and what long answers leave behind serves short ones.
type blocks struct {
	list []*block
	n    int // bytes in all
}

// free is the rest of the last block; empty when a new one is needed.
func (b *blocks) free() []byte {
	if len(b.list) == 0 {
		return nil
	}
	last := b.list[len(b.list)-1]
	return last.bytes[last.n:]
}

// grow adds an empty block.
func (b *blocks) grow() *block {
	x := freeBlocks.Get().(*block)
	b.list = append(b.list, x)
	return x
}

// Write implements io.Writer; it takes everything.
func (b *blocks) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if len(b.free()) == 0 {
			b.grow()
		}
		n := copy(b.free(), rest)
		b.list[len(b.list)-1].n += n
		b.n += n
		rest = rest[n:]
	}
	return len(p), nil
}

// buffers is the text as system calls take it.
func (b *blocks) buffers() net.Buffers {
	out := make(net.Buffers, 0, len(b.list)+1)
	for _, x := range b.list {
		out = append(out, x.bytes[:x.n])
	}
	return out
}

// version is ContentVersion of the text.
func (b *blocks) version() string {
	var h xxh3.Hasher
	for _, x := range b.list {
		_, _ = h.Write(x.bytes[:x.n]) // it takes everything
	}
	return version(h.Sum128())
}

// release gives a block back for the next answer.
func (s *server) release(x *block) {
	if x.counted {
		s.held.Add(-1)
	}
	x.n, x.counted = 0, false
	freeBlocks.Put(x)
}

func (s *server) releaseAll(b *blocks) {
	for _, x := range b.list {
		s.release(x)
	}
	*b = blocks{}
}

// mayHold counts one block more among those that answers hold, unless there are too many.
func (s *server) mayHold() bool {
	if s.held.Add(1) > heldInAll/blockSize {
		s.held.Add(-1)
		return false
	}
	return true
}
