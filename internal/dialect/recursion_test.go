package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

func TestARecursiveStatementOfMySQLGoesAsDeepAsItsRows(t *testing.T) {
	const hint = "/*+ SET_VAR(cte_max_recursion_depth = 4294967295) */ "
	for text, want := range map[string]string{
		"SELECT 1 FROM a": "SELECT 1 FROM a",
		"WITH RECURSIVE `w` (a) AS (SELECT 1 UNION SELECT 2) SELECT * FROM w":                      "WITH RECURSIVE `w` (a) AS (SELECT 1 UNION SELECT 2) SELECT " + hint + "* FROM w",
		"SELECT ')' FROM `(` WHERE a IN (WITH RECURSIVE w AS (SELECT 1) SELECT * FROM w)":          "SELECT " + hint + "')' FROM `(` WHERE a IN (WITH RECURSIVE w AS (SELECT 1) SELECT * FROM w)",
		"INSERT INTO a WITH RECURSIVE w AS (SELECT 1) SELECT * FROM w":                             "INSERT " + hint + "INTO a WITH RECURSIVE w AS (SELECT 1) SELECT * FROM w",
		"WITH RECURSIVE w AS (SELECT 1) UPDATE a, w SET b = 1":                                     "WITH RECURSIVE w AS (SELECT 1) UPDATE " + hint + "a, w SET b = 1",
		"WITH RECURSIVE w AS (SELECT 1) DELETE a FROM a":                                           "WITH RECURSIVE w AS (SELECT 1) DELETE " + hint + "a FROM a",
		"CREATE TEMPORARY TABLE t (KEY (a)) AS WITH RECURSIVE w (a) AS (SELECT 1) SELECT a FROM w": "CREATE TEMPORARY TABLE t (KEY (a)) AS WITH RECURSIVE w (a) AS (SELECT 1) SELECT " + hint + "a FROM w",
	} {
		require.Equal(t, want, dialect.MySQL.Deep(text))
		if text != want {
			require.Equal(t, "SET STATEMENT max_recursive_iterations = 4294967295 FOR "+text, dialect.MariaDB.Deep(text))
		}
		for _, d := range dialect.Known() {
			if d.Name != "mysql" {
				require.Equal(t, text, d.Deep(text))
			}
		}
	}
}
