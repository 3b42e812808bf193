package httpserve

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// A second request hides behind each: if it is answered, two servers can be made to disagree.
const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"

var malformed = []struct{ name, request string }{
	{"length then chunked", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"chunked then length", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
	{"length and chunked with an unknown method", "PROPFIND / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"length and identity", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: identity\r\n\r\nab"},
	{"identity alone", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"},
	{"gzip, chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
	{"xchunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
	{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"},
	{"two different lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 0\r\n\r\nab"},
	{"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nab"},
	{"a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nab"},
	{"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
	{"two codings", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
	{"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\nConnection: keep-alive\r\n\r\n"},
	{"no host", "GET / HTTP/1.1\r\n\r\n"},
	{"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
	{"space before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\nab"},
	{"space in a name", "GET / HTTP/1.1\r\nHost: a\r\nContent Length: 2\r\n\r\n"},
	{"folded coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
	{"folded value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n"},
	{"bare line feed after a header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
	{"bare line feeds throughout", "GET / HTTP/1.1\nHost: a\n\n"},
	{"bare carriage return in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 2\r\n\r\n"},
	{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length\r\n\r\n"},
	{"first header indented", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
	{"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n"},
	{"bare line feed in a chunk extension", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;\nxx\r\nab\r\n0\r\n\r\n"},
	{"signed chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n"},
	{"hexadecimal prefix on a chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n"},
	{"chunk longer than it says", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n"},
	{"huge chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nab\r\n0\r\n\r\n"},
	{"length in a trailer", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"},
	{"expecting, with length and chunked", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"no version", "GET /\r\nHost: a\r\n\r\n"},
}

func TestMalformedRequestsGetOneAnswerAndTheConnectionCloses(t *testing.T) {
	var served atomic.Int32
	r := start(t, Options{}, func(app *fiber.App) {
		app.All("/*", func(c *fiber.Ctx) error { served.Add(1); return c.SendString("served") })
	})
	for _, tc := range malformed {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			answer, closed := r.raw(t, tc.request+hidden)
			if !closed || len(statuses(answer)) != 1 || !strings.HasPrefix(answer, "HTTP/1.1 400 ") ||
				!strings.Contains(answer, "Connection: close") || !strings.Contains(answer, "application/problem+json") {
				t.Errorf("closed %v, answer:\n%s", closed, answer)
			}
		})
	}
	t.Cleanup(func() {
		if served.Load() != 0 {
			t.Errorf("%d handlers ran", served.Load())
		}
	})
}

// statuses gives the status lines of all answers on a connection.
func statuses(answer string) (all []string) {
	for line := range strings.SplitSeq(answer, "\n") {
		if strings.HasPrefix(line, "HTTP/1.") {
			all = append(all, line)
		}
	}
	return all
}

func TestOtherRefusalsBeforeRouting(t *testing.T) {
	r := start(t, Options{}, nil)
	for request, status := range map[string]string{
		"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n":                                                               "501",
		"GET / HTTP/2.0\r\nHost: a\r\n\r\n":                                                                    "505",
		"GET /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n":                                 "414",
		"GET /" + strings.Repeat("a", 40<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n":                                 "431",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 40<<10) + "\r\n\r\n":                          "431",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("a", 65537):             "413",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 655360\r\n\r\n" + strings.Repeat("a", 100<<10):          "413",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + strings.Repeat("a", 200): "413",
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 655360\r\n\r\n":                 "413",
	} {
		answer, closed := r.raw(t, request+hidden)
		if !closed || len(statuses(answer)) != 1 || !strings.HasPrefix(answer, "HTTP/1.1 "+status) ||
			!strings.Contains(answer, `"status":`+status) || !strings.Contains(answer, "X-Request-Id") {
			t.Errorf("%.60q: closed %v, answer:\n%s", request, closed, answer)
		}
	}
}

func TestWellFormedRequestsKeepTheirConnection(t *testing.T) {
	r := start(t, Options{}, func(app *fiber.App) {
		app.All("/*", func(c *fiber.Ctx) error { return c.SendString("served") })
	})
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nab\r\n0\r\n\r\n",
		"GET /" + strings.Repeat("a", 15<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		answer, _ := r.raw(t, request+"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if strings.Count(answer, "HTTP/1.1 200") != 2 {
			t.Errorf("%.60q: answers:\n%s", request, answer)
		}
	}
}
