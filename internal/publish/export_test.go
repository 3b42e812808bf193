package publish

import "testing"

// RememberForward lowers how many references to what comes later are remembered.
func RememberForward(t *testing.T, n int) {
	before := maxForward
	maxForward = n
	t.Cleanup(func() { maxForward = before })
}
