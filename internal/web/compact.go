package web

import (
	"math"

	"mithaq/internal/registry"
)

// Lists of a million short things, kept in few bytes each.

// placeList are places in another list: two bytes each, and two more once there is one beyond the 65,536th.
type placeList struct{ low, high []uint16 }

func newPlaceList(size int) placeList { return placeList{low: make([]uint16, 0, size)} }

func (l *placeList) add(place uint32) {
	if place > math.MaxUint16 && l.high == nil {
		l.high = make([]uint16, len(l.low), cap(l.low))
	}
	l.low = append(l.low, uint16(place))
	if l.high != nil {
		l.high = append(l.high, uint16(place>>16))
	}
}

func (l *placeList) at(row int) uint32 {
	if l.high == nil {
		return uint32(l.low[row])
	}
	return uint32(l.low[row]) | uint32(l.high[row])<<16
}

// in is the list in another order: what comes first, second and so on, by their rows here.
func (l *placeList) in(order []uint32) placeList {
	out := newPlaceList(len(order))
	for _, row := range order {
		out.add(l.at(int(row)))
	}
	return out
}

// idList are ids, each of which is kept as what it has not in common with the one before: in the order of a list that is little. Every
// sixteenth is whole, so any can be had without the others.
type idList struct {
	n      int
	text   []byte   // of each: how many bytes it shares, how many follow, and those
	wholes []uint32 // where the whole ones begin
	last   []byte
}

const idsBetweenWholes = 16

func newIDList(size int) idList {
	return idList{text: make([]byte, 0, 8*size), wholes: make([]uint32, 0, size/idsBetweenWholes+1)}
}

// add adds an id. They have at most a hundred bytes.
func (l *idList) add(id []byte) {
	shared := 0
	if l.n%idsBetweenWholes == 0 {
		l.wholes = append(l.wholes, uint32(len(l.text)))
	} else {
		for shared < min(len(id), len(l.last)) && id[shared] == l.last[shared] {
			shared++
		}
	}
	l.text = append(l.text, byte(shared), byte(len(id)-shared))
	l.text = append(l.text, id[shared:]...)
	l.last = append(l.last[:0], id...)
	l.n++
}

// next replaces the id before, if any, by the one that begins at a place of the text, and says where the one after it begins.
func (l *idList) next(id []byte, at uint32) ([]byte, uint32) {
	end := at + 2 + uint32(l.text[at+1])
	return append(id[:l.text[at]], l.text[at+2:end]...), end
}

// bytes is an id, written over what is in room.
func (l *idList) bytes(row int, room []byte) []byte {
	at := l.wholes[row/idsBetweenWholes]
	for range row%idsBetweenWholes + 1 {
		room, at = l.next(room, at)
	}
	return room
}

func (l *idList) of(row int) registry.ID { return registry.ID(l.bytes(row, nil)) }

// rows are where an id is: in several rows when its record has several stretches of days.
func (l *idList) rows(id registry.ID) (rows []int) {
	if id == "" {
		return nil
	}
	var here []byte
	at := uint32(0)
	for row := range l.n {
		if here, at = l.next(here, at); string(here) == string(id) {
			rows = append(rows, row)
		}
	}
	return rows
}
