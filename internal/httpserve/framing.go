package httpserve

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// framingFault says what makes the extent of a request doubtful, or "". Two servers that disagree about where a request
// ends can be made to see different requests (RFC 9112, section 11.2), so whatever is doubtful is refused. It reads the
// raw head because fasthttp's parsed one has already chosen: of Content-Length with Transfer-Encoding it serves the
// chunked reading and keeps the connection open.
func framingFault(h *fasthttp.RequestHeader) string {
	var hosts, lengths, codings int
	for raw := h.RawHeaders(); len(raw) > 0; {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if !bytes.HasSuffix(line, []byte("\r")) {
			return "a header line ends in a bare line feed"
		}
		line = line[:len(line)-1]
		if len(line) == 0 {
			break
		}
		name, value, colon := bytes.Cut(line, []byte(":"))
		switch {
		case line[0] == ' ' || line[0] == '\t':
			return "a header value is folded over two lines"
		case !colon || len(name) == 0 || bytes.ContainsAny(name, " \t"):
			return "a header name is not a token"
		case bytes.IndexByte(line, '\r') >= 0:
			return "a header value holds a bare carriage return"
		case bytes.EqualFold(name, []byte("Host")):
			hosts++
		case bytes.EqualFold(name, []byte("Content-Length")):
			lengths++
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			codings++
			if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
				return "Transfer-Encoding is not chunked"
			}
		}
	}
	switch {
	case lengths > 0 && codings > 0:
		return "Content-Length and Transfer-Encoding together"
	case lengths > 1 || codings > 1 || hosts > 1:
		return "a header that may stand once stands twice"
	case codings > 0 && !h.IsHTTP11():
		return "Transfer-Encoding in HTTP/1.0"
	case hosts == 0 && h.IsHTTP11():
		return "no Host"
	}
	return ""
}
