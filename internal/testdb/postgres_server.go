//go:build unix

package testdb

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// throwawayServer is a PostgreSQL server that lives as long as the process that started it. A shell watches over it: its
// standard input is a pipe whose other end only this process holds, so it sees the process end in whichever way that
// happens, stops the server and removes its files.
type throwawayServer struct {
	dsn      string
	dir      string
	watchdog *exec.Cmd
	lifeline io.Closer
}

// watch is run with the server's directory, the directory of its programs and its port. It says "ready" when the server
// answers; where it fails before, the log tells why.
const watch = `
trap '' PIPE HUP INT
dir=$1 bin=$2 port=$3
control() { "$bin/pg_ctl" -D "$dir/data" "$@" </dev/null >>"$dir/log" 2>&1; }
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C -N </dev/null >"$dir/log" 2>&1 || exit 1
control -w -t 60 -l "$dir/log" -o "-F -h 127.0.0.1 -p $port -c unix_socket_directories= -c max_connections=200" start || exit 1
echo ready
cat >/dev/null
control -w -m immediate stop
rm -rf "$dir"
`

// startPostgres starts a server on a free port of the loopback interface from the newest installed programs.
func startPostgres() (*throwawayServer, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	var failures []error
	for range 3 { // another process may take the port that was free
		server, err := startPostgresFrom(programs, owner)
		if err == nil {
			return server, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func startPostgresFrom(programs string, owner *syscall.Credential) (*throwawayServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "softdelete-postgres-")
	if err != nil {
		return nil, err
	}
	server := &throwawayServer{dir: dir, dsn: localDSN("127.0.0.1", port, "postgres", "postgres")}
	if err := server.start(programs, port, owner); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // there is none if the watchdog did not start
		return nil, errors.Join(fmt.Errorf("%s: %w\n%s", programs, err, log), os.RemoveAll(dir))
	}
	return server, nil
}

func (s *throwawayServer) start(programs, port string, owner *syscall.Credential) error {
	if owner != nil {
		if err := os.Chown(s.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	s.watchdog = exec.Command("sh", "-c", watch, "sh", s.dir, programs, port)
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

// postgresPrograms finds the directory of the server's programs: in PATH, else where Debian keeps them, newest first.
func postgresPrograms() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errors.New("no initdb in PATH or /usr/lib/postgresql/*/bin")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(majorVersion(a), majorVersion(b)) })
	return filepath.Dir(newest), nil
}

// majorVersion of /usr/lib/postgresql/15/bin/initdb is 15; of anything that is no whole number it is 0.
func majorVersion(initdb string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return version
}

// serverOwner is whom the server must run as: PostgreSQL refuses to run as root. For any other user it is nil.
func serverOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
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
	return nil, errors.New("no user to run it as: neither postgres nor nobody exists")
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
