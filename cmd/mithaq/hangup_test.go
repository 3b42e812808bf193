package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// working are the goroutines that do something for a request: those of our packages but the test's own and the listener's, and those that the database
// keeps for an open question. fasthttp's idle workers stay for ten seconds, so the plain number says little.
func working() (out []string) {
	stacks := make([]byte, 8<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		switch {
		case strings.Contains(stack, "testing."), strings.Contains(stack, "mithaq/internal/dump."), strings.Contains(stack, "httpserve.(*listener)"), strings.Contains(stack, "httpserve.Serve"):
		case strings.Contains(stack, "mithaq/internal/"), strings.Contains(stack, "sql.(*Rows)"), strings.Contains(stack, "go-sqlite3"):
			out = append(out, stack)
		}
	}
	return out
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools keep goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Whatever a thousand clients asked for, and whenever they hung up: nothing goes on for them, nothing stays of them, and the next one is served.
func TestAThousandClientsThatHangUpLeaveNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := startDumping(t, t.TempDir(), true)
	largest := listedFile{}
	for _, f := range s.waitFor(t, 1)[0].Files {
		if f.Bytes > largest.Bytes {
			largest = f
		}
	}
	asked := []string{
		"/api/collections/communes/items?bbox=-13,27,-1,36&limit=10000&detail=high",
		"/api/collections/communes/items?f=geojsonl&detail=high",
		"/api/collections/sites/items?bbox=-13,27,-1,36",
		"/api/collections/communes/tiles/WebMercatorQuad/6/25/30?f=mvt",
		local(t, largest.Address),
	}
	for _, path := range asked {
		s.get(t, path, http.StatusOK)
	}
	before := heap()

	const clients, atOnce = 1000, 50
	next := make(chan int)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := range next {
				if err := hangUp(strings.TrimPrefix(s.url, "http://"), asked[i%len(asked)], i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	busiest := 0
	for i := range clients {
		next <- i
		if i%50 == 49 {
			busiest = max(busiest, len(working()))
		}
	}
	close(next)
	all.Wait()

	left, still := time.Now(), working()
	for ; len(still) > 0 && time.Since(left) < 5*time.Second; still = working() {
		time.Sleep(50 * time.Millisecond)
	}
	if len(still) > 0 {
		t.Fatalf("%d goroutines still work for clients that left, among them\n%s", len(still), still[0])
	}
	t.Logf("at most %d goroutines worked at once; none was left after %v", busiest, time.Since(left).Round(time.Millisecond))
	if busiest == 0 {
		t.Error("nobody was seen to work, so nobody can be seen to stop")
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("the heap has %d bytes more than before", grown)
	}
	for _, path := range asked { // every connection of the store is free again
		s.get(t, path, http.StatusOK)
	}
}

// hangUp asks for an address and closes the connection somewhere in the answer: n decides where, and whether as a client that ends or as one
// whose line broke.
func hangUp(addr, path string, n int) error {
	c, err := net.DialTimeout("tcp", addr, 20*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.(*net.TCPConn).SetLinger([]int{0, -1}[n%2]); err != nil {
		return err
	}
	coding := []string{"gzip", "identity"}[n/2%2]
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\n\r\n", path, coding); err != nil {
		return err
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Duration(n%7) * 100 * time.Millisecond)) // some wait for nothing, some in vain
	_, _ = io.CopyN(io.Discard, c, int64(n%5)*2000)
	return nil
}
