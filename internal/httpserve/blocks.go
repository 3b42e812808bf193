package httpserve

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"sync"
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
	var f fingerprint
	for _, x := range b.list {
		f.add(x.bytes[:x.n])
	}
	return f.version()
}

// fingerprint is a text's hash, for an ETag. SHA-256 alone would take longer than sending what it is of, so each piece of the size of a block has a tag of
// GMAC, 128 bits at several times the speed, and SHA-256 is of the tags. The key is no secret and nothing is authenticated: an ETag must differ when
// the text does, and be the same after a restart and in another process, which hash/maphash isn't.
type fingerprint struct{ tags []byte }

func (f *fingerprint) add(piece []byte) {
	var nonce [12]byte
	f.tags = gmac().Seal(f.tags, nonce[:], nil, piece)
}

func (f *fingerprint) version() string {
	sum := sha256.Sum256(f.tags)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

var gmac = sync.OnceValue(func() cipher.AEAD {
	key, err := aes.NewCipher([]byte("mithaq blocks v1")) // another layout of blocks needs another key
	if err != nil {
		panic(err) // sixteen bytes are a key
	}
	aead, err := cipher.NewGCM(key)
	if err != nil {
		panic(err) // AES has the size of block that GCM takes
	}
	return aead
})

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
