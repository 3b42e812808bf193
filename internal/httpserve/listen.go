package httpserve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// listener accepts connections within the limits. fasthttp's own MaxConnsPerIP counts IPv4 only, and takes a front proxy
// for one greedy visitor; its accept loop ends for good when the process runs out of files for a moment.
type listener struct {
	net.Listener
	limits       Limits
	frontProxies []netip.Prefix

	once     sync.Once
	closeErr error

	mu   sync.Mutex
	open map[*conn]struct{}
	from map[netip.Prefix]int
}

func newListener(l net.Listener, s *server) *listener {
	return &listener{Listener: l, limits: s.limits, frontProxies: s.FrontProxies,
		open: map[*conn]struct{}{}, from: map[netip.Prefix]int{}}
}

var tooMany = []byte("HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 10\r\n\r\n")

// Accept waits for a connection that may be served.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil { // out of files, or the client gave up: either passes
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if c := l.admit(raw); c != nil {
			return c, nil
		}
		_ = raw.SetWriteDeadline(time.Now().Add(time.Second)) // a new connection's buffer is empty: this doesn't wait
		_, _ = raw.Write(tooMany)
		_ = raw.Close()
	}
}

// admit counts the connection, or returns nil when its client has its share.
func (l *listener) admit(raw net.Conn) *conn {
	c := &conn{Conn: raw, listener: l, client: l.client(raw)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.client.IsValid() {
		if l.from[c.client] >= l.limits.ConnectionsPerClient {
			return nil
		}
		l.from[c.client]++
	}
	l.open[c] = struct{}{}
	return c
}

// client is what shares are counted by: an IPv4 address, or the /64 that an IPv6 household gets. Not valid when no
// share applies.
func (l *listener) client(raw net.Conn) netip.Prefix {
	remote, err := netip.ParseAddrPort(raw.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}
	}
	addr := remote.Addr().Unmap().WithZone("")
	for _, p := range l.frontProxies {
		if p.Contains(addr) {
			return netip.Prefix{}
		}
	}
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	client, _ := addr.Prefix(bits)
	return client
}

// Close stops accepting. It may be called twice.
func (l *listener) Close() error {
	l.once.Do(func() { l.closeErr = l.Listener.Close() })
	return l.closeErr
}

// cut closes every connection at once.
func (l *listener) cut() (n int) {
	l.mu.Lock()
	open := make([]*conn, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.linger.Store(false)
		_ = c.Close()
	}
	return len(open)
}

// watch ends, until ctx does, the exchanges whose clients closed their connections. fasthttp doesn't look while a handler runs, so a long query
// would go on for nobody. Answers that are short of departureCheck are never looked at, and cost no timer of their own.
func (l *listener) watch(ctx context.Context) {
	tick := time.NewTicker(departureCheck)
	defer tick.Stop()
	var long []*exchange
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			long = long[:0]
			l.mu.Lock()
			for c := range l.open {
				if x := c.serves.Load(); x != nil && now.Sub(x.start) >= departureCheck {
					long = append(long, x)
				}
			}
			l.mu.Unlock()
			for _, x := range long {
				if x.conn.departed() {
					x.life.end(errLeft)
				}
			}
			clear(long)
		}
	}
}

// conn is one connection.
type conn struct {
	net.Conn
	listener *listener
	client   netip.Prefix
	linger   atomic.Bool // the client may still be sending what was refused
	serves   atomic.Pointer[exchange]
	behind   net.Buffers // what follows the next Write at once, see flushWith
	once     sync.Once
}

// Write gives every piece its own time, so that only a client that takes nothing is cut.
func (c *conn) Write(p []byte) (written int, err error) {
	if c.behind != nil {
		all := append(net.Buffers{p}, c.behind...)
		c.behind = nil
		if err := c.send(all); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	for first := true; first || len(p) > 0; first = false {
		piece := p[:min(len(p), writePiece)]
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.listener.limits.StallTimeout)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
		p = p[len(piece):]
	}
	return written, nil
}

// flushWith flushes what writes to c, with body behind it: a head and its body are then one system call, and the body isn't copied.
func (c *conn) flushWith(w *bufio.Writer, body net.Buffers) error {
	c.behind = body
	err := w.Flush()
	if c.behind != nil && err == nil { // there was nothing to flush
		err = c.send(c.behind)
	}
	c.behind = nil
	return err
}

// send writes buffers, which it uses up. As in Write, every piece has its own time.
func (c *conn) send(all net.Buffers) error {
	for len(all) > 0 {
		n, size := 1, len(all[0])
		for n < len(all) && size+len(all[n]) <= writePiece {
			size += len(all[n])
			n++
		}
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.listener.limits.StallTimeout)); err != nil {
			return err
		}
		piece := all[:n:n]
		if _, err := piece.WriteTo(c.Conn); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// sendFile sends n bytes of a file from where it stands, without bringing them into the program where the system can do so.
func (c *conn) sendFile(f *os.File, n int64) (sent int64, err error) {
	to, ok := c.Conn.(io.ReaderFrom)
	if !ok {
		return io.CopyN(c, f, n)
	}
	for sent < n {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.listener.limits.StallTimeout)); err != nil {
			return sent, err
		}
		piece := min(n-sent, writePiece)
		m, err := to.ReadFrom(&io.LimitedReader{R: f, N: piece})
		sent += m
		switch {
		case err != nil:
			return sent, err
		case m < piece:
			return sent, io.ErrUnexpectedEOF
		}
	}
	return sent, nil
}

// Close ends the connection. After a refusal it first takes in a little of what is still coming: closing with unread
// bytes resets the connection, and a client that is busy sending would never read why it was refused.
func (c *conn) Close() (err error) {
	err = net.ErrClosed
	c.once.Do(func() {
		if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger.Load() && half.CloseWrite() == nil {
			_ = c.SetReadDeadline(time.Now().Add(lingerTime))
			_, _ = io.CopyN(io.Discard, c.Conn, lingerSize)
		}
		err = c.Conn.Close()
		l := c.listener
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.open, c)
		if c.client.IsValid() {
			if l.from[c.client]--; l.from[c.client] == 0 {
				delete(l.from, c.client)
			}
		}
	})
	return err
}
