package export

import (
	"errors"
	"io"
	"os"
)

// tempFile is where a format that can't be written from front to back is put together. It is gone after sendTo and after remove.
type tempFile struct{ *os.File }

func newTempFile() (tempFile, error) {
	f, err := os.CreateTemp("", "mithaq-export-*")
	return tempFile{f}, err
}

// sendTo copies the file from its beginning and removes it.
func (t tempFile) sendTo(w io.Writer) error {
	_, err := t.Seek(0, io.SeekStart)
	if err == nil {
		_, err = io.Copy(w, t.File)
	}
	return errors.Join(err, t.remove())
}

// remove closes and removes the file; once it is gone, it does nothing.
func (t tempFile) remove() error {
	err := errors.Join(t.Close(), os.Remove(t.Name()))
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
