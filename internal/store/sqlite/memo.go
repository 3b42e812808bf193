package sqlite

import "sync"

// memo keeps what was read from the texts that functions of SQL are given again and again: for one row after the other.
type memo[V any] struct {
	most int // texts to keep; beyond it all are forgotten
	read func(string) (V, bool)

	mu   sync.Mutex
	kept map[string]V
}

// of is what read makes of a text.
func (m *memo[V]) of(text string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.kept[text]; ok {
		return v, true
	}
	v, ok := m.read(text)
	if !ok {
		return v, false
	}
	if m.kept == nil || len(m.kept) >= m.most {
		m.kept = map[string]V{}
	}
	m.kept[text] = v
	return v, true
}
