package testdb

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// collected reads the statements in a file.
func collected(t *testing.T, name string) (statements []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var statement string
		require.NoError(t, json.Unmarshal([]byte(line), &statement), line)
		statements = append(statements, statement)
	}
	return statements
}

func TestStatementsThatMySQLHasReadAreWrittenDown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "statements")
	t.Setenv(statementsVariable, file)
	db := withNotes(t, MySQL(t))
	for range 2 {
		require.NoError(t, db.Exec("SELECT /* one */ '\n', ?", 1).Error)
	}
	require.NoError(t, db.Create(&note{Text: "a"}).Error)
	require.Error(t, db.Create(&note{Text: "a"}).Error)
	require.Error(t, db.Exec("SELECT 1 AS over").Error)
	require.Error(t, db.Exec("SELECT nothing FROM nowhere").Error)
	require.NoError(t, db.Where("id IN ?", []int{1, 2, 3}).Find(&[]note{}).Error)

	statements := collected(t, file)
	once := map[string]int{}
	for _, statement := range statements {
		once[statement]++
	}
	for statement, n := range once {
		require.Equal(t, 1, n, statement)
	}
	require.Contains(t, statements, "SELECT /* one */ '\n', ?")
	require.Contains(t, statements, "SELECT nothing FROM nowhere", "it is right, but for the names")
	require.Contains(t, statements, "BEGIN")
	require.Contains(t, statements, "ROLLBACK")
	require.Contains(t, statements, "SELECT * FROM `notes` WHERE id IN (?,?)")
	require.NotContains(t, statements, "SELECT 1 AS over")
}

func TestStatementsOfOtherDatabasesAreNotWrittenDown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "statements")
	t.Setenv(statementsVariable, file)
	EachOf(t, OtherStatements, func(t *testing.T, database *Database) {
		require.NoError(t, database.Open(t).Exec("SELECT 1").Error)
	})
	require.NoFileExists(t, file)
}

func TestManyMayWriteStatementsToOneFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "statements")
	long := strings.Repeat("x", 10_000)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			own := collection{file: file}
			for _, text := range []string{"a", "b", "c"} {
				own.add(text+long, nil)
			}
		})
	}
	group.Wait()
	statements := collected(t, file)
	require.Len(t, statements, 24)
	for _, statement := range statements {
		require.Equal(t, long, statement[1:])
	}
}

func TestStatementsThatDifferInNothingThatAGrammarKnowsAreOne(t *testing.T) {
	for query, want := range map[string]string{
		"INSERT INTO `a` (`b`) VALUES (?),(?),(?)":         "INSERT INTO `a` (`b`) VALUES (?),(?)",
		"INSERT INTO `a` (`b`,`c`) VALUES (?,?),(?,?)":     "INSERT INTO `a` (`b`,`c`) VALUES (?,?),(?,?)",
		"INSERT INTO `a` VALUES (?,?,?), (?,?,?), (?,?,?)": "INSERT INTO `a` VALUES (?,?),(?,?)",
		"SELECT 1 WHERE a IN (?, ?,?) AND b IN (?)":        "SELECT 1 WHERE a IN (?,?) AND b IN (?)",
		"SAVEPOINT sp0x2b3f":                               "SAVEPOINT sp",
		"SELECT * FROM testdb_a2b.notes":                   "SELECT * FROM testdb.notes",
	} {
		require.Equal(t, want, alike(query), query)
	}
}
