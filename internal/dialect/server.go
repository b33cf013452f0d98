package dialect

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// This room is for servers: GORM names a database by its driver, and servers of other makers speak the same protocol.

// Version is a server's version, its first number times 100 and its second.
type Version int

// String writes the version as its maker does.
func (v Version) String() string {
	if v%100 == 0 {
		return strconv.Itoa(int(v) / 100)
	}
	return strconv.Itoa(int(v)/100) + "." + strconv.Itoa(int(v)%100)
}

// server is how a server says what it is.
type server struct {
	// product is its name.
	product string
	// asks is a SELECT that gives one text.
	asks string
	// read reads that. Its error names the server that it does not fit.
	read func(text string) (Version, error)
	// settings is a SELECT of one value that shows how the connection is set, settled says what is wrong with it; empty and nil where
	// nothing can be.
	settings string
	settled  func(value any) error
}

// AsksSettings is a SELECT of the value that ReadSettings reads; empty where connections cannot be set so that SQL means another thing.
func (d *Dialect) AsksSettings() string { return d.server.settings }

// ReadSettings gives an error where a connection is set so that the SQL for this database is not exact on it.
func (d *Dialect) ReadSettings(value any) error { return d.server.settled(value) }

// AsksServer is a SELECT of the text that ReadServer reads.
func (d *Dialect) AsksServer() string { return d.server.asks }

// Lacks says what a server of a version cannot do yet, of what was added since another; empty where it can.
func (d *Dialect) Lacks(version, since Version) string {
	if version >= since {
		return ""
	}
	return fmt.Sprintf("%s %v, the server is version %v", d.server.product, since, version)
}

// ReadServer gives the version of the server that has given the text, an error where the SQL for this database is not exact on it.
func (d *Dialect) ReadServer(text string) (Version, error) { return d.server.read(text) }

var postgresServer = server{product: "PostgreSQL", asks: "SELECT version()", read: readPostgres}

// firstPostgres is the first version that knows AS MATERIALIZED.
const firstPostgres Version = 12_00

// ofPostgres is what a server says that was built from PostgreSQL's own sources, whoever has packed it.
var ofPostgres = regexp.MustCompile(`^PostgreSQL (\d+)(?:\.(\d+))?(?:\.\d+)*(?:devel|alpha\d+|beta\d+|rc\d+)?(?: .*)?, compiled by .+, \d+-bit$`)

// postgresForks are words in what other servers say, and their names.
var postgresForks = [][2]string{
	{"CockroachDB", "CockroachDB"},
	{"-YB-", "YugabyteDB"},
	{"Redshift", "Amazon Redshift"},
	{"Greenplum", "Greenplum"},
	{"Greengage", "Greengage"},
	{"Cloudberry", "Apache Cloudberry"},
	{"EnterpriseDB", "EDB Postgres Advanced Server"},
	{"Materialize", "Materialize"},
	{"RisingWave", "RisingWave"},
	{"CedarDB", "CedarDB"},
	{"QuestDB", "QuestDB"},
	{"CrateDB", "CrateDB"},
	{"openGauss", "openGauss"},
	{"Spanner", "Spanner"},
}

func readPostgres(text string) (Version, error) {
	found := ofPostgres.FindStringSubmatch(text)
	name := ""
	for _, fork := range postgresForks {
		if strings.Contains(text, fork[0]) {
			name = fork[1]
			break
		}
	}
	if name == "" && found == nil {
		const enough = 80
		name = strconv.Quote(strings.ToValidUTF8(text[:min(len(text), enough)], ""))
	}
	if name != "" {
		return 0, fmt.Errorf("the server is %s, not PostgreSQL: its locks and transactions are others, on which softdelete would not be exact; use PostgreSQL %v or later",
			name, firstPostgres)
	}
	version := versionOf(found[1], found[2])
	if version < firstPostgres {
		return 0, fmt.Errorf("the server is PostgreSQL %v; softdelete needs PostgreSQL %v or later: upgrade it", version, firstPostgres)
	}
	return version, nil
}

var sqliteServer = server{product: "SQLite", asks: "SELECT sqlite_version()", read: readSQLite}

// firstSQLite is the first version that has functions for JSON, and the operator ->, in every build.
const firstSQLite Version = 3_38

func readSQLite(text string) (Version, error) {
	major, rest, _ := strings.Cut(text, ".")
	minor, _, _ := strings.Cut(rest, ".")
	version := versionOf(major, minor)
	switch {
	case version == 0:
		return 0, fmt.Errorf("SQLite says to be of the version %q, which softdelete does not know", text)
	case version < firstSQLite:
		return 0, fmt.Errorf("SQLite is version %s; softdelete needs %v or later: use a newer driver", text, firstSQLite)
	}
	return version, nil
}

// versionOf puts two numbers together, 0 where they are none.
func versionOf(major, minor string) Version {
	first, err := strconv.Atoi(major)
	second, _ := strconv.Atoi(minor)
	if err != nil || second < 0 || second > 99 {
		return 0
	}
	return Version(first*100 + second)
}
