package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"mithaq/internal/export"
)

// wholeFile is how all sites came as one file, to one client.
type wholeFile struct {
	Format    string
	Sites     int
	Bytes     int64
	FirstByte float64 // seconds
	Seconds   float64 // to the last
	Peak      int64
	Fault     string
}

func (w wholeFile) rate() float64 { return float64(w.Bytes) / w.Seconds / 1e6 }

// stream is how fast a large file came to several clients that take it again and again.
type stream struct {
	What        string
	Clients     int
	MBPerSecond float64
	Peak        int64 // of the program; 0 for nginx
}

// fileAddress is all sites in a format, however many there are.
func fileAddress(format string) string { return items + "?f=" + format }

// f=geojson is a page of the collection, not all of it: what is live and whole has one feature a line, and the one FeatureCollection is in the
// snapshot and comes from mithaq export.
const (
	collectionFormat = "geojson"
	liveFormat       = "geojsonl"
)

// wholeFiles takes every format once into a file, in which the sites are counted, and GeoJSON again by many clients.
func (t *trial) wholeFiles(ctx context.Context, out *sizeOutcome) error {
	return t.serving(ctx, out, "", func(s *server) error {
		for _, f := range export.Formats() {
			if f.ID == collectionFormat || !t.wants("whole file: "+f.ID) {
				continue
			}
			s.resetPeak()
			one := wholeFile{Format: f.ID}
			if err := t.takeFile(ctx, f.ID, &one); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				one.Fault = err.Error()
			} else if one.Sites != out.Sites {
				one.Fault = fmt.Sprintf("holds %d sites", one.Sites)
			}
			one.Peak = s.peak()
			say("%d sites: whole file, %s: first byte %.0f ms, %.2f s, %.0f MB/s, peak %.0f MB %s", out.Sites, f.ID, one.FirstByte*1000, one.Seconds, one.rate(), float64(one.Peak)/1e6, one.Fault)
			out.Files = append(out.Files, one)
		}
		if t.seconds == 0 || !t.wants("whole file: "+liveFormat) {
			return nil
		}
		for _, connections := range clients {
			s.resetPeak()
			rate, err := streaming(ctx, t.address(), fileAddress(liveFormat), connections, t.seconds)
			if err != nil {
				return err
			}
			out.Streams = append(out.Streams, stream{"live", connections, rate, s.peak()})
			say("%d sites: GeoJSON, one feature a line, live to %d: %.0f MB/s", out.Sites, connections, rate)
		}
		return nil
	})
}

// takeFile takes a file and counts what is in it.
func (t *trial) takeFile(ctx context.Context, format string, one *wholeFile) error {
	path := filepath.Join(t.scratch, "whole."+format)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	first, took, n, err := take(ctx, t.address(), fileAddress(format), f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	one.FirstByte, one.Seconds, one.Bytes = first.Seconds(), took.Seconds(), n
	count, ok := rowCounters[format]
	if !ok {
		return fmt.Errorf("nothing here reads the format %s", format)
	}
	one.Sites, err = count(path)
	return err
}

// take takes a whole answer: when its first byte came, when its last, and how many there were.
func take(ctx context.Context, address, path string, w io.Writer) (first, took time.Duration, n int64, err error) {
	c := newClient(address)
	c.Timeout = 30 * time.Minute
	defer c.close()
	begin := time.Now()
	res, err := c.open(ctx, path)
	if err != nil {
		return 0, 0, 0, err
	}
	defer res.Close()
	buffer := make([]byte, 256<<10)
	for {
		k, err := res.Read(buffer)
		if k > 0 && n == 0 {
			first = time.Since(begin)
		}
		n += int64(k)
		if _, err := w.Write(buffer[:k]); err != nil {
			return first, 0, n, err
		}
		if errors.Is(err, io.EOF) {
			return first, time.Since(begin), n, nil
		}
		if err != nil {
			return first, 0, n, err // an answer that breaks off is none
		}
	}
}

// streaming has clients take an answer again and again for so many seconds and tells how many MB came in each. It reads the connection as it
// is: a client that takes chunks apart would be slower than nginx.
func streaming(ctx context.Context, address, path string, connections, seconds int) (mbPerSecond float64, err error) {
	ctx, stop := context.WithCancel(ctx) // not a deadline: dialling would give up at it a moment before the context says so
	defer stop()
	defer time.AfterFunc(time.Duration(seconds)*time.Second, stop).Stop()
	var total atomic.Int64
	var group sync.WaitGroup
	faults := make([]error, connections)
	begin := time.Now()
	for i := range connections {
		group.Go(func() {
			buffer := make([]byte, 256<<10)
			for ctx.Err() == nil && faults[i] == nil {
				faults[i] = drain(ctx, address, path, buffer, &total)
			}
		})
	}
	group.Wait()
	return float64(total.Load()) / time.Since(begin).Seconds() / 1e6, errors.Join(faults...)
}

// drain takes one answer, or as much of it as comes before the context ends.
func drain(ctx context.Context, address, path string, buffer []byte, total *atomic.Int64) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return ended(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address); err != nil {
		return ended(ctx, err)
	}
	for first := true; ; first = false {
		n, err := conn.Read(buffer)
		total.Add(int64(n))
		if first && n > 0 && !bytes.HasPrefix(buffer[:n], []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("%s answers %.40q", path, buffer[:n])
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return ended(ctx, err)
		}
	}
}

// ended is an error, unless it is only that the time is over.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// prepared is how a snapshot was prepared.
type prepared struct {
	Seconds float64
	Bytes   int64
	Peak    int64
	Fault   string
}

// snapshotFile is what the sites are called in a snapshot, as one FeatureCollection.
const snapshotFile = "sites.geojson"

// longestPreparation bounds the wait for a snapshot.
const longestPreparation = 90 * time.Minute

// snapshot waits for a prepared snapshot, and has its GeoJSON taken beside the same bytes from nginx.
func (t *trial) snapshot(ctx context.Context, out *sizeOutcome) error {
	if !t.wants("snapshot") || t.seconds == 0 {
		return nil
	}
	folder := filepath.Join(t.scratch, "downloads")
	return t.serving(ctx, out, folder, func(s *server) error {
		begin := time.Now()
		path, bytes, err := awaitSnapshot(ctx, s.client, begin.Add(longestPreparation))
		out.Snapshot = &prepared{Seconds: time.Since(begin).Seconds(), Bytes: bytes, Peak: s.peak()}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			out.Snapshot.Fault = err.Error()
			return nil
		}
		say("%d sites: a snapshot of %d MB was prepared in %.0f s, peak %.0f MB", out.Sites, bytes/1e6, out.Snapshot.Seconds, float64(out.Snapshot.Peak)/1e6)
		file := filepath.Join(t.static.files, snapshotFile)
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		_, _, _, err = take(ctx, t.address(), path, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if n, err := rowCounters[collectionFormat](file); err != nil || n != out.Sites {
			out.Snapshot.Fault = fmt.Sprintf("holds %d sites (%v)", n, err)
			return nil
		}
		for _, connections := range clients {
			s.resetPeak()
			for _, from := range []struct{ what, address, path string }{{"prepared", t.address(), path}, {"nginx", t.static.address, "/" + snapshotFile}} {
				rate, err := streaming(ctx, from.address, from.path, connections, t.seconds)
				if err != nil {
					return err
				}
				one := stream{What: from.what, Clients: connections, MBPerSecond: rate}
				if from.what == "prepared" {
					one.Peak = s.peak()
				}
				out.Streams = append(out.Streams, one)
				say("%d sites: whole GeoJSON %s to %d: %.0f MB/s", out.Sites, from.what, connections, rate)
			}
		}
		return nil
	})
}

// awaitSnapshot waits until a snapshot is listed: the path of the sites' GeoJSON in it, and the size of all of its files.
func awaitSnapshot(ctx context.Context, c *client, until time.Time) (path string, size int64, err error) {
	for {
		body, _, err := c.get(ctx, "/downloads", "Accept", "application/json")
		if err != nil {
			return "", 0, err
		}
		var list struct {
			Snapshots []struct {
				Files []struct {
					Name, Address string
					Bytes         int64
				}
			}
		}
		if err := json.Unmarshal(body, &list); err != nil {
			return "", 0, err
		}
		if len(list.Snapshots) > 0 {
			for _, f := range list.Snapshots[0].Files {
				if size += f.Bytes; f.Name == snapshotFile {
					address, err := url.Parse(f.Address)
					if err != nil {
						return "", 0, err
					}
					path = address.Path
				}
			}
			if path == "" {
				err = fmt.Errorf("the snapshot has no %s", snapshotFile)
			}
			return path, size, err
		}
		select {
		case <-ctx.Done():
			return "", 0, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		if time.Now().After(until) {
			return "", 0, fmt.Errorf("no snapshot after %s", longestPreparation)
		}
	}
}

// hangingUp is what clients leave behind that hang up in mid-answer.
type hangingUp struct {
	Clients       int
	Before, After int     // files and connections that the program has open
	Seconds       float64 // until it was as before
	Peak          int64
	Fault         string
}

// departures is how many clients hang up, so many at a time: one address may hold 128 connections.
const (
	departures = 1000
	atOnce     = 100

	pooledFiles = 20 // above what the eight connections of the pool may have open
)

// hangUps has clients ask for all sites, read a little and hang up. Soon the program has no more open than before.
func (t *trial) hangUps(ctx context.Context, out *sizeOutcome) error {
	if !t.wants("hanging up") {
		return nil
	}
	return t.serving(ctx, out, "", func(s *server) error {
		if _, _, err := s.get(ctx, items+"?limit=10"); err != nil {
			return err
		}
		s.close()
		time.Sleep(time.Second)
		h := hangingUp{Clients: departures, Before: s.openFiles()}
		s.resetPeak()
		for range departures / atOnce {
			var group sync.WaitGroup
			faults := make([]error, atOnce)
			for i := range atOnce {
				group.Go(func() { faults[i] = hangUp(ctx, t.address(), fileAddress(liveFormat)) })
			}
			group.Wait()
			if err := errors.Join(faults...); err != nil {
				return err
			}
		}
		begin := time.Now()
		// Connections to the database stay open for who comes next, within the bound of their pool, each with its log.
		for h.After = s.openFiles(); h.After > h.Before+pooledFiles && time.Since(begin) < 20*time.Second; h.After = s.openFiles() {
			time.Sleep(20 * time.Millisecond)
		}
		h.Seconds, h.Peak = time.Since(begin).Seconds(), s.peak()
		if h.After > h.Before+pooledFiles {
			h.Fault = strconv.Itoa(h.After) + " open files after " + strconv.Itoa(departures) + " clients hung up, " + strconv.Itoa(h.Before) + " before"
		}
		say("%d sites: %d clients hung up: %d files open before, %d after %.2f s, peak %.0f MB", out.Sites, h.Clients, h.Before, h.After, h.Seconds, float64(h.Peak)/1e6)
		out.HangUps = &h
		return nil
	})
}

// hangUp asks, reads the beginning of the answer and closes the connection with the rest unread.
func hangUp(ctx context.Context, address, path string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address); err != nil {
		return err
	}
	buffer := make([]byte, 4<<10)
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	n, err := io.ReadFull(conn, buffer)
	if err != nil || !bytes.HasPrefix(buffer[:n], []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("before hanging up: %.60q (%v)", buffer[:n], err)
	}
	return nil
}
