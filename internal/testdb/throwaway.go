//go:build unix

package testdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// throwawayServer is a server that lives as long as the process that started it. A shell watches over it: its standard input
// is a pipe whose other end only this process holds, so it sees the process end in whichever way that happens, stops the
// server and removes its files.
type throwawayServer struct {
	dsn      string
	dir      string
	watchdog *exec.Cmd
	lifeline io.Closer
}

// recipe says how to make a server.
type recipe struct {
	name string
	// script is run by a shell with the server's directory, its port and the programs. It makes the server, says "ready" when that
	// answers, reads its standard input to the end, and then stops the server. Where it fails before, the file log in the directory
	// tells why.
	script   string
	programs []string
	// owners are whom the server may run as where we are root, as which servers refuse to run; the first that exists is taken.
	owners []string
	dsn    func(port string) string
}

// startServer starts a server on a free port of the loopback interface.
func startServer(r recipe) (*throwawayServer, error) {
	owner, err := ownerOf(r.owners)
	if err != nil {
		return nil, err
	}
	var failures []error
	for range 3 { // another process may take the port that was free
		server, err := r.start(owner)
		if err == nil {
			return server, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func (r recipe) start(owner *syscall.Credential) (*throwawayServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "softdelete-"+r.name+"-")
	if err != nil {
		return nil, err
	}
	server := &throwawayServer{dir: dir, dsn: r.dsn(port)}
	if err := server.start(r, port, owner); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // there is none if the watchdog did not start
		return nil, errors.Join(fmt.Errorf("%s: %w\n%s", strings.Join(r.programs, ", "), err, log), os.RemoveAll(dir))
	}
	return server, nil
}

func (s *throwawayServer) start(r recipe, port string, owner *syscall.Credential) error {
	if owner != nil {
		if err := os.Chown(s.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	script := "trap '' PIPE HUP INT\n" + r.script + "rm -rf \"$dir\"\n"
	s.watchdog = exec.Command("sh", append([]string{"-c", script, "sh", s.dir, port}, r.programs...)...)
	s.watchdog.Dir = s.dir
	s.watchdog.Env = append(os.Environ(), "LC_ALL=C")
	// In a session of its own, a Ctrl-C meant for the tests does not reach it before it has stopped the server.
	s.watchdog.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}
	lifeline, err := s.watchdog.StdinPipe()
	if err != nil {
		return err
	}
	s.lifeline = lifeline
	output, err := s.watchdog.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.watchdog.Start(); err != nil {
		return err
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		return errors.Join(err, s.stop())
	}
	return nil
}

// stop does now what the end of the process would do.
func (s *throwawayServer) stop() error {
	return errors.Join(s.lifeline.Close(), s.watchdog.Wait())
}

// ownerOf is whom the server must run as. For any user but root it is nil.
func ownerOf(names []string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("no user to run it as: none of %s exists", strings.Join(names, ", "))
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
