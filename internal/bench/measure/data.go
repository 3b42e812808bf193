package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"mithaq/internal/bench"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
	"mithaq/migrations"
)

// data is a generated registry and the dump of its sites.
type data struct {
	database, dump string
	stamp          stamp
}

// stamp says what a registry was made by, and how that went.
type stamp struct {
	Generator     string // see generation
	Generated     commandRun
	DatabaseBytes int64
}

// longestCommand is the longest that a command may take.
const longestCommand = 30 * time.Minute

// prepare gives the registry of so many sites: the one of a run before, when the program would make the same one again.
func prepare(ctx context.Context, o options, sites int) (d data, err error) {
	name := filepath.Join(o.folder, strconv.Itoa(sites))
	d = data{database: name + ".db", dump: name + ".ndjson"}
	generator, err := generation(sites)
	if err != nil {
		return d, err
	}
	if raw, err := os.ReadFile(name + ".json"); err == nil && json.Unmarshal(raw, &d.stamp) == nil && d.stamp.Generator == generator {
		return d, nil
	}
	for _, old := range []string{name + ".json", d.database, d.database + "-wal", d.database + "-shm", d.dump} {
		if err := os.Remove(old); err != nil && !os.IsNotExist(err) {
			return d, err
		}
	}
	say("%d sites: generating them", sites)
	d.stamp = stamp{Generator: generator}
	d.stamp.Generated = runCommand(ctx, longestCommand, "bench generate", o.binary, "bench", "generate", "--sites", strconv.Itoa(sites), "--database", d.database, "--dump", d.dump)
	if fault := d.stamp.Generated.Fault; fault != "" {
		return d, fmt.Errorf("generate: %s", fault)
	}
	syscall.Sync() // gigabytes that are still on their way to the disk would slow down what is measured first
	info, err := os.Stat(d.database)
	if err != nil {
		return d, err
	}
	d.stamp.DatabaseBytes = info.Size()
	raw, err := json.MarshalIndent(d.stamp, "", "\t")
	if err != nil {
		return d, err
	}
	return d, os.WriteFile(name+".json", raw, 0o644)
}

// comparedRecords is how many of the first records of a registry there are by which its generator is told from another one.
const comparedRecords = 2000

// generation is a hash of what the generator gives and of the tables that it is put into. It changes when a registry that is kept is no longer
// what would be generated.
func generation(sites int) (string, error) {
	places, err := gazetteer.Default()
	if err != nil {
		return "", err
	}
	g, err := bench.New(places, sites)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, g.Count())
	n := 0
	for r := range g.Records() {
		raw, err := registry.Canonical(r)
		if err != nil {
			return "", err
		}
		h.Write(raw)
		if n++; n == comparedRecords {
			break
		}
	}
	err = fs.WalkDir(migrations.SQLite, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(migrations.SQLite, path)
		h.Write(raw)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// copyFile copies a file's bytes.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// commands measures what takes all records out, and in again.
func (t *trial) commands(ctx context.Context, out *sizeOutcome) error {
	if !t.wants("import") {
		return nil
	}
	records, fresh, collection := filepath.Join(t.scratch, "records.json"), filepath.Join(t.scratch, "fresh.db"), filepath.Join(t.scratch, "sites.geojson")
	defer func() {
		for _, name := range []string{records, collection, fresh, fresh + "-wal", fresh + "-shm"} {
			_ = os.Remove(name)
		}
	}()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"export of the sites as one GeoJSON", []string{"export", "--database", t.database, "--format", collectionFormat, "--collection", "sites", "-o", collection}},
		{"export of the records", []string{"export", "--database", t.database, "-o", records}},
		{"import of the records", []string{"import", "--database", fresh, records}},
	} {
		one := runCommand(ctx, longestCommand, c.name, t.binary, c.args...)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		say("%d sites: %s: %.1f s, peak %.0f MB %s", out.Sites, c.name, one.Seconds, float64(one.Peak)/1e6, one.Fault)
		if out.Commands = append(out.Commands, one); one.Fault != "" {
			break
		}
	}
	if n, err := rowCounters[collectionFormat](collection); err != nil || n != out.Sites {
		out.Commands[0].Fault = fmt.Sprintf("the file holds %d sites (%v)", n, err)
	}
	return nil
}
