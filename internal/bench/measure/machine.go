package main

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"
)

// machine is where figures come from. It names no host and no path.
type machine struct {
	Processor          string
	Cores              int
	MemoryGB           float64
	Kernel, Go         string
	SQLite, Nginx, Wrk string
	Program            string // version of what is measured
	Day                string
}

// thisMachine describes the machine and the program that is measured on it, today.
func thisMachine(binary string) machine {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version(), Processor: "unknown", Day: time.Now().UTC().Format(time.DateOnly)}
	if words, err := exec.Command(binary, "version").Output(); err == nil {
		m.Program = strings.TrimSpace(string(words))
	}
	m.SQLite, _, _ = sqlite3.Version()
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindSubmatch(raw); found != nil {
			m.Processor = string(found[1])
		}
	}
	if raw, err := os.ReadFile("/proc/meminfo"); err == nil {
		if found := regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`).FindSubmatch(raw); found != nil {
			kB, _ := strconv.ParseFloat(string(found[1]), 64)
			m.MemoryGB = kB * 1024 / 1e9
		}
	}
	var name syscall.Utsname
	if syscall.Uname(&name) == nil {
		var release []byte
		for _, c := range name.Release {
			if c == 0 {
				break
			}
			release = append(release, byte(c))
		}
		// What a builder added to the number names a place, not a kernel.
		m.Kernel = regexp.MustCompile(`^\d+(\.\d+)*`).FindString(string(release))
	}
	m.Nginx = versionIn(nginxProgram(), "-v")
	m.Wrk = versionIn("wrk", "-v")
	return m
}

// versionIn is the first number with points that a program says of itself; empty when there is no such program.
func versionIn(program string, args ...string) string {
	words, _ := exec.Command(program, args...).CombinedOutput() // wrk ends as if it had failed
	return regexp.MustCompile(`\d+(\.\d+)+`).FindString(string(words))
}

// nginxProgram is where nginx is: Debian has it where only an administrator's shell looks.
func nginxProgram() string {
	if path, err := exec.LookPath("nginx"); err == nil {
		return path
	}
	return "/usr/sbin/nginx"
}

// describe is the machine in the report's words.
func (m machine) describe() string {
	var b strings.Builder
	line := func(what, value string) {
		if value != "" {
			b.WriteString("| " + what + " | " + value + " |\n")
		}
	}
	b.WriteString("| | |\n|---|---|\n")
	line("processor", m.Processor+", "+strconv.Itoa(m.Cores)+" cores, shared by the program, nginx and wrk")
	line("memory", strconv.FormatFloat(m.MemoryGB, 'f', 0, 64)+" GB")
	line("Linux", m.Kernel)
	line("Go", strings.TrimPrefix(m.Go, "go"))
	line("SQLite", m.SQLite)
	line("nginx", m.Nginx)
	line("wrk", m.Wrk)
	line("Mithaq", m.Program)
	line("measured", m.Day)
	return b.String()
}
