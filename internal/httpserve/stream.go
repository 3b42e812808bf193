package httpserve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/klauspost/compress/gzip"
)

// StreamOptions describes an answer too long for memory.
type StreamOptions struct {
	ContentType  string
	Version      string // of the data behind it, query and language included; makes the ETag, "" for none
	CacheControl string // "no-cache" when empty
	Vary         []string
	Filename     string        // makes it a download
	Deadline     time.Duration // Limits.StreamDeadline when 0
}

// Stream sends what produce writes, as it writes it, in constant memory. The first 32 KiB are held back: an error or a
// panic within them is an answer with a real status. A later one cuts the response, which every client reports, so that
// half a file never passes for a whole one.
//
// An answer that fits in what is held back has the ETag of its bytes: it changes with them, and with nothing else that is published. A longer
// one has that of Version, which is all that is known when its head is sent; a client that has that one is answered without running produce.
//
// An HTTP/1.0 request gets chunks too, as fasthttp sends them: front proxies that still speak 1.0 read them, and plain
// bytes until the close could not show a failure.
//
// produce runs on its own goroutine and must not touch c. Its context ends when the client leaves, when a deadline passes
// and when the program stops; from then on its writes fail too.
func Stream(c *fiber.Ctx, o StreamOptions, produce func(ctx context.Context, w io.Writer) error) error {
	x := exchangeOf(c)
	h := head{contentType: o.ContentType, cacheControl: o.CacheControl, vary: o.Vary, filename: o.Filename}
	if o.Version != "" {
		h.version = contentVersion([]byte(o.ContentType + "\n" + o.Version))
	}
	asGzip, fresh := h.set(c, true)
	if fresh {
		return nil
	}
	fill(&o.Deadline, x.limits.StreamDeadline)
	ctx, cancel := context.WithTimeout(&x.life, o.Deadline)
	s := &stream{exchange: x, ctx: ctx, cancel: cancel, started: make(chan struct{}), finished: make(chan error, 1)}
	s.reader, s.writer = io.Pipe()
	s.out = bufio.NewWriterSize(s.writer, heldBack)
	if asGzip {
		s.zip = gzipWriters.Get().(*gzip.Writer)
		s.zip.Reset(s.out)
	}
	// A producer or a client that waits on the pipe is woken when the context ends.
	context.AfterFunc(ctx, func() { s.writer.CloseWithError(context.Cause(ctx)) })
	go s.run(produce)

	select {
	case <-s.started:
		if c.Method() == fiber.MethodHead {
			cancel()
			c.Response().Header.SetContentLength(-1) // chunked, as GET would be; 0 would be a wrong length
			return nil
		}
		x.streams = true
		// At once: a connection that ends without a byte makes browsers ask again instead of reporting it.
		c.Response().ImmediateHeaderFlush = true
		c.Response().SetBodyStream(s, -1) // fasthttp closes s however the response ends
		return nil
	case err := <-s.finished:
		cancel()
		if err != nil {
			return err
		}
		if o.Version != "" {
			h.version = contentVersion(s.held)
			if _, fresh := h.set(c, true); fresh {
				return nil
			}
		}
		if asGzip { // the ETag has promised it, so also when it hardly pays
			s.held = compress(s.held)
		}
		c.Response().SetBodyRaw(s.held)
		return nil
	case <-ctx.Done():
		cancel()
		return context.Cause(ctx)
	}
}

// stream is a running Stream: an io.Writer for its producer, an io.ReadCloser for fasthttp. A body reader is used and not
// fasthttp's stream writer, because only a reader can say that it failed: the writer's end is always a clean end.
type stream struct {
	*exchange
	ctx      context.Context
	cancel   context.CancelFunc
	held     []byte // what was written before started
	started  chan struct{}
	finished chan error // what produce returned
	opened   bool       // the producer's view of started

	zip    *gzip.Writer // nil for plain bytes; writes to out
	out    *bufio.Writer
	writer *io.PipeWriter

	reader *io.PipeReader
	ended  error // what the last Read returned, nil in the middle
}

// run is the producer's goroutine. No middleware can catch a panic here: without a recover of its own it would end the process.
func (s *stream) run(produce func(context.Context, io.Writer) error) {
	var err error
	defer func() {
		if v := recover(); v != nil {
			err = caught(v)
		}
		s.writer.CloseWithError(err) // nil is the clean end; a context that ended earlier has already set its cause
		s.finished <- err
		if s.zip != nil {
			gzipWriters.Put(s.zip)
		}
	}()
	if err = produce(s.ctx, s); err != nil || !s.opened {
		return
	}
	if s.zip != nil {
		if err = s.zip.Close(); err != nil {
			return
		}
	}
	err = s.out.Flush()
}

// Write is the producer's.
func (s *stream) Write(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	if !s.opened {
		if len(s.held)+len(p) <= heldBack {
			s.held = append(s.held, p...)
			return len(p), nil
		}
		s.opened = true
		close(s.started)
		if _, err := s.forward(s.held); err != nil {
			return 0, err
		}
		s.held = nil
	}
	return s.forward(p)
}

func (s *stream) forward(p []byte) (int, error) {
	if s.zip != nil {
		return s.zip.Write(p)
	}
	return s.out.Write(p)
}

// Read is fasthttp's. An error other than io.EOF makes it end the response without the last chunk.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.reader.Read(p)
	s.bytes += int64(n)
	s.ended = err
	return n, err
}

// Close is fasthttp's too, called once, however the response ended. It doesn't wait for the producer.
func (s *stream) Close() error {
	outcome := "complete"
	switch {
	case s.ended == io.EOF:
	case errors.Is(context.Cause(s.ctx), errLeft):
		outcome = "client left"
	case s.ctx.Err() != nil: // a deadline or a stop; what the producer made of it is no news
		outcome = "cut"
	case s.ended == nil: // the connection took no more
		outcome = "client left"
	default:
		outcome = "failed"
		s.fail(s.ended)
	}
	s.reader.CloseWithError(errLeft)
	s.cancel()
	s.exchange.end()
	s.report(outcome)
	return nil
}
