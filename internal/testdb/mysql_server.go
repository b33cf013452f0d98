//go:build unix

package testdb

import (
	"errors"
	"os/exec"
)

// mariadbScript makes and runs a MariaDB server; see [recipe]. What it commits need not survive it.
const mariadbScript = `
dir=$1 port=$2 server=$3 install=$4
` + ownTemporaryFiles + `
"$install" --no-defaults --datadir="$dir/data" --auth-root-authentication-method=normal --skip-test-db \
	--innodb-log-file-size=16M --innodb-flush-method=nosync </dev/null >"$dir/log" 2>&1 || exit 1
"$server" --no-defaults --plugin-load-add=metadata_lock_info --innodb-log-file-size=16M` + serverSettings

// mysqlScript does the same from the programs of MySQL.
const mysqlScript = `
dir=$1 port=$2 server=$3
` + ownTemporaryFiles + `
"$server" --no-defaults --datadir="$dir/data" --initialize-insecure </dev/null >"$dir/log" 2>&1 || exit 1
"$server" --no-defaults --mysqlx=OFF --performance-schema=ON` + serverSettings

// ownTemporaryFiles is a directory for them: a server that starts removes what it takes for those of a former run, also from under another
// one that runs, which may crash of it.
const ownTemporaryFiles = `mkdir "$dir/tmp" && export TMPDIR="$dir/tmp" || exit 1`

// serverSettings go on with the command that starts the server.
const serverSettings = ` --datadir="$dir/data" --bind-address=127.0.0.1 --port="$port" \
	--socket="$dir/socket" --pid-file="$dir/pid" --max-connections=200 --skip-log-bin --innodb-buffer-pool-size=64M \
	--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=0 </dev/null >"$dir/run" 2>&1 &
pid=$!
until grep -q 'ready for connections' "$dir/run"; do
	sleep 0.1
	kill -0 $pid || { cat "$dir/run" >>"$dir/log"; exit 1; }
done 2>/dev/null
echo ready
cat >/dev/null
kill -KILL $pid
wait $pid
`

// mysqlOwners are whom the server runs as where we are root.
var mysqlOwners = []string{"mysql", "nobody"}

// startMySQL starts a server on a free port of the loopback interface from the installed programs of MariaDB or MySQL.
func startMySQL() (*throwawayServer, error) {
	r := recipe{name: "mysql", owners: mysqlOwners, dsn: func(port string) string {
		return "root@tcp(127.0.0.1:" + port + ")/"
	}}
	var err error
	if r.script, r.programs, err = mysqlPrograms(); err != nil {
		return nil, err
	}
	return startServer(r)
}

// mysqlPrograms finds the programs of a server, and the script that takes them.
func mysqlPrograms() (script string, programs []string, err error) {
	find := func(names ...string) string {
		for _, name := range names {
			for _, place := range []string{name, "/usr/sbin/" + name, "/usr/libexec/" + name} {
				if found, err := exec.LookPath(place); err == nil {
					return found
				}
			}
		}
		return ""
	}
	server := find("mariadbd", "mysqld")
	install := find("mariadb-install-db", "mysql_install_db")
	switch {
	case server == "":
		return "", nil, errors.New("neither mariadbd nor mysqld in PATH or /usr/sbin")
	case install != "":
		return mariadbScript, []string{server, install}, nil
	default:
		return mysqlScript, []string{server}, nil
	}
}
