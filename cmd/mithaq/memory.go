package main

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
// All threads take C's memory, which is SQLite's, from one place. With a place for each, which is what glibc does, what one thread gave back is of no
// use to another. Threads have theirs from their beginning, so this comes before Go's.
__attribute__((constructor)) static void shareMemory(void) { mallopt(M_ARENA_MAX, 1); }
#endif
*/
import "C"

import (
	"os"
	"runtime/debug"
)

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
// What lives grows by some 30 bytes for each record of an import, until all are read.
const workMemory = 80 << 20

// serveMemory is the same for the server: many long answers at once would let the heap grow to three times what lives, because much of each is garbage
// as soon as it is sent. With the program itself, the database's caches and the pages that are put together in its memory it stays below 200 MB. With a million sites, whose
// outline lives here, too, more than half of it lives; a limit nearer to that would make the collector work all the time. GOMEMLIMIT says otherwise.
const serveMemory = 76 << 20

// limitServing sets serveMemory unless the environment sets a limit.
func limitServing() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(serveMemory)
	}
}
