//go:build !unix

package httpserve

// departed isn't known here: a client that left is noticed at the next write or at the deadline.
func (c *conn) departed() bool { return false }
