package httpserve

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
)

// File is an answer that lies on the disk and never changes, long enough that its download may be interrupted.
type File struct {
	Content     *os.File // closed by SendFile
	ContentType string
	ETag        string // of the bytes, without quotes
	Modified    time.Time
	Filename    string
}

// SendFile sends a file, or the one range of it that is asked for, in constant memory and for as long as the client keeps taking it: a
// download of hours is an honest one, and it holds no more than a connection. Ranges, If-Range and the other conditions are those of RFC 9110,
// sections 13 and 14. Several ranges in one request get the whole file, which the standard allows. Nothing is compressed: a range is one of
// the bytes that the hash is of.
func SendFile(c *fiber.Ctx, f File) (err error) {
	defer func() {
		if f.Content != nil {
			err = errors.Join(err, f.Content.Close())
		}
	}()
	// net/http knows the conditions. Asked for the head alone it writes no body, and leaves the file at the beginning of the range.
	asked := http.Request{Method: http.MethodHead, Header: http.Header{}}
	for _, name := range []string{fiber.HeaderIfMatch, fiber.HeaderIfNoneMatch, fiber.HeaderIfModifiedSince, fiber.HeaderIfUnmodifiedSince, fiber.HeaderIfRange, fiber.HeaderRange} {
		if v := strings.Clone(c.Get(name)); v != "" {
			asked.Header.Set(name, v)
		}
	}
	if c.Method() != fiber.MethodGet || strings.Contains(asked.Header.Get(fiber.HeaderRange), ",") { // HEAD has no ranges
		asked.Header.Del(fiber.HeaderRange)
	}
	found := answerHead{header: http.Header{}}
	found.header.Set(fiber.HeaderContentType, f.ContentType)
	found.header.Set(fiber.HeaderETag, `"`+f.ETag+`"`)
	http.ServeContent(&found, &asked, "", f.Modified, f.Content)

	c.Status(found.status)
	for name, values := range found.header {
		if name != fiber.HeaderContentLength && name != "X-Content-Type-Options" {
			c.Set(name, values[0])
		}
	}
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	switch found.status {
	case http.StatusRequestedRangeNotSatisfiable:
		return fiber.NewError(found.status, "This range is not one of the file's: Content-Range says how long the file is.")
	case http.StatusPreconditionFailed:
		return fiber.NewError(found.status, "The file is not the one that the request expects.")
	case http.StatusOK, http.StatusPartialContent:
	default: // 304
		return nil
	}
	c.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": f.Filename}))
	length, err := strconv.Atoi(found.header.Get(fiber.HeaderContentLength))
	if err != nil {
		return err
	}
	if c.Method() == fiber.MethodHead {
		c.Response().Header.SetContentLength(length)
		return nil
	}
	x := exchangeOf(c)
	x.streams = true
	c.Response().SetBodyStream(&fileBody{exchange: x, file: f.Content, left: int64(length)}, length) // fasthttp closes it however the response ends
	f.Content = nil
	return nil
}

// answerHead takes the status and the headers of an answer.
type answerHead struct {
	header http.Header
	status int
}

func (a *answerHead) Header() http.Header         { return a.header }
func (a *answerHead) WriteHeader(status int)      { a.status = status }
func (a *answerHead) Write(p []byte) (int, error) { return len(p), nil } // the text of an error, which is said otherwise

// fileBody is the part of a file that is being sent.
type fileBody struct {
	*exchange
	file *os.File
	left int64
	err  error
}

// Read is fasthttp's, which cuts the connection when the file ends before left does.
func (b *fileBody) Read(p []byte) (int, error) {
	n, err := io.LimitReader(b.file, b.left).Read(p)
	b.left -= int64(n)
	b.bytes += int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// WriteTo is fasthttp's, which prefers it to Read: the system sends the file.
func (b *fileBody) WriteTo(w io.Writer) (n int64, err error) {
	buffered, ok := w.(*bufio.Writer)
	if !ok || b.conn == nil {
		n, err = io.Copy(w, io.LimitReader(b.file, b.left))
	} else if err = buffered.Flush(); err == nil {
		n, err = b.conn.sendFile(b.file, b.left)
	}
	b.left -= n
	b.bytes += n
	if err != nil && !connectionEnded(err) {
		b.err = err
	}
	return n, err
}

// connectionEnded says whether an error is of the connection, not of the file: the client left, took nothing for too long, or was cut.
func connectionEnded(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// Close is fasthttp's too.
func (b *fileBody) Close() error {
	outcome := "complete"
	switch {
	case b.err != nil:
		outcome = "failed"
		b.fail(b.err)
	case b.left > 0:
		outcome = "client left"
	}
	b.exchange.end()
	b.report(outcome)
	return b.file.Close()
}
