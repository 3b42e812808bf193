package main

import "runtime/debug"

// work lets the garbage collector run less often during a long write: what lives is small, what is thrown away is much. The memory that this takes is bounded, whatever
// the number of records.
func work() (done func()) {
	percent, limit := debug.SetGCPercent(200), debug.SetMemoryLimit(workMemory)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// workMemory is from how many bytes of memory on the collector saves memory again, not time.
const workMemory = 64 << 20
