package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryColumnThatIsStoredHasANameOfItsOwn(t *testing.T) {
	for read, stored := range map[string]string{
		"SELECT `id`, `note` FROM `t`":                                                          "SELECT `id`, `note` FROM `t`",
		"SELECT * FROM `t`":                                                                     "SELECT * FROM `t`",
		"SELECT `t`.*, `u`.`id` FROM `t`, `u`":                                                  "SELECT `t`.*, `u`.`id` FROM `t`, `u`",
		"SELECT a.id, b.id, `c`.`ID` FROM a, b":                                                 "SELECT a.id, b.id AS softdelete_1, `c`.`ID` AS softdelete_2 FROM a, b",
		"SELECT count(*), min(a), max(a) FROM t":                                                "SELECT count(*) AS softdelete_0, min(a) AS softdelete_1, max(a) AS softdelete_2 FROM t",
		"SELECT count(*) AS n, a AS b FROM t":                                                   "SELECT count(*) AS n, a AS b FROM t",
		"SELECT (SELECT count(*) FROM t AS x WHERE x.a = 1), (SELECT 2)":                        "SELECT (SELECT count(*) FROM t AS x WHERE x.a = 1) AS softdelete_0, (SELECT 2) AS softdelete_1",
		"SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM t)":                                      "SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM t)",
		"SELECT CASE WHEN a IS NULL THEN 'x, y' ELSE ? END, '' FROM t":                          "SELECT CASE WHEN a IS NULL THEN 'x, y' ELSE ? END AS softdelete_0, '' AS softdelete_1 FROM t",
		"WITH RECURSIVE w (a) AS (SELECT `id` FROM t UNION SELECT b FROM w) SELECT a, a FROM w": "WITH RECURSIVE w (a) AS (SELECT `id` FROM t UNION SELECT b FROM w) SELECT a, a AS softdelete_1 FROM w",
		"SELECT DISTINCT `a`, a + 1 FROM t ORDER BY a, b":                                       "SELECT DISTINCT `a`, a + 1 AS softdelete_1 FROM t ORDER BY a, b",
		"SELECT `from`, `a,b` FROM t":                                                           "SELECT `from`, `a,b` FROM t",
		"SELECT count(*) FROM (SELECT 1 FROM t FOR UPDATE) AS locked":                           "SELECT count(*) AS softdelete_0 FROM (SELECT 1 FROM t FOR UPDATE) AS locked",
	} {
		require.Equal(t, stored, named(read))
	}
}
