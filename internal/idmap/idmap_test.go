package idmap

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// It holds what a map of Go's holds, whatever is put in again.
func TestHoldsWhatWasPut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	m, want := New[[2]byte](), map[string][2]byte{}
	if _, ok := m.Get("nothing"); ok {
		t.Error("the empty map has a value")
	}
	for range 200_000 {
		id := fmt.Sprintf("site-%d", random.IntN(100_000))
		if random.IntN(3) == 0 {
			got, ok := m.Get(id)
			if is, there := want[id]; got != is || ok != there {
				t.Fatalf("%s: %v, %t; want %v, %t", id, got, ok, is, there)
			}
			continue
		}
		v := [2]byte{byte(random.IntN(256)), byte(random.IntN(256))}
		m.Put(id, v)
		want[id] = v
	}
	for id, v := range want {
		if got, ok := m.Get(id); !ok || got != v {
			t.Fatalf("%s: %v, %t; want %v", id, got, ok, v)
		}
	}
	n := 0
	for _, s := range m.shards {
		n += s.used
	}
	if n != len(want) {
		t.Errorf("%d ids, want %d", n, len(want))
	}
}

// An id takes half as many bytes again as its entry has, at most, once there are some.
func TestRoomIsSmall(t *testing.T) {
	m := New[struct {
		a uint8
		b bool
	}]()
	for i := range 1_000_000 {
		m.Put(fmt.Sprintf("site-%d", i), struct {
			a uint8
			b bool
		}{})
		if i%50_000 != 49_999 {
			continue
		}
		room := 0
		for _, s := range m.shards {
			room += len(s.slots) * int(unsafe.Sizeof(s.slots[0]))
		}
		if each := float64(room) / float64(i+1); each > 1.6*9 {
			t.Errorf("%d ids: %.1f bytes each", i+1, each)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	ids := make([]string, 1_000_000)
	for i := range ids {
		ids[i] = fmt.Sprintf("site-%d", i)
	}
	b.Run("idmap", func(b *testing.B) {
		for b.Loop() {
			m := New[[2]byte]()
			for _, id := range ids {
				m.Put(id, [2]byte{1, 2})
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			m := map[string][2]byte{}
			for _, id := range ids {
				m[id] = [2]byte{1, 2}
			}
		}
	})
}
