package httpapi

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/dump"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// downloadsPath is where the whole dumps are. Their addresses and names stay; a snapshot goes when there are enough newer ones.
const (
	downloadsPath = "/downloads"
	latest        = "latest"
	checksums     = "SHA256SUMS"
)

// LatestDownload is the path of a collection's newest whole dump in a format; empty when that isn't prepared.
func LatestDownload(collection, format string) string {
	name := dump.Name(collection, format)
	if name == "" {
		return ""
	}
	return downloadsPath + "/" + latest + "/" + name
}

// snapshot is a snapshot as a program reads it.
type snapshot struct {
	ID        string         `json:"id"`
	Published string         `json:"published"` // RFC 3339
	AsOf      string         `json:"as_of"`     // the day on which the data hold
	Version   string         `json:"version"`
	Address   string         `json:"address"`
	Checksums string         `json:"checksums"` // address of a list for sha256sum --check
	Files     []snapshotFile `json:"files"`
}

type snapshotFile struct {
	dump.File
	Address string `json:"address"`
	Latest  string `json:"latest"` // address of the newest snapshot's file of this name
}

func (s *Server) newSnapshot(x dump.Snapshot) snapshot {
	address := s.BaseURL + downloadsPath + "/" + x.ID
	out := snapshot{ID: x.ID, Published: x.Published.Format(time.RFC3339), AsOf: string(x.Day), Version: x.Version, Address: address, Checksums: address + "/" + checksums, Files: []snapshotFile{}}
	for _, f := range x.Files {
		out.Files = append(out.Files, snapshotFile{f, address + "/" + f.Name, s.BaseURL + downloadsPath + "/" + latest + "/" + f.Name})
	}
	return out
}

// dumps are the whole dumps. Error: NotFound when this registry prepares none.
func (s *Server) dumps() (*dump.Dumps, error) {
	if s.Dumps == nil {
		return nil, &registry.Error{Code: registry.NotFound, Message: "This registry prepares no whole dumps; every collection can be asked for at /api."}
	}
	return s.Dumps, nil
}

// snapshotAsked is the snapshot that the path names. When that is the newest, whatever it is called, an answer leads to its own name, so that
// an interrupted download is resumed on the very bytes that it began with: newest is then true. Error: Unavailable while there is none yet.
func (s *Server) snapshotAsked(c *fiber.Ctx) (x dump.Snapshot, newest bool, err error) {
	d, err := s.dumps()
	if err != nil {
		return x, false, err
	}
	id := httpserve.PathParam(c, "snapshot")
	if id != latest {
		x, err = d.Snapshot(id)
		return x, false, err
	}
	list := d.Snapshots()
	if len(list) == 0 {
		return x, false, &registry.Error{Code: registry.Unavailable, Message: "The files are being prepared, or nothing was published yet. Ask again in a while."}
	}
	return list[0], true, nil
}

// redirect leads from latest to the snapshot's own address.
func redirect(c *fiber.Ctx, address string) error {
	c.Set(fiber.HeaderCacheControl, "no-cache")
	return c.Redirect(address, fiber.StatusTemporaryRedirect)
}

// getDownloads lists the snapshots.
func (s *Server) getDownloads(c *fiber.Ctx) error {
	d, err := s.dumps()
	if err != nil {
		return err
	}
	list := d.Snapshots()
	page := httpserve.Document{Kind: "downloads", Columns: []string{"published", "as_of", "files", "bytes", "id"}}
	out := struct {
		Snapshots []snapshot `json:"snapshots"` // newest first
		credit
		Links []link `json:"links"`
	}{[]snapshot{}, credits(), nil}
	for _, x := range list {
		out.Snapshots = append(out.Snapshots, s.newSnapshot(x))
		total := int64(0)
		for _, f := range x.Files {
			total += f.Bytes
		}
		page.Rows = append(page.Rows, []cell{
			{Texts: []string{x.Published.Format(time.RFC3339)}, Property: "published", Href: s.BaseURL + downloadsPath + "/" + x.ID + "?f=html"}, {Texts: []string{string(x.Day)}, Property: "as_of"},
			{Texts: []string{strconv.Itoa(len(x.Files))}, Property: "files"}, {Texts: []string{strconv.FormatInt(total, 10)}, Property: "bytes"}, text(x.ID)})
	}
	return s.send(c, s.BaseURL+downloadsPath, documentFormats, page, func(links []link) any { out.Links = links; return out }, s.licenceLink())
}

// getSnapshot lists the files of one.
func (s *Server) getSnapshot(c *fiber.Ctx) error {
	x, newest, err := s.snapshotAsked(c)
	if err != nil {
		return err
	}
	path := downloadsPath + "/" + x.ID
	if newest {
		p, err := httpserve.Query(c, "f")
		if err != nil {
			return err
		}
		if p.Has("f") {
			path += "?f=" + url.QueryEscape(p["f"])
		}
		return redirect(c, path)
	}
	page := httpserve.Document{Kind: "snapshot", Item: x.Published.Format(time.RFC3339), Columns: []string{"file", "collection", "format", "bytes", "sha256"}}
	for _, f := range x.Files {
		format := f.Format
		if f.Describes != "" {
			format = "metadata"
		}
		collections := f.Collections
		if len(collections) == len(collectionInfos) {
			collections = []string{"all"}
		}
		page.Rows = append(page.Rows, []cell{{Texts: []string{f.Name}, Href: s.BaseURL + path + "/" + f.Name}, {Texts: collections, Property: "collection"},
			{Texts: []string{format}, Property: "format"}, {Texts: []string{strconv.FormatInt(f.Bytes, 10)}, Property: "bytes"}, text(f.SHA256)})
	}
	return s.send(c, s.BaseURL+path, documentFormats, page, func(links []link) any {
		return struct {
			snapshot
			credit
			Links []link `json:"links"`
		}{s.newSnapshot(x), credits(), links}
	}, link{Href: s.BaseURL + path + "/" + checksums, Rel: "checksums", Type: "text/plain"}, link{Href: s.BaseURL + downloadsPath, Rel: "up", Type: mimeJSON}, s.licenceLink())
}

// getDownload sends a file of a snapshot.
func (s *Server) getDownload(c *fiber.Ctx) error {
	if _, err := httpserve.Query(c); err != nil {
		return err
	}
	x, newest, err := s.snapshotAsked(c)
	if err != nil {
		return err
	}
	name := httpserve.PathParam(c, "file")
	f, err := x.File(name)
	if name != checksums && err != nil {
		return err
	}
	if newest {
		return redirect(c, downloadsPath+"/"+x.ID+"/"+name)
	}
	if name == checksums {
		var lines strings.Builder
		for _, f := range x.Files {
			fmt.Fprintf(&lines, "%s  %s\n", f.SHA256, f.Name)
		}
		return httpserve.Send(c, httpserve.Payload{ContentType: "text/plain; charset=utf-8", Body: []byte(lines.String()), Filename: checksums})
	}
	content, err := s.Dumps.Open(x, f)
	if err != nil {
		return err
	}
	return httpserve.SendFile(c, httpserve.File{Content: content, ContentType: f.MediaType, ETag: f.SHA256, Modified: x.Published, Filename: f.Name})
}
