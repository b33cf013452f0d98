//go:build unix

package testdb

import (
	"cmp"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// postgresScript makes and runs a PostgreSQL server; see [recipe].
const postgresScript = `
dir=$1 port=$2 bin=$3
control() { "$bin/pg_ctl" -D "$dir/data" "$@" </dev/null >>"$dir/log" 2>&1; }
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C -N </dev/null >"$dir/log" 2>&1 || exit 1
control -w -t 60 -l "$dir/log" -o "-F -h 127.0.0.1 -p $port -c unix_socket_directories= -c max_connections=200" start || exit 1
echo ready
cat >/dev/null
control -w -m immediate stop
`

// startPostgres starts a server on a free port of the loopback interface from the newest installed programs.
func startPostgres() (*throwawayServer, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	return startServer(recipe{
		name:     "postgres",
		script:   postgresScript,
		programs: []string{programs},
		owners:   []string{"postgres", "nobody"},
		dsn:      func(port string) string { return localDSN("127.0.0.1", port, "postgres", "postgres") },
	})
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
