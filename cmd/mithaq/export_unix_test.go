//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe is written to, not replaced by a file.
func TestExportIntoAPipe(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		all, _ := os.ReadFile(pipe)
		read <- all
	}()
	if code, _, stderr := call(t, folder, "export", "-o", "pipe"); code != 0 {
		t.Fatal(stderr)
	}
	if code, _, stderr := call(t, folder, "export", "-o", "file"); code != 0 {
		t.Fatal(stderr)
	}
	want, err := os.ReadFile(filepath.Join(folder, "file"))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-read:
		if len(want) == 0 || string(got) != string(want) {
			t.Errorf("%d bytes came through the pipe, %d are in the file", len(got), len(want))
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing came through the pipe")
	}
}
