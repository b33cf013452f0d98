package testdb

import (
	"os"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// unfinishedVariable names the environment variable with the databases, separated by commas, that tests run on although softdelete
// does not support them yet.
const unfinishedVariable = "SOFTDELETE_UNFINISHED"

// unfinished are the databases that [Each] leaves out unless the variable names them. One that is finished is a line of finished
// instead.
var unfinished = []kind{mysqlKind}

// finished are those that it runs on.
var finished = []kind{sqliteKind, postgresKind}

// running are those that it runs on in this process.
func running(list string) []kind {
	return slices.Concat(finished, slices.DeleteFunc(slices.Clone(unfinished), func(k kind) bool { return !required(k.name, list) }))
}

func init() {
	if len(kinds) > len(finished) {
		dialect.AdmitUnfinished()
	}
}

// kinds are the databases that [Each] runs on. A new one is a file beside sqlite.go and a line in finished.
var kinds = running(os.Getenv(unfinishedVariable))

// kindOf finds a database by its name, unfinished ones too.
func kindOf(name string) (kind, bool) {
	all := slices.Concat(kinds, unfinished)
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return all[i], true
}
