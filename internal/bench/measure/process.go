package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a child of this program.
type process struct {
	cmd    *exec.Cmd
	stopBy os.Signal
	words  tail          // on standard error
	done   chan struct{} // closed when it has ended
	err    error         // how, once done
	mu     sync.Mutex
	most   int64 // bytes: the highest peak, whatever was reset
}

// tail keeps the end of what a process says, for the error that needs it.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.end = append(t.end, p...); len(t.end) > 2000 {
		t.end = t.end[len(t.end)-2000:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.end))
}

// start starts a program, which a signal stops.
func start(name string, stopBy os.Signal, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), done: make(chan struct{}), stopBy: stopBy}
	p.cmd.Stderr = &p.words
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for this program, which ends its children in order
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended by itself (%v): %s", filepath.Base(p.cmd.Path), p.err, &p.words)
	default:
	}
	_ = p.cmd.Process.Signal(p.stopBy)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s had to be killed", filepath.Base(p.cmd.Path))
	}
	return nil
}

// peak is the most memory that the process had resident at once since it began or since resetPeak, bytes; 0 when it has ended.
func (p *process) peak() int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	now := peakIn(raw)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, now)
	return now
}

// highest is the highest peak ever.
func (p *process) highest() int64 {
	p.peak()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// resetPeak begins a new peak. Where that isn't allowed, peaks are of the whole life of the process.
func (p *process) resetPeak() {
	p.peak()
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0o200)
}

// peakIn reads VmHWM, the high-water mark, of a process's status file; 0 when it has none.
func peakIn(status []byte) int64 {
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kB << 10
		}
	}
	return 0
}

// openFiles is how many files and connections the process has open.
func (p *process) openFiles() int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return len(entries)
}

// commandRun is how a command went.
type commandRun struct {
	Name    string
	Seconds float64
	Peak    int64  // bytes
	Fault   string // why it has no figures; empty when it has
}

// runCommand runs a command to its end, for at most limit.
func runCommand(ctx context.Context, limit time.Duration, name, program string, args ...string) (out commandRun) {
	out.Name = name
	begin := time.Now()
	p, err := start(program, syscall.SIGTERM, args...)
	if err != nil {
		out.Fault = err.Error()
		return out
	}
	often := time.NewTicker(20 * time.Millisecond) // the kernel keeps the peak, so that only the very end can be missed
	defer often.Stop()
	for {
		select {
		case <-p.done:
			out.Seconds, out.Peak = time.Since(begin).Seconds(), p.highest()
			if p.err != nil {
				out.Fault = fmt.Sprintf("%v: %s", p.err, &p.words)
			}
			return out
		case <-often.C:
			if p.peak(); time.Since(begin) > limit || ctx.Err() != nil {
				_ = p.stop()
				out.Fault = fmt.Sprintf("stopped after %.0f s", time.Since(begin).Seconds())
				return out
			}
		}
	}
}

// mustBeFree makes sure that nobody else would answer in the place of a program that is started.
func mustBeFree(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return l.Close()
}

// server is mithaq serve.
type server struct {
	*process
	*client
	started time.Duration // until it was ready
}

// startServer serves a registry and waits until it is ready. The log of requests is off, as nginx's is.
func startServer(ctx context.Context, binary, address, database, downloads string) (*server, error) {
	if err := mustBeFree(address); err != nil {
		return nil, err
	}
	begin := time.Now()
	p, err := start(binary, syscall.SIGTERM, "serve", "--addr", address, "--database", database, "--downloads", downloads, "--no-shipped-records", "--log-level", "warn")
	if err != nil {
		return nil, err
	}
	s := &server{process: p, client: newClient(address)}
	for {
		if _, _, err := s.get(ctx, "/readyz"); err == nil {
			s.started = time.Since(begin)
			return s, nil
		}
		select {
		case <-p.done:
			return nil, s.stop()
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), s.stop())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Since(begin) > 10*time.Minute {
			return nil, errors.Join(fmt.Errorf("the server wasn't ready after ten minutes: %s", &p.words), s.stop())
		}
	}
}

func (s *server) stop() error {
	s.close()
	return s.process.stop()
}
