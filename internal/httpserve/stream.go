package httpserve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/klauspost/compress/gzip"
)

// StreamOptions describes an answer that may be too long for memory.
type StreamOptions struct {
	ContentType  string
	Version      string // of the data behind it, query and language included; makes the ETag of an answer longer than Hold, "" for none
	CacheControl string // "no-cache" when empty
	Vary         []string
	Filename     string        // makes it a download
	Deadline     time.Duration // Limits.StreamDeadline when 0
	// Hold is how many bytes are held back; 32 KiB when 0. What fits is sent in one piece with its length. More than 32 KiB is for answers
	// whose client waits for the whole anyway; when many answers are held at once, less is.
	Hold int
}

// Stream sends what produce writes, as it writes it, in constant memory. The first 32 KiB, or Hold, are held back: an error or a
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
		h.version = ContentVersion([]byte(o.ContentType + "\n" + o.Version))
	}
	asGzip := h.choose(c, true)
	// Whoever has anything ("*") is told which one this is, which the answer's length decides.
	if known := c.Get(fiber.HeaderIfNoneMatch); known != "" && known != "*" && h.finish(c, asGzip) {
		return nil
	}
	fill(&o.Deadline, x.limits.StreamDeadline)
	fill(&o.Hold, heldBack)
	s := &stream{exchange: x, hold: o.Hold, started: make(chan struct{}), finished: make(chan error, 1), pieces: make(chan *block)}
	s.time.within, s.time.deadline = &x.life, time.Now().Add(o.Deadline)
	if asGzip {
		s.zip = gzipWriters.Get().(*gzip.Writer)
	}
	go s.run(produce)

	select {
	case <-s.started:
		if h.finish(c, asGzip) {
			s.time.end(nil)
			return nil
		}
		if c.Method() == fiber.MethodHead {
			s.time.end(nil)
			c.Response().Header.SetContentLength(-1) // chunked, as GET would be; 0 would be a wrong length
			return nil
		}
		x.streams = true
		// At once: a connection that ends without a byte makes browsers ask again instead of reporting it. And Read needs the head gone.
		c.Response().ImmediateHeaderFlush = true
		c.Response().SetBodyStream(s, -1) // fasthttp closes s however the response ends
		return nil
	case err := <-s.finished:
		s.time.end(nil)
		if err != nil {
			return err
		}
		return s.sendWhole(c, h, o.Version != "" || o.Hold > heldBack, asGzip)
	case <-s.time.Done():
		cause := context.Cause(&s.time)
		s.time.end(nil)
		if !s.settled.CompareAndSwap(false, true) && <-s.finished == nil {
			x.releaseAll(&s.held)
		}
		return cause
	}
}

// sendWhole sends what was held back as one answer.
func (s *stream) sendWhole(c *fiber.Ctx, h head, tagged, asGzip bool) error {
	if tagged {
		h.version = s.held.version()
	}
	if h.finish(c, asGzip) {
		s.releaseAll(&s.held)
		return nil
	}
	if asGzip { // the ETag has promised it, so also when it hardly pays
		plain := s.held
		s.held = blocks{}
		s.compress(plain)
	}
	if c.Method() == fiber.MethodHead {
		c.Response().Header.SetContentLength(s.held.n)
		s.releaseAll(&s.held)
		return nil
	}
	s.streams = true
	c.Response().SetBodyStream(&whole{exchange: s.exchange, text: s.held}, s.held.n) // fasthttp closes it however the response ends
	return nil
}

// compress puts the compressed form of a text into held and gives its blocks back.
func (s *stream) compress(plain blocks) {
	z := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(z)
	z.Reset(&s.held)
	for _, x := range plain.list {
		_, _ = z.Write(x.bytes[:x.n]) // blocks take everything
	}
	_ = z.Close()
	s.releaseAll(&plain)
}

// whole is an answer in memory on its way to the client.
type whole struct {
	*exchange
	text blocks
	read int // bytes given out by Read
	sent bool
}

// WriteTo is fasthttp's, and gives the body to the connection together with the head: one system call, and no copy.
func (a *whole) WriteTo(w io.Writer) (n int64, err error) {
	if buffered, ok := w.(*bufio.Writer); ok && a.conn != nil {
		n, err = int64(a.text.n), a.conn.flushWith(buffered, a.text.buffers())
	} else {
		body := a.text.buffers()
		n, err = body.WriteTo(w)
	}
	a.sent = err == nil
	return n, err
}

// Read is for whoever asks without a socket.
func (a *whole) Read(p []byte) (int, error) {
	if a.read == a.text.n {
		a.sent = true
		return 0, io.EOF
	}
	x := a.text.list[a.read/blockSize]
	n := copy(p, x.bytes[a.read%blockSize:x.n])
	a.read += n
	return n, nil
}

// Close is fasthttp's too.
func (a *whole) Close() error {
	outcome := "client left"
	if a.sent {
		outcome = "complete"
	}
	a.bytes = int64(a.text.n)
	a.releaseAll(&a.text)
	a.end()
	a.report(outcome)
	return nil
}

// stream is a running Stream: an io.Writer for its producer, an io.ReadCloser for fasthttp. A body reader is used and not
// fasthttp's stream writer, because only a reader can say that it failed: the writer's end is always a clean end.
type stream struct {
	*exchange
	time     span
	hold     int
	held     blocks // what was written before started; the handler's once the producer finished well
	started  chan struct{}
	finished chan error  // what produce returned; nobody has to wait for it
	settled  atomic.Bool // the producer finished before it opened, or the handler waits no more: whoever was first

	opened  bool         // the producer's view of started
	filling *block       // what the producer has written since and not yet given
	zip     *gzip.Writer // nil for plain bytes
	pieces  chan *block  // from the producer to Read; closed at the end
	failure error        // why the end is no clean one; set before pieces is closed

	reading *block
	read    int   // bytes of reading that are gone
	ended   error // what the last Read returned, nil in the middle
	lost    bool  // the connection took no more
}

// run is the producer's goroutine. No middleware can catch a panic here: without a recover of its own it would end the process.
func (s *stream) run(produce func(context.Context, io.Writer) error) {
	var err error
	defer func() {
		if v := recover(); v != nil {
			err = caught(v)
		}
		if s.zip != nil {
			gzipWriters.Put(s.zip)
		}
		if s.filling != nil {
			s.release(s.filling)
		}
		if err != nil || !s.opened && !s.settled.CompareAndSwap(false, true) {
			s.releaseAll(&s.held)
		}
		s.failure = err
		close(s.pieces)
		s.finished <- err
	}()
	if err = produce(&s.time, s); err == nil && s.time.Err() != nil {
		err = context.Cause(&s.time) // it takes the end of its time for the end of its work
	}
	if err != nil || !s.opened {
		return
	}
	if s.zip != nil {
		if err = s.zip.Close(); err != nil {
			return
		}
	}
	if s.filling != nil {
		last := s.filling
		s.filling = nil
		err = s.give(last)
	}
}

// Write is the producer's.
func (s *stream) Write(p []byte) (int, error) {
	if s.time.Err() != nil {
		return 0, context.Cause(&s.time)
	}
	rest := p
	for !s.opened && len(rest) > 0 {
		if s.held.n+len(rest) > s.hold || !s.room() {
			if err := s.open(); err != nil {
				return 0, err
			}
			break
		}
		part := rest[:min(len(rest), len(s.held.free()))]
		_, _ = s.held.Write(part) // blocks take everything
		rest = rest[len(part):]
	}
	if err := s.forward(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

// room says whether more may be held back, and makes the room for it.
func (s *stream) room() bool {
	switch {
	case len(s.held.free()) > 0:
	case len(s.held.list)*blockSize < heldBack: // every answer may hold that much
		s.held.grow()
	case s.mayHold():
		s.held.grow().counted = true
	default:
		return false
	}
	return true
}

// open begins the answer: what was held back is given first.
func (s *stream) open() error {
	s.opened = true
	close(s.started)
	if s.zip != nil {
		s.zip.Reset(packer{s})
	}
	for len(s.held.list) > 0 {
		x := s.held.list[0]
		s.held.list = s.held.list[1:]
		err := error(nil)
		if s.zip == nil {
			err = s.give(x)
		} else {
			_, err = s.zip.Write(x.bytes[:x.n])
			s.release(x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forward takes what is written after open.
func (s *stream) forward(p []byte) (err error) {
	switch {
	case len(p) == 0:
	case s.zip != nil:
		_, err = s.zip.Write(p)
	default:
		_, err = packer{s}.Write(p)
	}
	return err
}

// packer puts what is written into blocks and gives the full ones.
type packer struct{ *stream }

func (s packer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if s.filling == nil {
			s.filling = freeBlocks.Get().(*block)
		}
		n := copy(s.filling.bytes[s.filling.n:], rest)
		s.filling.n += n
		rest = rest[n:]
		if s.filling.n == blockSize {
			full := s.filling
			s.filling = nil
			if err := s.give(full); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// give hands a block to Read, and waits until it is taken: a producer is at most one block ahead of its client.
func (s *stream) give(x *block) error {
	select {
	case s.pieces <- x:
		return nil
	case <-s.time.Done():
		s.release(x)
		return context.Cause(&s.time)
	}
}

// next is the next block of the answer, io.EOF after the last.
func (s *stream) next() (*block, error) {
	select {
	case x, ok := <-s.pieces:
		switch {
		case ok:
			return x, nil
		case s.failure != nil:
			return nil, s.failure
		}
		return nil, io.EOF
	case <-s.time.Done():
		return nil, context.Cause(&s.time)
	}
}

// Read is fasthttp's. An error other than io.EOF makes it end the response without the last chunk. Its own buffer would make a system
// call of every 4 KiB, so a block goes to the connection as a chunk from here, and Read has read nothing, which it may.
func (s *stream) Read(p []byte) (n int, err error) {
	if s.reading == nil {
		if s.reading, err = s.next(); err != nil {
			s.ended = err
			return 0, err
		}
	}
	x := s.reading
	if s.conn != nil {
		err = s.conn.send(net.Buffers{append(strconv.AppendInt(nil, int64(x.n), 16), "\r\n"...), x.bytes[:x.n], []byte("\r\n")})
		s.read, s.lost, s.ended = x.n, err != nil, err
	} else {
		n = copy(p, x.bytes[s.read:x.n])
		s.read += n
	}
	if s.read == x.n {
		s.bytes += int64(x.n)
		s.reading, s.read = nil, 0
		s.release(x)
	}
	return n, err
}

// Close is fasthttp's too, called once, however the response ended. It doesn't wait for the producer.
func (s *stream) Close() error {
	outcome := "complete"
	switch {
	case s.ended == io.EOF:
	case errors.Is(context.Cause(&s.time), errLeft):
		outcome = "client left"
	case s.time.Err() != nil: // a deadline or a stop; what the producer made of it is no news
		outcome = "cut"
	case s.ended == nil, s.lost: // the connection took no more
		outcome = "client left"
	default:
		outcome = "failed"
		s.fail(s.ended)
	}
	s.time.end(errLeft)
	if s.reading != nil {
		s.release(s.reading)
		s.reading = nil
	}
	s.end()
	s.report(outcome)
	return nil
}
