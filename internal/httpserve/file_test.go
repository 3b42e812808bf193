package httpserve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The system sends a file in pieces of 64 KiB: what comes is what lies on the disk, from wherever it is asked for, and the connection goes on.
func TestAFileIsSentAsItLies(t *testing.T) {
	content := make([]byte, 5*writePiece+17)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{}, func(app *fiber.App) { serveFile(app, path) })
	hc := client(t)
	for _, tc := range []struct{ asked, method, want string }{
		{"", "GET", string(content)},
		{"bytes=0-0", "GET", string(content[:1])},
		{fmt.Sprintf("bytes=%d-", writePiece-3), "GET", string(content[writePiece-3:])},
		{fmt.Sprintf("bytes=%d-%d", writePiece, 2*writePiece-1), "GET", string(content[writePiece : 2*writePiece])},
		{"bytes=-17", "GET", string(content[5*writePiece:])},
		{"", "HEAD", ""},
	} {
		req, _ := http.NewRequest(tc.method, "http://"+r.addr+"/file", nil)
		req.Header.Set("Range", tc.asked)
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != tc.want {
			t.Errorf("%s %q: %d bytes, want %d, %v", tc.method, tc.asked, len(body), len(tc.want), err)
		}
	}
	within(t, 5*time.Second, "an access line with the bytes of each", func() bool {
		return len(r.log.with("bytes", float64(len(content)))) == 1 && len(r.log.with("outcome", "complete")) == 6
	})
}

func TestAFileThatEndsEarlyIsNoWholeAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, bytes.Repeat([]byte("a"), 40<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{}, func(app *fiber.App) { serveFile(app, path) })
	resp, err := client(t).Get("http://" + r.addr + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := os.Truncate(path, 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the client takes it for whole: %v", err)
	}
	within(t, 5*time.Second, "a line that says so", func() bool { return len(r.log.with("outcome", "failed")) == 1 })
}

func TestAFileIsNotKeptOpenForAStalledReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 256<<20); err != nil { // holes cost no disk
		t.Fatal(err)
	}
	r := start(t, Options{Limits: Limits{StallTimeout: 200 * time.Millisecond}}, func(app *fiber.App) { serveFile(app, path) })
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n") // and never read
	within(t, 20*time.Second, "the reader is cut", func() bool { return len(r.log.with("outcome", "client left")) == 1 })
	if failed := r.log.with("level", "ERROR"); len(failed) != 0 {
		t.Errorf("a client that takes nothing is no error of ours: %v", failed[0])
	}
}

func serveFile(app *fiber.App, path string) {
	app.Get("/file", func(c *fiber.Ctx) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return SendFile(c, File{Content: f, ContentType: "text/plain", ETag: "1", Modified: time.Unix(1e9, 0), Filename: "f"})
	})
}
