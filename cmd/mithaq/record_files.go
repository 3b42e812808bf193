package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"mithaq/internal/dossier"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

// recordFiles are files of records that are read one record after the other, as often as is asked.
type recordFiles struct {
	files  []*os.File
	names  []string
	begins []int // the index of each file's first record among all
}

// openRecords opens files of records. What can't be read twice, as standard input ("-"), is copied to a temporary file.
func openRecords(names []string) (*recordFiles, error) {
	r := &recordFiles{names: names}
	for _, name := range names {
		f, err := openTwice(name)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.files = append(r.files, f)
	}
	return r, nil
}

// openTwice opens a file that can be read more than once.
func openTwice(name string) (*os.File, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err != nil || !info.Mode().IsDir() && info.Mode().IsRegular() {
			return f, err
		}
		defer f.Close()
	}
	temporary, err := os.CreateTemp("", "mithaq-*")
	if err != nil {
		return nil, err
	}
	// Without a name it goes with the process, whatever happens.
	if err := os.Remove(temporary.Name()); err != nil {
		return nil, errors.Join(err, temporary.Close())
	}
	if _, err := io.Copy(temporary, f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), temporary.Close())
	}
	return temporary, nil
}

// Close closes the files.
func (r *recordFiles) Close() (err error) {
	for _, f := range r.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// unsoundFiles are the problems of files that can be seen without the registry.
type unsoundFiles []dossier.Problem

// Error counts them and names the first.
func (u unsoundFiles) Error() string { return fmt.Sprintf("%d problems, the first: %s", len(u), u[0]) }

// each gives the records of all files; see publish.Request. Error: unsoundFiles, when all files were read.
func (r *recordFiles) each(yield func(registry.Record, []byte) error) error {
	var unsound unsoundFiles
	n := 0
	r.begins = nil
	for i, f := range r.files {
		r.begins = append(r.begins, n)
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		problems, err := dossier.Each(r.names[i], f, func(e dossier.Entry) error {
			n++
			if len(unsound) > 0 {
				return nil
			}
			return yield(e.Record, e.Body)
		})
		if err != nil {
			return err
		}
		unsound = append(unsound, problems...)
	}
	if len(unsound) > 0 {
		return unsound
	}
	return nil
}

// entry is where a record stands, by its index among all; the record itself isn't there.
func (r *recordFiles) entry(index int) dossier.Entry {
	i, found := slices.BinarySearch(r.begins, index)
	for !found && i > 0 || i == len(r.begins) {
		i, found = i-1, true
	}
	for i+1 < len(r.begins) && r.begins[i+1] == r.begins[i] { // a file without records
		i++
	}
	return dossier.Entry{File: r.names[i], Pointer: "/records/" + strconv.Itoa(index-r.begins[i])}
}

// outcomes keeps what became of each record in a temporary file: millions of ids would fill the memory.
type outcomes struct {
	file *os.File
	w    *bufio.Writer
}

func (o *outcomes) open() (err error) {
	if o.file, err = os.CreateTemp("", "mithaq-*"); err != nil {
		return err
	}
	o.w = bufio.NewWriter(o.file)
	return os.Remove(o.file.Name())
}

func (o *outcomes) close() { o.file.Close() }

// tell notes one; the writer keeps an error for print.
func (o *outcomes) tell(id registry.ID, what publish.Outcome) {
	o.w.WriteString(string(what) + " " + string(id) + "\n")
}

// print writes the lists of ids as a JSON object.
func (o *outcomes) print(out io.Writer, dry bool) error {
	if err := o.w.Flush(); err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "{\n  \"dry_run\": %t", dry)
	for _, what := range publish.Outcomes {
		fmt.Fprintf(w, ",\n  %q: [", what)
		if _, err := o.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		between, end := "\n    ", "]"
		for lines := bufio.NewScanner(o.file); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), string(what)+" "); ok {
				fmt.Fprintf(w, "%s%q", between, id)
				between, end = ",\n    ", "\n  ]"
			}
		}
		w.WriteString(end)
	}
	w.WriteString("\n}\n")
	return w.Flush()
}
