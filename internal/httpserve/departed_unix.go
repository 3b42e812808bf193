//go:build unix

package httpserve

import "syscall"

// departed looks, without reading or waiting, whether the client closed its side or reset the connection. A client that
// closes only its sending half counts as gone, as it does in net/http.
func (c *conn) departed() bool {
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	if err := raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n == 0 && err == nil || err == syscall.ECONNRESET || err == syscall.EPIPE || err == syscall.ETIMEDOUT
	}); err != nil {
		return true // closed on our side
	}
	return gone
}
