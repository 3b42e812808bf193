package httpserve

import (
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
		runtime.ReadMemStats(&most)
		if grown := int64(most.HeapAlloc) - int64(base.HeapAlloc); grown > 16<<20 {
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
	version, size := "", 0
	r := start(t, Options{}, func(app *fiber.App) {
		app.Get("/", func(c *fiber.Ctx) error {
			return Stream(c, StreamOptions{ContentType: "text/csv", Version: version}, func(_ context.Context, w io.Writer) error {
				for range size {
					if _, err := w.Write([]byte("a line of sixteen")); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
	for _, tc := range []struct {
		name          string
		lines         int
		stays, sameAs bool // the tag, when only the version changes; HEAD's and GET's
	}{{"short", 100, true, true}, {"long", 10_000, false, true}} {
		size, version = tc.lines, "1"
		first, _ := r.get(t, "/")
		head, _ := r.do(t, "HEAD", "/", nil)
		if (head.Header.Get("ETag") == first.Header.Get("ETag")) != tc.sameAs {
			t.Errorf("%s: HEAD has %s, GET %s", tc.name, head.Header.Get("ETag"), first.Header.Get("ETag"))
		}
		if again, _ := r.get(t, "/", "If-None-Match", first.Header.Get("ETag")); again.StatusCode != 304 || again.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d for a client that has it", tc.name, again.StatusCode)
		}
		version = "2"
		if second, _ := r.get(t, "/"); (second.Header.Get("ETag") == first.Header.Get("ETag")) != tc.stays {
			t.Errorf("%s: after a publication elsewhere the tag is %s, before %s", tc.name, second.Header.Get("ETag"), first.Header.Get("ETag"))
		}
		size++
		if third, _ := r.get(t, "/"); third.Header.Get("ETag") == first.Header.Get("ETag") {
			t.Errorf("%s: other bytes have the same tag", tc.name)
		}
	}
}
