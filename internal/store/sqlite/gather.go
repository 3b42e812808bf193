package sqlite

/*
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include <stdlib.h>
#include <string.h>

// What is used of SQLite, which the driver brings and whose header it keeps to itself. Weak, because cgo links each package by itself once.
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;
typedef void step(sqlite3_context *, int, sqlite3_value **);
typedef void final(sqlite3_context *);
#define DRIVERS __attribute__((weak)) extern
DRIVERS int sqlite3_auto_extension(void (*)(void));
DRIVERS int sqlite3_create_function_v2(sqlite3 *, const char *, int, int, void *, step *, step *, final *, void (*)(void *));
DRIVERS long long sqlite3_value_int64(sqlite3_value *);
DRIVERS int sqlite3_value_bytes(sqlite3_value *);
DRIVERS const void *sqlite3_value_blob(sqlite3_value *);
DRIVERS void sqlite3_result_error_nomem(sqlite3_context *);
enum { SQLITE_UTF8 = 1, SQLITE_DIRECTONLY = 0x80000 };

// text grows; what is in it isn't ended by a zero.
typedef struct { char *at; size_t n, room; } text;

static int append(text *t, const void *piece, size_t n) {
	if (t->n + n > t->room) {
		size_t room = t->n + n > 2 * t->room ? t->n + n : 2 * t->room;
		char *at = realloc(t->at, room);
		if (!at) return 0;
		t->at = at;
		t->room = room;
	}
	memcpy(t->at + t->n, piece, n);
	t->n += n;
	return 1;
}

typedef struct {
	long long most, n; // features
	int more;          // there was one beyond the most
	text bodies, last; // last: the id of the last feature
} gathered;

static void gather(sqlite3_context *c, int n, sqlite3_value **v) {
	gathered *g = (gathered *)(size_t)sqlite3_value_int64(v[0]);
	if (g->n == g->most) {
		g->more = 1;
		return;
	}
	g->last.n = 0;
	const void *id = sqlite3_value_blob(v[1]), *body = sqlite3_value_blob(v[2]); // before their lengths are asked, as SQLite wants it
	if (g->n && !append(&g->bodies, ",\n", 2) || !append(&g->bodies, body, sqlite3_value_bytes(v[2])) || !append(&g->last, id, sqlite3_value_bytes(v[1]))) {
		sqlite3_result_error_nomem(c);
		return;
	}
	g->n++;
}

static void leave(sqlite3_context *c) {}

static int bring(sqlite3 *db, char **error, const void *api) {
	return sqlite3_create_function_v2(db, "gather", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, NULL, gather, leave, NULL);
}

static int bring_to_all(void) { return sqlite3_auto_extension((void (*)(void))bring); }
*/
import "C"

import (
	"fmt"
	"unsafe"

	"mithaq/internal/registry"
)

// gathered is memory of C's that the texts of a page are put together in, by the aggregate gather(where, id, body). What goes through the driver becomes
// memory of Go's, anew for each page: hundreds of megabytes a second, which the collector then takes as much of the processor for as the page took.
type gathered C.gathered

func init() {
	if code := C.bring_to_all(); code != 0 {
		panic(fmt.Sprintf("sqlite: the aggregate gather is refused: code %d", code))
	}
}

const (
	mostSpare  = 4       // pages' memory that is kept for the next ones
	spareBytes = 2 << 20 // longer ones aren't kept
)

var spare = make(chan *gathered, mostSpare)

// takeGathered is memory for a page of up to most features, to be given back.
func takeGathered(most int) (g *gathered) {
	select {
	case g = <-spare:
	default:
		g = (*gathered)(C.malloc(C.sizeof_gathered)) // never nil: cgo ends the program where there is no memory
		*g = gathered{}
	}
	g.most, g.n, g.more, g.bodies.n, g.last.n = C.longlong(most), 0, 0, 0, 0
	return g
}

func (g *gathered) giveBack() {
	if g.bodies.room <= spareBytes {
		select {
		case spare <- g:
			return
		default:
		}
	}
	C.free(unsafe.Pointer(g.bodies.at))
	C.free(unsafe.Pointer(g.last.at))
	C.free(unsafe.Pointer(g))
}

// of is the aggregate of a statement's columns that puts a page here.
func (g *gathered) of(s *statement, id, body string) string {
	return "gather(" + s.bind(int64(uintptr(unsafe.Pointer(g)))) + ", " + id + ", " + body + ")"
}

// texts are what was put here, until it is given back.
func (g *gathered) texts() registry.FeatureTexts {
	return registry.FeatureTexts{
		JSON: unsafe.Slice((*byte)(unsafe.Pointer(g.bodies.at)), int(g.bodies.n)), N: int(g.n), More: g.more != 0,
		Last: C.GoStringN(g.last.at, C.int(g.last.n)),
	}
}
