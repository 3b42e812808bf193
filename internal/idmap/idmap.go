// Package idmap keeps a few bytes for each of millions of ids, without the ids.
//
// A map of Go's has room for up to twice what it holds, and doubles everywhere at once, just when memory is needed most. This one grows by a quarter and takes the collector
// no time, since nothing in it points anywhere.
package idmap

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// Map has a value of type V for ids. What an entry takes is seven bytes and V, which is best made of bytes: whatever has to be aligned takes more. The zero Map isn't ready.
//
// An id is known by 63 bits of a hash under a seed that nobody else knows: of a million ids two are taken for one in one of twenty million maps.
type Map[V any] struct {
	seed   maphash.Seed
	shards [256]shard[V] // each grows by itself, so that little is copied at once
}

type shard[V any] struct {
	slots []slot[V]
	used  int
}

// slot is empty when its hash is zero.
type slot[V any] struct {
	hash  [7]byte
	value V
}

// New is an empty map.
func New[V any]() *Map[V] { return &Map[V]{seed: maphash.MakeSeed()} }

// Get is the value of an id, and whether it has one.
func (m *Map[V]) Get(id string) (value V, ok bool) {
	s, hash := m.find(id)
	if at := s.at(hash); at >= 0 && s.slots[at].hash == hash {
		return s.slots[at].value, true
	}
	return value, false
}

// Put sets the value of an id.
func (m *Map[V]) Put(id string, value V) {
	s, hash := m.find(id)
	if at := s.at(hash); at >= 0 && s.slots[at].hash == hash {
		s.slots[at].value = value
		return
	}
	if s.used++; s.used > len(s.slots)/5*4 {
		before := s.slots
		s.slots = make([]slot[V], len(before)/4*5+20)
		for _, x := range before {
			if x.hash != [7]byte{} {
				s.slots[s.at(x.hash)] = x
			}
		}
	}
	s.slots[s.at(hash)] = slot[V]{hash, value}
}

// find is the shard of an id and the hash that it is known by there.
func (m *Map[V]) find(id string) (s *shard[V], hash [7]byte) {
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], maphash.String(m.seed, id))
	hash = [7]byte(all[:])
	hash[6] |= 1 // so that it isn't zero
	return &m.shards[all[7]], hash
}

// at is where a hash is, or would be put: at its place or, where others are, the next free one. -1 in a shard without slots.
func (s *shard[V]) at(hash [7]byte) int {
	if len(s.slots) == 0 {
		return -1
	}
	place, _ := bits.Mul32(binary.LittleEndian.Uint32(hash[:4]), uint32(len(s.slots)))
	at := int(place)
	for s.slots[at].hash != hash && s.slots[at].hash != [7]byte{} {
		if at++; at == len(s.slots) {
			at = 0
		}
	}
	return at
}
