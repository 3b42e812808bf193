package httpserve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/registry"
)

var row = []byte(strings.Repeat("zone artisanale,09.581.01.05,25\n", 32)) // 1 KiB

func rows(w io.Writer, n int) error {
	for range n {
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return nil
}

// endless minds only its writer, as an encoder does.
func endless(_ context.Context, w io.Writer) error {
	for {
		if err := rows(w, 1); err != nil {
			return err
		}
	}
}

func TestStreamFailures(t *testing.T) {
	broken := &registry.Error{Code: registry.Busy, Message: "Somebody is writing."}
	fail := map[string]func() error{"error": func() error { return broken }, "panic": func() error { panic("in the encoder") }}
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/:how/:rows<int>", func(c *fiber.Ctx) error {
			how := fail[PathParam(c, "how")]
			n, _ := c.ParamsInt("rows")
			return Stream(c, StreamOptions{ContentType: "text/csv", Version: "1", Filename: "x.csv"}, func(_ context.Context, w io.Writer) error {
				if err := rows(w, n); err != nil {
					return err
				}
				return how()
			})
		})
	})
	lines := 0
	for how, status := range map[string]int{"error": 503, "panic": 500} {
		for _, coding := range []string{"identity", "gzip"} {
			for _, n := range []int{0, 1, 32} { // 32 KiB are still held
				resp, body := r.get(t, fmt.Sprintf("/%s/%d", how, n), "Accept-Encoding", coding)
				if problem(t, resp, body).Status != status || resp.Header.Get("ETag")+resp.Header.Get("Content-Encoding")+resp.Header.Get("Content-Disposition") != "" {
					t.Errorf("%s early, %s: %v %s", how, coding, resp.Header, body)
				}
				lines++
			}
			for _, n := range []int{200, 2000} {
				req, _ := http.NewRequest("GET", fmt.Sprintf("http://%s/%s/%d", r.addr, how, n), nil)
				req.Header.Set("Accept-Encoding", coding)
				resp, err := client(t).Do(req)
				lines++
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != status && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%s late, %s: read = %v, the client takes it for whole", how, coding, err)
				}
			}
		}
	}
	within(t, 5*time.Second, "one error line for each failure", func() bool { return len(r.log.with("level", "ERROR")) == lines })
	if resp, _ := r.get(t, "/healthz"); resp.StatusCode != 200 {
		t.Error("the process did not survive")
	}
}

func TestAbortedDownloadsStopTheirProducers(t *testing.T) {
	var running, begun atomic.Int32
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/:how", func(c *fiber.Ctx) error {
			silent := c.Params("how") == "silent"
			return Stream(c, StreamOptions{ContentType: "text/csv"}, func(ctx context.Context, w io.Writer) error {
				running.Add(1)
				begun.Add(1)
				defer running.Add(-1)
				if silent { // a query that finds nothing for a long time: no write ever fails
					if err := rows(w, 40); err != nil {
						return err
					}
					<-ctx.Done()
					return ctx.Err()
				}
				return endless(ctx, w)
			})
		})
	})
	hows := []string{"endless"}
	if runtime.GOOS == "linux" {
		hows = append(hows, "silent")
	}
	for _, how := range hows {
		begun.Store(0)
		for range 5 {
			var batch sync.WaitGroup
			for i := range 20 {
				batch.Go(func() {
					c, err := net.Dial("tcp", r.addr)
					if err != nil {
						t.Error(err)
						return
					}
					defer c.Close() // with unread bytes: the connection is reset
					coding := []string{"gzip", "identity"}[i%2]
					fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\n\r\n", how, coding)
					_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
					_, _ = io.ReadFull(c, make([]byte, 200))
				})
			}
			batch.Wait()
		}
		if begun.Load() != 100 {
			t.Errorf("%s: %d of 100 producers ran", how, begun.Load())
		}
		left := time.Now()
		within(t, 20*time.Second, "no producer works for a client that left", func() bool { return running.Load() == 0 && ours() == 0 })
		t.Logf("%s: %v after the last client left", how, time.Since(left).Round(time.Millisecond))
	}
	if failed := r.log.with("level", "ERROR"); len(failed) != 0 {
		t.Errorf("a client that leaves is no error of ours: %v", failed[0])
	}
	within(t, 5*time.Second, "an access line for each", func() bool { return len(r.log.with("outcome", "client left")) == 100*len(hows) })
}

// ours counts the goroutines of streams. (fasthttp keeps idle workers for ten seconds, so the plain number says little.)
func ours() int {
	stacks := make([]byte, 4<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "httpserve.(*stream).run(")
}

func TestStalledReaderIsCut(t *testing.T) {
	done := make(chan error, 1)
	r := start(t, Options{Limits: Limits{StallTimeout: 200 * time.Millisecond}}, func(app *fiber.App) {
		app.Get("/endless", func(c *fiber.Ctx) error {
			return Stream(c, StreamOptions{ContentType: "text/csv"}, func(ctx context.Context, w io.Writer) error {
				err := endless(ctx, w)
				done <- err
				return err
			})
		})
	})
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n") // and never read
	select {
	case err := <-done:
		if err == nil {
			t.Error("the producer ended well")
		}
	case <-time.After(20 * time.Second):
		t.Error("a client that reads nothing keeps a producer")
	}
}

func TestStreamDeadline(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/:rows", func(c *fiber.Ctx) error {
			n, _ := c.ParamsInt("rows")
			return Stream(c, StreamOptions{ContentType: "text/csv", Deadline: 100 * time.Millisecond}, func(ctx context.Context, w io.Writer) error {
				if err := rows(w, n); err != nil {
					return err
				}
				<-ctx.Done()
				return nil // it takes the end of its time for the end of its work
			})
		})
	})
	if resp, body := r.get(t, "/1"); problem(t, resp, body).Status != 503 {
		t.Errorf("early: %s", body)
	}
	resp, err := client(t).Get("http://" + r.addr + "/100")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); resp.StatusCode == 200 && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("late: read = %v", err)
	}
}

func TestStreamHoldsLittleInMemory(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/big", func(c *fiber.Ctx) error {
			return Stream(c, StreamOptions{ContentType: "text/csv"}, func(_ context.Context, w io.Writer) error { return rows(w, 64<<10) })
		})
	})
	resp, err := client(t).Get("http://" + r.addr + "/big")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var most, base runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&base)
	var total int64
	for {
		n, err := io.CopyN(io.Discard, resp.Body, 16<<20)
		total += n
		runtime.GC() // blocks on their way back to the next piece are nobody's
		runtime.ReadMemStats(&most)
		if grown := int64(most.HeapAlloc) - int64(base.HeapAlloc); grown > 4<<20 {
			t.Fatalf("the heap grew by %d bytes", grown)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if total != 64<<20 {
		t.Errorf("%d bytes", total)
	}
}

// A short answer's ETag is that of its bytes, whatever was published meanwhile; a long one's is that of its version, and HEAD has the same.
func TestStreamsAreTaggedByWhatIsKnown(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/:version/:lines<int>/:hold<int>", func(c *fiber.Ctx) error {
			lines, _ := c.ParamsInt("lines")
			hold, _ := c.ParamsInt("hold")
			return Stream(c, StreamOptions{ContentType: "text/csv", Version: PathParam(c, "version"), Hold: hold}, func(_ context.Context, w io.Writer) error {
				for range lines {
					if _, err := w.Write([]byte("a line of sixteen")); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
	for _, tc := range []struct {
		name        string
		lines, hold int
		stays       bool // the tag, when only the version changes
	}{{"short", 100, 0, true}, {"long", 10_000, 0, false}, {"held", 10_000, 1 << 20, true}, {"longer than held", 10_000, 64 << 10, false}} {
		at := func(version, lines int) string { return fmt.Sprintf("/%d/%d/%d", version, lines, tc.hold) }
		first, _ := r.get(t, at(1, tc.lines))
		tag := first.Header.Get("ETag")
		if head, _ := r.do(t, "HEAD", at(1, tc.lines), nil); head.Header.Get("ETag") != tag {
			t.Errorf("%s: HEAD has %s, GET %s", tc.name, head.Header.Get("ETag"), tag)
		}
		for _, asked := range []string{tag, "*"} {
			if again, _ := r.get(t, at(1, tc.lines), "If-None-Match", asked); again.StatusCode != 304 || again.Header.Get("ETag") != tag || again.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: %d %s for a client that has %s", tc.name, again.StatusCode, again.Header.Get("ETag"), asked)
			}
		}
		if second, _ := r.get(t, at(2, tc.lines)); (second.Header.Get("ETag") == tag) != tc.stays {
			t.Errorf("%s: after a publication elsewhere the tag is %s, before %s", tc.name, second.Header.Get("ETag"), tag)
		}
		if third, _ := r.get(t, at(2, tc.lines+1)); third.Header.Get("ETag") == tag {
			t.Errorf("%s: other bytes have the same tag", tc.name)
		}
	}
}

// What is held back is a text like any other: whole, in order, whatever the pieces it was written in and the requests on the same connection.
func TestWhatIsHeldIsSentWhole(t *testing.T) {
	text := func(size, seed int) []byte {
		out := make([]byte, size)
		for i := range out {
			out[i] = byte('a' + (i*7+i/blockSize+seed)%26)
		}
		return out
	}
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/:size<int>/:piece<int>/:hold<int>", func(c *fiber.Ctx) error {
			size, _ := c.ParamsInt("size")
			piece, _ := c.ParamsInt("piece")
			hold, _ := c.ParamsInt("hold")
			return Stream(c, StreamOptions{ContentType: "application/octet-stream", Hold: hold}, func(_ context.Context, w io.Writer) error {
				for rest := text(size, piece); len(rest) > 0; {
					n, err := w.Write(rest[:min(piece, len(rest))])
					if err != nil {
						return err
					}
					rest = rest[n:]
				}
				return nil
			})
		})
	})
	hc := client(t)
	for _, size := range []int{0, 1, blockSize - 1, blockSize, blockSize + 1, 2 * blockSize, heldBack, heldBack + 1, 300_000} {
		for _, piece := range []int{100, blockSize, 50_000} {
			for _, hold := range []int{0, 100_000, 1 << 20} {
				resp, err := hc.Get(fmt.Sprintf("http://%s/%d/%d/%d", r.addr, size, piece, hold))
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(body, text(size, piece)) {
					t.Errorf("%d bytes in pieces of %d, held to %d: %d bytes came, %v", size, piece, hold, len(body), err)
				}
				if whole := size <= max(hold, heldBack); whole != (resp.ContentLength >= 0) {
					t.Errorf("%d bytes, held to %d: Content-Length %d", size, hold, resp.ContentLength)
				}
			}
		}
	}
	// Two requests that came in one packet.
	answer, _ := r.raw(t, strings.Repeat("GET /40000/100/100000 HTTP/1.1\r\nHost: a\r\n\r\n", 2)+"GET /100/100/0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	for _, want := range [][]byte{text(40_000, 100), text(100, 100)} {
		_, body, found := strings.Cut(answer, "\r\n\r\n")
		if !found || !strings.HasPrefix(body, string(want)) {
			t.Fatalf("an answer of %d bytes isn't there", len(want))
		}
		answer = body[len(want):]
		if len(want) == 40_000 {
			_, body, _ = strings.Cut(answer, "\r\n\r\n")
			answer = body[len(want):]
		}
	}
}

// Answers that are held while their clients take nothing may not fill the memory: beyond heldInAll they go out as they are written.
func TestWhatAllAnswersHoldIsBounded(t *testing.T) {
	const size = 2 << 20
	var s *server
	release := make(chan struct{})
	r := start(t, Options{Limits: Limits{ConnectionsPerClient: 200}}, func(app *fiber.App) {
		s = app.Server().Logger.(*server)
		app.Get("/", func(c *fiber.Ctx) error {
			return Stream(c, StreamOptions{ContentType: "text/csv", Hold: 4 << 20}, func(ctx context.Context, w io.Writer) error {
				if err := rows(w, size>>10); err != nil {
					return err
				}
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil
			})
		})
	})
	hc := client(t)
	answers := make(chan int64, 40)
	for range cap(answers) {
		go func() {
			resp, err := hc.Get("http://" + r.addr + "/")
			if err != nil {
				answers <- -1
				return
			}
			defer resp.Body.Close()
			n, _ := io.Copy(io.Discard, resp.Body)
			answers <- n
		}()
	}
	within(t, 20*time.Second, "as much as all may hold is held", func() bool { return s.held.Load() > heldInAll/blockSize*9/10 })
	time.Sleep(100 * time.Millisecond)
	if held := s.held.Load(); held > heldInAll/blockSize {
		t.Errorf("%d blocks are held", held)
	}
	close(release)
	for range cap(answers) {
		if n := <-answers; n != size {
			t.Errorf("an answer of %d bytes", n)
		}
	}
	within(t, 5*time.Second, "nothing is held", func() bool { return s.held.Load() == 0 })
}
