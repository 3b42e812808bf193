package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// nginx serves files of the sizes that the measured program's answers had: what a machine can do when nothing has to be found out.
type nginx struct {
	*process
	folder, files, address string
}

// nginxConfiguration is what a static host would be told: no log, files sent by the kernel and kept open, connections kept as long as anybody wants.
const nginxConfiguration = `daemon off;
%spid nginx.pid;
error_log stderr warn;
worker_processes auto;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	open_file_cache max=20000 inactive=10m;
	open_file_cache_valid 10m;
	keepalive_timeout 75s;
	keepalive_requests 1000000000;
	types { }
	default_type application/geo+json;
	client_body_temp_path temporary;
	proxy_temp_path temporary;
	fastcgi_temp_path temporary;
	uwsgi_temp_path temporary;
	scgi_temp_path temporary;
	server {
		listen %s;
		root %s;
	}
}
`

// startNginx starts nginx in a folder of its own. Without a load to compare there is none.
func startNginx(ctx context.Context, o options, folder string) (*nginx, error) {
	n := &nginx{folder: folder, files: filepath.Join(folder, "files"), address: o.nginxAddress()}
	if o.seconds == 0 {
		return n, nil
	}
	if err := mustBeFree(n.address); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(n.files, 0o755); err != nil {
		return nil, err
	}
	user := "" // whoever isn't root can't choose one, and needn't
	if os.Getuid() == 0 {
		user = "user root;\n" // another couldn't read the folder
	}
	configuration := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(configuration, fmt.Appendf(nil, nginxConfiguration, user, n.address, n.files), 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(n.files, "ready"), []byte("ready\n"), 0o644); err != nil {
		return nil, err
	}
	p, err := start(nginxProgram(), syscall.SIGTERM, "-p", folder, "-c", configuration, "-e", "stderr")
	if err != nil {
		return nil, fmt.Errorf("%w; make install-bench-tools installs it", err)
	}
	n.process = p
	c := newClient(n.address)
	defer c.close()
	for range 1000 {
		if _, _, err = c.get(ctx, "/ready"); err == nil {
			return n, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil, errors.Join(err, n.stop())
}

// stop ends nginx, if there is one.
func (n *nginx) stop() error {
	if n.process == nil {
		return nil
	}
	return n.process.stop()
}

// sized gives the addresses of files with these sizes, in this order.
func (n *nginx) sized(sizes []int) (paths []string, err error) {
	for _, size := range sizes {
		name := strconv.Itoa(size)
		paths = append(paths, "/"+name)
		file := filepath.Join(n.files, name)
		if _, err := os.Stat(file); err == nil {
			continue
		}
		body := make([]byte, size)
		for i := range body {
			body[i] = ' '
		}
		if err := os.WriteFile(file, body, 0o644); err != nil {
			return nil, err
		}
	}
	return paths, nil
}
